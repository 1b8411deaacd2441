"""Outlines traced round tiles: their area, and what lies in them."""

import math

import numpy as np
import pytest

from skydesk.footprint.membership import TileSet
from skydesk.footprint.outlines import outline_of
from skydesk.footprint.regions import Box, Circle
from skydesk.grid import TileGrid
from skydesk.survey_footprint import Outline

GRID = TileGrid()


def without(tiles: TileSet, hole: TileSet) -> TileSet:
    kept = [tile for tile in tiles if tile not in hole]
    return TileSet(GRID, [tile.row for tile in kept], [tile.column for tile in kept])


def strip(row: int) -> TileSet:
    return TileSet(GRID, np.full(GRID.columns(row), row), np.arange(GRID.columns(row)))


WHOLE = TileSet.of_regions(GRID, [Box(west_ra_deg=340, east_ra_deg=20, south_dec_deg=-50, north_dec_deg=-30)])
SHAPES = {
    "one tile": TileSet(GRID, [50], [167]),
    "a block across 0 h": WHOLE,
    "a block with a hole": without(WHOLE, TileSet.of_regions(GRID, [Circle(ra_deg=2, dec_deg=-40, radius_deg=1)])),
    "a circle": TileSet.of_regions(GRID, [Circle(ra_deg=100, dec_deg=-10, radius_deg=6)]),
    "across the seam of the grid": TileSet.of_regions(GRID, [Circle(ra_deg=275, dec_deg=-30, radius_deg=4)]),
    "a whole strip": strip(60),
    "two islands": TileSet(GRID, [50, 50, 80], [10, 11, 200]),
}
every_shape = pytest.mark.parametrize("tiles", SHAPES.values(), ids=SHAPES.keys())


def signed_area_deg2(outline: Outline) -> float:
    """Green's theorem on the cylinder of equal area: right ascension and the sine of declination."""
    total = 0.0
    for polygon in outline:
        for (ra, dec), (next_ra, next_dec) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            assert dec == next_dec or ra == next_ra
            total -= ((next_ra - ra + 180) % 360 - 180) * math.degrees(math.sin(math.radians(dec)))
    return total


@every_shape
def test_the_area_inside_the_outline_is_that_of_the_tiles(tiles: TileSet) -> None:
    assert signed_area_deg2(outline_of(tiles)) == pytest.approx(tiles.area_deg2, rel=1e-6)


@every_shape
def test_an_even_number_of_sides_lies_north_of_what_is_outside(tiles: TileSet) -> None:
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, 4000), rng.uniform(-60, 30, 4000)
    near = rng.integers(0, len(tiles), 2000)
    centres = GRID.centres_of(tiles.rows[near], tiles.columns[near])
    ra[:2000], dec[:2000] = (centres[0] + rng.uniform(-3, 3, 2000)) % 360, centres[1] + rng.uniform(-2, 2, 2000)
    inside = np.zeros(4000, bool)
    for polygon in outline_of(tiles):
        for (west, side), (east, other) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            if side == other:
                begin, length = (west, (east - west) % 360) if (east - west) % 360 < 180 else (east, (west - east) % 360)
                inside ^= ((ra - begin) % 360 < length) & (dec < side)
    assert np.array_equal(inside, tiles.contains(ra, dec))


def test_holes_and_islands_have_outlines_of_their_own() -> None:
    assert {name: len(outline_of(tiles)) for name, tiles in SHAPES.items()} == {
        "one tile": 1,
        "a block across 0 h": 1,
        "a block with a hole": 2,
        "a circle": 1,
        "across the seam of the grid": 1,
        "a whole strip": 2,
        "two islands": 2,
    }
    assert outline_of(TileSet(GRID, [], [])) == ()
