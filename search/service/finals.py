"""The end of a study: retrain the best configs, choose by validation, test the winner once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
from optuna.trial import FrozenTrial, TrialState
from torch import Tensor

from data_io.errors import ModelError, StudyError
from data_io.experiments import Experiment
from data_io.sealed import open_test_set
from data_io.training_set import TrainingSet
from models import tensors
from models.config import split_params
from models.weights import save_model
from search.results.figures import write_results
from search.service.checkpoint_store import Checkpoints
from search.service.observers import Observer
from search.service.trials import TRIES
from search.strategy.sampler import derive_seed
from search.study.record import StudyRecord
from search.study.spec import PRUNER
from search.study.workspace import Workspace
from search.workers.tasks import Event, Failed, Finished, HeldOutTask, Lost, Reported, Task, TrainTask

log = logging.getLogger(__name__)


class Member(NamedTuple):
    """A retrained network: its weights and its epoch reports."""

    weights: dict[str, Tensor]
    curve: list[dict[str, Any]]


class Final:
    """Retrains the best configs with several seeds each, and tests the winner as an ensemble.

    One lucky run does not win: the winner is the config with the highest mean of its members' validation
    Spearman. The test set is opened only then, once, and the study records when and with which weights.

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
        self._checkpoints = Checkpoints(workspace.checkpoints(record.name))
        self._trained = Checkpoints(workspace.artifacts(record.name) / "finalists")
        self._finalists = finalists(record)
        members = range(record.spec.members)
        self._open = [
            (trial, m) for trial in self._finalists for m in members if self._found(trial, m) is None
        ]
        self._running: dict[str, tuple[FrozenTrial, int] | None] = {}
        self._lost: Counter[str] = Counter()
        self._tested = False

    @property
    def complete(self) -> bool:
        """Whether the test is done and its figures are kept."""
        return self._tested

    def next_task(self) -> Task | None:
        """Give the next retraining to run, then the test; None while there is none to begin."""
        if self._open:
            trial, member = self._open.pop(0)
            task = self._retraining(trial, member)
            self._running[task.key] = (trial, member)
            return task
        if self._running or self._tested:
            return None
        test = self._test()
        self._running[test.key] = None
        return test

    def handle(self, event: Event) -> bool:
        """Take in what a task told; False where the task is not wanted any more.

        Raises
        ------
        StudyError
            When a task cannot be done.
        """
        if event.key not in self._running:
            return False
        job = self._running[event.key]
        match event:
            case Reported() if job is not None:
                self._checkpoints.keep(_name(*job), event.state)
            case Finished() if job is not None:
                self._keep_member(event, *job)
            case Finished():
                self._keep_figures(event.result)
            case Failed():
                raise StudyError(f"study {self._record.name}: retraining or test failed: {event.reason}")
            case Lost():
                self._retry(event, job)
        return True

    def _retraining(self, trial: FrozenTrial, member: int) -> TrainTask:
        name, spec = _name(trial, member), self._record.spec
        seed = derive_seed(spec.seed, self._record.name, "member", member)
        state = self._checkpoints.find(name)
        key, params = f"{self._record.name}#{name}", trial.user_attrs["params"]
        patience = PRUNER["retraining_patience"] if trial.number else None
        return TrainTask(key, spec.architecture, params, seed, self._data, state, patience)

    def _found(self, trial: FrozenTrial, member: int) -> Member | None:
        """Give a member that is trained already; a damaged one comes out the same again."""
        content = self._trained.find(_name(trial, member))
        if content is None:
            return None
        try:
            weights, note = tensors.unpack(
                content, f"member {_name(trial, member)} of study {self._record.name}"
            )
        except ModelError as error:
            log.warning("%s; it is trained again", error)
            return None
        return Member(weights, note["curve"])

    def _keep_member(self, event: Finished, trial: FrozenTrial, member: int) -> None:
        """Keep weights and curve in one file, so that neither is ever there without the other."""
        curve = event.result["curve"]
        weights = safetensors.torch.load(event.result["weights"])
        self._trained.keep(_name(trial, member), tensors.pack(weights, {"curve": curve}))
        self._checkpoints.drop(_name(trial, member))
        del self._running[event.key]
        total = len(self._finalists) * self._record.spec.members
        so_far = {"retrained": total - len(self._open) - len(self._running), "of": total}
        facts = {"trial": trial.number, "member": member, "spearman": _score(curve), **so_far}
        self._observer.notice("finalist_finished", self._record.name, **facts)

    def _retry(self, event: Lost, job: tuple[FrozenTrial, int] | None) -> None:
        self._lost[event.key] += 1
        self._observer.notice("worker_lost", self._record.name, trial=-1, reason=event.reason)
        if self._lost[event.key] >= TRIES:
            raise StudyError(f"study {self._record.name}: {event.key} cost {TRIES} workers: {event.reason}")
        del self._running[event.key]
        if job is not None:
            self._open.append(job)

    def _members(self, trial: FrozenTrial) -> list[Member]:
        """Give the members of a finalist that is through.

        Raises
        ------
        StudyError
            When the file of one was removed or damaged meanwhile.
        """
        members = [self._found(trial, member) for member in range(self._record.spec.members)]
        whole = [member for member in members if member is not None]
        if len(whole) < len(members):
            raise StudyError(f"study {self._record.name}: a retrained model was lost; resume it")
        return whole

    def _winner(self) -> FrozenTrial:
        means = [np.mean([_score(m.curve) for m in self._members(trial)]) for trial in self._finalists]
        return self._finalists[int(np.argmax(means))]

    def _test(self) -> HeldOutTask:
        """Open the test set for the winner, and for nothing else ever after.

        Raises
        ------
        StudyError
            When it was opened before, for other weights.
        """
        winner, spec = self._winner(), self._record.spec
        members = tuple(tensors.pack(member.weights, {}) for member in self._members(winner))
        digest = hashlib.sha256(b"".join(members)).hexdigest()
        opened = self._record.attribute("test_opened")
        if opened is not None and opened["weights"] != digest:
            raise StudyError(
                f"study {self._record.name}: its test set was opened on {opened['at']} for other weights; "
                "a second test is refused"
            )
        experiment = Experiment(spec.experiment, spec.protein, spec.species)
        test = open_test_set(self._record.data, experiment, self._data.scaling, self._workspace.cache)
        if opened is None:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._record.set(test_opened={"at": now, "trial": winner.number, "weights": digest})
        params = winner.user_attrs["params"]
        key = f"{self._record.name}#test"
        return HeldOutTask(key, spec.architecture, params, members, self._data.validation, test)

    def _keep_figures(self, figures: dict[str, Any]) -> None:
        winner = self._winner()
        members = self._members(winner)
        self._save_model(winner, members)
        curves = [member.curve for member in members]
        result = write_results(self._record, winner, figures, curves, self._artifacts)
        self._record.set(result=result)
        self._tested = True
        self._running.clear()
        self._checkpoints.drop_all()
        facts = {key: result[key] for key in ("val_spearman", "test_spearman", "test_pearson")}
        self._observer.notice("study_done", self._record.name, trial=winner.number, **facts)

    def _save_model(self, winner: FrozenTrial, members: list[Member]) -> None:
        network, _ = split_params(self._record.spec.architecture, winner.user_attrs["params"])
        extra = {"scaling": self._data.scaling.to_dict(), "provenance": self._record.provenance()}
        states = [member.weights for member in members]
        save_model(self._artifacts / "model", self._record.spec.architecture, network, states, extra)

    @property
    def _artifacts(self) -> Path:
        return self._workspace.artifacts(self._record.name)


def finalists(record: StudyRecord) -> list[FrozenTrial]:
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
    return list(chosen.values())[: record.spec.finalists]


def _name(trial: FrozenTrial, member: int) -> str:
    return f"final-{trial.number}-{member}"


def _score(curve: list[dict[str, Any]]) -> float:
    best: float = 0.0 if curve[-1]["diverged"] else max(report["spearman"] for report in curve)
    return best
