"""Search spaces in TOML files: read, and validated before anything runs."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from data_io.errors import ConfigError, SpaceError
from models.config import split_params
from models.registry import architecture_names
from search.strategy.space import Parameter, Space, Value

SECTIONS = ("architecture", "fixed", "seed", "starts", "parameters")


def shipped_architectures() -> list[str]:
    """List the architectures that come with a search space; other files beside those are not ours."""
    return [name for name in architecture_names() if (resources.files("studies") / f"{name}.toml").is_file()]


def shipped_space(architecture: str) -> Space:
    """Give the search space that comes with `architecture`."""
    if architecture not in shipped_architectures():
        known = ", ".join(shipped_architectures())
        raise SpaceError(f"unknown architecture '{architecture}'; the ones that come with a space: {known}")
    with resources.as_file(resources.files("studies") / f"{architecture}.toml") as path:
        return read_space(path)


def read_space(path: Path) -> Space:
    """Read a search space from a TOML file.

    A file without a [seed] gets the seed config of the space that comes with its architecture.

    Raises
    ------
    SpaceError
        Naming the file and the key, when the file cannot be read or says what no trial could use.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpaceError(f"{path}: cannot be read ({error.strerror}); name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpaceError(f"{path}: not a TOML file: {error}") from error
    if "seed" not in content and content.get("architecture") in shipped_architectures():
        content["seed"] = dict(shipped_space(content["architecture"]).seed)
    return parse_space(content, str(path))


def parse_space(content: Mapping[str, Any], source: str = "the study's space") -> Space:
    """Make a space from the plain values of a TOML file or of a study.

    Parameters
    ----------
    content : dict
        The sections architecture, fixed, seed, starts and parameters.
    source : str
        Where the values are from, for the messages.

    Raises
    ------
    SpaceError
        Naming the source and the key, when they say what no trial could use.
    """
    for key in content:
        if key not in SECTIONS:
            raise SpaceError(f"{source}: unknown key '{key}'; a space has {', '.join(SECTIONS)}")
    architecture = content.get("architecture")
    if not isinstance(architecture, str):
        raise SpaceError(f'{source}: architecture is {architecture!r}; write architecture = "cnn" or "rnn"')
    entries, fixed = _table(content, "parameters", source), _table(content, "fixed", source)
    if not entries:
        raise SpaceError(f"{source}: parameters is empty; give at least one to search")
    parameters: list[Parameter] = []
    for name, entry in entries.items():
        earlier = {p.name for p in parameters} | set(fixed)
        parameters.append(_parameter(name, entry, earlier, source))
    starts = content.get("starts", [])
    if not isinstance(starts, list) or not all(isinstance(start, dict) for start in starts):
        raise SpaceError(f"{source}: starts is {starts!r}; write each as a table, [[starts]]")
    seed = _table(content, "seed", source)
    space = Space(architecture, tuple(parameters), seed, fixed, tuple(starts))
    _check_values(space, source)
    return space


def _table(content: Mapping[str, Any], key: str, source: str) -> dict[str, Any]:
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise SpaceError(f"{source}: {key} is {table!r}; it has to be a table, [{key}]")
    return table


def _parameter(name: str, entry: Any, earlier: set[str], source: str) -> Parameter:
    where = f"{source}: parameters.{name}"
    if not isinstance(entry, dict):
        raise SpaceError(
            f'{where} is {entry!r}; write a table such as {{ type = "int", low = 4, high = 24 }}'
        )
    kind = entry.get("type")
    if kind not in ("int", "float", "categorical"):
        raise SpaceError(f"{where}.type is {kind!r}; it has to be int, float or categorical")
    allowed = {"choices"} if kind == "categorical" else {"low", "high", "step", "log"}
    for key in entry:
        if key not in allowed | {"type", "when"}:
            raise SpaceError(
                f"{where}.{key} is not known for type {kind}; it takes {', '.join(sorted(allowed))}"
            )
    options = {key: entry[key] for key in entry if key in allowed}
    if kind == "categorical":
        _check_choices(options, where)
    else:
        _check_range(kind, options, where)
    return Parameter(name, kind, options, _conditions(entry.get("when", {}), earlier, where))


def _check_choices(options: dict[str, Any], where: str) -> None:
    choices = options.get("choices")
    if not isinstance(choices, list) or not choices:
        raise SpaceError(f"{where}.choices is {choices!r}; give a list with at least one value")
    for choice in choices:
        if not isinstance(choice, bool | int | float | str):
            raise SpaceError(
                f"{where}.choices holds {choice!r}; only numbers, texts and true/false can be chosen"
            )
    if len({(type(c), c) for c in choices}) != len(choices):
        raise SpaceError(f"{where}.choices is {choices!r}; each value may stand there once")


def _check_range(kind: str, options: dict[str, Any], where: str) -> None:
    number = int if kind == "int" else (int, float)
    for key in ("low", "high", *(["step"] if "step" in options else [])):
        value = options.get(key)
        if not isinstance(value, number) or isinstance(value, bool) or not math.isfinite(value):
            raise SpaceError(
                f"{where}.{key} is {value!r}; it has to be a{' whole' if kind == 'int' else ''} number"
            )
    if not isinstance(options.get("log", False), bool):
        raise SpaceError(f"{where}.log is {options['log']!r}; it has to be true or false")
    if options["low"] > options["high"]:
        raise SpaceError(f"{where}: low {options['low']} is above high {options['high']}; swap them")
    if options.get("step", 1) <= 0:
        raise SpaceError(f"{where}.step is {options['step']}; it has to be above 0")
    if options.get("log") and (options["low"] <= 0 or "step" in options):
        raise SpaceError(f"{where}: log needs low above 0 and no step; low is {options['low']}")


def _conditions(when: Any, earlier: set[str], where: str) -> dict[str, tuple[Value, ...]]:
    if not isinstance(when, dict):
        raise SpaceError(f"{where}.when is {when!r}; write a table such as {{ layers = [2, 3] }}")
    for name, values in when.items():
        if name not in earlier:
            raise SpaceError(
                f"{where}.when names '{name}', which is neither fixed nor a parameter that stands above it"
            )
        if not isinstance(values, list) or not values:
            raise SpaceError(f"{where}.when.{name} is {values!r}; give a list of values")
    return {name: tuple(values) for name, values in when.items()}


def _check_values(space: Space, source: str) -> None:
    """Let the architecture refuse values: one at a time on top of the seed, then all the highest."""
    base, *starts = space.prescribed
    _check_config(space.architecture, base, f"{source}: seed and fixed")
    for number, start in enumerate(starts, start=1):
        _check_config(space.architecture, start, f"{source}: starts, number {number}")
    for parameter in space.parameters:
        called_for = {**base, **{name: allowed[0] for name, allowed in parameter.when.items()}}
        for value in parameter.extremes:
            where = f"{source}: parameters.{parameter.name}"
            _check_config(space.architecture, {**called_for, parameter.name: value}, where)
    highest = dict(space.fixed)
    for parameter in space.active(highest):
        highest[parameter.name] = max(parameter.extremes, key=lambda v: (isinstance(v, int | float), v))
    _check_config(space.architecture, highest, f"{source}: all parameters at their highest")


def _check_config(architecture: str, params: dict[str, Value], where: str) -> None:
    try:
        split_params(architecture, params)
    except ConfigError as error:
        raise SpaceError(f"{where}: {error}") from error
