"""Around the matrix product of a dilated convolution, compiled by numba.

Backwards, a convolution of K taps is two products if the gradients that its taps pass on stand side by side:
those of position p lie as one row of K C numbers, zeros where a tap reads beyond the ends. The kernels here
write such rows straight out of the gradients of normalisation, ReLU and dropout.

Shapes: B sequences, P positions, C channels, K = 3 taps. The middle tap reads the position itself.
Arrays given as `float32 | bfloat16` hold either (see `models.fast.bfloat16`). What a
condition chooses from is read before it, else the loops are no vector instructions.
"""

from __future__ import annotations

import numpy as np
from numba import float32, uint32

from models.fast.bfloat16 import narrow, widen
from models.fast.dropout import empty_words, random_row
from models.fast.jit import Array, compiled, inlined

KERNEL = 3


@compiled
def activate(z: Array, scale: Array, shift: Array, key: int, limit: int, kept: Array) -> None:
    """ReLU of `z * scale + shift`, then dropout.

    Parameters
    ----------
    z : float32 | bfloat16 array (B, P, C)
    scale, shift : float32 arrays (C,)
    key, limit : int
        See `models.fast.dropout.drop`; the place of a value is that in an array (B, C, P).
    kept : array as `z`
        Written.
    """
    sequences, positions, channels = z.shape
    grow, lowest = float32(2.0**32 / (2.0**32 - limit)), uint32(limit)
    words = empty_words(channels)
    for b in range(sequences):
        for p in range(positions):
            if limit > 0:
                random_row(b * channels * positions + p, positions, key, words)
            for c in range(channels):
                value = widen(z[b, p, c]) * scale[c] + shift[c]
                value = float32(0.0) if value <= 0.0 else value * grow  # NaN stays
                kept[b, p, c] = narrow(value if words[c] >= lowest else float32(0.0), kept)


@inlined
def _fill_taps(x: Array, dilation: int, taps: Array) -> None:
    """Write the gradients (P, C) of a sequence where each tap reads them."""
    positions, channels = x.shape
    for p in range(positions):
        for k in range(KERNEL):
            other = p + (k - 1) * dilation
            if 0 <= other < positions:
                for c in range(channels):
                    taps[p, k, c] = x[other, c]
            else:
                for c in range(channels):
                    taps[p, k, c] = 0


@compiled
def gradient_taps(
    z: Array, kept: Array, gradient: Array, scale: Array, slopes: Array, dilation: int, taps: Array
) -> None:
    """Gradient with respect to `z` of a normalisation, ReLU and dropout, written where each tap reads it.

    Parameters
    ----------
    z, gradient : float32 | bfloat16 arrays (B, P, C)
    kept : array as `z`
        What came out of ReLU and dropout: neither lets a gradient pass where that is 0.
    scale : float32 array (C,)
        What normalisation and dropout multiply by.
    slopes : float32 array (4, C)
        See `models.fast.convolution.normalising.scaling_gradient`.
    dilation : int
        Positions between two taps.
    taps : array (B, P, K, C), as `z`
        Written.
    """
    sequences, positions, channels = z.shape
    offset, decay = slopes[2], slopes[3]
    line = np.empty((positions, channels), z.dtype)
    for b in range(sequences):
        for p in range(positions):
            for c in range(channels):
                slope = widen(gradient[b, p, c])
                slope = slope if widen(kept[b, p, c]) > 0.0 else float32(0.0)
                slope = slope * scale[c] - (offset[c] + decay[c] * widen(z[b, p, c]))
                line[p, c] = narrow(slope, line)
        _fill_taps(line, dilation, taps[b])


@compiled
def add_skipped(z: Array, scale: Array, shift: Array, read: Array, result: Array) -> None:
    """ReLU of `z * scale + shift` and what the first convolution has read.

    Parameters
    ----------
    z : float32 | bfloat16 array (B, P, C)
    scale, shift : float32 arrays (C,)
    read : array as `z`
    result : array as `z`
        Written.
    """
    sequences, positions, channels = z.shape
    for b in range(sequences):
        for p in range(positions):
            for c in range(channels):
                value = widen(z[b, p, c]) * scale[c] + shift[c] + widen(read[b, p, c])
                result[b, p, c] = narrow(float32(0.0) if value <= 0.0 else value, result)


@compiled
def skipped_gradient(
    gradient: Array, result: Array, below: Array, read: Array, grow: float, slope: Array
) -> None:
    """Gradient of a residual block with respect to what it reads.

    Parameters
    ----------
    gradient : float32 | bfloat16 array (B, P, C)
        With respect to what the block gives.
    result : array as `gradient`
        What it gave.
    below : array as `gradient`
        Gradient of what its first convolution has read, by way of that convolution.
    read : array as `gradient`
        What its first convolution has read.
    grow : float
        What dropout multiplies by.
    slope : array as `gradient`
        Written.
    """
    sequences, positions, channels = gradient.shape
    factor = float32(grow)
    for b in range(sequences):
        for p in range(positions):
            for c in range(channels):
                skipped = widen(gradient[b, p, c])
                skipped = skipped if widen(result[b, p, c]) > 0.0 else float32(0.0)
                value = (skipped + widen(below[b, p, c])) * factor
                slope[b, p, c] = narrow(value if widen(read[b, p, c]) > 0.0 else float32(0.0), slope)


@compiled
def weight_matrices(weight: Array, forward: Array, backward: Array) -> None:
    """A weight as a convolution of features reads it, and as rows of gradients are multiplied by it.

    Parameters
    ----------
    weight : float32 array (C', C, K)
    forward : float32 | bfloat16 array (C', K, C)
        Written.
    backward : array (K, C', C), as `forward`
        Written: times a row of gradients, where the first tap becomes the last.
    """
    filters, channels, kernel = weight.shape
    for f in range(filters):
        for k in range(kernel):
            for c in range(channels):
                forward[f, k, c] = narrow(weight[f, c, k], forward)
            for c in range(channels):
                backward[kernel - 1 - k, f, c] = forward[f, k, c]


@compiled
def weight_gradient(product: Array, slope: Array) -> None:
    """Bring the product of what was read and rows of gradients into the order of a weight.

    Parameters
    ----------
    product : float32 | bfloat16 array (C, K, C')
        The tap that reads before a position has met the gradients behind it.
    slope : float32 array (C', C, K)
        Written.
    """
    filters, channels, kernel = slope.shape
    for f in range(filters):
        for c in range(channels):
            for k in range(kernel):
                slope[f, c, k] = widen(product[c, kernel - 1 - k, f])
