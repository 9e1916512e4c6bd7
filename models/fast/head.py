"""The head with a hand-written backward pass.

On 256 probes its arithmetic takes a tenth of the time of the two dozen calls that torch would make for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numba import float32
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.fast.convolution.channels import relu_gradient
from models.fast.convolution.folding import batch_or_running_figures
from models.fast.convolution.normalising import scaling_gradient
from models.fast.convolution.scan import call
from models.fast.convolution.taps import activate
from models.fast.dropout import drop_in_place, dropped_copy
from models.fast.jit import Array, compiled


def apply_head(
    x: Tensor,
    weights: Sequence[Tensor],
    norm: nn.BatchNorm1d | None,
    keys: Sequence[int],
    limits: Sequence[int],
) -> Tensor:
    """Dropout, hidden layer, normalisation if there is one, ReLU, dropout, one output.

    Parameters
    ----------
    x : float32 Tensor (B, F)
    weights : float32 Tensors (H, F), (H,), (1, H), (1,)
        Weight and bias of the hidden layer, and of the output.
    norm : nn.BatchNorm1d or None
        Its mode tells training, in which its running figures move on, from evaluation.
    keys, limits : two ints each
        For the random numbers of either dropout, see `dropout.drop`.

    Returns
    -------
    float32 Tensor (B,)
    """
    if norm is None:
        plain: Tensor = _Head.apply(x, *weights, keys, limits)  # type: ignore[no-untyped-call]
        return plain
    given = *weights, norm.weight, norm.bias, norm, keys, limits
    prediction: Tensor = _NormedHead.apply(x, *given)  # type: ignore[no-untyped-call]
    return prediction


class _Head(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> Tensor:
        weight_1, bias_1, weight_2, bias_2, keys, limits = given
        kept = dropped_copy(x, keys[0], limits[0])  # (B, F)
        hidden = torch.addmm(bias_1, kept, weight_1.t())  # (B, H)
        drop_in_place(hidden.numpy(), keys[1], limits[1], 0.0)
        ctx.save_for_backward(kept, hidden, weight_1, weight_2)
        ctx.key, ctx.limits = keys[0], limits
        return torch.addmv(bias_2, hidden, weight_2[0])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        kept, hidden, weight_1, weight_2 = ctx.saved_tensors
        slope, slope_b1, slope_w2 = (
            torch.empty_like(hidden),
            torch.zeros(hidden.shape[1]),
            torch.zeros_like(weight_2),
        )
        call(hidden_gradient, ctx.limits[1], gradient, hidden, weight_2, slope, slope_b1, slope_w2)
        slope_x, slope_w1 = _below(slope, kept, weight_1, ctx.key, ctx.limits[0])
        return slope_x, slope_w1, slope_b1, slope_w2, gradient.sum(0, keepdim=True), None, None


class _NormedHead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> Tensor:
        weight_1, bias_1, weight_2, bias_2, factor, offset, norm, keys, limits = given
        kept = dropped_copy(x, keys[0], limits[0])  # (B, F)
        z = torch.addmm(bias_1, kept, weight_1.t())[:, None]  # (B, 1, H): one position
        by_batch = norm.training and len(x) > 1  # one value has no variance
        figures = batch_or_running_figures(z, norm, by_batch)
        scale = factor * figures[1]
        shift, hidden = torch.addcmul(offset, figures[0], scale, value=-1.0), torch.empty_like(z)
        call(activate, z, scale, shift, keys[1], limits[1], hidden)
        ctx.save_for_backward(kept, z, hidden, figures, scale, weight_1, weight_2)
        ctx.key, ctx.limits, ctx.by_batch = keys[0], limits, by_batch
        return torch.addmv(bias_2, hidden[:, 0], weight_2[0])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        kept, z, hidden, figures, scale, weight_1, weight_2 = ctx.saved_tensors
        grow, changes = 2.0**32 / (2.0**32 - ctx.limits[1]), torch.empty(4, len(scale))
        passed, slope = gradient[:, None, None] * weight_2, torch.empty_like(z)  # (B, 1, H)
        call(scaling_gradient, z, hidden, passed, figures, scale, grow, ctx.by_batch, changes)
        call(relu_gradient, z, hidden, passed, scale * grow, changes[2], changes[3], slope)
        slope_x, slope_w1 = _below(slope[:, 0], kept, weight_1, ctx.key, ctx.limits[0])
        slopes = slope_x, slope_w1, slope.sum((0, 1)), gradient[None] @ hidden[:, 0]
        return *slopes, gradient.sum(0, keepdim=True), changes[0], changes[1], None, None, None


def _below(slope: Tensor, kept: Tensor, weight: Tensor, key: int, limit: int) -> tuple[Tensor, Tensor]:
    """Gradients of what the hidden layer reads, before its dropout, and of its weight."""
    slope_x = slope @ weight
    drop_in_place(slope_x.numpy(), key, limit, -torch.inf)
    return slope_x, slope.t() @ kept


@compiled
def hidden_gradient(
    limit: int,
    gradient: Array,
    hidden: Array,
    weight: Array,
    slope: Array,
    slope_bias: Array,
    slope_weight: Array,
) -> None:
    """Gradients around the hidden layer.

    Parameters
    ----------
    limit : int
        Of the dropout (see `dropout.drop`).
    gradient : float32 array (B,)
        Of the predictions.
    hidden : float32 array (B, H)
        After ReLU and dropout: what either of them took is 0, and has no gradient.
    weight : float32 array (1, H)
        From the hidden layer to the output.
    slope, slope_bias, slope_weight : float32 arrays (B, H), (H,), (1, H)
        Written: gradient of the hidden layer before its ReLU; added to: those of its bias and of `weight`.
    """
    scale = float32(2.0**32 / (2.0**32 - limit))
    for b in range(hidden.shape[0]):
        for h in range(hidden.shape[1]):
            passed = gradient[b] * weight[0, h] * scale
            passed = passed if hidden[b, h] > 0 else float32(0.0)
            slope[b, h] = passed
            slope_bias[h] += passed
            slope_weight[0, h] += gradient[b] * hidden[b, h]
