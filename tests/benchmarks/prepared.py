"""Probes in one file, and networks trained on them, where nothing but torch and the networks are."""

from __future__ import annotations

import time
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from models.config import split_params
from models.predict import predict
from models.reports import Best
from models.trainer import Trainer
from tests.benchmarks.changes import apply

PARTS = "train", "validation"


@cache
def read(file: str) -> dict[str, np.ndarray]:
    """The arrays that `prepare` wrote."""
    with np.load(file) as arrays:
        return dict(arrays)


def examples(file: str, experiment: str, part: str) -> SimpleNamespace:
    """Codes and targets of a part."""
    kinds = "codes", "targets"
    return SimpleNamespace(**{kind: read(file)[f"{experiment}/{part}/{kind}"] for kind in kinds})


def train(
    file: str, digest: str, device: str, architecture: str, params: dict[str, Any], seed: int, experiment: str
) -> dict[str, float]:
    """The scores of a run's best epoch, and its seconds; `change` in `params` is one of `changes`."""
    torch.set_num_threads(1)
    data = SimpleNamespace(
        **{part: examples(file, experiment, part) for part in PARTS}, fingerprint=f"{digest} {experiment}"
    )
    start = time.perf_counter()
    own = {name: value for name, value in params.items() if name != "change"}
    trainer = Trainer(architecture, *split_params(architecture, own), data, seed + 1, device=device)
    if "change" in params:
        apply(params["change"], trainer)
    while not trainer.finished:
        trainer.run_epoch()
    best = max(trainer.curve, key=lambda report: report.spearman)
    seconds = time.perf_counter() - start
    return {"spearman": best.spearman, "pearson": best.pearson, "epoch": best.epoch, "seconds": seconds}


def trained(
    file: str,
    experiment: str,
    rows: tuple[np.ndarray, np.ndarray],
    device: str,
    architecture: str,
    params: dict[str, Any],
    seed: int,
    last: bool = False,
    start: dict[str, torch.Tensor] | None = None,
) -> Trainer:
    """A network that has trained to its end, and has the weights that are kept.

    Parameters
    ----------
    rows : pair of int array
        Of the training probes: those to train on, and those to validate by.
    last : bool
        Keep the weights of the last epoch, instead of those that validate best.
    start : dict of str to Tensor, optional
        Weights to begin with.
    """
    torch.set_num_threads(1)
    own = examples(file, experiment, "train")
    parts = (SimpleNamespace(codes=own.codes[each], targets=own.targets[each]) for each in rows)
    data = SimpleNamespace(**dict(zip(PARTS, parts, strict=True)), fingerprint=experiment)
    configs = split_params(architecture, params)
    trainer = Trainer(architecture, *configs, data, seed, device=device, start=start)
    while not trainer.finished:
        if last and trainer.epoch == trainer.training.epochs - 1:
            trainer.best = Best(0, 0.0)
        trainer.run_epoch()
    trainer.model.load_state_dict(trainer.best_weights())
    return trainer


def predictions(file: str, experiment: str, trainer: Trainer) -> np.ndarray:
    """What a network predicts of the file's validation probes."""
    return predict(trainer.model, examples(file, experiment, "validation").codes)
