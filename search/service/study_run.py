"""One study on its way from queued to done."""

from __future__ import annotations

from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from search.service.checkpoint_store import Checkpoints
from search.service.finals import Final
from search.service.observers import Observer
from search.service.trials import Search
from search.study.record import StudyRecord
from search.study.states import State
from search.study.workspace import Workspace
from search.workers.tasks import Event, Task


class StudyRun:
    """Hands out a study's tasks and takes in what they tell, first of the search, then of its end.

    Parameters
    ----------
    record : StudyRecord
    workspace : Workspace
    observer : Observer

    Raises
    ------
    DataError
        When the experiment's measurements cannot be read.
    StudyError
        When they are others than those the study began with.
    """

    def __init__(self, record: StudyRecord, workspace: Workspace, observer: Observer) -> None:
        self.record = record
        self._workspace = workspace
        self._observer = observer
        spec = record.spec
        experiment = Experiment(spec.experiment, spec.protein, spec.species)
        self._data = load_training_set(record.data, experiment, spec.split, workspace.cache)
        record.check_data(self._data.fingerprint, record.data)
        if record.attribute("fingerprint") is None:
            record.set(fingerprint=self._data.fingerprint)
        checkpoints = Checkpoints(workspace.checkpoints(record.name))
        self._search = Search(record, self._data, checkpoints, observer)
        self._final: Final | None = None
        record.move_to(State.SEARCHING)
        observer.notice(
            "study_started", record.name, budget=record.budget, done=record.done, best=record.best_value
        )
        self._advance()

    @property
    def complete(self) -> bool:
        """Whether the study is done."""
        return self.record.state is State.DONE

    def next_task(self) -> Task | None:
        """Give the next task to run, or None while there is none to begin."""
        return self._final.next_task() if self._final else self._search.next_task()

    def handle(self, event: Event) -> bool:
        """Take in what a task told; False where the task is not wanted any more.

        Raises
        ------
        UserError
            When the study cannot go on.
        """
        wanted = self._final.handle(event) if self._final else self._search.handle(event)
        self._advance()
        return wanted

    def _advance(self) -> None:
        if self._final is None and self._search.complete:
            self.record.refresh()  # somebody may have raised the budget a moment ago
        if self._final is None and self._search.complete:
            self._search.give_up_rest()
            self.record.move_to(State.FINALIZING)
            self._final = Final(self.record, self._data, self._workspace, self._observer)
        if self._final is not None and self._final.complete:
            self.record.move_to(State.DONE)
