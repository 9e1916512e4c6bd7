"""Convolution, LSTM, small head: in the manner of DeeperBind (Hassanzadeh and Wang 2016)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from data_io.alphabet import WIDTH
from models import fields
from models.head import Head
from models.layers import N_CHANNELS, ConvStack, check_positions, count_positions
from models.lstm import LSTMStack
from models.registry import Architecture
from models.residual import ResidualBlock


@dataclass(frozen=True)
class RNNConfig:
    """Hyperparameters of the CNN+LSTM; the defaults are the seed config.

    Parameters
    ----------
    convolution : bool
        Motif detectors below the LSTM; without them it reads the one-hot bases and the next ten fields have
        no effect.
    motif_length, filters, layers, filters_2, kernel_2, filters_3, kernel_3, batch_norm
        As in `CNNConfig`.
    residual, block_dropout
        Likewise: a residual block between the layers and the LSTM.
    lstm_hidden, lstm_layers : int
        Width (of each direction) and number of the LSTM layers.
    bidirectional : bool
        Read in both directions; the reverse one starts where the sequence ends.
    readout : str
        What of the LSTM's outputs goes to the head: `"last"`, where each direction ends, their `"mean"` or
        `"max"` over the real positions (see `layers.count_positions`), or `"windows"`: averages over windows
        of positions, which keep where along the probe something stands. Padding is read in one case alone:
        `"last"` of one direction, as the seed has it.
    window : int
        Positions of such a window.
    hidden, hidden_norm, pooled_dropout, output_dropout
        As in `CNNConfig`.
    dropout : float
        Likewise, and between LSTM layers.
    precision : str
        Of the matrix products on a CPU: `"auto"` is bfloat16 where the processor has instructions for it,
        which more than doubles the speed and keeps the scores, or `"float32"` everywhere.
    """

    convolution: bool = fields.switch(True)
    motif_length: int = fields.within(11, 1, 41)
    filters: int = fields.within(32, 1, 4096)
    layers: int = fields.within(1, 1, 3)
    filters_2: int = fields.within(96, 1, 4096)
    kernel_2: int = fields.within(5, 1, 41)
    filters_3: int = fields.within(128, 1, 4096)
    kernel_3: int = fields.within(3, 1, 41)
    batch_norm: bool = fields.switch(False)
    residual: int = fields.within(0, 0, 5)
    block_dropout: float = fields.within(0.0, 0.0, 0.99)
    lstm_hidden: int = fields.within(128, 1, 4096)
    lstm_layers: int = fields.within(2, 1, 8)
    bidirectional: bool = fields.switch(False)
    readout: str = fields.one_of("last", "mean", "max", "windows")
    window: int = fields.within(10, 1, 41)
    hidden: int = fields.within(64, 1, 4096)
    hidden_norm: bool = fields.switch(False)
    pooled_dropout: float | None = fields.perhaps_within(0.0, 0.99)
    output_dropout: float | None = fields.perhaps_within(0.0, 0.99)
    dropout: float = fields.within(0.5, 0.0, 0.99)
    precision: str = fields.one_of("auto", "float32")

    def __post_init__(self) -> None:
        fields.check(self)
        if self.convolution and not self.padded:
            check_positions(self)

    @property
    def padded(self) -> bool:
        """Whether the convolutions are padded, so that there are as many positions as bases."""
        return self.residual > 0 or self.readout == "windows"


class RNN(nn.Module):
    """The network of an `RNNConfig`."""

    def __init__(self, config: RNNConfig) -> None:
        super().__init__()
        self.config = config
        self.convolutions = ConvStack(config, config.padded) if config.convolution else None
        inputs = self.convolutions.channels if self.convolutions else N_CHANNELS
        self.block: ResidualBlock | None = None
        if config.convolution and config.residual:
            self.block = ResidualBlock(inputs, config.residual, config.batch_norm, config.block_dropout)
        self.lstm = LSTMStack(
            inputs,
            config.lstm_hidden,
            config.lstm_layers,
            config.bidirectional,
            config.dropout,
            config.readout,
            config.precision,
            config.window,
        )
        self.reads_padding = config.readout == "last" and not config.bidirectional
        features = self.lstm.channels * (WIDTH // config.window if config.readout == "windows" else 1)
        self.head = Head.of(features, config)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, 41) -> predictions (B,)."""
        features = self.convolutions.in_order(codes) if self.convolutions else codes  # (B, P, C), or (B, 41)
        if self.block is not None:
            features = self.block.in_order(features)
        lengths = None if self.reads_padding else count_positions(codes, features.shape[1])
        prediction: Tensor = self.head(self.lstm(features, lengths))
        return prediction


ARCHITECTURE = Architecture("rnn", RNNConfig, RNN)
