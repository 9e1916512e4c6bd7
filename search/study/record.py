"""Studies in the database: made once with their specification, reopened only with the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from data_io.errors import StudyError
from search.strategy.sampler import RepeatableTPE
from search.study.spec import PRUNER, Spec, differences, package_versions
from search.study.states import OPEN_STATES, State

COUNTED = (TrialState.COMPLETE, TrialState.PRUNED)


class StudyRecord:
    """One study in the database: its specification, state and trials.

    Parameters
    ----------
    study : optuna.Study
        A study that rbptune made.

    Raises
    ------
    StudyError
        When the study is not one of rbptune's, or of another version.
    """

    def __init__(self, study: optuna.Study) -> None:
        attributes = study.user_attrs
        if "spec" not in attributes:
            raise StudyError(f"study {study.study_name}: not made by rbptune; use another --workspace")
        self.study = study
        self.name = study.study_name
        self.spec = Spec.from_dict(attributes["spec"], self.name)
        self.data = Path(attributes["data"])
        self.state = State(attributes["state"])
        self.refresh()
        self.study.sampler = RepeatableTPE(self.spec.seed)
        self.study.pruner = optuna.pruners.PercentilePruner(
            PRUNER["keep_percent"],
            n_startup_trials=PRUNER["startup_trials"],
            n_warmup_steps=PRUNER["warmup_epochs"],
        )

    def refresh(self) -> None:
        """Read again what people can change while a driver works: the budget, and the wish to stop."""
        attributes = self.study.user_attrs
        self.budget = int(attributes["budget"])
        self.wish: str | None = attributes.get("wish")

    def attribute(self, key: str) -> Any:
        """Read one of the study's attributes; None where it has none."""
        return self.study.user_attrs.get(key)

    def set(self, **attributes: Any) -> None:
        """Write attributes of the study."""
        for key, value in attributes.items():
            self.study.set_user_attr(key, value)

    def move_to(self, state: State, reason: str | None = None) -> None:
        """Write the study's state, and why where that needs saying."""
        if reason or self.attribute("reason"):
            self.set(reason=reason)
        self.set(state=state.value)
        self.state = state

    def ask_for(self) -> None:
        """Let a driver take the study up, also one that left it alone so far."""
        self.set(wish=None, asked=_now())
        if self.state not in OPEN_STATES:
            self.move_to(State.QUEUED)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """List the trials in any of `states`, by number."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    @property
    def done(self) -> int:
        """Trials that count towards the budget: finished or pruned."""
        return len(self.trials(*COUNTED))

    @property
    def best_value(self) -> float | None:
        """The highest validation Spearman of a finished trial; None where none finished."""
        return max((t.value for t in self.trials(TrialState.COMPLETE) if t.value is not None), default=None)

    def check_data(self, fingerprint: str, data: Path) -> None:
        """Refuse to go on with other data than the study began with; `data` is where they were found.

        Raises
        ------
        StudyError
        """
        known = self.attribute("fingerprint")
        if known is not None and known != fingerprint:
            raise StudyError(
                f"study {self.name}: began with other data (fingerprint {known[:12]}, now {fingerprint[:12]} "
                f"in {data}); give the first data or another --workspace"
            )

    def provenance(self) -> dict[str, Any]:
        """Give what is needed to repeat the study."""
        keys = ("spec", "budget", "data", "fingerprint", "made")
        return {key: self.attribute(key) for key in keys}


def open_study(storage: optuna.storages.BaseStorage, name: str) -> StudyRecord:
    """Open an existing study.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    try:
        return StudyRecord(optuna.load_study(study_name=name, storage=storage))
    except KeyError as error:
        raise StudyError(f"no study {name} in this workspace; rbptune status lists them") from error


def queue_studies(
    storage: optuna.storages.BaseStorage,
    specs: Sequence[Spec],
    budget: int,
    data: Path,
    fingerprints: Mapping[str, str] | None = None,
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
    existing: dict[str, optuna.Study] = {}
    for spec in specs:
        if spec.study in names:
            study = optuna.load_study(study_name=spec.study, storage=storage)
            if not _is_blank(study):
                record = StudyRecord(study)
                _check_reopening(record, spec, budget)
                if fingerprints and spec.experiment in fingerprints:
                    record.check_data(fingerprints[spec.experiment], data)
                existing[spec.study] = study
    for spec in specs:
        if spec.study in existing:
            _reopen(StudyRecord(existing[spec.study]), budget, data)
        else:
            _create(storage, spec, budget, data)
    return [spec.study for spec in specs]


def _check_reopening(record: StudyRecord, spec: Spec, budget: int) -> None:
    different = differences(record.spec.to_dict(), spec.to_dict())
    if different:
        raise StudyError(
            f"study {spec.study}: this workspace has it with another specification "
            f"({_shorten(different)}); repeat the first command or give another --workspace"
        )
    if record.attribute("test_opened") and budget > max(record.budget, record.done):
        raise StudyError(
            f"study {spec.study}: its test set was opened after {record.done} trials; {budget} "
            "would be chosen knowing the test; give another --workspace for a larger search"
        )


def _shorten(texts: Sequence[str], most: int = 3) -> str:
    rest = [f"{len(texts) - most} more"] if len(texts) > most else []
    return "; ".join([*texts[:most], *rest])


def _reopen(record: StudyRecord, budget: int, data: Path) -> None:
    if record.state is State.DONE:
        return
    record.set(budget=budget, data=str(data.resolve()))
    record.ask_for()


def _is_blank(study: optuna.Study) -> bool:
    """Tell whether a study was cut off while it was made: its state is written last."""
    return "state" not in study.user_attrs and not study.get_trials(deepcopy=False)


def _create(storage: optuna.storages.BaseStorage, spec: Spec, budget: int, data: Path) -> None:
    study = optuna.create_study(
        study_name=spec.study, storage=storage, direction="maximize", load_if_exists=True
    )
    study.set_metric_names(["validation Spearman"])
    attributes: Mapping[str, Any] = {
        "budget": budget,
        "data": str(data.resolve()),
        "made": {"at": _now(), "versions": package_versions()},
        "spec": spec.to_dict(),
        "asked": _now(),
        "state": State.QUEUED.value,
    }
    for key, value in attributes.items():
        study.set_user_attr(key, value)


def _now() -> str:
    return datetime.now(UTC).isoformat()
