"""Stacked LSTM layers, trained at the speed that the processor allows.

On a CPU the layers run chunk by chunk over the batch through compiled kernels and, where the processor
multiplies bfloat16, with products in that precision; elsewhere through torch's own LSTM.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.dropout import Dropout, has_kernels
from models.fast.bfloat16 import multiplies_bfloat16
from models.fast.recurrent.batch import Batch
from models.fast.recurrent.chunk import Plan
from models.fast.recurrent.track import Memory, Parameters
from models.layers import ONE_HOT, one_hot

READOUTS = ("last", "mean", "max")
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
        A second direction reads each sequence from its last position (as told by `lengths`) to its first.
    dropout : float, default 0.0
        Between layers.
    readout : str, default "last"
        `"last"`, the outputs where each direction ends, or their `"mean"` or `"max"` over the positions.
    precision : str, default "auto"
        Of the products on a CPU: `"auto"` is bfloat16 if the processor multiplies it, else float32; sums,
        states and gradients of parameters are float32 either way.

    Attributes
    ----------
    channels : int
        Width of what is read out.
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
    ) -> None:
        super().__init__()
        _check_choice("readout", readout, READOUTS)
        _check_choice("precision", precision, PRECISIONS)
        self.inputs, self.hidden, self.layers = inputs, hidden, layers
        self.directions = 2 if bidirectional else 1
        self.channels = hidden * self.directions
        self.readout, self.precision = readout, precision
        self.dropout = Dropout(dropout)
        self._memories: list[Memory] = []
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

    @property
    def dtype(self) -> torch.dtype:
        """What the products on this machine's CPU are made in."""
        return torch.bfloat16 if self.precision == "auto" and multiplies_bfloat16() else torch.float32

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
        float32 Tensor (B, channels)
            The reverse direction's channels come last.

        Raises
        ------
        ValueError
            If lengths or letters are out of range (not looked at on a GPU, where looking means waiting).
        """
        lengths = torch.full((len(x),), x.shape[1], device=x.device) if lengths is None else lengths.long()
        if x.is_cpu and has_kernels(self.get_parameter("weight_ih_l0")):
            _check(x, lengths)
            return self._fast(x, lengths)
        return self._plain(x, lengths)

    def _fast(self, x: Tensor, lengths: Tensor) -> Tensor:
        letters = x.dim() == 2
        parameters = [tensor for layer in range(self.layers) for tensor in self._combined(layer, letters)]
        plan = Plan(
            inputs=0 if letters else self.inputs,
            hidden=self.hidden,
            layers=self.layers,
            directions=self.directions,
            readout=self.readout,
            limit=self.dropout.limit,
            dtype=self.dtype,
            keep=torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (x, *parameters)),
        )
        batch = Batch(plan, self._memories, lengths, self.dropout)
        x = x.to(torch.uint8) if letters else x
        result: Tensor = _Recurrence.apply(batch, x, *parameters)  # type: ignore[no-untyped-call]
        return result

    def _combined(self, layer: int, letters: bool) -> Iterator[Tensor]:
        """Weight and table (see `track.Parameters`) of each direction."""
        for suffix in self._suffixes(layer):
            weight_ih, weight_hh, bias_ih, bias_hh = self._weights(suffix)
            bias = bias_ih + bias_hh
            if letters and layer == 0:
                yield weight_hh
                yield torch.addmm(bias, ONE_HOT, weight_ih.t())
            else:
                yield torch.cat([weight_ih, weight_hh], dim=1)
                yield bias.unsqueeze(0)

    def _plain(self, x: Tensor, lengths: Tensor) -> Tensor:
        """The same by torch's LSTM: runs on every device and in every precision."""
        x = one_hot(x).transpose(1, 2).to(self.get_parameter("weight_ih_l0").dtype) if x.dim() == 2 else x
        place = torch.arange(x.shape[1], device=x.device)
        lengths = lengths.to(x.device).unsqueeze(1)
        mirror = (lengths - 1 - place).clamp(min=0).unsqueeze(2)  # (B, T, 1), its own inverse
        for layer in range(self.layers):
            x = self.dropout(x) if layer else x
            forward, *reverse = self._suffixes(layer)
            outputs = [self._read(x, forward)]
            for suffix in reverse:
                mirrored = self._read(x.take_along_dim(mirror, dim=1), suffix)
                outputs.append(mirrored.take_along_dim(mirror, dim=1))
            x = torch.cat(outputs, dim=2)  # (B, T, channels)
        if self.readout == "last":
            ends = outputs[0].take_along_dim(lengths.unsqueeze(2) - 1, dim=1)
            return torch.cat([ends, *(output[:, :1] for output in outputs[1:])], dim=2).squeeze(1)
        real = (place < lengths).unsqueeze(2)
        if self.readout == "mean":
            return x.where(real, 0.0).sum(dim=1) / lengths
        return x.where(real, -torch.inf).amax(dim=1)

    def _read(self, x: Tensor, suffix: str) -> Tensor:
        """Hidden states (B, T, H) of one layer from the first position to the last."""
        start = x.new_zeros(1, len(x), self.hidden)
        options = True, 1, 0.0, self.training, False, True
        states: Tensor = torch.lstm(x, (start, start), self._weights(suffix), *options)[0]
        return states

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    def _weights(self, suffix: str) -> list[Tensor]:
        kinds = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
        return [self.get_parameter(f"{kind}_{suffix}") for kind in kinds]


class _Recurrence(torch.autograd.Function):
    """A `Batch` as a differentiable function of features and of each track's weight and table."""

    @staticmethod
    def forward(ctx: Any, batch: Batch, x: Tensor, *flat: Tensor) -> Tensor:
        ctx.batch, ctx.like = batch, (x.shape, x.dtype)
        ctx.parameters = _grouped(flat, batch.plan)
        return batch.forward(x, ctx.parameters)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        shape, dtype = ctx.like
        x_slopes = torch.empty(shape, dtype=dtype) if ctx.needs_input_grad[1] else None
        slopes = ctx.batch.backward(gradient, ctx.parameters, x_slopes)
        return None, x_slopes, *(tensor for layer in slopes for track in layer for tensor in track)


def _grouped(flat: Sequence[Tensor], plan: Plan) -> list[list[Parameters]]:
    """Weights in the precision of the products and tables, by layer and direction."""
    weights = [weight.detach().to(plan.dtype).contiguous() for weight in flat[0::2]]
    tables = [table.detach().contiguous() for table in flat[1::2]]
    tracks = [Parameters(weight, table) for weight, table in zip(weights, tables, strict=True)]
    return [tracks[start : start + plan.directions] for start in range(0, len(tracks), plan.directions)]


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
