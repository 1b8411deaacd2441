from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units
from astropy.table import MaskedColumn
from astropy.time import Time

from skydesk.query.arrow import schema_of
from skydesk.query.model import Column, ColumnType
from skydesk.results import Result, columns_of

BIG = 2**53 + 1
"""An integer that a float cannot hold."""

COLUMNS = (
    Column(name="ID", type=ColumnType.INT64, ucd="meta.id;meta.main", description="Number of the star"),
    Column(name="RA", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.ra"),
    Column(name="MAG", type=ColumnType.FLOAT32, unit="mag"),
    Column(name="ODD", type=ColumnType.FLOAT32, unit="furlongs per <b>fortnight</b>"),
    Column(name="FLAG", type=ColumnType.INT16),
    Column(name="GOOD", type=ColumnType.BOOLEAN),
    Column(name="NAME", type=ColumnType.STRING),
    Column(name="SEEN", type=ColumnType.TIMESTAMP),
)

ROWS = (
    (BIG, 323.1, 18.5, 1.0, 4, True, "<script>alert(1)</script>", datetime(2021, 1, 2, 3, 4, 5, 678901)),
    (-BIG, float("nan"), float("inf"), None, None, None, None, None),
    (7, None, None, 2.0, -3, False, "", datetime(1999, 12, 31)),
)


def result(rows: tuple[tuple[object, ...], ...] = ROWS) -> Result:
    schema = schema_of(COLUMNS)
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)]
    return Result(pa.Table.from_arrays(arrays, schema=schema), sql="SELECT * FROM STARS")


def test_columns_come_from_the_metadata_of_the_fields() -> None:
    assert result().columns == COLUMNS


@pytest.mark.parametrize(
    ("kind", "column_type"),
    [
        (pa.int64(), "int64"),
        (pa.timestamp("us"), "timestamp"),
        (pa.date32(), "timestamp"),
        (pa.null(), "string"),
        (pa.large_string(), "string"),
    ],
)
def test_fields_without_metadata_are_known_by_their_type(kind: pa.DataType, column_type: str) -> None:
    assert columns_of(pa.schema([pa.field("X", kind)]))[0].type == column_type


def test_astropy_has_units_ucds_descriptions_and_exact_integers() -> None:
    table = result().to_astropy()
    assert table.colnames == [column.name for column in COLUMNS]
    assert table["RA"].unit == units.deg
    assert table["MAG"].unit == units.mag
    assert str(table["ODD"].unit) == "furlongs per <b>fortnight</b>"
    assert table["ID"].description == "Number of the star"
    assert table["ID"].meta["ucd"] == "meta.id;meta.main"
    assert table["ID"].tolist() == [BIG, -BIG, 7]
    assert table["ID"].dtype == np.int64
    assert table["MAG"].dtype == np.float32
    assert table.meta["query"] == "SELECT * FROM STARS"


def test_astropy_masks_null_and_keeps_nan_and_empty_text() -> None:
    table = result().to_astropy()
    assert table["RA"].mask.tolist() == [False, False, True]
    assert np.isnan(table["RA"][1])
    assert table["FLAG"].mask.tolist() == [False, True, False]
    assert table["GOOD"].tolist() == [True, None, False]
    assert table["NAME"].tolist() == ["<script>alert(1)</script>", None, ""]
    assert not isinstance(table["ID"], MaskedColumn)


def test_astropy_has_times() -> None:
    seen = result().to_astropy()["SEEN"]
    assert isinstance(seen, Time)
    assert seen[0].isot == "2021-01-02T03:04:05.679"
    assert seen.mask.tolist() == [False, True, False]


def test_pandas_keeps_integers_with_nulls_exact() -> None:
    frame = result().to_pandas()
    assert frame["ID"].tolist() == [BIG, -BIG, 7]
    assert frame["FLAG"].dtype == pd.Int16Dtype()
    assert frame["FLAG"].isna().tolist() == [False, True, False]
    assert frame["NAME"][2] == ""
    assert frame["NAME"].isna().tolist() == [False, True, False]


def test_arrow_is_the_table_itself() -> None:
    table = result().to_arrow()
    assert table.schema.field("RA").metadata[b"unit"] == b"deg"
    assert table["ID"].to_pylist() == [BIG, -BIG, 7]


def test_a_result_without_rows_has_its_columns_everywhere() -> None:
    empty = result(())
    assert len(empty) == 0
    assert empty.to_astropy().colnames == [column.name for column in COLUMNS]
    assert list(empty.to_pandas().columns) == [column.name for column in COLUMNS]
    assert "0 rows" in repr(empty)


def test_a_column_of_nothing_but_null_from_a_csv_is_masked_text() -> None:
    table = Result(pa.table({"X": pa.nulls(2)}), sql="").to_astropy()
    assert table["X"].mask.tolist() == [True, True]


def test_what_is_shown_says_how_many_rows_there_are() -> None:
    many = Result(pa.table({"X": range(1234)}), sql="")
    assert repr(many).startswith("<Result: 1234 rows of 1 columns>")
    assert "the first 20 of 1,234 rows" in many._repr_html_()
    assert many._repr_html_().count("<tr>") <= 22


def test_html_of_the_data_is_shown_as_text() -> None:
    html = result()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<b>fortnight" not in html


def test_truncated_is_what_the_service_said() -> None:
    table = pa.table({"X": [1]}).replace_schema_metadata({"skydesk": '{"truncated": true, "release": "R1"}'})
    assert Result(table, sql="").truncated
    assert Result(table, sql="").metadata["release"] == "R1"
    assert not result().truncated
