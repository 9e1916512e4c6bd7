"""What a training run reports; without torch, so that reading a report costs little."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


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
        Mean squared error over the training probes, measured while training (dropout on), whatever the loss.
    validation_loss : float
        The same over the validation probes.
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
