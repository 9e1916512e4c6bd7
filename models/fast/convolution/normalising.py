"""Batch normalisation between the products of a residual block: what to multiply by and to add, and back.

Shapes: B sequences, P positions, C channels. Arrays given as `float32 | bfloat16` hold either (see
`models.fast.bfloat16`).
"""

from __future__ import annotations

import numpy as np

from models.fast.bfloat16 import widen
from models.fast.convolution.channels import relu_gradient_sums
from models.fast.jit import Array, compiled


@compiled
def batch_figures(
    z: Array,
    eps: float,
    added: Array,
    momentum: float,
    figures: Array,
    running_mean: Array,
    running_variance: Array,
) -> None:
    """Mean and 1 / deviation of each channel, towards which the running figures move.

    Parameters
    ----------
    z : float32 | bfloat16 array (B, P, C)
    eps : float
        Added to the variance.
    added : float32 array (C,)
        What the running mean has beside that of `z`: the bias of a convolution that left it out.
    momentum : float
        How far the running figures move.
    figures : float32 array (2, C)
        Written.
    running_mean, running_variance : float32 arrays (C,)
        Changed.
    """
    sequences, positions, channels = z.shape
    sums, part = np.zeros((2, channels)), np.empty((2, channels), np.float32)
    for b in range(sequences):
        part[:] = 0.0
        for p in range(positions):
            for c in range(channels):
                value = widen(z[b, p, c])
                part[0, c] += value
                part[1, c] += value * value
        sums += part
    rows = sequences * positions
    for c in range(channels):
        mean = sums[0, c] / rows
        spread = sums[1, c] / rows - mean * mean
        spread = 0.0 if spread < 0.0 else spread
        figures[0, c], figures[1, c] = mean, 1.0 / np.sqrt(spread + eps)
        running_mean[c] += momentum * (mean + added[c] - running_mean[c])
        running_variance[c] += momentum * (spread * rows / (rows - 1) - running_variance[c])


@compiled
def scaling_gradient(
    z: Array,
    kept: Array,
    gradient: Array,
    figures: Array,
    scale: Array,
    grow: float,
    by_batch: bool,
    slopes: Array,
) -> None:
    """Gradients of what a normalisation multiplies by and adds.

    Parameters
    ----------
    z, gradient : float32 | bfloat16 arrays (B, P, C)
    kept : array as `z`
        What came out of ReLU and dropout: neither lets a gradient pass where that is 0.
    figures : float32 array (2, C)
        Mean and 1 / deviation.
    scale : float32 array (C,)
        What `z` was multiplied by in all.
    grow : float
        What dropout multiplies by.
    by_batch : bool
        Whether the figures are those of this batch, so that they have gradients, too.
    slopes : float32 array (4, C)
        Written: gradients of factor and addend; and of `offset + decay * z`, which is to be taken off the
        gradient of `z` for the figures, offset and decay.
    """
    channels, rows = z.shape[2], z.shape[0] * z.shape[1]
    sums = np.empty((2, channels))
    relu_gradient_sums(z, kept, gradient, sums)
    for c in range(channels):
        mean, inverse = figures[0, c], figures[1, c]
        addend = sums[0, c] * grow
        factor = (sums[1, c] * grow - mean * addend) * inverse
        decay = scale[c] / rows * inverse * factor if by_batch else 0.0
        slopes[0, c], slopes[1, c] = factor, addend
        slopes[2, c] = scale[c] / rows * addend - decay * mean if by_batch else 0.0
        slopes[3, c] = decay
