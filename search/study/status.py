"""Where every study stands, in three queries however many there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import text

from data_io.errors import StudyError
from search.study.database import connect, database_errors
from search.study.states import OPEN_STATES, State
from search.study.workspace import Workspace

ATTRIBUTES = """
    SELECT s.study_id, s.study_name, a.key, a.value_json
    FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id
    WHERE a.key IN ('spec', 'state', 'budget', 'reason', 'result', 'test_opened') ORDER BY s.study_id
"""
COUNTS = """
    SELECT study_id, CAST(state AS VARCHAR) AS state, COUNT(*) AS trials FROM trials GROUP BY study_id, state
"""
BEST = """
    SELECT t.study_id, MAX(v.value) AS best FROM trials t JOIN trial_values v ON v.trial_id = t.trial_id
    WHERE t.state = 'COMPLETE' GROUP BY t.study_id
"""
QUEUE = """
    SELECT s.study_name, a.key, a.value_json
    FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id
    WHERE a.key IN ('state', 'asked') ORDER BY s.study_id
"""


@dataclass(frozen=True)
class OpenStudy:
    """A study that is not at its end: its state, and when somebody last asked for it."""

    state: State
    asked: str | None


def read_status(workspace: Workspace) -> list[dict[str, Any]]:
    """List all studies, in the order in which they were made.

    Returns
    -------
    list of dict
        study, protein, experiment, species, architecture, state, reason, trials_done, trials_total,
        trials_pruned, trials_failed, trials_running, val_spearman, val_pearson, test_spearman,
        test_pearson and best_trial_spearman; figures that are not there yet are None. The validation and
        test figures of a done study are those of its retrained ensemble; before, val_spearman is the
        best trial's.

    Raises
    ------
    StorageError
    """
    engine = connect(workspace)
    with database_errors(workspace.storage_url), engine.connect() as connection:
        attributes: dict[int, dict[str, Any]] = defaultdict(dict)
        for study, name, key, value in connection.execute(text(ATTRIBUTES)):
            attributes[study] |= {"study": name, key: json.loads(value)}
        counts: dict[int, dict[str, int]] = defaultdict(dict)
        for study, state, trials in connection.execute(text(COUNTS)):
            counts[study][state] = trials
        best: dict[int, float] = {row[0]: row[1] for row in connection.execute(text(BEST))}
    engine.dispose()
    whole = {study: values for study, values in attributes.items() if {"spec", "state"} <= values.keys()}
    return [_row(values, counts[study], best.get(study)) for study, values in whole.items()]


def open_studies(engine: sqlalchemy.Engine) -> dict[str, OpenStudy]:
    """Give the studies that are queued or under way by their names, oldest first."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    with engine.connect() as connection:
        for name, key, value in connection.execute(text(QUEUE)):
            found[name][key] = json.loads(value)
    states = {state.value for state in OPEN_STATES}
    return {
        name: OpenStudy(State(values["state"]), values.get("asked"))
        for name, values in found.items()
        if values.get("state") in states
    }


def _row(attributes: dict[str, Any], counts: dict[str, int], best: float | None) -> dict[str, Any]:
    spec, result = attributes["spec"], attributes.get("result") or {}
    return {
        "study": attributes["study"],
        "protein": spec["protein"],
        "experiment": spec["experiment"],
        "species": spec["species"],
        "architecture": spec["space"]["architecture"],
        "state": attributes.get("state"),
        "reason": attributes.get("reason"),
        "trials_done": counts.get("COMPLETE", 0) + counts.get("PRUNED", 0),
        "trials_total": attributes.get("budget"),
        "trials_pruned": counts.get("PRUNED", 0),
        "trials_failed": counts.get("FAIL", 0),
        "trials_running": counts.get("RUNNING", 0),
        "val_spearman": result.get("val_spearman", best),
        "val_pearson": result.get("val_pearson"),
        "test_spearman": result.get("test_spearman"),
        "test_pearson": result.get("test_pearson"),
        "best_trial_spearman": best,
        "best_trial": result.get("best_trial"),
    }


def matching_studies(
    rows: list[dict[str, Any]], name: str, architecture: str | None = None, states: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Select the studies of a protein, experiment id or whole study name.

    Parameters
    ----------
    rows : list of dict
        As `read_status` gives them.
    name : str
        Compared without case.
    architecture : str, optional
        Of this one alone.
    states : collection of str
        In one of these states alone; any state where empty.

    Raises
    ------
    StudyError
        When there is none.
    """
    wanted = name.casefold()
    found = [
        row
        for row in rows
        if wanted in (row["study"].casefold(), row["protein"].casefold(), row["experiment"].casefold())
        and architecture in (None, row["architecture"])
    ]
    if not found:
        kind = f"{architecture} study" if architecture else "study"
        raise StudyError(f"no {kind} of '{name}' in this workspace; rbptune status lists what there is")
    chosen = [row for row in found if not states or row["state"] in states]
    if not chosen:
        stand = ", ".join(f"{row['study']} is {row['state']}" for row in found)
        raise StudyError(f"{name}: nothing is {' or '.join(states)} ({stand})")
    return chosen


def find_study(rows: list[dict[str, Any]], name: str, architecture: str) -> dict[str, Any]:
    """Find the one study of a protein (or experiment id, or whole study name) and architecture.

    Raises
    ------
    StudyError
        When there is none, or more than one.
    """
    whole = [row for row in rows if row["study"].casefold() == name.casefold()]
    found = whole or matching_studies(rows, name, architecture)
    if len(found) > 1:
        names = ", ".join(row["study"] for row in found)
        raise StudyError(f"{name}: several studies match ({names}); give the experiment id")
    return found[0]
