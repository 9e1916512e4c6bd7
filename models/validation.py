"""How good a network is on the validation split: on a GPU ranked where the predictions are."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.examples import ExampleTensors
from models.metrics import pearson, spearman
from models.predict import predict, predict_tensor

ON_A_GPU = 8192  # probes at once


class Scores(NamedTuple):
    """Mean squared error, correlations, whether all predictions are one value, and whether all are finite."""

    loss: float
    spearman: float
    pearson: float
    constant: bool
    finite: bool


class Validation:
    """The validation split of one experiment.

    Parameters
    ----------
    examples : ExampleTensors
        On the device of the networks that are scored.
    """

    def __init__(self, examples: ExampleTensors) -> None:
        self.examples = examples
        self._targets = examples.targets.cpu().numpy()
        self._ranks = average_ranks(examples.targets) if examples.targets.is_cuda else None

    def __len__(self) -> int:
        return len(self.examples)

    def score(self, model: nn.Module) -> Scores:
        """Predict without dropout, and compare; what is not defined is 0, or NaN for the loss."""
        if self._ranks is not None:
            on_device = predict_tensor(model, self.examples.codes, ON_A_GPU)
            return score_on_device(on_device, self.examples.targets, self._ranks)
        prediction = predict(model, self.examples.codes)
        if not np.isfinite(prediction).all():
            return Scores(math.nan, 0.0, 0.0, constant=False, finite=False)
        return Scores(
            loss=float(np.mean((prediction.astype(np.float64) - self._targets) ** 2)),
            spearman=spearman(prediction, self._targets),
            pearson=pearson(prediction, self._targets),
            constant=bool((prediction == prediction[0]).all()),
            finite=True,
        )


@torch.inference_mode()
def score_on_device(prediction: Tensor, targets: Tensor, ranks: Tensor) -> Scores:
    """The same by torch, with one wait for the device.

    Parameters
    ----------
    prediction, targets : float32 Tensor (n,)
    ranks : float64 Tensor (n,)
        Of the targets, see `average_ranks`.
    """
    loss = (prediction.double() - targets).square().mean()
    by_rank = correlation(average_ranks(prediction), ranks)
    by_value = correlation(prediction.double(), targets.double())
    constant, finite = (prediction == prediction[0]).all(), prediction.isfinite().all()
    found: list[float] = torch.stack([loss, by_rank, by_value, constant.double(), finite.double()]).tolist()
    if not found[4]:
        return Scores(math.nan, 0.0, 0.0, constant=False, finite=False)
    return Scores(found[0], found[1], found[2], constant=bool(found[3]), finite=True)


def average_ranks(values: Tensor) -> Tensor:
    """Ranks (n,) from 1, in float64; equal values share the mean of the ranks that they take up."""
    ordered = values.sort().values
    below, up_to = (torch.searchsorted(ordered, values, right=right) for right in (False, True))
    return (below + up_to + 1).double() / 2


def correlation(x: Tensor, y: Tensor) -> Tensor:
    """Pearson's correlation () of float64 Tensors (n,); 0 where either is constant."""
    constant = (x == x[0]).all() | (y == y[0]).all()
    x, y = x - x.mean(), y - y.mean()
    found = (x * y).sum() / (x.square().sum() * y.square().sum()).sqrt()
    return found.clamp(-1.0, 1.0).where(~constant, 0.0)
