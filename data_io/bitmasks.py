"""Sixty-four bytes of a text at once, as the bits of one number, inside compiled kernels.

Said outright, LLVM makes such a comparison of the widest instructions that the processor has (one with
AVX-512). The functions exist in compiled code only.

numba caches a kernel by the file it stands in, not by this one: after a change here, touch `scanning.py`.
"""
# numba calls these functions by position with types or LLVM values; most use only some of them.
# ruff: noqa: ARG001

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from data_io.jit import intrinsic

BYTES = 64
_VECTOR = ir.VectorType(ir.IntType(8), BYTES)


def _comparing(operator: str) -> Callable[..., Any]:
    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), _VECTOR.as_pointer())
        text = builder.load(place)
        text.align = 1
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        byte = builder.trunc(args[2], _VECTOR.element)
        first = builder.insert_element(undefined, byte, ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), BYTES), [0] * BYTES)
        compared = builder.icmp_unsigned(operator, text, builder.shuffle_vector(first, undefined, everywhere))
        return builder.bitcast(compared, ir.IntType(BYTES))

    return lower


@intrinsic
def at_most(typing: Any, text: Any, start: Any, byte: Any) -> Any:
    """Bit i tells whether byte ``start + i`` of a uint8 array is at most ``byte``."""
    return types.uint64(text, types.int64, types.int64), _comparing("<=")


@intrinsic
def equal(typing: Any, text: Any, start: Any, byte: Any) -> Any:
    """Bit i tells whether byte ``start + i`` of a uint8 array is ``byte``."""
    return types.uint64(text, types.int64, types.int64), _comparing("==")


@intrinsic
def count(typing: Any, bits: Any) -> Any:
    """How many bits of a uint64 are set, as an int64."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), lower


@intrinsic
def lowest(typing: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set in a uint64, as an int64; 64 where none is."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), lower
