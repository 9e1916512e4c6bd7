"""Frozen dataclasses to the plain values of JSON, and back by their type hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Give dataclasses as dicts and tuples as lists, at every depth."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """Undo `to_plain`.

    Parameters
    ----------
    kind : type
        A dataclass, of whose fields the types are dataclasses, unions of two of them, tuples, mappings with
        text as keys, numbers and texts.
    value : any
        What `to_plain` gave, or JSON made of it.

    Raises
    ------
    ValueError
        When the value is not of that kind.
    """
    return cast(T, _read(kind, value))


def _read(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return _read(_choose(inner, value), value)
    if origin is tuple:
        return _read_tuple(inner, _expect(value, list))
    if origin is not None:  # Mapping[str, X]
        return {key: _read(inner[1], item) for key, item in _expect(value, Mapping).items()}
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        if set(_expect(value, Mapping)) != set(hints):
            raise ValueError(f"{kind.__name__} has {sorted(hints)}, received {sorted(value)}")
        return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})
    return float(_expect(value, int | float)) if kind is float else _expect(value, kind)


def _choose(kinds: tuple[Any, ...], value: Any) -> Any:
    """Of several dataclasses the one with the fields that the value has."""
    for kind in kinds:
        if set(get_type_hints(kind)) == set(_expect(value, Mapping)):
            return kind
    raise ValueError(f"one of {[kind.__name__ for kind in kinds]} expected, received {sorted(value)}")


def _read_tuple(inner: tuple[Any, ...], value: list[Any]) -> tuple[Any, ...]:
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise ValueError(f"{len(kinds)} values expected, received {len(value)}")
    return tuple(_read(kind, item) for kind, item in zip(kinds, value, strict=True))


def _expect(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{kind} expected, received {value!r}")
    return value
