"""Stacked LSTM layers and what of their outputs is read out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from models.dropout import Dropout
from models.kernels import kernels_for
from models.layers import ONE_HOT, one_hot
from models.residual import average_windows

READOUTS = ("last", "mean", "max", "windows")
PRECISIONS = ("auto", "float32")


class LSTMStack(nn.Module):
    """LSTM layers with dropout between them, and what of their outputs the head gets.

    Parameters are named, shaped and drawn as those of `nn.LSTM(batch_first=True)`: weights fit both.

    Parameters
    ----------
    inputs : int
        Features a position.
    hidden : int
        Width of each direction.
    layers : int, default 1
    bidirectional : bool, default False
        A second direction reads each sequence from its last position (by `lengths`) to its first.
    dropout : float, default 0.0
        Between layers.
    readout : str, default "last"
        `"last"`, the outputs where each direction ends, their `"mean"` or `"max"` over the positions, or
        `"windows"`: means over windows of positions side by side, where those behind a sequence count as 0
        and those that fill no window are left out.
    precision : str, default "auto"
        Of the products in compiled kernels: `"auto"` is bfloat16 if the processor multiplies it, else
        float32; sums, states and gradients of parameters are float32 either way.
    window : int, default 10
        Positions of a window.

    Attributes
    ----------
    channels : int
        Width of what is read out at one place: in all, or in each window.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        readout: str = "last",
        precision: str = "auto",
        window: int = 10,
    ) -> None:
        super().__init__()
        _check_choice("readout", readout, READOUTS)
        _check_choice("precision", precision, PRECISIONS)
        self.inputs, self.hidden, self.layers = inputs, hidden, layers
        self.directions = 2 if bidirectional else 1
        self.channels = hidden * self.directions
        self.readout, self.precision, self.window = readout, precision, window
        self.dropout = Dropout(dropout)
        for layer in range(layers):
            width = self.channels if layer else inputs
            for suffix in self._suffixes(layer):
                self.register_parameter(f"weight_ih_{suffix}", nn.Parameter(torch.empty(4 * hidden, width)))
                self.register_parameter(f"weight_hh_{suffix}", nn.Parameter(torch.empty(4 * hidden, hidden)))
                self.register_parameter(f"bias_ih_{suffix}", nn.Parameter(torch.empty(4 * hidden)))
                self.register_parameter(f"bias_hh_{suffix}", nn.Parameter(torch.empty(4 * hidden)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters, uniform within 1/sqrt(hidden)."""
        bound = 1.0 / math.sqrt(self.hidden)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> LSTMStack:
        """Move or convert the parameters, as `to` and its like do; cuDNN then gets them in one piece."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for suffix in [suffix for layer in range(self.layers) for suffix in self._suffixes(layer)]:
            if _by_cudnn(weights := self._weights(suffix)):
                lay_together(weights)
        return self

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Run the layers and read out.

        Parameters
        ----------
        x : float32 | bfloat16 Tensor (B, T, inputs) or integer Tensor (B, T)
            Features, or letters (0..3 are A C G U, 4 is N, 5 is padding), which are read one-hot.
        lengths : integer Tensor (B,), optional
            Positions of each sequence, 1 to T; what stands behind is neither read nor worked on. By default
            all have T.

        Returns
        -------
        float32 Tensor (B, channels), or (B, channels * windows)
            The reverse direction's come last; the windows of a channel one after the other.

        Raises
        ------
        ValueError
            If lengths or letters are out of range (not looked at on a GPU, where looking means waiting), or
            there is no whole window.
        """
        if self.readout == "windows" and x.shape[1] < self.window:
            raise ValueError(f"{x.shape[1]} positions hold no window of {self.window}")
        lengths = torch.full((len(x),), x.shape[1], device=x.device) if lengths is None else lengths.long()
        if x.is_cpu:
            _check(x, lengths)
        layers = [[self._weights(suffix) for suffix in self._suffixes(layer)] for layer in range(self.layers)]
        if fast := kernels_for(layers[0][0][0]):
            result: Tensor = fast.run_lstm(
                self,
                x,
                lengths,
                layers,
                readout=self.readout,
                window=self.window,
                keys=self.dropout.draw_keys((self.layers - 1) * self.directions),
                limit=self.dropout.limit,
                precision=self.precision,
            )
            return result
        if x.dim() == 2:
            x = one_hot(x).transpose(1, 2).to(layers[0][0][0].dtype)  # (B, T, 4)
        lengths = lengths.to(x.device).unsqueeze(1)  # (B, 1)
        outputs = self._read(x, layers[0], lengths)
        for layer in layers[1:]:
            x = torch.cat([self.dropout(output) for output in outputs], dim=2)  # (B, T, channels)
            outputs = self._read(x, layer, lengths)
        return self._read_out(outputs, lengths)

    def _read(self, x: Tensor, layer: list[list[Tensor]], lengths: Tensor) -> list[Tensor]:
        """Hidden states (B, T, hidden) of one layer by direction; each stands at the position it has read."""
        start = x.new_zeros(1, len(x), self.hidden)
        options = True, 1, 0.0, self.training, False, True
        outputs = [torch.lstm(x, (start, start), layer[0], *options)[0]]
        if self.directions == 2:
            place = torch.arange(x.shape[1], device=x.device)
            mirror = (lengths - 1 - place).clamp(min=0).unsqueeze(2)  # (B, T, 1), its own inverse
            reverse = torch.lstm(x.take_along_dim(mirror, dim=1), (start, start), layer[1], *options)[0]
            outputs.append(reverse.take_along_dim(mirror, dim=1))
        return outputs

    def _read_out(self, outputs: list[Tensor], lengths: Tensor) -> Tensor:
        """Hidden states (B, T, hidden) of the topmost layer by direction -> what is read out."""
        if self.readout == "last":
            ends = outputs[0].take_along_dim(lengths.unsqueeze(2) - 1, dim=1)  # (B, 1, hidden)
            return torch.cat([ends, *(output[:, :1] for output in outputs[1:])], dim=2).squeeze(1)
        real = (torch.arange(outputs[0].shape[1], device=lengths.device) < lengths).unsqueeze(2)  # (B, T, 1)
        if self.readout == "windows":
            kept = [output.where(real, 0.0).transpose(1, 2) for output in outputs]  # (B, hidden, T)
            return torch.cat([average_windows(output, self.window) for output in kept], dim=1)
        x = torch.cat(outputs, dim=2)  # (B, T, channels)
        if self.readout == "mean":
            return x.where(real, 0.0).sum(dim=1) / lengths
        return x.where(real, -torch.inf).amax(dim=1)

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    def _weights(self, suffix: str) -> list[Tensor]:
        kinds = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
        return [self.get_parameter(f"{kind}_{suffix}") for kind in kinds]


def lay_together(parameters: Sequence[Tensor]) -> None:
    """Let parameters be parts of one piece of memory, one after the other; where they are, nothing moves.

    cuDNN takes a direction's weights like this, or copies them at each step and warns.
    """
    if len({parameter.untyped_storage().data_ptr() for parameter in parameters}) == 1:
        return
    with torch.no_grad():
        piece = torch.cat([parameter.flatten() for parameter in parameters])
    parts = torch.split(piece, [parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.data = part.view_as(parameter)


def _by_cudnn(weights: Sequence[Tensor]) -> bool:
    return weights[0].is_cuda


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _check(x: Tensor, lengths: Tensor) -> None:
    if lengths.shape != x.shape[:1]:
        raise ValueError(f"lengths must be ({len(x)},), got {tuple(lengths.shape)}")
    if len(x) and not 1 <= int(lengths.min()) <= int(lengths.max()) <= x.shape[1]:
        raise ValueError(f"lengths must be 1 to {x.shape[1]}, got {lengths.min()} to {lengths.max()}")
    if x.dim() == 2 and len(x) and not 0 <= int(x.min()) <= int(x.max()) < len(ONE_HOT):
        raise ValueError(f"letters must be 0 to {len(ONE_HOT) - 1}, got {x.min()} to {x.max()}")
