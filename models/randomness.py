"""Random numbers that follow from a run's seed and the number of its epoch alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum

import numpy as np
import torch


class Use(IntEnum):
    """What random numbers are for: each use has its own, so that none of them depend on each other."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2


def generator_of(seed: int, epoch: int, use: Use, device: torch.device | None = None) -> torch.Generator:
    """A generator at the start of its sequence."""
    return torch.Generator(device or torch.device("cpu")).manual_seed(_mixed(seed, epoch, use))


@contextlib.contextmanager
def process_seeded(seed: int, epoch: int, use: Use) -> Iterator[None]:
    """Seed torch's own CPU random state for a block, and put the old one back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_mixed(seed, epoch, use))
        yield


def _mixed(*parts: int) -> int:
    """One number of several; near ones give unrelated ones."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
