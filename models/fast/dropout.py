"""Dropout by a hash of each value's place, which the backward pass repeats instead of keeping a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import float32, uint32, uint64
from torch import Tensor
from torch.autograd.function import once_differentiable

from models.fast.jit import Array, compiled, inlined
from models.fast.lanes import LANES, random_lanes, store

_GOLDEN = np.uint32(0x9E3779B9)
_BLOCK = 256  # random numbers at a time


def drop(x: Tensor, key: int, limit: int) -> Tensor:
    """Zero the values whose random number is below the limit, and scale the others so that the mean stays.

    Parameters
    ----------
    x : float32 Tensor, on the CPU
    key : int
        The random numbers follow from it and the place of a value alone (see `models.dropout.random_words`).
    limit : int
        Out of 2^32.
    """
    dropped: Tensor = _Drop.apply(x, key, limit)  # type: ignore[no-untyped-call]
    return dropped


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, key: int, limit: int) -> Tensor:
        ctx.key, ctx.limit = key, limit
        return dropped_copy(x, key, limit)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return dropped_copy(gradient, ctx.key, ctx.limit), None, None


def dropped_copy(x: Tensor, key: int, limit: int) -> Tensor:
    """What `drop` gives, and its gradient; without a gradient of its own."""
    result = x.detach().clone(memory_format=torch.contiguous_format)
    drop_in_place(result.numpy(), key, limit, -np.inf)
    return result


@inlined
def random_word(place: int, key: int) -> Any:
    """A random uint32 that follows from a place and a key alone; see `models.dropout.random_words`."""
    number = uint32(uint32(place) * _GOLDEN + uint32(key))
    number = uint32((number ^ (number >> uint32(16))) * uint32(0x21F0AAAD))
    number = uint32((number ^ (number >> uint32(15))) * uint32(0xD35A2D97))
    number = uint32(number ^ (number >> uint32(15)) ^ uint32(uint64(key) >> uint64(32)))
    number = uint32((number ^ (number >> uint32(16))) * uint32(0x7FEB352D))
    number = uint32((number ^ (number >> uint32(15))) * uint32(0x846CA68B))
    return uint32(number ^ (number >> uint32(16)))


@inlined
def random_row(place: int, stride: int, key: int, words: Array) -> None:
    """The random words (n,) of places that stand a stride apart, from a first one on; n is whole vectors."""
    first, step = uint32(uint32(place) * _GOLDEN + uint32(key)), uint32(uint32(stride) * _GOLDEN)
    high = uint32(uint64(key) >> uint64(32))
    for i in range(0, words.size, LANES):
        store(words, i, random_lanes(uint32(first + uint32(i) * step), step, high))


@inlined
def empty_words(count: int) -> Array:
    """Room for at least so many random words, for `random_row`; zeros, as if nothing were dropped."""
    return np.zeros(-(-count // LANES) * LANES, np.uint32)


@compiled
def drop_in_place(x: Array, key: int, limit: int, lowest: float) -> None:
    """Raise values to a lowest one, then drop from them.

    Parameters
    ----------
    x : float32 array, contiguous
    key, limit : int
        As in `drop`.
    lowest : float
        0 for a ReLU before the dropout, minus infinity for none.
    """
    scale, floor, least = float32(2.0**32 / (2.0**32 - limit)), float32(lowest), uint32(limit)
    values, words = x.ravel(), np.empty(_BLOCK, np.uint32)
    for first in range(0, values.size, _BLOCK):
        random_row(first, 1, key, words)
        block = values[first : first + _BLOCK]
        for i in range(block.size):
            value = (floor if block[i] < floor else block[i]) * scale  # NaN stays
            block[i] = value if words[i] >= least else float32(0.0)
