"""A study's best config as a search space in TOML, with which the search can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

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
    return _HEAD.format(**result) + "\n" + tomli_w.dumps(content)
