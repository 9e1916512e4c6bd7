"""Rank the finished studies: which architecture models which protein best, and with which hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from data_io.errors import StudyError
from search.results.export import read_result

Row = dict[str, Any]


def rank_studies(
    rows: Iterable[Mapping[str, Any]], artifacts: Callable[[str], Path] | None = None
) -> list[Row]:
    """Rank the architectures within each experiment of each protein.

    They are ranked by the validation score: the test score is shown, but choosing by it would make it a part
    of the search.

    Parameters
    ----------
    rows, artifacts
        As in `search.results.leaderboard.leaderboard`.

    Returns
    -------
    list of dict
        Sorted by protein, experiment and rank; to the keys of a row come rank (from 1), best (whether it is
        the best architecture of its experiment) and params (None where they cannot be read).
    """
    done = sorted((dict(row) for row in rows if row["state"] == "done"), key=_order)
    ranked = []
    for _, group in groupby(done, key=lambda row: (row["protein"], row["experiment"])):
        for rank, row in enumerate(group, 1):
            ranked.append(
                {**row, "rank": rank, "best": rank == 1, "params": _params(row["study"], artifacts)}
            )
    return ranked


def _order(row: Row) -> tuple[str, str, float, str]:
    score = row.get("val_spearman")
    return row["protein"], row["experiment"], -(score if score is not None else -1.0), row["architecture"]


def _params(study: str, artifacts: Callable[[str], Path] | None) -> dict[str, Any] | None:
    if artifacts is None:
        return None
    try:
        params = read_result(artifacts(study)).get("params")
    except StudyError:
        return None  # made on another machine, whose database is shared and whose files are not
    return params if isinstance(params, dict) else None
