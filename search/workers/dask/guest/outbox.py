"""The queue by which a run's events go to its driver."""

from __future__ import annotations

import time
from typing import Any

from distributed import Queue, Worker, get_client
from distributed.core import Status

OUTBOX_SIZE = 32  # messages that wait at the scheduler; then workers hold back theirs
ROOM_SECONDS = 0.1  # between two looks whether there is room again


class AbandonedError(Exception):
    """The driver of a run is gone, or its worker is about to be."""


class Outbox:
    """The queue to the driver, and whether there still is a driver that wants to hear of this run.

    Parameters
    ----------
    queue : str
        Name of the Dask queue.
    run : str
        Name of the try at a task, and of the Dask task that makes it.
    worker : distributed.Worker
        The one on which it runs.
    """

    def __init__(self, queue: str, run: str, worker: Worker) -> None:
        self._worker = worker
        self._run = run
        self._queue = Queue(queue, client=get_client())

    @property
    def abandoned(self) -> bool:
        """Whether nothing of the run matters any more: it is cancelled, or its worker is closing."""
        return self.cancelled or not self._open

    @property
    def _open(self) -> bool:
        return self._worker.status in (Status.running, Status.paused)

    @property
    def cancelled(self) -> bool:
        """Whether the driver let go of the run, or went away."""
        state = self._worker.state.tasks.get(self._run)
        return state is None or state.state not in ("executing", "long-running")

    def send(self, event: dict[str, Any]) -> None:
        """Put an event's plain values into the queue, waiting for room while somebody may take something out.

        Raises
        ------
        AbandonedError
            When there is nobody who would.
        """
        while not self.abandoned:
            if self._queue.qsize() < OUTBOX_SIZE:
                self._queue.put({"run": self._run, "event": event})
                return
            time.sleep(ROOM_SECONDS)
        raise AbandonedError("its worker is closing, or its driver is gone")

    def close(self) -> None:
        """Let go of the queue, once: one release too many would take it from a driver that still listens."""
        if self._open:
            self._queue.close()
