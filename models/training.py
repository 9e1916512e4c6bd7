"""What is asked of a training run and what it reports; without torch, so that reading one costs little."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from models import fields


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained; the defaults are those of the seed CNN, but for the averaging.

    Parameters
    ----------
    learning_rate : float
        Adam's step size, or where the cosine schedule starts.
    batch_size : int
        Probes a step; the last, smaller batch of an epoch is kept.
    epochs : int
        Passes over the training probes.
    weight_decay : float
        L2 penalty added to the gradient (as in `torch.optim.Adam`, not decoupled).
    schedule : str
        `"constant"`, or `"cosine"`: from `learning_rate` down to 0 over all steps of all epochs.
    averaging : float
        Share of the old at each step in a running average of the weights, by which the network is validated
        and kept; 0 keeps the weights themselves, as published.
    """

    learning_rate: float = fields.within(1e-3, 1e-7, 1.0)
    batch_size: int = fields.within(256, 1, 65536)
    epochs: int = fields.within(30, 1, 10000)
    weight_decay: float = fields.within(0.0, 0.0, 1.0)
    schedule: str = fields.one_of("constant", "cosine")
    averaging: float = fields.within(0.99, 0.0, 0.9999)

    def __post_init__(self) -> None:
        fields.check(self)

    def learning_rate_at(self, step: int, total: int) -> float:
        """Step size of step `step` (from 0) out of `total`."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / total))


class Interrupted(Exception):  # noqa: N818 - it reports a wish, not an error
    """Training stopped within an epoch because it is no longer wanted."""


class Best(NamedTuple):
    """The epoch (from 1; 0 before the first) with the highest validation Spearman."""

    epoch: int
    spearman: float


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to.

    Parameters
    ----------
    epoch : int
        Number of the epoch, from 1.
    train_loss : float
        Mean squared error over the training probes, measured while training (dropout on).
    validation_loss : float
        Mean squared error over the validation probes.
    spearman, pearson : float
        Correlations over the whole validation split; 0.0 where they are not defined.
    seconds : float
        Wall time of the epoch with its validation.
    constant : bool
        The network predicts one value for every probe.
    diverged : bool
        The loss or a prediction is not finite; training ends here.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    spearman: float
    pearson: float
    seconds: float
    constant: bool = False
    diverged: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The report as a dict fit for JSON: numbers that are not finite become None."""
        values = dataclasses.asdict(self)
        return {name: None if _not_finite(value) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EpochReport:
        """The inverse of `to_dict`; None becomes NaN."""
        restored: dict[str, Any] = {
            name: math.nan if value is None else value for name, value in values.items()
        }
        return cls(**restored)


def _not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
