"""Convolutions over sequences, fused with what follows them and compiled for the processor at hand.

`one_hot` holds the first layer, which reads codes, and `deeper` those above it; below them are the
compiled kernels (`tables`, `windows`, `moments`, `channels`) and what leads to them (`scan`, `folding`).
"""

from models.fast.convolution.deeper import conv_relu, pool_features
from models.fast.convolution.one_hot import conv_pool, one_hot_conv_relu
from models.fast.convolution.scan import has_kernels

__all__ = ["conv_pool", "conv_relu", "has_kernels", "one_hot_conv_relu", "pool_features"]
