"""Ends what is not among the best share of the finished trials at the same epoch."""

from __future__ import annotations

from optuna.pruners import BasePruner, PercentilePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from search.strategy.strategy import Strategy


class EitherPruner(BasePruner):
    """Ends a trial that one of two pruners would end."""

    def __init__(self, first: BasePruner, second: BasePruner) -> None:
        self._pruners = first, second

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial is to end; see `optuna.pruners.BasePruner`."""
        return any(pruner.prune(study, trial) for pruner in self._pruners)


def make(strategy: Strategy) -> BasePruner:
    """Give the pruner of a study."""
    usual = _keeping(strategy, strategy.keep_percent, strategy.warmup_epochs)
    if strategy.early_keep_percent is None:
        return usual
    # Later on it ends nothing that the usual one would not: it keeps as many, or more.
    return EitherPruner(_keeping(strategy, strategy.early_keep_percent, 0), usual)


def _keeping(strategy: Strategy, percent: float, warmup_epochs: int) -> PercentilePruner:
    return PercentilePruner(
        percent, n_startup_trials=strategy.pruner_startup_trials, n_warmup_steps=warmup_epochs
    )
