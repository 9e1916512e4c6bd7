"""The ensemble trained on all of Set A: with nothing left to validate by, for epochs known before."""

from __future__ import annotations

import logging
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import safetensors.torch

from data_io.training_set import TrainingSet
from models.config import TrainingConfig, takes
from search.results.ensemble import Config
from search.service.notices import MemberRefitted
from search.service.observers import Observer
from search.service.retraining import Retrained, member_task
from search.service.trainings import Member, Trainings
from search.strategy.strategy import Strategy
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Trained
from search.workers.tasks import TrainTask

log = logging.getLogger(__name__)

Network = TypeVar("Network", Member, Trained)


class Refit(NamedTuple):
    """How members are trained on all of Set A: for so many epochs, going on from siblings or anew."""

    epochs: int
    goes_on: bool


class _Place(NamedTuple):
    """Where a member stands: which of the chosen configs it has, and which of that config's it is."""

    config: int
    member: int


class Refitting:
    """Trains the members of the ensemble on all of Set A, where the study's strategy asks for it.

    Each goes on from a sibling that was trained without the validation probes, or has its seed and begins
    anew, as the strategy says: by the siblings alone it is known how well such networks predict what they
    have not seen.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer
    chosen : list of Retrained
        The winner and its partners, as they were retrained.
    before : int
        How many networks were retrained in all, for the count that is shown.
    """

    def __init__(
        self,
        record: StudyRecord,
        data: TrainingSet,
        workspace: Workspace,
        observer: Observer,
        chosen: Sequence[Retrained],
        before: int,
    ) -> None:
        self.chosen = chosen
        self._refits = [
            plan(record.strategy, one.finalist.params, [sibling.curve for sibling in one.members])
            for one in chosen
        ]
        self._record = record
        self._observer = observer
        self._before = before
        self._places = {
            _name(one, member): _Place(config, member)
            for config, one in enumerate(chosen)
            for member in range(len(one.members))
        }
        tasks = {
            name: self._task(name, place, refit, data)
            for name, place in self._places.items()
            if (refit := self._refits[place.config]) is not None
        }
        self._trainings = Trainings(record.name, tasks, workspace, self._say)

    def __len__(self) -> int:
        return len(self._trainings)

    @property
    def through(self) -> int:
        """How many members are trained on all of Set A."""
        return self._trainings.through

    @property
    def complete(self) -> bool:
        """Whether every member that is handed over is trained."""
        return self._trainings.complete

    @property
    def siblings(self) -> list[Member]:
        """The members as they were retrained: the winner's first."""
        return [sibling for one in self.chosen for sibling in one.members]

    @property
    def params(self) -> tuple[Mapping[str, Any], ...]:
        """The hyperparameters of each member."""
        return tuple(one.finalist.params for one in self.chosen for _ in one.members)

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
        return [member for config in range(len(self.chosen)) for member in self._members(config)]

    def configs(self) -> list[Config]:
        """Say for result.json which configs the members have, and how these were trained."""
        finalists = [(one.finalist, len(one.members)) for one in self.chosen]
        return [
            Config(*finalist, members, self._facts(place))
            for place, (finalist, members) in enumerate(finalists)
        ]

    def _facts(self, config: int) -> dict[str, Any] | None:
        refit = self._refits[config]
        if refit is None:
            return None
        pairs = zip(self._members(config), self.chosen[config].members, strict=True)
        diverged = [number for number, (member, sibling) in enumerate(pairs) if member is sibling]
        return {"epochs": refit.epochs, "goes_on": refit.goes_on, "diverged": diverged}

    def _members(self, config: int) -> list[Member]:
        one = self.chosen[config]
        if self._refits[config] is None:
            return one.members
        refitted = [self._trainings.member(_name(one, member)) for member in range(len(one.members))]
        return [handed_over(*pair) for pair in zip(one.members, refitted, strict=True)]

    def _task(self, name: str, place: _Place, refit: Refit, data: TrainingSet) -> TrainTask:
        record, one = self._record, self.chosen[place.config]
        config = one.finalist.trial, one.finalist.params, place.member
        sibling = member_task(f"{record.name}#{name}", record.spec, record.name, *config, data)
        weights = safetensors.torch.save(one.members[place.member].weights)
        return on_all_of_set_a(record.strategy, sibling, refit, weights)

    def _say(self, name: str, curve: Curve) -> None:
        place = self._places[name]
        trial = self.chosen[place.config].finalist.trial
        if curve[-1].diverged:
            log.warning(
                "study %s: member %d of trial %d diverged on all of Set A; the one trained without the "
                "validation probes takes its place",
                *(self._record.name, place.member + 1, trial),
            )
        counts = self._before + self._trainings.through, self._before + len(self._trainings)
        self._observer.notice(MemberRefitted(self._record.name, trial, place.member, len(curve), *counts))


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


def on_all_of_set_a(strategy: Strategy, sibling: TrainTask, refit: Refit, weights: bytes) -> TrainTask:
    """Give the training of a member on all of Set A, from its sibling's and the weights that came of it."""
    anew = replace(sibling, patience=None, refit=refit.epochs)
    if not refit.goes_on:
        return anew
    rate = strategy.refit_rate * sibling.params.get("learning_rate", TrainingConfig.learning_rate)
    changed = {"epochs": refit.epochs, "learning_rate": rate, "schedule": "cosine"}
    if strategy.refit_dropout is not None and takes(sibling.architecture, "output_dropout"):
        changed["output_dropout"] = strategy.refit_dropout
    return replace(anew, params={**sibling.params, **changed}, start=weights)


def handed_over(sibling: Network, refitted: Network) -> Network:
    """Choose what is handed over: the refitted network, unless it diverged."""
    return sibling if refitted.curve[-1].diverged else refitted


def _best_epoch(curve: Curve) -> int:
    return max(curve, key=lambda report: report.spearman).epoch


def _name(one: Retrained, member: int) -> str:
    return f"refit-{one.finalist.trial}-{member}"
