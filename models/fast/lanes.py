"""Sixteen float32 lanes as one value inside compiled kernels.

LLVM vectorises long plain loops well, but gives up on the short blocks of filters that keep a table in
the first cache level. These functions say outright what is one vector: a load, a store, a sum, a running
maximum. They lower to AVX-512, AVX2 or NEON instructions as the processor has them. They exist in
compiled code only.
"""
# numba calls these functions by position with types or LLVM values; most use only some of them.
# ruff: noqa: ARG001

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import models, register_model

from models.fast.jit import intrinsic

LANES = 16


class LanesType(types.Type):
    """Type of a vector of ``LANES`` equal numbers in registers."""

    def __init__(self, name: str, element: ir.Type) -> None:
        super().__init__(name=name)
        self.element = element
        self.vector = ir.VectorType(element, LANES)


FLOATS = LanesType("float32_lanes", ir.FloatType())
INTEGERS = LanesType("int32_lanes", ir.IntType(32))
HALVES = ir.VectorType(ir.IntType(16), LANES)  # bits of bfloat16: in memory only


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """How the compiler holds such a vector: as LLVM's own."""

    def __init__(self, manager: Any, lanes: LanesType) -> None:
        super().__init__(manager, lanes, lanes.vector)  # type: ignore[no-untyped-call]


def _address(context: Any, builder: Any, signature: Any, args: Any, vector: ir.Type) -> Any:
    """Where the vector of a `load` or `store` begins; its first two arguments are array and offset."""
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), vector.as_pointer())


def _constant(number: int) -> ir.Constant:
    return ir.Constant(INTEGERS.vector, [number] * LANES)


def _splat(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, zeros)


def _loading(vector: ir.Type) -> Callable[..., Any]:
    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_address(context, builder, signature, args, vector))
        value.align = vector.element.get_abi_size(context.target_data)
        return value

    return lower


@intrinsic
def load(typing: Any, array: Any, offset: Any) -> Any:
    """Sixteen numbers of a flat contiguous float32 | bfloat16 array, from ``offset`` on."""
    exact = _loading(FLOATS.vector)

    def widen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.zext(_loading(HALVES)(context, builder, signature, args), INTEGERS.vector)
        return builder.bitcast(builder.shl(bits, _constant(16)), FLOATS.vector)

    return FLOATS(array, types.int64), widen if array.dtype == types.uint16 else exact


@intrinsic
def load_integers(typing: Any, array: Any, offset: Any) -> Any:
    """Sixteen numbers of a flat contiguous int32 array, from ``offset`` on."""
    return INTEGERS(array, types.int64), _loading(INTEGERS.vector)


@intrinsic
def store(typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write sixteen numbers into a flat contiguous array; bfloat16 takes the nearest."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature, args, args[2].type)
        builder.store(args[2], address).align = args[2].type.element.get_abi_size(context.target_data)
        return context.get_dummy_value()

    def narrow(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[2], INTEGERS.vector)
        odd = builder.and_(builder.lshr(bits, _constant(16)), _constant(1))
        rounded = builder.add(builder.add(bits, odd), _constant(0x7FFF))
        halves = builder.trunc(builder.lshr(rounded, _constant(16)), HALVES)
        return write(context, builder, signature, (*args[:2], halves))

    return types.none(array, types.int64, value), narrow if array.dtype == types.uint16 else write


def _spreading(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return _splat(builder, args[0])


@intrinsic
def spread(typing: Any, number: Any) -> Any:
    """The same float32 in all lanes."""
    return FLOATS(types.float32), _spreading


@intrinsic
def spread_integer(typing: Any, number: Any) -> Any:
    """The same int32 in all lanes."""
    return INTEGERS(types.int32), _spreading


@intrinsic
def plus(typing: Any, left: Any, right: Any) -> Any:
    """``left + right``."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1])

    return FLOATS(FLOATS, FLOATS), lower


@intrinsic
def times(typing: Any, left: Any, right: Any) -> Any:
    """``left * right``."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(args[0], args[1])

    return FLOATS(FLOATS, FLOATS), lower


@intrinsic
def multiply_add(typing: Any, left: Any, right: Any, addend: Any) -> Any:
    """``left * right + addend``, in one instruction where there is one."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        product = builder.fmul(args[0], args[1], flags=("contract",))
        return builder.fadd(product, args[2], flags=("contract",))

    return FLOATS(FLOATS, FLOATS, FLOATS), lower


@intrinsic
def keep_larger(typing: Any, best: Any, place: Any, value: Any, here: Any) -> Any:
    """``(value, here)`` in the lanes where ``value > best`` or one of them is NaN, else ``(best, place)``."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        best, place, value, here = args
        larger = builder.fcmp_unordered(">", value, best)
        chosen = builder.select(larger, value, best), builder.select(larger, _splat(builder, here), place)
        return context.make_tuple(builder, signature.return_type, chosen)

    both = types.Tuple((FLOATS, INTEGERS))  # type: ignore[no-untyped-call]
    return both(FLOATS, INTEGERS, FLOATS, types.int32), lower


@intrinsic
def random_lanes(typing: Any, first: Any, step: Any, high: Any) -> Any:
    """Random words of sixteen places that stand a step apart; see `models.dropout.random_words`.

    Parameters
    ----------
    first, step : uint32
        First place and step times the golden ratio; with the lower half of the key added to the first.
    high : uint32
        The upper half of the key.
    """

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def mixed(number: Any, shift: int, factor: int) -> Any:
            return builder.mul(_folded(builder, number, shift), _constant(factor))

        first, step, high = (_splat(builder, given) for given in args)
        lane = ir.Constant(INTEGERS.vector, list(range(LANES)))
        number = builder.add(first, builder.mul(step, lane))
        number = mixed(mixed(number, 16, 0x21F0AAAD), 15, 0xD35A2D97)
        number = builder.xor(_folded(builder, number, 15), high)
        return _folded(builder, mixed(mixed(number, 16, 0x7FEB352D), 15, 0x846CA68B), 16)

    return INTEGERS(types.uint32, types.uint32, types.uint32), lower


def _folded(builder: Any, number: Any, shift: int) -> Any:
    return builder.xor(number, builder.lshr(number, _constant(shift)))


@intrinsic
def relu(typing: Any, value: Any) -> Any:
    """``max(value, 0)``; NaN stays."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(signature.args[0].vector, None)
        return builder.select(builder.fcmp_ordered("<=", args[0], zero), zero, args[0])

    return FLOATS(FLOATS), lower


@intrinsic
def positive_bits(typing: Any, value: Any) -> Any:
    """One bit a lane, as an integer: whether it is above zero."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(signature.args[0].vector, None)
        return builder.bitcast(builder.fcmp_ordered(">", args[0], zero), ir.IntType(LANES))

    return types.uint16(FLOATS), lower


@intrinsic
def where_bits(typing: Any, bits: Any, value: Any) -> Any:
    """The lanes of `value` whose bit is set, zero in the others."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        chosen = builder.bitcast(args[0], ir.VectorType(ir.IntType(1), LANES))
        return builder.select(chosen, args[1], ir.Constant(signature.args[1].vector, None))

    return FLOATS(types.uint16, FLOATS), lower


@intrinsic
def where_equal(typing: Any, places: Any, here: Any, value: Any) -> Any:
    """The lanes of `value` where `places == here`, zero in the others."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        chosen = builder.icmp_signed("==", args[0], _splat(builder, args[1]))
        return builder.select(chosen, args[2], ir.Constant(signature.args[2].vector, None))

    return FLOATS(INTEGERS, types.int32, FLOATS), lower
