"""The driver: the one process that asks, dispatches, records and decides, for all studies of a workspace."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator

import optuna

from data_io.errors import StorageError, StudyError
from data_io.training_set import TrainingSet
from search.service.fleet import Fleet
from search.service.loading import Loader, load_data
from search.service.notices import StudyFailed, StudyStopped, of_pool
from search.service.observers import Observer
from search.service.study_log import log_failure
from search.service.study_run import StudyRun
from search.service.time_shares import LATE, TimeShares
from search.service.turns import Turns
from search.study.database import database_errors
from search.study.record import StudyRecord, open_study
from search.study.states import OPEN_STATES, Request, State
from search.study.workspace import Workspace
from search.workers.events import ENDS, Event, PoolEvent
from search.workers.executor import Executor

WAIT_SECONDS = 0.2
LOOK_SECONDS = 1.0  # how often the queue is read
STUDIES_AHEAD = 4  # studies under way beyond one a worker, so that none waits for a slow one


class Driver:
    """Runs queued studies on the workers of an executor.

    Parameters
    ----------
    workspace : Workspace
    storage : optuna storage
        Written by nobody else while the driver runs, but for new studies and requests.
    executor : Executor
    observer : Observer
    queue : callable
        Gives the names of the studies to run, in order; asked again now and then.
    leave : State, default State.STOPPED
        The state of studies that are not through when the driver ends.
    check_lock : callable, optional
        Raises a StorageError once this process is not the only driver any more.
    load : callable, optional
        Gives the arrays of a study. Default: reads its measurements.
    turns : Turns, optional
        Says which study a free worker goes to.
    shares : TimeShares, optional
        Says which searches have to end, where there are hours for all.
    """

    def __init__(
        self,
        workspace: Workspace,
        storage: optuna.storages.BaseStorage,
        executor: Executor,
        observer: Observer,
        queue: Callable[[], Iterable[str]],
        leave: State = State.STOPPED,
        check_lock: Callable[[], None] = lambda: None,
        load: Callable[[StudyRecord], TrainingSet] | None = None,
        turns: Turns | None = None,
        shares: TimeShares | None = None,
    ) -> None:
        self._workspace = workspace
        self._storage = storage
        self._executor = executor
        self._observer = Fleet(observer)
        self._queue = queue
        self._leave = leave
        self._check_lock = check_lock
        self._loader = Loader(load or (lambda record: load_data(record, workspace)))
        self._runs: dict[str, StudyRun] = {}
        self._tasks: dict[str, StudyRun] = {}
        self._looked = float("-inf")
        self._unreadable: set[str] = set()
        self._turns = turns or Turns()
        self._shares = shares or TimeShares()
        self._waiting = 0
        self.stopping: str | None = None
        self.failed: dict[str, str] = {}

    def run(self, deadline: float | None = None, forever: bool = False) -> None:
        """Work until every queued study has ended, the deadline passes or `stop` is called.

        Parameters
        ----------
        deadline : float, optional
            On the clock of the executor.
        forever : bool, default False
            Wait for new studies where there is nothing to do.
        """
        with database_errors(self._workspace.storage_url):
            try:
                while self.stopping is None:
                    self._look()
                    self._begin_loaded()
                    self._dispatch()
                    if not self._runs and not self._loader.pending and self._looked > float("-inf"):
                        self._observer.say_ended()
                        if not forever:
                            return
                    for event in self._executor.events(WAIT_SECONDS):
                        self._take_in(event)
                    if deadline is not None and self._executor.clock() > deadline:
                        self.stop(LATE)
            finally:
                self._release()
                self._observer.say_ended(self.stopping or str(sys.exception() or "") or None)

    def stop(self, reason: str) -> None:
        """End `run` soon; what runs goes on from its last epoch another time. Safe in a signal handler."""
        self.stopping = reason
        self._executor.interrupt()

    def _look(self) -> None:
        """Take up queued studies while there are workers for them, and stop those that are asked to."""
        if self._executor.clock() - self._looked < LOOK_SECONDS:
            return
        self._looked = self._executor.clock()
        self._check_lock()
        for run in list(self._runs.values()):
            run.record.refresh()
            self._end_if_wanted(run.record)
        known = self._runs.keys() | self._loader.pending.keys() | self._unreadable
        waiting = [name for name in self._queue() if name not in known]
        while waiting and len(self._runs) + len(self._loader.pending) < self._executor.slots + STUDIES_AHEAD:
            self._open(waiting.pop(0))
        self._waiting = len(waiting)
        self._observer.count_waiting(self._waiting)

    def _open(self, name: str) -> None:
        try:
            record = open_study(self._storage, name)
        except StudyError as error:  # of another version, say: the others are none the worse for it
            self._unreadable.add(name)
            self._note_failure(name, str(error))
            return
        self.failed.pop(name, None)
        if record.state in OPEN_STATES and not self._end_if_wanted(record):
            self._loader.ask(record)

    def _end_if_wanted(self, record: StudyRecord) -> bool:
        """Stop a study that is asked to, or has no time left and nothing to retrain; tell whether it was."""
        if record.request is Request.STOP:
            self._stop(record, "asked to stop")
            record.answer_request()
            return True
        if self._shares.are_over(record) and record.best_value is None:
            self._stop(record, LATE)
            return True
        return False

    def _begin_loaded(self) -> None:
        """Begin the studies whose measurements are there; wait for them where there is nothing else to do."""
        for record, data in self._loader.take(0.0 if self._runs else WAIT_SECONDS):
            with self._answering_for(record):
                if isinstance(data, Exception):
                    raise data
                run = self._runs[record.name] = StudyRun(record, data, self._workspace, self._observer)
                self._close_if_complete(run)

    def _dispatch(self) -> None:
        """Fill the free workers, each time for the study that has the fewest and waited the longest."""
        idle = set[str]()
        while len(self._tasks) < self._executor.slots and len(idle) < len(self._runs):
            busy = [run.record.name for run in self._tasks.values()]
            name = self._turns.next((name for name in self._runs if name not in idle), busy)
            if not self._submit_next(self._runs[name]):
                idle.add(name)

    def _submit_next(self, run: StudyRun) -> bool:
        task = None
        with self._answering_for(run.record):
            others = self._runs.values(), self._loader.pending.values(), self._waiting
            if run.wants_trial and not self._shares.allow_trial(run, *others, self._executor.slots):
                run.record.refresh()  # somebody may have given it more time a moment ago
                if not self._shares.allow_trial(run, *others, self._executor.slots):
                    run.end_search()
            task = run.next_task()
        if task is None:
            return run.record.name not in self._runs  # it failed just now: there are others to ask
        self._tasks[task.key] = run
        self._turns.take(run.record.name)
        self._executor.submit(task)
        return True

    def _take_in(self, event: Event | PoolEvent) -> None:
        if isinstance(event, PoolEvent):
            self._observer.notice(of_pool(event))
            return
        ends = isinstance(event, ENDS)
        run = self._tasks.pop(event.key, None) if ends else self._tasks.get(event.key)
        if run is None or run.record.name not in self._runs:
            return
        with self._answering_for(run.record):
            if not run.handle(event) and not ends:
                self._executor.stop(event.key)
            self._close_if_complete(run)

    def _close_if_complete(self, run: StudyRun) -> None:
        if run.complete:
            self._drop(run.record.name)
            self._looked = float("-inf")

    @contextlib.contextmanager
    def _answering_for(self, record: StudyRecord) -> Iterator[None]:
        """Let whatever goes wrong within fail this study, and none else; but the database is everybody's."""
        try:
            with database_errors(self._workspace.storage_url):
                yield
        except StorageError:  # no study is at fault, and none could go on
            raise
        except Exception as error:
            reason = log_failure(self._workspace, record.name, error)
            self._drop(record.name)
            record.move_to(State.FAILED, reason)
            self._note_failure(record.name, reason)

    def _note_failure(self, name: str, reason: str) -> None:
        self.failed[name] = reason
        self._looked = float("-inf")  # there may be more than was taken up
        self._observer.notice(StudyFailed(name, reason))

    def _stop(self, record: StudyRecord, reason: str, state: State = State.STOPPED) -> None:
        self._drop(record.name)
        record.move_to(state, reason)
        self._observer.notice(StudyStopped(record.name, reason))

    def _drop(self, name: str) -> None:
        """Let go of a study, its tasks and its arrays."""
        if (run := self._runs.pop(name, None)) is None:
            return
        for key, owner in self._tasks.items():
            if owner is run:
                self._executor.stop(key)
        self._executor.release(run.data)

    def _release(self) -> None:
        """Leave every study so that it can be taken up again; a request that came meanwhile is answered."""
        with contextlib.suppress(StorageError), database_errors(self._workspace.storage_url):
            self._check_lock()  # once it is lost another driver may be at work, and nothing is written
            for record in [*(run.record for run in self._runs.values()), *self._loader.pending.values()]:
                record.refresh()
                if record.request is not Request.STOP or not self._end_if_wanted(record):
                    self._stop(record, self.stopping or "the driver ended", self._leave)
