"""Coverage maps: what part of the sky, in HEALPix cells (IVOA MOC 2.0). Held as ranges of cells of order 29; nothing here knows files."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InvalidRequest
from ..grid import FloatArray, IntArray
from .membership import TileSet
from .ports import HealpixSky
from .sphere import BoolArray

__all__ = ["DEEPEST_ORDER", "MOST_RANGES", "TILE_ORDER", "Moc", "moc_of_tiles", "tiles_of_moc", "usual_order"]

DEEPEST_ORDER = 29
MOST_RANGES = 200_000
"""Pieces of sky, each of neighbouring cells, that one map may have."""

TILE_ORDER = 11
"""Order of the cells, two arcminutes wide, by which maps select tiles."""

_FIRST_ORDER = 7
_USUAL_ORDER, _DEEPEST_FOOTPRINT = 11, 14
_AREA_ERROR = 5e-4
"""Part of a map's area by which it may be wrong at the order that is chosen for it."""

_SKY_DEG2 = 4 * math.pi * math.degrees(1) ** 2


class Moc:
    """Part of the sky as sorted, disjoint ranges of nested HEALPix cells.

    Parameters
    ----------
    order
        Order of the finest cell, 0 to 29.
    ranges
        Shape (n, 2): first cell and the one after the last, of order 29, in any order; they may overlap.

    Raises
    ------
    InvalidRequest
        A range is empty, turned round or lies beyond the sky, or there are too many.
    """

    def __init__(self, order: int, ranges: ArrayLike) -> None:
        if not 0 <= order <= DEEPEST_ORDER:
            raise InvalidRequest(f"the order of a MOC must be from 0 to {DEEPEST_ORDER}, got {order}")
        pairs = np.asarray(ranges, np.int64).reshape(-1, 2)
        if len(pairs) and not (int(pairs.min()) >= 0 and int(pairs.max()) <= _cells(DEEPEST_ORDER) and (pairs[:, 0] < pairs[:, 1]).all()):
            raise InvalidRequest("the MOC has cells that the sky has not: numbers of cells of order k are from 0 to 12 x 4^k - 1")
        self.order = order
        self.ranges = _joined(pairs)
        if len(self.ranges) > MOST_RANGES:
            raise InvalidRequest(
                f"the MOC has {len(self.ranges):,} separate pieces, {MOST_RANGES:,} are the most; send it at a lower order"
            )

    @classmethod
    def of_cells(cls, order: int, cells: ArrayLike, *, of_order: int | None = None) -> "Moc":
        """Give the map of some cells of one order, which is `order` unless said."""
        shift = 2 * (DEEPEST_ORDER - (order if of_order is None else of_order))
        first = np.asarray(cells, np.int64)
        return cls(order, np.stack([first << shift, (first + 1) << shift], axis=1))

    @property
    def area_deg2(self) -> float:
        """Size, square degrees."""
        return float((self.ranges[:, 1] - self.ranges[:, 0]).sum()) / _cells(DEEPEST_ORDER) * _SKY_DEG2

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moc) and np.array_equal(self.ranges, other.ranges)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: "Moc") -> "Moc":
        return Moc(max(self.order, other.order), _swept([self.ranges, other.ranges], 2))

    def __or__(self, other: "Moc") -> "Moc":
        return Moc(max(self.order, other.order), np.concatenate([self.ranges, other.ranges]))

    def __sub__(self, other: "Moc") -> "Moc":
        return self & other.complement()

    def complement(self) -> "Moc":
        """Give the rest of the sky."""
        bounds = np.concatenate([[0], self.ranges.ravel(), [_cells(DEEPEST_ORDER)]]).reshape(-1, 2)
        return Moc(self.order, bounds[bounds[:, 0] < bounds[:, 1]])

    def at_order(self, order: int) -> "Moc":
        """Give the map in cells of an order at the most; a cell that is covered in part is covered."""
        shift = 2 * (DEEPEST_ORDER - order)
        first, last = self.ranges[:, 0] >> shift, ((self.ranges[:, 1] - 1) >> shift) + 1
        return Moc(min(order, self.order), np.stack([first << shift, last << shift], axis=1)) if order < self.order else self

    def cell_ranges(self, order: int) -> IntArray:
        """Give ranges of cells of one order that cover the map, shape (n, 2): first and last, both in it."""
        shift = 2 * (DEEPEST_ORDER - order)
        ranges = self.at_order(order).ranges >> shift
        return np.stack([ranges[:, 0], ranges[:, 1] - 1], axis=1)

    def cells_by_order(self) -> dict[int, list[int]]:
        """Give the fewest cells that make up the map, by their order."""
        found: dict[int, list[int]] = {}
        rest = self.ranges
        for order in range(self.order + 1):
            shift = 2 * (DEEPEST_ORDER - order)
            first, last = -(-rest[:, 0] >> shift), rest[:, 1] >> shift
            whole = first < last
            cells = [np.arange(a, b) for a, b in zip(first[whole], last[whole], strict=True)]
            if cells:
                found[order] = np.concatenate(cells).tolist()
            heads = np.stack([rest[:, 0], np.where(whole, first << shift, rest[:, 1])], axis=1)
            tails = np.stack([last << shift, rest[:, 1]], axis=1)[whole]
            rest = np.concatenate([heads, tails])
            rest = rest[rest[:, 0] < rest[:, 1]]
        return found

    def contains_cells(self, cells: IntArray) -> BoolArray:
        """Tell which cells of order 29 are covered."""
        place = np.searchsorted(self.ranges.ravel(), cells, side="right")
        return np.asarray(place % 2 == 1)

    def coarse_enough(self, most_ranges: int) -> "Moc":
        """Give the finest map over this one that has no more ranges than so many."""
        found = self
        while len(found.ranges) > most_ranges:
            found = found.at_order(found.order - 1)
        return found


def moc_of_tiles(tiles: TileSet, order: int, sky: HealpixSky) -> Moc:
    """Give the cells whose centres lie on tiles, with the area of the tiles.

    Cells are split only along the edge: what is farther from it than the cell's own radius is all inside or all outside. Edges run
    along rows of cells, a whole one of which would be in or out, and the area wrong by a hundredth for one tile. So cells as small as
    half a tile and smaller are taken in the order of their centres' distance from the edge until their area is that of the tiles to
    half a cell, rather than up to the edge itself.

    Raises
    ------
    InvalidRequest
        The order is beyond what cells of a footprint are good for.
    """
    if not 0 <= order <= _DEEPEST_FOOTPRINT:
        raise InvalidRequest(f"the order of a footprint must be from 0 to {_DEEPEST_FOOTPRINT}, got {order}")
    at = min(order, _FIRST_ORDER)
    cells = np.arange(_cells(at))
    found: list[IntArray] = []
    while True:
        edge_deg = tiles.edge_arcmin(*sky.centres(cells, at)) / 60
        decided = np.abs(edge_deg) > _largest_radius_deg(at)
        found.append(_ranges_of(cells[decided & (edge_deg > 0)], at))
        if at == order:
            chosen = _up_to_area(tiles, found, cells[~decided], edge_deg[~decided], at)
            return Moc(order, np.concatenate([*found, _ranges_of(chosen, at)]))
        cells = (cells[~decided][:, None] * 4 + np.arange(4)).ravel()
        at += 1


def usual_order(tiles: TileSet) -> int:
    """Choose an order for the map of some tiles: 11, or one at which the area of few tiles is right to a thousandth."""
    order, area_deg2 = _USUAL_ORDER, tiles.area_deg2
    while order < _DEEPEST_FOOTPRINT and _SKY_DEG2 / _cells(order) / 2 > _AREA_ERROR * area_deg2:
        order += 1
    return order


def tiles_of_moc(tiles: TileSet, moc: Moc, sky: HealpixSky, *, within: Moc | None = None) -> TileSet:
    """Give those tiles that a map reaches, to a cell of `TILE_ORDER`.

    Parameters
    ----------
    within
        The tiles' own map of that order, where it is at hand.
    """
    pieces = ((within or moc_of_tiles(tiles, TILE_ORDER, sky)) & moc).cell_ranges(TILE_ORDER).tolist()
    cells = [np.arange(first, last + 1) for first, last in pieces] or [np.empty(0, np.int64)]
    index = tiles.index_of(*sky.centres(np.concatenate(cells), TILE_ORDER))
    found = np.unique(index[index >= 0])
    return TileSet(tiles.grid, tiles.rows[found], tiles.columns[found], approximate=tiles.approximate)


def _up_to_area(tiles: TileSet, found: Iterable[IntArray], cells: IntArray, edge_deg: FloatArray, order: int) -> IntArray:
    """Those of the cells about the edge that make the area of what is found already that of the tiles."""
    if 2 * _largest_radius_deg(order) > tiles.grid.step_deg:
        return cells[edge_deg > 0]
    have = sum(int((ranges[:, 1] - ranges[:, 0]).sum()) for ranges in found) >> 2 * (DEEPEST_ORDER - order)
    want = round(tiles.area_deg2 / _SKY_DEG2 * _cells(order)) - have
    return cells[np.argsort(-edge_deg, kind="stable")[: max(0, want)]]


def _ranges_of(cells: IntArray, order: int) -> IntArray:
    shift = 2 * (DEEPEST_ORDER - order)
    return np.stack([cells << shift, (cells + 1) << shift], axis=1)


def _cells(order: int) -> int:
    return int(12 * 4**order)


def _largest_radius_deg(order: int) -> float:
    """Largest distance of a corner from its cell's centre (Gorski et al. 2005, section 5: the cells where cap and belt meet)."""
    nside = 2**order
    height = 1 - (1 - 1 / nside) ** 2 / 3
    across = math.pi / 4 / nside
    centre, corner = math.acos(2 / 3), math.acos(height)
    cosine = math.cos(centre) * math.cos(corner) + math.sin(centre) * math.sin(corner) * math.cos(across)
    return math.degrees(math.acos(min(1.0, cosine))) * 1.05


def _joined(ranges: IntArray) -> IntArray:
    """Sort, and join what overlaps or touches."""
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ranges[:, 1])
    begins = np.append(True, ranges[1:, 0] > reached[:-1])
    return np.stack([ranges[begins, 0], reached[np.append(begins[1:], True)]], axis=1)


def _swept(maps: Iterable[IntArray], wanted: int) -> IntArray:
    """Give the ranges that so many of the maps cover."""
    every = np.concatenate(list(maps))
    bounds = every.ravel()
    change = np.tile([1, -1], len(every))
    order = np.lexsort((change, bounds))
    depth, bounds = np.cumsum(change[order]), bounds[order]
    inside = depth[:-1] >= wanted
    pairs = np.stack([bounds[:-1][inside], bounds[1:][inside]], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]
