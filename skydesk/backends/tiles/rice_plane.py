"""A RICE_1 image: the place where header, table, index and compiled loops come together."""

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable
from .checksum import check_sum
from .compressed_plane import CompressedPlane
from .descriptor import Descriptor
from .growing_index import GrowingIndex
from .header import Extension
from .layout import Layout
from .seek_index import Entries, SeekIndex, index_key, index_name
from .table import TileTable, read_table

__all__ = ["RicePlane"]

_MOST_ENTRIES = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What a plane has once it was read for the first time."""

    table: TileTable
    index: SeekIndex | GrowingIndex


class RicePlane(CompressedPlane):
    """One RICE-compressed image, read from any pixel on by means of its seek index.

    Where no index is kept, a read makes that of the tiles that it touches, and once a quarter of them was touched, that of the others.
    """

    def __init__(
        self,
        name: str,
        cards: tuple[bytes, ...],
        *,
        layout: Layout,
        extension: Extension,
        file: Descriptor,
        path: Path,
        cache_folder: Path | None,
        cache_bytes: int,
    ) -> None:
        super().__init__(name, cards, layout=layout, file=file)
        self._extension = extension
        self._path = path.absolute()
        self._cache_folder = cache_folder
        self._cache_bytes = cache_bytes
        self._ready: _Ready | InvalidImage | None = None
        self._lock = Lock()

    def _read_part(self, x: int, y: int, out: NDArray[Any]) -> None:
        ready = self._prepared()
        straight = not self._layout.quantised and self.dtype == np.int32
        whole = out if straight else np.empty(out.shape, np.int32)
        if not self._decode(ready, x, y, whole):
            self._forget(ready)
            ready = self._prepared()
            if not self._decode(ready, x, y, whole):
                raise self._layout.header.fault("has an index that does not fit it")
        if self._layout.quantised:
            self._convert(ready.table, x, y, whole, out)
        elif not straight:
            np.copyto(out, whole.astype(np.int64) + self._shift, casting="unsafe")
        if ready.table.has_special:
            self._fill_special(ready.table, x, y, out)

    def _decode(self, ready: _Ready, x: int, y: int, whole: NDArray[np.int32]) -> bool:
        """Decode the integers of a box; False where the index cannot be of this file."""
        from . import kernels

        layout, table = self._layout, ready.table
        first, after = self._entries_of(x, y, *whole.shape)
        entries = ready.index.entries(first, after)
        if entries is None:
            return False
        code = kernels.decode_box(self._file.number, table.offsets, table.lengths, _shape(layout), *entries, first, x, y, whole)
        if code == 0:
            return True
        tile, kind = code // 16, -(code % 16)
        if kind == kernels.STALE:
            return False
        if kind == kernels.LOST:
            raise ServiceUnavailable(f"{layout.header.label} cannot be read: the disk does not answer")
        raise self._broken(tile, "is cut off" if kind == kernels.SHORT else "is broken")

    def _entries_of(self, x: int, y: int, rows: int, columns: int) -> tuple[int, int]:
        """Tell which entries of the index a box needs: from the first to before the other."""
        layout = self._layout
        top, bottom = y // layout.tile_height, (y + rows - 1) // layout.tile_height
        first_column, last_column = x // layout.tile_width, (x + columns - 1) // layout.tile_width
        first_width = min(layout.tile_width, layout.width - first_column * layout.tile_width)
        first = (y - top * layout.tile_height) * first_width // layout.stride
        after = -(-(y + rows - bottom * layout.tile_height) * layout.tile_width // layout.stride) + 1
        first_tile, last_tile = top * layout.tiles_across + first_column, bottom * layout.tiles_across + last_column
        return first_tile * layout.entries + first, last_tile * layout.entries + min(after, layout.entries)

    def _prepared(self) -> _Ready:
        ready = self._ready
        if ready is None:
            with self._lock:
                if self._ready is None:
                    self._ready = self._prepare()
                ready = self._ready
        if isinstance(ready, InvalidImage):
            raise InvalidImage(str(ready))
        return ready

    def _forget(self, ready: _Ready) -> None:
        """Drop an index that does not fit, and make one that is not kept in a place where somebody tampers with it."""
        with self._lock:
            if self._ready is ready:
                self._ready = _Ready(table=ready.table, index=self._index(ready.table, fresh=True))

    def _prepare(self) -> _Ready | InvalidImage:
        """Read the table and get the index; a fault of the file is kept, so that it is not looked for again at each read."""
        try:
            table = read_table(self._layout, self._file.read)
            return _Ready(table=table, index=self._index(table))
        except InvalidImage as error:
            return error

    def _index(self, table: TileTable, *, fresh: bool = False) -> SeekIndex | GrowingIndex:
        layout, count = self._layout, self._layout.entries * self._layout.tiles
        if count > _MOST_ENTRIES:
            raise layout.header.fault(f"has {layout.tiles} tiles of {layout.tile_width} x {layout.tile_height} pixels; that is too many")
        number = self._extension.number
        key = index_key(self._path, number, self._file.size, self._file.changed_ns, layout.header.cards)
        folder, name = None if fresh else self._cache_folder, index_name(self._path, number)
        found = SeekIndex.find(folder, name, key, count)
        if found is not None:
            return found
        check_sum(self._extension, self._file)

        def keep(entries: Entries) -> SeekIndex:
            return SeekIndex.keep(folder, name, key, entries, most_bytes=self._cache_bytes)

        return GrowingIndex(layout.tiles, layout.entries, lambda first, after, made: self._build(table, first, after, made), keep)

    def _build(self, table: TileTable, first: int, after: int, made: Entries) -> None:
        """Make the entries of some tiles."""
        from . import kernels

        code = kernels.build_index(self._file.number, table.offsets, table.lengths, _shape(self._layout), first, after, *made)
        if code == kernels.LOST:
            raise ServiceUnavailable(f"{self._layout.header.label} cannot be read: the disk does not answer")
        if code == kernels.SHORT:
            raise self._layout.header.fault("is cut off while it is read")
        found = os.fstat(self._file.number)
        if (found.st_size, found.st_mtime_ns) != (self._file.size, self._file.changed_ns):
            raise ServiceUnavailable(f"{self._layout.header.label} is being written; try again when that is done")


def _shape(layout: Layout) -> tuple[int, ...]:
    """The numbers that the compiled loops ask for, in their order."""
    sides = (layout.width, layout.height, layout.tile_width, layout.tile_height, layout.tiles_across)
    return (*sides, layout.stride, layout.block, layout.pixel_bytes, layout.entries)
