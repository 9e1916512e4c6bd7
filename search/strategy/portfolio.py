"""Starts that cover many proteins: each next one helps those most that the ones before serve worst."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def cover(scores: npt.ArrayLike, size: int) -> list[int]:
    """Choose configs greedily, so that each protein has one that serves it.

    Parameters
    ----------
    scores : float array, shape (configs, proteins)
        What a config is worth to a protein; more is better.
    size : int
        The most that are chosen; fewer where no further one helps any protein.

    Returns
    -------
    list of int
        Rows of `scores`, in the order in which they were chosen.
    """
    worth = np.asarray(scores, dtype=np.float64)
    if not worth.size:
        return []
    chosen = [int(np.argmax(worth.sum(axis=1)))]
    while len(chosen) < size:
        reached = worth[chosen].max(axis=0)
        gains = np.maximum(worth - reached, 0.0).sum(axis=1)
        if gains.max() <= 0:
            break
        chosen.append(int(np.argmax(gains)))
    return chosen[:size]
