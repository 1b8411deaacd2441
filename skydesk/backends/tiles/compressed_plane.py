"""What every tile-compressed image has in common that is decoded here: its pixels from whole numbers, and tiles kept another way."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable
from .descriptor import Descriptor
from .layout import Layout
from .planes import check_box
from .special_tiles import special_tile
from .table import TileTable

__all__ = ["CompressedPlane", "TileBox"]

_MOST_PIXELS = 2**22


class TileBox(NamedTuple):
    """A tile, and the part of it that lies in a box."""

    tile: int
    """From 0, in the order of the table."""

    width: int
    height: int
    """Size of the tile, which is less at the edges of the image."""

    part: tuple[slice, slice]
    """Rows and columns of the tile."""

    target: tuple[slice, slice]
    """Rows and columns of the box."""


class CompressedPlane(ABC):
    """One tile-compressed image, decoded by our own code; see `TilePlane`."""

    def __init__(self, name: str, cards: tuple[bytes, ...], *, layout: Layout, file: Descriptor) -> None:
        self.name = name
        self.cards = cards
        self.width = layout.width
        self.height = layout.height
        self.dtype = layout.dtype
        self._layout = layout
        self._file = file

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``; see `TilePlane.read`.

        Raises
        ------
        InvalidImage
            The compressed data are broken there, or differ from their checksum.
        ServiceUnavailable
            The disk does not answer.
        """
        check_box(self.width, self.height, self.dtype, x, y, out)
        if out.size == 0:
            return
        try:
            step = max(1, _MOST_PIXELS // out.shape[1])
            for begin in range(0, out.shape[0], step):
                self._read_part(x, y + begin, out[begin : begin + step])
        except OSError as error:
            raise ServiceUnavailable(f"{self._layout.header.label} cannot be read: {error.strerror}") from error

    @abstractmethod
    def _read_part(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``, which is inside the image, not empty, and no larger than some megabytes."""

    def _convert(self, table: TileTable, x: int, y: int, whole: NDArray[np.int32], out: NDArray[Any]) -> None:
        """Make floats of whole numbers."""
        from . import floats

        layout = self._layout
        convert = floats.to_float32 if out.dtype == np.float32 else floats.to_float64
        box = (x, y, layout.width, layout.tile_width, layout.tile_height, layout.dither, layout.seed)
        convert(whole, *box, table.lengths, table.scales, table.zeros, table.blanks, floats.random_sequence(), out)

    def _fill_special(self, table: TileTable, x: int, y: int, out: NDArray[Any]) -> None:
        """Put the tiles that are kept another way into their places."""
        layout = self._layout
        for box in self._boxes(x, y, *out.shape):
            if table.lengths[box.tile] == 0:
                pixels = special_tile(layout, table, self._file.read, box.tile, box.width * box.height)
                part = pixels.reshape(box.height, box.width)[box.part]
                np.copyto(out[box.target], part if layout.is_float else part + np.int64(self._shift), casting="unsafe")

    @property
    def _shift(self) -> int:
        """What FITS takes off unsigned pixels to keep them with a sign, and the other way round for bytes."""
        return {"int8": -(2**7), "uint16": 2**15, "uint32": 2**31}.get(self.dtype.name, 0)

    def _boxes(self, x: int, y: int, rows: int, columns: int) -> Iterator[TileBox]:
        """Go through the tiles that a box touches."""
        layout = self._layout
        for tile_row in range(y // layout.tile_height, (y + rows - 1) // layout.tile_height + 1):
            for tile_column in range(x // layout.tile_width, (x + columns - 1) // layout.tile_width + 1):
                left, top = tile_column * layout.tile_width, tile_row * layout.tile_height
                width, height = min(layout.tile_width, layout.width - left), min(layout.tile_height, layout.height - top)
                first_row, after_row = max(y, top), min(y + rows, top + height)
                first_column, after_column = max(x, left), min(x + columns, left + width)
                yield TileBox(
                    tile=tile_row * layout.tiles_across + tile_column,
                    width=width,
                    height=height,
                    part=(slice(first_row - top, after_row - top), slice(first_column - left, after_column - left)),
                    target=(slice(first_row - y, after_row - y), slice(first_column - x, after_column - x)),
                )

    def _broken(self, tile: int, what: str) -> InvalidImage:
        layout = self._layout
        left, top = tile % layout.tiles_across * layout.tile_width, tile // layout.tiles_across * layout.tile_height
        return layout.header.fault(f"has a compressed tile that {what}: number {tile + 1}, from column {left + 1} and row {top + 1} on")
