"""One study in the database: its specification, state and trials."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from data_io.errors import StudyError
from search.strategy.sampler import make_sampler
from search.strategy.stopping import make_pruner
from search.study.spec import Spec
from search.study.states import OPEN_STATES, Request, State
from search.study.time_budget import TimeBudget

COUNTED = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
"""How a strategy names the ends of trials that count towards the budget."""


class StudyRecord:
    """One study in the database.

    Parameters
    ----------
    study : optuna.Study
        A study that rbptune made.
    storage : optuna storage
        Where it is.

    Raises
    ------
    StudyError
        When the study is not one of rbptune's, or of another version.
    """

    def __init__(self, study: optuna.Study, storage: optuna.storages.BaseStorage) -> None:
        attributes = study.user_attrs
        if "spec" not in attributes:
            raise StudyError(f"study {study.study_name}: not made by rbptune; use another --workspace")
        self.study = study
        self._storage = storage
        self.name = study.study_name
        self.spec = Spec.from_dict(attributes["spec"], self.name)
        self.strategy = self.spec.strategy
        self.data = Path(attributes["data"])
        self.state = State(attributes["state"])
        self.refresh()
        self.study.sampler = make_sampler(self.strategy, self.spec.seed)
        self.study.pruner = make_pruner(self.strategy, self.spec.space["fixed"].get("epochs"))

    def refresh(self) -> None:
        """Read again what people can change while a driver works: the budgets, and a request."""
        attributes = self.study.user_attrs
        self.budget = int(attributes["budget"])
        self.time_budget = TimeBudget.from_dict(attributes.get("time_budget"))
        asked = attributes.get("request", attributes.get("wish"))  # 0.1.0 called it a wish
        self.request = None if asked is None else Request(asked)

    def attribute(self, key: str) -> Any:
        """Read one of the study's attributes; None where it has none."""
        return self.study.user_attrs.get(key)

    def set(self, **attributes: Any) -> None:
        """Write attributes of the study."""
        for key, value in attributes.items():
            self.study.set_user_attr(key, value)

    def set_time_budget(self, budget: TimeBudget | None) -> None:
        """Write until when the study shall be done, or that it has all the time."""
        if budget != self.time_budget:
            self.set(time_budget=None if budget is None else budget.to_dict())
            self.time_budget = budget

    def drop_hours_that_are_over(self) -> None:
        """Let a study that somebody asks for again have all the time, and all the trials, it was to have."""
        if self.time_budget is None or not self.time_budget.is_over:
            return
        self.set_time_budget(None)
        if (asked := self.attribute("asked_budget")) and self.attribute("test_opened") is None:
            self.set(budget=asked, asked_budget=None)

    def move_to(self, state: State, reason: str | None = None) -> None:
        """Write the study's state, and why where that needs saying."""
        if reason or self.attribute("reason"):
            self.set(reason=reason)
        self.set(state=state.value)
        self.state = state

    def ask_to(self, request: Request) -> None:
        """Leave a request for the driver, who looks every second."""
        self.set(request=request.value)
        self.request = request

    def answer_request(self) -> None:
        """Take the request away once it is done."""
        self.set(request=None)
        self.request = None

    def ask_for(self) -> None:
        """Let a driver take the study up, also one that left it alone so far."""
        self.set(request=None, asked=now())
        if self.state not in OPEN_STATES:
            self.move_to(State.QUEUED)

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """List the trials in any of `states`, by number."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def attach(self, number: int) -> optuna.Trial:
        """Take up a trial that an earlier driver left running, under its number."""
        study = self._storage.get_study_id_from_name(self.name)
        return optuna.Trial(self.study, self._storage.get_trial_id_from_study_id_trial_number(study, number))

    @property
    def done(self) -> int:
        """Trials that count towards the budget."""
        return len(self.trials(*(COUNTED[end] for end in self.strategy.counted)))

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
        found = {key: self.attribute(key) for key in ("budget", "data", "fingerprint", "made")}
        return {"spec": self.spec.to_dict(), **found}


def open_study(storage: optuna.storages.BaseStorage, name: str) -> StudyRecord:
    """Open an existing study.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    try:
        return StudyRecord(optuna.load_study(study_name=name, storage=storage), storage)
    except KeyError as error:
        raise StudyError(f"no study {name} in this workspace; rbptune status lists them") from error


def now() -> str:
    """Give the present time as studies note it."""
    return datetime.now(UTC).isoformat()
