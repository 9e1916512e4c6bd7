"""Small experiments and networks that all tests of the models share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet
from models.cnn import CNNConfig
from models.config import TrainingConfig
from models.trainer import Trainer

settings.register_profile("no-clock", deadline=None)  # a busy machine is no failure
settings.load_profile("no-clock")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_codes(count: int, seed: int = 0) -> np.ndarray:
    """Random probes (count, 41) of 30 to 41 bases, a few of them unknown, padded."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, 41)).astype(np.uint8)
    codes[rng.random(codes.shape) < 0.01] = 4
    codes[np.arange(41) >= rng.integers(30, 42, count)[:, None]] = 5
    return codes


def make_examples(count: int, seed: int, missing: float = 0.02) -> Examples:
    """Probes that bind where they hold UGCAU, with noise and missing values."""
    codes = make_codes(count, seed)
    rng = np.random.default_rng(seed + 1000)
    binds = np.zeros(count, bool)
    for start in range(37):
        binds |= (codes[:, start : start + 5] == [3, 2, 1, 0, 3]).all(axis=1)
    chosen = rng.random(count) < 0.3
    codes[chosen, 10:15] = [3, 2, 1, 0, 3]
    targets = (2.0 * (binds | chosen) + rng.normal(0, 0.3, count)).astype(np.float32)
    targets = (targets - targets.mean()) / targets.std()
    targets[rng.random(count) < missing] = np.nan
    return Examples(codes, targets)


def make_data(train: int = 300, validation: int = 100) -> TrainingSet:
    """A training set of random probes with one motif."""
    scaling = TargetScaling(clip=1.0, floor=0.0, shift=1.0, mean=0.0, std=1.0)
    return TrainingSet(make_examples(train, 1), make_examples(validation, 2), scaling, f"test-{train}")


@pytest.fixture
def bfloat16(monkeypatch):
    """Multiply in bfloat16 on every processor."""
    monkeypatch.setattr("models.fast.bfloat16.multiplies_bfloat16", lambda: True)


@pytest.fixture
def without_kernels(monkeypatch) -> Callable[..., Any]:
    """`without_kernels(f, ...)` calls a function as if there were no folder models/fast."""

    def call(function: Callable[..., Any], *given: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr("models.kernels.fast", None)
            return function(*given)

    return call


@pytest.fixture
def codes() -> torch.Tensor:
    """uint8 (64, 41)"""
    return torch.tensor(make_codes(64))


@pytest.fixture
def data() -> TrainingSet:
    return make_data()


@pytest.fixture
def data_of() -> Callable[..., TrainingSet]:
    return make_data


@pytest.fixture
def small_trainer(data) -> Callable[..., Trainer]:
    """Make a trainer of a tiny network on `data`; any argument can be replaced, training's fields by name."""

    def make(
        seed: int = 1,
        network: Any = None,
        architecture: str = "cnn",
        on: Any = None,
        start: Any = None,
        **training: Any,
    ):
        network = network or CNNConfig(motif_length=6, filters=8, hidden=8)
        config = TrainingConfig(**{"epochs": 4, "batch_size": 64, **training})
        return Trainer(architecture, network, config, on or data, seed, device="cpu", start=start)

    return make
