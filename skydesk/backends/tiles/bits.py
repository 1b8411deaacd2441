"""What the decoder needs of the machine: bits of a byte string, and reading a file, both without Python."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic

__all__ = ["compiled", "get", "inlined", "leading_zeros", "peek", "pread", "put", "put_four", "raw_code", "shifted", "sum_four", "take"]

_FOUR, _FOUR_WIDE = ir.VectorType(ir.IntType(32), 4), ir.VectorType(ir.IntType(64), 4)

cgutils: Any = untyped_cgutils

Function = TypeVar("Function", bound=Callable[..., Any])

pread: Any = types.ExternalFunction("pread", types.int64(types.int32, types.intp, types.int64, types.int64))
"""``pread(descriptor, address, size, offset)`` of the C library: bytes read, or -1."""


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile for one signature, keep the machine code on disk where that can be, and release the GIL while it runs.

    One signature a function: numba numbers what it keeps, and two processes that compile two signatures at once may mix them up.
    A cache that cannot be written or read is done without.
    """

    def decorated(function: Function) -> Function:
        try:
            found: Any = numba.njit(signature, nogil=True, cache=True)(function)
        except Exception:  # whatever is wrong with the cache; what is wrong with the function is raised again below
            found = numba.njit(signature, nogil=True)(function)
        return cast(Function, found)

    return decorated


def inlined(function: Function) -> Function:
    """Compile as a part of whatever compiled function calls it."""
    return cast(Function, numba.njit(function))


def _leading_zeros(_context: Any, _bits: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), code


def _peek(_context: Any, _address: Any, _position: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        base, at = arguments
        wide = ir.IntType(64)
        place = builder.add(base, builder.lshr(at, ir.Constant(wide, 3)))
        word = builder.load(builder.inttoptr(place, wide.as_pointer()), align=1)
        return builder.shl(builder.bswap(word), builder.and_(at, ir.Constant(wide, 7)))

    return types.uint64(types.int64, types.int64), code


def _take(_context: Any, _bits: Any, _skip: Any, _count: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        word, before, number = arguments
        wide = ir.IntType(64)
        half = builder.lshr(builder.shl(word, before), ir.Constant(wide, 1))
        return builder.lshr(half, builder.sub(ir.Constant(wide, 63), number))

    return types.int64(types.uint64, types.int64, types.int64), code


def _raw_code(_context: Any, _bits: Any, _zeros: Any, _low_bits: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        word, zeros, low = arguments
        wide = ir.IntType(64)
        back = builder.and_(builder.sub(ir.Constant(wide, 63), builder.add(low, zeros)), ir.Constant(wide, 63))
        return builder.add(builder.lshr(word, back), builder.shl(zeros, builder.and_(low, ir.Constant(wide, 63))))

    return types.int64(types.uint64, types.int64, types.int64), code


def _shifted(_context: Any, _bits: Any, _count: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.shl(arguments[0], builder.and_(arguments[1], ir.Constant(ir.IntType(64), 63)))

    return types.uint64(types.uint64, types.int64), code


def _put(_context: Any, _address: Any, _place: Any, _value: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        narrow = ir.IntType(32)
        builder.store(builder.trunc(arguments[2], narrow), _item(builder, arguments[0], arguments[1], narrow), align=4)

    return types.void(types.int64, types.int64, types.int64), code


def _put_four(_context: Any, _address: Any, _place: Any, _source: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        lasts = builder.load(builder.inttoptr(arguments[2], _FOUR_WIDE.as_pointer()), align=8)
        _store_four(builder, builder.trunc(lasts, _FOUR), arguments[0], arguments[1])

    return types.void(types.int64, types.int64, types.int64), code


def _sum_four(_context: Any, _address: Any, _begin: Any, _after: Any, _excess: Any, _sums: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        address, begin, after, excess_at, sums_at = arguments
        sums_place, one = builder.inttoptr(sums_at, _FOUR_WIDE.as_pointer()), ir.Constant(_FOUR, [1] * 4)
        excess = builder.trunc(builder.load(builder.inttoptr(excess_at, _FOUR_WIDE.as_pointer()), align=8), _FOUR)
        sums = cgutils.alloca_once_value(builder, builder.trunc(builder.load(sums_place, align=8), _FOUR))
        with cgutils.for_range_slice(builder, begin, after, ir.Constant(ir.IntType(64), 1), ir.IntType(64)) as (place, _count):
            item = _item(builder, address, builder.shl(place, ir.Constant(ir.IntType(64), 2)), _FOUR)
            codes = builder.sub(builder.load(item, align=4), excess)
            differences = builder.xor(builder.lshr(codes, one), builder.neg(builder.and_(codes, one)))
            builder.store(builder.add(builder.load(sums), differences), sums)
            builder.store(builder.load(sums), item, align=4)
        builder.store(builder.sext(builder.load(sums), _FOUR_WIDE), sums_place, align=8)

    return types.void(types.int64, types.int64, types.int64, types.int64, types.int64), code


def _get(_context: Any, _address: Any, _place: Any) -> Any:
    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        wide, narrow = ir.IntType(64), ir.IntType(32)
        return builder.sext(builder.load(_item(builder, arguments[0], arguments[1], narrow), align=4), wide)

    return types.int64(types.int64, types.int64), code


def _store_four(builder: Any, values: Any, address: Any, place: Any) -> None:
    builder.store(values, _item(builder, address, place, _FOUR), align=4)


def _item(builder: Any, address: Any, place: Any, kind: Any) -> Any:
    """A pointer to the 32-bit item of a number."""
    at = builder.add(address, builder.shl(place, ir.Constant(ir.IntType(64), 2)))
    return builder.inttoptr(at, kind.as_pointer())


leading_zeros: Any = intrinsic(_leading_zeros)
"""``leading_zeros(bits)``: zeros before the first one of 64 bits, as int64; 64 where there is none."""

peek: Any = intrinsic(_peek)
"""``peek(address, position)``: the bits from a position on, first bit highest. Eight bytes are read, of which 57 bits at least are good."""

raw_code: Any = intrinsic(_raw_code)
"""``raw_code(bits, zeros, low_bits)``: what a code of RICE - ``zeros`` zeros, a one, and ``low_bits`` bits - stands for, and
``1 << low_bits`` more, for the one is taken with the bits behind it. Sizes of more than 64 bits together give nonsense.
"""

get: Any = intrinsic(_get)
"""``get(address, place)``: the number at the place of an array of 32-bit numbers."""

put: Any = intrinsic(_put)
"""``put(address, place, value)``: store the lowest 32 bits of a value at the place of an array of 32-bit numbers."""

put_four: Any = intrinsic(_put_four)
"""``put_four(address, place, source)``: store four of them, from the address of four numbers of 64 bits."""

sum_four: Any = intrinsic(_sum_four)
"""``sum_four(address, begin, after, excess, sums)``: turn raw codes of four streams into pixels, from ``begin`` to before ``after``.

At the address the four take turns. ``excess`` and ``sums`` are addresses of four 64-bit numbers: what the codes of each have too much, and
its last pixel, which is moved on.
"""

shifted: Any = intrinsic(_shifted)
"""``shifted(bits, count)``: the bits behind the first ``count``, 0 to 63."""

take: Any = intrinsic(_take)
"""``take(bits, skip, count)``: ``count`` bits, 0 to 32, after the first ``skip``, 0 to 63, as int64."""
