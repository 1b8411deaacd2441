"""The outline of tiles: polygons round what their unique areas cover together."""

from collections import defaultdict

import numpy as np

from ..grid import FloatArray
from ..survey_footprint import Outline
from .membership import TileSet
from .sphere import BoolArray

__all__ = ["outline_of"]

_LONGEST_DEG = 1.0
"""Sides along parallels are parted, so that arcs of great circles between vertices stay on them."""

_DIGITS = 9
_Vertex = tuple[float, int]
"""Degrees of right ascension from the first tile's centre, and the number of the parallel, counted southward."""


def outline_of(tiles: TileSet) -> Outline:
    """Trace the outline of tiles.

    Returns
    -------
    Outline
        What is covered lies on the left of each side as the sky is seen on a map with east to the right: polygons round what is
        covered run counter-clockwise there, polygons round holes clockwise.
    """
    after: dict[_Vertex, list[_Vertex]] = defaultdict(list)
    ends = [tiles.ends_of_row(row) for row in range(tiles.grid.rows)]
    for row, (west, east) in enumerate(ends):
        if len(west) == 1 and east[0] - west[0] > 360 - 1e-9:
            continue  # all round the sky, so without ends
        for x in np.round(east % 360, _DIGITS).tolist():
            after[x % 360, row + 1].append((x % 360, row))
        for x in np.round(west % 360, _DIGITS).tolist():
            after[x % 360, row].append((x % 360, row + 1))
    for parallel in range(tiles.grid.rows + 1):
        above = ends[parallel - 1] if parallel else _NOTHING
        below = ends[parallel] if parallel < tiles.grid.rows else _NOTHING
        for begin, end, is_above in _sides_of(above, below):
            first, second = ((begin, parallel), (end, parallel)) if is_above else ((end, parallel), (begin, parallel))
            after[first].append(second)
    return tuple(_placed(tiles, ring) for ring in _rings(after))


_NOTHING = (np.empty(0), np.empty(0))


def _sides_of(above: tuple[FloatArray, FloatArray], below: tuple[FloatArray, FloatArray]) -> list[tuple[float, float, bool]]:
    """Pieces of a parallel of which just one side is covered, west and east end, and whether it is the northern one."""
    if not len(above[0]) and not len(below[0]):
        return []
    breaks = np.unique(np.round(np.concatenate([*above, *below]) % 360, _DIGITS) % 360)
    gaps = np.diff(np.append(breaks, breaks[0] + 360))
    parts = [np.linspace(at, at + gap, int(gap // _LONGEST_DEG) + 1, endpoint=False) for at, gap in zip(breaks, gaps, strict=True)]
    breaks = np.unique(np.round(np.concatenate(parts) % 360, _DIGITS) % 360)
    nexts = np.append(breaks[1:], breaks[0] + 360)
    middle = (breaks + nexts) / 2 % 360
    north, south = _covers(above, middle), _covers(below, middle)
    kept = np.flatnonzero(north != south)
    return [(float(breaks[i]), float(breaks[(i + 1) % len(breaks)]), bool(north[i])) for i in kept]


def _covers(ends: tuple[FloatArray, FloatArray], x: FloatArray) -> BoolArray:
    west, east = ends
    inside = (x[:, None] - west) % 360 < east - west
    return np.asarray(inside.any(axis=1))


def _rings(after: dict[_Vertex, list[_Vertex]]) -> list[list[_Vertex]]:
    rings = []
    while after:
        start = here = next(iter(after))
        ring = []
        while True:
            ring.append(here)
            following = after[here].pop()
            if not after[here]:
                del after[here]
            here = following
            if here == start:
                break
        rings.append(ring)
    return rings


def _placed(tiles: TileSet, ring: list[_Vertex]) -> tuple[tuple[float, float], ...]:
    grid = tiles.grid
    top = grid.first_dec_deg + grid.step_deg / 2
    return tuple(((x + grid.first_ra_deg) % 360, top - parallel * grid.step_deg) for x, parallel in ring)
