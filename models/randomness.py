"""Random numbers that follow from a run's seed and the number of its epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Use(IntEnum):
    """What random numbers are for: each use has its own, so that none of them depend on each other."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2


def generator_of(seed: int, epoch: int, use: Use, device: torch.device | None = None) -> torch.Generator:
    """A generator at the start of its sequence."""
    return torch.Generator(device or torch.device("cpu")).manual_seed(_mixed(seed, epoch, use))


class DrawingFrom(TorchFunctionMode):
    """Within a `with` block, layers draw their weights from a generator.

    They would draw from the process's random state, which threads share: another network that is made at the
    same time would change this one. The block is the calling thread's alone.

    Parameters
    ----------
    generator : torch.Generator
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, with the generator where it takes one and was given none."""
        given = dict(kwargs or {})
        if (func in _DRAWING or "generator" in given) and given.get("generator") is None:
            given["generator"] = self.generator
        return func(*args, **given)


# Initialisers of torch.nn.init are not among them: they name their generator, None or not, when they draw.
_DRAWING = {
    torch.bernoulli,
    torch.normal,
    torch.rand,
    torch.randint,
    torch.randn,
    torch.randperm,
    Tensor.bernoulli_,
    Tensor.exponential_,
    Tensor.normal_,
    Tensor.random_,
    Tensor.uniform_,
}


def _mixed(*parts: int) -> int:
    """One number of several; near ones give unrelated ones."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
