"""An LSTM stack as one differentiable function.

Shapes: B sequences, T positions, I inputs, H hidden units, D directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.fast.bfloat16 import product_dtype
from models.fast.recurrent.batch import Batch
from models.fast.recurrent.chunk import Plan
from models.fast.recurrent.track import Memory, Parameters

LETTERS = torch.cat([torch.eye(4), torch.full((1, 4), 0.25), torch.zeros(1, 4)])  # A C G U, N, padding

# Of one layer in one direction, as `nn.LSTM` names them: weight_ih, weight_hh, bias_ih, bias_hh.
Weights = Sequence[Tensor]

MEMORIES: WeakKeyDictionary[nn.Module, list[Memory]] = WeakKeyDictionary()  # spare ones of each network


def run_lstm(
    owner: nn.Module,
    x: Tensor,
    lengths: Tensor,
    weights: Sequence[Sequence[Weights]],
    *,
    readout: str,
    window: int,
    keys: Sequence[int],
    limit: int,
    precision: str,
) -> Tensor:
    """Run the layers of a stack and read out.

    Parameters
    ----------
    owner : nn.Module
        Whose calls take turns in the same buffers.
    x : float32 | bfloat16 Tensor (B, T, I) or integer Tensor (B, T)
        Features, or letters 0 to 5, which are read one-hot.
    lengths : int64 Tensor (B,)
        Positions of each sequence, 1 to T.
    weights : by layer, by direction
        All in float32.
    readout : str
        `"last"`, `"mean"`, `"max"` or `"windows"`.
    window : int
        Positions of such a window.
    keys : ints
        For the random numbers of dropout: of each layer but the last, of each direction.
    limit : int
        Probability of dropout, out of 2^32.
    precision : str
        `"auto"` or `"float32"`: of what is multiplied.

    Returns
    -------
    float32 Tensor (B, D H), or (B, D H windows)
    """
    letters = x.dim() == 2
    flat = [
        tensor
        for number, layer in enumerate(weights)
        for track in layer
        for tensor in _combined(track, letters and number == 0)
    ]
    plan = Plan(
        inputs=0 if letters else x.shape[2],
        hidden=weights[0][0][1].shape[1],
        layers=len(weights),
        directions=len(weights[0]),
        positions=x.shape[1],
        readout=readout,
        window=window,
        keys=tuple(keys),
        limit=limit,
        dtype=product_dtype(precision),
        keep=torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (x, *flat)),
    )
    batch = Batch(plan, MEMORIES.setdefault(owner, []), lengths)
    x = x.to(torch.uint8) if letters else x
    result: Tensor = _Recurrence.apply(batch, x, *flat)  # type: ignore[no-untyped-call]
    return result


def _combined(weights: Weights, letters: bool) -> Iterator[Tensor]:
    """Weight and table (see `track.Parameters`) of one layer in one direction."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    bias = bias_ih + bias_hh
    if letters:
        yield weight_hh
        yield torch.addmm(bias, LETTERS, weight_ih.t())
    else:
        yield torch.cat([weight_ih, weight_hh], dim=1)
        yield bias.unsqueeze(0)


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
