"""The trials of one study, read by SQL: each look reads only what is new, however many trials there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import DateTime, bindparam, text

_NEW = "t.study_id = :study AND (t.trial_id > :last OR t.trial_id IN :open)"


def _new(statement: str) -> sqlalchemy.TextClause:
    return text(statement.format(new=_NEW)).bindparams(bindparam("open", expanding=True))


TRIALS = _new("""
    SELECT t.trial_id, t.number, CAST(t.state AS VARCHAR) AS state,
    t.datetime_start, t.datetime_complete, v.value,
    (SELECT i.step FROM trial_intermediate_values i WHERE i.trial_id = t.trial_id
    AND i.intermediate_value IS NOT NULL ORDER BY i.step DESC LIMIT 1) AS epoch
    FROM trials t LEFT JOIN trial_values v ON v.trial_id = t.trial_id WHERE {new} ORDER BY t.trial_id
""").columns(datetime_start=DateTime, datetime_complete=DateTime)
ATTRIBUTES = _new("""
    SELECT a.trial_id, a.key, a.value_json
    FROM trials t JOIN trial_user_attributes a ON a.trial_id = t.trial_id WHERE {new}
""")
CURVES = text("""
    SELECT t.number, i.step, i.intermediate_value
    FROM trials t JOIN trial_intermediate_values i ON i.trial_id = t.trial_id
    WHERE t.study_id = :study AND t.number IN :numbers AND i.intermediate_value IS NOT NULL
    ORDER BY t.number, i.step
""").bindparams(bindparam("numbers", expanding=True))

DRAWN = text("""
    SELECT t.trial_id, t.number, v.value, p.param_name, p.param_value, p.distribution_json
    FROM trials t JOIN trial_values v ON v.trial_id = t.trial_id
    JOIN trial_params p ON p.trial_id = t.trial_id
    WHERE t.study_id = :study AND CAST(t.state AS VARCHAR) = 'COMPLETE' ORDER BY t.trial_id
""")


ENDED = ("COMPLETE", "PRUNED", "FAIL")

Curve = list[tuple[int, float]]
"""Validation Spearman by epoch."""


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
    epoch : int, optional
        The last that has ended.
    attributes : dict
        What the driver noted: params, epoch, pearson, flag, reason.
    """

    number: int
    state: str
    started: datetime | None
    ended: datetime | None
    value: float | None
    epoch: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

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
        self._curves: dict[int, Curve] = {}
        self._last = 0

    def look(self, connection: sqlalchemy.Connection) -> list[Trial]:
        """List all trials, by their numbers."""
        still_open = [key for key, trial in self._trials.items() if trial.state not in ENDED]
        asked = {"study": self._study, "last": self._last, "open": still_open}
        fresh = {key: Trial(*values) for key, *values in connection.execute(TRIALS, asked).all()}
        noted = connection.execute(ATTRIBUTES, asked).all()
        contents = json.loads(
            f"[{','.join(text for _, _, text in noted)}]"
        )  # one call is three times as quick
        for (key, name, _), content in zip(noted, contents, strict=True):
            if key in fresh:
                fresh[key].attributes[name] = content
        self._trials |= fresh
        self._last = max(self._trials, default=0)
        return list(self._trials.values())

    def curves(self, connection: sqlalchemy.Connection, trials: Iterable[Trial]) -> dict[int, Curve]:
        """Give the curves of some trials by their numbers; those without an epoch are left out."""
        asked = {trial.number: trial.state in ENDED for trial in trials if trial.epoch}
        unknown = [number for number in asked if number not in self._curves]
        found: defaultdict[int, Curve] = defaultdict(list)
        rows = connection.execute(CURVES, {"study": self._study, "numbers": unknown}).all() if unknown else ()
        for number, epoch, value in rows:
            found[number].append((epoch, value))
        self._curves |= {number: curve for number, curve in found.items() if asked[number]}
        return {number: self._curves.get(number) or found[number] for number in asked}


def finished_trials(connection: sqlalchemy.Connection, study: int) -> list[FrozenTrial]:
    """List a study's finished trials as Optuna knows them: their values and what was drawn, no curves."""
    rows = connection.execute(DRAWN, {"study": study}).all()
    found: dict[int, FrozenTrial] = {}
    for trial, number, value, name, drawn, distribution in rows:
        if trial not in found:
            found[trial] = _finished(trial, number, value)
        kind = _distribution(distribution)
        found[trial].params[name] = kind.to_external_repr(drawn)
        found[trial].distributions[name] = kind
    return list(found.values())


def _finished(trial: int, number: int, value: float) -> FrozenTrial:
    return FrozenTrial(
        number=number,
        state=TrialState.COMPLETE,
        value=value,
        datetime_start=None,
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=trial,
    )


@lru_cache(maxsize=1024)
def _distribution(text_of_it: str) -> BaseDistribution:
    return json_to_distribution(text_of_it)
