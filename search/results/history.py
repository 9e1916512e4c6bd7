"""How a study came to its figures, as the database has it: trials, what mattered, the opening of the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from search.results.importance import importance
from search.study.record import StudyRecord

ENDS = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class Ended:
    """A trial that ended.

    Attributes
    ----------
    number : int
    end : {"finished", "pruned", "failed"}
    value : float or None
        Validation Spearman: of the best epoch, or where it was pruned of the last.
    curve : tuple of (int, float)
        Epoch and validation Spearman.
    params : dict
    """

    number: int
    end: str
    value: float | None
    curve: tuple[tuple[int, float], ...]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """What the database knows of a finished study.

    Attributes
    ----------
    trials : tuple of Ended
    importance : dict of str to float
        See `search.results.importance`.
    opened : dict or None
        When the test set was opened (at), for which trial, and the digest of the weights.
    """

    trials: tuple[Ended, ...]
    importance: Mapping[str, float]
    opened: Mapping[str, Any] | None


def read_history(record: StudyRecord) -> History:
    """Read the history of a study."""
    trials = tuple(_ended(trial) for trial in record.trials(*ENDS))
    return History(trials, importance(record.trials(TrialState.COMPLETE)), record.attribute("test_opened"))


def _ended(trial: FrozenTrial) -> Ended:
    curve = tuple(sorted(trial.intermediate_values.items()))
    params = trial.user_attrs.get("params", trial.params)
    return Ended(trial.number, ENDS[trial.state], trial.value, curve, params)
