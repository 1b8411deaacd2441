"""Tiles that are not RICE-compressed in a RICE-compressed image: floats that would not be quantised, gzipped or as they are."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .header import Reader
from .layout import Layout
from .table import TileTable

__all__ = ["special_tile", "unzipped"]

_TYPES = {"B": "u1", "I": ">i2", "J": ">i4", "E": ">f4", "D": ">f8"}
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def special_tile(layout: Layout, table: TileTable, read: Reader, tile: int, pixels: int) -> NDArray[Any]:
    """Read the pixels of a tile whose COMPRESSED_DATA are empty, from UNCOMPRESSED_DATA or GZIP_COMPRESSED_DATA.

    Raises
    ------
    InvalidImage
        There is nothing in either, or it is not what it should be.
    """
    for name, (column, offsets, lengths) in table.special.items():
        length = int(lengths[tile])
        if length == 0:
            continue
        item = np.dtype(_TYPES.get(column.element, "u1") if name == "UNCOMPRESSED_DATA" else f">{layout.dtype.str[1:]}")
        size = length * item.itemsize if name == "UNCOMPRESSED_DATA" else length
        raw = read(int(offsets[tile]), size) if length > 0 else b""
        content = raw if name == "UNCOMPRESSED_DATA" else unzipped(raw, pixels * item.itemsize)
        if length < 0 or len(raw) != size or len(content) != pixels * item.itemsize:
            raise layout.header.fault(f"has a broken tile: number {tile + 1}, kept in {name}")
        return np.frombuffer(content, item)
    raise layout.header.fault(f"has no data for the tile number {tile + 1}")


def unzipped(raw: bytes, size: int) -> bytes:
    """Unpack a gzip or zlib stream of at most ``size`` bytes; empty where it is broken, differs from its checksum, or holds more.

    No more than one byte past ``size`` is made, whatever the stream claims.
    """
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        found = stream.decompress(raw, size + 1)
    except zlib.error:
        return b""
    return found if len(found) <= size and stream.eof and not stream.unused_data else b""
