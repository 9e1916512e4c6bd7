"""Training on a GPU: a step is recorded once, as a CUDA graph, and replayed.

A step of these networks is some fifty kernels of a few microseconds each, which take longer to start one by
one than to run; a graph starts them all at once. Nothing that changes from step to step may then come from
outside: probes, learning rates and the weights of the running average lie on the device, and a step finds
its own by the number of its batch, which lies there, too, and which it counts up.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from models.averaging import Average
from models.config import TrainingConfig
from models.dropout import seed_dropout
from models.examples import ExampleTensors
from models.losses import mean_gradient
from models.optimizer import Adam
from models.turns import TURNS

log = logging.getLogger(__name__)

Replay = Callable[[], object]
Record = Callable[[Callable[[], None], torch.Generator], Replay]

WARM_UP = 3  # steps before the recording, in which libraries set up what cannot be set up within one

_of_thread = threading.local()


def record_graph(step: Callable[[], None], generator: torch.Generator) -> Replay:
    """Record what a step does on the present stream, without doing it; no other thread may use the device.

    Parameters
    ----------
    step : callable
    generator : torch.Generator
        Where the step draws random numbers; each replay goes on where the last one ended.

    Returns
    -------
    callable
        Does what was recorded, on the same memory.
    """
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    stream = torch.cuda.current_stream(generator.device)
    torch.cuda.synchronize(generator.device)  # what other threads have begun ends before
    with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        step()
    replay: Replay = graph.replay
    return replay


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Let the calling thread work on a CUDA stream of its own, beside other threads; a CPU has none."""
    if device.type != "cuda":
        yield
        return
    outer = torch.cuda.current_stream(device)
    streams = _of_thread.__dict__.setdefault("streams", {})
    inner = streams.get(device) or streams.setdefault(device, torch.cuda.Stream(device))  # type: ignore[no-untyped-call]
    inner.wait_stream(outer)
    try:
        with torch.cuda.stream(inner):
            yield
    finally:
        outer.wait_stream(inner)


class GraphedSteps:
    """The training steps of one network; what a graph holds stays in its place from epoch to epoch.

    Parameters
    ----------
    model : nn.Module
    optimizer : Adam
    average : Average or None
    training : TrainingConfig
    examples : ExampleTensors
        Of the training split, on the device of the network.
    record : callable
        Makes the replay of a step: `record_graph`, but for tests. Where it fails, steps are run as they are.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Adam,
        average: Average | None,
        training: TrainingConfig,
        examples: ExampleTensors,
        record: Record = record_graph,
    ) -> None:
        self._model, self._optimizer, self._average = model, optimizer, average
        self._training, self._examples, self._record = training, examples, record
        device, size = examples.targets.device, training.batch_size
        self._batches, self._whole = math.ceil(len(examples) / size), len(examples) // size
        self._rates, self._weights = (torch.empty(self._batches, device=device) for _ in range(2))
        self._present = ExampleTensors(torch.empty_like(examples.codes), torch.empty_like(examples.targets))
        self._errors = torch.empty_like(examples.targets)
        self._batch = torch.zeros(1, dtype=torch.int64, device=device)
        self._generator = torch.Generator(device)
        seed_dropout(model, self._generator)
        self._replay: Replay | None = None
        self._done = 0

    def train_epoch(
        self, epoch: int, dropout: torch.Generator, order: torch.Generator, check: Callable[[], None]
    ) -> Tensor:
        """One pass over the training probes.

        Parameters
        ----------
        epoch : int
            From 0.
        dropout, order : torch.Generator
            At the start of this epoch's random numbers.
        check : callable
            Called before each step; ends the epoch by raising.

        Returns
        -------
        Tensor ()
            Mean squared error, whatever the loss, on the device.
        """
        with TURNS.shared():
            self._begin(epoch, dropout, order)
        for _ in range(self._whole):
            check()
            self._next()
        rest = slice(self._whole * self._training.batch_size, None)
        if self._whole < self._batches:
            check()
            with TURNS.shared():
                self._errors[rest] = self._learn(self._present.codes[rest], self._present.targets[rest])
        with TURNS.shared():
            return self._errors.square().mean()

    def _begin(self, epoch: int, dropout: torch.Generator, order: torch.Generator) -> None:
        """Lay out what the steps of an epoch read."""
        permutation = torch.randperm(len(self._examples), generator=order).to(self._batch.device)
        torch.index_select(self._examples.codes, 0, permutation, out=self._present.codes)
        torch.index_select(self._examples.targets, 0, permutation, out=self._present.targets)
        numbers = range(epoch * self._batches, (epoch + 1) * self._batches)
        total = self._training.epochs * self._batches
        rates = [self._training.learning_rate_at(number, total) for number in numbers]
        self._rates.copy_(torch.tensor(rates))
        if self._average is not None:
            self._weights.copy_(torch.tensor([self._average.weight_at(number) for number in numbers]))
        self._batch.zero_()
        self._generator.manual_seed(dropout.initial_seed())

    def _next(self) -> None:
        """The next whole batch: recorded once, after the warm-up, and replayed from then on."""
        if self._done == WARM_UP:
            with TURNS.alone():
                self._replay = self._recorded()
        self._done += 1
        with TURNS.shared():
            (self._replay or self._step)()

    def _recorded(self) -> Replay | None:
        try:
            return self._record(self._step, self._generator)
        except RuntimeError as error:
            log.warning("training without a CUDA graph, which could not be recorded: %s", error)
        # What was touched meanwhile is of no use outside of a recording.
        self._model.zero_grad(set_to_none=True)
        state, self._generator = self._generator.get_state(), torch.Generator(self._generator.device)
        self._generator.set_state(state)
        seed_dropout(self._model, self._generator)
        return None

    def _step(self) -> None:
        """Train on the batch whose number lies on the device, and count it up."""
        codes, targets = (self._of_batch(each) for each in (self._present.codes, self._present.targets))
        errors = self._in_batches(self._errors)
        errors.index_copy_(0, self._batch, self._learn(codes, targets).unsqueeze(0))
        self._batch.add_(1)

    def _learn(self, codes: Tensor, targets: Tensor) -> Tensor:
        """One step on these probes; the errors (B,) of the predictions before it."""
        prediction: Tensor = self._model(codes)
        error = prediction.detach() - targets
        torch.autograd.backward(prediction, mean_gradient(self._training.loss, error))
        self._optimizer.step(self._rates.index_select(0, self._batch).squeeze(0))
        if self._average is not None:
            self._average.move(self._weights.index_select(0, self._batch).squeeze(0))
        return error

    def _of_batch(self, values: Tensor) -> Tensor:
        return self._in_batches(values).index_select(0, self._batch).squeeze(0)

    def _in_batches(self, values: Tensor) -> Tensor:
        """Values of probes (n, ...) as those of whole batches (batches, size, ...)."""
        size = self._training.batch_size
        return values[: self._whole * size].view(self._whole, size, *values.shape[1:])
