"""What the decoder needs of the machine: bits of a byte string, and reading a file, both without Python."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

__all__ = ["compiled", "inlined", "leading_zeros", "peek", "pread", "take"]

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


leading_zeros: Any = intrinsic(_leading_zeros)
"""``leading_zeros(bits)``: zeros before the first one of 64 bits, as int64; 64 where there is none."""

peek: Any = intrinsic(_peek)
"""``peek(address, position)``: the bits from a position on, first bit highest. Eight bytes are read, of which 57 bits at least are good."""

take: Any = intrinsic(_take)
"""``take(bits, skip, count)``: ``count`` bits, 0 to 32, after the first ``skip``, 0 to 63, as int64."""
