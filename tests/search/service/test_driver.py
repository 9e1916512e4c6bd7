"""The driver with workers of the test's own: fair over studies, exact totals, what is lost is tried again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data_io.errors import StorageError
from search.service.driver import Driver
from search.service.observers import Everyone
from search.study.record import open_study, queue_studies
from search.study.states import State
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.workers.executor import Executor
from search.workers.tasks import Event, Failed, Finished, Lost, Reported, Started, Stopped, Task, TrainTask
from tests.search.study.test_storages import spec, trial_states


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
        report = {
            "epoch": 1,
            "train_loss": 1.0,
            "validation_loss": 1.0,
            "spearman": 0.5 - 0.01 * len(self.submitted),
            "pearson": 0.5,
            "seconds": 0.1,
            "constant": False,
            "diverged": False,
        }
        return [Reported(task.key, report, b"state"), Finished(task.key, {"weights": b"", "curve": [report]})]


def queue(workspace: Workspace, data: Path, trials: int, experiments: tuple[str, ...]) -> list[str]:
    specs = [spec(experiment=experiment) for experiment in experiments]
    return queue_studies(open_storage(workspace), specs, trials, data)


def run(workspace: Workspace, executor: Scripted, names: list[str]) -> Driver:
    """Drive until the first retraining, where the scripts end."""
    driver = Driver(workspace, open_storage(workspace), executor, Everyone(), lambda: names)
    searching = dict.fromkeys(names, True)
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
    driver = Driver(workspace, open_storage(workspace), executor, Everyone(), lambda: names)
    while len(executor.submitted) < 15:
        driver._look()
        driver._dispatch()
        for event in executor.events(0):
            driver._take_in(event)
    each = Counter(key.split("#")[0] for key in executor.submitted[3:15])
    assert set(each.values()) == {4}, executor.submitted


def test_a_study_that_failed_is_taken_up_when_it_is_asked_for_again(
    workspace: Workspace, simulated: Path, tmp_path: Path
) -> None:
    (name,) = queue(workspace, tmp_path / "nowhere", 2, ("RNCMPT90001",))
    driver = Driver(workspace, open_storage(workspace), Scripted(1), Everyone(), lambda: [name])
    driver._look()
    assert "no such" in driver.failed[name]
    queue(workspace, simulated, 2, ("RNCMPT90001",))
    driver._looked = 0.0
    driver._look()
    assert driver.failed == {}
    assert open_study(open_storage(workspace), name).state is State.SEARCHING


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


def test_what_an_unwanted_task_still_tells_is_passed_over(workspace: Workspace, simulated: Path) -> None:
    (name,) = queue(workspace, simulated, 2, ("RNCMPT90001",))
    stranger = f"{name}#99"
    executor = Scripted(1, {f"{name}#0": [Stopped(stranger)]})
    driver = Driver(workspace, open_storage(workspace), executor, Everyone(), lambda: [name])
    driver._look()
    driver._dispatch()
    for event in executor.events(0):
        driver._take_in(event)
    assert trial_states(workspace, name) == ["RUNNING"]


def test_a_database_that_fails_ends_the_drive_and_leaves_the_studies(
    workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = queue(workspace, simulated, 3, ("RNCMPT90001",))

    def full(*_: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("search.service.trials.Search._record_epoch", full)
    with pytest.raises(StorageError, match="the disk is full"):
        run(workspace, Scripted(1), [name])
    assert open_study(open_storage(workspace), name).state is State.STOPPED
