"""The trials of one study, read by SQL: each look reads only what is new, however many trials there are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import DateTime, bindparam, text

_NEW = "t.study_id = :study AND (t.trial_id > :last OR t.trial_id IN :open)"


def _new(statement: str) -> sqlalchemy.TextClause:
    return text(statement.format(new=_NEW)).bindparams(bindparam("open", expanding=True))


TRIALS = _new("""
    SELECT t.trial_id, t.number, CAST(t.state AS VARCHAR) AS state,
    t.datetime_start, t.datetime_complete, v.value
    FROM trials t LEFT JOIN trial_values v ON v.trial_id = t.trial_id WHERE {new} ORDER BY t.trial_id
""").columns(datetime_start=DateTime, datetime_complete=DateTime)
CURVES = _new("""
    SELECT i.trial_id, i.step, i.intermediate_value
    FROM trials t JOIN trial_intermediate_values i ON i.trial_id = t.trial_id
    WHERE {new} AND i.intermediate_value IS NOT NULL ORDER BY i.trial_id, i.step
""")
ATTRIBUTES = _new("""
    SELECT a.trial_id, a.key, a.value_json
    FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id WHERE {new}
""")


@dataclass(frozen=True)
class Trial:
    """A trial of a study.

    Attributes
    ----------
    number : int
    state : str
        Optuna's: COMPLETE, PRUNED, FAIL, RUNNING or WAITING.
    started, ended : datetime, optional
        Naive, in UTC.
    value : float, optional
    attributes : dict
        What the driver noted: params, epoch, pearson, flag, reason.
    curve : list of (int, float)
        Validation Spearman by epoch.
    """

    number: int
    state: str
    started: datetime | None
    ended: datetime | None
    value: float | None
    attributes: dict[str, Any] = field(default_factory=dict)
    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def params(self) -> dict[str, Any]:
        """The hyperparameters; empty before they are drawn."""
        found: dict[str, Any] = self.attributes.get("params") or {}
        return found

    @property
    def pearson(self) -> float | None:
        """The validation Pearson of its best (or last) epoch."""
        return self.attributes.get("pearson")

    @property
    def remark(self) -> str:
        """What sets it apart: constant, diverged, or why it failed."""
        return str(self.attributes.get("flag") or self.attributes.get("reason") or "")


class StudyTrials:
    """The trials of a study, looked at again and again; ended ones are read once.

    Parameters
    ----------
    study : int
        Its number in the database.
    """

    def __init__(self, study: int) -> None:
        self._study = study
        self._trials: dict[int, Trial] = {}
        self._last = 0

    def look(self, connection: sqlalchemy.Connection) -> list[Trial]:
        """List all trials, by their numbers."""
        still_open = [key for key, trial in self._trials.items() if trial.state in ("RUNNING", "WAITING")]
        asked = {"study": self._study, "last": self._last, "open": still_open}
        fresh = {key: Trial(*values) for key, *values in connection.execute(TRIALS, asked)}
        for key, step, value in connection.execute(CURVES, asked):
            if key in fresh:
                fresh[key].curve.append((step, value))
        for key, name, value in connection.execute(ATTRIBUTES, asked):
            if key in fresh:
                fresh[key].attributes[name] = json.loads(value)
        self._trials |= fresh
        self._last = max(self._trials, default=0)
        return list(self._trials.values())
