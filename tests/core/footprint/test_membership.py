"""The tiles of a release: independent arithmetic, brute force and properties over the whole sky."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.errors import InvalidRequest
from skydesk.footprint.membership import TileSet
from skydesk.footprint.regions import Box, Circle, Polygon
from skydesk.grid import Tile, TileGrid

GRID = TileGrid()
EVERYWHERE = st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    """A made-up survey with steps, a hole and both sides of 0 h, and an island across the grid's seam at 275 degrees."""
    whole = TileSet.of_regions(
        GRID,
        [
            Box(west_ra_deg=340, east_ra_deg=30, south_dec_deg=-60, north_dec_deg=-20),
            Circle(ra_deg=40, dec_deg=-20, radius_deg=9),
            Box(west_ra_deg=273, east_ra_deg=277, south_dec_deg=-72, north_dec_deg=-70.5),
        ],
    )
    hole = TileSet.of_regions(GRID, [Circle(ra_deg=5, dec_deg=-40, radius_deg=0.5)])
    kept = [tile for tile in whole if tile not in hole]
    return TileSet(GRID, [tile.row for tile in kept], [tile.column for tile in kept])


class Boxes:
    """Distances to unique areas by trying two thousand points along each side of those that are near."""

    def __init__(self, tiles: list[Tile]) -> None:
        west, east = np.array([tile.unique_ra_deg for tile in tiles]).T
        self.west, self.width = west, (east - west) % 360
        self.south, self.north = np.array([tile.unique_dec_deg for tile in tiles]).T

    def distance_deg(self, ra: float, dec: float) -> float:
        offset = (ra - self.west) % 360
        near = (np.abs((self.south + self.north) / 2 - dec) < 2) & (np.minimum(offset, 360 - offset) < 6)
        best, here = 180.0, math.radians(dec)
        for number in np.flatnonzero(near):
            along = np.radians(np.linspace(self.south[number], self.north[number], 2001))
            width = self.width[number]
            for place in [offset[number]] if offset[number] <= width else [0.0, width]:
                across = math.sin(math.radians((place - offset[number]) / 2)) ** 2
                square = np.sin((along - here) / 2) ** 2 + math.cos(here) * np.cos(along) * across
                best = min(best, float(np.degrees(2 * np.arcsin(np.sqrt(square.min())))))
        return best


@settings(deadline=None, max_examples=60)
@given(EVERYWHERE)
def test_a_position_is_on_the_tile_that_is_found_for_it_and_on_no_other(position: tuple[float, float]) -> None:
    rows, columns = GRID.find(*position)
    if int(rows) < 0:
        assert not GRID.last_dec_deg + 0.5 <= position[1] <= GRID.first_dec_deg
        return
    tile = GRID.tile(int(rows), int(columns))
    alone = TileSet(GRID, [tile.row], [tile.column])
    assert alone.contains(*position)
    assert alone.edge_arcmin(*position) >= 0
    nearest = alone.nearest(*position)
    assert nearest is not None
    assert (nearest.tile.name, nearest.distance_deg) == (tile.name, 0.0)
    for column in {(tile.column + 1) % GRID.columns(tile.row), tile.column - 1} & set(range(GRID.columns(tile.row))):
        assert not TileSet(GRID, [tile.row], [column]).contains(*position)


def test_a_million_positions_are_on_the_tile_whose_centre_is_nearest_in_the_nearest_strip() -> None:
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 1_000_000), rng.uniform(-73.8, 30.3, 1_000_000)
    rows, columns = GRID.find(ra, dec)
    strips = 30 - np.arange(146) * 2570 / 3600
    nearest_row = np.concatenate([np.abs(part[:, None] - strips).argmin(axis=1) for part in np.split(dec, 100)])
    assert np.array_equal(rows, nearest_row)
    for row in range(146):
        here = np.flatnonzero(rows == row)
        step = 2570 / 3600 / math.cos(math.radians(30 - row * 2570 / 3600))
        centres = np.sort((275 + np.arange(0, 360 - 1e-9, step)) % 360)
        round_ = np.concatenate([[centres[-1] - 360], centres, [centres[0] + 360]])
        after = np.searchsorted(round_, ra[here])
        nearest = np.where(ra[here] - round_[after - 1] <= round_[after] - ra[here], round_[after - 1], round_[after]) % 360
        found = GRID.centres_of(rows[here], columns[here])[0]
        assert np.abs((found - nearest + 180) % 360 - 180).max() < 1e-9


def test_strips_close_upon_themselves_without_gap_or_overlap() -> None:
    for row in (0, 60, 145):
        strip = TileSet(GRID, np.full(GRID.columns(row), row), np.arange(GRID.columns(row)))
        south, north = (math.sin(math.radians(dec)) for dec in GRID.tile(row, 0).unique_dec_deg)
        assert strip.area_deg2 == pytest.approx(360 * math.degrees(north - south), rel=1e-12)
        assert sum(tile.unique_area_deg2 for tile in strip) == pytest.approx(strip.area_deg2, rel=1e-12)
        assert GRID.tile(row, GRID.columns(row) - 1).unique_ra_deg[1] == pytest.approx(GRID.tile(row, 0).unique_ra_deg[0], abs=1e-9)
        ra = np.linspace(0, 360, 20_001)
        inside = [(ra - tile.unique_ra_deg[0]) % 360 < (tile.unique_ra_deg[1] - tile.unique_ra_deg[0]) % 360 for tile in strip]
        assert set(np.sum(inside, axis=0).tolist()) == {1}


def test_what_is_covered_is_what_lies_in_the_unique_area_of_a_tile(tiles: TileSet) -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 3000), rng.uniform(-75, 0, 3000)
    inside = np.zeros(3000, bool)
    for tile in tiles:
        west, east = tile.unique_ra_deg
        south, north = tile.unique_dec_deg
        inside |= ((ra - west) % 360 < (east - west) % 360) & (dec > south) & (dec <= north)
    assert np.array_equal(tiles.contains(ra, dec), inside)
    assert inside.sum() > 200


def test_the_edge_is_as_far_as_the_nearest_point_on_its_other_side(tiles: TileSet) -> None:
    rng = np.random.default_rng(2)
    ra = np.concatenate([rng.uniform(338, 392, 400), rng.uniform(272, 278, 60), rng.uniform(3, 7, 60)]) % 360
    dec = np.concatenate([rng.uniform(-62, -10, 400), rng.uniform(-73, -70, 60), rng.uniform(-41, -39, 60)])
    found, inside = tiles.edge_arcmin(ra, dec), tiles.contains(ra, dec)
    around = Box(west_ra_deg=271, east_ra_deg=60, south_dec_deg=-73.8, north_dec_deg=-5)
    outside = Boxes([tile for tile in TileSet.of_regions(GRID, [around]) if tile not in tiles])
    covered = Boxes(list(tiles))
    near = np.flatnonzero(np.abs(found) < 42)[:60]
    assert len(near) == 60
    for row in near.tolist():
        other = outside if inside[row] else covered
        assert abs(found[row]) == pytest.approx(other.distance_deg(ra[row], dec[row]) * 60, abs=0.02)
        assert (found[row] > 0) == inside[row]
    assert np.abs(found).max() == pytest.approx(2570 / 60)


def test_positions_that_are_none_are_outside_and_have_no_distance(tiles: TileSet) -> None:
    ra, dec = np.array([np.nan, np.inf, 0.0, 0.0]), np.array([-30.0, -30.0, np.nan, -np.inf])
    assert not tiles.contains(ra, dec).any()
    assert np.isnan(tiles.edge_arcmin(ra, dec)).all()


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 90.0), (100.0, -90.0), (200.0, 89.0)])
def test_the_poles_are_far_outside(tiles: TileSet, ra: float, dec: float) -> None:
    assert tiles.edge_arcmin(ra, dec) == pytest.approx(-2570 / 60)
    nearest = tiles.nearest(ra, dec)
    assert nearest is not None
    assert nearest.distance_deg > 10


def test_runs_and_names_give_the_same_tiles_again(tiles: TileSet) -> None:
    again = TileSet.of_runs(GRID, tiles.runs())
    assert again.names == tiles.names
    named, unknown = TileSet.of_names(GRID, [*tiles.names, "DES9999+0000"])
    assert (named.names, unknown) == (tiles.names, ("DES9999+0000",))


@pytest.mark.parametrize("runs", [[[5, 0]], [[5, 0, 10_000]], [[999, 0, 1]], [[-1, 0, 1]], [[5, -3, 1]], [[5, 0, 10**9]]])
def test_runs_of_another_grid_are_refused(runs: list[list[int]]) -> None:
    with pytest.raises(InvalidRequest):
        TileSet.of_runs(GRID, runs)


def test_no_tiles_cover_nothing() -> None:
    none = TileSet(GRID, [], [])
    assert (len(none), none.area_deg2, none.runs(), none.names, none.nearest(0, 0)) == (0, 0.0, [], (), None)
    assert not none.contains([1.0], [1.0]).any()
    assert none.edge_arcmin([1.0], [1.0]).tolist() == [-2570 / 60]


def test_a_region_selects_the_tiles_that_it_reaches(tiles: TileSet) -> None:
    triangle = Polygon(vertices=((358.0, -50.0), (2.0, -50.0), (0.0, -46.0)))
    chosen = tiles.reached_by(triangle)
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(357, 363, 20_000) % 360, rng.uniform(-51, -45, 20_000)
    inside = triangle.contains(ra, dec)
    assert set(np.unique(GRID.names(ra[inside], dec[inside]))) <= set(chosen.names)
    assert len(chosen) < 40
    point = tiles.reached_by(Circle(ra_deg=0.0, dec_deg=-30.0, radius_deg=0.001))
    assert point.names == (str(GRID.names(0.0, -30.0)),)
