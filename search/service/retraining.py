"""The finalists of a study, each retrained with several seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from data_io.errors import StudyError
from data_io.training_set import TrainingSet
from search.service.notices import FinalistRetrained
from search.service.observers import Observer
from search.service.trainings import Member, Trainings
from search.strategy.seeds import derive_seed
from search.study.record import StudyRecord
from search.study.spec import Spec
from search.study.workspace import Workspace
from search.workers.events import Curve, Event
from search.workers.tasks import TrainTask


class Finalist(NamedTuple):
    """A config that is retrained: the number of its trial, and its hyperparameters."""

    trial: int
    params: dict[str, Any]
    value: float


class Retrained(NamedTuple):
    """A finalist with its members."""

    finalist: Finalist
    members: list[Member]


class Retraining:
    """Retrains the best configs of a study with several seeds each.

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
        self._observer = observer
        self._finalists = choose_finalists(record)
        seeds = range(record.strategy.members)
        self._places = {_name(finalist, m): (finalist, m) for finalist in self._finalists for m in seeds}
        tasks = {}
        for name, (finalist, member) in self._places.items():
            key, config = f"{record.name}#{name}", (finalist.trial, finalist.params)
            tasks[name] = member_task(key, record.spec, record.name, *config, member, data)
        self._trainings = Trainings(record.name, tasks, workspace, self._say)

    def __len__(self) -> int:
        return len(self._trainings)

    @property
    def through(self) -> int:
        """How many members are trained."""
        return self._trainings.through

    @property
    def complete(self) -> bool:
        """Whether every member is trained."""
        return self._trainings.complete

    def next_task(self) -> TrainTask | None:
        """Give the next member to train; None while there is none to begin."""
        return self._trainings.next_task()

    def handle(self, event: Event) -> bool:
        """Take in what a retraining reports; False where it is not wanted any more."""
        return self._trainings.handle(event)

    def chosen(self) -> list[Retrained]:
        """Give the winner, the finalist whose members' mean validation Spearman is the highest, and then its
        partners, if the strategy lets it have any; none is that has a member that diverged.

        Raises
        ------
        StudyError
            When the file of a member was removed or damaged meanwhile.
        """
        within = self._record.strategy.partners_within
        each = [Retrained(finalist, self._members(finalist)) for finalist in self._finalists]
        means = [np.mean([score(member.curve) for member in one.members]) for one in each]
        best = int(np.argmax(means))
        partners = [
            one
            for place, (one, mean) in enumerate(zip(each, means, strict=True))
            if within is not None and place != best and mean >= means[best] - within
            if not any(member.curve[-1].diverged for member in one.members)
        ]
        return [each[best], *partners]

    def drop_checkpoints(self) -> None:
        """Remove what only a training under way needs."""
        self._trainings.drop_checkpoints()

    def _members(self, finalist: Finalist) -> list[Member]:
        names = [_name(finalist, member) for member in range(self._record.strategy.members)]
        return [self._trainings.member(name) for name in names]

    def _say(self, name: str, curve: Curve) -> None:
        finalist, member = self._places[name]
        total = self._record.strategy.trainings(len(self._finalists))
        values = finalist.trial, member, score(curve), self.through, total
        self._observer.notice(FinalistRetrained(self._record.name, *values))


def member_task(
    key: str, spec: Spec, study: str, trial: int, params: Mapping[str, Any], member: int, data: TrainingSet
) -> TrainTask:
    """Give the training of a member, which follows from the study's spec: trial 0's trains to its end."""
    seed = derive_seed(spec.seed, study, "member", member)
    patience = spec.strategy.retraining_patience if trial else None
    return TrainTask(key, spec.architecture, params, seed, data, patience=patience)


def choose_finalists(record: StudyRecord) -> list[Finalist]:
    """List the finished trials that are retrained: the best, each config once, best first.

    Raises
    ------
    StudyError
        When no trial finished.
    """
    finished = record.trials(TrialState.COMPLETE)
    if not finished:
        raise StudyError(f"study {record.name}: no trial finished; raise --trials and resume it")
    chosen: dict[str, FrozenTrial] = {}
    for trial in sorted(finished, key=lambda t: (-(t.value or 0.0), t.number)):
        chosen.setdefault(json.dumps(trial.user_attrs["params"], sort_keys=True), trial)
    best = list(chosen.values())[: record.strategy.finalists]
    return [Finalist(trial.number, trial.user_attrs["params"], trial.value or 0.0) for trial in best]


def score(curve: Curve) -> float:
    """Give the validation Spearman of a curve's best epoch; 0 where training diverged."""
    return 0.0 if curve[-1].diverged else max(report.spearman for report in curve)


def _name(finalist: Finalist, member: int) -> str:
    return f"final-{finalist.trial}-{member}"
