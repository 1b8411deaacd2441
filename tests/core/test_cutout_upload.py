"""Positions as people have them in a notebook."""

import base64
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from skydesk.backends.position_tables import table_of_file
from skydesk.cutout.position_text import table_of_text
from skydesk.cutout.positions import check_positions
from skydesk.cutout_upload import upload_of
from skydesk.errors import UsageError
from skydesk.results import Result

RA, DEC = [1.5, 323.25], [-2.0, -0.5]


def read(positions):
    body = upload_of(positions)
    table = table_of_text(body["text"]) if "text" in body else table_of_file(base64.b64decode(body["content_base64"]), body["file_name"])
    checked = check_positions(table, bands=("g",), both=body.get("both", False))
    assert checked.faults == ()
    return checked.positions


@pytest.mark.parametrize(
    "positions",
    [
        SkyCoord(RA, DEC, unit="deg"),
        SkyCoord(RA, DEC, unit="deg").galactic,
        Table({"RA": RA, "DEC": DEC}),
        Table({"raj2000": np.array(RA) / 15 * units.hourangle, "dej2000": DEC * units.deg}),
        pd.DataFrame({"ra": RA, "dec": DEC, "note": ["a", None]}, index=[5, 9]),
        pa.table({"RA": RA, "DEC": DEC}),
        Result(pa.table({"COADD_OBJECT_ID": [1, 2], "RA": RA, "DEC": DEC}), sql=""),
        {"RA": RA, "DEC": DEC},
        (RA, DEC),
        (np.array(RA), np.array(DEC)),
        np.column_stack([RA, DEC]),
        list(zip(RA, DEC, strict=True)),
        "RA,DEC\n1.5,-2\n323.25,-0.5\n",
        ["1.5 -2", "21:33:00 -0:30:00"],
    ],
    ids=lambda value: type(value).__name__,
)
def test_positions_are_read_from_what_people_have(positions):
    assert np.allclose(read(positions).ra_deg, RA, atol=1e-9)
    assert np.allclose(read(positions).dec_deg, DEC, atol=1e-9)


@pytest.mark.parametrize("positions", [(1.5, -2), SkyCoord(1.5, -2, unit="deg"), {"RA": 1.5, "DEC": -2}], ids=["pair", "SkyCoord", "dict"])
def test_one_position_is_a_table_of_one_row(positions):
    assert read(positions).ra_deg.tolist() == pytest.approx([1.5])


@pytest.mark.parametrize(
    "ids", [[5, 7], np.array([5, 7], np.int32), pd.DataFrame({"COADD_OBJECT_ID": [5, 7]})], ids=["list", "array", "frame"]
)
def test_object_ids_are_read(ids):
    assert read(ids).object_id.tolist() == [5, 7]


def test_a_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "p.csv"
    path.write_text("RA,DEC\n1.5,-2\n323.25,-0.5\n")
    assert read(path).ra_deg.tolist() == read(str(path)).ra_deg.tolist() == RA
    with pytest.raises(UsageError, match="cannot read"):
        upload_of(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "positions", [None, 5.5, object(), [[1, 2, 3]], ([1, 2], [3]), (["a"], ["b"]), []], ids=lambda value: type(value).__name__
)
def test_what_is_nothing_of_the_kind_is_refused(positions):
    with pytest.raises(UsageError):
        upload_of(positions)
