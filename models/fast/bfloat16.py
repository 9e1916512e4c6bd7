"""Numbers of two bytes inside compiled kernels: bfloat16 is the upper half of a float32.

numpy has no such type: kernels see an array of bfloat16 as the uint16 that hold its bits. `widen` and
`narrow` leave float32 alone, so that a kernel is written once for both.
"""
# numba calls these functions by position with types or LLVM values; most use only some of them.
# ruff: noqa: ARG001, ARG005

from __future__ import annotations

import contextlib
import functools
from typing import Any

import numpy as np
import torch
from llvmlite import binding, ir
from numba import types
from numba.extending import overload

from models.fast.jit import Array, intrinsic

_HALF, _ONE, _ALMOST_HALF = np.uint32(16), np.uint32(1), np.uint32(0x7FFF)


@functools.cache
def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16; without them they are slow."""
    with contextlib.suppress(RuntimeError):  # LLVM does not know the processor
        return bool(binding.get_host_cpu_features().get("avx512bf16", False))
    return False


def product_dtype(precision: str) -> torch.dtype:
    """In what layers multiply that ask for `"auto"` or `"float32"`."""
    return torch.bfloat16 if precision == "auto" and multiplies_bfloat16() else torch.float32


def as_array(tensor: torch.Tensor) -> Array:
    """A tensor on the CPU as the array that kernels see; both share their memory."""
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(np.uint16)
    array: Array = tensor.numpy()
    return array


def _reinterpret(source: Any, target: Any, lowered: ir.Type) -> Any:
    def convert(typing: Any, number: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], lowered)

        return target(source), lower

    return intrinsic(convert)


_bits_of = _reinterpret(types.float32, types.uint32, ir.IntType(32))
_float_of = _reinterpret(types.uint32, types.float32, ir.FloatType())


def widen(number: Any) -> Any:
    """A float32 or the bits of a bfloat16, as float32; in compiled code only."""
    raise NotImplementedError


def narrow(number: Any, like: Array) -> Any:
    """A float32 as what the array `like` holds, rounded to the nearest; in compiled code only."""
    raise NotImplementedError


@overload(widen, strict=False)  # it compares annotations, too
def _widen(number: Any) -> Any:
    if number == types.uint16:
        return lambda number: _float_of(np.uint32(number) << _HALF)
    return lambda number: number


@overload(narrow, strict=False)
def _narrow(number: Any, like: Any) -> Any:
    if like.dtype != types.uint16:
        return lambda number, like: number

    def round_to_even(number: Any, like: Any) -> Any:
        bits = _bits_of(number)
        return np.uint16(np.uint32(bits + _ALMOST_HALF + ((bits >> _HALF) & _ONE)) >> _HALF)

    return round_to_even
