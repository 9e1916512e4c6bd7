"""In-silico mutagenesis: what every single substitution of a sequence does to its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.predict import predict

Models: TypeAlias = nn.Module | Sequence[nn.Module]

BASES = 4
_AT_ONCE = 100  # sequences; 12,300 mutants


def saturate(models: Models, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure what every single substitution does to the predictions of sequences.

    Parameters
    ----------
    models : nn.Module or sequence of them
        A network of codes (B, length) -> (B,), or the members of an ensemble.
    codes : uint8 array, shape (n, length)

    Returns
    -------
    float32 array, shape (n, length, 4)
        Prediction with A, C, G, U at a position less the prediction as it is; 0 for the base that is there
        and behind the end of a sequence.
    """
    effects = np.zeros((*codes.shape, BASES), np.float32)
    for start in range(0, len(codes), _AT_ONCE):
        block = codes[start : start + _AT_ONCE]
        rows, places, bases = np.nonzero(_substitutions(block))
        mutants = block[rows]
        mutants[np.arange(len(rows)), places] = bases
        before = predict(models, block)
        effects[start + rows, places, bases] = predict(models, mutants) - before[rows]
    return effects


def importance(codes: NDArray[np.uint8], effects: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean loss of the prediction when a position is substituted, shape (n, length); 0 where that gains."""
    inside = codes <= BASES
    loss: NDArray[np.float32] = np.maximum(-effects.sum(axis=2) / (BASES - 1), 0) * inside
    return loss


def _substitutions(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which bases (n, length, 4) can be written in: others than the one there, and none behind the end."""
    possible: NDArray[np.bool_] = (codes[:, :, None] != np.arange(BASES)) & (codes <= BASES)[:, :, None]
    return possible
