"""Trains a small network of every kind; as a program, wherever the packages are, and keeps what came out.

`python networks.py OUT [CHECKPOINTS]`: goes on from the checkpoints, after the first epoch, of a folder.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch

from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet
from models.config import TrainingConfig
from models.predict import predict
from models.registry import architecture_names, get_architecture
from models.trainer import Trainer

SMALL = {
    "filters": 12,
    "hidden": 32,
    "motif_length": 7,
    "filters_2": 10,
    "filters_3": 9,
    "lstm_hidden": 24,
    "dropout": 0.2,
}
VARIANTS = {
    "cnn": [
        {"pooling": "max+average", "batch_norm": True},
        {"pooling": "max+average", "batch_norm": True, "layers": 3, "pooled_norm": True},
        {"layers": 2},
        {"residual": 3, "pooling": "windows", "batch_norm": True, "hidden_norm": True, "block_dropout": 0.1},
        {"layers": 3, "pooling": "windows", "window": 8, "batch_norm": True, "motif_length": 6},
    ],
    "rnn": [
        {"bidirectional": True, "readout": "mean"},
        {"convolution": False, "bidirectional": True, "readout": "max", "lstm_layers": 3},
        {"layers": 2, "batch_norm": True, "lstm_layers": 1},
        {"residual": 2, "batch_norm": True, "bidirectional": True, "readout": "windows", "hidden_norm": True},
    ],
}


def networks() -> dict[str, tuple[str, object]]:
    """Architecture and config of each: every architecture as it comes, but small, and its variants."""
    found = {}
    for name in architecture_names():
        config = get_architecture(name).config
        fields = {field.name for field in dataclasses.fields(config)}
        small = {field: value for field, value in SMALL.items() if field in fields}
        if "precision" in fields:
            small["precision"] = "float32"
        for number, options in enumerate([{}, *VARIANTS.get(name, [])]):
            found[f"{name}-{number}"] = name, config(**small | options)
    return found


def probes(count: int, seed: int) -> Examples:
    """Random sequences of 30 to 41 bases, some unknown; the target is how often UG stands in one."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (count, 41)).astype(np.uint8)
    codes[rng.random(codes.shape) < 0.01] = 4
    codes[np.arange(41) >= rng.integers(30, 42, count)[:, None]] = 5
    targets = ((codes[:, :-1] == 3) & (codes[:, 1:] == 2)).sum(axis=1).astype(np.float32)
    return Examples(codes, (targets - targets.mean()) / targets.std())


def train(name: str, checkpoint: bytes | None = None) -> tuple[dict[str, np.ndarray], bytes]:
    """Train for two epochs, or one from a checkpoint: curve and predictions, and the first checkpoint."""
    architecture, network = networks()[name]
    scaling = TargetScaling(clip=1.0, floor=0.0, shift=1.0, mean=0.0, std=1.0)
    data = TrainingSet(probes(400, 1), probes(100, 2), scaling, "test")
    training = TrainingConfig(
        learning_rate=0.01, batch_size=16, epochs=2, weight_decay=1e-4, schedule="cosine", averaging=0.5
    )
    trainer = Trainer(architecture, network, training, data, seed=3, device="cpu")
    if checkpoint is None:
        trainer.run_epoch()
        checkpoint = trainer.checkpoint()
    else:
        trainer.restore(checkpoint)
    trainer.run_epoch()
    curve = [[report.train_loss, report.validation_loss, report.spearman] for report in trainer.curve]
    return {"curve": np.array(curve), "prediction": predict(trainer.model, data.train.codes)}, checkpoint


def main() -> None:
    torch.set_num_threads(1)
    out, *given = map(Path, sys.argv[1:])
    out.mkdir()
    for name in networks():
        blob = (given[0] / f"{name}.checkpoint").read_bytes() if given else None
        result, checkpoint = train(name, blob)
        np.savez(out / f"{name}.npz", **result)
        (out / f"{name}.checkpoint").write_bytes(checkpoint)


if __name__ == "__main__":
    main()
    from models import kernels

    print(kernels.fast, "numba" in sys.modules)
