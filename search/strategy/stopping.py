"""When a trial ends before its last epoch: pruned for what others reached, or ended at its best."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import optuna
from optuna.pruners import BasePruner, NopPruner

from search.strategy.pruners import extrapolation, halving, hyperband, percentile
from search.strategy.strategy import Strategy


class Verdict(Enum):
    """What becomes of a trial after an epoch."""

    GO_ON = "go on"
    PRUNE = "prune"
    END = "end at its best"


def make_pruner(strategy: Strategy, epochs: int | None = None) -> BasePruner:
    """Give the pruner of a strategy, for trials of up to so many epochs; None where that is not known."""
    match strategy.pruner:
        case "percentile":
            return percentile.make(strategy)
        case "halving":
            return halving.make(strategy)
        case "hyperband":
            return hyperband.make(strategy, epochs)
        case "extrapolation":
            return extrapolation.make(strategy)
    return NopPruner()


def judge(strategy: Strategy, trial: optuna.Trial, scores: Sequence[float]) -> Verdict:
    """Say what becomes of a trial whose epochs so far scored `scores`, all of them reported.

    Trial 0 trains to its end, as published.
    """
    if trial.number == 0:
        return Verdict.GO_ON
    if trial.should_prune():
        return Verdict.PRUNE
    return Verdict.END if has_stalled(strategy, scores) else Verdict.GO_ON


def has_stalled(strategy: Strategy, scores: Sequence[float]) -> bool:
    """Tell whether the patience is used up since the last gain that was worth its time."""
    if strategy.patience is None:
        return False
    gained, best = 0, float("-inf")
    for epoch, score in enumerate(scores, start=1):
        if score > best + strategy.min_gain:
            gained, best = epoch, score
    return len(scores) - gained >= strategy.patience
