"""Cells and their pixels, held to the standard's own example and to another library; names, orders, averages."""

import numpy as np
import pytest
from astropy.wcs import WCS
from astropy_healpix import healpix_to_lonlat

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.errors import InvalidRequest, LimitExceeded, NotFound
from skydesk.footprint.hips.geometry import TILE_WIDTH, cell_width_deg, cells_reached, positions
from skydesk.footprint.hips.model import colour_bands
from skydesk.footprint.hips.names import cell_path, known_path
from skydesk.footprint.hips.properties import read_properties
from skydesk.footprint.hips.pyramid import allsky_picture, estimated_bytes, natural_order, order_within, parent_picture
from skydesk.footprint.membership import TileSet
from skydesk.footprint.regions import Box
from skydesk.grid import TileGrid

SKY, GRID = AstropyHealpixSky(), TileGrid()
ALONG = np.arange(TILE_WIDTH)


def test_pixels_lie_where_the_standard_s_example_puts_them() -> None:
    """HiPS 1.0, WCS of a tile: order 0, cell 7. A FITS image's rows run the other way than a PNG's."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---HPX", "DEC--HPX"]
    wcs.wcs.crpix, wcs.wcs.crval = [-255.5, -255.5], [0, 0]
    wcs.wcs.cd = [[-8.7890625e-02, -8.7890625e-02], [8.7890625e-02, -8.7890625e-02]]
    wcs.wcs.set_pv([(2, 1, 4), (2, 2, 3)])
    down, along = np.mgrid[0:TILE_WIDTH, 0:TILE_WIDTH]
    ra, dec = wcs.wcs_pix2world(along.ravel(), TILE_WIDTH - 1 - down.ravel(), 0)
    ours = positions(0, 7, down.ravel(), along.ravel())
    assert np.abs((ours[0] - ra + 180) % 360 - 180).max() < 1e-9
    assert np.abs(ours[1] - dec).max() < 1e-9


@pytest.mark.parametrize("order", [0, 3, 6, 10, 13])
def test_pixels_lie_where_another_library_puts_their_nested_numbers(order: int) -> None:
    rng = np.random.default_rng(order)
    bits = sum(((ALONG >> bit) & 1) << (2 * bit) for bit in range(9))
    inside = np.asarray(bits)[:, None] + 2 * np.asarray(bits)
    for cell in {0, 12 * 4**order - 1, *rng.integers(0, 12 * 4**order, 8).tolist()}:
        lon, lat = healpix_to_lonlat(cell * TILE_WIDTH**2 + inside, 2 ** (order + 9), order="nested")
        ra, dec = positions(order, int(cell), ALONG[:, None], ALONG)
        across = ((ra - lon.to_value("deg") + 180) % 360 - 180) * np.cos(np.radians(dec))
        assert np.hypot(across, dec - lat.to_value("deg")).max() < 1e-9
        assert ra.min() >= 0
        assert ra.max() < 360


def test_the_poles_are_corners_of_cells() -> None:
    ra, dec = positions(5, 4**5 - 1, [TILE_WIDTH - 0.5], [TILE_WIDTH - 0.5])
    assert np.isfinite(ra).all()
    assert dec[0] == pytest.approx(90, abs=1e-6)


@pytest.mark.parametrize("order", [3, 5, 7, 9])
def test_no_cell_that_tiles_reach_is_missing(order: int) -> None:
    tiles = TileSet.of_regions(GRID, [Box(west_ra_deg=356, east_ra_deg=4, south_dec_deg=-45, north_dec_deg=-39)])
    rng = np.random.default_rng(order)
    ra, dec = rng.uniform(350, 370, 400_000) % 360, rng.uniform(-48, -36, 400_000)
    on_tiles = tiles.contains(ra, dec)
    reached = cells_reached(tiles, order, SKY)
    assert np.isin(SKY.cells(ra[on_tiles], dec[on_tiles], order), reached).all()
    assert (np.diff(reached) > 0).all()
    assert len(reached) * cell_width_deg(order) ** 2 < tiles.area_deg2 * (1 + 6 * cell_width_deg(order)) + 12 * cell_width_deg(order) ** 2


def test_no_tiles_reach_no_cells() -> None:
    assert len(cells_reached(TileSet(GRID, [], []), 5, SKY)) == 0


def test_files_are_named_as_the_standard_s_example() -> None:
    assert cell_path(6, 10302) == "Norder6/Dir10000/Npix10302.png"
    assert known_path("Norder6/Dir10000/Npix10302.png") == "Norder6/Dir10000/Npix10302.png"
    for text in ("Norder6/Dir0/Npix10302.png", "Norder6/Dir10000/Npix10302.png\n", "Norder6/Dir10000/../Npix10302.png", ""):
        with pytest.raises(NotFound):
            known_path(text)


@pytest.mark.parametrize(("scale_arcsec", "order"), [(0.263, 10), (0.2012, 11), (0.21, 10), (60, 3), (3600, 3), (1e-6, 13)])
def test_the_natural_order_has_the_smallest_pixels_that_are_not_finer_than_the_images(scale_arcsec: float, order: int) -> None:
    assert natural_order(scale_arcsec) == order


def test_the_order_is_as_deep_as_fits() -> None:
    assert order_within(2.0, 0.263, 10**12) == 10
    assert order_within(5000.0, 0.263, 100 * 10**9) == 8
    assert estimated_bytes(5000.0, 8) < 100 * 10**9 < estimated_bytes(5000.0, 9)
    assert order_within(2.0, 0.263, 10**12, 12) == 12
    with pytest.raises(LimitExceeded, match="order 8 may take"):
        order_within(5000.0, 0.263, 10**9, 8)
    with pytest.raises(LimitExceeded, match="order 3 may take"):
        order_within(5000.0, 0.263, 10)
    with pytest.raises(InvalidRequest, match="order: must be from 3 to 13, got 1"):
        order_within(5000.0, 0.263, 10, 1)


def test_four_pictures_become_one_and_what_is_transparent_does_not_darken_it() -> None:
    def plain(*colour: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return np.broadcast_to(np.array(colour, np.uint8), (TILE_WIDTH, TILE_WIDTH, 4)).copy()

    south, north = plain(200, 100, 0, 255), plain(0, 0, 80, 255)
    south[::2, ::2] = 0
    parent = parent_picture([south, None, None, north])
    half = TILE_WIDTH // 2
    assert (parent[:half, :half] == (200, 100, 0, 191)).all()
    assert (parent[half:, half:] == (0, 0, 80, 255)).all()
    assert not parent[:half, half:].any()
    assert not parent[half:, :half].any()


def test_the_preview_lays_cells_side_by_side() -> None:
    picture = np.full((TILE_WIDTH, TILE_WIDTH, 4), 255, np.uint8)
    sky = allsky_picture({28: picture})
    assert sky.shape == (1856, 1728, 4)
    assert sky[64:128, 64:128].min() == 255
    assert sky.sum() == 64 * 64 * 4 * 255


def test_colours_are_those_of_cutouts_or_of_what_there_is() -> None:
    assert colour_bands(("g", "r", "i", "z", "Y")) == ("i", "r", "g")
    assert colour_bands(("u", "v", "w", "x")) == ("w", "v", "u")
    with pytest.raises(InvalidRequest, match="the survey has 2"):
        colour_bands(("u", "v"))


def test_comments_and_blank_lines_of_properties_are_passed_over() -> None:
    assert read_properties("# a = b\n\nhips_order = 3\n obs_title=x = y\r\nnothing\n") == {"hips_order": "3", "obs_title": "x = y"}
