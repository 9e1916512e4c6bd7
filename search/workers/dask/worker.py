"""The worker's side of `DaskExecutor`: runs a task and sends what it tells to the queue."""

from __future__ import annotations

import concurrent.futures
import time

import torch
from distributed import Queue, Worker, get_client, get_worker
from distributed.core import Status
from distributed.protocol.pickle import loads

from search.workers.events import Event, Started, to_plain
from search.workers.executor import guarded
from search.workers.tasks import Task

OUTBOX_SIZE = 32  # messages that wait at the scheduler; then workers hold back theirs
ROOM_SECONDS = 0.1  # between two looks whether there is room again
_unwanted: set[str] = set()


class AbandonedError(Exception):
    """The driver of a run is gone, or its worker is about to be."""


def mark_unwanted(name: str) -> None:
    """Let the run called `name`, if it is on this worker, end at its next look."""
    _unwanted.add(name)


def run_on_worker(packed: bytes, name: str, outbox_name: str) -> None:
    """Run a task on one thread and send its events, each as soon as the one before it has gone.

    Parameters
    ----------
    packed : bytes
        A `Task` as Dask serialises it.
    name : str
        Of this try at the task, and of the Dask task that makes it.
    outbox_name : str
        Of the Dask queue that takes its events.

    Raises
    ------
    AbandonedError
        When the worker is closing, so that the driver gives the task to another.
    """
    torch.set_num_threads(1)
    task: Task = loads(packed)
    outbox = _Outbox(outbox_name, name, get_worker())
    try:
        with concurrent.futures.ThreadPoolExecutor(1) as sender:
            sent = sender.submit(outbox.send, Started(task.key, outbox.worker.address))
            for event in guarded(task, outbox.is_wanted):
                sent.result()
                sent = sender.submit(outbox.send, event)
            sent.result()
    except AbandonedError:
        if not outbox.cancelled:
            raise
    finally:
        _unwanted.discard(name)
        outbox.close()


class _Outbox:
    """The queue to the driver, and whether there still is a driver that wants to hear of this run."""

    def __init__(self, queue: str, run: str, worker: Worker) -> None:
        self.worker = worker
        self._run = run
        self._queue = Queue(queue, client=get_client())

    @property
    def abandoned(self) -> bool:
        """Whether nothing of the run matters any more: it is cancelled, or its worker is closing."""
        return self.cancelled or not self._open

    @property
    def _open(self) -> bool:
        return self.worker.status in (Status.running, Status.paused)

    @property
    def cancelled(self) -> bool:
        """Whether the driver let go of the run, or went away."""
        state = self.worker.state.tasks.get(self._run)
        return state is None or state.state not in ("executing", "long-running")

    def is_wanted(self) -> bool:
        """Tell whether the run is to go on."""
        return self._run not in _unwanted and not self.abandoned

    def send(self, event: Event) -> None:
        """Put an event into the queue, waiting for room while somebody may take something out.

        Raises
        ------
        AbandonedError
            When there is nobody who would.
        """
        while not self.abandoned:
            if self._queue.qsize() < OUTBOX_SIZE:
                self._queue.put({"run": self._run, **to_plain(event)})
                return
            time.sleep(ROOM_SECONDS)
        raise AbandonedError("its worker is closing, or its driver is gone")

    def close(self) -> None:
        """Let go of the queue, once: one release too many would take it from a driver that still listens."""
        if self._open:
            self._queue.close()
