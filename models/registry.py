"""The architectures by name: every module of this package that has an `ARCHITECTURE` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

import models
from data_io.errors import ConfigError


@dataclass(frozen=True)
class Architecture:
    """A family of networks.

    Parameters
    ----------
    name : str
        Name of its module, of its search space (`studies/<name>.toml`) and of its studies.
    config : type
        Frozen dataclass of its hyperparameters, made with the helpers of `models.fields`.
    build : callable
        `build(config) -> nn.Module`: makes the network of a config, which takes codes (B, 41) and gives (B,).
    """

    name: str
    config: type[Any]
    build: Callable[[Any], nn.Module]


def get_architecture(name: str) -> Architecture:
    """Look an architecture up by its name.

    Raises
    ------
    ConfigError
        If there is none of that name; the message lists those that there are.
    """
    found = _architecture_of(name) if name in _modules() else None
    if found is None:
        raise ConfigError(
            f"architecture {name!r} is unknown: choose one of {', '.join(architecture_names())}"
        )
    return found


def architecture_names() -> list[str]:
    """Names of all architectures, sorted."""
    return sorted(name for name in _modules() if _architecture_of(name) is not None)


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(models.__path__) if not module.ispkg]


def _architecture_of(module_name: str) -> Architecture | None:
    module = importlib.import_module(f"models.{module_name}")
    found = getattr(module, "ARCHITECTURE", None)
    return found if isinstance(found, Architecture) else None
