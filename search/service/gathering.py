"""After the test of a study: its evidence, gathered by a worker; without it the study is done, too."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import TrialState

from data_io.errors import DataError, UserError
from data_io.experiments import Experiment
from data_io.predictions import NAME
from data_io.training_set import TrainingSet
from search.results.ensemble import configs_of
from search.results.evidence_files import EVIDENCE, write_evidence
from search.results.export import read_result
from search.service.notices import EvidenceMissing, WorkerLost
from search.service.observers import Observer
from search.service.study_log import log_traceback
from search.service.trials import TRIES
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from search.workers.events import Event, Failed, Gathered, Lost
from search.workers.evidence_task import EvidenceTask


class Gathering:
    """Has the evidence of a tested study gathered, and keeps it; a failure is said and logged, no more.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer
    """

    def __init__(
        self, record: StudyRecord, data: TrainingSet, workspace: Workspace, observer: Observer
    ) -> None:
        self._record = record
        self._data = data
        self._workspace = workspace
        self._observer = observer
        self._lost = 0
        self._waiting: EvidenceTask | None = None
        self.complete = (self._artifacts / EVIDENCE).is_file()
        if not self.complete:
            self._prepare()

    def next_task(self) -> EvidenceTask | None:
        """Give the task; None while it runs, and once it is done."""
        task, self._waiting = self._waiting, None
        return task

    def handle(self, event: Event) -> bool:
        """Take in what the task reports."""
        match event:
            case Gathered():
                write_evidence(self._artifacts, event.evidence, event.svgs, event.pngs)
                self.complete = True
            case Failed():
                if event.traceback:
                    log_traceback(self._workspace, self._record.name, f"{event.key} failed", event.traceback)
                self._give_up(event.reason)
            case Lost():
                self._try_again(event)
        return True

    def _prepare(self) -> None:
        try:
            self._waiting = evidence_task(self._record, self._data, self._artifacts)
        except UserError as error:
            self._give_up(str(error))

    def _try_again(self, event: Lost) -> None:
        self._lost += 1
        self._observer.notice(WorkerLost(self._record.name, None, event.reason))
        if self._lost >= TRIES:
            self._give_up(f"it cost {TRIES} workers; the last: {event.reason}")
        else:
            self._prepare()

    def _give_up(self, reason: str) -> None:
        self.complete = True
        self._observer.notice(EvidenceMissing(self._record.name, reason))

    @property
    def _artifacts(self) -> Path:
        return self._workspace.artifacts(self._record.name)


def evidence_task(record: StudyRecord, data: TrainingSet, artifacts: Path) -> EvidenceTask:
    """Make the task from what the test of a study left.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
        What the study was trained with.
    artifacts : Path
        The study's: result.json, model/ and, unless it was tested before these were kept, the predictions.

    Raises
    ------
    StudyError, DataError
        When something of it is missing or damaged.
    """
    result, spec = read_result(artifacts), record.spec
    params = tuple(config.params for config in configs_of(result) for _ in range(config.members))
    first = next((trial for trial in record.trials(TrialState.COMPLETE) if trial.number == 0), None)
    table = artifacts / NAME
    return EvidenceTask(
        f"{record.name}#evidence",
        spec.architecture,
        params,
        tuple(_read(artifacts / "model" / f"weights-{n}.safetensors") for n in range(len(params))),
        data,
        _read(table) if table.is_file() else None,
        result,
        Experiment(spec.experiment, spec.protein, spec.species),
        None if first is None else first.value,
        spec.seed,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{path}: cannot be read ({reason}); restore it from a copy") from error
