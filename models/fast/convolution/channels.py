"""Batch normalisation, ReLU and pooling of features that lie channels last, compiled by numba.

The loops run over the channels of one position at a time, so that LLVM turns them into vector instructions.
Arrays given as `float32 | bfloat16` hold either (see `models.fast.bfloat16`). What a condition chooses from
is read before it, else the loops are no vector instructions.

Shapes: B sequences, P positions, C channels.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32

from models.fast.bfloat16 import narrow, widen
from models.fast.jit import Array, compiled


@compiled
def scale_relu(z: Array, scale: Array, shift: Array, activated: Array) -> None:
    """ReLU of `z * scale + shift`.

    Parameters
    ----------
    z : float32 | bfloat16 array (B, P, C)
    scale, shift : float32 arrays (C,)
    activated : array as `z`
        Written.
    """
    sequences, positions, channels = z.shape
    for b in range(sequences):
        for p in range(positions):
            for c in range(channels):
                value = widen(z[b, p, c]) * scale[c] + shift[c]
                activated[b, p, c] = narrow(float32(0.0) if value <= 0.0 else value, activated)


@compiled
def relu_gradient_sums(z: Array, activated: Array, gradient: Array, sums: Array) -> None:
    """Sum over all positions of the gradient that the ReLU lets pass, and of its product with `z`.

    Parameters
    ----------
    z, activated, gradient : float32 | bfloat16 arrays (B, P, C)
    sums : float64 array (2, C)
        Written.
    """
    sequences, positions, channels = z.shape
    sums[:] = 0.0
    part = np.empty((2, channels), np.float32)
    for b in range(sequences):
        part[:] = 0.0
        for p in range(positions):
            for c in range(channels):
                slope = widen(gradient[b, p, c])
                slope = slope if widen(activated[b, p, c]) > 0.0 else float32(0.0)
                part[0, c] += slope
                part[1, c] += slope * widen(z[b, p, c])
        sums += part


@compiled
def relu_gradient(
    z: Array, activated: Array, gradient: Array, scale: Array, offset: Array, decay: Array, result: Array
) -> None:
    """Gradient of `scale_relu` with respect to `z`, less `offset + decay * z`.

    Parameters
    ----------
    z, activated, gradient : float32 | bfloat16 arrays (B, P, C)
    scale, offset, decay : float32 arrays (C,)
    result : array as `z`
        Written.
    """
    sequences, positions, channels = z.shape
    for b in range(sequences):
        for p in range(positions):
            for c in range(channels):
                slope = widen(gradient[b, p, c])
                slope = slope if widen(activated[b, p, c]) > 0.0 else float32(0.0)
                slope = slope * scale[c] - (offset[c] + decay[c] * widen(z[b, p, c]))
                result[b, p, c] = narrow(slope, result)


@compiled
def pool_positions(x: Array, pooled: Array, place: Array) -> None:
    """The largest of each channel, and its mean if there is room for it.

    Parameters
    ----------
    x : float32 | bfloat16 array (B, P, C)
    pooled : float32 array (B, 1 or 2, C)
        Written: the largest, and the mean.
    place : int32 array (B, C)
        Written: the first position that has the largest.
    """
    sequences, positions, channels = x.shape
    total = np.empty(channels, np.float32)
    for b in range(sequences):
        top, where = pooled[b, 0], place[b]
        top[:], where[:], total[:] = -np.inf, 0, 0.0
        for p in range(positions):
            for c in range(channels):
                value = widen(x[b, p, c])
                total[c] += value
                larger = not value <= top[c]
                top[c] = value if larger else top[c]
                where[c] = int32(p) if larger else where[c]
        if pooled.shape[1] == 2:
            for c in range(channels):
                pooled[b, 1, c] = total[c] / float32(positions)


@compiled
def unpool_positions(gradient: Array, place: Array, result: Array) -> None:
    """Gradient of `pool_positions`.

    Parameters
    ----------
    gradient : float32 array (B, 1 or 2, C)
    place : int32 array (B, C)
    result : float32 | bfloat16 array (B, P, C)
        Written.
    """
    sequences, positions, channels = result.shape
    share = np.zeros(channels, np.float32)
    for b in range(sequences):
        if gradient.shape[1] == 2:
            for c in range(channels):
                share[c] = gradient[b, 1, c] / float32(positions)
        for p in range(positions):
            for c in range(channels):
                top = gradient[b, 0, c] if place[b, c] == p else float32(0.0)
                result[b, p, c] = narrow(share[c] + top, result)


@compiled
def average_positions(x: Array, window: int, averages: Array) -> None:
    """Means over windows of positions, side by side.

    Parameters
    ----------
    x : float32 | bfloat16 array (B, P, C)
    window : int
    averages : float32 array (B, C, P // window)
        Written.
    """
    sequences, _, channels = x.shape
    total = np.empty(channels, np.float32)
    for b in range(sequences):
        for w in range(averages.shape[2]):
            total[:] = 0.0
            for p in range(w * window, (w + 1) * window):
                for c in range(channels):
                    total[c] += widen(x[b, p, c])
            for c in range(channels):
                averages[b, c, w] = total[c] / float32(window)


@compiled
def spread_averages(gradient: Array, window: int, result: Array) -> None:
    """Gradient of `average_positions`.

    Parameters
    ----------
    gradient : float32 array (B, C, P // window)
    window : int
    result : float32 | bfloat16 array (B, P, C)
        Written.
    """
    sequences, positions, channels = result.shape
    shares = np.empty((gradient.shape[2], channels), np.float32)
    for b in range(sequences):
        for c in range(channels):
            for w in range(len(shares)):
                shares[w, c] = gradient[b, c, w] / float32(window)
        for p in range(positions):
            share = shares[min(p // window, len(shares) - 1)]
            passed = float32(p < len(shares) * window)
            for c in range(channels):
                result[b, p, c] = narrow(share[c] * passed, result)
