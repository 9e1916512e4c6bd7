"""Ends what is not among the best share of the finished trials at the same epoch."""

from __future__ import annotations

from optuna.pruners import BasePruner, PercentilePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from search.strategy.strategy import Strategy


class StagedPruner(BasePruner):
    """Asks one pruner before an epoch and another from it on."""

    def __init__(self, early: BasePruner, late: BasePruner, epoch: int) -> None:
        self._early, self._late, self._epoch = early, late, epoch

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial is to end; see `optuna.pruners.BasePruner`."""
        is_early = trial.last_step is not None and trial.last_step < self._epoch
        return (self._early if is_early else self._late).prune(study, trial)


def make(strategy: Strategy) -> BasePruner:
    """Give the pruner of a study."""
    late = _keeping(strategy, strategy.keep_percent, strategy.warmup_epochs)
    if strategy.early_keep_percent is None:
        return late
    return StagedPruner(_keeping(strategy, strategy.early_keep_percent, 0), late, strategy.warmup_epochs)


def _keeping(strategy: Strategy, percent: float, warmup_epochs: int) -> PercentilePruner:
    return PercentilePruner(
        percent, n_startup_trials=strategy.pruner_startup_trials, n_warmup_steps=warmup_epochs
    )
