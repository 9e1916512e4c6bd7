"""Tasks on Dask workers: processes on this machine, or any cluster with a scheduler."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import queue
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from distributed import Future, Queue
from distributed.scheduler import KilledWorker

from search.workers.dask.cluster import (
    CLOSE_SECONDS,
    CONNECT_SECONDS,
    ClusterError,
    close_cluster,
    connect,
    start_workers,
)
from search.workers.dask.code import CANNOT_RUN, ENTRY, pack_task
from search.workers.dask.worker import mark_unwanted
from search.workers.events import (
    Event,
    Lost,
    PoolEvent,
    Reported,
    Started,
    Stopped,
    WorkerRefused,
    WorkersAwaited,
    from_plain,
)
from search.workers.executor import Executor
from search.workers.tasks import Task

LOOK_SECONDS = 1.0  # how long the list of workers is believed


class DaskExecutor(Executor):
    """Runs tasks on the workers of a Dask cluster.

    A task's arrays and, but for workers of our own, the code that runs it travel with it. Its reports
    come back through a queue at the scheduler. So neither a shared disk nor a connection from the
    workers to the driver is needed, and the scheduler needs nothing but Dask.

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
        self,
        workers: int = 1,
        scheduler: str | None = None,
        tls: dict[str, str] | None = None,
    ) -> None:
        self._cluster = None if scheduler else start_workers(workers)
        self._address = scheduler or "this machine"
        self._client = connect(self._cluster or self._address, tls or {})
        self._pool_events: list[PoolEvent] = []
        self._runs: dict[str, _Run] = {}
        self._refused: dict[str, str] = {}
        self._awaited = False
        # These two are filled by threads of the client's; all else is done in the driver's own.
        self._told: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
        self._threads: dict[str, int] = {}
        self._outbox = Queue(f"rbptune-{uuid.uuid4().hex}", client=self._client)
        self._in_loop(self._look()).result(CONNECT_SECONDS)
        self._background = [self._in_loop(self._watch()), self._in_loop(self._listen())]

    @property
    def slots(self) -> int:
        """The threads of all workers that are there now and can be used."""
        self._require_workers()
        return sum(threads for worker, threads in self._threads.items() if worker not in self._refused)

    def submit(self, task: Task) -> None:
        """See `Executor.submit`."""
        name = f"rbptune-{uuid.uuid4().hex}"
        parcel = pack_task(task, name, self._outbox.name, with_code=self._cluster is None)
        usable = [worker for worker in self._threads if worker not in self._refused]
        allowed = usable if self._refused else None
        future = self._client.submit(exec, ENTRY, {"parcel": parcel}, key=name, pure=False, workers=allowed)
        self._runs[task.key] = _Run(task, name, future)
        future.add_done_callback(functools.partial(self._notice_end, task.key, name))

    def stop(self, key: str) -> None:
        """See `Executor.stop`."""
        run = self._runs.get(key)
        if run is not None:
            run.unwanted = True
            self._tell_worker(run)

    def events(self, timeout: float) -> list[Event | PoolEvent]:
        """See `Executor.events`."""
        self._require_workers()
        self._notice_absent()
        told = []
        with contextlib.suppress(queue.Empty):
            told.append(self._told.get(timeout=timeout))
            while True:
                told.append(self._told.get_nowait())
        accepted = [self._accept(name, event) for name, event in told]
        of_tasks = [event for event in accepted if event is not None]
        of_pool, self._pool_events = self._pool_events, []
        return [*of_pool, *of_tasks]

    def interrupt(self) -> None:
        """Do nothing: `events` never waits for a task."""

    def close(self) -> None:
        """See `Executor.close`; workers that are not our own notice it by themselves."""
        for work in self._background:
            work.cancel()
        if self._cluster is None and self._client.status == "running":
            self._outbox.close()
        with contextlib.suppress(TimeoutError, OSError):
            self._client.close(timeout=CLOSE_SECONDS)
        if self._cluster is not None:
            close_cluster(self._cluster)

    def _accept(self, name: str, event: Event) -> Event | None:
        """Take note of what a run told; give what of it is for the driver."""
        run = self._runs.get(event.key)
        if run is None or run.name != name:
            return None  # of a run that was given up
        if isinstance(event, Started):
            if run.worker is None:
                run.worker = event.worker
                self._tell_worker(run)
            else:  # Dask took it to another worker by itself, from its beginning
                event = Lost(event.key, f"worker {run.worker} is gone")
        if isinstance(event, Started | Reported):
            return event
        del self._runs[event.key]
        run.future.release()
        if isinstance(event, _Refused):
            return self._refuse(run, event)
        return Stopped(event.key) if run.unwanted and isinstance(event, Lost) else event

    def _refuse(self, run: _Run, event: _Refused) -> Event | None:
        """Use a worker no more, and give its task to another."""
        if event.worker not in self._refused:
            self._refused[event.worker] = event.reason
            self._pool_events.append(WorkerRefused(event.worker, event.reason))
        if run.unwanted:
            return Stopped(event.key)
        self._require_workers()
        self.submit(run.task)
        return None

    def _notice_end(self, key: str, name: str, future: Future[Any]) -> None:
        """Notice a run that ended without telling so; runs in a thread of the client's."""
        if future.status == "finished":
            return  # what it told is in the queue
        error = future.exception() if future.status == "error" else None
        if error is not None and error.args[:1] == (CANNOT_RUN,):
            self._told.put((name, _Refused(key, *error.args[1:])))
        else:
            self._told.put((name, Lost(key, _describe(error))))

    def _notice_absent(self) -> None:
        """Notice runs whose worker has left; with no other worker there, Dask would not tell."""
        for key, run in self._runs.items():
            present = run.worker in self._threads
            if run.seen and not present:
                self._told.put((run.name, Lost(key, f"worker {run.worker} is gone")))
            run.seen = present

    def _require_workers(self) -> None:
        """Check that there is a scheduler, and some worker that may be of use; wait for the first.

        Raises
        ------
        ClusterError
        """
        if self._client.status != "running" or any(work.done() for work in self._background):
            raise ClusterError(
                f"{self._address}: the Dask scheduler went away; start it and repeat the command"
            )
        if not self._threads and not self._awaited and self._cluster is None:
            self._pool_events.append(WorkersAwaited(self._address))
        self._awaited = not self._threads
        if self._threads and all(worker in self._refused for worker in self._threads):
            worker = next(iter(self._threads))
            raise ClusterError(
                f"{self._address}: no worker can run trials; {worker}: {self._refused[worker]}; "
                "install rbptune in the workers' environment and start them again"
            )

    def _tell_worker(self, run: _Run) -> None:
        """Let a run that is not wanted end, once it is known where it is."""
        if run.unwanted and run.worker is not None:
            self._in_loop(self._mark_unwanted(run.name, run.worker))

    async def _mark_unwanted(self, name: str, worker: str) -> None:
        await self._client.run(mark_unwanted, name, workers=[worker], on_error="ignore")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        scheduler: Any = self._client.scheduler
        self._threads = dict(await scheduler.ncores())

    async def _listen(self) -> None:
        """Take messages out of the queue as they come."""
        while True:
            first = await self._outbox.get()
            for message in [first, *await self._outbox.get(batch=True)]:
                values = dict(message)
                name = values.pop("run")
                self._told.put((name, from_plain(values)))

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
        """Let the client's event loop do `work`."""
        loop: Any = self._client.loop
        return asyncio.run_coroutine_threadsafe(work, loop.asyncio_loop)


def _describe(error: BaseException | None) -> str:
    if isinstance(error, KilledWorker):
        return "its worker is gone"
    return next(iter(str(error or "").splitlines()), "Dask dropped it")


@dataclass
class _Run:
    """One try at a task."""

    task: Task
    name: str
    future: Future[Any]
    worker: str | None = None
    seen: bool = False  # whether the worker was there when last looked
    unwanted: bool = False


@dataclass(frozen=True)
class _Refused(Event):
    """A worker cannot run tasks: its environment lacks something."""

    worker: str
    reason: str
