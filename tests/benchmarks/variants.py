"""The configs that the ablation compares, by group, each against the first of its group."""

from __future__ import annotations

from typing import Any

from models.losses import LOSSES

TRAINING = {"learning_rate": 1e-3, "batch_size": 128, "schedule": "cosine", "averaging": 0.99}
LAYERS = {
    "layers": 3,
    "motif_length": 7,
    "filters": 64,
    "kernel_2": 5,
    "filters_2": 96,
    "kernel_3": 3,
    "filters_3": 128,
    "pooling": "max+average",
    "batch_norm": True,
    "hidden": 128,
    "dropout": 0.2,
}
RESIDUAL = {
    "residual": 3,
    "motif_length": 7,
    "filters": 96,
    "batch_norm": True,
    "block_dropout": 0.1,
    "pooling": "windows",
    "window": 10,
    "pooled_dropout": 0.2,
    "hidden": 256,
    "hidden_norm": True,
    "dropout": 0.5,
}
NETWORKS: dict[str, dict[str, Any]] = {
    "three layers": LAYERS,
    "residual": RESIDUAL,
    "residual, max+average": {**RESIDUAL, "pooling": "max+average"},
    "windows, no block": {**RESIDUAL, "residual": 0},
    "three layers, windows": {**LAYERS, "pooling": "windows", "window": 10},
}
CHANGES: dict[str, tuple[Any, ...]] = {  # of the residual network, one at a time
    "motif_length": (5, 9, 11, 15),
    "filters": (64, 128, 192),
    "residual": (2, 4, 5),
    "window": (5, 20),
    "hidden": (64, 512),
    "block_dropout": (0.0, 0.2),
    "pooled_dropout": (0.0, 0.4),
    "dropout": (0.2,),
    "hidden_norm": (False,),
    "pooled_norm": (True,),
    "learning_rate": (5e-4, 2e-3, 4e-3),
    "batch_size": (64, 256),
    "weight_decay": (1e-5, 1e-4),
    "averaging": (0.0, 0.999),
    "epochs": (8, 25),
}
TWO_LAYERS = {"layers": 2, "kernel_2": 5, "filters_2": 96}
AROUND: dict[str, dict[str, Any]] = {
    "residual": RESIDUAL,
    **{f"{name} {value}": {**RESIDUAL, name: value} for name, values in CHANGES.items() for value in values},
    "two layers before the block": {**RESIDUAL, **TWO_LAYERS},
    "128 filters, 25 epochs": {**RESIDUAL, "filters": 128, "epochs": 25},
}
FOUND = {  # by searches, for one experiment, and good for all
    **RESIDUAL,
    "motif_length": 6,
    "filters": 128,
    "block_dropout": 0.2,
    "window": 20,
    "pooled_dropout": 0.1,
    "dropout": 0.55,
    "learning_rate": 4e-3,
}
COMBINED: dict[str, dict[str, Any]] = {
    "found": FOUND,
    "found, residual 4": {**FOUND, "residual": 4},
    "found, residual 4, window 10": {**FOUND, "residual": 4, "window": 10},
    "found, hidden 512, dropout 0.3": {**FOUND, "hidden": 512, "dropout": 0.3},
    "found, learning rate 2e-3": {**FOUND, "learning_rate": 2e-3},
}
START = {**FOUND, "residual": 4, "window": 10}  # of the shipped space, before its motifs had 5 bases
LOSS: dict[str, dict[str, Any]] = {loss: {**START, "loss": loss} for loss in LOSSES}
RATE: dict[str, dict[str, Any]] = {
    f"learning rate {rate:g}": {**RESIDUAL, "loss": "log_cosh", "learning_rate": rate}
    for rate in (1e-3, 2e-3, 3e-3)
}
BY_LOG_COSH = {**START, "loss": "log_cosh"}
MOTIFS: dict[str, dict[str, Any]] = {
    "start": BY_LOG_COSH,
    "motif length 11": {**BY_LOG_COSH, "motif_length": 11},
    "motif lengths 5, 7, 11": {**BY_LOG_COSH, "motif_length": 11, "change": "parallel"},
}
AUGMENTED: dict[str, dict[str, Any]] = {
    "start": BY_LOG_COSH,
    "probes shifted": {**BY_LOG_COSH, "change": "shift"},
    "bases masked": {**BY_LOG_COSH, "change": "mask"},
    "bases mutated": {**BY_LOG_COSH, "change": "mutate"},
}
WINNERS: dict[str, dict[str, Any]] = {  # the start as it was, and what winners of searches had otherwise
    "start": BY_LOG_COSH,
    "windows of 5": {**BY_LOG_COSH, "window": 5, "pooled_dropout": 0.2},
    "block dropout 0.1": {**BY_LOG_COSH, "block_dropout": 0.1},
    "motif length 5": {**BY_LOG_COSH, "motif_length": 5},
    "motif length 4": {**BY_LOG_COSH, "motif_length": 4},
    "motif length 5, block dropout 0.1": {**BY_LOG_COSH, "motif_length": 5, "block_dropout": 0.1},
}
BIDIRECTIONAL = {
    "motif_length": 5,
    "filters": 64,
    "batch_norm": True,
    "lstm_hidden": 64,
    "lstm_layers": 1,
    "bidirectional": True,
    "readout": "max",
    "hidden": 64,
    "dropout": 0.2,
}
WINDOWS = {
    **BIDIRECTIONAL,
    "readout": "windows",
    "window": 10,
    "pooled_dropout": 0.2,
    "hidden": 256,
    "hidden_norm": True,
    "dropout": 0.5,
}
RECURRENT: dict[str, dict[str, Any]] = {
    "maximum": BIDIRECTIONAL,
    "windows": WINDOWS,
    "windows, residual 2": {**WINDOWS, "motif_length": 7, "filters": 96, "residual": 2, "block_dropout": 0.1},
}
RECURRENT_LOSS: dict[str, dict[str, Any]] = {
    loss: {**WINDOWS, "learning_rate": 2e-3, "loss": loss} for loss in LOSSES
}
GROUPS = {
    "networks": NETWORKS,
    "around": AROUND,
    "combined": COMBINED,
    "loss": LOSS,
    "rate": RATE,
    "motifs": MOTIFS,
    "augmented": AUGMENTED,
    "winners": WINNERS,
    "recurrent": RECURRENT,
    "recurrent-loss": RECURRENT_LOSS,
}
ARCHITECTURES = {group: "rnn" if group.startswith("recurrent") else "cnn" for group in GROUPS}
