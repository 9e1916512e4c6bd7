"""What substitutions do to the score of a sequence of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from data_io.alphabet import WIDTH, N
from models.windows import Map, best_windows, ensemble_mean, ensemble_spread, predict_windows

_AT_ONCE = 2000  # substitutions, each of up to 41 windows before and after


@dataclass(frozen=True)
class Substitution:
    """Letters around some that are replaced, all that any window that holds one of these can see.

    Attributes
    ----------
    context : uint8 array, shape (at most 80 + k,)
        Up to 40 letters on either side.
    offset : int
        Where the letters that are replaced begin in it.
    alternative : uint8 array, shape (k,)
    """

    context: NDArray[np.uint8]
    offset: int
    alternative: NDArray[np.uint8]

    @property
    def changed(self) -> NDArray[np.uint8]:
        """The context with the alternative in place."""
        letters = self.context.copy()
        letters[self.offset : self.offset + len(self.alternative)] = self.alternative
        return letters


@dataclass(frozen=True)
class Effects:
    """What each of n substitutions does.

    Attributes
    ----------
    reference, alternative : float32 arrays, shape (n,)
        Score of the best of all windows that hold a letter that is replaced, before and after. The best may
        be another one after.
    effect : float32 array, shape (n,)
        Alternative less reference.
    spread : float32 array, shape (n,)
        Standard deviation of the members' effects in these windows; NaN for a single member.
    """

    reference: NDArray[np.float32]
    alternative: NDArray[np.float32]
    effect: NDArray[np.float32]
    spread: NDArray[np.float32]


def substitute(codes: NDArray[np.uint8], place: int, alternative: NDArray[np.uint8]) -> Substitution:
    """Cut out what a substitution concerns.

    Parameters
    ----------
    codes : uint8 array, shape (length,)
    place : int
        Of the first letter that is replaced, from 0.
    alternative : uint8 array, shape (k,)
    """
    first, last = max(place - WIDTH + 1, 0), place + len(alternative) + WIDTH - 1
    return Substitution(codes[first:last].copy(), place - first, alternative)


def effects_of(members: Sequence[nn.Module], changes: Sequence[Substitution], run: Map = map) -> Effects:
    """Score substitutions.

    Parameters
    ----------
    members : sequence of nn.Module
    changes : sequence of Substitution
        At least one.
    run : callable
        As in `models.windows.predict_windows`.
    """
    parts = [changes[first : first + _AT_ONCE] for first in range(0, len(changes), _AT_ONCE)]
    before = np.hstack([_best_of(members, [change.context for change in part], run) for part in parts])
    after = np.hstack([_best_of(members, [change.changed for change in part], run) for part in parts])
    spread = ensemble_spread(after - before)
    reference, alternative = ensemble_mean(before), ensemble_mean(after)
    return Effects(reference, alternative, alternative - reference, spread)


def every_substitution(codes: NDArray[np.uint8]) -> list[tuple[int, Substitution]]:
    """Give each single substitution of a sequence by another base, with its place, in their order."""
    bases = np.arange(N, dtype=np.uint8)
    return [
        (place, substitute(codes, place, bases[base : base + 1]))
        for place, code in enumerate(codes.tolist())
        for base in range(N)
        if base != code
    ]


def _best_of(
    members: Sequence[nn.Module], contexts: list[NDArray[np.uint8]], run: Map
) -> NDArray[np.float32]:
    """Predictions of each member for the best windows (members, n)."""
    codes, lengths = np.concatenate(contexts), np.array([len(context) for context in contexts])
    predictions = predict_windows(members, codes, lengths, run)
    best = best_windows(predictions, codes, lengths)
    counts = np.maximum(lengths - WIDTH + 1, 1)
    chosen: NDArray[np.float32] = predictions[:, np.cumsum(counts) - counts + best.start]
    return chosen
