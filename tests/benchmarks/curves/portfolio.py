"""Starts chosen on recorded curves, so that the first few cover all experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tomli_w

from search.strategy.portfolio import cover
from tests.benchmarks.curves.records import Record, key


def choose_starts(records: Sequence[Record], size: int) -> list[Mapping[str, Any]]:
    """Choose among the configs that every experiment has; the seed, which is tried anyway, is none of them.

    Parameters
    ----------
    records : sequence of Record
        Of one architecture, and of those experiments alone that may be known.
    size : int
    """
    by_config: dict[str, dict[str, Record]] = {}
    for record in sorted(records, key=lambda record: record.number):
        by_config.setdefault(key(record), {})[record.experiment] = record
    experiments = sorted({record.experiment for record in records})
    shared = [
        found
        for found in by_config.values()
        if set(found) == set(experiments) and all(record.number > 0 for record in found.values())
    ]
    scores = np.array([[found[name].best for name in experiments] for found in shared])
    return [shared[row][experiments[0]].params for row in cover(scores, size)]


def as_toml(starts: Sequence[Mapping[str, Any]], fixed: Mapping[str, Any]) -> str:
    """Give starts as a space's file has them, without what the space fixes."""
    own = [{name: value for name, value in start.items() if name not in fixed} for start in starts]
    return tomli_w.dumps({"starts": own})
