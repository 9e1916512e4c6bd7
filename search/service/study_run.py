"""One study on its way from queued to done."""

from __future__ import annotations

from data_io.training_set import TrainingSet
from search.service.finals import Finals
from search.service.notices import StudyStarted
from search.service.observers import Observer
from search.service.trials import Trials
from search.study.record import StudyRecord
from search.study.states import State
from search.study.workspace import Workspace
from search.workers.events import Event
from search.workers.tasks import Task


class StudyRun:
    """Hands out a study's tasks and takes in what they report, first of the trials, then of the finals.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer

    Raises
    ------
    StudyError
        When the data are others than those the study began with.
    """

    def __init__(
        self, record: StudyRecord, data: TrainingSet, workspace: Workspace, observer: Observer
    ) -> None:
        self.record = record
        self.data = data
        self._workspace = workspace
        self._observer = observer
        record.check_data(data.fingerprint, record.data)
        if record.attribute("fingerprint") is None:
            record.set(fingerprint=data.fingerprint)
        self._trials = Trials(record, data, workspace, observer)
        self._finals: Finals | None = None
        record.move_to(State.SEARCHING)
        retrainings = record.strategy.finalists * record.strategy.members
        observer.notice(StudyStarted(record.name, record.budget, record.done, record.best_value, retrainings))
        self._advance()

    @property
    def complete(self) -> bool:
        """Whether the study is done."""
        return self.record.state is State.DONE

    def next_task(self) -> Task | None:
        """Give the next task to run, or None while there is none to begin."""
        return self._finals.next_task() if self._finals else self._trials.next_task()

    def handle(self, event: Event) -> bool:
        """Take in what a task reports; False where the task is not wanted any more.

        Raises
        ------
        UserError
            When the study cannot go on.
        """
        wanted = self._finals.handle(event) if self._finals else self._trials.handle(event)
        self._advance()
        return wanted

    def _advance(self) -> None:
        if self._finals is None and self._trials.complete:
            self.record.refresh()  # somebody may have raised the budget a moment ago
        if self._finals is None and self._trials.complete:
            self._trials.give_up_rest()
            self.record.move_to(State.FINALIZING)
            self._finals = Finals(self.record, self.data, self._workspace, self._observer)
        if self._finals is not None and self._finals.complete:
            self.record.move_to(State.DONE)
