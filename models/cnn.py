"""Convolution, pooling, small head: motif detectors in the manner of DeepBind (Alipanahi et al. 2015)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models import fields
from models.head import Head
from models.layers import BatchNorm, ConvStack, check_positions
from models.registry import Architecture


@dataclass(frozen=True)
class CNNConfig:
    """Hyperparameters of the CNN; the defaults are the seed config.

    Parameters
    ----------
    motif_length, filters : int
        Length and number of the motif detectors.
    layers : int
        Convolutional layers, 1 to 3, the motif detectors being the first.
    filters_2, kernel_2, filters_3, kernel_3 : int
        Width and length of the further layers; without effect where `layers` leaves them out.
    hidden : int
        Width of the hidden layer.
    dropout : float
        Before the hidden layer and before the output.
    pooling : str
        `"max"` over the positions, or `"max+average"`: both, side by side.
    batch_norm : bool
        Normalise each convolution's output before its ReLU.
    pooled_norm : bool
        Normalise the pooled features. Dropout then takes a feature to its mean instead of to an arbitrary
        value, which matters most with one layer.
    precision : str
        Of the second and third layer on a CPU: `"auto"` is bfloat16 where the processor has instructions for
        it, which about doubles the speed and keeps the scores, or `"float32"`.
    """

    motif_length: int = fields.within(24, 1, 41)
    filters: int = fields.within(64, 1, 4096)
    layers: int = fields.within(1, 1, 3)
    filters_2: int = fields.within(96, 1, 4096)
    kernel_2: int = fields.within(5, 1, 41)
    filters_3: int = fields.within(128, 1, 4096)
    kernel_3: int = fields.within(3, 1, 41)
    hidden: int = fields.within(32, 1, 4096)
    dropout: float = fields.within(0.5, 0.0, 0.99)
    pooling: str = fields.one_of("max", "max+average")
    batch_norm: bool = fields.switch(False)
    pooled_norm: bool = fields.switch(False)
    precision: str = fields.one_of("auto", "float32")

    def __post_init__(self) -> None:
        fields.check(self)
        check_positions(self)


class CNN(nn.Module):
    """The network of a `CNNConfig`."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        self.config = config
        self.convolutions = ConvStack(config)
        pooled = self.convolutions.channels * (2 if config.pooling == "max+average" else 1)
        self.norm = BatchNorm(pooled) if config.pooled_norm else nn.Identity()
        self.head = Head(pooled, config.hidden, config.dropout)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, 41) -> predictions (B,)."""
        pooled = self.convolutions.pooled(codes, self.config.pooling)  # (B, C) or (B, 2C)
        prediction: Tensor = self.head(self.norm(pooled))
        return prediction


ARCHITECTURE = Architecture("cnn", CNNConfig, CNN)
