"""Whole studies played in virtual time, by drivers that work on them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import safetensors.torch

from data_io.experiments import Experiment
from data_io.training_set import TrainingSet, load_training_set
from search.service.driver import Driver
from search.service.notices import Notice, TrialFinished
from search.service.time_shares import TimeShares
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.database import connect
from search.study.record import StudyRecord, open_study
from search.study.states import State
from search.study.storage import open_storage
from search.study.tables import open_studies
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Failed, Figures, Tested, Trained
from search.workers.replay import Replay
from search.workers.tasks import HeldOutTask, Task, TrainTask
from tests.search.study.test_storages import spec
from tests.support.curves import curve

EXPERIMENTS = "RNCMPT90001", "RNCMPT90002", "RNCMPT90004"
RULE = Strategy(sampler="random", pruner="none", patience=None, finalists=2, members=2)
LookUp = Callable[[TrainTask], Curve]
Hear = Callable[[Notice], None]


def even(task: TrainTask) -> Curve:
    return tuple(replace(report, seconds=100.0) for report in curve([0.1, 0.2]))


def slow_in_the_first(task: TrainTask) -> Curve:
    factor = 5.0 if EXPERIMENTS[0] in task.key else 1.0
    return tuple(replace(report, seconds=factor * report.seconds) for report in even(task))


def silence(notice: Notice) -> None:
    """Pass over a notice."""


class Playing(Replay):
    """Plays whole studies: networks without weights, and a test of ten seconds."""

    def __init__(self, slots: int, look_up: LookUp, failing: str = "none") -> None:
        super().__init__(slots, look_up)
        self.failing = failing

    def _play(self, task: Task) -> Iterator[tuple[float, Event]]:
        if isinstance(task, HeldOutTask):
            figures = Figures(0.2, 0.2, 0.2, 0.2)
            yield 10.0, Tested(task.key, (figures,) * len(task.members), figures, b"", [0.0, 1.0])
            return
        if self.failing in task.key:
            yield 100.0, Failed(task.key, "no such device")
            return
        for seconds, event in super()._play(task):
            whole = isinstance(event, Trained)
            yield seconds, replace(event, weights=safetensors.torch.save({})) if whole else event


class Fleet:
    """Studies of a workspace with hours for all, and drivers that work on them one after the other."""

    def __init__(
        self,
        folder: Path,
        data: Path,
        hours: float,
        experiments: tuple[str, ...] = EXPERIMENTS,
        trials: int = 100,
    ) -> None:
        self.workspace, self.folder, self.hours = Workspace(folder / "studies"), data, hours
        self.asked = trials
        self.specs = [spec(experiment=name, strategy=RULE) for name in experiments]
        self.data = {name: load(data, name) for name in experiments}
        self.heard: list[Notice] = []
        self.passed = 0.0
        self.ask()

    def ask(self) -> None:
        """As the same command does again."""
        storage = open_storage(self.workspace)
        self.names = queue_studies(storage, self.specs, self.asked, self.folder, hours=self.hours)

    def run(
        self, executor: Replay, stop_after: int = -1, ends: type[Notice] = TrialFinished, hear: Hear = silence
    ) -> None:
        """Drive until nothing is left to do, or so many trials (or others) have ended; the clock goes on."""
        begin = datetime.fromisoformat(self.records[0].time_budget.since).timestamp() + self.passed
        engine = connect(self.workspace)
        waiting = lambda: list(open_studies(engine))  # noqa: E731
        shares = TimeShares(lambda: begin + executor.clock())
        driver = Driver(
            self.workspace,
            open_storage(self.workspace),
            executor,
            self,
            waiting,
            load=lambda record: self.data[record.spec.experiment],
            shares=shares,
        )
        self.driver, self.left, self.ends, self.hear = driver, stop_after, ends, hear
        driver.run()
        self.passed += executor.clock()

    def notice(self, notice: Notice) -> None:
        self.heard.append(notice)
        self.hear(notice)
        self.left -= isinstance(notice, self.ends)
        if self.left == 0:
            self.driver.stop("killed")

    @property
    def records(self) -> list[StudyRecord]:
        storage = open_storage(self.workspace)
        return [open_study(storage, name) for name in self.names]

    @property
    def trials(self) -> list[int]:
        return [record.done for record in self.records]

    @property
    def states(self) -> list[State]:
        return [record.state for record in self.records]


def load(data: Path, name: str) -> TrainingSet:
    return load_training_set(data, Experiment(name, "SIMFOX", "Homo_sapiens"), "grouped", None)
