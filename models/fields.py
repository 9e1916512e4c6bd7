"""Hyperparameters as dataclass fields that know their limits, checked when a config is made."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any

from data_io.errors import ConfigError


def within(default: float, low: float, high: float) -> Any:
    """A number from `low` to `high`, both allowed; whole if `default` is an int."""
    return dataclasses.field(default=default, metadata={"kind": type(default), "limits": (low, high)})


def perhaps_within(low: float, high: float) -> Any:
    """A number from `low` to `high`, or None, the default."""
    return dataclasses.field(default=None, metadata={"kind": float, "limits": (low, high), "optional": True})


def one_of(default: str, *others: str) -> Any:
    """One of a few words; `default` is the first of them."""
    return dataclasses.field(default=default, metadata={"kind": str, "choices": (default, *others)})


def switch(default: bool) -> Any:
    """True or false."""
    return dataclasses.field(default=default, metadata={"kind": bool})


def check(config: Any) -> None:
    """Check every field of a config and turn numpy's numbers into Python's.

    Called from `__post_init__`, so that a config that exists is a config that can be used.

    Raises
    ------
    ConfigError
        Naming the field, its value and what is allowed.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        object.__setattr__(config, field.name, _checked(field.name, value, field.metadata))


def describe(metadata: Mapping[str, Any]) -> str:
    """What a field takes, in words, for error messages and help texts."""
    kind = metadata["kind"]
    if kind is bool:
        return "true or false"
    if kind is str:
        return "one of " + ", ".join(metadata["choices"])
    low, high = metadata["limits"]
    return f"a {'whole ' if kind is int else ''}number from {low:g} to {high:g}"


def _checked(name: str, value: Any, metadata: Mapping[str, Any]) -> Any:
    if value is None and metadata.get("optional"):
        return None
    converted = _converted(value, metadata["kind"])
    if converted is None or not _allowed(converted, metadata):
        raise ConfigError(f"{name} = {value!r}: must be {describe(metadata)}")
    return converted


def _converted(value: Any, kind: type) -> Any:
    """The value as `kind`, or None where that would change its meaning (True is no number, 2.5 is no int)."""
    if kind in (bool, str):
        return value if isinstance(value, kind) else None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if kind is int:
        return int(value) if isinstance(value, numbers.Integral) else None
    return float(value) if math.isfinite(value) else None


def _allowed(value: Any, metadata: Mapping[str, Any]) -> bool:
    if "choices" in metadata:
        return value in metadata["choices"]
    if "limits" in metadata:
        low, high = metadata["limits"]
        return bool(low <= value <= high)
    return True
