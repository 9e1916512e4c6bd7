"""Layers that the architectures share. Sequences come as codes: 0..3 are A C G U, 4 is N, 5 is padding."""

from __future__ import annotations

import functools
import math
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data_io.alphabet import PAD, WIDTH
from data_io.errors import ConfigError
from models.kernels import kernels_for

N_CHANNELS = 4
# Row k is what code k stands for: one base, an unknown one (N) as a quarter of each, or nothing (padding).
ONE_HOT = torch.cat([torch.eye(N_CHANNELS), torch.full((1, N_CHANNELS), 0.25), torch.zeros(1, N_CHANNELS)])


class ConvolutionConfig(Protocol):
    """What `ConvStack` reads of an architecture's config."""

    @property
    def layers(self) -> int: ...
    @property
    def motif_length(self) -> int: ...
    @property
    def filters(self) -> int: ...
    @property
    def kernel_2(self) -> int: ...
    @property
    def filters_2(self) -> int: ...
    @property
    def kernel_3(self) -> int: ...
    @property
    def filters_3(self) -> int: ...
    @property
    def batch_norm(self) -> bool: ...
    @property
    def precision(self) -> str: ...


def one_hot(codes: Tensor) -> Tensor:
    """Codes (B, T) as float32 channels (B, 4, T)."""
    return F.embedding(codes.int(), _one_hot_on(codes.device)).transpose(1, 2)


@functools.cache
def _one_hot_on(device: torch.device) -> Tensor:
    """The table on a device; copying it there at every step would wait for the device every time."""
    return ONE_HOT.to(device)


def count_positions(codes: Tensor, positions: int) -> Tensor:
    """How many of the first `positions` output positions are real.

    Position t looks at a window that starts at base t: it is real if the window holds a base, t < length.

    Parameters
    ----------
    codes : uint8 Tensor (B, T)
    positions : int
        Output positions P of the layers below.

    Returns
    -------
    int64 Tensor (B,)
        At least 1, so that a mean over an empty sequence is defined.
    """
    return (codes != PAD).sum(dim=1).clamp(min=1, max=positions)


class OneHotConv(nn.Module):
    """Convolution over the one-hot channels: a bank of motif detectors.

    Parameters
    ----------
    filters : int
    motif_length : int

    Attributes
    ----------
    weight : Parameter (filters, 4, motif_length)
    bias : Parameter (filters,)
        Both start as those of `nn.Conv1d(4, filters, motif_length)`.
    """

    def __init__(self, filters: int, motif_length: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(filters, N_CHANNELS, motif_length))
        self.bias = nn.Parameter(torch.empty(filters))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters, uniform within 1/sqrt(fan in)."""
        bound = 1.0 / math.sqrt(self.weight[0].numel())
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, codes: Tensor) -> Tensor:
        """Scan sequences (B, T) -> (B, filters, T - motif_length + 1)."""
        return F.conv1d(one_hot(codes).to(self.weight.dtype), self.weight, self.bias)

    def extra_repr(self) -> str:
        """Shown by `print(network)`."""
        return f"filters={self.weight.shape[0]}, motif_length={self.weight.shape[2]}"


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation; one value a channel, which has no variance, is taken by the running figures."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C) or (B, C, P)."""
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(x)


class ConvStack(nn.Module):
    """One to three convolutions, each with ReLU and optionally batch normalisation before it.

    Parameters
    ----------
    config : ConvolutionConfig
        `filters` motif detectors of `motif_length`, then `filters_2` of `kernel_2` and `filters_3` of
        `kernel_3` as far as `layers` says.
    padded : bool, default False
        Pad with what stands behind a sequence, so that there are as many positions as bases.
    """

    def __init__(self, config: ConvolutionConfig, padded: bool = False) -> None:
        super().__init__()
        self.padded = padded
        (motif_length, filters), *deeper = layer_shapes(config)
        self.motifs = OneHotConv(filters, motif_length)
        self.norm = BatchNorm(filters) if config.batch_norm else None
        self.deeper = nn.Sequential()
        self._layers: list[tuple[nn.Module, nn.Module | None]] = [(self.motifs, self.norm)]
        for kernel, width in deeper:
            convolution = nn.Conv1d(filters, width, kernel, padding="same" if padded else "valid")
            norm = BatchNorm(width) if config.batch_norm else None
            self.deeper.extend([convolution, nn.ReLU()] if norm is None else [convolution, norm, nn.ReLU()])
            self._layers.append((convolution, norm))
            filters = width
        self.channels = filters
        self.precision = config.precision

    def forward(self, codes: Tensor) -> Tensor:
        """Sequences (B, T) -> features (B, channels, P)."""
        x = self.motifs(pad_codes(codes, self.motifs.weight.shape[2]) if self.padded else codes)
        features: Tensor = self.deeper(F.relu(x if self.norm is None else self.norm(x)))
        return features

    def pooled(self, codes: Tensor, how: str) -> Tensor:
        """Features pooled over all positions (see `pool`): (B, T) -> (B, channels) or (B, 2 channels)."""
        fast = kernels_for(codes, self.motifs.weight)
        if fast and not self.padded:
            pooled: Tensor = fast.convolve_and_pool(codes, self._layers, how, self.precision)
            return pooled
        return pool(self(codes), how)

    def slid(self, codes: Tensor, how: str, width: int) -> Tensor:
        """Features pooled over every stretch of `width` bases: (T,) -> (T - width + 1, channels or twice).

        Stretches share the features of their positions, which is exact without padding alone.
        """
        fast = kernels_for(codes, self.motifs.weight)
        if fast:
            pooled: Tensor = fast.convolve_and_slide(codes, self._layers, how, self.precision, width)
            return pooled
        x = self(codes[None])  # (1, C, P)
        run = width - (len(codes) - x.shape[2])
        largest, mean = F.max_pool1d(x, run, 1)[0].t(), F.avg_pool1d(x, run, 1)[0].t()
        return largest if how == "max" else torch.cat([largest, mean], dim=1)

    def in_order(self, codes: Tensor) -> Tensor:
        """Features position by position, perhaps in bfloat16: (B, T) -> (B, P, channels)."""
        if fast := kernels_for(codes, self.motifs.weight):
            letters = pad_codes(codes, self.motifs.weight.shape[2]) if self.padded else codes
            rows: Tensor = fast.convolve(letters, self._layers, self.precision, self.padded)
            return rows
        features: Tensor = self(codes)  # (B, channels, P)
        return features.transpose(1, 2)


def pad_codes(codes: Tensor, kernel: int) -> Tensor:
    """Codes (B, T) with padding on both sides, so that a convolution over them gives T positions."""
    before = (kernel - 1) // 2
    return F.pad(codes, (before, kernel - 1 - before), value=PAD)


def layer_shapes(config: ConvolutionConfig) -> list[tuple[int, int]]:
    """(kernel, filters) of each convolution that the config uses."""
    shapes = [
        (config.motif_length, config.filters),
        (config.kernel_2, config.filters_2),
        (config.kernel_3, config.filters_3),
    ]
    return shapes[: config.layers]


def check_positions(config: ConvolutionConfig) -> None:
    """Refuse kernels which together are longer than a probe, so that no position is left.

    Raises
    ------
    ConfigError
    """
    kernels = [kernel for kernel, _ in layer_shapes(config)]
    span = sum(kernels) - len(kernels) + 1
    if span > WIDTH:
        names = ["motif_length", "kernel_2", "kernel_3"]
        given = ", ".join(f"{name} = {kernel}" for name, kernel in zip(names, kernels, strict=False))
        raise ConfigError(f"{given}: together they span {span} bases, a probe has {WIDTH}; shorten one")


def pool(x: Tensor, how: str) -> Tensor:
    """Pool over all positions, padding included: (B, C, P) -> (B, C), or (B, 2C) for `"max+average"`."""
    largest = x.amax(dim=2)
    return largest if how == "max" else torch.cat([largest, x.mean(dim=2)], dim=1)
