"""Convolution, ReLU and pooling in one pass over the windows; shapes as in the module `tables` beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, int32

from models.fast.convolution.tables import BLOCK, TABLE, add_to_rows, one_hot, sum_rows
from models.fast.jit import Array, compiled, inlined
from models.fast.lanes import (
    LANES,
    keep_larger,
    load,
    load_integers,
    multiply_add,
    plus,
    positive_bits,
    relu,
    spread,
    spread_integer,
    store,
    times,
    where_bits,
    where_equal,
)


@compiled
def scan_windows(triplets: Array, tables: Array, activated: Array) -> None:
    """ReLU of the convolution of all windows.

    Parameters
    ----------
    triplets : uint8 array (B, L)
    tables : float32 array (G, J, 216, 32)
    activated : float32 | bfloat16 array (B, P, 32 G)
        Written.
    """
    sequences, windows, width = activated.shape
    blocks, count = tables.shape[:2]
    rows, numbers, values = triplets.ravel(), tables.ravel(), activated.ravel()
    for g in range(blocks):
        for b in range(sequences):
            for p in range(windows):
                left, right = sum_rows(numbers, g * count * TABLE, rows, b * triplets.shape[1] + p, count)
                at = (b * windows + p) * width + g * BLOCK
                store(values, at, relu(left))
                store(values, at + LANES, relu(right))


@compiled
def scan_gradient(triplets: Array, activated: Array, gradient: Array, tables: Array) -> None:
    """Gradient of `scan_windows` with respect to the table rows.

    Parameters
    ----------
    triplets, activated
        As above.
    gradient : float32 | bfloat16 array (B, P, 32 G)
        With respect to `activated`.
    tables : float32 array (G, J, 216, 32)
        Written.
    """
    sequences, windows, width = activated.shape
    blocks, count = tables.shape[:2]
    tables[:] = 0.0
    rows, numbers, values, slopes = triplets.ravel(), tables.ravel(), activated.ravel(), gradient.ravel()
    for g in range(blocks):
        for b in range(sequences):
            for p in range(windows):
                at = (b * windows + p) * width + g * BLOCK
                left = where_bits(positive_bits(load(values, at)), load(slopes, at))
                right = where_bits(positive_bits(load(values, at + LANES)), load(slopes, at + LANES))
                add_to_rows(numbers, g * count * TABLE, rows, b * triplets.shape[1] + p, count, left, right)


@compiled
def pool_windows(triplets: Array, tables: Array, pooled: Array, place: Array, active: Array) -> None:
    """ReLU of the largest convolution of each sequence, and if asked the mean of the ReLU over the windows.

    Parameters
    ----------
    triplets : uint8 array (B, L)
    tables : float32 array (G, J, 216, 32)
    pooled : float32 array (B, 1 or 2, 32 G)
        Written: the largest, and the mean where there is room for it.
    place : int32 array (B, 32 G)
        Written: the first window that has the largest.
    active : uint16 array (G, B, P, 2)
        Written if the mean is: one bit a filter, whether its ReLU lets the window pass.
    """
    sequences, length = triplets.shape
    blocks, count = tables.shape[:2]
    windows, with_mean = active.shape[2], pooled.shape[1] == 2
    rows, numbers, values, places = triplets.ravel(), tables.ravel(), pooled.ravel(), place.ravel()
    share = spread(float32(1.0 / windows))
    for g in range(blocks):
        for b in range(sequences):
            left_top = right_top = spread(float32(-np.inf))
            left_place = right_place = spread_integer(int32(0))
            left_sum = right_sum = spread(float32(0.0))
            for p in range(windows):
                left, right = sum_rows(numbers, g * count * TABLE, rows, b * length + p, count)
                left_top, left_place = keep_larger(left_top, left_place, left, int32(p))
                right_top, right_place = keep_larger(right_top, right_place, right, int32(p))
                if with_mean:
                    left_sum, right_sum = plus(left_sum, relu(left)), plus(right_sum, relu(right))
                    active[g, b, p, 0], active[g, b, p, 1] = positive_bits(left), positive_bits(right)
            at = (b * blocks + g) * BLOCK
            store(places, at, left_place)
            store(places, at + LANES, right_place)
            at = (b * pooled.shape[1] * blocks + g) * BLOCK
            store(values, at, relu(left_top))
            store(values, at + LANES, relu(right_top))
            if with_mean:
                at += blocks * BLOCK
                store(values, at, times(left_sum, share))
                store(values, at + LANES, times(right_sum, share))


@compiled
def pool_gradient(triplets: Array, place: Array, active: Array, gradient: Array, tables: Array) -> None:
    """Gradient of `pool_windows` with mean, with respect to the table rows.

    Parameters
    ----------
    triplets, place, active
        As above.
    gradient : float32 array (B, 2, 32 G)
        With respect to `pooled`.
    tables : float32 array (G, J, 216, 32)
        Written.
    """
    sequences, length = triplets.shape
    blocks, count = tables.shape[:2]
    windows, width = active.shape[2], blocks * BLOCK
    tables[:] = 0.0
    rows, numbers, places, slopes = triplets.ravel(), tables.ravel(), place.ravel(), gradient.ravel()
    share = spread(float32(1.0 / windows))
    for g in range(blocks):
        for b in range(sequences):
            at = b * width + g * BLOCK
            left_place, right_place = load_integers(places, at), load_integers(places, at + LANES)
            at += b * width
            left_top, right_top = load(slopes, at), load(slopes, at + LANES)
            at += width
            left_mean, right_mean = times(share, load(slopes, at)), times(share, load(slopes, at + LANES))
            for p in range(windows):
                left = plus(left_mean, where_equal(left_place, int32(p), left_top))
                right = plus(right_mean, where_equal(right_place, int32(p), right_top))
                left, right = where_bits(active[g, b, p, 0], left), where_bits(active[g, b, p, 1], right)
                add_to_rows(numbers, g * count * TABLE, rows, b * length + p, count, left, right)


@compiled
def largest_gradient(
    codes: Array, pooled: Array, place: Array, gradient: Array, weight: Array, bias: Array
) -> None:
    """Gradient of `pool_windows` without mean: a sequence teaches a filter the one window that it won with.

    Filter by filter, the one-hot letters of the chosen windows are summed in registers, 32 numbers at a
    time.

    Parameters
    ----------
    codes : uint8 array (B, L)
    pooled, place
        As `pool_windows` wrote them.
    gradient : float32 array (B, 1, 32 G)
        With respect to `pooled`.
    weight : float32 array (F, 4, M)
        Written.
    bias : float32 array (F,)
        Written.
    """
    filters, _, length = weight.shape
    width = -(-4 * length // BLOCK) * BLOCK
    stride = 4 * (codes.shape[1] - length) + width
    hot = one_hot(codes, stride)
    total = np.empty(width, np.float32)
    for first in range(0, filters, BLOCK):
        starts, slopes, counts = _chosen_windows(pooled[:, 0], place, gradient[:, 0], first, stride)
        for f in range(first, min(first + BLOCK, filters)):
            chosen = counts[f - first]
            bias[f] = float32(0.0)
            for k in range(chosen):
                bias[f] += slopes[f - first, k]
            for part in range(0, width, BLOCK):
                left = right = spread(float32(0.0))
                for k in range(chosen):
                    slope, at = spread(slopes[f - first, k]), starts[f - first, k] + part
                    left = multiply_add(slope, load(hot, at), left)
                    right = multiply_add(slope, load(hot, at + LANES), right)
                store(total, part, left)
                store(total, part + LANES, right)
            for i in range(length):
                for c in range(4):
                    weight[f, c, i] = total[4 * i + c]


@inlined
def _chosen_windows(top: Array, place: Array, gradient: Array, first: int, stride: int) -> Any:
    """For each filter of a block: where its windows with a gradient start, these gradients, their number."""
    sequences, filters = gradient.shape
    starts = np.empty((BLOCK, sequences), np.int64)
    slopes = np.empty((BLOCK, sequences), np.float32)
    counts = np.zeros(BLOCK, np.int64)
    for b in range(sequences):
        for f in range(min(BLOCK, filters - first)):
            slope = gradient[b, first + f]
            k = counts[f]
            starts[f, k] = b * stride + 4 * place[b, first + f]
            slopes[f, k] = slope
            counts[f] = k + ((slope != 0.0) & (top[b, first + f] > 0.0))
    return starts, slopes, counts
