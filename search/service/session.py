"""Be the driver of a workspace, or follow the one that is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, field

import optuna

from data_io.errors import StudyError
from search.service.dashboard_notes import DashboardNotes
from search.service.driver import Driver
from search.service.follower import follow
from search.service.observers import EventLog, Everyone, Observer
from search.service.signals import signals_heard
from search.service.time_shares import LATE
from search.study.database import connect
from search.study.lock import LockedError, driver_lock
from search.study.record import open_study
from search.study.states import State
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.tables import OpenStudy, open_studies
from search.study.workspace import Workspace
from search.workers.executor import Executor
from search.workers.in_process import InProcess


@dataclass(frozen=True)
class Workers:
    """Which workers to use: processes of this machine, or those of a running Dask scheduler.

    Attributes
    ----------
    jobs : int
        Processes of one thread each; 0 trains in the driver's own process.
    scheduler : str, optional
        Address of a scheduler, such as ``tcp://10.0.0.1:8786``; `jobs` counts for nothing then.
    tls : dict
        Paths by name: ca, cert and key, for a scheduler that speaks TLS.
    """

    jobs: int
    scheduler: str | None = None
    tls: dict[str, str] = field(default_factory=dict)

    def start(self) -> Executor:
        """Start them, or connect to them."""
        if self.jobs == 0 and self.scheduler is None:
            return InProcess()
        from search.workers.dask.executor import DaskExecutor

        return DaskExecutor(self.jobs, self.scheduler, self.tls)


@dataclass(frozen=True)
class Outcome:
    """How a drive ended: why it was stopped, if it was, and the studies that failed with their reasons."""

    stopped: str | None
    failed: dict[str, str] = field(default_factory=dict)


def drive(
    workspace: Workspace,
    workers: Workers,
    observer: Observer,
    names: Iterable[str] | None = None,
    minutes: float | None = None,
    beside: AbstractContextManager[None] | None = None,
) -> Outcome:
    """Run studies of the workspace in this process until they are done.

    Parameters
    ----------
    workspace : Workspace
    workers : Workers
        Started once the workspace's lock is held.
    observer : Observer
    names : iterable of str, optional
        The studies to run; what others queue meanwhile is run too. Without names all open studies
        are run, and new ones waited for until a signal ends it.
    minutes : float, optional
        Stop after so long.
    beside : context manager, optional
        Entered once the lock is held and the database there, before any work.

    Raises
    ------
    LockedError
        When another driver works on the workspace.
    """
    with driver_lock(workspace) as lock:
        storage = open_storage(workspace)
        waiting = _queue(workspace, storage, None if names is None else set(names))
        leave = State.QUEUED if names is None else State.STOPPED
        with (
            closing(EventLog(workspace.log)) as events,
            signals_heard() as signals,
            beside or nullcontext(),
        ):
            everyone = Everyone(events, DashboardNotes(workspace, storage), observer)
            with closing(workers.start()) as executor:
                driver = signals.driver = Driver(
                    workspace, storage, executor, everyone, waiting, leave, lock.check
                )
                deadline = None if minutes is None else executor.clock() + 60 * minutes
                driver.run(deadline, forever=names is None)
        return Outcome(driver.stopping, driver.failed)


def drive_or_follow(
    workspace: Workspace,
    workers: Workers,
    observer: Observer,
    names: Iterable[str],
    minutes: float | None = None,
) -> Outcome:
    """Run studies here; where a driver is at work already, follow its progress with them instead.

    Parameters are those of `drive`.
    """
    names = list(names)
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    while True:
        try:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) / 60
            return drive(workspace, workers, observer, names, left)
        except LockedError:
            if follow(workspace, observer, names, deadline):
                return _outcome_elsewhere(workspace, names, deadline)


def _outcome_elsewhere(workspace: Workspace, names: list[str], deadline: float | None) -> Outcome:
    """Say how studies ended that another process drove; one that it left undone is as good as failed."""
    late = deadline is not None and time.monotonic() > deadline
    undone = {State.FAILED.value} if late else {State.FAILED.value, State.STOPPED.value}
    rows = [row for row in read_status(workspace) if row["study"] in names and row["state"] in undone]
    return Outcome(LATE if late else None, {row["study"]: row["reason"] for row in rows})


def _queue(
    workspace: Workspace, storage: optuna.storages.BaseStorage, names: set[str] | None
) -> Callable[[], list[str]]:
    """Give a function that lists the studies to run, in order.

    With names, what was queued before is left alone until somebody asks for it again; what a driver left that
    was killed is stopped, since nobody works on it.
    """
    engine = connect(workspace)
    left_alone = {} if names is None else {n: s for n, s in open_studies(engine).items() if n not in names}
    for name, study in left_alone.items():
        if study.state is not State.QUEUED:
            with suppress(StudyError):  # of another version, which is not ours to change
                open_study(storage, name).move_to(State.STOPPED, "its driver was killed")

    def waiting() -> list[str]:
        return [name for name, study in open_studies(engine).items() if not _is(left_alone.get(name), study)]

    return waiting


def _is(known: OpenStudy | None, study: OpenStudy) -> bool:
    return known is not None and known.asked == study.asked
