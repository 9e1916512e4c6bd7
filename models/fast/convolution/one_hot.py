"""One-hot convolution fused with what follows it, with hand-written gradients.

All tensors are on the CPU; `weight` and `bias` are those of an `nn.Conv1d(4, F, M)`. Codes: 0..3 are A C G U,
4 is N (a quarter of each), 5 is padding (none of them).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from models.fast.convolution.folding import fold_batch_norm
from models.fast.convolution.scan import (
    call,
    check_lengths,
    empty_tables,
    prepare_scan,
    with_columns,
)
from models.fast.convolution.tables import BLOCK, untabulate
from models.fast.convolution.windows import (
    largest_gradient,
    pool_gradient,
    pool_windows,
    scan_gradient,
    scan_windows,
)


def conv_pool(
    codes: Tensor, weight: Tensor, bias: Tensor, pooling: str, norm: nn.BatchNorm1d | None = None
) -> Tensor:
    """Convolve, normalise if asked, ReLU, and pool over all windows.

    Parameters
    ----------
    codes : uint8 or int64 Tensor (B, L)
    weight : float32 Tensor (F, 4, M)
    bias : float32 Tensor (F,)
    pooling : str
        `"max"`, or `"max+average"`: the largest of all filters, then the means of all filters.
    norm : nn.BatchNorm1d, optional
        Normalises the convolution's outputs; in training its running figures move on.

    Returns
    -------
    Tensor (B, F), or (B, 2F) for `"max+average"`

    Raises
    ------
    ValueError
        If the motif is longer than the sequences, or a code is not 0 to 5.
    """
    check_lengths(codes, weight)
    if norm is not None:
        weight, bias = fold_batch_norm(codes, weight, bias, norm)
    with_mean = pooling == "max+average"
    pooled: Tensor = _ConvPool.apply(codes, weight, bias, with_mean)  # type: ignore[no-untyped-call]
    return pooled


def one_hot_conv_relu(
    codes: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: nn.BatchNorm1d | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Convolve, normalise if asked, ReLU.

    Parameters
    ----------
    codes, weight, bias, norm
        As in `conv_pool`.
    dtype : torch.dtype, default torch.float32
        Or torch.bfloat16: of the result.

    Returns
    -------
    Tensor (B, P, F)
        Channels last.
    """
    check_lengths(codes, weight)
    if norm is not None:
        weight, bias = fold_batch_norm(codes, weight, bias, norm)
    activated: Tensor = _ConvRelu.apply(codes, weight, bias, dtype)  # type: ignore[no-untyped-call]
    return activated


class _ConvPool(torch.autograd.Function):
    """Pooled features come as (B, 1 or 2, 32 G) from the kernels; the columns from F on are cut off."""

    @staticmethod
    def forward(ctx: Any, codes: Tensor, weight: Tensor, bias: Tensor, with_mean: bool) -> Tensor:
        letters, triplets, tables = prepare_scan(codes, weight, bias)
        blocks, sequences, width = len(tables), len(codes), len(tables) * BLOCK
        pooled = torch.empty(sequences, 1 + with_mean, width)
        place = torch.empty(sequences, width, dtype=torch.int32)
        active = torch.empty(blocks, sequences, codes.shape[1] - weight.shape[2] + 1, 2, dtype=torch.uint16)
        call(pool_windows, triplets, tables, pooled, place, active)
        ctx.save_for_backward(letters, triplets, weight, pooled, place, active)
        return pooled[:, :, : len(weight)].reshape(sequences, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        letters, triplets, weight, pooled, place, active = ctx.saved_tensors
        slopes = with_columns(gradient.view(len(pooled), pooled.shape[1], -1), pooled.shape[2])
        weight_slopes, bias_slopes = torch.empty(weight.shape), weight.new_empty(len(weight))
        if pooled.shape[1] == 1:
            call(largest_gradient, letters, pooled, place, slopes, weight_slopes, bias_slopes)
        else:
            tables = empty_tables(weight)
            call(pool_gradient, triplets, place, active, slopes, tables)
            call(untabulate, tables, weight_slopes, bias_slopes)
        return None, weight_slopes, bias_slopes, None


class _ConvRelu(torch.autograd.Function):
    """Outputs come as (B, P, 32 G) from the kernel; the columns from F on are cut off."""

    @staticmethod
    def forward(ctx: Any, codes: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Tensor:
        _, triplets, tables = prepare_scan(codes, weight, bias)
        windows = codes.shape[1] - weight.shape[2] + 1
        activated = torch.empty(len(codes), windows, len(tables) * BLOCK, dtype=dtype)
        call(scan_windows, triplets, tables, activated)
        ctx.save_for_backward(triplets, weight, activated)
        return activated[:, :, : len(weight)]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        triplets, weight, activated = ctx.saved_tensors
        slopes = with_columns(gradient, activated.shape[2])
        tables = empty_tables(weight)
        call(scan_gradient, triplets, activated, slopes, tables)
        weight_slopes, bias_slopes = torch.empty(weight.shape), weight.new_empty(len(weight))
        call(untabulate, tables, weight_slopes, bias_slopes)
        return None, weight_slopes, bias_slopes, None
