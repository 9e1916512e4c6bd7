"""Asynchronous successive halving, ASHA (Li et al. 2020): at each rung one of a few goes on.

Optuna notes with the trial that a rung was judged: one whose driver is killed right then goes on to the next.
"""

from __future__ import annotations

from optuna.pruners import BasePruner, SuccessiveHalvingPruner

from search.strategy.strategy import Strategy


def make(strategy: Strategy) -> BasePruner:
    """Give the pruner of a study."""
    return SuccessiveHalvingPruner(
        min_resource=max(1, strategy.warmup_epochs), reduction_factor=strategy.reduction
    )
