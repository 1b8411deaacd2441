"""Tables of positions: what is read, and every fault of it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skydesk.cutout.model import NO_OBJECT
from skydesk.cutout.position_text import MAX_COLUMNS, PositionTable, table_of_text
from skydesk.cutout.positions import check_positions
from skydesk.errors import InvalidRequest

BANDS = ("g", "r", "i", "z", "Y")


class FakeNames:
    """Knows one object."""

    advice = "only M 2 is known"

    def position(self, name):
        return (323.36, -0.82) if name == "M 2" else None


def check(text, **options):
    return check_positions(table_of_text(text), bands=BANDS, names=FakeNames(), **options)


def positions(text):
    checked = check(text)
    assert checked.faults == ()
    return list(zip(checked.positions.ra_deg.tolist(), checked.positions.dec_deg.tolist(), strict=True))


def faults(text, **options):
    return [(fault.row, fault.field, fault.message) for fault in check(text, **options).faults]


@pytest.mark.parametrize(
    "text",
    [
        "RA,DEC\n1.5,-2\n3,4",
        "dec,ra\n-2,1.5\n4,3\n",
        "\N{BYTE ORDER MARK}Ra;Dec\r\n1.5;-2\r\n3;4\r\n",
        "RA\tDEC\r1.5\t-2\r3\t4\r",
        "RA DEC\n1.5 -2\n3  4",
        "# RA DEC\n1.5 -2\n# a comment\n\n3 4\n",
        "RA|DEC\n1.5|-2\n3|4",
        'RA,DEC\n"1.5","-2"\n"3", "4"\n',
        "ALPHAWIN_J2000,DELTAWIN_J2000\n1.5,-2\n3,4",
        "ra [deg]\tDec (deg)\n1.5\t-2\n3\t4",
        "RAJ2000,DEJ2000\n0:06:00,-2:00:00\n0 12 00,4d00m00s",
        "1.5 -2\n3 4",
        "1.5,-2\n3,4",
        "1.5;-2\n3;4",
        "0h06m00s -2d\n00:12:00 +04:00:00",
        "DESJ000600.0000-020000.0000\nDESJ001200.0000+040000.0000",
        "1.5 -2\nDESJ001200.0000+040000.0000",
        "RA,DEC\n1.5,-2,,\n3,4,",
    ],
)
def test_positions_are_read_in_every_common_form(text):
    read = positions(text)
    assert np.allclose(read, [(1.5, -2), (3, 4)], atol=1e-12)


def test_names_of_a_catalogue_are_looked_up():
    assert positions("M 2") == [(323.36, -0.82)]
    assert positions("NAME\nM 2\n") == [(323.36, -0.82)]
    assert positions("M 2\n1 2") == [(323.36, -0.82), (1, 2)]


def test_a_name_that_nobody_knows_is_a_fault_that_says_what_would_do():
    assert faults("M 2\nfoo\n12 13") == [(2, "NAME", "'foo' is no position, id or name known here; only M 2 is known")]


def test_ids_are_read_from_lines_and_columns():
    assert check("1083458023\n5").positions.object_id.tolist() == [1083458023, 5]
    checked = check("coadd_object_id,xsize\n7,\n8.0,2")
    assert checked.faults == ()
    assert checked.positions.object_id.tolist() == [7, 8]
    assert checked.positions.overrides == {1: {"XSIZE": 2.0}}
    assert np.isnan(checked.positions.ra_deg).all()


def test_all_columns_override_the_form_row_by_row():
    text = (
        "RA,DEC,XSIZE,YSIZE,COLORS_FITS,RGB_STIFF_COLORS,RGB_LUPTON_COLORS,RGB_MINIMUM,RGB_STRETCH,RGB_ASINH,"
        "MAKE_FITS,MAKE_RGB_STIFF,MAKE_RGB_LUPTON,DISCARD_FITS_FILES\n"
        '1,2,0.1,12,"g,y",irg,irg;gri,-1,5e1,10,1,0,true,FALSE\n3,4,,,,,,,,,,,,\n'
    )
    checked = check(text)
    assert checked.faults == ()
    assert checked.positions.overrides == {
        0: {
            "XSIZE": 0.1,
            "YSIZE": 12.0,
            "COLORS_FITS": ("g", "Y"),
            "RGB_STIFF_COLORS": (("i", "r", "g"),),
            "RGB_LUPTON_COLORS": (("i", "r", "g"), ("g", "r", "i")),
            "RGB_MINIMUM": -1.0,
            "RGB_STRETCH": 50.0,
            "RGB_ASINH": 10.0,
            "MAKE_FITS": True,
            "MAKE_RGB_STIFF": False,
            "MAKE_RGB_LUPTON": True,
            "DISCARD_FITS_FILES": False,
        }
    }


def test_every_fault_of_every_row_is_named():
    text = "RA,DEC,COADD_OBJECT_ID,XSIZE,COLORS_FITS,RGB_LUPTON_COLORS,RGB_ASINH,MAKE_FITS\n" + "\n".join(
        [
            "1,2,,1,gri,irg,10,1",
            "400,-91,,0.05,gg,ir,x,2",
            "1,2,5,,,,,",
            ",,,,,,,",
            ",,1.5,13,q,irr,0,yes",
            "nan,inf,,nan,,irg;irg,-1,",
            "1,,,,,,,",
            "1,2",
            "=1+1,'2,,,,,,",
        ]
    )
    checked = check(text)
    assert checked.fault_count == len(checked.faults)
    found = [(fault.row, fault.field) for fault in checked.faults]
    assert found == [
        (2, "RA"),
        (2, "DEC"),
        (2, "XSIZE"),
        (2, "COLORS_FITS"),
        (2, "RGB_LUPTON_COLORS"),
        (2, "RGB_ASINH"),
        (2, "MAKE_FITS"),
        (3, None),
        (4, None),
        (5, "COADD_OBJECT_ID"),
        (5, "XSIZE"),
        (5, "COLORS_FITS"),
        (5, "RGB_LUPTON_COLORS"),
        (5, "RGB_ASINH"),
        (5, "MAKE_FITS"),
        (6, "RA"),
        (6, "DEC"),
        (6, "XSIZE"),
        (6, "RGB_LUPTON_COLORS"),
        (6, "RGB_ASINH"),
        (7, "DEC"),
        (8, None),
        (9, "RA"),
        (9, "DEC"),
    ]
    said = {(fault.row, fault.field): fault.message for fault in checked.faults}
    assert said[2, "RA"] == "must be from 0 to 360 deg, got '400'"
    assert said[2, "XSIZE"] == "must be from 0.1 to 12 arcmin, got 0.05"
    assert said[2, "RGB_LUPTON_COLORS"] == "must have exactly three bands for red, green and blue, as in irg; got i,r"
    assert said[2, "RGB_ASINH"] == "must be a finite number, got 'x'"
    assert said[2, "MAKE_FITS"] == "must be 0 or 1, got '2'"
    assert said[3, None] == "has both COADD_OBJECT_ID and RA/DEC; give one of the two"
    assert said[4, None] == "has no position; give RA and DEC, or COADD_OBJECT_ID"
    assert said[7, "DEC"] == "is empty, but RA is there; give both"
    assert said[8, None] == "has 2 cells, but the header has 8 columns"


def test_faults_are_named_by_the_columns_as_given():
    assert faults("alphawin_j2000;Dec\n-1;2") == [(1, "alphawin_j2000", "must be from 0 to 360 deg, got '-1'")]


def test_only_the_first_faults_are_worded_but_all_are_counted():
    checked = check("RA,DEC\n" + "x,y\n" * 5000)
    assert checked.fault_count == 10_000
    assert len(checked.faults) == 1000
    assert checked.faults[-1].row == 500


def test_columns_that_are_not_known_are_carried_along_and_said():
    checked = check("RA,DEC,MAG,Note\n1,2,3,x")
    assert checked.faults == ()
    assert checked.notes == ("not used, and carried along as they are: MAG, Note",)


def test_a_column_of_the_right_name_goes_before_its_aliases():
    checked = check("ALPHAWIN_J2000,RA,DEC,DELTAWIN_J2000\n9,1,2,9")
    assert (checked.positions.ra_deg[0], checked.positions.dec_deg[0]) == (1, 2)
    assert checked.notes == ("not used, and carried along as they are: ALPHAWIN_J2000, DELTAWIN_J2000",)


def test_a_result_of_a_query_may_have_id_and_position():
    checked = check("COADD_OBJECT_ID,RA,DEC\n5,1,2", both=True)
    assert checked.faults == ()
    assert (checked.positions.object_id[0], checked.positions.ra_deg[0]) == (5, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no positions"),
        (" \n\r\n\t", "there are no positions"),
        ("# only\n# comments", "only comments"),
        ("RA,DEC\n\0", "this is no text"),
        ("foo,bar\n1,2", "name columns RA and DEC"),
        ("XSIZE\n1", "no column says where"),
        ("RA\n1", "a column DEC is needed too"),
        ("RA,ra,DEC\n1,2,3", "more than once"),
        ("RA,DEC" + ",x" * MAX_COLUMNS + "\n1,2", "columns; at most"),
        ('RA,DEC\n"1,2', "has 1 cell|quote"),
    ],
)
def test_what_is_no_table_of_positions_is_refused(text, message):
    try:
        said = "; ".join(map(str, check(text).faults))
    except InvalidRequest as error:
        said = str(error)
    assert any(part in said for part in message.split("|"))


def test_a_table_with_a_header_alone_has_no_rows():
    assert len(check("RA,DEC\n").positions) == 0


def test_numbers_of_typed_columns_are_checked_as_texts_are():
    table = PositionTable(
        columns=("RA", "DEC", "COADD_OBJECT_ID", "XSIZE", "MAKE_FITS"),
        values=(
            pa.array([1.0, float("nan"), None, 360.0, 361.0]),
            pa.array([2.0, 3.0, None, -90.0, float("inf")]),
            pa.array([None, None, 2**40, None, None]),
            pa.array([1.0, None, 20.0, None, None]),
            pa.array([True, None, False, None, None]),
        ),
    )
    checked = check_positions(table, bands=BANDS)
    assert [(fault.row, fault.field) for fault in checked.faults] == [(2, "RA"), (3, "XSIZE"), (5, "RA"), (5, "DEC")]
    assert checked.positions.object_id.tolist() == [NO_OBJECT, NO_OBJECT, 2**40, NO_OBJECT, NO_OBJECT]
    assert checked.positions.ra_deg[3] == 0
    assert checked.positions.overrides == {0: {"XSIZE": 1.0, "MAKE_FITS": True}, 2: {"MAKE_FITS": False}}


def test_a_part_of_a_table_has_the_faults_of_its_rows():
    table = table_of_text("RA,DEC\n1,2\nx,2\n1\n3,4")
    part = check_positions(table.part(1, 2), bands=BANDS)
    assert [(fault.row, fault.field) for fault in part.faults] == [(1, "RA"), (2, None)]


def check_or_reasons(text):
    try:
        return check(text), ()
    except InvalidRequest as error:
        return None, error.faults


CELLS = st.one_of(
    st.sampled_from(["RA", "DEC", "1", "-2.5", "10:12:33", "gri", "irg;gri", "1e400", "nan", '"', "'", "=1", "M 2", "12h", "°", "\\", "|"]),
    st.text(max_size=8),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.text(max_size=200),
        st.tuples(
            st.sampled_from(["RA,DEC", "RA,DEC,XSIZE,COLORS_FITS", "COADD_OBJECT_ID", "NAME;RA;DEC", "# RA DEC"]),
            st.lists(st.lists(CELLS, max_size=5), max_size=6),
            st.sampled_from(",;\t |"),
        ).map(lambda made: "\n".join([made[0], *(made[2].join(row) for row in made[1])])),
    )
)
def test_any_text_is_read_or_refused_with_reasons(text):
    checked, reasons = check_or_reasons(text)
    assert (checked is None) == bool(reasons)
    if checked is None:
        return
    rows = len(checked.positions)
    assert len(checked.faults) == checked.fault_count
    wrong = {fault.row for fault in checked.faults}
    for row in range(rows):
        ra, dec = checked.positions.ra_deg[row], checked.positions.dec_deg[row]
        if row + 1 not in wrong:
            assert checked.positions.object_id[row] != NO_OBJECT or (0 <= ra < 360 and -90 <= dec <= 90)
    assert all(1 <= row <= rows for row in wrong if row is not None)
