"""Names of positions and files."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydesk.cutout.model import Product
from skydesk.cutout.naming import file_name, objects_file_name, position_name, position_of_name

GOLDEN = [
    (34.810687083, -5.694444444, "DESJ021914.5649-054140.0000"),
    (0.0, 0.0, "DESJ000000.0000+000000.0000"),
    (0.0, -0.0, "DESJ000000.0000+000000.0000"),
    (360.0, 0.5, "DESJ000000.0000+003000.0000"),
    (359.99999999, -0.5, "DESJ000000.0000-003000.0000"),
    (359.9999995, 1.0, "DESJ235959.9999+010000.0000"),
    (15.0 - 1e-9, 2.0 - 1e-9, "DESJ010000.0000+020000.0000"),
    (0.2499999999, 0.01666666666, "DESJ000100.0000+000100.0000"),
    (10.0, -0.000277777, "DESJ004000.0000-000001.0000"),
    (10.0, -1e-10, "DESJ004000.0000+000000.0000"),
    (180.0, -90.0, "DESJ120000.0000-900000.0000"),
    (180.0, 90.0, "DESJ120000.0000+900000.0000"),
    (-15.0, 1.0, "DESJ230000.0000+010000.0000"),
]


@pytest.mark.parametrize(("ra_deg", "dec_deg", "name"), GOLDEN, ids=[name for *_, name in GOLDEN])
def test_positions_have_the_names_of_the_table(ra_deg, dec_deg, name):
    assert position_name(ra_deg, dec_deg) == name


@given(st.floats(0, 360), st.floats(-90, 90))
def test_a_name_reads_back_to_its_position_within_half_its_last_digit(ra_deg, dec_deg):
    name = position_name(ra_deg, dec_deg)
    assert len(name) == len("DESJhhmmss.ssss+ddmmss.ssss")
    back = position_of_name(name)
    assert back is not None
    ra_off_seconds = abs((back[0] - ra_deg + 180) % 360 - 180) / 15 * 3600
    assert ra_off_seconds <= 0.5e-4 + 1e-8
    assert abs(back[1] - dec_deg) * 3600 <= 0.5e-4 + 1e-8
    assert math.copysign(1, back[1]) == math.copysign(1, dec_deg) or abs(dec_deg) * 3600 <= 0.5e-4


@pytest.mark.parametrize("edge", [15.0 * k / 240 for k in (0, 1, 59, 60, 1439, 1440, 5759)])
@pytest.mark.parametrize("nudge", [-3e-8, -1e-12, 0.0, 1e-12, 3e-8])
def test_seconds_are_never_60(edge, nudge):
    name = position_name(edge + nudge, edge / 5 + nudge)
    assert position_of_name(name) is not None
    assert float(name[8:15]) < 60
    assert float(name[20:]) < 60


@pytest.mark.parametrize(
    "text",
    [
        "DESJ011905.1746-064767.4184",
        "DESJ240000.0000+000000.0000",
        "DESJ006000.0000+000000.0000",
        "DESJ000000.0000+900000.0001",
        "DES0219-0541",
        "",
        "DESJ",
        "DESJ٠٢١٩١٤.5649-054140.0000",
    ],
)
def test_what_is_no_name_is_not_read(text):
    assert position_of_name(text) is None


@pytest.mark.parametrize(
    "text", ["DESJ021914.5649-054140.0000", "DES J021914.56-054140.0", "J021914-054140", "DESJ021914.5\N{MINUS SIGN}054140"]
)
def test_names_of_other_precision_and_prefix_are_read(text):
    position = position_of_name(text)
    assert position is not None
    assert position == pytest.approx((34.8107, -5.69444), abs=0.005)


def test_files_are_named_by_band_and_product():
    name = "DESJ021914.5649-054140.0000"
    assert file_name(name, Product.FITS, "g") == f"{name}_g.fits"
    assert file_name(name, Product.LUPTON, ("i", "r", "g")) == f"{name}_irg_lupton.png"
    assert file_name(name, Product.STIFF, "irg") == f"{name}_irg_stiff.png"
    assert file_name(name, Product.CHART, "i") == f"{name}_i_chart.png"
    assert objects_file_name(name, "i") == f"{name}_i_objects.csv"
