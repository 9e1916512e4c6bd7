"""Recorded curves in virtual time: in the order of their seconds, by the real driver, in no time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet
from search.service.driver import Driver
from search.service.notices import FinalistRetrained, Notice, TrialFinished
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.record import open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.workers.events import Event, Failed, Reported, Started, Stopped, Trained
from search.workers.replay import Nearest, RecordedRun, Replay
from search.workers.tasks import HeldOutTask, TrainTask
from tests.search.study.test_storages import SPACE, spec
from tests.support.curves import curve

PROBES = Examples(np.zeros((2, 41), np.uint8), np.zeros(2, np.float32))
DATA = TrainingSet(PROBES, PROBES, TargetScaling(1.0, 0.0, 0.0, 0.0, 1.0), "fingerprint")


def slow(scores: list[float], seconds: float):
    return tuple(replace(report, seconds=seconds) for report in curve(scores))


CURVES = {"slow": slow([0.1, 0.2], 10.0), "quick": slow([0.3, 0.4, 0.5], 1.0)}


def task(key: str) -> TrainTask:
    return TrainTask(key, "cnn", {}, 1, DATA)


def take(replay: Replay, number: int) -> list[tuple[float, str, type[Event]]]:
    taken = []
    while len(taken) < number:
        taken += [(replay.clock(), event.key, type(event)) for event in replay.events(0.2)]
    return taken


def test_events_come_in_the_order_of_their_seconds() -> None:
    replay = Replay(2, lambda task: CURVES[task.key])
    replay.submit(task("slow"))
    replay.submit(task("quick"))
    assert take(replay, 9) == [
        (0.0, "slow", Started),
        (0.0, "quick", Started),
        (1.0, "quick", Reported),
        (2.0, "quick", Reported),
        (3.0, "quick", Reported),
        (3.0, "quick", Trained),
        (10.0, "slow", Reported),
        (20.0, "slow", Reported),
        (20.0, "slow", Trained),
    ]
    assert replay.busy_seconds == 23.0


def test_a_task_that_is_stopped_ends_at_once() -> None:
    replay = Replay(1, lambda task: CURVES[task.key])
    replay.submit(task("slow"))
    take(replay, 2)
    replay.stop("slow")
    assert take(replay, 1) == [(10.0, "slow", Stopped)]
    assert replay.events(0.2) == []
    assert replay.clock() == 10.2


def test_no_test_set_is_opened() -> None:
    replay = Replay(1, lambda task: CURVES[task.key])
    replay.submit(HeldOutTask("t", "cnn", (), (), (), DATA, PROBES))
    take(replay, 1)
    (failed,) = replay.events(0.2)
    assert isinstance(failed, Failed)


def test_the_nearest_config_is_found_by_the_ranges_of_its_parameters() -> None:
    near = RecordedRun({"motif_length": 8, "learning_rate": 1e-3}, CURVES["slow"])
    far = RecordedRun({"motif_length": 9, "learning_rate": 1e-2}, CURVES["quick"])
    nearest = Nearest([far, near], SPACE)
    asked = TrainTask("k", "cnn", {"motif_length": 9, "learning_rate": 2e-3}, 1, DATA)
    assert nearest(asked) is CURVES["slow"]
    assert SPACE.distance(near.params, near.params) == 0.0
    assert SPACE.distance(near.params, far.params) == pytest.approx(1 / 8 + 1.0)
    assert SPACE.distance(near.params, {"motif_length": 8}) == 1.0
    with pytest.raises(ConfigError, match="no recorded curve"):
        Nearest([], SPACE)


def test_the_real_driver_searches_hours_in_a_moment(tmp_path: Path) -> None:
    """Each trial takes an hour a worker; two of them take turns; the rule ends what has stalled."""
    workspace = Workspace(tmp_path)
    storage = open_storage(workspace)
    rule = Strategy(finalists=1, members=1, patience=2, pruner="none")
    (name,) = queue_studies(storage, [spec(strategy=rule)], 6, tmp_path)
    hour = slow([0.1, 0.4, 0.3, 0.3, 0.3, 0.3], 600.0)
    executor = Replay(2, lambda task: hour)
    ended: list[float] = []

    class Watch:
        def notice(self, notice: Notice) -> None:
            if isinstance(notice, TrialFinished):
                ended.append(executor.clock())
            assert not isinstance(notice, FinalistRetrained)
            if len(ended) == 6:
                driver.stop("the search is over")

    driver = Driver(workspace, storage, executor, Watch(), lambda: [name], load=lambda record: DATA)
    driver.run()
    # Trial 0 trains all its six epochs; the others end two epochs after their best.
    waited = ended[0] % 600
    assert [moment - waited for moment in ended] == pytest.approx([2400, 3600, 4800, 6000, 7200, 8400], abs=1)
    found = [trial.value for trial in open_study(storage, name).trials() if trial.value is not None]
    assert found == [0.4] * 6
