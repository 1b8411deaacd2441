"""Tables of positions out of files of every format."""

import gzip
import io
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.backends.position_files import given_from_parquet, positions_from_parquet, positions_to_parquet
from skydesk.backends.position_tables import MAX_PLAIN_BYTES, arrow_table, table_of_file
from skydesk.cutout.positions import check_positions
from skydesk.errors import InvalidRequest

RA, DEC, IDS = [1.5, 323.36], [-2.0, -0.82], [7, 8]


def astropy_table():
    table = Table({"COADD_OBJECT_ID": IDS, "RA": RA, "DEC": DEC, "NOTE": ["a", "b\N{LATIN SMALL LETTER E WITH ACUTE}"]})
    table["RA"].unit = table["DEC"].unit = "deg"
    return table


def written(kind):
    table, buffer = astropy_table(), io.BytesIO()
    if kind == "fits":
        table["NOTE"] = ["a", "b"]
        table.write(buffer, format="fits")
    elif kind == "vot":
        table.write(buffer, format="votable")
    elif kind == "ecsv":
        text = io.StringIO()
        table.write(text, format="ascii.ecsv")
        buffer.write(text.getvalue().encode())
    elif kind == "csv":
        buffer.write(b"COADD_OBJECT_ID,RA,DEC\n7,1.5,-2\n8,323.36,-0.82\n")
    elif kind == "utf-16":
        buffer.write("COADD_OBJECT_ID,RA,DEC\n7,1.5,-2\n8,323.36,-0.82\n".encode("utf-16"))
    else:
        arrow = pa.table({"COADD_OBJECT_ID": IDS, "RA": RA, "DEC": DEC})
        if kind == "parquet":
            pq.write_table(arrow, buffer)
        else:
            make = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
            with make(buffer, arrow.schema) as writer:
                writer.write_table(arrow)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["fits", "vot", "ecsv", "csv", "utf-16", "parquet", "arrow", "arrows"])
def test_files_of_every_format_give_the_same_positions(kind, packed):
    content = written(kind)
    table = table_of_file(gzip.compress(content) if packed else content, f"x.{kind}")
    checked = check_positions(table, bands=("g",), both=True)
    assert checked.faults == ()
    assert checked.positions.ra_deg.tolist() == RA
    assert checked.positions.dec_deg.tolist() == DEC
    assert checked.positions.object_id.tolist() == IDS


def test_angles_of_other_units_come_in_degrees():
    table = Table({"RA": [6.0, 12.0] * units.hourangle, "DEC": [0.5, -0.5] * units.rad, "XSIZE": [30.0, 60.0] * units.arcsec})
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    checked = check_positions(table_of_file(text.getvalue().encode()), bands=("g",))
    assert checked.positions.ra_deg == pytest.approx([90, 180])
    assert checked.positions.dec_deg == pytest.approx([28.6478898, -28.6478898])
    assert [own["XSIZE"] for own in checked.positions.overrides.values()] == [0.5, 1.0]


def test_values_that_are_masked_are_missing():
    table = Table({"RA": MaskedColumn([1.0, 2.0], mask=[False, True]), "DEC": [3.0, 4.0]})
    buffer = io.BytesIO()
    table.write(buffer, format="fits")
    assert [fault.row for fault in check_positions(table_of_file(buffer.getvalue()), bands=("g",)).faults] == [2]


def test_columns_of_vectors_are_left_out():
    buffer = io.BytesIO()
    Table({"RA": [1.0], "DEC": [2.0], "FLUX": np.zeros((1, 5))}).write(buffer, format="fits")
    assert table_of_file(buffer.getvalue()).columns == ("RA", "DEC")


def test_a_gzip_that_unpacks_to_too_much_is_refused():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"0" * (1 << 24)
    bomb = b"".join(packer.compress(piece) for _ in range(MAX_PLAIN_BYTES // len(piece) + 1)) + packer.flush()
    assert len(bomb) < 2 << 20
    with pytest.raises(InvalidRequest, match="256 MiB once it is unpacked"):
        table_of_file(bomb)


@pytest.mark.parametrize("kind", ["fits", "vot", "ecsv", "parquet", "arrow", "arrows"])
def test_a_file_that_ends_in_the_middle_is_refused(kind):
    content = written(kind)
    with pytest.raises(InvalidRequest):
        check_positions(table_of_file(content[: len(content) // 2], "half"), bands=("g",))


def test_a_gzip_that_ends_in_the_middle_is_refused():
    with pytest.raises(InvalidRequest, match="ends in the middle"):
        table_of_file(gzip.compress(written("csv"))[:-4])


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n\0\0\0\r", b"\x1f\x8bxxxx", b"SIMPLE  =", b"PAR1PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff\xff\xff\xff\x7f"],
)
def test_what_is_no_table_is_refused(content):
    with pytest.raises(InvalidRequest):
        table_of_file(content, "thing")


def test_the_image_of_a_fits_file_is_no_table():
    from astropy.io import fits

    buffer = io.BytesIO()
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(buffer)
    with pytest.raises(InvalidRequest, match="no table in it"):
        table_of_file(buffer.getvalue())


def check_or_reasons(content):
    try:
        return check_positions(table_of_file(content, "damaged"), bands=("g",), both=True), ()
    except InvalidRequest as error:
        return None, error.faults


@settings(deadline=None, max_examples=120)
@given(st.sampled_from(["fits", "vot", "ecsv", "parquet", "arrow", "arrows", "csv"]), st.data())
def test_a_damaged_file_is_read_or_refused(kind, data):
    content = bytearray(written(kind))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    checked, reasons = check_or_reasons(bytes(content))
    assert (checked is None) == bool(reasons)


def test_dictionaries_and_other_types_of_arrow_are_read():
    table = pa.table(
        {
            "RA": pa.array([1, 2], pa.int32()),
            "DEC": pa.chunked_array([[1.5], [2.5]], pa.float32()),
            "MAKE_FITS": [True, False],
            "COLORS_FITS": pa.array(["g", "g"]).dictionary_encode(),
            "LIST": [[1], [2]],
        }
    )
    read = arrow_table(table)
    assert read.columns == ("RA", "DEC", "MAKE_FITS", "COLORS_FITS")
    checked = check_positions(read, bands=("g",))
    assert checked.faults == ()
    assert checked.positions.overrides[1] == {"MAKE_FITS": False, "COLORS_FITS": ("g",)}


def test_the_table_as_given_is_kept_beside_its_positions():
    table = table_of_file(b"RA,DEC,note,note\n1,2,a,b\n1,2\n")
    checked = check_positions(table, bands=("g",))
    content = positions_to_parquet(checked.positions, table)
    back = given_from_parquet(content)
    assert back is not None
    assert back.columns == table.columns
    assert [values.to_pylist() for values in back.values] == [values.to_pylist() for values in table.values]
    assert back.broken == table.broken
    assert positions_from_parquet(content).ra_deg.tolist() == pytest.approx(checked.positions.ra_deg.tolist(), nan_ok=True)
    assert given_from_parquet(positions_to_parquet(checked.positions)) is None
