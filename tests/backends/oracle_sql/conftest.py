"""A catalogue of four stars and two tiles, in memory."""

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


@pytest.fixture(scope="module")
def tables():
    return {"S": STARS, "T": TILES}


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        for statement in SETUP:
            connection.execute(statement)
        connection.execute(
            "CREATE TABLE S (ID BIGINT, RA DOUBLE, DEC DOUBLE, MAG_G FLOAT, MAG_R FLOAT, FLAGS SMALLINT, "
            "TILENAME VARCHAR, HPIX INTEGER, OBSERVED TIMESTAMP)"
        )
        connection.execute(
            "INSERT INTO S VALUES (1, 10.5, -1, 18.5, 18, 0, 'DES0001-0001', 7, '2013-09-01 01:02:03'), "
            "(2, 11.5, -2, 19.5, 19.25, 3, 'DES0001-0001', 7, NULL), (3, 12.5, -3, 'nan', 20, 4, NULL, 8, '2014-01-31'), "
            "(4, 40.5, -40.5, NULL, 21, 0, 'DES0002', 9, '2015-06-15 12:00:00')"
        )
        connection.execute("CREATE TABLE T (TILENAME VARCHAR, RA_CENT DOUBLE, BAND VARCHAR)")
        connection.execute("INSERT INTO T VALUES ('DES0001-0001', 11, 'g'), ('DES0003', 50, 'r')")
        yield connection
