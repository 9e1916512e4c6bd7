"""Adam without the bookkeeping of `torch.optim.Adam`, which takes longer than the steps of small networks."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


class Adam:
    """The steps of `torch.optim.Adam(betas=(0.9, 0.999), eps=1e-8)`, to the last bit of its fused version.

    Parameters
    ----------
    network : nn.Module
        Its parameters are changed in place by `step`.
    weight_decay : float
        L2 penalty, added to the gradient.
    """

    def __init__(self, network: nn.Module, weight_decay: float = 0.0) -> None:
        self.parameters = dict(network.named_parameters())
        self.first = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.second = {name: torch.zeros_like(value) for name, value in self.parameters.items()}
        self.weight_decay = weight_decay
        device = next(iter(self.parameters.values())).device
        self._steps = [torch.zeros((), device=device) for _ in self.parameters]  # all the same
        self._lists = [list(group.values()) for group in (self.parameters, self.first, self.second)]

    @torch.no_grad()
    def step(self, learning_rate: float | Tensor) -> None:
        """Move the parameters along their gradients, and forget the gradients.

        Parameters
        ----------
        learning_rate : float, or float32 Tensor () on the device of the parameters
        """
        parameters, first, second = self._lists
        adam(
            parameters,
            [_gradient(parameter) for parameter in parameters],
            first,
            second,
            [],
            self._steps,
            fused=True,
            lr=learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
        for parameter in parameters:
            parameter.grad = None

    def state(self) -> dict[str, Tensor]:
        """Moments and step count by name, as `load_state` takes them."""
        first = {f"first.{name}": value for name, value in self.first.items()}
        second = {f"second.{name}": value for name, value in self.second.items()}
        return {**first, **second, "steps": self._steps[0]}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state of `state()`."""
        for name, value in self.state().items():
            value.copy_(state[name])
        for steps in self._steps:
            steps.copy_(state["steps"])


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError("a parameter has no gradient: the loss does not depend on it")
    return parameter.grad
