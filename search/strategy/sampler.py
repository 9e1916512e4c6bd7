"""The sampler: Optuna's TPE, with each trial's randomness a function of study and trial number alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

STARTUP_TRIALS = 10


def derive_seed(*parts: object) -> int:
    """Give a seed in [0, 2**32) that depends on all of `parts` and on nothing else."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "little")


class RepeatableTPE(BaseSampler):
    """Multivariate TPE that draws the same for the same seed, study, trial number and history.

    Optuna's own seeded sampler goes through one random stream, so that a restart repeats the first draws
    and a trial whose draw was cut off cannot be drawn again. Here each draw starts a stream of its own.

    Parameters
    ----------
    seed : int
    startup_trials : int, default 10
        Trials drawn at random before TPE (Bergstra et al. 2011) models the results.
    """

    def __init__(self, seed: int, startup_trials: int = STARTUP_TRIALS) -> None:
        self._seed = seed
        self._startup_trials = startup_trials
        self._relative = self._sampler("unused")

    def _sampler(self, *parts: object) -> TPESampler:
        return TPESampler(
            seed=derive_seed(self._seed, *parts),
            n_startup_trials=self._startup_trials,
            multivariate=True,
            group=True,
            constant_liar=True,
        )

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
