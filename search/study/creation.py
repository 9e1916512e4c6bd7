"""Studies are made once with their specification, and taken up again only with the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna

from data_io.errors import StudyError
from search.study.record import StudyRecord, now
from search.study.spec import Spec, differences, package_versions
from search.study.states import State
from search.study.time_budget import TimeBudget, renewed


def queue_studies(
    storage: optuna.storages.BaseStorage,
    specs: Sequence[Spec],
    budget: int,
    data: Path,
    fingerprints: Mapping[str, str] | None = None,
    hours: float | None = None,
) -> list[str]:
    """Make studies, or take up those of the same names, towards `budget` trials each; all or none.

    Parameters
    ----------
    storage : optuna storage
    specs : sequence of Spec
    budget : int
    data : Path
        The folder of the measurements.
    fingerprints : dict, optional
        Of the data of those experiments that were read already, by their id.
    hours : float, optional
        For all of them together; see `TimeBudget`.

    Returns
    -------
    list of str
        The studies' names.

    Raises
    ------
    StudyError
        When a study is there with another specification or other data, or its test set was opened
        already and `budget` asks for more trials.
    """
    names = {study.study_name for study in storage.get_all_studies()}
    existing: dict[str, StudyRecord] = {}
    for spec in specs:
        if spec.study in names:
            study = optuna.load_study(study_name=spec.study, storage=storage)
            if not _is_blank(study):
                existing[spec.study] = record = StudyRecord(study, storage)
                _check_reopening(record, spec, budget)
                if fingerprints and spec.experiment in fingerprints:
                    record.check_data(fingerprints[spec.experiment], data)
    for spec in specs:
        if spec.study in existing:
            _reopen(existing[spec.study], budget, data, hours)
        else:
            _create(storage, spec, budget, data, renewed(None, hours))
    return [spec.study for spec in specs]


def _check_reopening(record: StudyRecord, spec: Spec, budget: int) -> None:
    different = differences(record.spec, spec)
    if different:
        raise StudyError(
            f"study {spec.study}: this workspace has it with another specification "
            f"({_shorten(different)}); repeat the first command or give another --workspace"
        )
    if budget > (record.attribute("asked_budget") or 0):  # a search that was ended for time: the same command
        check_budget(record, budget)


def check_budget(record: StudyRecord, budget: int) -> None:
    """Refuse a larger search of a study that was tested.

    Raises
    ------
    StudyError
    """
    if record.attribute("test_opened") and budget > max(record.budget, record.done):
        raise StudyError(
            f"study {record.name}: its test set was opened after {record.done} trials; {budget} "
            "would be chosen knowing the test; give another --workspace for a larger search"
        )


def give_budget(record: StudyRecord, budget: int) -> None:
    """Let a study have so many trials, unless its test set was opened."""
    if record.attribute("test_opened") is None:
        record.set(budget=budget, asked_budget=None)


def _shorten(texts: Sequence[str], most: int = 3) -> str:
    rest = [f"{len(texts) - most} more"] if len(texts) > most else []
    return "; ".join([*texts[:most], *rest])


def _reopen(record: StudyRecord, budget: int, data: Path, hours: float | None) -> None:
    if record.state is State.DONE:
        return
    give_budget(record, budget)
    record.set(data=str(data.resolve()))
    record.set_time_budget(renewed(record.time_budget, hours))
    record.ask_for()


def _is_blank(study: optuna.Study) -> bool:
    """Tell whether a study was cut off while it was made: its state is written last."""
    return "state" not in study.user_attrs and not study.get_trials(deepcopy=False)


def _create(
    storage: optuna.storages.BaseStorage, spec: Spec, budget: int, data: Path, time: TimeBudget | None
) -> None:
    study = optuna.create_study(
        study_name=spec.study, storage=storage, direction="maximize", load_if_exists=True
    )
    study.set_metric_names(["validation Spearman"])
    attributes: Mapping[str, Any] = {
        "budget": budget,
        **({} if time is None else {"time_budget": time.to_dict()}),
        "data": str(data.resolve()),
        "made": {"at": now(), "versions": package_versions()},
        "spec": spec.to_dict(),
        "asked": now(),
        "state": State.QUEUED.value,
    }
    for key, value in attributes.items():
        study.set_user_attr(key, value)
