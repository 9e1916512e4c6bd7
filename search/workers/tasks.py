"""What workers do: train a network or test an ensemble, reporting as they go. Runs far from the database."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import safetensors.torch
from torch import nn

from data_io.errors import ModelError
from data_io.predictions import Predictions, mean_of, pack_predictions
from data_io.training_set import Examples, TrainingSet
from models.config import split_params
from models.device import choose_device
from models.interruption import Interrupted
from models.metrics import pearson, spearman
from models.predict import predict
from models.reports import EpochReport
from models.trainer import Trainer
from models.weights import build_member, quantiles_of
from search.workers.events import Curve, Event, Figures, Reported, Stopped, Tested, Trained
from search.workers.evidence_task import EvidenceTask

log = logging.getLogger(__name__)

Wanted = Callable[[], bool]


@dataclass(frozen=True)
class TrainTask:
    """Train one network.

    Attributes
    ----------
    key : str
    architecture : str
    params : dict
        Hyperparameters, flat.
    seed : int
    data : TrainingSet
    state : bytes or None
        A checkpoint to go on from.
    patience : int or None
        Epochs without a new best after which it ends.
    refit : int or None
        Train on all of Set A, the validation probes too, for so many epochs, and give the weights of the
        last: there is nothing then to choose an epoch by, and the curve has no figures of the validation.
    start : bytes or None
        Weights to begin with, safetensors, instead of random ones.
    """

    key: str
    architecture: str
    params: Mapping[str, Any]
    seed: int
    data: TrainingSet
    state: bytes | None = None
    patience: int | None = None
    refit: int | None = None
    start: bytes | None = None

    def run(self, wanted: Wanted) -> Iterator[Event]:
        """Train, and yield a `Reported` for each epoch and then a `Trained` with the weights to keep."""
        network, training = split_params(self.architecture, dict(self.params))
        data = self.data if self.refit is None else replace(self.data, train=self.data.whole)
        start = None if self.start is None else safetensors.torch.load(self.start)
        trainer = Trainer(self.architecture, network, training, data, self.seed, start=start)
        if self.state is not None:
            _go_on(trainer, self.state)
        try:
            while not trainer.finished and not self._is_through(trainer):
                trainer.run_epoch(wanted)
                yield Reported(self.key, self._curve(trainer), trainer.checkpoint())
        except Interrupted:
            yield Stopped(self.key)
            return
        weights = trainer.best_weights() if self.refit is None else trainer.weights()
        yield Trained(self.key, safetensors.torch.save(weights), self._curve(trainer))

    def _is_through(self, trainer: Trainer) -> bool:
        if self.refit is not None:
            return trainer.epoch >= self.refit
        return self.patience is not None and trainer.epoch - trainer.best.epoch >= self.patience

    def _curve(self, trainer: Trainer) -> Curve:
        return tuple(trainer.curve if self.refit is None else map(_without_validation, trainer.curve))


def _without_validation(report: EpochReport) -> EpochReport:
    """Leave out what says nothing: how good a network is on probes that it was trained on."""
    return replace(report, validation_loss=math.nan, spearman=math.nan, pearson=math.nan)


def _go_on(trainer: Trainer, state: bytes) -> None:
    """Restore a checkpoint; one that is damaged costs the epochs in it, which come out the same again."""
    try:
        trainer.restore(state)
    except ModelError as error:
        log.warning("%s; the trial starts again from its first epoch", error)


@dataclass(frozen=True)
class HeldOutTask:
    """Test an ensemble once on held-out probes.

    Attributes
    ----------
    key : str
    architecture : str
    params : tuple of dict
        The members' hyperparameters, flat.
    members : tuple of bytes
        Their weights, safetensors.
    validated : tuple of bytes
        Those of their siblings that never saw the validation probes, whose validation figures they have;
        a member that has not seen them either is its own.
    data : TrainingSet
    test : Examples
    """

    key: str
    architecture: str
    params: tuple[Mapping[str, Any], ...]
    members: tuple[bytes, ...]
    validated: tuple[bytes, ...]
    data: TrainingSet
    test: Examples

    def run(self, wanted: Wanted) -> Iterator[Event]:
        """Score validation and test, and yield a `Tested`."""
        predictions = []
        for params, weights, sibling in zip(self.params, self.members, self.validated, strict=True):
            model = self._build(params, weights)
            unseeing = model if sibling == weights else self._build(params, sibling)
            sides = (model, self.data.train), (unseeing, self.data.validation), (model, self.test)
            predictions.append([predict(network, examples.codes) for network, examples in sides])
            if not wanted():
                yield Stopped(self.key)
                return
        members = tuple(self._figures(*prediction[1:]) for prediction in predictions)
        training, validation, test = (np.stack(side) for side in zip(*predictions, strict=True))
        table = pack_predictions(Predictions(self.test.codes, self.test.targets, test))
        ensemble = self._figures(mean_of(validation), mean_of(test))
        yield Tested(self.key, members, ensemble, table, quantiles_of(mean_of(training)))

    def _build(self, params: Mapping[str, Any], weights: bytes) -> nn.Module:
        network, _ = split_params(self.architecture, dict(params))
        return build_member(self.architecture, network, weights).to(choose_device("auto"))

    def _figures(self, validation: np.ndarray, test: np.ndarray) -> Figures:
        return Figures(
            val_spearman=spearman(validation, self.data.validation.targets),
            val_pearson=pearson(validation, self.data.validation.targets),
            test_spearman=spearman(test, self.test.targets),
            test_pearson=pearson(test, self.test.targets),
        )


Task = TrainTask | HeldOutTask | EvidenceTask
