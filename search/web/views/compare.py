"""Chosen studies side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.web.asked import Asked
from search.web.charts import best_trial, curves_of, shown
from search.web.site import Site
from search.web.views.study import finished

MOST = 8  # studies; more curves than that cannot be told apart


def compare(site: Site, asked: Asked) -> dict[str, Any]:
    """Give the chosen studies, in the order in which they were chosen; unknown ones are named."""
    known = {row["study"]: row for row in site.board.current()}
    names = list(dict.fromkeys(asked.query.get("study", ())))
    chosen = [known[name] for name in names if name in known][:MOST]
    trials = [site.trials(row["id"]) for row in chosen]
    columns = [
        {**row, **finished(site, row), "params": _params(row, best_trial(tried))}
        for row, tried in zip(chosen, trials, strict=True)
    ]
    curves = curves_of([(row["study"], tried) for row, tried in zip(chosen, trials, strict=True)])
    return {
        "studies": columns,
        "settings": _settings([column["params"] for column in columns]),
        "curves": shown(curves),
        "unknown": [name for name in names if name not in known],
        "left_out": max(0, len(names) - MOST),
        "most": MOST,
    }


def _params(row: Mapping[str, Any], best: Any) -> dict[str, Any]:
    """Give the config that won, or that is the best so far."""
    won: dict[str, Any] = row["params"] or (best.params if best else {})
    return won


def _settings(configs: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any], bool]]:
    """Lay configs side by side: name, a value each, and whether they differ."""
    names = list(dict.fromkeys(name for config in configs for name in config))
    rows = [(name, [config.get(name) for config in configs]) for name in names]
    return [(name, values, len({str(value) for value in values}) > 1) for name, values in rows]
