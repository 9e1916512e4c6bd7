"""The driver: the one process that asks, dispatches, records and tells, for all studies of a workspace."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable

import optuna

from data_io.errors import StorageError, StudyError, UserError
from search.service.observers import Observer
from search.service.study_run import StudyRun
from search.study.database import database_errors
from search.study.record import StudyRecord, open_study
from search.study.states import OPEN_STATES, State
from search.study.workspace import Workspace
from search.workers.executor import Executor
from search.workers.tasks import Event, Failed, Finished, Lost, Stopped

WAIT_SECONDS = 0.2
LOOK_SECONDS = 1.0  # how often the queue is read
STUDIES_AHEAD = 4  # studies under way beyond one a worker, so that none waits for a slow one

ENDS = (Finished, Stopped, Failed, Lost)
LATE = "its time was up"


class Driver:
    """Runs queued studies on the workers of an executor.

    Parameters
    ----------
    workspace : Workspace
    storage : optuna storage
        Written by nobody else while the driver runs, but for new studies and wishes to stop.
    executor : Executor
    observer : Observer
    queue : callable
        Gives the names of the studies to run, in order; asked again now and then.
    leave : State, default State.STOPPED
        The state of studies that are not through when the driver ends.
    """

    def __init__(
        self,
        workspace: Workspace,
        storage: optuna.storages.BaseStorage,
        executor: Executor,
        observer: Observer,
        queue: Callable[[], Iterable[str]],
        leave: State = State.STOPPED,
    ) -> None:
        self._workspace = workspace
        self._storage = storage
        self._executor = executor
        self._observer = observer
        self._queue = queue
        self._leave = leave
        self._runs: dict[str, StudyRun] = {}
        self._tasks: dict[str, StudyRun] = {}
        self._looked = 0.0
        self._unreadable: set[str] = set()
        self._turns: dict[str, int] = {}  # when each study was last given a worker, counted in tasks
        self.stopping: str | None = None
        self.failed: dict[str, str] = {}

    def run(self, deadline: float | None = None, forever: bool = False) -> None:
        """Work until every queued study has ended, the deadline passes or `stop` is called.

        Parameters
        ----------
        deadline : float, optional
            On the clock of `time.monotonic`.
        forever : bool, default False
            Wait for new studies where there is nothing to do.
        """
        with database_errors(self._workspace.storage_url):
            try:
                while self.stopping is None:
                    self._look()
                    self._dispatch()
                    if not self._runs and not forever:
                        return
                    for event in self._executor.events(WAIT_SECONDS):
                        self._take_in(event)
                    if deadline is not None and time.monotonic() > deadline:
                        self.stop(LATE)
            finally:
                self._put_down()

    def stop(self, reason: str) -> None:
        """End `run` soon; what runs goes on from its last epoch another time. Safe in a signal handler."""
        self.stopping = reason
        self._executor.interrupt()

    def _look(self) -> None:
        """Take up queued studies while there are workers for them, and put down those to be stopped."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for name, run in list(self._runs.items()):
            run.record.refresh()
            if run.record.wish == "stop":
                self._end(name, State.STOPPED, "asked to stop")
        for name in self._queue():
            if len(self._runs) >= self._executor.slots + STUDIES_AHEAD:
                return
            if name not in self._runs and name not in self._unreadable:
                self._open(name)
                self._looked = 0.0  # reading its data took a while; the next one comes after the workers
                return

    def _open(self, name: str) -> None:
        try:
            record = open_study(self._storage, name)
        except StudyError as error:  # of another version, say: the others are none the worse for it
            self._unreadable.add(name)
            self.failed[name] = str(error)
            self._observer.notice("study_failed", name, reason=str(error))
        else:
            self._begin(record)

    def _begin(self, record: StudyRecord) -> None:
        self.failed.pop(record.name, None)
        if record.state not in OPEN_STATES:
            return
        if record.wish == "stop":
            self._end(record.name, State.STOPPED, "asked to stop", record)
            return
        try:
            run = StudyRun(record, self._workspace, self._observer)
        except StorageError:
            raise
        except UserError as error:
            self._fail(record, error)
            return
        self._runs[record.name] = run
        self._close_if_complete(run)

    def _dispatch(self) -> None:
        """Fill the free workers, each time for the study that has the fewest and waited the longest."""
        slots = self._executor.slots
        idle = set[str]()
        while len(self._tasks) < slots and len(idle) < len(self._runs):
            busy = Counter(run.record.name for run in self._tasks.values())
            waiting = [name for name in self._runs if name not in idle]
            name = min(waiting, key=lambda name: (busy[name], self._turns.get(name, 0)))
            if not self._submit_next(self._runs[name]):
                idle.add(name)

    def _submit_next(self, run: StudyRun) -> bool:
        try:
            task = run.next_task()
        except UserError as error:
            self._fail(run.record, error)
            return True
        if task is None:
            return False
        self._tasks[task.key] = run
        self._turns[run.record.name] = max(self._turns.values(), default=0) + 1
        self._executor.submit(task)
        return True

    def _take_in(self, event: Event) -> None:
        run = self._tasks.get(event.key)
        if run is None:
            return
        if isinstance(event, ENDS):
            del self._tasks[event.key]
        if run.record.name not in self._runs:
            return
        try:
            if not run.handle(event) and not isinstance(event, ENDS):
                self._executor.stop(event.key)
        except StorageError:
            raise  # no study is at fault, and none could go on
        except UserError as error:
            self._fail(run.record, error)
        self._close_if_complete(run)

    def _close_if_complete(self, run: StudyRun) -> None:
        if run.complete:
            self._runs.pop(run.record.name, None)
            self._looked = 0.0

    def _fail(self, record: StudyRecord, error: UserError) -> None:
        self.failed[record.name] = str(error)
        self._end(record.name, State.FAILED, str(error), record)
        self._observer.notice("study_failed", record.name, reason=str(error))

    def _end(self, name: str, state: State, reason: str, record: StudyRecord | None = None) -> None:
        run = self._runs.pop(name, None)
        for key, owner in self._tasks.items():
            if owner is run:
                self._executor.stop(key)
        record = record or (run.record if run else None)
        if record is not None:
            record.set(wish=None)
            record.move_to(state, reason)
        if state in (State.STOPPED, State.QUEUED):
            self._observer.notice("study_stopped", name, reason=reason)

    def _put_down(self) -> None:
        """Leave every study so that it can be taken up again."""
        with contextlib.suppress(StorageError), database_errors(self._workspace.storage_url):
            for name in list(self._runs):
                self._end(name, self._leave, self.stopping or "the driver ended")
