"""One study on its way from queued to done."""

from __future__ import annotations

from data_io.training_set import TrainingSet
from search.service.finals import Finals
from search.service.gathering import Gathering
from search.service.notices import BestAtEdge, SearchCutShort, StudyDone, StudyStarted
from search.service.observers import Observer
from search.service.trials import Trials
from search.study.record import StudyRecord
from search.study.states import State
from search.study.workspace import Workspace
from search.workers.events import Event
from search.workers.tasks import Task

SHORT = "the search ended early, so that the study is done in time"


class StudyRun:
    """Hands out a study's tasks and takes in what they report: of trials, then finals, then evidence.

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
        self._stage: Trials | Finals | Gathering
        if record.attribute("test_opened") is None:
            self._search()
        else:  # by a driver that was cut off: no trial may be chosen any more
            self._finalize()
            self._say_started()
        self._advance()

    @property
    def complete(self) -> bool:
        """Whether the study is done."""
        return self.record.state is State.DONE

    @property
    def is_searching(self) -> bool:
        """Whether trials are begun or at work."""
        return isinstance(self._stage, Trials)

    @property
    def finals_left(self) -> float:
        """The share of the trainings after the search that is still to do."""
        if isinstance(self._stage, Finals):
            return self._stage.left
        return 1.0 if isinstance(self._stage, Trials) else 0.0

    @property
    def wants_trial(self) -> bool:
        """Whether the next task would be a trial."""
        return isinstance(self._stage, Trials) and self._stage.wants_more

    @property
    def trials_running(self) -> int:
        """How many trials are at work."""
        return self._stage.running if isinstance(self._stage, Trials) else 0

    def end_search(self) -> None:
        """Begin no more trials; once those at work have ended the best are retrained."""
        if isinstance(self._stage, Trials):
            self._stage.begin_no_more()
            self._observer.notice(SearchCutShort(self.record.name, self.record.budget))
            self._advance()

    def next_task(self) -> Task | None:
        """Give the next task to run, or None while there is none to begin."""
        if isinstance(self._stage, Finals) and self._stage.is_about_to_test:
            self.record.refresh()
            if self.record.done < self.record.budget:  # somebody raised it since the search ended
                self._search()
                return None  # whether there is time for a trial is asked next
        return self._stage.next_task()

    def handle(self, event: Event) -> bool:
        """Take in what a task reports; False where the task is not wanted any more.

        Raises
        ------
        UserError
            When the study cannot go on.
        """
        wanted = self._stage.handle(event)
        self._advance()
        return wanted

    def _search(self) -> None:
        self._stage = Trials(self.record, self.data, self._workspace, self._observer)
        self.record.move_to(State.SEARCHING)
        self._say_started()

    def _finalize(self) -> None:
        cut_short = (self.record.attribute("asked_budget") or 0) > self.record.budget
        self.record.move_to(State.FINALIZING, SHORT if cut_short else None)
        self._stage = Finals(self.record, self.data, self._workspace, self._observer)

    def _say_started(self) -> None:
        record, finalists = self.record, min(self.record.strategy.finalists, self.record.budget)
        facts = record.budget, record.done, record.best_value, record.strategy.trainings(finalists)
        self._observer.notice(StudyStarted(record.name, *facts))

    def _advance(self) -> None:
        if isinstance(self._stage, Trials) and self._stage.complete:
            self.record.refresh()  # somebody may have raised the budget a moment ago
        if isinstance(self._stage, Trials) and self._stage.complete:
            self._stage.give_up_rest()
            self._finalize()
        if isinstance(self._stage, Finals) and self._stage.complete:
            self._stage = Gathering(self.record, self.data, self._workspace, self._observer)
        if isinstance(self._stage, Gathering) and self._stage.complete:
            self._end()

    def _end(self) -> None:
        self.record.move_to(State.DONE)
        result = self.record.attribute("result")
        told = {key: result[key] for key in ("val_spearman", "test_spearman", "test_pearson")}
        partners = [partner["trial"] for partner in result.get("partners", ())]
        self._observer.notice(StudyDone(self.record.name, result["best_trial"], **told, partners=partners))
        if edges := result.get("at_edge"):
            self._observer.notice(BestAtEdge(self.record.name, edges))
