"""Ends what is not among the best share of the finished trials at the same epoch."""

from __future__ import annotations

from optuna.pruners import BasePruner, PercentilePruner

from search.strategy.strategy import Strategy


def make(strategy: Strategy) -> BasePruner:
    """Give the pruner of a study."""
    return PercentilePruner(
        strategy.keep_percent,
        n_startup_trials=strategy.pruner_startup_trials,
        n_warmup_steps=strategy.warmup_epochs,
    )
