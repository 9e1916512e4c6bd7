"""The networks that are checked and timed on a GPU, and made-up probes: nothing is needed beside the code."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np

from models.config import TrainingConfig
from models.registry import get_architecture
from models.trainer import Trainer

FULL_SIZE = 96_261, 24_065  # training and validation probes of the whole array
MOTIF = 3, 2, 1, 0, 3, 2  # UGCAUG

POOLED = {"pooling": "max+average", "batch_norm": True, "dropout": 0.2}
DEEP = {**POOLED, "motif_length": 7, "filters": 64, "layers": 3, "hidden": 128}
BILSTM = {"convolution": False, "lstm_hidden": 64, "bidirectional": True, "readout": "max", "dropout": 0.2}
RESIDUAL = {
    "motif_length": 7,
    "filters": 96,
    "residual": 3,
    "block_dropout": 0.1,
    "pooling": "windows",
    "pooled_dropout": 0.2,
    "hidden": 256,
    "hidden_norm": True,
    "dropout": 0.5,
    "batch_norm": True,
}
CONV_BILSTM = {
    **BILSTM,
    "convolution": True,
    "motif_length": 5,
    "filters": 64,
    "lstm_layers": 1,
    "batch_norm": True,
}
BY_WINDOWS = {"readout": "windows", "pooled_dropout": 0.2, "hidden": 256, "hidden_norm": True, "dropout": 0.5}
NETWORKS: dict[str, tuple[str, dict[str, Any], int]] = {  # architecture, its options, batch size
    "cnn": ("cnn", {}, 256),
    "cnn_one_layer": ("cnn", {**POOLED, "motif_length": 11, "filters": 128, "hidden": 64}, 512),
    "cnn_three_layers": ("cnn", DEEP, 128),
    "cnn_residual": ("cnn", RESIDUAL, 128),
    "rnn": ("rnn", {}, 512),
    "bilstm": ("rnn", BILSTM, 128),
    "conv_bilstm": ("rnn", CONV_BILSTM, 128),
    "conv_bilstm_windows": ("rnn", {**CONV_BILSTM, **BY_WINDOWS}, 128),
}
CHECKED = "cnn", "cnn_three_layers", "cnn_residual", "rnn", "bilstm", "conv_bilstm_windows"


def make_data(train: int, validation: int, seed: int = 0) -> SimpleNamespace:
    """A training set of random probes; those that hold the motif, or most of it, are brighter."""
    rng = np.random.default_rng(seed)
    parts = [_make_examples(count, rng) for count in (train, validation)]
    return SimpleNamespace(
        train=parts[0], validation=parts[1], fingerprint=f"made up {train} {validation} {seed}"
    )


def _make_examples(count: int, rng: np.random.Generator) -> SimpleNamespace:
    codes = rng.integers(0, 4, (count, 41)).astype(np.uint8)
    planted = rng.random(count) < 0.2
    for base, code in enumerate(MOTIF):
        codes[planted, 12 + base] = code
    codes[np.arange(41) >= rng.integers(30, 42, count)[:, None]] = 5
    windows = np.lib.stride_tricks.sliding_window_view(codes, len(MOTIF), axis=1)
    matching = (windows == MOTIF).sum(axis=2).max(axis=1)
    targets = np.exp2(matching - 6.0) + rng.normal(0, 0.25, count)
    targets = ((targets - targets.mean()) / targets.std()).astype(np.float32)
    return SimpleNamespace(codes=codes, targets=targets)


def config_of(name: str, **options: Any) -> Any:
    """The config of a network, some of its fields replaced."""
    architecture, own, _ = NETWORKS[name]
    kind = get_architecture(architecture).config
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{**own, **{field: value for field, value in options.items() if field in known}})


def trainer_of(
    name: str,
    data: SimpleNamespace,
    device: str,
    seed: int = 1,
    epochs: int = 30,
    graphs: bool = True,
    batch_size: int | None = None,
) -> Trainer:
    """A trainer of a network, with its own batch size unless another is given."""
    architecture, _, own_size = NETWORKS[name]
    training = TrainingConfig(batch_size=batch_size or own_size, epochs=epochs, schedule="cosine")
    return Trainer(architecture, config_of(name), training, data, seed, device=device, graphs=graphs)
