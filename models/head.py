"""The small network on top of every architecture."""

from __future__ import annotations

from typing import Protocol, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.dropout import Dropout
from models.kernels import kernels_for
from models.layers import BatchNorm


class HeadConfig(Protocol):
    """What `Head.of` reads of an architecture's config."""

    @property
    def hidden(self) -> int: ...
    @property
    def hidden_norm(self) -> bool: ...
    @property
    def dropout(self) -> float: ...
    @property
    def pooled_dropout(self) -> float | None: ...
    @property
    def output_dropout(self) -> float | None: ...


class Head(nn.Module):
    """Dropout, hidden layer, ReLU, dropout, one output.

    Parameters
    ----------
    features : int
    hidden : int
    dropout : float
    first_dropout, output_dropout : float, optional
        Before the hidden layer, and before the output. Default: `dropout`.
    norm : bool, default False
        Normalise the hidden layer before its ReLU.
    """

    def __init__(
        self,
        features: int,
        hidden: int,
        dropout: float,
        *,
        first_dropout: float | None = None,
        norm: bool = False,
        output_dropout: float | None = None,
    ) -> None:
        super().__init__()
        self.first_dropout = Dropout(dropout if first_dropout is None else first_dropout)
        self.dropout = Dropout(dropout if output_dropout is None else output_dropout)
        self.fc1 = nn.Linear(features, hidden)
        self.norm = BatchNorm(hidden) if norm else None
        self.fc2 = nn.Linear(hidden, 1)

    @classmethod
    def of(cls, features: int, config: HeadConfig) -> Self:
        """Make the head that a config asks for, on so many features."""
        return cls(
            features,
            config.hidden,
            config.dropout,
            first_dropout=config.pooled_dropout,
            norm=config.hidden_norm,
            output_dropout=config.output_dropout,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, F) -> predictions (B,)."""
        if torch.is_grad_enabled() and (fast := kernels_for(x, self.fc1.weight)):
            weights = self.fc1.weight, self.fc1.bias, self.fc2.weight, self.fc2.bias
            dropouts = self.first_dropout, self.dropout
            keys = [key for dropout in dropouts for key in dropout.draw_keys(1)]
            limits = [dropout.limit for dropout in dropouts]
            prediction: Tensor = fast.apply_head(x, weights, self.norm, keys, limits)
            return prediction
        x = self.fc1(self.first_dropout(x))  # (B, H)
        x = F.relu(x if self.norm is None else self.norm(x))
        x = self.fc2(self.dropout(x))  # (B, 1)
        return x.squeeze(1)
