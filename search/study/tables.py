"""Optuna's tables, read by SQL: its own functions take a minute for hundreds of studies.

Nothing public gives these figures in one query; a test compares them with Optuna's and names the version of
the tables.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy
from sqlalchemy import DateTime, bindparam, text

from search.study.states import OPEN_STATES, State

ATTRIBUTES = """
    SELECT s.study_id, s.study_name, a.key, a.value_json
    FROM studies s JOIN study_user_attributes a ON a.study_id = s.study_id
    WHERE a.key IN ('spec', 'state', 'budget', 'reason', 'result', 'test_opened', 'time_budget')
    ORDER BY s.study_id
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

DATA = """
    SELECT value_json FROM study_user_attributes WHERE key = 'data'
    GROUP BY value_json ORDER BY MAX(study_id) DESC
"""


CHANGING = text(ATTRIBUTES.replace("'spec', ", ""))
SPECS = text("""
    SELECT study_id, value_json FROM study_user_attributes WHERE key = 'spec' AND study_id > :last
""")
NEW_TRIALS = (
    text("""
    SELECT t.trial_id, t.study_id, t.number, CAST(t.state AS VARCHAR) AS state,
    t.datetime_start, t.datetime_complete, v.value
    FROM trials t LEFT JOIN trial_values v ON v.trial_id = t.trial_id
    WHERE t.trial_id > :last OR t.trial_id IN :open ORDER BY t.datetime_complete, t.trial_id
""")
    .bindparams(bindparam("open", expanding=True))
    .columns(datetime_start=DateTime, datetime_complete=DateTime)
)

LAST_EPOCHS = text("""
    SELECT trial_id, MAX(step) AS epoch FROM trial_intermediate_values
    WHERE trial_id IN :trials GROUP BY trial_id
""").bindparams(bindparam("trials", expanding=True))


@dataclass
class StudyFigures:
    """A study as it stands in the tables: its attributes, its trials by state, and its best value."""

    name: str
    attributes: dict[str, Any] = field(default_factory=dict)
    trials: dict[str, int] = field(default_factory=dict)
    best: float | None = None


@dataclass(frozen=True)
class TrialRow:
    """A trial of a study: its state and value; times are naive, in UTC, as Optuna writes them."""

    trial: int
    study: int
    number: int
    state: str
    started: datetime | None
    ended: datetime | None
    value: float | None


@dataclass(frozen=True)
class OpenStudy:
    """A study that is not at its end: its state, and when somebody last asked for it."""

    state: State
    asked: str | None


def study_figures(engine: sqlalchemy.Engine) -> list[StudyFigures]:
    """Read all studies, in the order in which they were made."""
    found: dict[int, StudyFigures] = {}
    with engine.connect() as connection:
        for study, name, key, value in connection.execute(text(ATTRIBUTES)):
            found.setdefault(study, StudyFigures(name)).attributes[key] = json.loads(value)
        for study, state, trials in connection.execute(text(COUNTS)):
            if study in found:
                found[study].trials[state] = trials
        for study, best in connection.execute(text(BEST)):
            if study in found:
                found[study].best = best
    return list(found.values())


def data_folders(engine: sqlalchemy.Engine) -> list[str]:
    """Give the folders of measurements that studies were made with, those of the latest study first."""
    with engine.connect() as connection:
        return [json.loads(value) for (value,) in connection.execute(text(DATA))]


def study_attributes(connection: sqlalchemy.Connection, specs: dict[int, Any]) -> dict[int, StudyFigures]:
    """Read the attributes of all studies, by their numbers.

    A specification is long and never changes: `specs` has those that were read before, and gets the new ones.
    """
    for study, value in connection.execute(SPECS, {"last": max(specs, default=0)}):
        specs[study] = json.loads(value)
    found: dict[int, StudyFigures] = {}
    for study, name, key, value in connection.execute(CHANGING):
        figures = found.get(study)
        if figures is None:
            figures = found[study] = StudyFigures(name, {"spec": specs[study]} if study in specs else {})
        figures.attributes[key] = _parsed(value)
    return found


def new_trials(connection: sqlalchemy.Connection, last: int, open_trials: Collection[int]) -> list[TrialRow]:
    """Read the trials above the number `last` and those that had not ended, in the order of their ends."""
    found = connection.execute(NEW_TRIALS, {"last": last, "open": [*open_trials]})
    return [TrialRow(*row) for row in found.all()]


def last_epochs(connection: sqlalchemy.Connection, trials: Collection[int]) -> dict[int, int]:
    """Give the last epoch that each of some trials has reported, by their numbers in the database."""
    found = connection.execute(LAST_EPOCHS, {"trials": [*trials]})
    return {row.trial_id: row.epoch for row in found}


@lru_cache(maxsize=4096)
def _parsed(value: str) -> Any:
    return json.loads(value)


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
