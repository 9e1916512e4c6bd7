"""One flat dict of hyperparameters, as a search handles them, to configs and back."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from data_io.errors import ConfigError
from models.registry import get_architecture
from models.training import TrainingConfig


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


def to_params(network: Any, training: TrainingConfig) -> dict[str, Any]:
    """All fields of both configs as one flat dict: the inverse of `split_params`."""
    return {**dataclasses.asdict(network), **dataclasses.asdict(training)}


def _names(kind: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _unknown(name: str, architecture: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"{architecture} has no hyperparameter {name!r}: {remedy}"
