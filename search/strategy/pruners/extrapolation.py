"""Ends what could not become a finalist, if it gained from here what most finished trials gained.

A plain form of extrapolating learning curves (Domhan et al. 2015), ours: no curve is fitted; the gains of the
study's own finished trials from the same epoch on are what a trial may hope for.
"""

from __future__ import annotations

import numpy as np
from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from search.strategy.strategy import Strategy


class ExtrapolatingPruner(BasePruner):
    """Compares the best that a trial may hope for with what the best trials have.

    Parameters
    ----------
    hoped_gain : float
        The share of finished trials whose further gain is hoped for at most.
    places : int
        Trials that are wanted in the end: one that may still come among so many goes on.
    startup_trials : int
        Finished trials before any is ended.
    warmup_epochs : int
        Epochs before a trial is ended.
    """

    def __init__(self, hoped_gain: float, places: int, startup_trials: int, warmup_epochs: int) -> None:
        self._hoped_gain = hoped_gain
        self._places = places
        self._startup_trials = startup_trials
        self._warmup_epochs = warmup_epochs

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial is to end; see `optuna.pruners.BasePruner`."""
        epoch = trial.last_step
        if epoch is None or epoch < self._warmup_epochs:
            return False
        finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        values = sorted(other.value for other in finished if other.value is not None)
        if len(values) < max(self._startup_trials, self._places):
            return False
        gains = [best_until(other, None) - best_until(other, epoch) for other in finished]
        hoped = best_until(trial, epoch) + float(np.quantile(gains, self._hoped_gain))
        return hoped < values[-self._places]


def best_until(trial: FrozenTrial, epoch: int | None) -> float:
    """Give the highest score of a trial up to an epoch, or up to its end."""
    scores = trial.intermediate_values.items()
    return max((score for step, score in scores if epoch is None or step <= epoch), default=0.0)


def make(strategy: Strategy) -> BasePruner:
    """Give the pruner of a study."""
    return ExtrapolatingPruner(
        strategy.hoped_gain, strategy.finalists, strategy.pruner_startup_trials, strategy.warmup_epochs
    )
