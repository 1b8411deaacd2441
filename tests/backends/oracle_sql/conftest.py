"""A catalogue of four stars, two tiles and five rows of every type, in memory."""

import duckdb
import pytest

from skydesk.backends.oracle_sql import SETUP
from skydesk.query.model import Column, ColumnType

STARS = (
    Column(name="ID", type=ColumnType.INT64),
    Column(name="RA", type=ColumnType.FLOAT64, unit="deg", description="right ascension"),
    Column(name="DEC", type=ColumnType.FLOAT64),
    Column(name="MAG_G", type=ColumnType.FLOAT32),
    Column(name="MAG_R", type=ColumnType.FLOAT32),
    Column(name="FLAGS", type=ColumnType.INT16),
    Column(name="TILENAME", type=ColumnType.STRING),
    Column(name="HPIX", type=ColumnType.INT32),
    Column(name="OBSERVED", type=ColumnType.TIMESTAMP),
)
TILES = (
    Column(name="TILENAME", type=ColumnType.STRING),
    Column(name="RA_CENT", type=ColumnType.FLOAT64),
    Column(name="BAND", type=ColumnType.STRING),
)
EVERY_TYPE = (
    Column(name="ID", type=ColumnType.INT64),
    Column(name="SMALL", type=ColumnType.INT16),
    Column(name="WHOLE", type=ColumnType.INT32),
    Column(name="BIG", type=ColumnType.INT64),
    Column(name="SINGLE", type=ColumnType.FLOAT32),
    Column(name="REAL", type=ColumnType.FLOAT64),
    Column(name="NUM", type=ColumnType.FLOAT64, binary=False),
    Column(name="TXT", type=ColumnType.STRING),
    Column(name="MOMENT", type=ColumnType.TIMESTAMP),
)
TABLES = {"S": STARS, "T": TILES, "E": EVERY_TYPE}
_TYPES = {
    ColumnType.INT16: "SMALLINT",
    ColumnType.INT32: "INTEGER",
    ColumnType.INT64: "BIGINT",
    ColumnType.FLOAT32: "FLOAT",
    ColumnType.FLOAT64: "DOUBLE",
    ColumnType.STRING: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}
_ROWS = {
    "S": "(1, 10.5, -1, 18.5, 18, 0, 'DES0001-0001', 7, '2013-09-01 01:02:03'), "
    "(2, 11.5, -2, 19.5, 19.25, 3, 'DES0001-0001', 7, NULL), (3, 12.5, -3, 'nan', 20, 4, NULL, 8, '2014-01-31'), "
    "(4, 40.5, -40.5, NULL, 21, 0, 'DES0002', 9, '2015-06-15 12:00:00')",
    "T": "('DES0001-0001', 11, 'g'), ('DES0003', 50, 'r')",
    "E": "(1, 10, 100, 10000000000, 1.5, 2.25, 10.005, 'abc', '2020-02-29 12:34:56.789'), "
    "(2, -3, -300, 0, 0, -2.5, 0, '  pad ', '2019-12-31'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
    "(4, 0, 0, -1, 'nan', 'inf', -7.5, '10', '2020-01-31'), "
    "(5, 7, 70, 9007199254740993, 'inf', 'nan', 0.125, 'Ünï_%', '2021-07-01 06:00')",
}


@pytest.fixture(scope="module")
def tables():
    return TABLES


def filled_database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for statement in SETUP:
        connection.execute(statement)
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{column.name} {_TYPES[column.type]}' for column in columns)})")
        connection.execute(f"INSERT INTO {name} VALUES {_ROWS[name]}")
    return connection


@pytest.fixture(scope="module")
def connection():
    with filled_database() as connection:
        yield connection
