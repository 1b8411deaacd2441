"""The tiles of a release: which positions they cover, how large they are, how far their edge is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InvalidRequest, NotFound
from ..grid import FloatArray, IntArray, Tile, TileGrid
from .regions import Region
from .sphere import BoolArray, meridian_distance

__all__ = ["Nearest", "TileSet"]

_WALK_DEG = 1 / 120
"""Step along a region's boundary: no more of a tile than a corner of half an arcminute is missed."""

_FEW = 1000
"""Positions for which it does not pay to find out first which tiles are far from the edge."""

_ROW = 1000.0
"""More than a turn: right ascensions of several strips sort as one column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The tile nearest to a position."""

    tile: Tile
    distance_deg: float
    """Distance of its unique area, degrees; 0 for a position in it."""


class TileSet:
    """Some tiles of a grid, as those of a release; what they cover is the union of their unique areas.

    Parameters
    ----------
    grid
        The survey's grid.
    rows, columns
        Places of the tiles; each is kept once, in the order of the grid.
    approximate
        True where they were found by an outline and not by the release's own list.

    Raises
    ------
    InvalidRequest
        The grid has no such place.
    """

    def __init__(self, grid: TileGrid, rows: ArrayLike, columns: ArrayLike, *, approximate: bool = False) -> None:
        self.grid = grid
        self.approximate = approximate
        self._strip_columns = grid.strip_columns
        places = np.zeros((grid.rows, int(self._strip_columns.max())), np.bool_)
        row, column = np.asarray(rows, np.int64).ravel(), np.asarray(columns, np.int64).ravel()
        if len(row) and not ((row >= 0) & (row < grid.rows) & (column >= 0)).all():
            raise InvalidRequest("a tile lies outside the grid")
        if (column >= self._strip_columns[row]).any():
            raise InvalidRequest("a tile lies beyond the end of its strip")
        places[row, column] = True
        self.rows, self.columns = np.nonzero(places)
        self._index = np.full(places.shape, -1, np.int64)
        self._index[places] = np.arange(len(self.rows))

    @classmethod
    def of_names(cls, grid: TileGrid, names: Iterable[str]) -> "tuple[TileSet, tuple[str, ...]]":
        """Give the tiles of some names, and the names that the grid does not have."""
        tiles, unknown = [], []
        for name in names:
            try:
                tiles.append(grid.named(name))
            except NotFound:
                unknown.append(name)
        return cls(grid, [tile.row for tile in tiles], [tile.column for tile in tiles]), tuple(unknown)

    @classmethod
    def of_regions(cls, grid: TileGrid, regions: Sequence[Region]) -> "TileSet":
        """Give every tile whose unique area a region reaches; good to half an arcminute at the corners."""
        rows = np.repeat(np.arange(grid.rows), grid.strip_columns)
        columns = np.concatenate(list(map(np.arange, grid.strip_columns.tolist())))
        centres = grid.centres_of(rows, columns)
        found = [(rows[inside], columns[inside]) for inside in (region.contains(*centres) for region in regions)]
        found += [grid.find(*region.boundary(_WALK_DEG)) for region in regions]
        row, column = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return cls(grid, row[row >= 0], column[row >= 0], approximate=True)

    @classmethod
    def of_runs(cls, grid: TileGrid, runs: Iterable[Sequence[int]], *, approximate: bool = False) -> "TileSet":
        """Give the tiles that `runs` wrote.

        Raises
        ------
        InvalidRequest
            They are no runs of this grid.
        """
        rows: list[int] = []
        columns: list[int] = []
        for row, *pairs in runs:
            if len(pairs) % 2 or not all(0 <= number <= 1_000_000 for number in pairs):
                raise InvalidRequest(f"the tiles of row {row} are no runs of a first column and a count")
            for first, count in zip(pairs[::2], pairs[1::2], strict=True):
                rows += [row] * count
                columns += range(first, first + count)
        return cls(grid, rows, columns, approximate=approximate)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Tile]:
        return (self.grid.tile(row, column) for row, column in zip(self.rows.tolist(), self.columns.tolist(), strict=True))

    def __contains__(self, tile: object) -> bool:
        if not isinstance(tile, Tile):
            return False
        return tile.row < self.grid.rows and tile.column < self._strip_columns[tile.row] and self._index[tile.row, tile.column] >= 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each tile, in the order of the grid: southward, in a strip eastward."""
        return tuple(self.grid.names_of(self.rows, self.columns).tolist())

    @cached_property
    def area_deg2(self) -> float:
        """Sum of the unique areas, square degrees on the sphere."""
        grid, half = self.grid, self.grid.step_deg / 2
        dec = grid.first_dec_deg - np.arange(grid.rows) * grid.step_deg
        height = np.degrees(np.sin(np.radians(dec + half)) - np.sin(np.radians(dec - half)))
        west, east = self._bounds
        return float((height[self.rows] * (east - west)).sum())

    def runs(self) -> list[list[int]]:
        """Write the tiles as runs: row, first column, count, and where there are gaps further first columns and counts."""
        written = []
        for row in np.unique(self.rows).tolist():
            columns = self.columns[self.rows == row]
            breaks = np.flatnonzero(np.diff(columns) != 1) + 1
            line = [row]
            for run in np.split(columns, breaks):
                line += [int(run[0]), len(run)]
            written.append(line)
        return written

    def ends_of_row(self, row: int) -> tuple[FloatArray, FloatArray]:
        """Give the western and eastern ends of a strip's runs of tiles, degrees of right ascension from its first tile's centre.

        The western ones are in order; an eastern end is larger than its western one, and may pass 360.
        """
        west, east = self._bounds
        mine = self.rows == row
        columns = self.columns[mine]
        begins = np.append(True, np.diff(columns) != 1)[: len(columns)]
        first, last = west[mine][begins], east[mine][np.append(begins[1:], True)[: len(columns)]]
        if len(first) > 1 and abs(last[-1] - first[0] - 360) < 1e-9:
            first, last = first[1:], np.append(last[1:-1], last[0] + 360)
        return first, last

    def index_of(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> IntArray:
        """Find the tile of each position: its place among these tiles, or -1.

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS positions, degrees, of one shape; what is not finite is on no tile.
        """
        rows, columns = self.grid.find(ra_deg, dec_deg)
        return np.where(rows < 0, -1, self._index[rows, columns])

    def contains(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> BoolArray:
        """Tell which positions, ICRS, degrees, these tiles cover; shape as given."""
        return np.asarray(self.index_of(ra_deg, dec_deg) >= 0)

    def reached_by(self, region: Region) -> "TileSet":
        """Give those of these tiles whose unique area a region reaches."""
        return self & TileSet.of_regions(self.grid, [region])

    def __and__(self, other: "TileSet") -> "TileSet":
        both = (self._index >= 0) & (other._index >= 0)
        return TileSet(self.grid, *np.nonzero(both), approximate=self.approximate)

    def nearest(self, ra_deg: float, dec_deg: float) -> Nearest | None:
        """Give the tile whose unique area is nearest to a position; None where there are no tiles."""
        if not len(self):
            return None
        west, east = self._bounds
        half, dec = self.grid.step_deg / 2, self.grid.first_dec_deg - self.rows * self.grid.step_deg
        from_west = (ra_deg - self.grid.first_ra_deg - west) % 360
        beside = np.maximum(dec - half - dec_deg, dec_deg - dec - half).clip(0)
        aside = np.minimum(*(meridian_distance(dec_deg, side, dec - half, dec + half) for side in (-from_west, east - west - from_west)))
        distance = np.where(from_west <= east - west, beside, aside)
        found = int(np.argmin(distance))
        tile = self.grid.tile(int(self.rows[found]), int(self.columns[found]))
        return Nearest(tile=tile, distance_deg=float(distance[found]))

    def edge_arcmin(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> FloatArray:
        """Measure how far each position is from the edge of what the tiles cover.

        Returns
        -------
        FloatArray
            Arcmin, positive inside and negative outside. One step of the grid stands for anything farther; NaN for what is not
            finite.
        """
        ra, dec = np.broadcast_arrays(np.asarray(ra_deg, float), np.asarray(dec_deg, float))
        shape, ra, dec = ra.shape, ra.ravel(), dec.ravel()
        rows, columns = self.grid.find(ra, dec)
        inside = (rows >= 0) & (self._index[rows, columns] >= 0)
        distance = np.full(ra.shape, self.grid.step_deg)
        known = np.isfinite(ra) & np.isfinite(dec)
        near = np.flatnonzero(known & ((rows < 0) | ~self._deep[rows, columns]) if ra.size > _FEW else known)
        distance[near] = self._edge_deg(ra[near], dec[near], inside[near])
        distance[~known] = np.nan
        return np.where(inside, distance, -distance).reshape(shape) * 60

    def _edge_deg(self, ra: FloatArray, dec: FloatArray, inside: BoolArray) -> FloatArray:
        """Distance, degrees, of what is on the other side: in the own strip and in the two beside it, which reach a step far."""
        grid = self.grid
        own = np.floor((grid.first_dec_deg - dec) / grid.step_deg + 0.5).astype(np.int64)
        offset = (ra - grid.first_ra_deg) % 360
        distance = np.full(ra.shape, grid.step_deg)
        for row in (own - 1, own, own + 1):
            middle = grid.first_dec_deg - row * grid.step_deg
            south, north = middle - grid.step_deg / 2, middle + grid.step_deg / 2
            covered, west, east = self._ends_beside(row, offset)
            straight = np.maximum(south - dec, dec - north).clip(0)
            aside = np.minimum(meridian_distance(dec, west - offset, south, north), meridian_distance(dec, east - offset, south, north))
            distance = np.fmin(distance, np.where(covered != inside, straight, aside))
        return distance

    def _ends_beside(self, rows: IntArray, offset: FloatArray) -> tuple[BoolArray, FloatArray, FloatArray]:
        """Whether strips are covered at a right ascension, and where that ends in the west and in the east; NaN for nowhere."""
        keys, firsts, starts_covered = self._ends
        known = np.where((rows >= 0) & (rows < self.grid.rows), rows, self.grid.rows)
        place = np.searchsorted(keys, known * _ROW + offset, side="right")
        first, last = firsts[known], firsts[known + 1]
        covered = starts_covered[known] ^ ((place - first) % 2 == 1)
        has_ends = last > first
        safe = np.append(keys - np.floor(keys / _ROW) * _ROW, 0.0)
        west = np.where(place > first, safe[np.where(has_ends, place - 1, -1)], safe[np.where(has_ends, last - 1, -1)] - 360)
        east = np.where(place < last, safe[np.where(place < last, place, -1)], safe[np.where(has_ends, first, -1)] + 360)
        return covered, np.where(has_ends, west, np.nan), np.where(has_ends, east, np.nan)

    @cached_property
    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        """Western and eastern bound of each unique area, degrees of right ascension from the first column's centre."""
        ra_step = self._ra_steps[self.rows]
        last = self._strip_columns[self.rows] - 1
        closing = ((last + 1) * ra_step - 360) / 2
        west = (self.columns - 0.5) * ra_step + np.where(self.columns == 0, closing, 0.0)
        return west, (self.columns + 0.5) * ra_step - np.where(self.columns == last, closing, 0.0)

    @cached_property
    def _ra_steps(self) -> FloatArray:
        return np.asarray(self.grid.step_deg / np.cos(np.radians(self.grid.first_dec_deg - np.arange(self.grid.rows) * self.grid.step_deg)))

    @cached_property
    def _ends(self) -> tuple[FloatArray, IntArray, BoolArray]:
        """Where runs of tiles begin and end: sorted keys of row and offset, the first key of each row, and what is covered at 0."""
        starts = np.zeros(self.grid.rows + 1, np.bool_)
        keys: list[float] = []
        firsts = [0]
        west, east = self._bounds
        by_row: Mapping[int, IntArray] = {row: np.flatnonzero(self.rows == row) for row in np.unique(self.rows).tolist()}
        for row in range(self.grid.rows):
            mine = by_row.get(row)
            if mine is not None:
                ends = _ends_of(west[mine], east[mine], self.columns[mine])
                starts[row] = bool(((west[mine] <= 0) & (east[mine] > 0)).any())
                keys += (row * _ROW + ends).tolist()
            firsts.append(len(keys))
        return np.array(keys), np.array([*firsts, len(keys)]), starts

    @cached_property
    def _deep(self) -> BoolArray:
        """Places of the grid that are, with all that is less than a step away, on one side of the edge."""
        mine = self._index >= 0
        deep = np.zeros(mine.shape, np.bool_)
        for row in range(1, self.grid.rows - 1):
            columns = np.arange(self._strip_columns[row])
            centre = self.grid.first_ra_deg + columns * self._ra_steps[row]
            reach = self._ra_steps[row] * np.linspace(-1.75, 1.75, 29)[:, None]
            state = mine[row, columns]
            same = np.ones(len(columns), np.bool_)
            for strip in (row - 1, row, row + 1):
                dec = self.grid.first_dec_deg - strip * self.grid.step_deg
                same &= (mine[self.grid.find(centre + reach, dec)] == state).all(axis=0)
            deep[row, columns] = same
        return deep


def _ends_of(west: FloatArray, east: FloatArray, columns: IntArray) -> FloatArray:
    """Ends of the runs of one strip, sorted, each from 0 to less than 360; those where runs touch are none."""
    begins = np.ones(len(columns), np.bool_)
    begins[1:] = np.diff(columns) != 1
    stops = np.append(begins[1:], True)
    first, last = west[begins], east[stops]
    if len(first) and abs(last[-1] - first[0] - 360) < 1e-9:
        first, last = first[1:], last[:-1]
    return np.asarray(np.sort(np.concatenate([first, last]) % 360))
