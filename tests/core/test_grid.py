"""The tile grid: names, places and unique areas."""

import math

import numpy as np
import pytest
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from skydesk.errors import InvalidRequest, NotFound
from skydesk.grid import Tile, TileGrid

GRID = TileGrid()
EVERYWHERE = st.tuples(st.floats(0, 360, exclude_max=True), st.floats(-73, 30))


@pytest.mark.parametrize(
    ("row", "column", "name", "ra_deg", "dec_deg"),
    [
        (50, 167, "DES0219-0541", 34.810687, -5.694444),
        (37, 149, "DES0126+0335", 21.578133, 3.586111),
        (116, 66, "DES2331-5248", 352.950343, -52.811111),
    ],
)
def test_known_tiles_have_their_names_and_centres(row: int, column: int, name: str, ra_deg: float, dec_deg: float) -> None:
    tile = GRID.tile(row, column)
    assert tile.name == name
    assert (tile.ra_deg, tile.dec_deg) == pytest.approx((ra_deg, dec_deg), abs=5e-7)
    assert GRID.named(name) == tile


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg", "name"),
    [
        (323.3626, -0.8233, "DES2134-0041"),
        (323.10, -0.90, "DES2131-0041"),
        (323.10, -1.10, "DES2131-0124"),
        (323.28, -1.10, "DES2134-0124"),
    ],
    ids=["M2", "north-west", "south-west", "south-east"],
)
def test_the_four_tiles_beside_m2_meet_at_one_point(ra_deg: float, dec_deg: float, name: str) -> None:
    assert GRID.tile_at(ra_deg, dec_deg).name == name


@given(EVERYWHERE)
def test_a_position_lies_in_the_unique_area_of_its_tile(position: tuple[float, float]) -> None:
    tile = GRID.tile_at(*position)
    low, high = tile.unique_dec_deg
    assert low - 1e-9 <= position[1] <= high + 1e-9
    west, east = tile.unique_ra_deg
    assert (position[0] - west + 1e-9) % 360 <= (east - west) % 360 + 2e-9


@given(EVERYWHERE, st.integers(-2, 2))
def test_a_turn_of_right_ascension_changes_no_tile(position: tuple[float, float], turns: int) -> None:
    ra, dec = round(position[0], 6), position[1]
    assert GRID.tile_at(ra + 1e-7 + 360 * turns, dec) == GRID.tile_at(ra + 1e-7, dec)


@given(EVERYWHERE)
def test_a_tile_is_found_by_its_centre_and_by_its_name(position: tuple[float, float]) -> None:
    tile = GRID.tile_at(*position)
    assert GRID.named(tile.name).name == tile.name
    assert GRID.tile_at(tile.ra_deg, tile.dec_deg) == tile


@given(EVERYWHERE, st.floats(1, 10_000), st.floats(1, 10_000))
def test_pixels_and_positions_are_each_other_s_inverse(position: tuple[float, float], x: float, y: float) -> None:
    tile = GRID.tile_at(*position)
    assert np.allclose(tile.pixels_of(*tile.sky_of(x, y)), (x, y), atol=1e-5)


@pytest.mark.parametrize("name", ["DES2134-0041", "DES0219-0541", "DES2331-5248"])
def test_the_projection_is_that_of_wcslib(name: str) -> None:
    tile = GRID.named(name)
    ra, dec = _wcs(tile).all_pix2world([1, 4321.5, 10_000], [1, 8765.25, 10_000], 1)
    assert np.allclose(tile.sky_of([1, 4321.5, 10_000], [1, 8765.25, 10_000]), (ra, dec), atol=1e-10)
    x, y = _wcs(tile).all_world2pix(ra, dec, 1)
    assert np.allclose(tile.pixels_of(ra, dec), (x, y), atol=1e-6)


def test_neighbours_share_the_bounds_of_their_unique_areas() -> None:
    here, east = GRID.tile(43, 68), GRID.tile(43, 69)
    assert here.unique_ra_deg[1] == pytest.approx(east.unique_ra_deg[0], abs=1e-12)
    assert here.unique_dec_deg[0] == pytest.approx(GRID.tile(44, 68).unique_dec_deg[1], abs=1e-12)


def test_a_tile_across_0_h_says_so_and_keeps_its_bounds_in_one_turn() -> None:
    tile = GRID.tile_at(0.0, -10.0)
    west, east = tile.ra_range_deg
    assert tile.crosses_ra0
    assert west > 359
    assert east < 1
    assert not GRID.tile_at(180.0, -10.0).crosses_ra0


def test_positions_on_both_sides_of_0_h_share_a_tile() -> None:
    tile = GRID.tile_at(0.0, -10.0)
    rows, columns = GRID.find([359.999999, 0.0, 1e-6, 360.0, -1e-6], -10.0)
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(tile.row, tile.column)}


def test_where_a_strip_closes_upon_itself_every_position_has_a_tile() -> None:
    ra = 275 + np.linspace(-1.5, 1.5, 3001)
    rows, columns = GRID.find(ra, -40.0)
    last = GRID.columns(int(rows[0])) - 1
    assert set(columns.tolist()) <= {last - 1, last, 0, 1, 2}
    assert columns[ra >= 275].max() <= 2


def test_corners_run_round_the_centre_and_span_the_tile() -> None:
    tile = GRID.named("DES2246-4457")
    ra, dec = zip(*tile.corners_deg, strict=True)
    assert ra[0] > ra[1]
    assert ra[3] > ra[2]
    assert dec[0] == pytest.approx(dec[1], abs=1e-9)
    assert dec[2] - dec[1] == pytest.approx(9999 * 0.263 / 3600, abs=2e-4)
    assert tile.dec_range_deg == (min(dec), max(dec))


def test_names_come_for_many_positions_at_once_and_are_empty_outside() -> None:
    assert GRID.names([[323.3626, 34.81]], [[-0.8233, 80.0]]).tolist() == [["DES2134-0041", ""]]


@pytest.mark.parametrize(("ra_deg", "dec_deg"), [(10, 31), (10, -75), (math.nan, 0), (0, math.nan), (0, math.inf), (math.inf, 0)])
def test_positions_outside_the_grid_have_no_tile(ra_deg: float, dec_deg: float) -> None:
    assert [int(part) for part in GRID.find(ra_deg, dec_deg)] == [-1, -1]
    with pytest.raises(NotFound):
        GRID.tile_at(ra_deg, dec_deg)


@pytest.mark.parametrize("name", ["", "DES", "DES2134", "DES2134-0040", "des2134-0041", "DES9999-9999", "DES2134-004x", "XYZ2134-0041"])
def test_a_name_of_no_tile_is_refused(name: str) -> None:
    with pytest.raises(NotFound, match="no tile named"):
        GRID.named(name)


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (0, -1), (10_000, 0), (0, 10_000)])
def test_an_index_outside_the_grid_is_refused(row: int, column: int) -> None:
    with pytest.raises(NotFound, match="no tile in row"):
        GRID.tile(row, column)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_ra_deg": 360.0},
        {"first_ra_deg": math.nan},
        {"first_dec_deg": 90.0},
        {"last_dec_deg": 40.0},
        {"step_arcsec": 0.0},
        {"pixel_scale_arcsec": -1.0},
        {"size_pixels": 9000},
        {"size_pixels": 10**9},
    ],
    ids=str,
)
def test_numbers_that_make_no_grid_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        TileGrid(**wrong)  # type: ignore[arg-type]


def test_names_are_cut_after_rounding_to_a_thousandth_of_a_second() -> None:
    names = [GRID.tile(row, column).name for row in range(GRID.rows) for column in range(0, GRID.columns(row), 97)]
    assert len(set(names)) == len(names)
    assert all(int(name[5:7]) < 60 and int(name[-2:]) < 60 and int(name[3:5]) < 24 for name in names)


def _wcs(tile: Tile) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [tile.ra_deg, tile.dec_deg]
    wcs.wcs.crpix = [5000.5, 5000.5]
    wcs.wcs.cd = np.array([[-0.263, 0], [0, 0.263]]) / 3600
    return wcs
