"""Whether a device calculates what the CPU does in float64, and repeats and resumes what it did."""

from __future__ import annotations

import copy
import dataclasses
import statistics
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from models.randomness import DrawingFrom, Use, generator_of
from models.registry import get_architecture
from models.trainer import Trainer
from tests.benchmarks.gpu.networks import NETWORKS, config_of, make_data, trainer_of

PRECISIONS = {"cuda": ("float32", "tf32", "bfloat16"), "cpu": ("float32",)}
TOLERANCE = 1e-4  # of float32
BATCH, BATCHES = 64, 5
EXACT = {"dropout": 0.0, "block_dropout": 0.0, "pooled_dropout": 0.0, "precision": "float32"}


def agreement(name: str, device: str) -> dict[str, list[float]]:
    """Relative errors of predictions and of gradients, by precision; the medians over a few batches.

    Medians, since a maximum over positions that is nearly reached twice can be taken at another place, which
    moves the gradient by a finite amount.
    """
    with DrawingFrom(generator_of(3, 0, Use.WEIGHTS)):
        network = get_architecture(NETWORKS[name][0]).build(config_of(name, **EXACT))
    probes = make_data(BATCH * BATCHES, 2).train
    found = {}
    batches = [torch.tensor(each).split(BATCH) for each in (probes.codes, probes.targets)]
    for precision in PRECISIONS[device]:
        errors = [_errors(network, device, precision, *batch) for batch in zip(*batches, strict=True)]
        found[precision] = [statistics.median(column) for column in zip(*errors, strict=True)]
    return found


def _errors(
    network: nn.Module, device: str, precision: str, codes: Tensor, targets: Tensor
) -> tuple[float, ...]:
    expected = _step(copy.deepcopy(network).double(), codes, targets)
    with _calculating(device, precision):
        found = _step(copy.deepcopy(network).to(device), codes.to(device), targets.to(device))
    return tuple(
        float((ours.cpu().double() - oracle).norm() / oracle.norm())
        for ours, oracle in zip(found, expected, strict=True)
    )


def _step(network: nn.Module, codes: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions while training, and the gradients of all parameters in one piece."""
    prediction = network.train()(codes)
    (prediction - targets.to(prediction.dtype)).square().mean().backward()
    return prediction.detach(), torch.cat([parameter.grad.flatten() for parameter in network.parameters()])


@contextmanager
def _calculating(device: str, precision: str) -> Iterator[None]:
    """Let products be made in a precision; by itself torch takes `tf32` for convolutions and LSTMs."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    half = torch.autocast(device, torch.bfloat16) if precision == "bfloat16" else nullcontext()
    try:
        with half:
            yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = True, False


def learned(name: str, device: str, data: SimpleNamespace, epochs: int, seeds: range) -> list[float]:
    """Validation Spearman after a few epochs of many small batches, by seed."""
    trainers = [trainer_of(name, data, device, seed, epochs, batch_size=64) for seed in seeds]
    return [_run(trainer)[-1]["spearman"] for trainer in trainers]


def repeats(name: str, device: str, data: SimpleNamespace, epochs: int) -> dict[str, float]:
    """How far validation Spearman is apart, at most over the epochs, between runs that should be the same.

    `again`: the same run twice; `resumed`: through a checkpoint halfway; `plain`: without a graph.
    """
    first = _run(trainer_of(name, data, device, epochs=epochs))
    again = _run(trainer_of(name, data, device, epochs=epochs))
    plain = _run(trainer_of(name, data, device, epochs=epochs, graphs=False))
    halfway, resumed = (trainer_of(name, data, device, epochs=epochs) for _ in range(2))
    for _ in range(epochs // 2):
        halfway.run_epoch()
    resumed.restore(halfway.checkpoint())
    others = {"again": again, "resumed": _run(resumed), "plain": plain}
    return {kind: _apart(first, curve) for kind, curve in others.items()}


def _run(trainer: Trainer) -> list[dict[str, Any]]:
    while not trainer.finished:
        trainer.run_epoch()
    return [dataclasses.asdict(report) for report in trainer.curve]


def _apart(curve: list[dict[str, Any]], other: list[dict[str, Any]]) -> float:
    return max(abs(one["spearman"] - two["spearman"]) for one, two in zip(curve, other, strict=True))


def within_the_spread(found: list[float], reference: list[float]) -> bool:
    """Whether two lists of scores differ by no more than their seeds make them differ."""
    noise = sum(statistics.variance(scores) / len(scores) for scores in (found, reference)) ** 0.5
    return abs(statistics.mean(found) - statistics.mean(reference)) < 3 * noise + 0.01
