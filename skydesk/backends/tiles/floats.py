"""Floats from quantised integers, in the order of operations that cfitsio has, so that every bit is the same; and checksums.

The random sequence: S. Park & K. Miller 1988, *Random number generators: good ones are hard to find*, as FITS standard 4.0, appendix I,
prescribes it. The dithering: section 10.2 there, after W. Pence, R. White & R. Seaman 2010, PASP 122, 1065.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import compiled, inlined

__all__ = ["random_sequence", "sum_words", "to_float32", "to_float64"]

_SEEDS = 10_000
_ZERO = -2147483646
"""Stands for exactly 0 where the dithering is SUBTRACTIVE_DITHER_2."""

_BOX = "int64, int64, int64, int64, int64, int64, int64"
_NUMBERS = "int64[::1], float64[::1], float64[::1], int64[::1], float32[::1]"


@cache
def random_sequence() -> NDArray[np.float32]:
    """The 10,000 random numbers of appendix I, from 0 to 1."""
    seed, found = 1, np.empty(_SEEDS, np.float32)
    for number in range(_SEEDS):
        seed = 16807 * seed % 2147483647
        found[number] = seed / 2147483647
    found.flags.writeable = True
    return found


@inlined
def _undither(whole: Any, random: Any, scale: Any, zero: Any, blank: int, zero_number: int, out: Any) -> None:
    """Convert neighbours of one tile: a loop without a jump, which the compiler makes into one of several pixels at a time."""
    for i in range(whole.size):
        value = whole[i]
        found: Any = (np.float64(value) - np.float64(random[i]) + 0.5) * scale + zero
        found = 0.0 if value == zero_number else found
        out[i] = np.nan if value == blank else found


@inlined
def _convert(
    whole: Any,
    x: int,
    y: int,
    width: int,
    tile_width: int,
    tile_height: int,
    dither: int,
    seed: int,
    lengths: Any,
    scales: Any,
    zeros: Any,
    blanks: Any,
    random: Any,
    out: Any,
) -> None:
    rows, columns = whole.shape
    tiles_across = (width - 1) // tile_width + 1
    for row in range(rows):
        tile_row = (y + row) // tile_height
        column = 0
        while column < columns:
            tile_column = (x + column) // tile_width
            tile = tile_row * tiles_across + tile_column
            left = tile_column * tile_width
            this_width = min(tile_width, width - left)
            size = min(columns - column, left + this_width - (x + column))
            if lengths[tile] > 0:
                scale, zero, blank = scales[tile], zeros[tile], blanks[tile]
                if dither == 0:
                    for i in range(column, column + size):
                        value = np.int64(whole[row, i])
                        out[row, i] = np.nan if value == blank else value * scale + zero
                else:
                    zero_number = _ZERO if dither == 2 else blank
                    start = (tile + seed - 1) % _SEEDS
                    at = (y + row - tile_row * tile_height) * this_width + (x + column - left) + int(random[start] * np.float32(500))
                    while at >= _SEEDS:
                        start = (start + 1) % _SEEDS
                        at += int(random[start] * np.float32(500)) - _SEEDS
                    first = column
                    while first < column + size:
                        count = min(column + size - first, _SEEDS - at)
                        numbers, pixels = whole[row, first : first + count], out[row, first : first + count]
                        _undither(numbers, random[at : at + count], scale, zero, blank, zero_number, pixels)
                        first += count
                        start = (start + 1) % _SEEDS
                        at = int(random[start] * np.float32(500))
            column += size


@compiled(f"void(int32[:, ::1], {_BOX}, {_NUMBERS}, float32[:, ::1])")
def to_float32(
    whole: NDArray[np.int32],
    x: int,
    y: int,
    width: int,
    tile_width: int,
    tile_height: int,
    dither: int,
    seed: int,
    lengths: NDArray[np.int64],
    scales: NDArray[np.float64],
    zeros: NDArray[np.float64],
    blanks: NDArray[np.int64],
    random: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Make the floats of a box of which ``whole`` holds the integers; tiles of length 0 are left as they are."""
    _convert(whole, x, y, width, tile_width, tile_height, dither, seed, lengths, scales, zeros, blanks, random, out)


@compiled(f"void(int32[:, ::1], {_BOX}, {_NUMBERS}, float64[:, ::1])")
def to_float64(
    whole: NDArray[np.int32],
    x: int,
    y: int,
    width: int,
    tile_width: int,
    tile_height: int,
    dither: int,
    seed: int,
    lengths: NDArray[np.int64],
    scales: NDArray[np.float64],
    zeros: NDArray[np.float64],
    blanks: NDArray[np.int64],
    random: NDArray[np.float32],
    out: NDArray[np.float64],
) -> None:
    """As `to_float32`, for images of 64 bits."""
    _convert(whole, x, y, width, tile_width, tile_height, dither, seed, lengths, scales, zeros, blanks, random, out)


@compiled("uint64(uint32[::1])")
def sum_words(words: NDArray[np.uint32]) -> np.uint64:
    """Add up 32-bit words whose bytes are in the order of FITS, with 64 bits."""
    total = np.uint64(0)
    for i in range(words.size):
        word = words[i]
        total += np.uint64((word >> 24) | ((word >> 8) & 0xFF00) | ((word << 8) & 0xFF0000) | ((word & 0xFF) << 24))
    return total
