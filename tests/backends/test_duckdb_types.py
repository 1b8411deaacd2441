import duckdb
import pytest

from skydesk.backends.duckdb_catalog.types import cast_to, column_type, unique_names
from skydesk.errors import QueryRefused
from skydesk.query.arrow import ARROW_TYPES
from skydesk.query.model import ColumnType


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("TRUE", ColumnType.BOOLEAN, True),
        ("1::TINYINT", ColumnType.INT16, 1),
        ("255::UTINYINT", ColumnType.INT16, 255),
        ("(-32768)::SMALLINT", ColumnType.INT16, -32768),
        ("65535::USMALLINT", ColumnType.INT32, 65535),
        ("(-2147483648)::INTEGER", ColumnType.INT32, -(2**31)),
        ("4294967295::UINTEGER", ColumnType.INT64, 2**32 - 1),
        ("9223372036854775807::BIGINT", ColumnType.INT64, 2**63 - 1),
        ("9007199254740993::UBIGINT", ColumnType.INT64, 2**53 + 1),
        ("9007199254740993::HUGEINT", ColumnType.INT64, 2**53 + 1),
        ("0.5::FLOAT", ColumnType.FLOAT32, 0.5),
        ("0.1::DOUBLE", ColumnType.FLOAT64, 0.1),
        ("1.25", ColumnType.FLOAT64, 1.25),
        ("123456789012345678::DECIMAL(18,0)", ColumnType.INT64, 123456789012345678),
        ("1::DECIMAL(38,0)", ColumnType.FLOAT64, 1.0),
        ("'é★'", ColumnType.STRING, "é★"),
        ("'x'::ENUM('x', 'y')", ColumnType.STRING, "x"),
        ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID", ColumnType.STRING, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("TIME '01:02:03'", ColumnType.STRING, "01:02:03"),
        ("NULL", ColumnType.STRING, None),
        ("DATE '2013-08-31'", ColumnType.TIMESTAMP, "2013-08-31T00:00:00"),
        ("TIMESTAMP '2013-08-31 01:02:03.456789'", ColumnType.TIMESTAMP, "2013-08-31T01:02:03.456789"),
        ("TIMESTAMP_NS '2013-08-31 01:02:03.456789'", ColumnType.TIMESTAMP, "2013-08-31T01:02:03.456789"),
        ("TIMESTAMP_S '2013-08-31 01:02:03'", ColumnType.TIMESTAMP, "2013-08-31T01:02:03"),
        ("TIMESTAMPTZ '2013-08-31 01:02:03+00'", ColumnType.TIMESTAMP, "2013-08-31T01:02:03"),
    ],
    ids=lambda value: value if isinstance(value, str) and "::" in value else None,
)
def test_a_value_of_each_type_arrives_whole(expression: str, kind: ColumnType, value: object) -> None:
    with duckdb.connect() as connection:
        type_name = str(connection.sql(f"SELECT {expression}").types[0])
        assert column_type("X", type_name) is kind
        statement = f"SELECT {cast_to('c1', type_name, kind)} FROM (SELECT {expression}) AS result(c1)"
        column = connection.sql(statement).to_arrow_table().column(0).cast(ARROW_TYPES[kind])
    (got,) = column.to_pylist()
    assert (got.isoformat() if kind is ColumnType.TIMESTAMP else got) == value


@pytest.mark.parametrize("type_name", ["INTERVAL", "BLOB", "BIT", "INTEGER[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "GEOMETRY"])
def test_a_type_that_no_result_holds_is_named_with_its_column(type_name: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        column_type("AGE", type_name)
    assert "AGE" in str(caught.value)
    assert type_name in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["RA", "DEC"], ("RA", "DEC")),
        (["RA", "RA", "RA"], ("RA", "RA_1", "RA_2")),
        (["RA", "ra"], ("RA", "ra_1")),
        (["RA", "RA", "RA_1"], ("RA", "RA_2", "RA_1")),
        (["RA_1", "RA", "RA"], ("RA_1", "RA", "RA_2")),
        ([], ()),
    ],
)
def test_columns_of_one_name_are_told_apart(names: list[str], unique: tuple[str, ...]) -> None:
    assert unique_names(names) == unique
