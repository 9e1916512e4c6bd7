"""The finalists of a study, each retrained with several seeds; what is trained stays on the disk."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
from optuna.trial import FrozenTrial, TrialState
from torch import Tensor

from data_io.errors import ModelError, StudyError
from data_io.training_set import TrainingSet
from models import tensors
from models.reports import EpochReport
from search.service.checkpoint_store import CheckpointStore
from search.service.notices import FinalistRetrained
from search.service.observers import Observer
from search.strategy.seeds import derive_seed
from search.study.record import StudyRecord
from search.study.spec import Spec
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Lost, Reported, Trained
from search.workers.tasks import TrainTask

log = logging.getLogger(__name__)


class Member(NamedTuple):
    """A retrained network: its weights and its curve."""

    weights: dict[str, Tensor]
    curve: Curve


class Finalist(NamedTuple):
    """A config that is retrained: the number of its trial, and its hyperparameters."""

    trial: int
    params: dict[str, Any]
    value: float


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
        self._data = data
        self._observer = observer
        self._checkpoints = CheckpointStore(workspace.checkpoints(record.name))
        self._trained = CheckpointStore(workspace.artifacts(record.name) / "finalists")
        self._finalists = choose_finalists(record)
        seeds = range(record.strategy.members)
        self._open = [(f, m) for f in self._finalists for m in seeds if self._found(f, m) is None]
        self._running: dict[str, tuple[Finalist, int]] = {}
        self._lost: Counter[str] = Counter()

    @property
    def complete(self) -> bool:
        """Whether every member is trained."""
        return not self._open and not self._running

    def next_task(self) -> TrainTask | None:
        """Give the next member to train; None while there is none to begin."""
        if not self._open:
            return None
        finalist, member = self._open.pop(0)
        name, spec = _name(finalist, member), self._record.spec
        key = f"{self._record.name}#{name}"
        self._running[key] = finalist, member
        task = member_task(key, spec, self._record.name, finalist.trial, finalist.params, member, self._data)
        return replace(task, state=self._checkpoints.find(name))

    def handle(self, event: Event) -> bool:
        """Take in what a retraining reports; False where it is not wanted any more."""
        if event.key not in self._running:
            return False
        match event:
            case Reported():
                self._checkpoints.keep(_name(*self._running[event.key]), event.state)
            case Trained():
                self._keep(event, *self._running.pop(event.key))
            case Lost():
                self._open.append(self._running.pop(event.key))
        return True

    def winner(self) -> tuple[Finalist, list[Member]]:
        """Give the finalist with the highest mean validation Spearman of its members, and these.

        Raises
        ------
        StudyError
            When the file of a member was removed or damaged meanwhile.
        """
        members = [self._members(finalist) for finalist in self._finalists]
        means = [np.mean([score(member.curve) for member in each]) for each in members]
        best = int(np.argmax(means))
        return self._finalists[best], members[best]

    def drop_checkpoints(self) -> None:
        """Remove what only a training under way needs."""
        self._checkpoints.drop_all()

    def _members(self, finalist: Finalist) -> list[Member]:
        found = [self._found(finalist, member) for member in range(self._record.strategy.members)]
        whole = [member for member in found if member is not None]
        if len(whole) < len(found):
            raise StudyError(f"study {self._record.name}: a retrained model was lost; resume it")
        return whole

    def _found(self, finalist: Finalist, member: int) -> Member | None:
        """Give a member that is trained already; a damaged one comes out the same again."""
        name = _name(finalist, member)
        content = self._trained.find(name)
        if content is None:
            return None
        try:
            weights, note = tensors.unpack(content, f"member {name} of study {self._record.name}")
        except ModelError as error:
            log.warning("%s; it is trained again", error)
            return None
        return Member(weights, tuple(EpochReport.from_dict(report) for report in note["curve"]))

    def _keep(self, event: Trained, finalist: Finalist, member: int) -> None:
        """Keep weights and curve in one file, so that neither is ever there without the other."""
        name = _name(finalist, member)
        curve = [report.to_dict() for report in event.curve]
        weights = safetensors.torch.load(event.weights)
        self._trained.keep(name, tensors.pack(weights, {"curve": curve}))
        self._checkpoints.drop(name)
        total = len(self._finalists) * self._record.strategy.members
        through = total - len(self._open) - len(self._running)
        values = self._record.name, finalist.trial, member, score(event.curve), through, total
        self._observer.notice(FinalistRetrained(*values))


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
