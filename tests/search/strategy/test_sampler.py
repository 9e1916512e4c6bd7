"""The sampler draws the same for the same seed, study, number and history, however often it was started."""

from __future__ import annotations

import optuna
import pytest

from data_io.errors import ConfigError
from search.strategy.sampler import make_sampler
from search.strategy.samplers import gp
from search.strategy.seeds import derive_seed
from search.strategy.strategy import Strategy

DEFAULT = Strategy()


def draw(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1, 1)
    if trial.suggest_categorical("deep", [True, False]):
        x += trial.suggest_int("layers", 1, 3)
    return x


def search(
    trials: int,
    seed: int = 1,
    name: str = "study",
    restart_every: int = 10**9,
    strategy: Strategy = DEFAULT,
) -> list[object]:
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    for number in range(trials):
        if number % restart_every == 0:
            study = optuna.load_study(study_name=name, storage=storage, sampler=make_sampler(strategy, seed))
        trial = study.ask()
        study.tell(trial, draw(trial))
    return [trial.params for trial in study.get_trials()]


@pytest.mark.parametrize(
    "strategy",
    [
        DEFAULT,
        Strategy(startup_trials=4, multivariate=False),
        Strategy(startup_trials=8, sampler="gp"),
        Strategy(sampler="random"),
    ],
)
def test_restarts_do_not_change_the_trials(strategy: Strategy) -> None:
    trials = 10 if strategy.sampler == "gp" else 25
    undisturbed = search(trials, strategy=strategy)
    assert search(trials, restart_every=1, strategy=strategy) == undisturbed
    assert search(trials, restart_every=7, strategy=strategy) == undisturbed


def test_a_gaussian_process_is_refused_without_what_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gp, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs scipy; pip install 'rbptune\[gp\]'"):
        make_sampler(Strategy(sampler="gp"), 1)


@pytest.mark.parametrize("changed", [{"seed": 2}, {"name": "other"}])
def test_seed_and_study_change_the_trials(changed: dict[str, object]) -> None:
    assert search(12) != search(12, **changed)


def test_no_two_trials_repeat_each_other() -> None:
    values = [params["x"] for params in search(25, restart_every=1)]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("history", [3, 15])
def test_a_draw_that_was_cut_off_is_drawn_again_the_same(history: int) -> None:
    """At random (few trials before) and by the model (many)."""
    drawn = []
    for cut_off in (False, True):
        storage = optuna.storages.InMemoryStorage()
        study = optuna.create_study(storage=storage, study_name="s", sampler=make_sampler(DEFAULT, 1))
        for _ in range(history):
            trial = study.ask()
            study.tell(trial, draw(trial))
        trial = study.ask()
        if cut_off:
            trial.suggest_float("x", -1, 1)
            study = optuna.load_study(study_name="s", storage=storage, sampler=make_sampler(DEFAULT, 1))
            trial = optuna.Trial(study, trial._trial_id)
        draw(trial)
        drawn.append(trial.params)
    assert drawn[0] == drawn[1]


def test_it_searches_better_than_at_random() -> None:
    def best(sampler: optuna.samplers.BaseSampler) -> float:
        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.optimize(lambda t: -sum((t.suggest_float(n, -1, 1) - 0.3) ** 2 for n in "abcd"), n_trials=60)
        return study.best_value

    seeds = range(3)
    modelled = [best(make_sampler(DEFAULT, seed)) for seed in seeds]
    random = [best(optuna.samplers.RandomSampler(seed=seed)) for seed in seeds]
    assert sum(modelled) > sum(random)


def test_derived_seeds_depend_on_every_part() -> None:
    seeds = {derive_seed(*parts) for parts in [(1, "a", 2), (1, "a", 3), (2, "a", 2), (1, "b", 2), (1, "a2")]}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**32 for seed in seeds)
