"""Boxes cut from tiles, and stitched where they cross an edge."""

import math

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D

from skydesk.cutout.cutting import Box, Cutter, pixel_count
from skydesk.cutout.ports import BandCut
from skydesk.cutout.projection import TanProjection
from skydesk.errors import InvalidImage
from skydesk.grid import Tile, TileGrid
from tests.core.cutout.coarse_sky import GRID, RELEASE, SCALE_ARCSEC, box_at, light, neighbours, sky_of_tile, tiles_about, tiles_with
from tests.fakes.tiles import FakeTiles, sky_header

HOME = GRID.tile_at(34.81, -5.69)
EDGES = ("W", "E", "S", "N", "SW", "SE", "NW", "NE")
PLANES = ("SCI", "MSK", "WGT")
HALF_A_PIXEL = 5.0
"""What the sky's light changes by at the most over half a pixel in x and in y."""


def cut(tiles: FakeTiles, box: Box, tile: Tile = HOME, *, resample: bool = False, grid: TileGrid = GRID) -> BandCut:
    found = Cutter(grid, tiles, RELEASE).cut(tile, "g", box, PLANES, resample=resample)
    assert found is not None
    return found


def expected(found: BandCut, tile: Tile = HOME) -> np.ndarray:
    """The sky's own light at the cut's pixels."""
    height, width = found.sci.shape
    y, x = np.mgrid[found.y + 1 : found.y + height + 1, found.x + 1 : found.x + width + 1]
    return light(*tile.sky_of(x, y))


@pytest.mark.parametrize(("arcmin", "pixels"), [(1.0, 228), (0.1, 23), (12.0, 2738), (2.0, 456), (0.0001, 1)])
def test_sizes_are_rounded_to_whole_pixels(arcmin: float, pixels: int) -> None:
    assert pixel_count(arcmin, 0.263) == pixels


@pytest.mark.parametrize("size", [(4, 4), (5, 5), (1, 1), (228, 227)])
@pytest.mark.parametrize("place", [(200.01, 199.99), (200.3, 199.8), (200.49, 200.51), (212.7, 191.2)])
def test_the_position_is_within_half_a_pixel_of_the_middle(size: tuple[int, int], place: tuple[float, float]) -> None:
    sky = sky_of_tile(HOME)
    found = cut(tiles_with([HOME]), box_at(HOME, *place, *size))
    middle = found.x + (size[0] + 1) / 2, found.y + (size[1] + 1) / 2
    assert max(abs(middle[0] - place[0]), abs(middle[1] - place[1])) <= 0.5 + 1e-6
    theirs = Cutout2D(sky, (place[0] - 1, place[1] - 1), (size[1], size[0]))
    np.testing.assert_array_equal(found.sci, theirs.data)


def test_a_box_inside_a_tile_has_every_plane_and_opens_no_other_tile() -> None:
    tiles = tiles_with([HOME])
    found = cut(tiles, box_at(HOME, 200, 300))
    assert list(found.planes) == ["SCI", "MSK", "WGT"]
    assert {plane.shape for plane in found.planes.values()} == {(41, 61)}
    assert (found.x, found.y, found.tile, found.release) == (169, 279, HOME.name, RELEASE)
    assert found.blank_pixels == 0
    assert not found.stitched
    assert {tile for tile, _, _ in tiles.opened} == {HOME.name}


@pytest.mark.parametrize(
    "place",
    [(3, 200), (398, 200), (200, 3), (200, 398), (2, 2), (399, 2), (2, 399), (399, 399)],
    ids=EDGES,
)
@pytest.mark.parametrize("at", [(34.81, -5.69), (0.02, -5.69), (359.99, -60.1), (352.9, -52.8)], ids=["plain", "0h", "24h", "south"])
def test_a_box_across_an_edge_is_filled_with_the_nearest_pixels_of_the_tiles_beyond(
    place: tuple[float, float], at: tuple[float, float]
) -> None:
    home = GRID.tile_at(*at)
    found = cut(tiles_about(home), box_at(home, *place), home)
    assert found.sci.shape == (41, 61)
    assert found.blank_pixels == 0
    assert sum(found.stitched.values()) == np.count_nonzero(found_outside(found))
    assert 0 < found.offset_pixels <= 0.5
    assert not found.resampled
    sky = expected(found, home)
    np.testing.assert_allclose(found.sci, sky, atol=HALF_A_PIXEL)
    inside = ~found_outside(found)
    np.testing.assert_allclose(found.sci[inside], sky[inside], atol=1e-3)
    assert not found.planes["MSK"].any()
    assert (found.planes["WGT"] == 1).all()


def found_outside(found: BandCut) -> np.ndarray:
    """Which pixels of a cut lie beyond the home tile's image."""
    y, x = np.mgrid[found.y : found.y + found.sci.shape[0], found.x : found.x + found.sci.shape[1]]
    return (x < 0) | (y < 0) | (x >= 400) | (y >= 400)


def test_resampling_is_asked_for_and_comes_closer_to_the_sky() -> None:
    tiles = tiles_about(HOME)
    nearest, smooth = (cut(tiles, box_at(HOME, 398, 200), resample=resample) for resample in (False, True))
    outside, sky = found_outside(nearest), expected(nearest)
    assert smooth.resampled
    assert smooth.offset_pixels == 0
    assert np.abs(smooth.sci - sky)[outside].max() < 0.2 * np.abs(nearest.sci - sky)[outside].max()
    np.testing.assert_array_equal(smooth.planes["MSK"], nearest.planes["MSK"])
    np.testing.assert_allclose(smooth.planes["WGT"], 1, rtol=1e-6)


def test_each_pixel_comes_from_the_tile_whose_unique_area_it_lies_in() -> None:
    around = neighbours(HOME)
    tiles = FakeTiles()
    numbers = {tile.name: number for number, tile in enumerate(around)}
    for tile in around:
        tiles.add_sky(tile, "g", RELEASE, np.full((400, 400), numbers[tile.name], np.float32))
    found = cut(tiles, box_at(HOME, 399, 399))
    y, x = np.mgrid[found.y + 1 : found.y + 42, found.x + 1 : found.x + 62]
    owners = np.vectorize(numbers.__getitem__)(GRID.names(*HOME.sky_of(x, y)))
    outside = found_outside(found)
    np.testing.assert_array_equal(found.sci[outside], owners[outside])
    assert (found.sci[~outside] == numbers[HOME.name]).all()
    assert found.stitched == {
        name: np.count_nonzero(outside & (owners == number)) for name, number in numbers.items() if (outside & (owners == number)).any()
    }


def test_where_the_owner_lacks_images_any_other_tile_that_covers_the_pixel_gives_it() -> None:
    """The tile to the north-east is missing: what its southern neighbour's overlap has is taken from there, the rest is blank."""
    around = neighbours(HOME)
    east = GRID.tile_at(HOME.ra_deg + HOME.step_deg / math.cos(math.radians(HOME.dec_deg)), HOME.dec_deg)
    kept = [tile for tile in around if tile.row >= HOME.row]
    found = cut(tiles_with(kept), box_at(HOME, 2, 385))
    assert set(found.stitched) == {east.name}
    x, y = east.pixels_of(*HOME.sky_of(*np.meshgrid(found.x + 1 + np.arange(61), found.y + 1 + np.arange(41))))
    covered = (x >= 0.5) & (x < 400.5) & (y >= 0.5) & (y < 400.5)
    outside = found_outside(found)
    np.testing.assert_array_equal(np.isfinite(found.sci), ~outside | covered)
    assert found.blank_pixels == np.count_nonzero(outside & ~covered) > 0


def test_pixels_that_no_tile_covers_are_blank_and_counted() -> None:
    found = cut(tiles_with([HOME]), box_at(HOME, 398, 200))
    outside = found_outside(found)
    assert found.blank_pixels == np.count_nonzero(outside) == 28 * 41
    np.testing.assert_array_equal(np.isnan(found.sci), outside)
    np.testing.assert_array_equal(found.planes["MSK"], outside.astype(np.int32))
    np.testing.assert_array_equal(found.planes["WGT"], (~outside).astype(np.float32))
    assert not found.stitched


def test_tiles_of_one_plane_are_copied_exactly_even_where_resampling_was_asked_for() -> None:
    east = GRID.tile_at(HOME.ra_deg + HOME.step_deg / math.cos(math.radians(HOME.dec_deg)), HOME.dec_deg)
    rng = np.random.default_rng(4)
    mosaic = rng.normal(size=(400, 780)).astype(np.float32)
    tiles, header = tiles_with([]), sky_header(HOME)
    ones = {"MSK": np.zeros((400, 400), np.int32), "WGT": np.ones((400, 400), np.float32)}
    tiles.add(HOME.name, "g", RELEASE, {"SCI": mosaic[:, 380:], **ones}, header)
    shifted = header.copy()
    shifted["CRPIX1"] += 380
    tiles.add(east.name, "g", RELEASE, {"SCI": mosaic[:, :400], **ones}, shifted)
    found = cut(tiles, box_at(HOME, 2, 200), resample=True)
    np.testing.assert_array_equal(found.sci, mosaic[found.y : found.y + 41, 380 + found.x : 380 + found.x + 61])
    assert found.offset_pixels == 0
    assert not found.resampled
    assert found.stitched == {east.name: np.count_nonzero(found_outside(found))}


def test_a_large_box_is_filled_in_strips_and_spans_several_tiles() -> None:
    found = cut(tiles_about(HOME), box_at(HOME, 390, 390, 350, 380))
    assert found.blank_pixels == 0
    assert len(found.stitched) >= 3
    np.testing.assert_allclose(found.sci, expected(found), atol=HALF_A_PIXEL)


def test_a_position_on_a_tile_without_images_is_cut_from_a_neighbour_that_covers_it() -> None:
    tiles = tiles_with([tile for tile in neighbours(HOME) if tile.name != HOME.name])
    edge, middle = box_at(HOME, 394, 200), box_at(HOME, 200, 200)
    cutter = Cutter(GRID, tiles, RELEASE)
    other = cutter.home(HOME, edge)
    assert other is not None
    assert other.name != HOME.name
    found = cut(tiles, edge, other)
    np.testing.assert_allclose(found.sci[20, 30], light(edge.ra_deg, edge.dec_deg), atol=HALF_A_PIXEL)
    assert cutter.home(HOME, middle) is None


def test_a_band_without_an_image_is_none() -> None:
    assert Cutter(GRID, tiles_with([HOME]), RELEASE).cut(HOME, "Y", box_at(HOME, 200, 200), PLANES) is None


def test_a_plane_called_image_is_the_image() -> None:
    tiles = FakeTiles()
    tiles.add(HOME.name, "g", RELEASE, {"IMAGE": sky_of_tile(HOME)}, sky_header(HOME))
    found = cut(tiles, box_at(HOME, 200, 200))
    assert list(found.planes) == ["SCI"]


def test_whole_number_images_become_floats_that_can_be_blank() -> None:
    tiles = FakeTiles()
    tiles.add(HOME.name, "g", RELEASE, {"SCI": np.ones((400, 400), np.int16)}, sky_header(HOME))
    found = cut(tiles, box_at(HOME, 398, 200))
    assert found.sci.dtype == np.float32
    assert np.isnan(found.sci).sum() == found.blank_pixels > 0


@pytest.mark.parametrize(
    ("planes", "change", "message"),
    [
        ({"SCI": (400, 400), "MSK": (399, 400)}, {}, "the planes differ in size; MSK has 400 x 399, SCI 400 x 400 pixels"),
        ({"SCI": (400, 400)}, {"CTYPE1": "RA---SIN"}, "must be 'RA---TAN' and 'DEC--TAN', got 'RA---SIN'"),
        ({"SCI": (400, 400)}, {"CRVAL1": 214.8, "CRVAL2": 5.0}, "more than 90 degrees"),
        ({}, {}, "has no image in it"),
    ],
    ids=["sizes", "projection", "far", "empty"],
)
def test_a_file_that_cannot_be_cut_is_named(planes: dict[str, tuple[int, int]], change: dict[str, object], message: str) -> None:
    tiles, header = FakeTiles(), sky_header(HOME)
    header.update(change)
    tiles.add(HOME.name, "g", RELEASE, {name: np.zeros(shape, np.float32) for name, shape in planes.items()}, header)
    with pytest.raises(InvalidImage) as raised:
        cut(tiles, box_at(HOME, 200, 200))
    assert message in str(raised.value)
    assert f"{HOME.name}_r1p01_g.fits.fz" in str(raised.value)


def test_a_neighbour_that_lacks_a_plane_is_an_error_and_no_hole() -> None:
    east = GRID.tile_at(HOME.ra_deg + HOME.step_deg / math.cos(math.radians(HOME.dec_deg)), HOME.dec_deg)
    tiles = tiles_with([HOME])
    tiles.add(east.name, "g", RELEASE, {"SCI": sky_of_tile(east)}, sky_header(east))
    with pytest.raises(InvalidImage, match="has no plane MSK"):
        cut(tiles, box_at(HOME, 2, 200))


def test_a_tile_turned_by_its_header_is_cut_on_its_own_pixels() -> None:
    """Neither the size of a pixel nor north being up is taken from the grid."""
    header, angle, scale = sky_header(HOME), math.radians(25), SCALE_ARCSEC / 3600
    header["CD1_1"], header["CD1_2"] = -scale * math.cos(angle), scale * math.sin(angle)
    header["CD2_1"], header["CD2_2"] = scale * math.sin(angle), scale * math.cos(angle)
    turned = fits.ImageHDU(header=header).header.tostring(endcard=False, padding=False).encode()
    projection = TanProjection.from_cards(turned[at : at + 80] for at in range(0, len(turned), 80))
    y, x = np.mgrid[1:401, 1:401]
    tiles = FakeTiles()
    tiles.add(HOME.name, "g", RELEASE, {"SCI": light(*projection.sky_of(x, y))}, header)
    found = cut(tiles, Box(ra_deg=HOME.ra_deg + 0.1, dec_deg=HOME.dec_deg - 0.1, width=5, height=5))
    np.testing.assert_allclose(found.sci[2, 2], light(HOME.ra_deg + 0.1, HOME.dec_deg - 0.1), atol=HALF_A_PIXEL)
