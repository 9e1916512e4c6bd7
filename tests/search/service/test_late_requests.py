"""Trials asked for, and the same command given again, when some of the work is done already."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_io.errors import StudyError
from search.service.notices import MemberRefitted, Notice, StudyDone, StudyStarted
from search.study.creation import queue_studies
from search.study.requests import ask_for_trials
from search.study.states import State
from search.study.storage import open_storage
from tests.support.played_fleet import EXPERIMENTS, Fleet, Playing, even


@pytest.fixture
def fleet(tmp_path: Path, simulated: Path) -> Fleet:
    return Fleet(tmp_path, simulated, hours=2.0)


@pytest.fixture
def study(tmp_path: Path, simulated: Path) -> Fleet:
    """One study of three trials, with all the time it needs."""
    return Fleet(tmp_path, simulated, hours=1000.0, experiments=EXPERIMENTS[:1], trials=3)


def test_the_same_command_goes_on_where_a_study_that_was_ended_for_time_is_done(fleet: Fleet) -> None:
    fleet.run(Playing(2, even), stop_after=1, ends=StudyDone)
    done = fleet.states.index(State.DONE)
    assert fleet.states.count(State.STOPPED) == 2
    before = fleet.trials[done]
    assert before < fleet.asked
    fleet.ask()
    fleet.run(Playing(2, even))
    assert fleet.states == [State.DONE] * 3
    assert fleet.trials[done] == before
    with pytest.raises(StudyError, match=f"opened after {before} trials; 101 would be chosen"):
        queue_studies(open_storage(fleet.workspace), fleet.specs, 101, fleet.folder)


def test_trials_that_are_asked_for_during_the_retraining_are_searched_before_the_test(study: Fleet) -> None:
    """However late: here when the ensemble is about to be tested."""

    def ask(notice: Notice) -> None:
        last = isinstance(notice, MemberRefitted) and notice.through == notice.total
        if last and study.trials == [3]:
            assert ask_for_trials(study.workspace, "SIMFOX", 6) == study.names

    study.run(Playing(2, even), hear=ask)
    (record,) = study.records
    assert (record.state, record.done, record.budget) == (State.DONE, 6, 6)
    assert record.attribute("result")["trials"] == 6
    started = [notice for notice in study.heard if isinstance(notice, StudyStarted)]
    assert [(notice.done, notice.budget) for notice in started] == [(0, 3), (3, 6)]
    assert sum(isinstance(notice, StudyDone) for notice in study.heard) == 1


def test_a_budget_that_was_raised_as_the_test_was_opened_adds_no_trial(study: Fleet) -> None:
    """A driver that is cut off between the two leaves both in the database."""

    class CutOffInTheTest(Playing):
        def submit(self, task: object) -> None:
            if str(getattr(task, "key", "")).endswith("#test"):
                study.records[0].set(budget=6)
                study.driver.stop("killed")
            else:
                super().submit(task)

    study.run(CutOffInTheTest(2, even))
    assert study.states == [State.STOPPED]
    opened = study.records[0].attribute("test_opened")
    assert opened is not None
    study.records[0].ask_for()
    study.run(Playing(2, even))
    (record,) = study.records
    assert (record.state, record.done) == (State.DONE, 3)
    assert record.attribute("test_opened") == opened


def test_fewer_trials_than_finalists_promise_no_more_retrainings_than_there_are(
    tmp_path: Path, simulated: Path
) -> None:
    one = Fleet(tmp_path, simulated, hours=1000.0, experiments=EXPERIMENTS[:1], trials=1)
    one.run(Playing(2, even))
    (started,) = [notice for notice in one.heard if isinstance(notice, StudyStarted)]
    counted = [notice for notice in one.heard if hasattr(notice, "total")]
    assert started.retrainings == 4
    assert [notice.total for notice in counted] == [4] * 4
