"""What a worker does with the queue to its driver, which the scheduler keeps while anybody holds it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from distributed import Client, LocalCluster, Queue
from distributed.protocol.pickle import dumps

from search.workers.dask.worker import run_on_worker
from search.workers.events import Event, Reported, Trained
from search.workers.tasks import Wanted
from tests.support.clusters import wait_for
from tests.support.curves import curve

left = threading.Event()


@dataclass(frozen=True)
class ThreeEpochs:
    """Reports three times, whether it is wanted or not, and ends; `left` says that it did.

    At one epoch it waits until the driver has let go of it.
    """

    key: str
    waits_at: int | None

    def run(self, wanted: Wanted) -> Iterator[Event]:
        try:
            for epoch in range(3):
                while epoch == self.waits_at and wanted():
                    time.sleep(0.01)
                yield Reported(self.key, curve([0.5] * (epoch + 1)), b"")
            yield Trained(self.key, b"", ())
        finally:
            left.set()


@pytest.fixture
def client(inside: LocalCluster) -> Iterator[Client]:
    threads = torch.get_num_threads()
    with Client(inside, set_as_default=False) as client:
        yield client
    torch.set_num_threads(threads)


def holders(inside: LocalCluster, queue: Queue) -> int:
    """How many hold the queue; the scheduler forgets it with the last."""
    count: int = inside.scheduler.extensions["queues"].client_refcount[queue.name]
    return count


def parcel(queue: Queue, run: str, waits_at: int | None) -> dict[str, Any]:
    task = dumps(ThreeEpochs("study#0", waits_at))
    return {"key": "study#0", "task": task, "data": None, "run": run, "outbox": queue.name, "gone": "gone"}


@pytest.mark.parametrize(("last", "waits_at"), [("Started", 0), ("Reported", 1), ("Trained", None)])
def test_the_queue_is_released_once_whenever_the_driver_lets_go(
    last: str, waits_at: int | None, inside: LocalCluster, client: Client
) -> None:
    """Released once too often, the scheduler would take it from the driver, which would wait for ever."""
    left.clear()
    queue = Queue(client=client)
    wait_for(lambda: holders(inside, queue) == 1, "a queue")
    run = client.submit(run_on_worker, parcel(queue, f"run-{last}", waits_at), key=f"run-{last}")
    taken: list[str] = []
    while last not in taken:
        taken.append(queue.get(timeout=60)["event"]["event"])
    assert holders(inside, queue) == 2 or waits_at is None
    run.release()
    assert taken[0] == "Started"
    assert left.wait(60)
    (worker,) = inside.workers.values()
    wait_for(lambda: run.key not in worker.state.tasks, "a worker that is through with it")
    time.sleep(0.3)  # a release too many would come now
    assert holders(inside, queue) == 1
    queue.put("still here")
    assert queue.get(batch=True)[-1] == "still here"
    queue.close()
