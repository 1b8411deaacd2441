"""Circles, boxes and polygons: what lies in them, where their boundary is, and how they are written as SQL."""

import math

import duckdb
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.errors import InvalidRequest
from skydesk.footprint.regions import Box, Circle, Polygon, Region
from skydesk.footprint.sphere import galactic_to_icrs, separation, unit_vectors

RNG = np.random.default_rng(4)
RA, DEC = RNG.uniform(0, 360, 20_000), np.degrees(np.arcsin(RNG.uniform(-1, 1, 20_000)))
STAR = Polygon(vertices=((350.0, -10.0), (0.0, -2.0), (10.0, -10.0), (3.0, 0.0), (10.0, 12.0), (0.0, 4.0), (350.0, 12.0), (357.0, 0.0)))
REGIONS = {
    "circle": Circle(ra_deg=359.0, dec_deg=-30.0, radius_deg=20.0),
    "circle over the pole": Circle(ra_deg=100.0, dec_deg=80.0, radius_deg=25.0),
    "box": Box(west_ra_deg=10.0, east_ra_deg=60.0, south_dec_deg=-40.0, north_dec_deg=20.0),
    "box across 0 h": Box(west_ra_deg=340.0, east_ra_deg=20.0, south_dec_deg=-40.0, north_dec_deg=20.0),
    "triangle": Polygon(vertices=((10.0, -60.0), (80.0, -50.0), (40.0, 10.0))),
    "star across 0 h": STAR,
    "polygon over the pole": Polygon(vertices=((0.0, 60.0), (120.0, 65.0), (240.0, 70.0))),
    "polygon over the other pole": Polygon(vertices=((0.0, -60.0), (240.0, -70.0), (120.0, -65.0))),
}
every_region = pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS.keys())


def inside_by_angles(polygon: Polygon, ra: float, dec: float) -> bool:
    """Sum the angles under which the sides are seen: a turn for what is inside, nothing for what is outside."""
    here = unit_vectors(ra, dec)
    east = np.array([-math.sin(math.radians(ra)), math.cos(math.radians(ra)), 0.0])
    north = np.cross(here, east)
    vertices = unit_vectors(*np.array(polygon.vertices).T)
    if (vertices @ here).max() < -0.2:
        return False
    angle = np.unwrap([*np.arctan2(vertices @ east, vertices @ north).tolist(), math.atan2(vertices[0] @ east, vertices[0] @ north)])
    return abs(angle[-1] - angle[0]) > math.pi


@pytest.mark.parametrize("name", [name for name, region in REGIONS.items() if isinstance(region, Polygon)])
def test_a_polygon_holds_what_its_sides_go_round(name: str) -> None:
    polygon = REGIONS[name]
    assert isinstance(polygon, Polygon)
    middle = unit_vectors(*np.array(polygon.vertices).T).sum(axis=0)
    near = unit_vectors(RA, DEC) @ (middle / np.linalg.norm(middle)) > 0.3
    ra, dec = RA[near][:1500], DEC[near][:1500]
    assert polygon.contains(ra, dec).tolist() == [inside_by_angles(polygon, *place) for place in zip(ra, dec, strict=True)]
    assert not polygon.contains(RA[~near], DEC[~near]).any()


@every_region
def test_sql_and_arithmetic_agree_on_every_position(region: Region) -> None:
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (RA DOUBLE, DEC DOUBLE)")
        database.register("positions", {"RA": RA, "DEC": DEC})
        found = database.execute(f"SELECT {region.sql('RA', 'DEC')} FROM positions").fetchnumpy()
    (values,) = found.values()
    assert np.array_equal(np.asarray(values), region.contains(RA, DEC))
    assert 0 < region.contains(RA, DEC).sum() < len(RA) / 2


@every_region
def test_the_boundary_lies_between_inside_and_outside(region: Region) -> None:
    ra, dec = region.boundary(0.25)
    far = separation(ra, dec, np.roll(ra, -1), np.roll(dec, -1))
    assert far.max() < 0.3
    beside = [
        region.contains((ra + across) % 360, np.clip(dec + along, -90, 90)) for across, along in ((0.4, 0), (-0.4, 0), (0, 0.4), (0, -0.4))
    ]
    both = np.logical_or.reduce(beside) & ~np.logical_and.reduce(beside)
    assert both[np.abs(dec) < 80].mean() > 0.9


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 360, exclude_max=True), st.floats(-89, 89), st.floats(0.001, 80))
def test_a_circle_holds_its_centre_and_not_what_is_farther_than_its_radius(ra: float, dec: float, radius: float) -> None:
    circle = Circle(ra_deg=ra, dec_deg=dec, radius_deg=radius)
    assert circle.contains(np.array([ra]), np.array([dec])).all()
    edge_ra, edge_dec = circle.boundary(radius / 3)
    assert separation(ra, dec, edge_ra, edge_dec) == pytest.approx(radius, abs=1e-6)


@pytest.mark.parametrize(
    ("vertices", "words"),
    [
        ([(0, 0), (10, 10), (10, 0), (0, 10)], "crosses itself: its edges 1 and 3 meet"),
        ([(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)], "crosses itself"),
        ([(0, 0), (10, 0), (5, 0)], "runs back upon itself"),
        ([(0, 0), (10, 0)], "3 to 2000 different vertices, got 2"),
        ([(0, 0), (0, 0), (360, 0), (10, 0)], "got 2"),
        ([(0, 0), (120, 0), (240, 0)], "half of the sky"),
        ([(0, 5), (120, -5), (240, 5)], "half of the sky"),
        ([(0, 0), (10, 95), (10, 0)], "dec from -90 to 90"),
        ([(0, 0), (float("nan"), 5), (10, 0)], "ra must be from 0 to 360"),
        ([(i * 0.01, 0.0) for i in range(2001)] + [(5.0, 5.0)], "got 2002; for a finer shape send a MOC"),
    ],
)
def test_a_polygon_that_is_none_is_refused_in_words(vertices: list[tuple[float, float]], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Polygon(vertices=tuple(vertices))


def test_a_comb_with_a_thousand_long_teeth_is_walked_with_longer_steps() -> None:
    teeth = [(ra / 10, dec) for ra in range(998) for dec in ((0.0, 60.0) if ra % 2 == 0 else (60.0, 0.0))]
    comb = Polygon(vertices=(*tuple(teeth), (99.7, -5.0), (0.0, -5.0)))
    ra, dec = comb.boundary(1 / 3600)
    assert len(ra) < 2_020_000
    assert separation(ra[:-1], dec[:-1], ra[1:], dec[1:]).max() < 0.05


def test_collinear_sides_that_do_not_meet_are_no_crossing() -> None:
    notched = Polygon(vertices=((0, 0), (3, 0), (3, 1), (6, 1), (6, 0), (9, 0), (9, -5), (0, -5)))
    assert notched.contains(np.array([4.0, 1.0]), np.array([0.5, 0.5])).tolist() == [True, False]


@pytest.mark.parametrize("radius", [0.0, -1.0, 91.0, float("nan"), float("inf")])
def test_a_circle_needs_a_radius(radius: float) -> None:
    with pytest.raises(InvalidRequest, match="radius"):
        Circle(ra_deg=1, dec_deg=1, radius_deg=radius)


def test_a_box_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="south < north"):
        Box(west_ra_deg=1, east_ra_deg=2, south_dec_deg=5, north_dec_deg=4)
    with pytest.raises(InvalidRequest, match="two different right ascensions"):
        Box(west_ra_deg=1, east_ra_deg=1, south_dec_deg=4, north_dec_deg=5)


@pytest.mark.parametrize(("l_deg", "b_deg"), [(0, 0), (122.93, 27.1), (240.5, -61.2), (359.99, 89.9), (180, -89)])
def test_galactic_positions_are_those_of_astropy(l_deg: float, b_deg: float) -> None:
    theirs = SkyCoord(l=l_deg, b=b_deg, unit="deg", frame="galactic").icrs
    assert float(separation(theirs.ra.deg, theirs.dec.deg, *galactic_to_icrs(l_deg, b_deg))) < 1e-4
