"""Trials asked for, and the same command given again, when some of the work is done already."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_io.errors import StudyError
from search.service.notices import (
    FinalistRetrained,
    MemberRefitted,
    Notice,
    SearchCutShort,
    StudyDone,
    StudyStarted,
    TrialFinished,
)
from search.study.creation import queue_studies
from search.study.requests import ask_for_trials, ask_to_resume
from search.study.states import State
from search.study.storage import open_storage
from search.study.time_budget import TimeBudget
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


def test_what_is_asked_for_late_begins_no_trial_for_which_there_is_no_time(fleet: Fleet) -> None:
    """The same command once more, while the first study is retrained that was cut short."""

    def ask(notice: Notice) -> None:
        if isinstance(notice, MemberRefitted) and notice.through == notice.total and len(again) < 1:
            again.append(len(fleet.heard))
            fleet.ask()

    again: list[int] = []
    fleet.run(Playing(2, even), hear=ask)
    assert fleet.states == [State.DONE] * 3
    assert len(again) == 1
    assert fleet.passed <= 7200


def test_more_trials_that_are_asked_for_as_a_search_is_cut_short_are_searched(fleet: Fleet) -> None:
    def ask(notice: Notice) -> None:
        if isinstance(notice, TrialFinished) and not any(asked) and sum(fleet.trials) == 30:
            asked.append(True)
            for record in fleet.records:  # as a request does whose hours are over
                record.set(time_budget=None)
                record.set(budget=20)

    asked: list[bool] = []
    fleet.run(Playing(2, even), hear=ask)
    assert fleet.states == [State.DONE] * 3
    assert fleet.trials == [20] * 3
    assert not any(isinstance(notice, SearchCutShort) for notice in fleet.heard)


def test_who_resumes_after_the_hours_gets_the_trials_that_were_asked_for(fleet: Fleet) -> None:
    fleet.run(Playing(2, even), stop_after=1, ends=SearchCutShort)
    cut = next(notice for notice in fleet.heard if isinstance(notice, SearchCutShort))
    record = fleet.records[fleet.names.index(cut.study)]
    assert (record.budget, record.attribute("asked_budget")) == (cut.trials, 100)
    over = TimeBudget("2026-01-01T00:00:00+00:00", 1.0)
    record.set_time_budget(over)
    assert ask_to_resume(fleet.workspace, record.spec.experiment) == [record.name]
    record.refresh()
    assert (record.budget, record.time_budget, record.attribute("asked_budget")) == (100, None, None)


def test_a_study_whose_test_was_opened_keeps_its_budget(fleet: Fleet) -> None:
    fleet.run(Playing(2, even), stop_after=1, ends=StudyDone)
    record = fleet.records[fleet.states.index(State.DONE)]
    record.move_to(State.FINALIZING)  # as where a driver is cut off during the evidence
    before = record.budget
    ask_for_trials(fleet.workspace, record.spec.experiment, 1)
    record.refresh()
    assert (record.budget, record.attribute("asked_budget")) == (before, 100)
    fleet.ask()
    record.refresh()
    assert record.budget == before


def test_what_was_cut_short_once_and_then_had_its_trials_is_not_said_to_be(fleet: Fleet) -> None:
    fleet.run(Playing(2, even), stop_after=1, ends=SearchCutShort)
    fleet.hours, fleet.asked = 1000.0, 30
    for record in fleet.records:
        record.set_time_budget(None)
    fleet.ask()
    reasons: set[object] = set()
    fleet.run(
        Playing(2, even), hear=lambda _: reasons.update(each.attribute("reason") for each in fleet.records)
    )
    assert fleet.trials == [30] * 3
    assert not any("early" in str(reason) for reason in reasons)


def test_a_lost_member_of_one_study_fails_no_other(fleet: Fleet) -> None:
    def lose(notice: Notice) -> None:
        last = isinstance(notice, FinalistRetrained) and notice.retrained == 4
        if last and not lost:
            lost.append(notice.study)
            shutil.rmtree(fleet.workspace.artifacts(notice.study) / "finalists")

    lost: list[str] = []
    fleet.run(Playing(1, even), hear=lose)
    states = dict(zip(fleet.names, fleet.states, strict=True))
    assert states.pop(lost[0]) is State.FAILED
    assert set(states.values()) == {State.DONE}


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
