"""What workers do: train a network or test an ensemble, reporting as they go. Runs far from the database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch

from data_io.errors import ModelError
from data_io.predictions import Predictions, mean_of, pack_predictions
from data_io.training_set import Examples, TrainingSet
from models.config import split_params
from models.interruption import Interrupted
from models.metrics import pearson, spearman
from models.predict import predict
from models.trainer import Trainer
from models.weights import build_member, quantiles_of
from search.workers.events import Event, Figures, Reported, Stopped, Tested, Trained
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
    """

    key: str
    architecture: str
    params: Mapping[str, Any]
    seed: int
    data: TrainingSet
    state: bytes | None = None
    patience: int | None = None

    def run(self, wanted: Wanted) -> Iterator[Event]:
        """Train, and yield a `Reported` for each epoch and then a `Trained` with the best weights."""
        network, training = split_params(self.architecture, dict(self.params))
        trainer = Trainer(self.architecture, network, training, self.data, self.seed)
        if self.state is not None:
            _go_on(trainer, self.state)
        try:
            while not trainer.finished and not self._has_stalled(trainer):
                trainer.run_epoch(wanted)
                yield Reported(self.key, tuple(trainer.curve), trainer.checkpoint())
        except Interrupted:
            yield Stopped(self.key)
            return
        yield Trained(self.key, safetensors.torch.save(trainer.best_weights()), tuple(trainer.curve))

    def _has_stalled(self, trainer: Trainer) -> bool:
        return self.patience is not None and trainer.epoch - trainer.best.epoch >= self.patience


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
    params : dict
        Hyperparameters, flat.
    members : tuple of bytes
        The members' weights, safetensors.
    data : TrainingSet
    test : Examples
    """

    key: str
    architecture: str
    params: Mapping[str, Any]
    members: tuple[bytes, ...]
    data: TrainingSet
    test: Examples

    def run(self, wanted: Wanted) -> Iterator[Event]:
        """Score validation and test, and yield a `Tested`."""
        network, _ = split_params(self.architecture, dict(self.params))
        predictions = []
        for weights in self.members:
            model = build_member(self.architecture, network, weights)
            sides = self.data.train, self.data.validation, self.test
            predictions.append([predict(model, examples.codes) for examples in sides])
            if not wanted():
                yield Stopped(self.key)
                return
        members = tuple(self._figures(*prediction[1:]) for prediction in predictions)
        training, validation, test = (np.stack(side) for side in zip(*predictions, strict=True))
        table = pack_predictions(Predictions(self.test.codes, self.test.targets, test))
        ensemble = self._figures(mean_of(validation), mean_of(test))
        yield Tested(self.key, members, ensemble, table, quantiles_of(mean_of(training)))

    def _figures(self, validation: np.ndarray, test: np.ndarray) -> Figures:
        return Figures(
            val_spearman=spearman(validation, self.data.validation.targets),
            val_pearson=pearson(validation, self.data.validation.targets),
            test_spearman=spearman(test, self.test.targets),
            test_pearson=pearson(test, self.test.targets),
        )


Task = TrainTask | HeldOutTask | EvidenceTask
