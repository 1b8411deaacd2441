"""PNG files, deflated by ISA-L."""

import struct

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

__all__ = ["empty_lines", "png_file"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
_LEVEL = 1


def empty_lines(shape: tuple[int, ...], channels: int) -> NDArray[np.uint8]:
    """Make room for a picture's lines: a filter byte and the pixels of each, shape (height, 1 + width channels)."""
    height, width = shape
    return np.empty((height, 1 + width * channels), np.uint8)


def png_file(lines: NDArray[np.uint8], channels: int) -> bytes:
    """Make a PNG of 8 bits a channel; no time, no other text.

    Parameters
    ----------
    lines
        Filtered lines, the top one first, as `empty_lines` has them.
    channels
        1 for grey, 3 for colour, 4 for colour with opacity.
    """
    height, width = lines.shape[0], (lines.shape[1] - 1) // channels
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    data = isal_zlib.compress(lines, _LEVEL)
    return b"".join((_SIGNATURE, *_chunk(b"IHDR", head), *_chunk(b"IDAT", data), *_chunk(b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, ...]:
    return struct.pack(">I", len(data)), kind, data, struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(kind)))
