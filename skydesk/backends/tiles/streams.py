"""RICE_1 from any 128th pixel on: one stream alone, and four side by side.

R. Rice, P.-S. Yeh & W. Miller 1993, AIAA-93-4541-CP; as FITS has it: FITS standard 4.0, section 10.4.1.

Where a pixel begins is known when the zeros of the one before are counted, so that a processor that follows one stream does little but
wait for itself. The rows of an image are streams of their own: four of them are followed by turns, a pixel of each.
"""

from typing import Any

import numpy as np

from .bits import inlined, leading_zeros, peek, put, put_four, raw_code, shifted, sum_four, take

__all__ = ["STREAMS", "decode_four", "decode_stream", "first_value", "wrapped"]

STREAMS = 4
"""Streams that `decode_four` follows."""

_LONG_RUN = 24
"""Zeros that leave room for a one and 25 more bits in what `peek` gives."""

_GOOD_BITS = 57
"""Bits that `peek` gives from any position on."""

_MOST_LOW_BITS, _WIDE_RUN = 12, 16
"""Two codes of fewer zeros, a power of 2, and no more bits below fit what `peek` gives."""


@inlined
def decode_stream(base: int, position: int, end: int, last: int, count: int, block: int, pixel_bytes: int, out: int) -> tuple[int, int]:
    """Decode the next ``count`` pixels to the address ``out``; the new position, or -1, and the last value.

    No bit after ``end`` counts; up to ``8 * block + 16`` bytes after it are looked at.
    """
    mode_bits, raw_mode = _modes(pixel_bytes)
    done = 0
    while done < count:
        after = min(done + block, count)
        position, last = _block(base, position, end, last, mode_bits, raw_mode, out, 1, done, after)
        if position < 0:
            return -1, 0
        done = after
    return position, last


@inlined
def decode_four(base: int, positions: Any, ends: Any, lasts: Any, count: int, block: int, pixel_bytes: int, out: int) -> bool:
    """Decode the next ``count`` pixels of four streams to the address ``out``, a pixel of each by turns; False where one is broken.

    Blocks end at the same pixels in all of them. What `decode_stream` says of bytes after the end holds for each.
    """
    mode_bits, raw_mode = _modes(pixel_bytes)
    low, excess = np.empty((2, 4), np.int64)
    done = 0
    while done < count:
        after = min(done + block, count)
        least, most = np.int64(raw_mode), np.int64(-1)
        for k in range(4):
            low[k] = take(peek(base, positions[k]), 0, mode_bits) - 1
            least, most = min(least, low[k]), max(most, low[k])
        if most < 0:
            for i in range(4 * done, 4 * after, 4):
                put_four(out, i, lasts.ctypes.data)
            for k in range(4):
                positions[k] += mode_bits
        elif least >= 0 and most <= min(_MOST_LOW_BITS, raw_mode - 1):
            for k in range(4):
                positions[k] += mode_bits
                excess[k] = 1 << low[k]
            if not _four_blocks(base, positions, ends, low, out, done, after):
                return False
            sum_four(out, done, after, excess.ctypes.data, lasts.ctypes.data)
        else:
            for k in range(4):
                positions[k], lasts[k] = _block(base, positions[k], ends[k], lasts[k], mode_bits, raw_mode, out + 4 * k, 4, done, after)
        for k in range(4):
            if not 0 <= positions[k] <= ends[k]:
                return False
        done = after
    return True


@inlined
def _four_blocks(base: int, positions: Any, ends: Any, low: Any, out: int, begin: int, after: int) -> bool:
    """Read the codes of a coded block of four streams, two of each at a time."""
    p0, p1, p2, p3 = positions[0], positions[1], positions[2], positions[3]
    m0, m1, m2, m3 = low[0], low[1], low[2], low[3]
    for i in range(4 * begin, 4 * after - 4, 8):
        q0, z0 = _next_two(base, p0, m0, out, i)
        q1, z1 = _next_two(base, p1, m1, out, i + 1)
        q2, z2 = _next_two(base, p2, m2, out, i + 2)
        q3, z3 = _next_two(base, p3, m3, out, i + 3)
        if (z0 | z1 | z2 | z3) >= _WIDE_RUN:
            positions[0], positions[1], positions[2], positions[3] = p0, p1, p2, p3
            if not _any_codes(base, positions, ends, low, out, i) or not _any_codes(base, positions, ends, low, out, i + 4):
                return False
            q0, q1, q2, q3 = positions[0], positions[1], positions[2], positions[3]
        p0, p1, p2, p3 = q0, q1, q2, q3
    positions[0], positions[1], positions[2], positions[3] = p0, p1, p2, p3
    return (after - begin) % 2 == 0 or _any_codes(base, positions, ends, low, out, 4 * after - 4)


@inlined
def _next_two(base: int, position: int, low_bits: int, out: int, place: int) -> tuple[int, int]:
    """Read two codes: the position after them, and of their zeros less than `_WIDE_RUN` where both fitted one `peek`."""
    bits = peek(base, position)
    zeros = leading_zeros(bits)
    size = zeros + 1 + low_bits
    put(out, place, raw_code(bits, zeros, low_bits))
    bits = shifted(bits, size)
    more = leading_zeros(bits)
    put(out, place + 4, raw_code(bits, more, low_bits))
    return position + size + more + 1 + low_bits, zeros | more


@inlined
def _any_codes(base: int, positions: Any, ends: Any, low: Any, out: int, place: int) -> bool:
    """Read a code of each of four streams, however long its run of zeros; False for one past the end."""
    for k in range(4):
        positions[k], code = _any_code(base, positions[k], ends[k], low[k])
        if positions[k] < 0:
            return False
        put(out, place + k, code + (1 << low[k]))
    return True


@inlined
def _any_code(base: int, position: int, end: int, low_bits: int) -> tuple[int, int]:
    """Read a code: the position after it, -1 for a run of zeros past ``end``, and what it stands for, whose lowest 32 bits count."""
    bits, run = peek(base, position), 0
    while leading_zeros(bits) >= 32:
        run += 32
        if position + run > end:
            return -1, 0
        bits = peek(base, position + run)
    zeros = run + leading_zeros(bits)
    return position + zeros + 1 + low_bits, (zeros << low_bits) | take(peek(base, position + zeros + 1), 0, low_bits)


@inlined
def _modes(pixel_bytes: int) -> tuple[int, int]:
    """Bits of a block's mode, and the mode in which differences are kept as they are."""
    if pixel_bytes == 4:
        return 5, 25
    return (4, 14) if pixel_bytes == 2 else (3, 6)


@inlined
def _block(
    base: int, position: int, end: int, last: int, mode_bits: int, raw_mode: int, out: int, step: int, begin: int, after: int
) -> tuple[int, int]:
    """Decode one block, or the beginning of it, to every ``step``-th place; the new position, -1 for a broken one, and the last value."""
    mode = take(peek(base, position), 0, mode_bits) - 1
    position += mode_bits
    if mode < 0:
        for i in range(begin, after):
            put(out, step * i, last)
    elif mode == raw_mode:
        bits_each = 8 if mode_bits == 3 else 16 if mode_bits == 4 else 32
        for i in range(begin, after):
            last += _difference(take(peek(base, position), 0, bits_each))
            position += bits_each
            put(out, step * i, last)
    elif mode < raw_mode:
        position, last = _coded_block(base, position, end, last, mode, out, step, begin, after)
    else:
        position = -1
    return (position, last) if 0 <= position <= end else (-1, 0)


@inlined
def _coded_block(
    base: int, position: int, end: int, last: int, low_bits: int, out: int, step: int, begin: int, after: int
) -> tuple[int, int]:
    """Decode differences whose upper part is a run of zeros and a one, and whose ``low_bits`` follow; -1 for a run past ``end``.

    Several come from what one `peek` gives: ``used`` of its bits are gone, and those that are left stand highest.
    """
    bits, used = peek(base, position), 0
    for i in range(begin, after):
        zeros = leading_zeros(bits)
        size = zeros + 1 + low_bits
        if used + size > _GOOD_BITS or zeros > _LONG_RUN:
            position += used
            bits, used = peek(base, position), 0
            zeros = leading_zeros(bits)
            size = zeros + 1 + low_bits
        if zeros > _LONG_RUN:
            position, code = _any_code(base, position, end, low_bits)
            if position < 0:
                return -1, 0
            bits = peek(base, position)
        else:
            code = raw_code(bits, zeros, low_bits) - (1 << low_bits)
            bits = shifted(bits, size)
            used += size
        last += _difference(code & 0xFFFFFFFF)
        put(out, step * i, last)
    return position + used, last


@inlined
def _difference(code: int) -> int:
    return (code >> 1) ^ -(code & 1)


@inlined
def first_value(stream: Any, pixel_bytes: int) -> Any:
    """Give the pixel that a stream begins with, as it stands there."""
    value: Any = 0
    for i in range(pixel_bytes):
        value = (value << 8) | np.int64(stream[i])
    return value


@inlined
def wrapped(value: int, pixel_bytes: int) -> int:
    """Cut a value to what the stream's pixels hold: 16 bits with a sign, or 8 without."""
    if pixel_bytes == 2:
        return ((value + 0x8000) & 0xFFFF) - 0x8000
    return value & 0xFF if pixel_bytes == 1 else value
