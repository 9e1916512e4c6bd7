"""The end of a study: retrain the best configs, choose by validation, refit the ensemble, test it once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_io.errors import StudyError
from data_io.experiments import Experiment
from data_io.files import write_atomically
from data_io.predictions import NAME
from data_io.sealed import open_test_set
from data_io.training_set import TrainingSet
from models import tensors
from models.config import split_params
from models.weights import QUANTILES, save_model
from search.results.figures import write_results
from search.service.notices import WorkerLost
from search.service.observers import Observer
from search.service.refitting import Refitting
from search.service.retraining import Retraining
from search.service.study_log import log_traceback
from search.service.trainings import Member
from search.service.trials import TRIES
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from search.workers.events import Event, Failed, Lost, Tested
from search.workers.tasks import HeldOutTask, Task


class Finals:
    """Retrains the best configs with several seeds each, and tests winner and partners as an ensemble.

    One lucky run does not win: the winner is the config with the highest mean of its members' validation
    Spearman. They are one ensemble with those of its partners, finalists about as good, if the strategy lets
    it have any, and are trained on all of Set A, if it says so. The test set is opened only after that, once,
    and the study records when and with which weights.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer

    Raises
    ------
    StudyError
        When no trial finished.
    """

    def __init__(
        self, record: StudyRecord, data: TrainingSet, workspace: Workspace, observer: Observer
    ) -> None:
        self._record = record
        self._data = data
        self._workspace = workspace
        self._observer = observer
        self._retraining = Retraining(record, data, workspace, observer)
        self._refitting: Refitting | None = None  # begun when it is known what won
        self._testing: str | None = None
        self._shared = 0  # probes left out of the test, since Set A has their sequence
        self._lost: Counter[str] = Counter()
        # A driver that was killed since has left both; the figures are written last.
        self._tested = record.attribute("result") is not None and (self._artifacts / NAME).is_file()

    @property
    def complete(self) -> bool:
        """Whether the test is done and its figures are kept."""
        return self._tested

    @property
    def left(self) -> float:
        """The share of the trainings still to do; until it is known what won, of the most there may be."""
        retraining, refitting, strategy = self._retraining, self._refitting, self._record.strategy
        if refitting is not None:
            return 1 - (len(retraining) + refitting.through) / (len(retraining) + len(refitting))
        return 1 - retraining.through / strategy.trainings(len(retraining) // strategy.members)

    @property
    def is_about_to_test(self) -> bool:
        """Whether everything is trained, and the test set was never opened."""
        trained = self._retraining.complete and self._final.complete
        return trained and self._record.attribute("test_opened") is None

    def next_task(self) -> Task | None:
        """Give the next training to run, then the test; None while there is none to begin."""
        if not self._retraining.complete:
            return self._retraining.next_task()
        if not self._final.complete:
            return self._final.next_task()
        if self._testing or self._tested:
            return None
        test = self._test()
        self._testing = test.key
        return test

    def handle(self, event: Event) -> bool:
        """Take in what a task reports; False where the task is not wanted any more.

        Raises
        ------
        StudyError
            When a task cannot be done.
        """
        match event:
            case Failed():
                self._fail(event)
            case Lost():
                self._count_lost(event)
        if event.key != self._testing:
            stage = self._final if self._retraining.complete else self._retraining
            return stage.handle(event)
        match event:
            case Tested():
                self._keep_figures(event)
            case Lost():
                self._testing = None
        return True

    def _fail(self, event: Failed) -> None:
        if event.traceback:
            log_traceback(self._workspace, self._record.name, f"{event.key} failed", event.traceback)
        raise StudyError(f"study {self._record.name}: retraining or test failed: {event.reason}")

    def _count_lost(self, event: Lost) -> None:
        self._lost[event.key] += 1
        self._observer.notice(WorkerLost(self._record.name, None, event.reason))
        if self._lost[event.key] >= TRIES:
            raise StudyError(f"study {self._record.name}: {event.key} cost {TRIES} workers: {event.reason}")

    def _test(self) -> HeldOutTask:
        """Open the test set for the ensemble, and for nothing else ever after.

        Raises
        ------
        StudyError
            When it was opened before, for other weights.
        """
        final, spec, opened = self._final, self._record.spec, self._record.attribute("test_opened")
        members, validated = _packed(final.members()), _packed(final.siblings)
        digest = hashlib.sha256(b"".join(members)).hexdigest()
        if opened is not None and opened["weights"] != digest:
            raise StudyError(
                f"study {self._record.name}: its test set was opened on {opened['at']} for other weights; "
                "a second test is refused"
            )
        experiment = Experiment(spec.experiment, spec.protein, spec.species)
        test = open_test_set(self._record.data, experiment, self._data.scaling, self._workspace.cache)
        self._shared = test.shared_with_set_a
        if opened is None:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            winner = final.chosen[0].finalist.trial
            self._record.set(test_opened={"at": at, "trial": winner, "weights": digest})
        key = f"{self._record.name}#test"
        return HeldOutTask(key, spec.architecture, final.params, members, validated, self._data, test)

    def _keep_figures(self, event: Tested) -> None:
        final = self._final
        self._save_model(final.params, final.members(), event.quantiles)
        with write_atomically(self._artifacts / NAME) as temporary:
            temporary.write_bytes(event.predictions)
        result = write_results(
            self._record,
            final.configs(),
            asdict(event.ensemble),
            [asdict(member) for member in event.members],
            [sibling.curve for sibling in final.siblings],
            self._shared,
            self._artifacts,
        )
        self._record.set(result=result)
        self._tested, self._testing = True, None
        self._retraining.drop_checkpoints()

    def _save_model(
        self, params: Sequence[Mapping[str, Any]], members: Sequence[Member], quantiles: list[float]
    ) -> None:
        architecture = self._record.spec.architecture
        networks = [split_params(architecture, dict(each))[0] for each in params]
        extra = {
            "scaling": self._data.scaling.to_dict(),
            "provenance": self._record.provenance(),
            QUANTILES: quantiles,
        }
        states = [member.weights for member in members]
        save_model(self._artifacts / "model", architecture, networks, states, extra)

    @property
    def _final(self) -> Refitting:
        """What follows the retraining, which has to be complete."""
        if self._refitting is None:
            given = self._record, self._data, self._workspace, self._observer
            self._refitting = Refitting(*given, self._retraining.chosen(), before=len(self._retraining))
        return self._refitting

    @property
    def _artifacts(self) -> Path:
        return self._workspace.artifacts(self._record.name)


def _packed(members: Sequence[Member]) -> tuple[bytes, ...]:
    return tuple(tensors.pack(member.weights, {}) for member in members)
