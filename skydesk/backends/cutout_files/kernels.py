"""Loops over pixels that make the lines of a PNG: stretch, clip to 8 bits, turn upside down and put each line's filter byte, in one pass.

Filter 0 (none) is taken throughout: sky noise makes the other filters' output larger, not smaller.
"""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["ASINH_TABLE", "GAMMA_STEPS", "grey_lines", "lupton_lines", "table_lines"]

_SHIFT = 17
"""Bits of a float32's 23-bit fraction that lie between two entries of `ASINH_TABLE`."""

_LEAST, _MOST = 2.0**-12, 2.0**24
_FIRST = int(np.array(_LEAST, np.float32).view(np.int32)) >> _SHIFT
_LAST = int(np.array(_MOST, np.float32).view(np.int32)) >> _SHIFT
_FRACTION_MASK, _FRACTION_STEP = (1 << _SHIFT) - 1, np.float32(1 / (1 << _SHIFT))

GAMMA_STEPS = 4095
"""Largest place in the tables of `table_lines`."""


def _asinh_table() -> NDArray[np.float32]:
    at = (np.arange(_FIRST, _LAST + 2, dtype=np.int64) << _SHIFT).astype(np.int32).view(np.float32).astype(np.float64)
    return np.asarray(np.arcsinh(at) / at, np.float32)


ASINH_TABLE = _asinh_table()
"""asinh(x) / x at 64 places between each two powers of 2; a straight line between two entries is right to 3e-5."""


def _lupton_lines(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    blue: NDArray[np.float32],
    minimum: Any,
    soften: Any,
    scale: Any,
    table: NDArray[np.float32],
    lines: NDArray[np.uint8],
) -> None:
    height, width = red.shape
    zero, white = np.float32(0), np.float32(255)
    third = soften / np.float32(3)
    for y in range(height):
        line = lines[height - 1 - y]
        line[0] = 0
        for x in range(width):
            r, g, b = red[y, x] - minimum, green[y, x] - minimum, blue[y, x] - minimum
            light = np.float32((r + g + b) * third)
            at = 1 + 3 * x
            if not (light > zero and light < np.inf):
                line[at] = line[at + 1] = line[at + 2] = 0
                continue
            bits = np.float32(light).view(np.int32)
            place = (bits >> _SHIFT) - _FIRST
            if place < 0:
                factor = scale
            elif place >= _LAST - _FIRST:
                factor = np.float32(math.asinh(light) / light) * scale
            else:
                below = table[place]
                factor = (below + (table[place + 1] - below) * (np.float32(bits & _FRACTION_MASK) * _FRACTION_STEP)) * scale
            r, g, b = max(r * factor, zero), max(g * factor, zero), max(b * factor, zero)
            brightest = max(r, g, b)
            if brightest > white:
                dim = white / brightest
                r, g, b = r * dim, g * dim, b * dim
            line[at], line[at + 1], line[at + 2] = int(r), int(g), int(b)


def _table_lines(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    blue: NDArray[np.float32],
    levels: NDArray[np.float32],
    table: NDArray[np.uint8],
    lines: NDArray[np.uint8],
) -> None:
    height, width = red.shape
    zero, one, steps, half = np.float32(0), np.float32(1), np.float32(GAMMA_STEPS), np.float32(0.5)
    third = np.float32(1 / 3)
    for y in range(height):
        line = lines[height - 1 - y]
        line[0] = 0
        for x in range(width):
            r = (red[y, x] - levels[0, 0]) * levels[0, 1]
            g = (green[y, x] - levels[1, 0]) * levels[1, 1]
            b = (blue[y, x] - levels[2, 0]) * levels[2, 1]
            at = 1 + 3 * x
            if math.isfinite(r + g + b) and max(r, g, b) > zero:
                lift = (min(r, zero) + min(g, zero) + min(b, zero)) * third
                line[at] = table[int(math.sqrt(min(max(r - lift, zero), one)) * steps + half)]
                line[at + 1] = table[int(math.sqrt(min(max(g - lift, zero), one)) * steps + half)]
                line[at + 2] = table[int(math.sqrt(min(max(b - lift, zero), one)) * steps + half)]
            else:
                line[at] = line[at + 1] = line[at + 2] = 0


def _grey_lines(image: NDArray[np.float32], black: Any, scale: Any, table: NDArray[np.uint8], lines: NDArray[np.uint8]) -> None:
    height, width = image.shape
    zero, one, steps, half = np.float32(0), np.float32(1), np.float32(GAMMA_STEPS), np.float32(0.5)
    for y in range(height):
        line = lines[height - 1 - y]
        line[0] = 0
        for x in range(width):
            value = (image[y, x] - black) * scale
            if math.isfinite(value):
                line[1 + x] = table[int(math.sqrt(min(max(value, zero), one)) * steps + half)]
            else:
                line[1 + x] = 0


_compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
lupton_lines = _compiled(_lupton_lines)
table_lines = _compiled(_table_lines)
grey_lines = _compiled(_grey_lines)
