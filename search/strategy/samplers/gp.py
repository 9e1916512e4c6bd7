"""A Gaussian process over the parameters that every trial has; the others are drawn independently.

It learns from finished trials alone: where most are pruned it draws at random for long.
"""

from __future__ import annotations

from importlib.util import find_spec

from optuna.samplers import BaseSampler, GPSampler

from data_io.errors import ConfigError
from search.strategy.strategy import Strategy


def make(strategy: Strategy, seed: int) -> BaseSampler:
    """Give the sampler for one draw.

    Raises
    ------
    ConfigError
        Without SciPy, with which Optuna fits the process.
    """
    if find_spec("scipy") is None:
        raise ConfigError("strategy.sampler = 'gp': needs scipy; pip install 'rbptune[gp]'")
    return GPSampler(seed=seed, n_startup_trials=strategy.startup_trials, warn_independent_sampling=False)
