"""The report card of a finished study, and the evidence that it needs where that was not gathered yet."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path

from optuna.exceptions import ExperimentalWarning

from data_io.errors import StudyError
from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from search.results.evidence_files import EVIDENCE, REPORT, write_evidence
from search.results.history import History, read_history
from search.results.report.material import read_material
from search.results.report.page import write_report
from search.service.gathering import evidence_task
from search.study.readonly import open_read_only
from search.study.record import StudyRecord, open_study
from search.study.workspace import Workspace
from search.workers.events import Gathered
from search.workers.in_process import run_here


def report_study(
    workspace: Workspace, study: str, out: Path | None = None, data: Path | None = None, again: bool = False
) -> Path:
    """Write the report card of a finished study; gather its evidence first where there is none.

    Parameters
    ----------
    workspace : Workspace
    study : str
    out : Path, optional
        Default: report.html in the study's artifacts.
    data : Path, optional
        Where the measurements are now. Default: where the study found them.
    again : bool, default False
        Gather the evidence also where there is some.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    StudyError, DataError
        When the study is not done, its evidence cannot be gathered, or a file of it is damaged.
    StorageError
        When the report cannot be written.
    """
    artifacts = workspace.artifacts(study)
    record = _open_record(workspace, study)
    if again or not (artifacts / EVIDENCE).is_file():
        gather_evidence(record, workspace, data)
    out = out or artifacts / REPORT
    write_report(read_material(artifacts, read_history(record)), out)
    return out


def history_of(workspace: Workspace, study: str) -> History | None:
    """Give the history of a study of the workspace; None where another version made it."""
    with suppress(StudyError):
        return read_history(_open_record(workspace, study))
    return None


def _open_record(workspace: Workspace, study: str) -> StudyRecord:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ExperimentalWarning
        )  # of the study's sampler, which draws nothing here
        return open_study(open_read_only(workspace.storage_url), study)


def gather_evidence(record: StudyRecord, workspace: Workspace, data: Path | None = None) -> None:
    """Gather the evidence of a finished study in this process, and keep it with its artifacts.

    The test set is not opened: what was predicted for it is read from the study's own table.

    Raises
    ------
    StudyError, DataError
        When the study is not done, or the data are others than those it was searched with.
    """
    spec, folder = record.spec, data or record.data
    artifacts = workspace.artifacts(record.name)
    if not (artifacts / "result.json").is_file():
        raise StudyError(f"study {record.name} is not done: see rbptune status, and launch it again to go on")
    experiment = Experiment(spec.experiment, spec.protein, spec.species)
    training = load_training_set(folder, experiment, spec.split, workspace.cache)
    record.check_data(training.fingerprint, folder)
    end = run_here(evidence_task(record, training, artifacts))
    if not isinstance(end, Gathered):
        reason = getattr(end, "reason", "it was stopped")
        raise StudyError(f"study {record.name}: its evidence cannot be gathered: {reason}")
    write_evidence(artifacts, end.evidence, end.svgs, end.pngs)
