"""Dropout whose random numbers belong to one network and cost next to nothing.

`nn.Dropout` draws from the process's random state, so that networks trained in turns change each other, and
on a CPU its random numbers take longer than all other arithmetic of a small head. Here one key is drawn a
call; the random number of a value is a hash of the key and of the value's place, which the backward pass can
repeat.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import float32, uint32, uint64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from data_io.jit import Array, compiled, inlined


class Dropout(nn.Module):
    """Zeroes values with a probability while training, and scales the others so that the mean stays.

    Parameters
    ----------
    probability : float

    Attributes
    ----------
    generator : torch.Generator or None
        Where it draws; None is the process's random state. See `seed_dropout`.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Drop from a tensor of any shape."""
        if not self.training or self.probability == 0.0:
            return x
        if has_kernels(x):
            dropped: Tensor = _Dropout.apply(x, *self.draw_keys(1), self.limit)  # type: ignore[no-untyped-call]
            return dropped
        keep = 1.0 - self.probability
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)

    @property
    def limit(self) -> int:
        """The probability out of 2^32, as the kernels take it; outside of training 0, which drops nothing."""
        return round(self.probability * 2**32) if self.training else 0

    def draw_keys(self, count: int) -> list[int]:
        """A key for each of `count` calls of the kernels."""
        keys: list[int] = torch.randint(2**63 - 1, (count,), generator=self.generator).tolist()
        return keys

    def extra_repr(self) -> str:
        """Shown by `print(network)`."""
        return f"probability={self.probability}"


def seed_dropout(network: nn.Module, generator: torch.Generator | None) -> None:
    """Let every layer of a network that draws random numbers draw them from `generator`."""
    for module in network.modules():
        if hasattr(module, "generator"):
            module.generator = generator  # type: ignore[assignment]  # nn.Module hides what it is


def has_kernels(x: Tensor) -> bool:
    """Whether the compiled kernels can take a tensor."""
    return x.is_cpu and x.dtype == torch.float32


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, key: int, limit: int) -> Tensor:
        ctx.key, ctx.limit = key, limit
        return dropped(x, key, limit)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return dropped(gradient, ctx.key, ctx.limit), None, None


def dropped(x: Tensor, key: int, limit: int) -> Tensor:
    """`x` with the values zeroed whose random number is below the limit: also the gradient of that."""
    result = x.detach().clone(memory_format=torch.contiguous_format)
    drop(result.numpy(), key, limit, -np.inf)
    return result


@inlined
def scramble(place: int, key: int) -> Any:
    """A random uint32 that follows from a place and a 64-bit key alone."""
    number = uint32(uint32(place) * uint32(0x9E3779B9) + uint32(key))
    number = uint32((number ^ (number >> uint32(16))) * uint32(0x21F0AAAD))
    number = uint32((number ^ (number >> uint32(15))) * uint32(0xD35A2D97))
    number = uint32(number ^ (number >> uint32(15)) ^ uint32(uint64(key) >> uint64(32)))
    number = uint32((number ^ (number >> uint32(16))) * uint32(0x7FEB352D))
    number = uint32((number ^ (number >> uint32(15))) * uint32(0x846CA68B))
    return uint32(number ^ (number >> uint32(16)))


@compiled
def drop(x: Array, key: int, limit: int, lowest: float) -> None:
    """Raise values to a lowest one, then drop from them, in place.

    Parameters
    ----------
    x : float32 array, contiguous
    key : int
        The random number of a value, out of 2^32, follows from the key and the value's place.
    limit : int
        Values whose random number is lower become 0; the others are scaled so that the mean stays.
    lowest : float
        0 for a ReLU before the dropout, minus infinity for none.
    """
    scale, floor = float32(2.0**32 / (2.0**32 - limit)), float32(lowest)
    values = x.ravel()
    for i in range(values.size):
        value = floor if values[i] < floor else values[i]  # NaN stays
        values[i] = value * scale if scramble(i, key) >= uint32(limit) else float32(0.0)
