"""The winner's members trained on all of Set A: with nothing left to validate by, for epochs known before."""

from __future__ import annotations

import logging
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import safetensors.torch

from data_io.training_set import TrainingSet
from models.config import TrainingConfig
from search.service.notices import MemberRefitted
from search.service.observers import Observer
from search.service.retraining import Finalist, member_task
from search.service.trainings import Member, Trainings
from search.strategy.strategy import Strategy
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Trained
from search.workers.tasks import TrainTask

log = logging.getLogger(__name__)

Network = TypeVar("Network", Member, Trained)

WARM = 0.5  # of a config's learning rate, from where one that goes on decays to nothing


class Refit(NamedTuple):
    """How members are trained on all of Set A: for so many epochs, going on from siblings or anew."""

    epochs: int
    goes_on: bool


class Refitting:
    """Trains the members of the winner on all of Set A, where the study's strategy asks for it.

    Each goes on from a sibling that was trained without the validation probes, or has its seed and begins
    anew, as the strategy says: by the siblings alone it is known how well such networks predict what they
    have not seen.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer
    winner : Finalist
    siblings : list of Member
        The winner's members as they were retrained.
    before : int
        How many networks were retrained in all, for the count that is shown.
    """

    def __init__(
        self,
        record: StudyRecord,
        data: TrainingSet,
        workspace: Workspace,
        observer: Observer,
        winner: Finalist,
        siblings: Sequence[Member],
        before: int,
    ) -> None:
        self.winner = winner
        self.siblings = siblings
        self._refit = plan(record.strategy, winner.params, [sibling.curve for sibling in siblings])
        self._record = record
        self._observer = observer
        self._before = before
        self._names = [f"refit-{winner.trial}-{member}" for member in range(len(siblings))]
        tasks: dict[str, TrainTask] = {}
        if self._refit is not None:
            for member, name in enumerate(self._names):
                key, config = f"{record.name}#{name}", (winner.trial, winner.params)
                sibling = member_task(key, record.spec, record.name, *config, member, data)
                weights = safetensors.torch.save(siblings[member].weights)
                tasks[name] = on_all_of_set_a(sibling, self._refit, weights)
        self._trainings = Trainings(record.name, tasks, workspace, self._say)

    @property
    def complete(self) -> bool:
        """Whether every member that is handed over is trained."""
        return self._trainings.complete

    def next_task(self) -> TrainTask | None:
        """Give the next member to train; None while there is none to begin."""
        return self._trainings.next_task()

    def handle(self, event: Event) -> bool:
        """Take in what a training reports; False where it is not wanted any more."""
        return self._trainings.handle(event)

    def members(self) -> list[Member]:
        """Give what is handed over, in the order of the siblings.

        Raises
        ------
        StudyError
            When the file of a member was removed or damaged meanwhile.
        """
        if self._refit is None:
            return list(self.siblings)
        refitted = map(self._trainings.member, self._names)
        return [handed_over(*pair) for pair in zip(self.siblings, refitted, strict=True)]

    def facts(self) -> dict[str, Any] | None:
        """Say for result.json how the members were trained: None where they are the siblings themselves."""
        if self._refit is None:
            return None
        pairs = zip(self.members(), self.siblings, strict=True)
        diverged = [number for number, (member, sibling) in enumerate(pairs) if member is sibling]
        return {"epochs": self._refit.epochs, "goes_on": self._refit.goes_on, "diverged": diverged}

    def _say(self, name: str, curve: Curve) -> None:
        member = self._names.index(name)
        if curve[-1].diverged:
            log.warning(
                "study %s: member %d diverged on all of Set A; the one trained without the validation probes "
                "takes its place",
                *(self._record.name, member + 1),
            )
        counts = self._before + self._trainings.through, self._before + len(self._trainings)
        self._observer.notice(
            MemberRefitted(self._record.name, self.winner.trial, member, len(curve), *counts)
        )


def plan(strategy: Strategy, params: Mapping[str, Any], curves: Sequence[Curve]) -> Refit | None:
    """Decide how members are trained on all of Set A; None where they are not, or all siblings diverged.

    They go on where the median of the epochs that validated best, the upper of two, is late; else they
    begin anew, for that many epochs.
    """
    best = [_best_epoch(curve) for curve in curves if not curve[-1].diverged]
    if not strategy.refit or not best:
        return None
    median, epochs = statistics.median_high(best), params.get("epochs", TrainingConfig.epochs)
    if strategy.refit_share is None or median <= strategy.refit_after * epochs:
        return Refit(median, goes_on=False)
    return Refit(math.ceil(strategy.refit_share * epochs), goes_on=True)


def on_all_of_set_a(sibling: TrainTask, refit: Refit, weights: bytes) -> TrainTask:
    """Give the training of a member on all of Set A, from its sibling's and the weights that came of it."""
    anew = replace(sibling, patience=None, refit=refit.epochs)
    if not refit.goes_on:
        return anew
    rate = WARM * sibling.params.get("learning_rate", TrainingConfig.learning_rate)
    schedule = {"epochs": refit.epochs, "learning_rate": rate, "schedule": "cosine"}
    return replace(anew, params={**sibling.params, **schedule}, start=weights)


def handed_over(sibling: Network, refitted: Network) -> Network:
    """Choose what is handed over: the refitted network, unless it diverged."""
    return sibling if refitted.curve[-1].diverged else refitted


def _best_epoch(curve: Curve) -> int:
    return max(curve, key=lambda report: report.spearman).epoch
