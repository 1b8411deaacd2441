"""The compiled loops: the making of the seek index, and RICE_1 from any 128th pixel on.

RICE_1: R. Rice, P.-S. Yeh & W. Miller 1993, AIAA-93-4541-CP; as FITS has it: FITS standard 4.0, section 10.4.1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import compiled, inlined, leading_zeros, peek, pread, take

__all__ = ["CORRUPT", "LOST", "SHORT", "STALE", "build_index", "decode_box"]

CORRUPT, SHORT, LOST, STALE = -1, -2, -3, -4
"""A stream is broken; the file ends too early; the disk does not answer; the index does not belong to the file."""

_BAD_TILE = 0xFFFFFFFF
"""Stands in the index for every bit offset of a tile whose stream is broken."""

_SLACK_BYTES = 16
_UNUSED_BYTES = 8
"""Bytes left over at the end of a stream that tell a broken one; cfitsio leaves none."""

_SHORT_BYTES = 2048
"""A stream of no more bytes is read together with those behind it."""

_WINDOW_BYTES = 16384

_LONG_RUN = 24
"""Zeros that leave room for a one and 25 more bits in what `peek` gives."""

_GOOD_BITS = 57
"""Bits that `peek` gives from any position on."""


_SHAPE = "UniTuple(int64, 9)"


@inlined
def _decode(address: int, position: int, end: int, last: int, count: int, block: int, pixel_bytes: int, out: Any) -> tuple[int, int]:
    """Decode the next ``count`` pixels into ``out``; the new position, or -1, and the last value.

    No bit after ``end`` counts; up to ``8 * block + 16`` bytes after it are looked at.
    """
    mode_bits, raw_mode = 5, 25
    if pixel_bytes == 2:
        mode_bits, raw_mode = 4, 14
    elif pixel_bytes == 1:
        mode_bits, raw_mode = 3, 6
    done = 0
    while done < count:
        after = min(done + block, count)
        mode = take(peek(address, position), 0, mode_bits) - 1
        position += mode_bits
        if mode < 0:
            for i in range(done, after):
                out[i] = last
        elif mode == raw_mode:
            position, last = _raw_block(address, position, last, 8 * pixel_bytes, out, done, after)
        elif mode < raw_mode:
            position, last = _coded_block(address, position, end, last, mode, out, done, after)
        else:
            position = -1
        if position > end or position < 0:
            return -1, 0
        done = after
    return position, last


@inlined
def _raw_block(address: int, position: int, last: int, bits_each: int, out: Any, begin: int, after: int) -> tuple[int, int]:
    """Decode differences that are kept as they are."""
    for i in range(begin, after):
        value = take(peek(address, position), 0, bits_each)
        position += bits_each
        last += (value >> 1) ^ -(value & 1)
        out[i] = last
    return position, last


@inlined
def _coded_block(address: int, position: int, end: int, last: int, low_bits: int, out: Any, begin: int, after: int) -> tuple[int, int]:
    """Decode differences whose upper part is a run of zeros and a one, and whose ``low_bits`` follow; -1 for a run past ``end``.

    Several come from what one `peek` gives: ``used`` of its bits are gone, and those that are left stand highest.
    """
    bits, used = peek(address, position), 0
    for i in range(begin, after):
        zeros = leading_zeros(bits)
        size = zeros + 1 + low_bits
        if used + size > _GOOD_BITS or zeros > _LONG_RUN:
            position += used
            bits, used = peek(address, position), 0
            zeros = leading_zeros(bits)
            size = zeros + 1 + low_bits
        if zeros > _LONG_RUN:
            run = 0
            while leading_zeros(bits) >= 32:
                run += 32
                if position + run > end:
                    return -1, 0
                bits = peek(address, position + run)
            zeros = run + leading_zeros(bits)
            value = (zeros << low_bits) | take(peek(address, position + zeros + 1), 0, low_bits)
            position += zeros + 1 + low_bits
            bits = peek(address, position)
        else:
            value = (zeros << low_bits) | take(bits, zeros + 1, low_bits)
            bits <<= np.uint64(size)
            used += size
        value &= 0xFFFFFFFF
        last += (value >> 1) ^ -(value & 1)
        out[i] = last
    return position + used, last


@inlined
def _fetch(descriptor: int, address: int, size: int, offset: int) -> int:
    """Read bytes of the file to an address; 0, `SHORT` or `LOST`. Network disks may give them in pieces."""
    done = 0
    while done < size:
        got = pread(descriptor, address + done, size - done, offset + done)
        if got <= 0:
            return LOST if got < 0 else SHORT
        done += got
    return 0


@inlined
def _fetch_ahead(descriptor: int, address: int, size: int, offset: int, length: int) -> int:
    """Read bytes of the file to an address, and where streams are short, those of the next tiles with them; their number, or a code.

    Most of the time of a short read goes into asking for it: as much as for some thousand bytes.
    """
    if length <= _SHORT_BYTES:
        got: int = pread(descriptor, address, max(size, _WINDOW_BYTES), offset)
        if got >= size:
            return got
    code = _fetch(descriptor, address, size, offset)
    return size if code == 0 else code


@inlined
def _first_value(stream: Any, pixel_bytes: int) -> Any:
    value: Any = 0
    for i in range(pixel_bytes):
        value = (value << 8) | np.int64(stream[i])
    return value


@inlined
def _wrap(values: Any, begin: int, end: int, pixel_bytes: int) -> None:
    """Cut values to what the stream's pixels hold: 16 bits with a sign, or 8 without."""
    if pixel_bytes == 2:
        for i in range(begin, end):
            values[i] = ((values[i] + 0x8000) & 0xFFFF) - 0x8000
    elif pixel_bytes == 1:
        for i in range(begin, end):
            values[i] &= 0xFF


@inlined
def _index_tile(
    stream: Any, length: int, pixels: int, stride: int, block: int, pixel_bytes: int, scratch: Any, bits: Any, values: Any
) -> int:
    """Note the entries of one tile; the bits that are left over at its end, less than 0 where it is broken."""
    position, end, last = 8 * pixel_bytes, 8 * length, _first_value(stream, pixel_bytes)
    for entry in range((pixels - 1) // stride + 1):
        bits[entry], values[entry] = position, last
        count = min(stride, pixels - entry * stride)
        position, last = _decode(stream.ctypes.data, position, end, last, count, block, pixel_bytes, scratch)
        if position < 0:
            return -1
    return end - position


@inlined
def _stretch(length: int, begin: int, size: int, pixels: int, stride: int, bits: Any, values: Any, base: int) -> tuple[Any, Any, Any, int]:
    """Find where to begin for the pixels of a tile: the first bit, the bit after the last that may count, the value before, and a code."""
    first, after = begin // stride, (begin + size - 1) // stride + 1
    to_end = after * stride >= pixels
    if length < 0:
        return 0, 0, 0, CORRUPT
    if base + first < 0 or base + after + (0 if to_end else 1) > bits.size:
        return 0, 0, 0, STALE
    if bits[base + first] == _BAD_TILE:
        return 0, 0, 0, CORRUPT
    begin_bit = np.int64(bits[base + first])
    end_bit = 8 * length if to_end else np.int64(bits[base + after])
    if begin_bit > end_bit or end_bit > 8 * length:
        return 0, 0, 0, STALE
    return begin_bit, end_bit, np.int64(values[base + first]), 0


@compiled(f"int64(int32, int64[::1], int64[::1], {_SHAPE}, int64, int64, uint32[::1], int32[::1])")
def build_index(
    descriptor: int,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    shape: tuple[int, ...],
    first_tile: int,
    after_tile: int,
    bits: NDArray[np.uint32],
    values: NDArray[np.int32],
) -> int:
    """Decode the streams of some tiles; note the bit offset and the pixel before at each ``stride``-th pixel. 0, `SHORT` or `LOST`.

    ``bits`` and ``values`` hold the index of the whole plane; entries of other tiles stay as they are.
    ``shape`` is width, height, tile width and height, tiles across, stride, block, bytes of a pixel, and entries a tile.
    """
    width, height, tile_width, tile_height, tiles_across, stride, block, pixel_bytes, entries = shape
    stream = np.empty(max(lengths[first_tile:after_tile].max(), 0) + 8 * block + _SLACK_BYTES, np.uint8)
    scratch = np.empty(stride, np.int32)
    bits[first_tile * entries : after_tile * entries] = _BAD_TILE
    values[first_tile * entries : after_tile * entries] = 0
    for tile in range(first_tile, after_tile):
        length = lengths[tile]
        if length <= pixel_bytes:
            continue
        code = _fetch(descriptor, stream.ctypes.data, length, offsets[tile])
        if code != 0:
            return code
        pixels = min(tile_width, width - tile % tiles_across * tile_width) * min(tile_height, height - tile // tiles_across * tile_height)
        base = tile * entries
        left = _index_tile(stream, length, pixels, stride, block, pixel_bytes, scratch, bits[base:], values[base:])
        if left < 0 or left >= 8 * _UNUSED_BYTES:
            bits[base : base + entries] = _BAD_TILE
    return 0


@compiled(f"int64(int32, int64[::1], int64[::1], {_SHAPE}, uint32[::1], int32[::1], int64, int64, int64, int32[:, ::1])")
def decode_box(
    descriptor: int,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    shape: tuple[int, ...],
    bits: NDArray[np.uint32],
    values: NDArray[np.int32],
    first_entry: int,
    x: int,
    y: int,
    out: NDArray[np.int32],
) -> int:
    """Decode the integers of a box that lies inside the image; tiles of length 0 are left as they are.

    ``bits`` and ``values`` hold the index from ``first_entry`` on, ``shape`` is as `build_index` has it. 0, or 16 times the number of
    the tile that is at fault, less one of the negative codes.
    """
    width, height, tile_width, tile_height, tiles_across, stride, block, pixel_bytes, entries = shape
    rows, columns = out.shape
    stream = np.empty(_WINDOW_BYTES + 8 * block + _SLACK_BYTES, np.uint8)
    scratch = np.empty(columns + stride, np.int32)
    window_begin, window_end = np.int64(0), np.int64(0)
    for row in range(rows):
        tile_row = (y + row) // tile_height
        column = 0
        while column < columns:
            tile_column = (x + column) // tile_width
            tile = tile_row * tiles_across + tile_column
            left = tile_column * tile_width
            this_width, this_height = min(tile_width, width - left), min(tile_height, height - tile_row * tile_height)
            size = min(columns - column, left + this_width - (x + column))
            begin = (y + row - tile_row * tile_height) * this_width + (x + column - left)
            if lengths[tile] != 0:
                begin_bit, end_bit, last, code = _stretch(
                    lengths[tile], begin, size, this_width * this_height, stride, bits, values, tile * entries - first_entry
                )
                if code != 0:
                    return 16 * tile - code
                skip, wanted = begin % stride, (end_bit + 7) // 8 - begin_bit // 8
                at = offsets[tile] + begin_bit // 8
                if at < window_begin or at + wanted > window_end:
                    if stream.size < wanted + 8 * block + _SLACK_BYTES:
                        stream = np.empty(2 * wanted + 8 * block + _SLACK_BYTES, np.uint8)
                    got = _fetch_ahead(descriptor, stream.ctypes.data, wanted, at, lengths[tile])
                    if got < 0:
                        return 16 * tile - got
                    window_begin, window_end = at, at + got
                address, begun = stream.ctypes.data + at - window_begin, begin_bit % 8
                ended = end_bit - begin_bit + begun
                position, _ = _decode(address, begun, ended, last, skip + size, block, pixel_bytes, scratch)
                if position < 0:
                    return 16 * tile - CORRUPT
                _wrap(scratch, skip, skip + size, pixel_bytes)
                for i in range(size):
                    out[row, column + i] = scratch[skip + i]
            column += size
    return 0
