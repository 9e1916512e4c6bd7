"""Features of one long sequence, pooled over every run of positions, compiled by numba.

The largest of a run that crosses a border of blocks of its own length is that of the end of one block and of
the beginning of the next (van Herk 1992), three comparisons a position however long the run is; the sum
likewise, which loses nothing as a difference of running sums would.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import float32
from torch import Tensor

from models.fast.bfloat16 import widen
from models.fast.convolution.scan import call
from models.fast.jit import Array, compiled, inlined


def slide(x: Tensor, run: int, pooling: str) -> Tensor:
    """Pool over each run of positions.

    Parameters
    ----------
    x : float32 or bfloat16 Tensor (P, C), on the CPU
    run : int
        Positions pooled at once, at most P.
    pooling : str
        `"max"`, or `"max+average"`: the largest of all channels, then the means of all channels.

    Returns
    -------
    float32 Tensor (P - run + 1, C), or (P - run + 1, 2C) for `"max+average"`
    """
    pooled = torch.empty(len(x) - run + 1, 1 + (pooling == "max+average"), x.shape[1])
    call(slide_positions, x, run, pooled)
    return pooled.flatten(1)


@compiled
def slide_positions(x: Array, run: int, pooled: Array) -> None:
    """The largest of each channel in each run of positions, and its mean if there is room for it.

    Parameters
    ----------
    x : float32 | bfloat16 array (P, C)
    run : int
    pooled : float32 array (P - run + 1, 1 or 2, C)
        Written: the largest, and the mean.
    """
    starts, kinds, channels = pooled.shape
    ends = np.empty((run, kinds, channels), np.float32)  # of the block at hand, from each position on
    so_far = np.empty((kinds, channels), np.float32)  # of the next block, up to each position
    for first in range(0, starts, run):
        _enter(x[first + run - 1], ends[run - 1])
        for i in range(run - 2, -1, -1):
            _take_in(x[first + i], ends[i + 1], ends[i])
        _finish(ends[0], ends[0], pooled[first], run, True)
        for i in range(1, min(run, starts - first)):
            if i == 1:
                _enter(x[first + run], so_far)
            else:
                _take_in(x[first + run + i - 1], so_far, so_far)
            _finish(ends[i], so_far, pooled[first + i], run, False)


@inlined
def _enter(values: Array, state: Array) -> None:
    for kind in range(state.shape[0]):
        for c in range(state.shape[1]):
            state[kind, c] = widen(values[c])


@inlined
def _take_in(values: Array, before: Array, after: Array) -> None:
    for c in range(after.shape[1]):
        value = widen(values[c])
        after[0, c] = before[0, c] if value <= before[0, c] else value
    if after.shape[0] == 2:
        for c in range(after.shape[1]):
            after[1, c] = before[1, c] + widen(values[c])


@inlined
def _finish(left: Array, right: Array, pooled: Array, run: int, alone: bool) -> None:
    for c in range(pooled.shape[1]):
        pooled[0, c] = left[0, c] if right[0, c] <= left[0, c] else right[0, c]
    if pooled.shape[0] == 2:
        for c in range(pooled.shape[1]):
            total = left[1, c] if alone else left[1, c] + right[1, c]
            pooled[1, c] = total / float32(run)
