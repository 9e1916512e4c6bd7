"""Hyperband (Li et al. 2018): trials are dealt out to several halvings that begin later and later."""

from __future__ import annotations

from optuna.pruners import BasePruner, HyperbandPruner

from search.strategy.strategy import Strategy


def make(strategy: Strategy, epochs: int | None) -> BasePruner:
    """Give the pruner of a study; a sampler sees the trials of a trial's own bracket alone."""
    return HyperbandPruner(
        min_resource=max(1, strategy.warmup_epochs),
        max_resource="auto" if epochs is None else max(epochs, strategy.warmup_epochs, 1),
        reduction_factor=strategy.reduction,
    )
