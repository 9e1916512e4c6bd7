"""Mean and covariance of the one-hot windows of a batch.

A convolution is linear in its window, so the mean and variance of its outputs over a batch follow from
those of the windows: batch normalisation of a one-hot convolution is known before the convolution is done,
and becomes a change of its weight and bias. Shapes as in `models.fast.convolution.tables`.
"""

from __future__ import annotations

import numpy as np

from models.fast.convolution.tables import LETTERS, UNKNOWN, one_hot
from models.fast.jit import Array, compiled, inlined
from models.fast.lanes import LANES, load, plus, store


@compiled
def window_moments(codes: Array, mean: Array, covariance: Array) -> None:
    """Moments over all windows of all sequences.

    Parameters
    ----------
    codes : uint8 array (B, L)
    mean : float32 array (4, M)
        Written: share of each letter at each place of the window.
    covariance : float32 array (4, M, 4, M)
        Written; divided by the number of windows.
    """
    length = mean.shape[1]
    windows = codes.shape[1] - length + 1
    pairs = _count_pairs(codes, length)
    scale = 1.0 / (len(codes) * windows)
    run = np.zeros((4, pairs.shape[2]))  # over the places that one letter of the window passes through
    for q in range(windows):
        _add_place(pairs, q, 1.0, run)
    for m in range(length):
        for c in range(4):
            total = 0.0
            for other in range(4):
                total += run[c, other]
            mean[c, m] = total * scale
            for d in range(length - m):
                for other in range(4):
                    share = run[c, 4 * d + other] * scale
                    covariance[c, m, other, m + d] = share
                    covariance[other, m + d, c, m] = share
        if m + 1 < length:
            _add_place(pairs, m + windows, 1.0, run)
            _add_place(pairs, m, -1.0, run)
    _centre(mean, covariance)


@inlined
def _count_pairs(codes: Array, length: int) -> Array:
    """How often letter c at place q goes with letter e at q + d: float32 (L, 6, >= 4 M), [q, c, 4 d + e]."""
    sequences, letters = codes.shape
    width = -(-4 * length // LANES) * LANES
    stride = 4 * letters + width
    hot = one_hot(codes, stride)
    pairs = np.zeros((letters, LETTERS, width), np.float32)
    numbers = pairs.ravel()
    for b in range(sequences):
        for q in range(letters):
            at = (q * LETTERS + codes[b, q]) * width
            ahead = b * stride + 4 * q
            for part in range(0, width, LANES):
                store(numbers, at + part, plus(load(numbers, at + part), load(hot, ahead + part)))
    return pairs


@inlined
def _add_place(pairs: Array, q: int, sign: float, run: Array) -> None:
    """Add what goes with each of the four bases at a place; an unknown letter is a quarter of each."""
    for c in range(4):
        for k in range(run.shape[1]):
            run[c, k] += sign * (pairs[q, c, k] + 0.25 * pairs[q, UNKNOWN, k])


@inlined
def _centre(mean: Array, covariance: Array) -> None:
    _, length = mean.shape
    for c in range(4):
        for m in range(length):
            for other in range(4):
                for k in range(length):
                    covariance[c, m, other, k] -= mean[c, m] * mean[other, k]
