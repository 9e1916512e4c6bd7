"""The samplers: Optuna's, with each trial's randomness a function of study and trial number alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from search.strategy.samplers import gp, tpe
from search.strategy.seeds import derive_seed
from search.strategy.strategy import Strategy

MAKERS: dict[str, Callable[[Strategy, int], BaseSampler]] = {
    "tpe": tpe.make,
    "random": lambda _, seed: RandomSampler(seed),
    "gp": gp.make,
}


def make_sampler(strategy: Strategy, seed: int) -> BaseSampler:
    """Give the sampler of a strategy."""
    return Repeatable(partial(MAKERS[strategy.sampler], strategy), seed)


class Repeatable(BaseSampler):
    """Draws the same for the same seed, study, trial number and history.

    Optuna's own seeded samplers go through one random stream, so that a restart repeats the first draws
    and a trial whose draw was cut off cannot be drawn again. Here each draw has a sampler of its own.

    Parameters
    ----------
    make : callable
        Gives a sampler for a seed.
    seed : int
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self._make = make
        self._seed = seed
        self._relative = make(seed)

    def _sampler(self, *parts: object) -> BaseSampler:
        return self._make(derive_seed(self._seed, *parts))

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Find what can be drawn together; see `optuna.samplers.BaseSampler`."""
        self._relative = self._sampler(study.study_name, trial.number)
        return self._relative.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the parameters that depend on one another; see `optuna.samplers.BaseSampler`."""
        return self._relative.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter by itself; see `optuna.samplers.BaseSampler`."""
        sampler = self._sampler(study.study_name, trial.number, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Do nothing: no random stream is carried from trial to trial."""
