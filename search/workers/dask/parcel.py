"""What the driver sends to a worker: a task, and the names of what it needs from the shelf."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed.protocol.pickle import dumps

from search.workers.dask.archive import pack_code
from search.workers.dask.guest import entry
from search.workers.dask.shelf import Shelf
from search.workers.tasks import Task

INLINE_BYTES = 1 << 20  # a checkpoint; an ensemble and its test set lie on the shelf
CANNOT_RUN = "rbptune cannot run here"
GONE = "what rbptune laid out is gone"
# What workers do with a parcel. Text, since what objects need would be imported by the event loops of
# scheduler and worker.
ENTRY = f"{Path(entry.__file__).read_text(encoding='utf-8')}\nenter(parcel)\n"
ENTRY_OF_OUR_OWN = "from search.workers.dask.worker import run_on_worker\nrun_on_worker(parcel)\n"


async def pack_task(task: Task, run: str, outbox: str, shelf: Shelf, with_code: bool) -> dict[str, Any]:
    """Put a task into a parcel, of plain values alone.

    Text and bytes go through a scheduler as they are, whatever is installed there; objects it would
    have to unpack. A task's arrays, and itself where it is large, are put on the shelf.

    Parameters
    ----------
    task : Task
    run : str
        Names this try at the task.
    outbox : str
        Name of the Dask queue for its events.
    shelf : Shelf
    with_code : bool
        Whether the worker is to use this process's version of the packages; needless where workers are
        processes of the same installation.
    """
    data = getattr(task, "data", None)
    body = dumps(task if data is None else replace(task, data=None))  # type: ignore[arg-type]
    parcel = {
        "key": task.key,
        "task": body if len(body) <= INLINE_BYTES else await shelf.key(task, body),
        "data": None if data is None else await shelf.key(data),
        "run": run,
        "outbox": outbox,
        "cannot run": CANNOT_RUN,
        "gone": GONE,
    }
    if with_code:
        digest, code = pack_code()
        parcel |= {"digest": digest, "code": await shelf.key(code, code)}
    return parcel
