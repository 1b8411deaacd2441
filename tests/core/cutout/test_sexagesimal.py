"""Angles as people write them."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydesk.cutout.sexagesimal import dec_fault, decs_deg, pair_of, ra_fault, ras_deg

RA, DEC = 153.1391666666667, -0.5013888888888889


def read(text):
    pair = pair_of(text)
    assert pair is not None
    return float(ras_deg(pa.array([pair[0]]))[0]), float(decs_deg(pa.array([pair[1]]))[0])


@pytest.mark.parametrize(
    "text",
    [
        "10:12:33.4 -0:30:05",
        "10h12m33.4s -0d30m05s",
        "10h12m33.4s-00d30m05s",
        "10 12 33.4 -00 30 05",
        "10:12:33.4,-00:30:05",
        "10h 12m 33.4s -0° 30′ 05″",
        "10h12m33.4s \N{MINUS SIGN}0°30'05\"",
        "153d08m21s -0d30m05s",
        "153.13916666666667 -0.5013888888888889",
        "153.13916666666667deg, -0.5013888888888889 deg",
        "10.20927777777778h; -5.013888888888889e-1",
        "+10:12:33.4\t-0:30:05",
    ],
)
def test_every_common_form_is_read(text):
    assert read(text) == pytest.approx((RA, DEC), abs=1e-9)


def test_a_declination_between_0_and_minus_1_keeps_its_sign():
    assert read("0 0 0 -0 0 1")[1] == pytest.approx(-1 / 3600)
    assert read("00:00:00 -00:00:30")[1] < 0


def test_360_degrees_are_0_and_zero_has_no_sign():
    values = ras_deg(pa.array(["360", "24:00:00", "-0", "-0.0"]))
    assert values.tolist() == [0, 0, 0, 0]
    assert not np.signbit(values).any()


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-1", "360.1", "25:00:00", "10:60:00", "10:12:60", "0x10", "1_0", "1e999", "=1+1", "٣", "10:12.5:30"]
)
def test_what_is_no_right_ascension_is_said(text):
    assert math.isnan(ras_deg(pa.array([text]))[0])
    assert ("right ascension" in ra_fault(text)) or ("must be from 0" in ra_fault(text))


@pytest.mark.parametrize("text", ["", "nan", "91", "-90.0001", "-90:00:01", "10h", "10h00m00s", "a"])
def test_what_is_no_declination_is_said(text):
    assert math.isnan(decs_deg(pa.array([text]))[0])
    assert ("no declination" in dec_fault(text)) or ("must be from -90" in dec_fault(text))


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "a,b,c", "1,", "DES0219-0541 5 6 7"])
def test_what_is_no_pair_is_not_split(text):
    assert pair_of(text) is None or math.isnan(ras_deg(pa.array([pair_of(text)[0]]))[0])


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=5))
def test_any_text_is_read_or_refused(texts):
    column = pa.array([None if text is None else text.encode("utf-8", "replace").decode() for text in texts], pa.string())
    for values, top in ((ras_deg(column), 360), (decs_deg(column), 90)):
        assert len(values) == len(texts)
        assert (np.isnan(values) | (np.abs(values) <= top)).all()


@given(st.floats(0, 360, exclude_max=True), st.floats(-90, 90))
def test_decimal_degrees_are_read_exactly(ra, dec):
    assert ras_deg(pa.array([repr(ra)]))[0] == ra
    assert decs_deg(pa.array([repr(dec)]))[0] == dec
