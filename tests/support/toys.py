"""Toy models whose predictions are known, and exports made from tiny real ones."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from data_io.alphabet import encode
from data_io.planting import Affinity
from models.registry import get_architecture
from models.weights import LoadedModel, save_model

TINY = {"cnn": {"filters": 4, "hidden": 4}, "rnn": {"filters": 4, "hidden": 4, "lstm_hidden": 4}}


class Matcher(nn.Module):
    """Predicts the highest number of a word's letters that stand at one place, times a weight."""

    def __init__(self, word, weight=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.register_buffer("word", torch.tensor(encode([word])[0][0, : len(word)]))

    def forward(self, codes):
        windows = codes.unfold(1, len(self.word), 1)  # (B, P, k)
        return (windows == self.word).sum(-1).max(-1).values * self.weight


class Binder(nn.Module):
    """Predicts how strongly motifs bind: the sum of their log affinities, each times its weight."""

    def __init__(self, **weights):
        super().__init__()
        self.weights = weights
        self.parameter = nn.Parameter(torch.zeros(1))  # by which a network's device is known

    def forward(self, codes):
        codes = codes.numpy()
        affinity = Affinity(codes.clip(max=3), (codes < 5).sum(axis=1))
        bound = sum(weight * np.log(affinity.of(motif) + 0.01) for motif, weight in self.weights.items())
        return torch.tensor(bound, dtype=torch.float32)


def toy_model(*members):
    return LoadedModel("toy", None, list(members), {})


def finish_study(folder: Path, architecture="cnn", protein="RBFOX1", experiment="RNCMPT00168", **figures):
    """Write the artifacts of a finished study, with random weights."""
    config = get_architecture(architecture)
    network = config.config(**TINY[architecture])
    torch.manual_seed(0)
    members = [config.build(network).state_dict() for _ in range(2)]
    provenance = {"seed": 1, "split": "grouped", "versions": {"torch": "2.13.0"}, "fingerprint": "ab12"}
    quantiles = [number / 100 - 1 for number in range(201)]
    extra = {"scaling": {"mean": 1.0}, "provenance": provenance, "training_quantiles": quantiles}
    save_model(folder / "model", architecture, [network] * 2, members, extra)
    result = {
        "study": f"{protein}/{experiment}/{architecture}",
        "protein": protein,
        "experiment": experiment,
        "species": "Homo_sapiens",
        "architecture": architecture,
        "params": {**TINY[architecture], "learning_rate": 1e-3},
        "val_spearman": 0.55,
        "val_pearson": 0.77,
        "test_spearman": 0.54,
        "test_pearson": 0.76,
        "best_trial": 7,
        "best_trial_spearman": 0.52,
        "members": [{"seed": 1, "val_spearman": 0.54, "test_spearman": 0.53, "test_pearson": 0.75}] * 2,
        "tested_at": "2026-01-02T03:04:05+00:00",
        "provenance": provenance,
        **figures,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2))
    (folder / "curve.csv").write_text(
        "epoch,member,train_loss,validation_loss,spearman,pearson\n1,0,1,1,0.5,0.7\n"
    )
    return result
