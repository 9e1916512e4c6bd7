"""Batch normalisation of a one-hot convolution, folded into its weight and bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import float32
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from models.fast.convolution.moments import window_moments
from models.fast.convolution.normalising import batch_figures
from models.fast.convolution.scan import call, check_lengths, letters_of
from models.fast.jit import Array, compiled


def fold_batch_norm(
    codes: Tensor, weight: Tensor, bias: Tensor, norm: nn.BatchNorm1d
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the one convolution that equals the convolution followed by `norm`.

    In training, the mean and variance over the batch are read off the letters of the batch instead of the
    outputs (see `models.fast.convolution.moments`), and the running figures of `norm` move on. Gradients flow
    through all of it. A batch of one window in all has no variance; it is taken by the running figures.

    Parameters
    ----------
    codes : uint8 or int64 Tensor (B, L), on the CPU
    weight : float32 Tensor (F, 4, M)
    bias : float32 Tensor (F,)
    norm : nn.BatchNorm1d
        With running figures; its mode tells training from evaluation.

    Returns
    -------
    weight : Tensor (F, 4, M)
    bias : Tensor (F,)
    """
    check_lengths(codes, weight)
    windows = len(codes) * (codes.shape[1] - weight.shape[2] + 1)
    if norm.training and windows > 1:
        given = codes, weight, bias, norm.weight, norm.bias, norm.eps
        folded, folded_bias, mean, variance = _Fold.apply(*given)  # type: ignore[no-untyped-call]
        move_running_figures(norm, mean, variance, windows)
        return folded, folded_bias
    mean, variance = running_figures(norm)
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return weight * scale[:, None, None], norm.bias + (bias - mean) * scale


@torch.no_grad()
def move_running_figures(norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running figures towards those of a batch, whose variance (F,) is over `count` values."""
    running_mean, running_variance = running_figures(norm)
    running_mean.lerp_(mean, norm.momentum or 0.0)
    running_variance.lerp_(variance * (count / (count - 1)), norm.momentum or 0.0)
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked += 1


def measured_figures(z: Tensor, norm: nn.BatchNorm1d, bias: Tensor | None = None) -> Tensor:
    """Mean and 1 / deviation (2, C) of a batch (B, P, C), towards which the running figures move.

    The bias (C,) is one that the convolution has left out.
    """
    running_mean, running_variance = running_figures(norm)
    figures, added = torch.empty(2, z.shape[2]), torch.zeros(z.shape[2]) if bias is None else bias
    given = z, norm.eps, added, norm.momentum or 0.0
    call(batch_figures, *given, figures, running_mean, running_variance)
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked += 1
    return figures


def batch_or_running_figures(z: Tensor, norm: nn.BatchNorm1d, by_batch: bool) -> Tensor:
    """Mean and 1 / deviation (2, C) to normalise by: those of a batch (B, P, C), or the running ones."""
    if by_batch:
        return measured_figures(z, norm)
    mean, variance = running_figures(norm)
    return torch.stack([mean, torch.rsqrt(variance + norm.eps)])


def running_figures(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Running mean and variance (F,).

    Raises
    ------
    ValueError
        If `norm` keeps none, or averages over all batches.
    """
    if norm.running_mean is None or norm.running_var is None or norm.momentum is None:
        raise ValueError(f"{norm} keeps no exponential running figures")
    return norm.running_mean, norm.running_var


class _Fold(torch.autograd.Function):
    """Folding by the figures of the batch; gives these, too, which have no gradient."""

    @staticmethod
    def forward(
        ctx: Any, codes: Tensor, weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor, eps: float
    ) -> tuple[Tensor, ...]:
        filters, _, length = weight.shape
        mean, covariance = torch.empty(4 * length), torch.empty(4 * length, 4 * length)
        call(window_moments, letters_of(codes), mean.view(4, length), covariance.view(4, length, 4, length))
        flat = weight.reshape(filters, 4 * length)
        spread = flat @ covariance
        figures = torch.empty(3, filters)
        folded, folded_bias = torch.empty(weight.shape), torch.empty(filters)
        given = flat, spread, mean, scale, shift, eps
        call(fold_filters, *given, folded.view(flat.shape), folded_bias, figures)
        ctx.save_for_backward(flat, spread, mean, scale, figures)
        batch_mean, variance = figures[0] + bias, figures[1]
        ctx.mark_non_differentiable(batch_mean, variance)
        return folded, folded_bias, batch_mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, bias_slope: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        flat, spread, mean, scale, figures = ctx.saved_tensors
        weight_slope, scale_slope = torch.empty(slope.shape), torch.empty(scale.shape)
        given = flat, spread, mean, scale, figures, slope.reshape(flat.shape), bias_slope
        call(fold_gradient, *given, weight_slope.view(flat.shape), scale_slope)
        return None, weight_slope, torch.zeros_like(scale), scale_slope, bias_slope, None


@compiled
def fold_filters(
    weight: Array,
    spread: Array,
    mean: Array,
    scale: Array,
    shift: Array,
    eps: float,
    folded: Array,
    folded_bias: Array,
    figures: Array,
) -> None:
    """Normalise each filter by the mean and the variance of its outputs.

    Parameters
    ----------
    weight : float32 array (F, 4 M)
    spread : float32 array (F, 4 M)
        Its product with the covariance of the windows.
    mean : float32 array (4 M,)
        Of the windows.
    scale, shift : float32 arrays (F,)
        Of the normalisation.
    eps : float
    folded : float32 array (F, 4 M)
        Written.
    folded_bias : float32 array (F,)
        Written.
    figures : float32 array (3, F)
        Written: mean and variance of the outputs without bias, and 1 / deviation.
    """
    for f in range(len(weight)):
        centre, variance = float32(0.0), float32(0.0)
        for k in range(len(mean)):
            centre += weight[f, k] * mean[k]
            variance += weight[f, k] * spread[f, k]
        variance = float32(0.0) if variance < 0.0 else variance
        inverse = float32(1.0) / np.sqrt(variance + float32(eps))
        figures[0, f], figures[1, f], figures[2, f] = centre, variance, inverse
        factor = scale[f] * inverse
        folded_bias[f] = shift[f] - centre * factor
        for k in range(len(mean)):
            folded[f, k] = weight[f, k] * factor


@compiled
def fold_gradient(
    weight: Array,
    spread: Array,
    mean: Array,
    scale: Array,
    figures: Array,
    slope: Array,
    bias_slope: Array,
    weight_slope: Array,
    scale_slope: Array,
) -> None:
    """Gradient of `fold_filters`.

    Parameters
    ----------
    weight, spread, mean, scale, figures
        As above.
    slope, bias_slope : float32 arrays (F, 4 M), (F,)
        With respect to `folded` and `folded_bias`.
    weight_slope, scale_slope : float32 arrays (F, 4 M), (F,)
        Written: with respect to `weight` and `scale`.
    """
    for f in range(len(weight)):
        centre, inverse = figures[0, f], figures[2, f]
        factor_slope = -bias_slope[f] * centre
        for k in range(len(mean)):
            factor_slope += slope[f, k] * weight[f, k]
        scale_slope[f] = factor_slope * inverse
        factor = scale[f] * inverse
        # The variance is quadratic in the weight, and the factor its power of -1/2.
        variance_slope = -factor_slope * factor * inverse * inverse
        for k in range(len(mean)):
            direct = factor * (slope[f, k] - bias_slope[f] * mean[k])
            weight_slope[f, k] = direct + variance_slope * spread[f, k]
