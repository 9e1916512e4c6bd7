"""A study's best config as a search space in TOML, with which the search can be run again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from data_io.errors import SpaceError
from search.strategy.space_files import parse_space

_HEAD = """\
# The best config of {study}: with this file it is trial 0 of another search,
#
#     rbptune launch {experiment} --data DIR --space space.toml --trials 1 --workspace NEW
#
# and with more trials the search goes on from it in the same space.
"""


def best_config_toml(result: Mapping[str, Any]) -> str | None:
    """Give the space of a study with its best config in place of the seed; None where it is not known.

    Parameters
    ----------
    result : dict
        result.json.

    Raises
    ------
    SpaceError
        When the config is none that this version could run.
    """
    space = ((result.get("provenance") or {}).get("spec") or {}).get("space")
    if not isinstance(space, Mapping):
        return None
    content = {**space, "seed": dict(result["params"]), "starts": []}
    parse_space(content, f"study {result['study']}: its best config")
    return _HEAD.format(**result) + "\n" + as_toml(content)


def as_toml(space: Mapping[str, Any]) -> str:
    """Give the plain values of a space (`Space.to_dict`) as a file that `read_space` reads."""
    lines = [f"architecture = {_value(space['architecture'])}", ""]
    for section in ("fixed", "seed"):
        lines += [f"[{section}]", *_entries(space.get(section) or {}), ""]
    for start in space.get("starts") or []:
        lines += ["[[starts]]", *_entries(start), ""]
    lines += ["[parameters]", *_entries(space["parameters"])]
    return "\n".join(lines) + "\n"


def _entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_value(value)}" for name, value in table.items()]


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _value(name)


def _value(value: Any) -> str:
    """Write a value; JSON's forms of texts, numbers and truth are TOML's, too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_entries(value)) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise SpaceError(f"{value!r} has no place in a search space; give numbers, texts, true or false")
