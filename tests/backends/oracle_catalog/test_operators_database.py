"""The contract on an operator's own Oracle: ``pytest -m oracle`` with SKYDESK_ORACLE_DSN, _USER and _PASSWORD_FILE.

The account needs CREATE TABLE and some space: the contract's tables are made in its schema, and dropped at the end.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import oracledb
import pyarrow as pa
import pytest

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from skydesk.query.model import ColumnType, Table
from tests.contracts.catalog_contract import CONTENT, CatalogContract
from tests.fakes.duckdb_file import FakeSurvey

pytestmark = pytest.mark.oracle
_VARIABLES = ("SKYDESK_ORACLE_DSN", "SKYDESK_ORACLE_USER", "SKYDESK_ORACLE_PASSWORD_FILE")
_TYPES = {
    ColumnType.INT16: "NUMBER(4)",
    ColumnType.INT32: "NUMBER(9)",
    ColumnType.INT64: "NUMBER(18)",
    ColumnType.FLOAT32: "BINARY_FLOAT",
    ColumnType.FLOAT64: "BINARY_DOUBLE",
    ColumnType.STRING: "VARCHAR2(400)",
    ColumnType.TIMESTAMP: "TIMESTAMP(6)",
}


@pytest.fixture(scope="module")
def catalog() -> Iterator[OracleCatalog]:
    missing = [name for name in _VARIABLES if not os.environ.get(name)]
    if missing:
        pytest.skip(f"needs an operator's Oracle database: {', '.join(missing)} not set")
    dsn, user, password_file = (os.environ[name] for name in _VARIABLES)
    account = Account(dsn=dsn, user=user, password_file=Path(password_file))
    with oracledb.connect(user=user, password=account.password(), dsn=dsn) as connection:
        for table, rows in CONTENT:
            _make(connection, table, rows)
        catalog = OracleCatalog(account, survey=FakeSurvey(tables=tuple(table for table, _ in CONTENT)))
        try:
            yield catalog
        finally:
            catalog.close()
            for table, _ in CONTENT:
                connection.cursor().execute(f"DROP TABLE {table.name} PURGE")


def _make(connection: oracledb.Connection, table: Table, rows: pa.Table) -> None:
    names = [column.name for column in table.columns]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table.name} ({', '.join(f'{column.name} {_TYPES[column.type]}' for column in table.columns)})")
        places = ", ".join(f":{number}" for number in range(1, len(names) + 1))
        cursor.executemany(f"INSERT INTO {table.name} VALUES ({places})", [tuple(row[name] for name in names) for row in rows.to_pylist()])
        connection.commit()
        cursor.callproc("DBMS_STATS.GATHER_TABLE_STATS", [connection.username.upper(), table.name])


class TestOracleCatalogOnAnOperatorsDatabase(CatalogContract):
    pass
