"""A residual block of dilated convolutions, forward and backward: matrix products, and what stands between.

Features lie channels last. Backwards, the gradients of what a convolution read and of its weight are one
product each of rows that hold what all its taps pass on (see `taps`). All products are in bfloat16 if the
features are; statistics and weights stay float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.fast.convolution.folding import batch_or_running_figures
from models.fast.convolution.normalising import scaling_gradient
from models.fast.convolution.scan import call
from models.fast.convolution.taps import (
    KERNEL,
    activate,
    add_skipped,
    gradient_taps,
    skipped_gradient,
    weight_gradient,
    weight_matrices,
)

# Weight (C, C, K) of a convolution, and its normalisation, or else its bias (C,).
Layer = tuple[Tensor, nn.BatchNorm1d | None, Tensor | None]


def run_block(x: Tensor, layers: Sequence[Layer], keys: Sequence[int], limit: int) -> Tensor:
    """Dropout, then dilated convolutions with ReLU and dropout between them, whose result is added.

    Parameters
    ----------
    x : float32 or bfloat16 Tensor (B, P, C), on the CPU
        What a ReLU gave: where it is 0, it has no gradient.
    layers : sequence of Layer
        The taps of each stand twice as far apart as those of the one before it, at first 1.
    keys : sequence of int
        For the random numbers before each convolution.
    limit : int
        See `models.fast.dropout.drop`.

    Returns
    -------
    Tensor (B, P, C), as `x`
        After a last ReLU.
    """
    parameters: list[Tensor | None] = []
    for weight, norm, bias in layers:
        parameters += [weight, None, bias] if norm is None else [weight, norm.weight, norm.bias]
    norms = [norm for _, norm, _ in layers]
    result: Tensor = _Block.apply(x, norms, keys, limit, *parameters)  # type: ignore[no-untyped-call]
    return result


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, norms: list[Any], keys: Sequence[int], limit: int, *given: Any
    ) -> Tensor:
        channels = x.shape[2]
        z, scale, shift = x.contiguous(), torch.ones(channels), torch.zeros(channels)
        saved: list[Tensor] = []
        for number, norm in enumerate(norms):
            weight, factor, offset = given[3 * number : 3 * number + 3]
            read, (forward, backward) = torch.empty_like(z), _matrices(weight, x.dtype)
            call(activate, z, scale, shift, keys[number], limit, read)
            z = _convolve(read, forward, 2**number)
            figures = _figures(z, norm)
            scale = figures[1] if factor is None else factor * figures[1]
            shift = torch.addcmul(offset, figures[0], scale, value=-1.0)
            saved += [read, z, figures, scale, backward]
        result = torch.empty_like(z)
        call(add_skipped, z, scale, shift, saved[0], result)
        ctx.save_for_backward(result, *saved)
        ctx.scaled = [norm is not None for norm in norms]
        ctx.by_batch = [norm is not None and norm.training for norm in norms]
        ctx.grow = 2.0**32 / (2.0**32 - limit)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        result, *saved = ctx.saved_tensors
        gradient = gradient.contiguous()
        slope, kept, grow = gradient, result, 1.0
        taps = slope.new_empty(*slope.shape[:2], KERNEL, slope.shape[2])
        slopes: list[Tensor | None] = []
        for number in reversed(range(len(ctx.by_batch))):
            read, z, figures, scale, matrix = saved[5 * number : 5 * number + 5]
            changes = torch.empty(4, len(scale))
            call(scaling_gradient, z, kept, slope, figures, scale, grow, ctx.by_batch[number], changes)
            call(gradient_taps, z, kept, slope, scale * grow, changes, 2**number, taps)
            factor_slope = changes[0] if ctx.scaled[number] else None
            slopes = [_weight_slope(read, taps), factor_slope, changes[1], *slopes]
            slope, kept, grow = _product(taps, matrix), read, ctx.grow
        passed = torch.empty_like(gradient)
        call(skipped_gradient, gradient, result, slope, kept, grow, passed)
        return passed, None, None, None, *slopes


def _matrices(weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A weight (C', C, K) as (C', K, C) for features, and as (K C', C) for rows of gradients."""
    filters, channels, kernel = weight.shape
    forward = torch.empty(filters, kernel, channels, dtype=dtype)
    backward = torch.empty(kernel * filters, channels, dtype=dtype)
    call(weight_matrices, weight, forward, backward.view(kernel, filters, channels))
    return forward, backward


def _convolve(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Features (B, P, C) and a weight (C', K, C) -> (B, P, C')."""
    image, kernel = (each.unsqueeze(1).permute(0, 3, 1, 2) for each in (x, weight))  # channels last
    z = F.conv2d(image, kernel, padding=(0, dilation), dilation=(1, dilation))
    return z.permute(0, 2, 3, 1).squeeze(1).contiguous()


def _product(taps: Tensor, matrix: Tensor) -> Tensor:
    """Rows (B, P, K, C) times a matrix (K C, C')."""
    return (taps.flatten(2).flatten(0, 1) @ matrix).view(*taps.shape[:2], -1)


def _weight_slope(read: Tensor, taps: Tensor) -> Tensor:
    """Gradient (C', C, K) of a weight, from what was read (B, P, C) and rows of gradients (B, P, K, C')."""
    product = read.flatten(0, 1).t() @ taps.flatten(2).flatten(0, 1)
    slope = torch.empty(taps.shape[3], read.shape[2], KERNEL)
    call(weight_gradient, product.view(read.shape[2], KERNEL, -1), slope)
    return slope


def _figures(z: Tensor, norm: nn.BatchNorm1d | None) -> Tensor:
    """Mean and 1 / deviation (2, C) to normalise by, of the batch in training; 0 and 1 without `norm`."""
    if norm is None:
        return torch.tensor([0.0, 1.0])[:, None].repeat(1, z.shape[2])
    return batch_or_running_figures(z, norm, norm.training)
