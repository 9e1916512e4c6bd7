"""How a task runs, in a child process or on a worker of our own."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import torch
from distributed import get_worker
from distributed.protocol.pickle import loads

from search.workers.dask.guest.outbox import AbandonedError, Outbox
from search.workers.dask.guest.running import fetch_parts
from search.workers.events import Failed, Started, to_plain
from search.workers.executor import guarded
from search.workers.tasks import Task, Wanted


def run_on_worker(parcel: dict[str, Any]) -> None:
    """Run the task of a parcel in this process; each event is sent while the next is on its way.

    Raises
    ------
    AbandonedError
        When the worker is closing, so that the driver gives the task to another.
    RuntimeError
        With the parcel's mark, when a part of it was lost with its worker.
    """
    outbox = Outbox(parcel["outbox"], parcel["run"], get_worker())
    sent: Future[None] | None = None
    try:
        with ThreadPoolExecutor(1) as sender:
            for event in run_task(parcel["key"], **fetch_parts(parcel), wanted=lambda: not outbox.abandoned):
                if sent is not None:
                    sent.result()
                sent = sender.submit(outbox.send, event)
        if sent is not None:
            sent.result()
    except AbandonedError:
        if not outbox.cancelled:
            raise
    finally:
        outbox.close()


def run_task(
    key: str, task: bytes, data: bytes | None, worker: str, wanted: Wanted
) -> Iterator[dict[str, Any]]:
    """Run a task on one thread, and give its events as plain values.

    Parameters
    ----------
    key : str
        Of the task.
    task, data : bytes
        A `Task` without its arrays, and those, pickled.
    worker : str
        Where it runs.
    wanted : callable
        Tells whether the task is to go on.
    """
    torch.set_num_threads(1)
    yield to_plain(Started(key, worker))
    try:
        unpacked: Task = loads(task)
        if data is not None:
            unpacked = replace(unpacked, data=loads(data))
    except Exception as error:
        yield to_plain(Failed(key, f"it cannot be unpacked: {error}", traceback.format_exc()))
        return
    yield from map(to_plain, guarded(unpacked, wanted))
