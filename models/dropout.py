"""Dropout whose random numbers belong to one network.

`nn.Dropout` draws from the process's random state, so that networks trained in turns change each other, and
on a CPU its random numbers take longer than all other arithmetic of a small head. Here, on a CPU, one key is
drawn a call; the random number of a value is a hash of the key and of the value's place.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from models.kernels import kernels_for

_WORD = 2**32


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
        if self.limit == 0:
            return x
        if not x.is_cpu:
            keep = 1.0 - self.probability
            return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)
        (key,) = self.draw_keys(1)
        if fast := kernels_for(x):
            dropped: Tensor = fast.drop(x, key, self.limit)
            return dropped
        kept = random_words(key, x.shape) >= self.limit
        return torch.where(kept, x * (_WORD / (_WORD - self.limit)), 0.0)

    @property
    def limit(self) -> int:
        """The probability out of 2^32; outside of training 0, which drops nothing."""
        return round(self.probability * _WORD) if self.training else 0

    def draw_keys(self, count: int) -> list[int]:
        """A key for each of `count` tensors; where nothing is dropped, none is drawn and all are 0."""
        if self.limit == 0:
            return [0] * count
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


def random_words(key: int, shape: tuple[int, ...]) -> Tensor:
    """Random numbers out of 2^32, one for each place of a tensor, that follow from key and place alone.

    Two rounds of a mixer of 32 bits (C. Wellons, hash-prospector, 2018).

    Parameters
    ----------
    key : int
        Up to 2^63.
    shape : tuple of int

    Returns
    -------
    int64 Tensor
    """
    place = torch.arange(math.prod(shape)).view(shape)
    number = (place * 0x9E3779B9 + key) & (_WORD - 1)
    number = _product(number ^ (number >> 16), 0x21F0AAAD)
    number = _product(number ^ (number >> 15), 0xD35A2D97)
    number = number ^ (number >> 15) ^ (key >> 32)
    number = _product(number ^ (number >> 16), 0x7FEB352D)
    number = _product(number ^ (number >> 15), 0x846CA68B)
    return number ^ (number >> 16)


def _product(number: Tensor, factor: int) -> Tensor:
    """The lower 32 bits of a product."""
    return (number * factor) & (_WORD - 1)
