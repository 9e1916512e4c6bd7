"""The driver with workers of the test's own: fair over studies, exact totals, what is lost is tried again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data_io.errors import StorageError
from search.service.driver import Driver
from search.service.notices import FleetEnded, Notice, StudiesWaiting, StudyFailed, TrialFinished
from search.service.observers import Everyone, Observer
from search.service.trials import Trials
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.database import connect
from search.study.lock import driver_lock
from search.study.record import open_study
from search.study.requests import ask_to_stop
from search.study.states import State
from search.study.storage import open_storage
from search.study.tables import open_studies
from search.study.workspace import Workspace
from search.workers.events import Event, Failed, Lost, Reported, Started, Stopped, Trained
from search.workers.executor import Executor
from search.workers.tasks import Task, TrainTask
from tests.search.study.test_storages import spec, trial_states
from tests.support.curves import curve

SILENT = Everyone()


class Scripted(Executor):
    """Ends each task at once: as its script says, or well."""

    def __init__(self, slots: int = 2, script: dict[str, list[Event]] | None = None) -> None:
        self.places = slots
        self.script = script or {}
        self.waiting: list[Task] = []
        self.submitted: list[str] = []
        self.busiest = 0

    @property
    def slots(self) -> int:
        return self.places

    def submit(self, task: Task) -> None:
        self.waiting.append(task)
        self.submitted.append(task.key)
        self.busiest = max(self.busiest, len(self.waiting))

    def stop(self, key: str) -> None:
        """The task ends by itself."""

    def interrupt(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        self.waiting.clear()

    def events(self, timeout: float) -> list[Event]:
        if not self.waiting:
            return []
        task = self.waiting.pop(0)
        scripted = self.script.get(task.key, [])
        if scripted:
            return [Started(task.key, "w"), scripted.pop(0)]
        return [Started(task.key, "w"), *self._well(task)]

    def _well(self, task: Task) -> list[Event]:
        if not isinstance(task, TrainTask):
            raise RuntimeError("the scripts end before the test")
        whole = curve([0.5 - 0.01 * len(self.submitted)])
        return [Reported(task.key, whole, b"state"), Trained(task.key, b"", whole)]


def queue(workspace: Workspace, data: Path, trials: int, experiments: tuple[str, ...]) -> list[str]:
    # The scripts end each trial worse than the last.
    strategy = Strategy(pruner="none", finalists=1, members=1)
    specs = [spec(experiment=experiment, strategy=strategy) for experiment in experiments]
    return queue_studies(open_storage(workspace), specs, trials, data)


def make_driver(
    workspace: Workspace,
    executor: Executor,
    names: list[str],
    observer: Observer = SILENT,
    **options: object,
) -> Driver:
    """A driver of the studies of these names that are open."""

    def waiting() -> list[str]:
        there = open_studies(connect(workspace))
        return [name for name in names if name in there]

    return Driver(workspace, open_storage(workspace), executor, observer, waiting, **options)


def run(
    workspace: Workspace, executor: Scripted, names: list[str], ending: list[str] | None = None
) -> Driver:
    """Drive until the studies `ending`, or all, come to their retraining, where the scripts end."""
    driver = make_driver(workspace, executor, names)
    searching = dict.fromkeys(ending or names, True)
    submit = executor.submit

    def stop_at_retraining(task: Task) -> None:
        if "#final" in task.key:
            searching.pop(task.key.split("#")[0], None)
            if not searching:
                driver.stop("the search is over")
        else:
            submit(task)

    executor.submit = stop_at_retraining
    driver.run()
    return driver


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "studies")


def test_studies_share_the_workers_evenly(workspace: Workspace, simulated: Path) -> None:
    names = queue(workspace, simulated, 6, ("RNCMPT90001", "RNCMPT90002", "RNCMPT90004"))
    executor = Scripted(slots=3)
    run(workspace, executor, names)
    each = Counter(key.split("#")[0] for key in executor.submitted[3:12])
    assert set(each.values()) == {3}, executor.submitted
    for name in names:
        assert trial_states(workspace, name) == ["COMPLETE"] * 6


@pytest.mark.parametrize("slots", [1, 2])
def test_studies_take_turns_where_there_are_fewer_workers(
    workspace: Workspace, simulated: Path, slots: int
) -> None:
    names = queue(workspace, simulated, 6, ("RNCMPT90001", "RNCMPT90002", "RNCMPT90004"))
    executor = Scripted(slots=slots)
    driver = make_driver(workspace, executor, names)
    submit = executor.submit

    def stop_after_some(task: Task) -> None:
        submit(task)
        if len(executor.submitted) == 15:
            driver.stop("enough")

    executor.submit = stop_after_some
    driver.run()
    each = Counter(key.split("#")[0] for key in executor.submitted[3:15])
    assert set(each.values()) == {4}, executor.submitted


def test_a_study_that_failed_is_taken_up_when_it_is_asked_for_again(
    workspace: Workspace, simulated: Path, tmp_path: Path
) -> None:
    (name,) = queue(workspace, tmp_path / "nowhere", 2, ("RNCMPT90001",))
    executor = Scripted(1)
    failed: list[str] = []

    class AskAgain:
        def notice(self, notice: Notice) -> None:
            if isinstance(notice, StudyFailed):
                failed.append(notice.reason)
                queue(workspace, simulated, 2, ("RNCMPT90001",))
            if isinstance(notice, TrialFinished):
                driver.stop("it was taken up again")

    driver = Driver(workspace, open_storage(workspace), executor, AskAgain(), lambda: [name])
    driver.run(forever=True)
    assert len(failed) == 1
    assert "no such" in failed[0]
    assert driver.failed == {}
    assert trial_states(workspace, name)[0] == "COMPLETE"


def test_studies_that_fail_at_once_leave_none_behind_in_the_queue(
    workspace: Workspace, tmp_path: Path
) -> None:
    """However many the driver takes up at a time."""
    names = queue(workspace, tmp_path / "nowhere", 2, tuple(f"RNCMPT{n:05}" for n in range(1, 9)))
    heard: list[Notice] = []

    class Listener:
        def notice(self, notice: Notice) -> None:
            heard.append(notice)

    driver = make_driver(workspace, Scripted(1), names, observer=Listener())
    driver.run()
    assert sorted(driver.failed) == names
    waiting = [notice.studies for notice in heard if isinstance(notice, StudiesWaiting)]
    assert (waiting[0], waiting[-1]) == (3, 0)
    assert [notice for notice in heard if isinstance(notice, FleetEnded)] == [FleetEnded(0, 8, 0, None)]


def test_what_was_left_when_the_driver_ended_is_said(workspace: Workspace, simulated: Path) -> None:
    names = queue(workspace, simulated, 3, ("RNCMPT90001",))
    heard: list[Notice] = []

    class Listener:
        def notice(self, notice: Notice) -> None:
            heard.append(notice)
            if isinstance(notice, TrialFinished):
                driver.stop("its time was up")

    driver = make_driver(workspace, Scripted(1), names, observer=Listener())
    driver.run()
    assert heard[-1] == FleetEnded(0, 0, 1, "its time was up")


@pytest.mark.parametrize("slots", [1, 2, 5, 16])
def test_the_budget_is_exact_for_every_number_of_workers(
    workspace: Workspace, simulated: Path, slots: int
) -> None:
    (name,) = queue(workspace, simulated, 7, ("RNCMPT90001",))
    executor = Scripted(slots=slots)
    run(workspace, executor, [name])
    assert trial_states(workspace, name) == ["COMPLETE"] * 7
    assert executor.busiest <= slots


def test_a_lost_trial_is_tried_again_under_its_number(workspace: Workspace, simulated: Path) -> None:
    (name,) = queue(workspace, simulated, 3, ("RNCMPT90001",))
    key = f"{name}#1"
    executor = Scripted(1, {key: [Lost(key, "the worker is gone"), Lost(key, "gone again")]})
    run(workspace, executor, [name])
    assert executor.submitted.count(key) == 3
    assert trial_states(workspace, name) == ["COMPLETE"] * 3


def test_a_trial_that_kills_every_worker_is_failed_and_the_search_goes_on(
    workspace: Workspace, simulated: Path
) -> None:
    (name,) = queue(workspace, simulated, 3, ("RNCMPT90001",))
    key = f"{name}#1"
    executor = Scripted(1, {key: [Lost(key, "out of memory")] * 3})
    run(workspace, executor, [name])
    assert trial_states(workspace, name) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    failed = open_study(open_storage(workspace), name).trials()[1]
    assert failed.user_attrs["reason"] == "cost 3 workers; the last: out of memory"


def test_a_study_whose_trials_all_fail_ends_with_the_reason(workspace: Workspace, simulated: Path) -> None:
    (name,) = queue(workspace, simulated, 30, ("RNCMPT90001",))
    keys = [f"{name}#{number}" for number in range(6)]
    executor = Scripted(2, {key: [Failed(key, "no such device")] for key in keys})
    driver = run(workspace, executor, [name])
    assert "5 trials in a row failed, lastly: no such device" in driver.failed[name]
    assert open_study(open_storage(workspace), name).state is State.FAILED
    assert trial_states(workspace, name).count("FAIL") == 5


def test_what_is_reported_of_a_stranger_is_passed_over(workspace: Workspace, simulated: Path) -> None:
    (name,) = queue(workspace, simulated, 2, ("RNCMPT90001",))
    stranger = f"{name}#99"
    strange = [Stopped(stranger), Reported(stranger, curve([0.9]), b""), Failed(stranger, "no such trial")]

    class Haunted(Scripted):
        def events(self, timeout: float) -> list[Event]:
            return [*strange, *super().events(timeout)]

    run(workspace, Haunted(1), [name])
    assert trial_states(workspace, name) == ["COMPLETE"] * 2


@pytest.mark.parametrize("where", ["Trials.__init__", "Trials.next_task", "Trials.handle"])
def test_a_fault_in_one_study_ends_no_other(
    workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whatever it is: the study fails, the log has the traceback, the others go on."""
    faulty, sound = queue(workspace, simulated, 3, ("RNCMPT90001", "RNCMPT90002"))
    method = where.split(".")[1]
    works = getattr(Trials, method)

    def break_down(self: Trials, *arguments: object) -> object:
        record = arguments[0] if method == "__init__" else self._record
        if record.name == faulty:
            raise ZeroDivisionError("division by zero\nand more")
        return works(self, *arguments)

    monkeypatch.setattr(Trials, method, break_down)
    driver = run(workspace, Scripted(2), [faulty, sound], ending=[sound])
    assert set(driver.failed) == {faulty}
    assert driver.failed[faulty].startswith("ZeroDivisionError: division by zero; ")
    assert open_study(open_storage(workspace), faulty).state is State.FAILED
    assert trial_states(workspace, sound) == ["COMPLETE"] * 3
    log = workspace.errors.read_text()
    assert faulty in log
    assert "in break_down" in log


def test_a_trial_that_failed_by_a_fault_of_ours_is_logged_with_its_traceback(
    workspace: Workspace, simulated: Path
) -> None:
    (name,) = queue(workspace, simulated, 2, ("RNCMPT90001",))
    key = f"{name}#0"
    executor = Scripted(1, {key: [Failed(key, "KeyError: 'x'", "Traceback: line 7 of the trainer")]})
    run(workspace, executor, [name])
    assert "line 7 of the trainer" in workspace.errors.read_text()


def test_a_request_that_comes_just_before_the_end_is_met(workspace: Workspace, simulated: Path) -> None:
    """The service leaves what it runs queued, but not a study that somebody asked to stop."""
    asked, other = queue(workspace, simulated, 500, ("RNCMPT90001", "RNCMPT90002"))

    class AskAndEnd:
        finished = 0

        def notice(self, notice: Notice) -> None:
            self.finished += isinstance(notice, TrialFinished)
            if self.finished == 8 and driver.stopping is None:
                assert ask_to_stop(workspace, asked) == [asked]
                driver.stop("interrupted")

    executor = Scripted(2)
    names = lambda: [asked, other]  # noqa: E731
    storage = open_storage(workspace)
    with driver_lock(workspace):
        driver = Driver(workspace, storage, executor, AskAndEnd(), names, State.QUEUED)
        driver.run(forever=True)
    found = {name: open_study(open_storage(workspace), name) for name in (asked, other)}
    assert (found[asked].state, found[asked].attribute("reason")) == (State.STOPPED, "asked to stop")
    assert found[asked].request is None
    assert found[other].state is State.QUEUED


def test_a_lock_that_was_lost_ends_the_drive(workspace: Workspace, simulated: Path) -> None:
    names = queue(workspace, simulated, 3, ("RNCMPT90001",))

    def lost() -> None:
        raise StorageError("the lock is gone")

    open_study(open_storage(workspace), names[0]).move_to(State.SEARCHING)
    with pytest.raises(StorageError, match="the lock is gone"):
        make_driver(workspace, Scripted(1), names, check_lock=lost).run()
    left = open_study(open_storage(workspace), names[0]).state
    assert left is State.SEARCHING, "another driver may be at work: nothing is written"


def test_a_database_that_fails_ends_the_drive_and_leaves_the_studies(
    workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = queue(workspace, simulated, 3, ("RNCMPT90001",))

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("search.service.trials.Trials._record_epoch", full)
    with pytest.raises(StorageError, match="the disk is full"):
        run(workspace, Scripted(1), [name])
    assert open_study(open_storage(workspace), name).state is State.STOPPED
