"""A watch, look after look, against what reads everything anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.study.database import connect
from search.study.lock import driver_lock
from search.study.status import read_status
from search.study.trial_tables import StudyTrials, finished_trials
from search.study.watch import Watch, trials_left
from search.study.workspace import Workspace
from tests.support.studies import add_trials, make_study, move


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """On a database of each kind."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql")
    return Workspace(tmp_path, url)


def seen(watch: Watch) -> list[dict[str, object]]:
    return [{key: row[key] for key in row if key not in ("id", "progress", "params")} for row in watch.look()]


def test_each_look_agrees_with_a_fresh_one(any_workspace: Workspace) -> None:
    study = make_study(any_workspace)
    watch = Watch(any_workspace)
    assert seen(watch) == read_status(any_workspace)
    with driver_lock(any_workspace):
        move(study, "searching")
        add_trials(study, [0.3, 0.5], TrialState.COMPLETE)
        add_trials(study, [0.2], TrialState.PRUNED)
        add_trials(study, [0.1], TrialState.RUNNING)
        assert seen(watch) == read_status(any_workspace)
        study.tell(3, 0.6)
        add_trials(study, [0.4], TrialState.FAIL)
        add_trials(study, [0.4], TrialState.RUNNING)
        make_study(any_workspace, architecture="rnn")
        assert seen(watch) == read_status(any_workspace)
    assert seen(watch) == read_status(any_workspace)
    assert [row["state"] for row in watch.look()] == ["interrupted", "queued"]
    (key,) = watch.look()[0]["progress"].running
    assert watch.epochs([key]) == {key: 5}
    with connect(any_workspace).connect() as connection:
        trials = StudyTrials(watch.look()[0]["id"])
        first = trials.look(connection)
        assert trials.look(connection) == first
        curves = trials.curves(connection, first[1:])
        assert trials.curves(connection, first[1:]) == curves
    expected = {trial.number: [*trial.intermediate_values.items()] for trial in study.trials[1:]}
    assert curves == expected
    assert [(trial.state, trial.epoch) for trial in first] == [
        ("COMPLETE", 5), ("COMPLETE", 5), ("PRUNED", 5), ("COMPLETE", 5), ("FAIL", 5), ("RUNNING", 5)
    ]  # fmt: skip
    assert first[1].params == {"motif_length": 5, "learning_rate": 0.0011}


def test_what_is_best_and_how_long_the_rest_takes(workspace: Workspace) -> None:
    study = make_study(workspace, budget=10)
    add_trials(study, [0.3, 0.2, 0.5, 0.4], TrialState.COMPLETE)
    add_trials(study, [0.9], TrialState.PRUNED)
    (row,) = Watch(workspace).look()
    progress = row["progress"]
    assert progress.best == [(1, 0.3), (3, 0.5)]
    assert progress.seconds_left(10) == 5 * 60  # each of the five took a minute
    assert progress.seconds_left(4) == 0
    assert trials_left([row]) == 5


def test_the_pace_is_that_of_the_last_hour(workspace: Workspace) -> None:
    study = make_study(workspace)
    add_trials(study, [0.3, 0.2])  # long ago
    watch = Watch(workspace)
    watch.look()
    assert watch.trials_an_hour() == 0
    trial = study.ask()
    study.tell(trial, 0.4)
    watch.look()
    assert watch.trials_an_hour() > 1


def test_finished_trials_are_those_of_optuna(any_workspace: Workspace) -> None:
    study = make_study(any_workspace)
    make_study(any_workspace, architecture="rnn")
    add_trials(study, [0.3, 0.5])
    add_trials(study, [0.2], TrialState.PRUNED)
    with connect(any_workspace).connect() as connection:
        read = finished_trials(connection, study._study_id)
    assert [(trial.number, trial.value, trial.params, trial.distributions) for trial in read] == [
        (trial.number, trial.value, trial.params, trial.distributions) for trial in study.trials[:2]
    ]
