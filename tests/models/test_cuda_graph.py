"""The steps that a CUDA graph replays, on the CPU: there a replay is the step run again."""

import logging
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from models.averaging import Average
from models.cnn import CNN, CNNConfig
from models.config import TrainingConfig
from models.cuda_graph import WARM_UP, GraphedSteps, own_stream
from models.examples import measured_examples
from models.optimizer import Adam
from models.randomness import Use, generator_of
from models.registry import get_architecture
from models.trainer import Trainer

CPU = torch.device("cpu")
NETWORK = CNNConfig(motif_length=6, filters=8, layers=2, batch_norm=True, dropout=0.3, precision="float32")
TRAINING = TrainingConfig(batch_size=32, epochs=3, schedule="cosine", learning_rate=3e-3, weight_decay=1e-4)


class Recorder:
    """Stands in for `record_graph`; counts what is asked of it."""

    def __init__(self, fails=False):
        self.fails, self.recordings, self.replays = fails, 0, 0

    def __call__(self, step, generator):
        self.recordings += 1
        if self.fails:
            step_by_half(step)
            raise RuntimeError("operation not permitted when stream is capturing")

        def replay():
            self.replays += 1
            step()

        return replay


def step_by_half(step):
    """Leave gradients behind, as a recording does that fails in the middle."""
    for parameter in step.__self__._model.parameters():
        parameter.grad = torch.full_like(parameter, torch.nan)


class Run:
    """Graphed steps of a network that begins as a trainer's."""

    def __init__(self, data, record, training=TRAINING):
        self.trainer = Trainer("cnn", NETWORK, training, data, 5, device="cpu")
        self.model = CNN(NETWORK).train()
        self.model.load_state_dict(self.trainer.model.state_dict())
        self.optimizer = Adam(self.model, training.weight_decay)
        self.average = Average(self.model, training.averaging)
        examples = measured_examples(data.train, "training", CPU)
        self.steps = GraphedSteps(self.model, self.optimizer, self.average, training, examples, record)

    def epoch(self, number, check=lambda: None):
        dropout, order = (generator_of(5, number + 1, use) for use in (Use.DROPOUT, Use.ORDER))
        return float(self.steps.train_epoch(number, dropout, order, check))


@pytest.mark.parametrize(
    ("fails", "loss"), [(False, "mean_square"), (True, "mean_square"), (False, "log_cosh")]
)
def test_graphed_steps_train_as_the_trainer_does(data, fails, loss):
    recorder = Recorder(fails)
    run = Run(data, recorder, replace(TRAINING, loss=loss))
    for epoch in range(3):
        assert run.epoch(epoch) == pytest.approx(run.trainer.run_epoch().train_loss, rel=1e-5)
    for name, value in run.trainer.model.state_dict().items():
        torch.testing.assert_close(run.model.state_dict()[name], value, rtol=1e-4, atol=1e-5)
    with run.average.shown():
        scored = run.model.state_dict()["convolutions.norm.running_mean"]
        assert (scored != run.trainer.model.state_dict()["convolutions.norm.running_mean"]).any()


def test_a_step_is_recorded_once_and_only_whole_batches_are_replayed(data):
    recorder = Recorder()
    run = Run(data, recorder)
    measured = int(np.isfinite(data.train.targets).sum())
    assert measured % TRAINING.batch_size, "the last batch has to be a smaller one here"
    for epoch in range(2):
        run.epoch(epoch)
    assert recorder.recordings == 1
    assert recorder.replays == 2 * (measured // TRAINING.batch_size) - WARM_UP


def test_what_cannot_be_recorded_is_said_once(data, caplog):
    recorder = Recorder(fails=True)
    run = Run(data, recorder)
    with caplog.at_level(logging.WARNING):
        for epoch in range(2):
            run.epoch(epoch)
    assert recorder.recordings == 1
    assert len(caplog.messages) == 1
    assert "not permitted when stream is capturing" in caplog.text


@pytest.mark.parametrize("size", [150, 1000])
def test_epochs_of_few_batches_are_never_recorded(data, size):
    recorder = Recorder()
    run = Run(data, recorder, TrainingConfig(batch_size=size, epochs=2))
    assert run.epoch(0) == pytest.approx(run.trainer.run_epoch().train_loss, rel=1e-5)
    assert recorder.recordings == 0


def places(run):
    """Where the tensors lie that a graph reads and writes."""
    held = [*run.model.state_dict().values(), *run.optimizer.state().values(), *run.average.state().values()]
    return [tensor.data_ptr() for tensor in held]


def test_what_a_graph_holds_stays_in_its_place(data):
    run = Run(data, Recorder())
    before = places(run)
    run.epoch(0)
    with run.average.shown():
        pass
    run.model.load_state_dict({name: value.clone() for name, value in run.model.state_dict().items()})
    run.optimizer.load_state({name: value.clone() for name, value in run.optimizer.state().items()})
    run.average.load_state({name: value.clone() for name, value in run.average.state().items()})
    run.epoch(1)
    assert places(run) == before


def test_an_epoch_ends_where_the_check_raises(data):
    run, steps = Run(data, Recorder()), []

    def check():
        steps.append(True)
        if len(steps) == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run.epoch(0, check)
    assert int(run.optimizer.state()["steps"]) == 3


def test_a_cpu_has_no_streams():
    with own_stream(CPU):
        assert torch.ones(1).is_cpu


def test_a_trainer_without_a_gpu_does_without_graphs(small_trainer, monkeypatch):
    monkeypatch.setattr("models.trainer.GraphedSteps", None)
    small_trainer().run_epoch()


class FromTheHost(TorchFunctionMode):
    """Notes every call that gives a tensor on the CPU."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = result if isinstance(result, tuple | list) else [result]
        self.found += [function.__name__ for each in tensors if getattr(each, "is_cpu", False)]
        return result


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("cnn", {}),
        ("cnn", {"layers": 3, "batch_norm": True, "pooled_norm": True, "pooling": "max+average"}),
        ("cnn", {"residual": 3, "pooling": "windows", "batch_norm": True, "hidden_norm": True}),
        ("rnn", {}),
        ("rnn", {"layers": 2, "batch_norm": True, "readout": "mean"}),
        ("rnn", {"convolution": False, "bidirectional": True, "readout": "max"}),
        ("rnn", {"residual": 2, "batch_norm": True, "bidirectional": True, "readout": "windows"}),
    ],
)
def test_no_step_needs_anything_from_the_host(codes, architecture, options):
    """A tensor made there would have to be copied, which waits for the device and cannot be recorded."""
    kind = get_architecture(architecture)
    network = kind.build(kind.config(**options)).to("meta")
    elsewhere = codes.to("meta")
    network(elsewhere)  # the tables that a device keeps are made by the first step
    average = Average(network, 0.9)
    with FromTheHost() as host:
        prediction = network(elsewhere)
        torch.autograd.backward(prediction, torch.ones_like(prediction))
        average.move(prediction.new_zeros(()))
    assert host.found == []


def test_nothing_of_other_threads_runs_while_one_records(data):
    """Steps that are run call by call, replays and the last, smaller batch: all wait."""
    working, beside, errors = [], [], []

    def record(step, generator):
        for _ in range(20):
            beside.append(len(working))
            time.sleep(0.001)
        return step

    def watched(learn):
        def call(*batch):
            working.append(True)
            try:
                return learn(*batch)
            finally:
                working.pop()

        return call

    def train(run):
        try:
            for epoch in range(2):
                run.epoch(epoch)
        except Exception as error:
            errors.append(error)

    runs = [Run(data, record) for _ in range(4)]
    for run in runs:
        run.steps._learn = watched(run.steps._learn)
    threads = [threading.Thread(target=train, args=(run,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(beside) == 4 * 20
    assert set(beside) == {0}
