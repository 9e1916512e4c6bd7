"""Hyperparameters: those of training, and one flat dict of all, as a search handles them."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_io.errors import ConfigError
from models import fields
from models.losses import LOSSES
from models.registry import get_architecture


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained; the defaults are those of the seed CNN, but for the averaging.

    Parameters
    ----------
    learning_rate : float
        Adam's step size, or where the cosine schedule starts.
    batch_size : int
        Probes a step; the last, smaller batch of an epoch is kept.
    epochs : int
        Passes over the training probes.
    weight_decay : float
        L2 penalty added to the gradient (as in `torch.optim.Adam`, not decoupled).
    schedule : str
        `"constant"`, or `"cosine"`: from `learning_rate` down to 0 over all steps of all epochs.
    averaging : float
        Share of the old at each step in a running average of the weights, by which the network is validated
        and kept; 0 keeps the weights themselves, as published.
    loss : str
        What is minimised, see `models.losses`.
    """

    learning_rate: float = fields.within(1e-3, 1e-7, 1.0)
    batch_size: int = fields.within(256, 1, 65536)
    epochs: int = fields.within(30, 1, 10000)
    weight_decay: float = fields.within(0.0, 0.0, 1.0)
    schedule: str = fields.one_of("constant", "cosine")
    averaging: float = fields.within(0.99, 0.0, 0.9999)
    loss: str = fields.one_of(*LOSSES)

    def __post_init__(self) -> None:
        fields.check(self)

    def learning_rate_at(self, step: int, total: int) -> float:
        """Step size of step `step` (from 0) out of `total`."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / total))


def split_params(architecture: str, params: Mapping[str, Any]) -> tuple[Any, TrainingConfig]:
    """Sort hyperparameters into a network's config and the training's.

    Parameters
    ----------
    architecture : str
        Name of the architecture whose network is meant.
    params : mapping of str to value
        Fields of its config and of `TrainingConfig`; those left out keep their default.

    Returns
    -------
    network : config of the architecture
    training : TrainingConfig

    Raises
    ------
    ConfigError
        Naming the first parameter that is unknown, of the wrong type or out of range.
    """
    kind = get_architecture(architecture).config
    of_network, of_training = _names(kind), _names(TrainingConfig)
    for name in params:
        if name not in of_network | of_training:
            raise ConfigError(_unknown(name, architecture, sorted(of_network | of_training)))
    network = kind(**{name: value for name, value in params.items() if name in of_network})
    return network, TrainingConfig(**{name: value for name, value in params.items() if name in of_training})


def takes(architecture: str, name: str) -> bool:
    """Whether a network of an architecture has a hyperparameter of that name."""
    return name in _names(get_architecture(architecture).config)


def to_params(network: Any, training: TrainingConfig) -> dict[str, Any]:
    """All fields of both configs as one flat dict: the inverse of `split_params`."""
    return {**dataclasses.asdict(network), **dataclasses.asdict(training)}


def _names(kind: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _unknown(name: str, architecture: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"{architecture} has no hyperparameter {name!r}: {remedy}"
