"""The compiled loops: the making of the seek index, and the pixels of a box from the nearest entries on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import compiled, get, inlined, pread
from .streams import STREAMS, decode_four, decode_stream, first_value, wrapped

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

_TILE, _ROW, _FIRST, _END, _LAST, _SKIP, _WANTED = range(7)
"""What is known of each stream that is decoded; see `_find`."""

_SHAPE = "UniTuple(int64, 9)"


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
def _index_tile(
    stream: Any, length: int, pixels: int, stride: int, block: int, pixel_bytes: int, scratch: Any, bits: Any, values: Any
) -> int:
    """Note the entries of one tile; the bits that are left over at its end, less than 0 where it is broken."""
    position, end, last = 8 * pixel_bytes, 8 * length, first_value(stream, pixel_bytes)
    for entry in range((pixels - 1) // stride + 1):
        bits[entry], values[entry] = position, last
        count = min(stride, pixels - entry * stride)
        position, last = decode_stream(stream.ctypes.data, position, end, last, count, block, pixel_bytes, scratch.ctypes.data)
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


@inlined
def _find(
    lengths: Any, shape: Any, bits: Any, values: Any, first_entry: int, x: int, y: int, size: int, count: int, streams: Any
) -> tuple[int, int]:
    """Find where to begin in each of ``count`` rows for ``size`` pixels of one column of tiles; the streams found, or 0, and a fault.

    ``streams`` has for each its tile, row, first bit, bit after the last that may count, pixel before, pixels to skip, and bytes to read.
    """
    width, height, tile_width, tile_height, tiles_across, stride, _, _, entries = shape
    tile_column = x // tile_width
    left = tile_column * tile_width
    this_width, found = min(tile_width, width - left), 0
    for row in range(count):
        tile_row = (y + row) // tile_height
        tile = tile_row * tiles_across + tile_column
        length = lengths[tile]
        if length == 0:
            continue
        pixels = this_width * min(tile_height, height - tile_row * tile_height)
        begin = (y + row - tile_row * tile_height) * this_width + (x - left)
        first, end, last, code = _stretch(length, begin, size, pixels, stride, bits, values, tile * entries - first_entry)
        if code != 0:
            return 0, 16 * tile - code
        wanted = (end + 7) // 8 - first // 8
        for column, value in enumerate((tile, row, first, end, last, begin % stride, wanted)):
            streams[column, found] = value
        found += 1
    return found, 0


@inlined
def _sizes(offsets: Any, found: int, streams: Any, window: Any) -> tuple[int, int]:
    """Tell the room, bytes, for what is to be read of streams that do not lie in the window, and for that of all."""
    lacking, whole = 0, 0
    for k in range(found):
        at, wanted = offsets[streams[_TILE, k]] + streams[_FIRST, k] // 8, streams[_WANTED, k]
        room = max(wanted, _WINDOW_BYTES)
        whole += room
        lacking += room if at < window[0] or at + wanted > window[1] else 0
    return lacking, whole


@inlined
def _fetch_all(descriptor: int, offsets: Any, lengths: Any, found: int, streams: Any, address: int, window: Any) -> int:
    """Read the bytes of streams to an address, and make their bits count from there; 0, or a fault.

    ``window`` is a part of the file that was read: its begin and end, where it lies behind the address, and the bytes that are taken there.
    """
    for k in range(found):
        tile, first, wanted = streams[_TILE, k], streams[_FIRST, k], streams[_WANTED, k]
        at = offsets[tile] + first // 8
        if at < window[0] or at + wanted > window[1]:
            got = _fetch_ahead(descriptor, address + window[3], wanted, at, lengths[tile])
            if got < 0:
                return 16 * int(tile) - int(got)
            window[0], window[1], window[2] = at, at + got, window[3]
            window[3] += got
        streams[_FIRST, k] = 8 * (window[2] + at - window[0]) + first % 8
        streams[_END, k] += streams[_FIRST, k] - first
    return 0


@inlined
def _copy(decoded: int, place: int, step: int, pixel_bytes: int, out: Any) -> None:
    """Put decoded pixels, every ``step``-th from a place on, where they belong."""
    if pixel_bytes == 4:
        for i in range(out.size):
            out[i] = get(decoded, place + step * i)
    else:
        for i in range(out.size):
            out[i] = wrapped(get(decoded, place + step * i), pixel_bytes)


@inlined
def _decode_all(base: int, found: int, streams: Any, size: int, block: int, pixel_bytes: int, scratch: int, out: Any) -> int:
    """Decode streams, four of them together where they begin alike, into their rows of ``out``; 0, or a fault."""
    skip, first, end, last = streams[_SKIP], streams[_FIRST], streams[_END], streams[_LAST]
    together = found == STREAMS and skip[0] == skip[1] == skip[2] == skip[3]
    if together and decode_four(base, first.copy(), end, last.copy(), skip[0] + size, block, pixel_bytes, scratch):
        for k in range(found):
            _copy(scratch, STREAMS * skip[k] + k, STREAMS, pixel_bytes, out[streams[_ROW, k]])
        return 0
    for k in range(found):
        reached, _ = decode_stream(base, first[k], end[k], last[k], skip[k] + size, block, pixel_bytes, scratch)
        if reached < 0:
            return 16 * int(streams[_TILE, k]) - CORRUPT
        _copy(scratch, skip[k], 1, pixel_bytes, out[streams[_ROW, k]])
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
    width, tile_width, stride, block, pixel_bytes = shape[0], shape[2], shape[5], shape[6], shape[7]
    rows, columns = out.shape
    slack = 8 * block + _SLACK_BYTES
    buffer = np.empty(STREAMS * _WINDOW_BYTES + slack, np.uint8)
    scratch = np.empty(STREAMS * (columns + stride), np.int32)
    streams, window = np.zeros((_WANTED + 1, STREAMS), np.int64), np.zeros(4, np.int64)
    for row in range(0, rows, STREAMS):
        count = min(STREAMS, rows - row)
        column = 0
        while column < columns:
            at = x + column
            size = min(columns - column, tile_width - at % tile_width, width - at)
            found, fault = _find(lengths, shape, bits, values, first_entry, at, y + row, size, count, streams)
            if fault != 0:
                return fault
            lacking, whole = _sizes(offsets, found, streams, window)
            if window[3] + lacking + slack > buffer.size:
                if whole + slack > buffer.size:
                    buffer = np.empty(2 * whole + slack, np.uint8)
                window[:] = 0
            fault = _fetch_all(descriptor, offsets, lengths, found, streams, buffer.ctypes.data, window)
            if fault == 0:
                part = out[row : row + count, column : column + size]
                fault = _decode_all(buffer.ctypes.data, found, streams, size, block, pixel_bytes, scratch.ctypes.data, part)
            if fault != 0:
                return fault
            column += size
    return 0
