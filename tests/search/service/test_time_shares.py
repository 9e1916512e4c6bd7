"""Hours for all studies of a launch, in virtual time: each has its share, and is tested within it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from search.service.notices import SearchCutShort
from search.service.time_shares import finals_of
from search.study.record import open_study
from search.study.requests import ask_to_resume
from search.study.states import State
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.time_budget import TimeBudget, renewed
from search.workers.tasks import Task
from tests.support.played_fleet import EXPERIMENTS, Fleet, Playing, even, slow_in_the_first

FINALS = 4 * 200.0 + 4 * 1.25 * 200.0  # seconds, where a trial of two epochs takes 200


@pytest.fixture
def fleet(tmp_path: Path, simulated: Path) -> Fleet:
    return Fleet(tmp_path, simulated, hours=2.0)


def test_all_studies_share_the_time_and_are_tested_within_it(fleet: Fleet) -> None:
    """Two workers have 14,400 seconds: each study 4,800, of which the finals want some 2,000."""
    fleet.run(Playing(2, even))
    assert fleet.states == [State.DONE] * 3
    assert all(12 <= trials <= 16 for trials in fleet.trials), fleet.trials
    assert 0.9 * 7200 < fleet.passed <= 7200
    assert all(record.attribute("result")["test_spearman"] == 0.2 for record in fleet.records)
    short = [notice for notice in fleet.heard if isinstance(notice, SearchCutShort)]
    assert sorted((notice.study, notice.trials) for notice in short) == sorted(
        zip(fleet.names, fleet.trials, strict=True)
    )


def test_a_slow_study_has_the_time_of_the_others_and_fewer_trials(fleet: Fleet) -> None:
    """Four workers have 28,800 seconds; its trials take 1,000 and its finals 10,000.

    Where its measurements are read before those of the others it begins four trials at once, else two.
    """
    fleet.run(Playing(4, slow_in_the_first))
    assert fleet.states == [State.DONE] * 3
    first, *others = fleet.trials
    assert 1 <= first <= 4
    fewest = 32 if first <= 2 else 28
    assert all(fewest <= trials <= 44 for trials in others), others
    assert fleet.passed <= 7200


def test_studies_that_wait_keep_their_share(tmp_path: Path, simulated: Path) -> None:
    """One worker takes up five of six studies at a time; the last has what the finals of the others left."""
    six = tuple(f"RNCMPT9000{number}" for number in range(1, 7))
    fleet = Fleet(tmp_path, simulated, 5.0, six)
    fleet.run(Playing(1, even))
    assert fleet.states == [State.DONE] * 6
    assert all(4 <= trials <= 16 for trials in fleet.trials), fleet.trials
    assert 0.85 * 5 * 3600 < fleet.passed <= 5 * 3600


def test_the_share_of_a_study_that_fails_falls_to_the_others(fleet: Fleet) -> None:
    fleet.run(Playing(2, even, failing=EXPERIMENTS[0]))
    assert fleet.states == [State.FAILED, State.DONE, State.DONE]
    assert all(22 <= trials <= 27 for trials in fleet.trials[1:]), fleet.trials
    assert fleet.passed <= 7200


@pytest.mark.parametrize("ended", [2, 20, 36])
def test_the_next_driver_goes_on_within_the_same_hours(fleet: Fleet, ended: int) -> None:
    """Whether the first one is cut off in the first trials, in the midst, or just before the finals."""
    fleet.run(Playing(2, even), stop_after=ended)
    assert set(fleet.states) == {State.STOPPED}
    fleet.ask()
    fleet.run(Playing(2, even))
    assert fleet.states == [State.DONE] * 3
    assert all(12 <= trials <= 17 for trials in fleet.trials), fleet.trials
    assert 0.85 * 7200 < fleet.passed <= 7200


def test_a_search_that_was_ended_for_time_is_not_taken_up_by_the_next_driver(fleet: Fleet) -> None:
    class StopInFinals(Playing):
        def submit(self, task: Task) -> None:
            super().submit(task)
            if "#final" in task.key:
                fleet.driver.stop("killed")

    fleet.run(StopInFinals(2, even))
    (early,) = {notice.study for notice in fleet.heard if isinstance(notice, SearchCutShort)}
    before = fleet.trials[fleet.names.index(early)]
    storage = open_storage(fleet.workspace)
    for name in fleet.names:  # as `rbptune resume` does
        open_study(storage, name).ask_for()
    fleet.run(Playing(2, even))
    assert fleet.states == [State.DONE] * 3
    assert fleet.trials[fleet.names.index(early)] == before


def test_without_time_for_one_trial_all_are_left(tmp_path: Path, simulated: Path) -> None:
    fleet = Fleet(tmp_path, simulated, hours=0.01)
    fleet.run(Playing(2, even))
    assert fleet.states == [State.STOPPED] * 3
    assert {row["reason"] for row in read_status(fleet.workspace)} == {"its time was up"}


def test_where_there_is_time_for_little_else_the_first_trials_are_retrained(
    tmp_path: Path, simulated: Path
) -> None:
    """After 432 seconds each study has one trial or two; the finals of both take 1,200 on two workers."""
    fleet = Fleet(tmp_path, simulated, hours=0.12, experiments=EXPERIMENTS[:2])
    fleet.run(Playing(2, even))
    assert fleet.states == [State.DONE] * 2
    assert all(1 <= trials <= 2 for trials in fleet.trials), fleet.trials
    assert fleet.passed > 432


def test_with_time_enough_the_trials_are_what_was_asked_for(tmp_path: Path, simulated: Path) -> None:
    fleet = Fleet(tmp_path, simulated, hours=5.0, trials=4)
    fleet.run(Playing(2, even))
    assert fleet.trials == [4] * 3
    assert not any(isinstance(notice, SearchCutShort) for notice in fleet.heard)


def test_the_finals_are_estimated_by_the_epochs_of_the_best(fleet: Fleet) -> None:
    fleet.run(Playing(2, slow_in_the_first), stop_after=20)
    first, second, _ = fleet.records
    assert finals_of(first, more=5) == pytest.approx((1.1 * 5 * FINALS + 60, 1000, 4, 4))
    assert finals_of(second, more=1) == pytest.approx((1.1 * FINALS + 60, 200, 4, 4))
    assert finals_of(second, more=1).duration(3) == pytest.approx(1.1 * (2 + 2 * 1.25) * 200 + 60)


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


def test_hours_count_from_the_first_time_until_they_are_over() -> None:
    known = TimeBudget(ago(1), 2.0)
    assert renewed(known, 2.0) == known
    assert renewed(known, 3.0) == TimeBudget(known.since, 3.0)
    assert renewed(known, None) is None
    over = renewed(TimeBudget(ago(3), 2.0), 2.0)
    assert over.since > ago(0.1)
    assert renewed(None, 2.0).since > ago(0.1)


def test_who_resumes_a_study_whose_time_is_over_gives_it_more(fleet: Fleet) -> None:
    first, second, _ = fleet.records
    first.set_time_budget(TimeBudget(ago(3), 2.0))
    for record in (first, second):
        record.move_to(State.STOPPED, "its time was up")
        ask_to_resume(fleet.workspace, record.name)
    first, second, _ = fleet.records
    assert first.time_budget is None
    assert second.time_budget.hours == 2.0
