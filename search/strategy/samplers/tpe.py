"""Tree-structured Parzen estimators (Bergstra et al. 2011), multivariate (Falkner et al. 2018) by default.

The share of trials that it takes for good is Optuna's own: its argument gamma is deprecated there.
"""

from __future__ import annotations

from optuna.samplers import BaseSampler, TPESampler

from search.strategy.strategy import Strategy


def make(strategy: Strategy, seed: int) -> BaseSampler:
    """Give the sampler for one draw."""
    return TPESampler(
        seed=seed,
        n_startup_trials=strategy.startup_trials,
        multivariate=strategy.multivariate,
        group=strategy.multivariate,
        constant_liar=True,
    )
