"""A RICE_1 image: the place where header, table, index and compiled loops come together."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable
from .descriptor import Descriptor
from .layout import Layout
from .planes import check_box
from .seek_index import Entries, SeekIndex, index_key
from .special_tiles import special_tile
from .table import TileTable, read_table

__all__ = ["RicePlane"]

_MOST_ENTRIES = 2**24
_MOST_PIXELS = 2**22
_SUM_CHUNK_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What a plane has once it was read for the first time."""

    table: TileTable
    index: SeekIndex


class RicePlane:
    """One RICE-compressed image, read from any pixel on by means of its seek index; see `TilePlane`."""

    def __init__(
        self, name: str, cards: tuple[bytes, ...], *, layout: Layout, file: Descriptor, path: Path, number: int, cache_folder: Path | None
    ) -> None:
        self.name = name
        self.cards = cards
        self.width = layout.width
        self.height = layout.height
        self.dtype = layout.dtype
        self._layout = layout
        self._file = file
        self._path = path
        self._number = number
        self._cache_folder = cache_folder
        self._ready: _Ready | InvalidImage | None = None
        self._lock = Lock()

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out``; the first read of a plane makes its index, where none is kept.

        A single small read would be quicker without, but the second would not: reading half a plane row by row costs as much
        as its index, which then serves for ever.

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

    def _convert(self, table: TileTable, x: int, y: int, whole: NDArray[np.int32], out: NDArray[Any]) -> None:
        from . import floats

        layout = self._layout
        convert = floats.to_float32 if out.dtype == np.float32 else floats.to_float64
        box = (x, y, layout.width, layout.tile_width, layout.tile_height, layout.dither, layout.seed)
        convert(whole, *box, table.lengths, table.scales, table.zeros, table.blanks, floats.random_sequence(), out)

    def _fill_special(self, table: TileTable, x: int, y: int, out: NDArray[Any]) -> None:
        """Put the tiles that are kept another way into their places."""
        layout = self._layout
        for tile in self._tiles_of(x, y, *out.shape):
            if table.lengths[tile] != 0:
                continue
            left, top = tile % layout.tiles_across * layout.tile_width, tile // layout.tiles_across * layout.tile_height
            width, height = min(layout.tile_width, layout.width - left), min(layout.tile_height, layout.height - top)
            pixels = special_tile(layout, table, self._file.read, tile, width * height).reshape(height, width)
            columns = slice(max(x, left), min(x + out.shape[1], left + width))
            rows = slice(max(y, top), min(y + out.shape[0], top + height))
            part = pixels[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            target = out[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
            np.copyto(target, part if layout.quantised else part + np.int64(self._shift), casting="unsafe")

    @property
    def _shift(self) -> int:
        """What FITS takes off unsigned pixels to keep them with a sign, and the other way round for bytes."""
        return {"int8": -(2**7), "uint16": 2**15, "uint32": 2**31}.get(self.dtype.name, 0)

    def _tiles_of(self, x: int, y: int, rows: int, columns: int) -> Iterator[int]:
        layout = self._layout
        for tile_row in range(y // layout.tile_height, (y + rows - 1) // layout.tile_height + 1):
            for tile_column in range(x // layout.tile_width, (x + columns - 1) // layout.tile_width + 1):
                yield tile_row * layout.tiles_across + tile_column

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

    def _index(self, table: TileTable, *, fresh: bool = False) -> SeekIndex:
        layout, count = self._layout, self._layout.entries * self._layout.tiles
        if count > _MOST_ENTRIES:
            raise layout.header.fault(f"has {layout.tiles} tiles of {layout.tile_width} x {layout.tile_height} pixels; that is too many")
        path = self._path.absolute()
        key = index_key(path, self._number, self._file.size, self._file.changed_ns, layout.header.cards)
        name = index_key(path, self._number, 0, 0, ()).hex()[:32]
        return SeekIndex.get(None if fresh else self._cache_folder, name, key, count, lambda: self._build(table, count))

    def _build(self, table: TileTable, count: int) -> Entries:
        from . import kernels

        self._check_sum()
        bits, values = np.empty(count, np.uint32), np.empty(count, np.int32)
        code = kernels.build_index(self._file.number, table.offsets, table.lengths, _shape(self._layout), bits, values)
        if code == kernels.LOST:
            raise ServiceUnavailable(f"{self._layout.header.label} cannot be read: the disk does not answer")
        if code == kernels.SHORT:
            raise self._layout.header.fault("is cut off while it is read")
        found = os.fstat(self._file.number)
        if (found.st_size, found.st_mtime_ns) != (self._file.size, self._file.changed_ns):
            raise ServiceUnavailable(f"{self._layout.header.label} is being written; try again when that is done")
        return bits, values

    def _check_sum(self) -> None:
        """Hold the data to their DATASUM, where the header has one (FITS standard 4.0, appendix J)."""
        from . import floats

        layout = self._layout
        told = layout.header.text("DATASUM").strip()
        if not told.isdecimal():
            return
        total, at = 0, layout.begin
        end = layout.heap_begin + layout.heap_bytes
        while at < end:
            part = self._file.read(at, min(_SUM_CHUNK_BYTES, end - at))
            if not part:
                raise layout.header.fault("is cut off while it is read")
            at += len(part)
            total += int(floats.sum_words(np.frombuffer(bytearray(part) + bytes(-len(part) % 4), np.uint32)))
        if (total - int(told)) % 0xFFFFFFFF:
            raise layout.header.fault(
                "differs from its DATASUM: the file was damaged; fetch it again, or mend the keyword if that is wrong"
            )

    def _broken(self, tile: int, what: str) -> InvalidImage:
        layout = self._layout
        left, top = tile % layout.tiles_across * layout.tile_width, tile // layout.tiles_across * layout.tile_height
        return layout.header.fault(f"has a compressed tile that {what}: number {tile + 1}, from column {left + 1} and row {top + 1} on")


def _shape(layout: Layout) -> tuple[int, ...]:
    """The numbers that the compiled loops ask for, in their order."""
    sides = (layout.width, layout.height, layout.tile_width, layout.tile_height, layout.tiles_across)
    return (*sides, layout.stride, layout.block, layout.pixel_bytes, layout.entries)
