"""The trainer of all architectures: one object a training run, one call an epoch."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from models.averaging import Average
from models.checkpoint import SOURCE, Checkpoint
from models.config import TrainingConfig, to_params
from models.cuda_graph import GraphedSteps, own_stream
from models.device import choose_device
from models.dropout import seed_dropout
from models.examples import measured_examples
from models.interruption import check_often
from models.losses import mean_gradient
from models.optimizer import Adam
from models.randomness import DrawingFrom, Use, generator_of
from models.registry import get_architecture
from models.reports import Best, EpochReport
from models.tensors import check_shapes, checksum
from models.turns import sharing
from models.validation import Validation

if TYPE_CHECKING:
    from data_io.training_set import TrainingSet

log = logging.getLogger(__name__)

CHECKPOINT_FORMAT = 2


class Trainer:
    """Trains one network on one experiment.

    All random numbers follow from the seed and the number of the epoch, none from the process's random state:
    trainers can take turns, and a run that goes on from a checkpoint ends as an undisturbed run does (on CPU
    with the same number of threads: bit for bit).

    Parameters
    ----------
    architecture : str
        Name of the architecture (see `models.registry`).
    network : config
        Its hyperparameters, such as a `CNNConfig`.
    training : TrainingConfig
    data : TrainingSet
        Probes without a measurement are left out.
    seed : int
        Not negative.
    device : str, default "auto"
        `"auto"` takes a CUDA device if there is one; or a name that torch knows.
    graphs : bool, default True
        On a CUDA device, replay the training step as a graph (see `models.cuda_graph`).
    start : dict of str to Tensor, optional
        State dict to begin with. Default: random weights.

    Attributes
    ----------
    model : nn.Module
        The network in its present state, not averaged.
    curve : list of EpochReport
        One report for each epoch completed.
    best : Best
        Epoch and Spearman of the weights that `best_weights` gives.
    """

    def __init__(
        self,
        architecture: str,
        network: Any,
        training: TrainingConfig,
        data: TrainingSet,
        seed: int,
        *,
        device: str = "auto",
        graphs: bool = True,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.architecture, self.network, self.training, self.seed = architecture, network, training, seed
        self.fingerprint = data.fingerprint
        self._begun = {} if start is None else {"start": checksum(start, {})}
        self.device = choose_device(device)
        self._graphed: GraphedSteps | None = None
        with sharing(self.device):
            self._train = measured_examples(data.train, "training", self.device)
            self._validation = Validation(measured_examples(data.validation, "validation", self.device))
            self.model = self._build(start)
            self.optimizer = Adam(self.model, training.weight_decay)
            self._average = Average(self.model, training.averaging) if training.averaging else None
            if graphs and self.device.type == "cuda":
                self._graphed = GraphedSteps(self.model, self.optimizer, self._average, training, self._train)
            self._best_weights = self._copy_weights()
        self.curve: list[EpochReport] = []
        self.best = Best(0, 0.0)
        self._interrupted = False

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return len(self.curve)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do: all epochs are done, or training diverged."""
        return self.epoch >= self.training.epochs or (bool(self.curve) and self.curve[-1].diverged)

    def run_epoch(self, go_on: Callable[[], bool] | None = None) -> EpochReport:
        """Train for one epoch, validate, and keep the weights if they are the best so far.

        Parameters
        ----------
        go_on : callable, optional
            Called a few times a second; training stops where it returns False.

        Raises
        ------
        Interrupted
            If `go_on` returned False. Part of an epoch is done then, so the trainer has to be restored
            before it can go on.
        """
        if self.finished or self._interrupted:
            raise RuntimeError(f"training cannot go on after epoch {self.epoch}: finished or interrupted")
        start = time.perf_counter()
        self._interrupted = True  # until the epoch is complete
        with own_stream(self.device):
            train_loss = self._train_epoch(check_often(go_on))
            with sharing(self.device), self._averaged():
                report = self._validate(train_loss, start)
                if not report.diverged and (self.best.epoch == 0 or report.spearman > self.best.spearman):
                    self.best = Best(report.epoch, report.spearman)
                    self._best_weights = self._copy_weights()
        self.curve.append(report)
        self._interrupted = False
        log.debug("%s seed %d: %s", self.architecture, self.seed, report)
        return report

    def best_weights(self) -> dict[str, Tensor]:
        """The state dict, on CPU, of the best epoch so far; the untrained weights before the first."""
        return dict(self._best_weights)

    def weights(self) -> dict[str, Tensor]:
        """The state dict, on CPU, as validated after the present epoch: averaged, where weights are."""
        with own_stream(self.device), sharing(self.device), self._averaged():
            return self._copy_weights()

    def checkpoint(self) -> bytes:
        """All that `restore` needs to go on after the present epoch, as the bytes of a safetensors file."""
        if self._interrupted:
            raise RuntimeError(f"no checkpoint within epoch {self.epoch + 1}: training was interrupted there")
        average = self._average.state() if self._average else {}
        state = self.model.state_dict(), self._best_weights, self.optimizer.state(), average
        with sharing(self.device):
            return Checkpoint(self.identity(), *state, self.curve, self.best).to_bytes()

    def restore(self, blob: bytes) -> None:
        """Go on from a checkpoint of a trainer with the same arguments.

        Raises
        ------
        ModelError
            If the checkpoint is damaged, or of another config, seed or data; the trainer is left as it was.
        """
        found = Checkpoint.from_bytes(blob)
        found.check_identity(self.identity(), to_params(type(self.network)(), TrainingConfig()))
        average = self._average.state() if self._average else {}
        weights = (found.model, self.model.state_dict()), (found.best_weights, self._best_weights)
        for tensors, expected in (
            *weights,
            (found.optimizer, self.optimizer.state()),
            (found.average, average),
        ):
            check_shapes(tensors, expected, SOURCE)
        with sharing(self.device):
            self.model.load_state_dict(found.model)
            self.optimizer.load_state(found.optimizer)
            if self._average:
                self._average.load_state(found.average)
        self._best_weights, self.curve, self.best = dict(found.best_weights), found.curve, found.best
        self._interrupted = False

    def identity(self) -> dict[str, Any]:
        """Everything that the result of the training follows from; a checkpoint fits where it is equal."""
        return {
            "format": CHECKPOINT_FORMAT,
            "architecture": self.architecture,
            "seed": self.seed,
            "data": self.fingerprint,
            "probes": [len(self._train), len(self._validation)],  # tells splits of the same data apart
            **self._begun,
            **to_params(self.network, self.training),
        }

    def _build(self, start: Mapping[str, Tensor] | None) -> nn.Module:
        with DrawingFrom(generator_of(self.seed, 0, Use.WEIGHTS)):
            model = get_architecture(self.architecture).build(self.network)
        if start is not None:
            model.load_state_dict(start)
        return model.to(self.device)

    def _train_epoch(self, check: Callable[[], None]) -> Tensor:
        """One pass over the training probes; mean squared error (), not yet waited for on a GPU."""
        self.model.train()
        dropout = generator_of(self.seed, self.epoch + 1, Use.DROPOUT, self.device)
        order = generator_of(self.seed, self.epoch + 1, Use.ORDER)
        if self._graphed is not None:
            return self._graphed.train_epoch(self.epoch, dropout, order, check)
        seed_dropout(self.model, dropout)
        probes = self._train.shuffled(order)
        errors, size = torch.empty_like(probes.targets), self.training.batch_size
        for batch, (codes, targets) in enumerate(probes.batches(size)):
            check()
            with sharing(self.device):
                prediction = self.model(codes)
                error = torch.sub(prediction.detach(), targets, out=errors[batch * size : (batch + 1) * size])
                torch.autograd.backward(prediction, mean_gradient(self.training.loss, error))
                self._step(batch)
        return errors.square().mean()

    def _step(self, batch: int) -> None:
        batches = math.ceil(len(self._train) / self.training.batch_size)
        number = self.epoch * batches + batch
        self.optimizer.step(self.training.learning_rate_at(number, self.training.epochs * batches))
        if self._average:
            self._average.step(number)

    def _averaged(self) -> AbstractContextManager[None]:
        return self._average.shown() if self._average else nullcontext()

    def _validate(self, train_loss: Tensor, start: float) -> EpochReport:
        scores, loss = self._validation.score(self.model), train_loss.item()
        diverged = not (math.isfinite(loss) and scores.finite)
        return EpochReport(
            epoch=self.epoch + 1,
            train_loss=loss,
            validation_loss=math.nan if diverged else scores.loss,
            spearman=0.0 if diverged else scores.spearman,
            pearson=0.0 if diverged else scores.pearson,
            seconds=time.perf_counter() - start,
            constant=scores.constant and not diverged,
            diverged=diverged,
        )

    def _copy_weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
