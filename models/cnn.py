"""Convolution, pooling, small head: motif detectors in the manner of DeepBind (Alipanahi et al. 2015).

With a residual block and pooling by windows it is a network in the manner of ResidualBind (see
`models.residual`), whose convolutions are padded: position p of its features is base p of the probe.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from data_io.alphabet import WIDTH
from models import fields
from models.head import Head
from models.layers import BatchNorm, ConvStack, check_positions
from models.registry import Architecture
from models.residual import ResidualBlock, pool_in_order


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
    residual : int
        Dilated convolutions in a residual block on top of the layers, 0 for none.
    block_dropout : float
        Before each of them.
    dropout : float
        Before the hidden layer and before the output.
    pooled_dropout, output_dropout : float or None
        Before the hidden layer, and before the output, instead of it.
    pooling : str
        `"max"` over the positions, `"max+average"`: both, side by side, or `"windows"`: averages over windows
        of positions, side by side, which keep where along the probe a feature stands.
    window : int
        Positions of such a window.
    batch_norm : bool
        Normalise each convolution's output before its ReLU.
    pooled_norm : bool
        Normalise the pooled features. Dropout then takes a feature to its mean instead of to an arbitrary
        value, which matters most with one layer.
    hidden_norm : bool
        Normalise the hidden layer before its ReLU.
    precision : str
        Of all but the first layer on a CPU: `"auto"` is bfloat16 where the processor has instructions for
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
    residual: int = fields.within(0, 0, 5)
    block_dropout: float = fields.within(0.0, 0.0, 0.99)
    dropout: float = fields.within(0.5, 0.0, 0.99)
    pooled_dropout: float | None = fields.perhaps_within(0.0, 0.99)
    output_dropout: float | None = fields.perhaps_within(0.0, 0.99)
    pooling: str = fields.one_of("max", "max+average", "windows")
    window: int = fields.within(10, 1, 41)
    batch_norm: bool = fields.switch(False)
    pooled_norm: bool = fields.switch(False)
    hidden_norm: bool = fields.switch(False)
    precision: str = fields.one_of("auto", "float32")

    def __post_init__(self) -> None:
        fields.check(self)
        if not self.padded:
            check_positions(self)

    @property
    def padded(self) -> bool:
        """Whether the convolutions are padded, so that there are as many positions as bases."""
        return self.residual > 0 or self.pooling == "windows"

    @property
    def features(self) -> int:
        """Pooled features of a channel."""
        return {"max": 1, "max+average": 2, "windows": WIDTH // self.window}[self.pooling]


class CNN(nn.Module):
    """The network of a `CNNConfig`."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        self.config = config
        self.convolutions = ConvStack(config, config.padded)
        channels = self.convolutions.channels
        self.block: ResidualBlock | None = None
        if config.residual:
            self.block = ResidualBlock(channels, config.residual, config.batch_norm, config.block_dropout)
        pooled = channels * config.features
        self.norm = BatchNorm(pooled) if config.pooled_norm else nn.Identity()
        self.head = Head.of(pooled, config)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, 41) -> predictions (B,)."""
        prediction: Tensor = self.head(self.norm(self._pooled(codes)))
        return prediction

    @property
    def scans(self) -> bool:
        """Whether there is `scan`: padded convolutions see the ends of a stretch, and share nothing."""
        return not self.config.padded

    def scan(self, codes: Tensor) -> Tensor:
        """One sequence (T,) -> predictions of each of its stretches of 41 (T - 40,)."""
        prediction: Tensor = self.head(self.norm(self.convolutions.slid(codes, self.config.pooling, WIDTH)))
        return prediction

    def _pooled(self, codes: Tensor) -> Tensor:
        """Codes (B, 41) -> pooled features (B, C), (B, 2C) or (B, C * windows)."""
        if not self.config.padded:
            return self.convolutions.pooled(codes, self.config.pooling)
        x = self.convolutions.in_order(codes)  # (B, 41, C)
        if self.block is not None:
            x = self.block.in_order(x)
        return pool_in_order(x, self.config.pooling, self.config.window)


ARCHITECTURE = Architecture("cnn", CNNConfig, CNN)
