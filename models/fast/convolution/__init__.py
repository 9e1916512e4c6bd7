"""Convolutions over sequences, fused with what follows them and compiled for the processor at hand.

`one_hot` holds the first layer, which reads codes, and `deeper` those above it; below them are the
compiled kernels (`tables`, `windows`, `moments`, `channels`) and what leads to them (`scan`, `folding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor, nn

from models.fast.bfloat16 import product_dtype
from models.fast.convolution.deeper import conv_relu, pool_features
from models.fast.convolution.one_hot import conv_pool, one_hot_conv_relu
from models.fast.convolution.residual import run_block
from models.fast.convolution.sliding import slide

__all__ = ["convolve", "convolve_and_pool", "convolve_and_slide", "pool_features", "run_block"]


class Convolution(Protocol):
    """Weight (F, C, k) and bias (F,) of a layer."""

    weight: Tensor
    bias: Tensor


Layer = tuple[Convolution, nn.BatchNorm1d | None]


def convolve(codes: Tensor, layers: Sequence[Layer], precision: str, padded: bool = False) -> Tensor:
    """Convolution, normalisation if there is one, ReLU, layer by layer.

    Parameters
    ----------
    codes : integer Tensor (B, L)
    layers : sequence of (convolution, normalisation or None)
        The first reads the four one-hot channels.
    precision : str
        `"auto"` or `"float32"`.
    padded : bool, default False
        Pad what all but the first layer read; the codes of the first come padded.

    Returns
    -------
    bfloat16 | float32 Tensor (B, P, C)
        Channels last.
    """
    (first, norm), *deeper = layers
    x = one_hot_conv_relu(codes, first.weight, first.bias, norm, product_dtype(precision))
    for convolution, norm in deeper:
        x = conv_relu(x, convolution.weight, convolution.bias, norm, padded)
    return x


def convolve_and_pool(codes: Tensor, layers: Sequence[Layer], pooling: str, precision: str) -> Tensor:
    """The same, pooled over all positions.

    Parameters
    ----------
    codes, layers, precision
        As in `convolve`; a single layer is calculated in float32.
    pooling : str
        `"max"` or `"max+average"`.

    Returns
    -------
    float32 Tensor (B, C), or (B, 2C) for `"max+average"`
    """
    if len(layers) == 1:
        convolution, norm = layers[0]
        return conv_pool(codes, convolution.weight, convolution.bias, pooling, norm)
    return pool_features(convolve(codes, layers, precision), pooling)


def convolve_and_slide(
    codes: Tensor, layers: Sequence[Layer], pooling: str, precision: str, width: int
) -> Tensor:
    """The same, pooled over every stretch of one long sequence, whose stretches share their features.

    Parameters
    ----------
    codes : integer Tensor (T,)
    layers, pooling, precision
        As in `convolve_and_pool`.
    width : int
        Letters of a stretch.

    Returns
    -------
    float32 Tensor (T - width + 1, C), or (T - width + 1, 2C) for `"max+average"`
    """
    x = convolve(codes[None], layers, precision if len(layers) > 1 else "float32")[0]
    return slide(x, width - (len(codes) - len(x)), pooling)
