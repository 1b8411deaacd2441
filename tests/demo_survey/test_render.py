"""Drawing sources and measuring them."""

import math

import numpy as np
import pytest

from skydesk.demo_survey.recipe import FWHM_ARCSEC, M2
from skydesk.demo_survey.render import APERTURE_PIXELS, draw_sources, measure, noise_image
from skydesk.demo_survey.sky import Sources
from skydesk.grid import FloatArray, TileGrid

TILE = TileGrid().named("DES2134-0041")
SHAPE, CORNER = (401, 401), (3000, 7000)


@pytest.mark.parametrize("radius_arcsec", [0.0, 0.5, 3.0], ids=["star", "small galaxy", "large galaxy"])
@pytest.mark.parametrize("band", range(5), ids=list("grizY"))
def test_all_of_the_light_lands_on_the_image(radius_arcsec: float, band: int) -> None:
    image = draw_sources(TILE, SHAPE, CORNER, _one(radius_arcsec), np.array([1e6]), band, noise=0.01)
    assert image.sum(dtype=float) == pytest.approx(1e6, rel=0.01)


def test_a_source_lies_where_the_projection_says() -> None:
    image = draw_sources(TILE, SHAPE, CORNER, _one(0.0, x=7200.3, y=3210.8), np.array([1e6]), 2, noise=0.01)
    rows, columns = np.mgrid[0:401, 0:401]
    assert (image * columns).sum() / image.sum() + CORNER[1] + 1 == pytest.approx(7200.3, abs=0.01)
    assert (image * rows).sum() / image.sum() + CORNER[0] + 1 == pytest.approx(3210.8, abs=0.01)


def test_a_star_is_as_wide_as_the_seeing() -> None:
    image = draw_sources(TILE, SHAPE, CORNER, _one(0.0, x=7201, y=3201), np.array([1e6]), 2, noise=0.01)
    across = np.interp(0.5, (image[200, 200:210] / image[200, 200])[::-1], np.arange(9, -1, -1))
    assert 2 * across * 0.263 == pytest.approx(FWHM_ARCSEC[2], rel=0.05)


def test_the_light_of_a_large_galaxy_is_half_inside_its_radius() -> None:
    image = draw_sources(TILE, SHAPE, CORNER, _one(5.0, x=7201, y=3201), np.array([1e6]), 3, noise=0.01)
    rows, columns = np.mgrid[0:401, 0:401]
    inside = np.hypot(rows - 200, columns - 200) < 5.0 / 0.263
    assert image[inside].sum() / image.sum() == pytest.approx(0.5, abs=0.03)


def test_an_elongated_galaxy_points_north_when_its_angle_is_90_degrees() -> None:
    image = draw_sources(TILE, SHAPE, CORNER, _one(3.0, ratio=0.3, angle=90.0), np.array([1e6]), 2, noise=0.01)
    rows, columns = np.mgrid[0:401, 0:401]
    light = image / image.sum()
    y, x = (light * rows).sum(), (light * columns).sum()
    assert (light * (rows - y) ** 2).sum() > 3 * (light * (columns - x) ** 2).sum()


def test_noise_has_the_width_asked_for_and_follows_from_its_seed() -> None:
    first, second, other = (np.zeros((600, 500), np.float32) for _ in range(3))
    noise_image(first, 2.5, [1, 2])
    noise_image(second, 2.5, [1, 2])
    noise_image(other, 2.5, [1, 3])
    assert first.std() == pytest.approx(2.5, rel=0.01)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.5])
def test_apertures_on_a_flat_image_have_the_area_of_their_circles(offset: float) -> None:
    flux, _ = _measured(np.ones((200, 200), np.float32), np.zeros((200, 200), np.int32), 100 + offset, 99.0 - offset)
    assert flux[0] == pytest.approx(math.pi * APERTURE_PIXELS**2, rel=0.02)


def test_apertures_beyond_the_edge_count_what_is_there() -> None:
    flux, _ = _measured(np.ones((200, 200), np.float32), np.zeros((200, 200), np.int32), 0.0, 100.0)
    assert flux[0, 11] == pytest.approx(math.pi * APERTURE_PIXELS[11] ** 2 / 2 + APERTURE_PIXELS[11], rel=0.02)


def test_mask_bits_within_reach_are_joined_and_others_are_not() -> None:
    mask = np.zeros((200, 200), np.int32)
    mask[100, 103], mask[98, 100], mask[100, 120] = 2, 512, 1
    _, flags = _measured(np.ones((200, 200), np.float32), mask, 100.0, 100.0)
    assert flags.tolist() == [514]


def _measured(image: np.ndarray, mask: np.ndarray, x: float, y: float) -> tuple[FloatArray, np.ndarray]:
    return measure(image, mask, np.array([x]), np.array([y]), np.array([5.0]))


def _one(radius: float, *, x: float = 7201.0, y: float = 3201.0, ratio: float = 1.0, angle: float = 0.0) -> Sources:
    ra, dec = TILE.sky_of([x], [y])
    assert abs(ra[0] - M2[0]) < 0.2
    return Sources(
        ra_deg=ra,
        dec_deg=dec,
        mag=np.full((1, 5), 15.0),
        radius_arcsec=np.array([radius]),
        axis_ratio=np.array([ratio]),
        angle_deg=np.array([angle]),
        bulge=np.zeros(1),
    )
