"""One try at a task on a Dask worker, and how it can end without a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from distributed import Future
from distributed.scheduler import KilledWorker

from search.workers.dask.parcel import CANNOT_RUN, GONE
from search.workers.events import Event, Lost
from search.workers.tasks import Task

TRIES = 3  # at a task whose arrays are gone when it looks for them


@dataclass
class Run:
    """One try at a task.

    Attributes
    ----------
    task : Task
    name : str
        Of the Dask task that makes it.
    tries : int
        The how manyth, of those in vain because what the task needs was gone.
    future : distributed.Future, optional
        None until it is submitted.
    worker : str, optional
        Where it runs, once that is known.
    seen : bool
        Whether the worker was there when last looked.
    over : bool
        Whether nothing of it matters any more.
    """

    task: Task
    name: str
    tries: int = 1
    future: Future[Any] | None = None
    worker: str | None = None
    seen: bool = False
    over: bool = False


@dataclass(frozen=True)
class Again(Event):
    """A run could not begin: its worker lacks something, or (no worker named) what the task needs is gone."""

    reason: str
    worker: str | None


def unreported_end(key: str, future: Future[Any]) -> Event | None:
    """Give the end of a run that reported none; None for one that did."""
    if future.status == "finished":
        return None
    error = future.exception() if future.status == "error" else None
    match error.args if error is not None else ():
        case (mark, worker, reason) if mark == CANNOT_RUN:
            return Again(key, str(reason), str(worker))
        case (mark, _) if mark == GONE:
            return Again(key, "the worker is gone that had its arrays", None)
    return Lost(key, describe(error))


def describe(error: BaseException | None) -> str:
    """Say in one line why a run was lost."""
    if isinstance(error, KilledWorker):
        return "its worker is gone"
    return next(iter(str(error or "").splitlines()), "Dask dropped it")
