"""A GZIP_1 or GZIP_2 image: each tile is unpacked as a whole, and never to more than its pixels need.

FITS standard 4.0, section 10.4.2. GZIP_2 keeps the first bytes of all pixels, then the second ones, and so on.
"""

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checksum import CheckedData
from .compressed_plane import CompressedPlane, TileBox
from .descriptor import Descriptor
from .layout import Layout
from .special_tiles import unzipped
from .table import TileTable, read_table

__all__ = ["GzipPlane"]

_LARGEST_TILE = 2**27
_WHOLE = {1: "u1", 2: ">i2", 4: ">i4"}
_FLOATS = {4: ">f4", 8: ">f8"}


class GzipPlane(CompressedPlane):
    """One image whose tiles are gzipped: whole numbers, floats kept as such, and floats as they are.

    Raises
    ------
    InvalidImage
        A tile has more pixels than are unpacked at a time.
    """

    def __init__(self, name: str, cards: tuple[bytes, ...], *, layout: Layout, file: Descriptor, data: CheckedData) -> None:
        super().__init__(name, cards, layout=layout, file=file)
        if layout.tile_width * layout.tile_height > _LARGEST_TILE:
            raise layout.header.fault(
                f"has tiles of {layout.tile_width} x {layout.tile_height} pixels; more than {_LARGEST_TILE} are not read"
            )
        self._data = data
        self._table: TileTable | None = None
        self._lock = Lock()

    def _read_part(self, x: int, y: int, out: NDArray[Any]) -> None:
        layout, table = self._layout, self._prepared()
        whole = np.empty(out.shape, np.int32) if layout.quantised else out
        shift = 0 if layout.is_float else self._shift
        for box in self._boxes(x, y, *out.shape):
            if table.lengths[box.tile] != 0:
                part = self._pixels(table, box)[box.part]
                np.copyto(whole[box.target], part + np.int64(shift) if shift else part, casting="unsafe")
        if layout.quantised:
            self._convert(table, x, y, whole, out)
        if table.has_special:
            self._fill_special(table, x, y, out)

    def _prepared(self) -> TileTable:
        with self._lock:
            if self._table is None:
                self._data.check()
                self._table = read_table(self._layout, self._file.read)
            return self._table

    def _pixels(self, table: TileTable, box: TileBox) -> NDArray[Any]:
        """Unpack a tile."""
        layout, count, length = self._layout, box.width * box.height, int(table.lengths[box.tile])
        raw = self._file.read(int(table.offsets[box.tile]), length) if length > 0 else b""
        if len(raw) < length:
            raise self._broken(box.tile, "is cut off")
        as_kept = layout.is_float and not layout.quantised
        item = layout.dtype.itemsize
        content = unzipped(raw, count * (item if as_kept else 4))
        each, rest = divmod(len(content), count)
        types = _FLOATS if as_kept else _WHOLE
        if rest or each not in types or (each != item and not layout.quantised and (as_kept or each < item)):
            raise self._broken(box.tile, "is broken")
        if layout.compression == "GZIP_2" and each > 1:
            content = np.frombuffer(content, np.uint8).reshape(each, count).T.tobytes()
        return np.frombuffer(content, types[each]).reshape(box.height, box.width)
