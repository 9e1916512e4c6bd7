"""A running average of a network's weights over the steps, by which it is validated and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Exponential average of weights and of the running figures of batch normalisation.

    Each step's weights are that step's noise away from where the training is; their average is nearer
    (B. T. Polyak and A. B. Juditsky, Acceleration of stochastic approximation by averaging, 1992).

    Parameters
    ----------
    network : nn.Module
        Changed only within `shown`.
    share : float
        What is left of the average at a step, in [0, 1). The first steps leave less, since the weights that a
        network begins with say nothing.
    """

    def __init__(self, network: nn.Module, share: float) -> None:
        self._share = share
        tensors = {name: value for name, value in network.state_dict().items() if value.is_floating_point()}
        self._current = [value.view(-1) for value in tensors.values()]
        self._flat = torch.cat(self._current)  # in one piece, so that a step is one operation
        self._parts = torch.split(self._flat, [value.numel() for value in self._current])
        shaped = zip(tensors.items(), self._parts, strict=True)
        self._average = {name: part.view_as(value) for (name, value), part in shaped}

    def step(self, number: int) -> None:
        """Take in the weights after step `number`, from 0."""
        self.move(self.weight_at(number))

    def weight_at(self, number: int) -> float:
        """What the weights after step `number` count for in the average."""
        return 1.0 - min(self._share, (1 + number) / (10 + number))

    @torch.no_grad()
    def move(self, weight: float | Tensor) -> None:
        """Take in the present weights; their weight (a number, or a Tensor () beside them) is in [0, 1]."""
        self._flat.lerp_(torch.cat(self._current), weight)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Let the network have the averages meanwhile."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        held = torch.cat(self._current)
        for current, average in zip(self._current, self._parts, strict=True):
            current.copy_(average)
        self._flat.copy_(held)

    def state(self) -> dict[str, Tensor]:
        """The averages by name, as `load_state` takes them."""
        return dict(self._average)

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state of `state()`."""
        for name, value in self._average.items():
            value.copy_(state[name])
