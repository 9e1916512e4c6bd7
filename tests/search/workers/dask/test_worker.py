"""What a worker does with the queue to its driver, which the scheduler keeps while anybody holds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from distributed.core import Status
from distributed.protocol.pickle import dumps

from search.workers.dask import worker as dask_worker
from search.workers.events import Event, Reported, Trained
from search.workers.tasks import Wanted
from tests.support.curves import curve


@dataclass(frozen=True)
class ThreeEpochs:
    """A task that reports three times, whether it is wanted or not, and ends."""

    key: str

    def run(self, wanted: Wanted) -> Iterator[Event]:
        for epoch in range(3):
            yield Reported(self.key, curve([0.5] * (epoch + 1)), b"")
        yield Trained(self.key, b"", ())


class Queue:
    """A queue whose driver lets go of the run when it takes a certain kind of event."""

    def __init__(self, worker: SimpleNamespace, last: str) -> None:
        self.worker, self.last = worker, last
        self.taken: list[str] = []
        self.closed = 0

    def qsize(self) -> int:
        return 0

    def put(self, message: dict[str, object]) -> None:
        self.taken.append(str(message["event"]))
        if message["event"] == self.last:
            self.worker.state.tasks.clear()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def run_until(monkeypatch: pytest.MonkeyPatch):
    """A function that runs a task for a driver that lets go of it at a kind of event; gives the queue."""
    threads = torch.get_num_threads()

    def run(last: str) -> Queue:
        tasks = {"run-1": SimpleNamespace(state="executing")}
        worker = SimpleNamespace(
            address="tcp://worker", status=Status.running, state=SimpleNamespace(tasks=tasks)
        )
        queue = Queue(worker, last)
        monkeypatch.setattr(dask_worker, "get_worker", lambda: worker)
        monkeypatch.setattr(dask_worker, "get_client", lambda: None)
        monkeypatch.setattr(dask_worker, "Queue", lambda *arguments, **options: queue)
        dask_worker.run_on_worker(dumps(ThreeEpochs("study#0")), "run-1", "outbox")
        return queue

    yield run
    torch.set_num_threads(threads)


@pytest.mark.parametrize("last", ["Reported", "Trained", "nothing"])
def test_the_queue_is_released_once_whenever_the_driver_lets_go(run_until, last: str) -> None:
    """Released once too often, the scheduler would take it from the driver, which would wait for ever."""
    queue = run_until(last)
    assert queue.taken[:2] == ["Started", "Reported"]
    assert queue.closed == 1
