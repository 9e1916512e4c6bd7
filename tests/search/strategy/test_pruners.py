"""The pruners on curves whose ends can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
import pytest

from search.strategy.stopping import make_pruner
from search.strategy.strategy import Strategy

EPOCHS = 9
RISING = [[0.1 * best * (1 - 0.5**epoch) for epoch in range(1, EPOCHS + 1)] for best in range(1, 7)]


def study_of(strategy: Strategy, curves: Sequence[Sequence[float]]) -> optuna.Study:
    study = optuna.create_study(direction="maximize", pruner=make_pruner(strategy, EPOCHS), study_name="s")
    for curve in curves:
        run(study, curve)
    return study


def run(study: optuna.Study, curve: Sequence[float]) -> int:
    """Report a curve until it is pruned; the epochs that it trained."""
    trial = study.ask()
    for epoch, score in enumerate(curve, start=1):
        trial.report(score, epoch)
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return epoch
    study.tell(trial, max(curve))
    return len(curve)


@pytest.mark.parametrize("pruner", ["percentile", "halving", "extrapolation"])
def test_the_best_goes_on_and_the_worst_ends(pruner: str) -> None:
    strategy = Strategy(pruner=pruner, warmup_epochs=1, pruner_startup_trials=3, finalists=2)
    study = study_of(strategy, RISING)
    assert run(study, [score + 0.01 for score in RISING[-1]]) == EPOCHS
    assert run(study, [score - 0.01 for score in RISING[0]]) < EPOCHS


FINISHED = [[0.1 * best] * EPOCHS for best in range(1, 6)]


@pytest.mark.parametrize(("score", "epochs"), [(0.21, 1), (0.23, 3), (0.35, EPOCHS)])
def test_percentiles_keep_more_before_their_warm_up(score: float, epochs: int) -> None:
    """70 % of the finished trials are better than 0.22, 40 % than 0.34."""
    study = study_of(Strategy(), FINISHED)
    assert run(study, [score] * EPOCHS) == epochs


def test_without_a_share_for_it_nothing_ends_before_the_warm_up() -> None:
    study = study_of(Strategy(early_keep_percent=None), FINISHED)
    assert run(study, [0.0] * EPOCHS) == Strategy.warmup_epochs


def test_without_a_pruner_nothing_ends() -> None:
    study = study_of(Strategy(pruner="none"), RISING)
    assert run(study, [0.0] * EPOCHS) == EPOCHS


def test_hyperband_ends_some_of_the_worst_at_each_of_its_rungs() -> None:
    """Its brackets begin to end trials after 1, 3 and 9 epochs; the number of a trial chooses one."""
    study = study_of(Strategy(pruner="hyperband", warmup_epochs=1), [*RISING, *RISING])
    assert {run(study, [score - 0.01 for score in RISING[0]]) for _ in range(20)} == {1, 3, EPOCHS}


def test_halving_decides_at_its_rungs() -> None:
    study = study_of(Strategy(pruner="halving", warmup_epochs=2, reduction=2), RISING)
    assert run(study, RISING[0]) == 2
    assert run(study, [*RISING[-1][:3], *[0.0] * 6]) == 4


@pytest.mark.parametrize(("score", "epochs"), [(0.161, EPOCHS), (0.159, 3)])
def test_a_trial_may_hope_for_what_others_gained(score: float, epochs: int) -> None:
    """From its third epoch on each of the others gained 0.04; the second best of them has 0.2."""
    finished = [[best - 0.1, best - 0.06, best - 0.04, *[best] * 6] for best in (0.1, 0.15, 0.2, 0.3)]
    strategy = Strategy(pruner="extrapolation", pruner_startup_trials=4, finalists=2, hoped_gain=0.5)
    study = study_of(strategy, finished)
    assert run(study, [0.05, 0.1, score, *[0.2] * 6]) == epochs


def test_a_fallen_score_counts_as_what_it_was() -> None:
    finished = [[best - 0.1, best - 0.06, best - 0.04, *[best] * 6] for best in (0.1, 0.15, 0.2, 0.3)]
    strategy = Strategy(pruner="extrapolation", pruner_startup_trials=4, finalists=2, hoped_gain=0.5)
    assert run(study_of(strategy, finished), [0.05, 0.17, 0.0, *[0.2] * 6]) == EPOCHS
