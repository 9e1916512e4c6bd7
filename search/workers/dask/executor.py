"""Tasks on Dask workers: processes on this machine, or any cluster with a scheduler."""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
import uuid
from typing import Any

from distributed import Client, Future

from data_io.training_set import TrainingSet
from search.workers.dask.cluster import close_cluster, start_workers
from search.workers.dask.connection import ClusterError, connect
from search.workers.dask.link import CLOSE_SECONDS, Link
from search.workers.dask.parcel import ENTRY, ENTRY_OF_OUR_OWN, pack_task
from search.workers.dask.run import TRIES, Again, Run, describe, unreported_end
from search.workers.dask.shelf import Shelf
from search.workers.events import (
    Event,
    Lost,
    PoolEvent,
    Reported,
    Started,
    Stopped,
    WorkerRefused,
    WorkersAwaited,
)
from search.workers.executor import Executor
from search.workers.tasks import Task

log = logging.getLogger("rbptune")


class DaskExecutor(Executor):
    """Runs tasks on the workers of a Dask cluster.

    What many tasks need is laid out on the workers once: a study's arrays and, but for workers of our own,
    the code. Reports come back through a queue at the scheduler, which needs nothing but Dask.

    Parameters
    ----------
    workers : int
        Worker processes to start on this machine; not used with `scheduler`.
    scheduler : str, optional
        The address of a running scheduler, such as ``tcp://10.0.0.1:8786``.
    tls : dict, optional
        Paths of the PEM files ca, cert and key, for a `scheduler` that speaks TLS.

    Raises
    ------
    ClusterError
    """

    def __init__(
        self, workers: int = 1, scheduler: str | None = None, tls: dict[str, str] | None = None
    ) -> None:
        self._address = scheduler or "this machine"
        self._own = scheduler is None
        self._runs: dict[str, Run] = {}
        self._refused: dict[str, str] = {}
        self._awaited = False
        self._pool_events: list[PoolEvent] = []
        with contextlib.ExitStack() as opened:  # where one step fails, those before it are undone
            if scheduler is None:
                cluster = start_workers(workers)
                opened.callback(close_cluster, cluster)
                self._client = Client(cluster, set_as_default=False)
            else:
                self._client = connect(scheduler, tls or {})
            opened.callback(self._client.close, timeout=CLOSE_SECONDS)
            self._link = Link(self._client)
            opened.callback(self._link.close, let_go=not self._own)
            self._opened = opened.pop_all()
        self._shelf = Shelf(self._client)

    @property
    def slots(self) -> int:
        """The threads of all workers that are there now and can be used."""
        self._require_workers()
        return sum(threads for worker, threads in self._link.threads.items() if worker not in self._refused)

    @property
    def workers(self) -> dict[str, int]:
        """The threads of each worker that is there, by its address."""
        return dict(self._link.threads)

    def submit(self, task: Task) -> None:
        """See `Executor.submit`."""
        self._begin(Run(task, f"rbptune-{uuid.uuid4().hex}"))

    def stop(self, key: str) -> None:
        """See `Executor.stop`; the worker notices when it next looks."""
        run = self._runs.get(key)
        if run is not None and not run.over:
            self._link.reported.put((run.name, Stopped(key)))  # before Dask says that the run is gone
            self._let_go(run)

    def events(self, timeout: float) -> list[Event | PoolEvent]:
        """See `Executor.events`."""
        self._require_workers()
        self._notice_absent()
        reported = []
        with contextlib.suppress(queue.Empty):
            reported.append(self._link.reported.get(timeout=timeout))
            while True:
                reported.append(self._link.reported.get_nowait())
        accepted = [self._accept(name, event) for name, event in reported]
        of_tasks = [event for event in accepted if event is not None]
        of_pool, self._pool_events = self._pool_events, []
        return [*of_pool, *of_tasks]

    def release(self, data: TrainingSet) -> None:
        """See `Executor.release`."""
        self._link.do(self._shelf.release(data))

    def interrupt(self) -> None:
        """Do nothing: `events` never waits for a task."""

    def close(self) -> None:
        """See `Executor.close`; workers that are not our own notice it by themselves."""
        self._opened.close()

    def _begin(self, run: Run) -> None:
        self._runs[run.task.key] = run
        self._link.do(self._send(run))

    async def _send(self, run: Run) -> None:
        """Put what a run needs on the shelf, and submit it; in the client's event loop."""
        key = run.task.key
        try:
            parcel = await pack_task(run.task, run.name, self._link.outbox, self._shelf, not self._own)
            if run.over:
                return
            entry = ENTRY_OF_OUR_OWN if self._own else ENTRY
            usable = [worker for worker in self._link.threads if worker not in self._refused]
            allowed = usable if self._refused else None
            run.future = self._client.submit(
                exec, entry, {"parcel": parcel}, key=run.name, pure=False, workers=allowed
            )
            run.future.add_done_callback(functools.partial(self._notice_end, key, run.name))
            if run.over:  # by now
                run.future.release()
        except Exception as error:
            log.debug("%s was not sent", key, exc_info=error)
            self._link.reported.put((run.name, Lost(key, describe(error))))

    def _let_go(self, run: Run) -> None:
        """Let Dask and the shelf forget a run, wherever it is."""
        run.over = True
        if run.future is not None:
            run.future.release()
        self._link.do(self._shelf.release(run.task))

    def _accept(self, name: str, event: Event) -> Event | None:
        """Take note of what a run reported; give what of it is for the driver."""
        run = self._runs.get(event.key)
        if run is None or run.name != name:
            return None  # of a run that was given up
        if isinstance(event, Started):
            if run.worker is None:
                run.worker = event.worker
            else:  # Dask took it to another worker by itself, from its beginning
                event = Lost(event.key, f"worker {run.worker} is gone")
        if isinstance(event, Started | Reported):
            return event
        del self._runs[event.key]
        self._let_go(run)
        return self._again(run, event) if isinstance(event, Again) else event

    def _again(self, run: Run, event: Again) -> Event | None:
        """Try a run again that could not begin: the worker is of no use, or what it needs was lost."""
        if event.worker is not None and event.worker not in self._refused:
            self._refused[event.worker] = event.reason
            self._pool_events.append(WorkerRefused(event.worker, event.reason))
        if run.tries >= TRIES:
            return Lost(event.key, event.reason)
        self._require_workers()
        tries = run.tries + (event.worker is None)
        self._begin(Run(run.task, f"rbptune-{uuid.uuid4().hex}", tries))
        return None

    def _notice_end(self, key: str, name: str, future: Future[Any]) -> None:
        """Notice a run that ended without reporting it; runs in a thread of the client's."""
        event = unreported_end(key, future)
        if event is not None:
            self._link.reported.put((name, event))

    def _notice_absent(self) -> None:
        """Notice runs whose worker has left; with no other worker there, Dask would not say so."""
        for key, run in self._runs.items():
            present = run.worker in self._link.threads
            if run.seen and not present:
                self._link.reported.put((run.name, Lost(key, f"worker {run.worker} is gone")))
            run.seen = present

    def _require_workers(self) -> None:
        """Check that there is a scheduler and some worker of use; say when the first is awaited.

        Raises
        ------
        ClusterError
        """
        broken = self._link.broken
        if broken is not None:
            raise ClusterError(
                f"{self._address}: the Dask scheduler went away ({broken}); start it and repeat the command"
            )
        workers = self._link.threads
        if not workers and not self._awaited and not self._own:
            self._pool_events.append(WorkersAwaited(self._address))
        self._awaited = not workers
        if workers and all(worker in self._refused for worker in workers):
            worker = next(iter(workers))
            raise ClusterError(
                f"{self._address}: no worker can run trials; {worker}: {self._refused[worker]}; "
                "install rbptune in the workers' environment and start them again"
            )
