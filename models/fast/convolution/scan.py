"""From tensors to the compiled kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from models.fast.bfloat16 import as_array
from models.fast.convolution.tables import BLOCK, PAD, TRIPLETS, read_triplets, tabulate
from models.fast.jit import Array

R = TypeVar("R")


def prepare_scan(codes: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the scanning kernels read.

    Returns
    -------
    letters : uint8 Tensor (B, L)
    triplets : uint8 Tensor (B, L)
    tables : Tensor (G, J, 216, 32)
    """
    letters = codes.to(torch.uint8).contiguous()
    triplets = torch.empty_like(letters)
    _check_codes(call(read_triplets, letters, triplets))
    tables = empty_tables(weight)
    call(tabulate, weight, bias, tables)
    return letters, triplets, tables


def letters_of(codes: Tensor) -> Tensor:
    """The codes as the kernels read them, none of them beyond padding."""
    letters = codes.to(torch.uint8).contiguous()
    _check_codes(int(letters.max()) if letters.numel() else 0)
    return letters


def _check_codes(largest: int) -> None:
    if largest > PAD:
        raise ValueError(f"codes must be 0 to {PAD}, got {largest}")


def empty_tables(weight: Tensor) -> Tensor:
    """Room for the tables (G, J, 216, 32) of a weight."""
    filters, _, length = weight.shape
    return torch.empty(-(-filters // BLOCK), -(-length // 3), TRIPLETS, BLOCK)


def call(kernel: Callable[..., R], *given: Tensor | float) -> R:
    """Call a compiled kernel with numbers and the memory of tensors; it needs them contiguous."""
    return kernel(*[_plain_array(x) if isinstance(x, Tensor) else x for x in given])


def _plain_array(x: Tensor) -> Array:
    # Asked first, since either call takes as long as a small kernel.
    if x.requires_grad:
        x = x.detach()
    return as_array(x if x.is_contiguous() else x.contiguous())


def with_columns(x: Tensor, width: int) -> Tensor:
    """The same with zeros behind the last column, up to `width` columns."""
    return x if x.shape[-1] == width else F.pad(x, (0, width - x.shape[-1]))


def check_lengths(codes: Tensor, weight: Tensor) -> None:
    """Refuse motifs that are longer than the sequences."""
    if weight.shape[2] > codes.shape[1]:
        raise ValueError(f"a motif of {weight.shape[2]} does not fit sequences of {codes.shape[1]} letters")
