"""The made-up sky."""

import numpy as np
import pytest

from skydesk.demo_survey.objects import find_objects
from skydesk.demo_survey.recipe import M2, PRESETS, Disc
from skydesk.demo_survey.sky import Sources, make_sky, reddening
from skydesk.grid import FloatArray


@pytest.fixture(scope="module")
def sky() -> Sources:
    return make_sky(1)


def test_a_seed_makes_one_sky_and_another_seed_another(sky: Sources) -> None:
    again, other = make_sky(1), make_sky(2)
    assert np.array_equal(sky.mag, again.mag)
    assert np.array_equal(sky.ra_deg, again.ra_deg)
    assert len(other) != len(sky) or not np.array_equal(sky.mag, other.mag)


def test_magnitudes_and_shapes_are_possible(sky: Sources) -> None:
    assert np.isfinite(sky.mag).all()
    assert sky.mag.min() > 11
    assert sky.mag[:, 2].max() < 25
    assert (sky.radius_arcsec >= 0).all()
    assert ((sky.axis_ratio > 0) & (sky.axis_ratio <= 1)).all()
    assert ((sky.bulge >= 0) & (sky.bulge <= 1)).all()


def test_stars_crowd_towards_m2_as_a_king_profile_does(sky: Sources) -> None:
    stars = sky.only((sky.radius_arcsec == 0) & (sky.mag[:, 2] < 20))
    density = [_density(stars, inner, outer) for inner, outer in ((0, 0.01), (0.03, 0.05), (0.1, 0.14), (0.2, 0.24))]
    assert density[0] > 10 * density[1] > 100 * density[2]
    assert density[2] > density[3]


def test_m2_has_a_turn_off_a_giant_branch_and_a_horizontal_branch(sky: Sources) -> None:
    near = sky.only((sky.radius_arcsec == 0) & (_distance(sky) < 0.03))
    g_r, r = near.mag[:, 0] - near.mag[:, 1], near.mag[:, 1]
    assert np.median(g_r[(r > 19.0) & (r < 19.6)]) == pytest.approx(0.26, abs=0.04)
    assert np.median(g_r[(r > 14) & (r < 14.5)]) > np.median(g_r[(r > 16.5) & (r < 17)]) > 0.5
    assert ((r > 15.5) & (r < 16.8) & (g_r < 0.2)).sum() > 200


def test_galaxies_grow_in_number_with_magnitude(sky: Sources) -> None:
    i_mag = sky.mag[sky.radius_arcsec > 0, 2]
    counts = [np.count_nonzero((i_mag > faint - 1) & (i_mag <= faint)) for faint in (20, 21, 22, 23, 24)]
    assert np.allclose(np.diff(np.log10(counts)), 0.36, atol=0.12)


def test_dust_is_what_there_is_near_m2() -> None:
    assert reddening(np.array([M2[0]]), np.array([M2[1]]))[0] == pytest.approx(0.045, abs=0.005)


def test_the_demo_lists_more_than_25_000_objects(sky: Sources) -> None:
    assert 25_000 <= len(find_objects(sky, PRESETS["demo"].discs)) <= 45_000


def test_no_object_is_listed_on_top_of_a_brighter_one(sky: Sources) -> None:
    objects = find_objects(sky, PRESETS["tiny"].discs)
    assert objects.neighbour_arcsec.min() > 1.3
    assert (np.diff(objects.flux[:, 2]) <= 0).all()
    x, y = objects.sources.ra_deg * 3600, objects.sources.dec_deg * 3600
    for index in range(0, len(objects), 500):
        others = np.hypot(x - x[index], y - y[index])
        others[index] = np.inf
        assert objects.neighbour_arcsec[index] == pytest.approx(min(8.0, others.min()), abs=0.01)


def test_objects_lie_inside_the_discs(sky: Sources) -> None:
    disc = Disc(ra_deg=323.2, dec_deg=-1.0, radius_deg=0.05)
    objects = find_objects(sky, (disc,))
    assert len(objects) > 500
    assert disc.contains(objects.sources.ra_deg, objects.sources.dec_deg).all()


def test_a_disc_of_empty_sky_gives_no_object(sky: Sources) -> None:
    assert len(find_objects(sky, (Disc(ra_deg=10.0, dec_deg=10.0, radius_deg=0.05),))) == 0


def _distance(sources: Sources) -> FloatArray:
    return np.asarray(np.hypot(sources.ra_deg - M2[0], sources.dec_deg - M2[1]))


def _density(sources: Sources, inner: float, outer: float) -> float:
    distance = _distance(sources)
    return float(np.count_nonzero((distance >= inner) & (distance < outer)) / (outer**2 - inner**2))
