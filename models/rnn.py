"""Convolution, LSTM, small head: in the manner of DeeperBind (Hassanzadeh and Wang 2016)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from models import fields
from models.head import Head
from models.layers import N_CHANNELS, ConvStack, check_positions, count_positions
from models.lstm import LSTMStack
from models.registry import Architecture


@dataclass(frozen=True)
class RNNConfig:
    """Hyperparameters of the CNN+LSTM; the defaults are the seed config.

    Parameters
    ----------
    convolution : bool
        Motif detectors below the LSTM; without them it reads the one-hot bases and the next eight fields have
        no effect.
    motif_length, filters, layers, filters_2, kernel_2, filters_3, kernel_3, batch_norm
        As in `CNNConfig`.
    lstm_hidden, lstm_layers : int
        Width (of each direction) and number of the LSTM layers.
    bidirectional : bool
        Read in both directions; the reverse one starts where the sequence ends.
    readout : str
        What of the LSTM's outputs goes to the head: `"last"`, where each direction ends, or their `"mean"` or
        `"max"` over the real positions (see `layers.count_positions`). Padding is read in one case alone:
        `"last"` of one direction, as the seed has it.
    hidden : int
        Width of the hidden layer.
    dropout : float
        Between LSTM layers, before the hidden layer and before the output.
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
    lstm_hidden: int = fields.within(128, 1, 4096)
    lstm_layers: int = fields.within(2, 1, 8)
    bidirectional: bool = fields.switch(False)
    readout: str = fields.one_of("last", "mean", "max")
    hidden: int = fields.within(64, 1, 4096)
    dropout: float = fields.within(0.5, 0.0, 0.99)
    precision: str = fields.one_of("auto", "float32")

    def __post_init__(self) -> None:
        fields.check(self)
        if self.convolution:
            check_positions(self)


class RNN(nn.Module):
    """The network of an `RNNConfig`."""

    def __init__(self, config: RNNConfig) -> None:
        super().__init__()
        self.config = config
        self.convolutions = ConvStack(config) if config.convolution else None
        inputs = self.convolutions.channels if self.convolutions else N_CHANNELS
        self.lstm = LSTMStack(
            inputs,
            config.lstm_hidden,
            config.lstm_layers,
            config.bidirectional,
            config.dropout,
            config.readout,
            config.precision,
        )
        self.reads_padding = config.readout == "last" and not config.bidirectional
        self.head = Head(self.lstm.channels, config.hidden, config.dropout)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (B, 41) -> predictions (B,)."""
        features = self.convolutions.in_order(codes) if self.convolutions else codes  # (B, P, C), or (B, 41)
        lengths = None if self.reads_padding else count_positions(codes, features.shape[1])
        prediction: Tensor = self.head(self.lstm(features, lengths))
        return prediction


ARCHITECTURE = Architecture("rnn", RNNConfig, RNN)
