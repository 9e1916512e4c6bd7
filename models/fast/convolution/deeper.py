"""Convolutions over features, for the layers above the one-hot convolution.

Features lie channels last, (B, P, C): a window of positions is then one run of memory, as the matrix
products of a convolution like it best. In bfloat16 they are more than twice as fast where the processor
has instructions for them; sums, statistics and weights stay float32.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.fast.convolution.channels import (
    average_positions,
    pool_positions,
    relu_gradient,
    relu_gradient_sums,
    scale_relu,
    spread_averages,
    unpool_positions,
)
from models.fast.convolution.folding import measured_figures, running_figures
from models.fast.convolution.scan import call


def conv_relu(
    x: Tensor, weight: Tensor, bias: Tensor, norm: nn.BatchNorm1d | None = None, padded: bool = False
) -> Tensor:
    """Convolve, normalise if asked, ReLU.

    Parameters
    ----------
    x : float32 or bfloat16 Tensor (B, P, C), on the CPU
    weight : float32 Tensor (C', C, k)
    bias : float32 Tensor (C',)
        As those of an `nn.Conv1d(C, C', k)`.
    norm : nn.BatchNorm1d, optional
        Its mode tells training, in which its running figures move on, from evaluation.
    padded : bool, default False
        With zeros on both sides, as `padding="same"` has it.

    Returns
    -------
    Tensor (B, P - k + 1, C'), or (B, P, C') if padded, as `x`
    """
    beyond = weight.shape[2] - 1 if padded else 0
    if beyond % 2:  # torch pads an even kernel more behind than before
        x = F.pad(x, (0, 0, 0, 1))
    image = x.contiguous().view(len(x), 1, *x.shape[1:]).permute(0, 3, 1, 2)  # (B, C, 1, P), channels last
    kernel = weight.unsqueeze(2).to(x.dtype, memory_format=torch.channels_last)
    z = F.conv2d(image, kernel, padding=(0, beyond // 2)).permute(0, 2, 3, 1).squeeze(1)  # (B, P', C')
    activated: Tensor = _NormRelu.apply(z.contiguous(), *_scaling(z, bias, norm))  # type: ignore[no-untyped-call]
    return activated


def pool_features(x: Tensor, pooling: str, window: int = 1) -> Tensor:
    """Pool over all positions, or over windows of them.

    Parameters
    ----------
    x : float32 or bfloat16 Tensor (B, P, C), on the CPU
    pooling : str
        `"max"`, or `"max+average"`: the largest of all channels, then the means of all channels, or
        `"windows"`: the means of the first channel over windows side by side, then those of the next.
    window : int
        Positions of such a window; those that fill none are left out.

    Returns
    -------
    float32 Tensor (B, C), (B, 2C) for `"max+average"`, or (B, C * (P // window))
    """
    if pooling == "windows":
        averages: Tensor = _Average.apply(x, window)  # type: ignore[no-untyped-call]
        return averages.flatten(1)
    pooled: Tensor = _Pool.apply(x, pooling == "max+average")  # type: ignore[no-untyped-call]
    return pooled.flatten(1)


def _scaling(z: Tensor, bias: Tensor, norm: nn.BatchNorm1d | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """What `_NormRelu` takes beside a convolution without bias: scale, shift, and figures of the batch."""
    rows = z.shape[0] * z.shape[1]
    if norm is None:
        return torch.ones_like(bias), bias, None
    if norm.training and rows > 1:
        figures = measured_figures(z, norm, bias)
        return norm.weight, norm.bias + 0.0 * bias, figures  # the bias cancels, with gradient zero
    mean, variance = running_figures(norm)
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias + (bias - mean) * scale, None


class _NormRelu(torch.autograd.Function):
    """ReLU of `x * scale + shift`; x is z, or z normalised by figures (2, C): its mean, 1 / deviation."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, scale: Tensor, shift: Tensor, figures: Tensor | None) -> Tensor:
        activated = torch.empty_like(z)
        if figures is not None:
            scale = scale * figures[1]
            shift = shift - figures[0] * scale
        call(scale_relu, z, scale, shift, activated)
        ctx.save_for_backward(z, activated, scale, figures)
        return activated

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        z, activated, scale, figures = ctx.saved_tensors
        sums = torch.empty(2, len(scale), dtype=torch.float64)
        call(relu_gradient_sums, z, activated, gradient, sums)
        shift_slope, scale_slope = sums.float()
        offset, decay = torch.zeros_like(scale), torch.zeros_like(scale)
        if figures is not None:
            mean, inverse = figures
            scale_slope = ((sums[1] - mean * sums[0]) * inverse).float()
            share = scale / (z.shape[0] * z.shape[1])
            decay = share * inverse * scale_slope
            offset = share * shift_slope - decay * mean
        z_slope = torch.empty_like(z)
        call(relu_gradient, z, activated, gradient, scale, offset, decay, z_slope)
        return z_slope, scale_slope, shift_slope, None


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, with_mean: bool) -> Tensor:
        pooled = torch.empty(len(x), 1 + with_mean, x.shape[2])
        place = torch.empty(len(x), x.shape[2], dtype=torch.int32)
        call(pool_positions, x, pooled, place)
        ctx.save_for_backward(place)
        ctx.like = x.shape, x.dtype
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        shape, dtype = ctx.like
        slope = torch.empty(shape, dtype=dtype)
        call(unpool_positions, gradient, *ctx.saved_tensors, slope)
        return slope, None


class _Average(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, window: int) -> Tensor:
        averages = torch.empty(len(x), x.shape[2], x.shape[1] // window)
        call(average_positions, x, window, averages)
        ctx.like = x.shape, x.dtype, window
        return averages

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        shape, dtype, window = ctx.like
        slope = torch.empty(shape, dtype=dtype)
        call(spread_averages, gradient, window, slope)
        return slope, None
