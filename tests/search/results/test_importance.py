"""Which hyperparameters mattered, in a search where one of two did."""

from __future__ import annotations

import logging

import optuna
import pytest
from optuna.trial import FrozenTrial, create_trial

from search.results.importance import FEWEST, importance

UNIT = optuna.distributions.FloatDistribution(0, 1)


def finished(trials: int) -> list[FrozenTrial]:
    """Trials whose value is one of their two hyperparameters, which are as many points of a grid."""
    found = [
        create_trial(
            value=number / trials,
            params={"idle": number * 7 % trials / trials, "learning_rate": number / trials},
            distributions={"idle": UNIT, "learning_rate": UNIT},
        )
        for number in range(trials)
    ]
    for number, trial in enumerate(found):
        trial.number, trial._trial_id = number, number
    return found


def test_what_mattered_stands_first_and_the_shares_are_those_of_optuna() -> None:
    trials = finished(30)
    shares = importance(trials)
    assert list(shares) == ["learning_rate", "idle"]
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    assert shares == pytest.approx(optuna.importance.get_param_importances(study))


def test_too_few_trials_tell_nothing() -> None:
    assert importance(finished(FEWEST - 1)) == {}
    assert importance(finished(FEWEST)) != {}


def test_nothing_is_logged_and_the_level_of_the_log_stays() -> None:
    told = list[logging.LogRecord]()
    handler = logging.Handler()
    handler.emit = told.append  # type: ignore[method-assign]
    before = optuna.logging.get_verbosity()
    logging.getLogger("optuna").addHandler(handler)
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        assert importance(finished(30))
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)
        logging.getLogger("optuna").removeHandler(handler)
    assert told == []
