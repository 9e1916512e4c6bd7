"""Tasks that train nothing, for tests of what runs them; they travel to workers that lack the tests."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cloudpickle
from distributed import Scheduler

from data_io.errors import DataError
from data_io.training_set import TrainingSet
from models.reports import EpochReport
from search.workers.events import Event, Reported, Stopped, Trained
from search.workers.tasks import Wanted

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@dataclass(frozen=True)
class Counting:
    """Reports numbers up to `epochs`, one each `seconds`; then where it ran, and with what."""

    key: str
    epochs: int = 2
    seconds: float = 0.01
    weight: int = 0

    def run(self, wanted: Wanted) -> Iterator[Event]:
        for epoch in range(self.epochs):
            start = time.monotonic()
            while time.monotonic() - start < self.seconds:
                if not wanted():
                    yield Stopped(self.key)
                    return
                time.sleep(0.01)
            report = EpochReport(epoch, 1.0, 1.0, 0.5, 0.5, self.seconds)
            yield Reported(self.key, (report,), bytes(self.weight))
        yield Trained(self.key, json.dumps(surroundings()).encode(), ())


def surroundings() -> dict[str, object]:
    import torch

    import models.trainer
    import search

    return {
        "pid": os.getpid(),
        "threads": torch.get_num_threads(),
        "search": search.__path__[0],
        "trainer": models.trainer.__file__,
    }


@dataclass(frozen=True)
class Holding:
    """Needs the arrays of a study, and something large of its own; reports a sum of the arrays."""

    key: str
    data: TrainingSet | None
    ballast: bytes = b""

    def run(self, wanted: Wanted) -> Iterator[Event]:
        assert self.data is not None
        found = {
            "sum": float(self.data.train.targets.sum()),
            "ballast": len(self.ballast),
            "pid": os.getpid(),
        }
        yield Trained(self.key, json.dumps(found).encode(), ())


@dataclass(frozen=True)
class Broken:
    """Cannot be done: its file is missing, or something else went wrong."""

    key: str
    of_the_user: bool = True

    def run(self, wanted: Wanted) -> Iterator[Event]:
        if self.of_the_user:
            raise DataError("norm_data.txt: missing; give another --data")
        raise ValueError("first line\nsecond line")
        yield


@dataclass(frozen=True)
class Deadly:
    """Kills its worker."""

    key: str

    def run(self, wanted: Wanted) -> Iterator[Event]:
        os.kill(os.getpid(), 9)
        yield


def scheduler_state(dask_scheduler: Scheduler) -> dict[str, object]:
    """What a scheduler still keeps; runs in it."""
    queues = dask_scheduler.extensions["queues"].queues
    return {
        "queues": {name: queue.qsize() for name, queue in queues.items()},
        "tasks": list(dask_scheduler.tasks),
    }


def worker_modules() -> dict[str, object]:
    """What a worker's own process has loaded, where it has others' packages of our names; runs in it."""
    names = {name.partition(".")[0] for name in sys.modules}
    return {
        "models": sys.modules["models"].OTHER,
        "search": sys.modules["search"].OTHER,
        "packages": names & {"data_io", "torch", "numba"},
        "path": [entry for entry in sys.path if "rbptune" in entry],
    }
