"""Which hyperparameters mattered in a search, where enough trials finished to tell."""

from __future__ import annotations

import warnings
from collections.abc import Container, Sequence
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

FEWEST = 10
"""Finished trials from which on one can say what mattered."""
TOO_FEW = "Too few trials finished to tell which hyperparameters mattered."


def importance(finished: Sequence[FrozenTrial]) -> dict[str, float]:
    """Give the share of each hyperparameter in whether a trial is among the best tenth.

    Parameters
    ----------
    finished : sequence of FrozenTrial
        The finished trials of a study; the highest value is the best.

    Returns
    -------
    dict of str to float
        By PED-ANOVA (Watanabe et al. 2023), highest first; empty where too few trials finished.
    """
    if len(finished) < FEWEST:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of being experimental
        shares = optuna.importance.get_param_importances(_Finished(finished))
    return dict(sorted(shares.items(), key=lambda share: -share[1]))


class _Finished(optuna.Study):
    """A study of trials that were read already: adding thousands to a real one takes a second."""

    def __init__(self, finished: Sequence[FrozenTrial]) -> None:
        super().__init__("finished", _OneStudy())
        self._finished = list(finished)

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        del deepcopy, states  # all are finished, and nobody changes them
        return self._finished

    @property
    def trials(self) -> list[Any]:
        return self._finished


class _OneStudy(InMemoryStorage):
    """Storage of a study that need not be made, since making one is logged."""

    def get_study_id_from_name(self, study_name: str) -> int:
        del study_name
        return 0

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        del study_id
        return [StudyDirection.MAXIMIZE]
