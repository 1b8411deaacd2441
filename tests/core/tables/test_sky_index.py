"""Positions near positions, held to astropy."""

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from skydesk.tables.sky_index import SkyIndex, separation_deg


def pairs_of_astropy(mine: np.ndarray, others: np.ndarray, radius_deg: float) -> set[tuple[int, int]]:
    apart = SkyCoord(*mine, unit="deg")[:, np.newaxis].separation(SkyCoord(*others, unit="deg")[np.newaxis, :])
    return set(zip(*(places.tolist() for places in np.nonzero(apart.deg <= radius_deg)), strict=True))


def around(ra_deg: float, dec_deg: float, spread_deg: float, count: int, seed: int) -> np.ndarray:
    """Positions scattered round one, over a pole and over 0 h where they come to lie there."""
    random = np.random.default_rng(seed)
    centre = SkyCoord(ra_deg, dec_deg, unit="deg")
    points = centre.directional_offset_by(random.uniform(0, 360, count) * u.deg, spread_deg * np.sqrt(random.uniform(0, 1, count)) * u.deg)
    return np.array([points.ra.deg, points.dec.deg])


@pytest.mark.parametrize("radius_deg", [0.1 / 3600, 1 / 3600, 30 / 3600, 0.5, 1.0], ids=["0.1 arcsec", "1 arcsec", "30 arcsec", "0.5", "1"])
@pytest.mark.parametrize(
    ("ra_deg", "dec_deg"),
    [(0, 0), (359.9999, -45), (120, 90), (10, -90), (180, 89.9), (0.0001, -89.5), (77, 30)],
    ids=["origin", "across 0 h", "north pole", "south pole", "near the pole", "near pole and 0 h", "elsewhere"],
)
def test_it_finds_the_pairs_that_astropy_finds(ra_deg: float, dec_deg: float, radius_deg: float) -> None:
    mine = around(ra_deg, dec_deg, 8 * radius_deg, 300, 1)
    others = around(ra_deg, dec_deg, 8 * radius_deg, 700, 2)
    one, other, apart = SkyIndex(*mine, radius_deg).near(*others)
    found = set(zip(one.tolist(), other.tolist(), strict=True))
    assert len(found) == len(one)
    assert found == pairs_of_astropy(mine, others, radius_deg)
    expected = SkyCoord(*mine[:, one], unit="deg").separation(SkyCoord(*others[:, other], unit="deg")).deg
    np.testing.assert_allclose(apart, expected, rtol=1e-9, atol=1e-12)


def test_positions_all_over_the_sky_find_their_like() -> None:
    random = np.random.default_rng(3)
    ra, dec = random.uniform(0, 360, 20_000), np.degrees(np.arcsin(random.uniform(-1, 1, 20_000)))
    one, other, apart = SkyIndex(ra, dec, 1 / 3600).near(ra, dec)
    assert set(zip(one.tolist(), other.tolist(), strict=True)) >= {(n, n) for n in range(20_000)}
    assert apart.max() <= 1 / 3600


def test_right_ascensions_beyond_the_circle_are_the_same_places() -> None:
    one, other, _ = SkyIndex(np.array([-1.0, 361.0]), np.array([5.0, 5.0]), 0.001).near(
        np.array([359.0, 1.0, -359.0]), np.array([5.0, 5.0, 5.0])
    )
    assert sorted(zip(one.tolist(), other.tolist(), strict=True)) == [(0, 0), (1, 1), (1, 2)]


def test_what_is_no_position_is_near_nothing() -> None:
    one, other, _ = SkyIndex(np.array([1.0]), np.array([2.0]), 0.1).near(np.array([np.nan, 1.0, 1.0]), np.array([2.0, np.nan, 2.0]))
    assert (one.tolist(), other.tolist()) == ([0], [2])


def test_nothing_is_near_nothing() -> None:
    empty = np.array([], np.float64)
    assert len(SkyIndex(empty, empty, 0.1).near(np.array([1.0]), np.array([2.0]))[0]) == 0
    assert len(SkyIndex(np.array([1.0]), np.array([2.0]), 0.1).near(empty, empty)[0]) == 0


def test_small_separations_keep_their_digits() -> None:
    apart = separation_deg(np.array([10.0]), np.array([60.0]), np.array([10.0]), np.array([60.0 + 1e-9]))
    np.testing.assert_allclose(apart, 1e-9, rtol=1e-4)
