"""The rows of a tile-compressed image: where each tile's stream lies, and how its numbers become pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage
from .header import Reader
from .layout import Column, Layout

__all__ = ["TileTable", "read_table"]

_NUMBERS = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_SPECIAL = ("UNCOMPRESSED_DATA", "GZIP_COMPRESSED_DATA")


@dataclass(frozen=True, slots=True, kw_only=True)
class TileTable:
    """One entry a tile."""

    offsets: NDArray[np.int64]
    """Place of the stream in the file."""

    lengths: NDArray[np.int64]
    """Its bytes; 0 for a tile that is kept another way, -1 for one that lies outside the heap."""

    scales: NDArray[np.float64]
    zeros: NDArray[np.float64]
    blanks: NDArray[np.int64]
    """The number that stands for no value; `NO_BLANK` where none does."""

    special: dict[str, tuple[Column, NDArray[np.int64], NDArray[np.int64]]]
    """Column, places and lengths (elements) of tiles that are kept another way."""

    has_special: bool


NO_BLANK = 2**40


def read_table(layout: Layout, read: Reader) -> TileTable:
    """Read the table, without its heap.

    Raises
    ------
    InvalidImage
        The file is cut off, or a column is of a type that it cannot be.
    """
    raw = read(layout.begin, layout.row_bytes * layout.tiles)
    if len(raw) < layout.row_bytes * layout.tiles:
        raise layout.header.fault("is cut off in its table")
    rows = np.frombuffer(raw, np.uint8).reshape(layout.tiles, layout.row_bytes)
    offsets, lengths = _places(layout, layout.columns["COMPRESSED_DATA"], rows)
    special = {name: (column, *_places(layout, column, rows)) for name in _SPECIAL if (column := layout.columns.get(name))}
    header = layout.header
    blank = header.integer("ZBLANK", NO_BLANK, least=-(2**31), most=NO_BLANK)
    return TileTable(
        offsets=offsets,
        lengths=lengths,
        scales=_numbers(layout, "ZSCALE", rows, header.number("ZSCALE", 1.0), np.float64),
        zeros=_numbers(layout, "ZZERO", rows, header.number("ZZERO", 0.0), np.float64),
        blanks=_numbers(layout, "ZBLANK", rows, blank, np.int64),
        special=special,
        has_special=bool((lengths == 0).any()),
    )


def _places(layout: Layout, column: Column, rows: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places in the file and lengths from a column of descriptors."""
    if column.code not in ("P", "Q"):
        raise layout.header.fault("keeps compressed data in a column of fixed width")
    item = ">u4" if column.code == "P" else ">i8"
    width = 2 * np.dtype(item).itemsize
    pairs = np.ascontiguousarray(rows[:, column.offset : column.offset + width]).view(item).astype(np.int64)
    lengths, offsets = pairs[:, 0].copy(), pairs[:, 1].copy()
    bytes_each = np.dtype(_NUMBERS.get(column.element, "u1")).itemsize
    room = layout.heap_bytes // bytes_each
    outside = (lengths < 0) | (offsets < 0) | (lengths > room) | (offsets > layout.heap_bytes)
    outside |= np.where(outside, 0, offsets) + np.where(outside, 0, lengths) * bytes_each > layout.heap_bytes
    outside &= lengths != 0
    lengths[outside], offsets[outside | (lengths == 0)] = -1, 0
    return offsets + layout.heap_begin, lengths


def _numbers(layout: Layout, name: str, rows: NDArray[np.uint8], otherwise: float, dtype: Any) -> NDArray[Any]:
    """A column of numbers, or one number for every tile."""
    column = layout.columns.get(name)
    if column is None:
        return np.full(layout.tiles, otherwise, dtype)
    if column.code not in _NUMBERS:
        raise InvalidImage(f"{layout.header.label} keeps no single numbers in the column {name}")
    item = np.dtype(_NUMBERS[column.code])
    return np.ascontiguousarray(rows[:, column.offset : column.offset + item.itemsize]).view(item)[:, 0].astype(dtype)
