"""What a finding chart chooses to show."""

import math

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.cutout.chart import chart_request, objects_csv, offset_of, separation_arcsec
from skydesk.cutout.ports import ChartObject, ChartRequest

RA, DEC = 0.001, -60.0


def star(number: int, east: float, north: float, mag: float) -> ChartObject:
    """An object so many arcsec from the position."""
    ra = (RA + east / 3600 / math.cos(math.radians(DEC))) % 360
    return ChartObject(object_id=number, ra_deg=ra, dec_deg=DEC + north / 3600, mag=mag)


def chosen(*objects: ChartObject, faintest: float = 20.0) -> tuple[ChartRequest, tuple[str, ...]]:
    return chart_request("title", RA, DEC, (1.0, 1.0), objects, faintest)


def test_the_target_is_the_nearest_by_angle_and_the_helper_the_brightest_other() -> None:
    """In degrees of right ascension the second object would be the farther one; on the sky at -60 it is the nearer."""
    near, nearer = star(1, 0, 1.2, 22), star(2, 1.0, 0, 21)
    chart, warnings = chosen(near, nearer, star(3, 20, 5, 17.2), star(4, -9, 9, 18))
    assert chart.target is nearer
    assert chart.helper is not None
    assert chart.helper.object_id == 3
    assert warnings == ()


@pytest.mark.parametrize(
    ("objects", "warning"),
    [
        ([star(1, 5, 0, 22), star(2, 9, 9, 18)], "the catalogue has no object within 2 arcsec of the position"),
        ([star(1, 0, 0, 22), star(2, 9, 9, 20.1), star(3, 5, 5, math.nan)], "no star of the field is brighter than 20 mag"),
        ([star(1, 0, 0, 15), star(2, 9, 9, 18)], "the target is itself the brightest object of the field"),
    ],
    ids=["no match", "no helper", "bright target"],
)
def test_what_a_chart_lacks_is_said(objects: list[ChartObject], warning: str) -> None:
    chart, warnings = chosen(*objects)
    assert len(warnings) == 1
    assert warning in warnings[0]
    assert (chart.target is None) == ("no object within" in warning)
    assert (chart.helper is None) == ("no star" in warning)


def test_an_empty_field_has_neither() -> None:
    chart, warnings = chosen()
    assert (chart.target, chart.helper) == (None, None)
    assert len(warnings) == 2


def test_the_table_has_the_brightest_first_and_those_without_magnitude_last() -> None:
    chart, _ = chosen(star(1, 0, 0, math.nan), star(2, 3, 4, 18), star(3, -6, 8, 17))
    rows = [row.split(",") for row in objects_csv(chart, RA, DEC, "Y").decode().splitlines()]
    assert rows[0][3] == "WAVG_MAG_PSF_Y"
    assert [row[0] for row in rows[1:]] == ["3", "2", "1"]
    assert rows[3][3] == ""
    assert [float(cell) for cell in rows[2][4:7]] == pytest.approx([3, 4, 5], abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(ra=st.floats(0, 359.99), dec=st.floats(-88, 88), east=st.floats(-600, 600), north=st.floats(-600, 600))
def test_offsets_and_separations_are_those_of_astropy(ra: float, dec: float, east: float, north: float) -> None:
    one = SkyCoord(ra * u.deg, dec * u.deg)
    other = one.directional_offset_by(math.atan2(east, north) * u.rad, math.hypot(east, north) * u.arcsec)
    distance = separation_arcsec(ra, dec, other.ra.deg, other.dec.deg)
    assert distance == pytest.approx(math.hypot(east, north), abs=1e-6)
    offset = offset_of(ra, dec, other.ra.deg, other.dec.deg)
    stretch = math.tan(math.radians(distance / 3600)) / math.radians(distance / 3600) if distance else 1.0
    assert offset.east_arcsec == pytest.approx(east * stretch, abs=1e-6)
    assert offset.north_arcsec == pytest.approx(north * stretch, abs=1e-6)
