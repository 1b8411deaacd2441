"""Write the catalogue: a DuckDB file with the tables of the survey file."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..query.model import Column, ColumnType, Table

__all__ = ["write_catalogue"]

_DUCKDB_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INT16: "SMALLINT",
    ColumnType.INT32: "INTEGER",
    ColumnType.INT64: "BIGINT",
    ColumnType.FLOAT32: "FLOAT",
    ColumnType.FLOAT64: "DOUBLE",
    ColumnType.STRING: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}
_ARROW_TYPES = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INT16: pa.int16(),
    ColumnType.INT32: pa.int32(),
    ColumnType.INT64: pa.int64(),
    ColumnType.FLOAT32: pa.float32(),
    ColumnType.FLOAT64: pa.float64(),
    ColumnType.STRING: pa.string(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}
_ROWS_A_GROUP = 4096
"""Rows that share one set of smallest and largest values: small enough that a cone leaves most of even this catalogue unread."""


def write_catalogue(
    path: Path, tables: Iterable[tuple[Table, Mapping[str, NDArray[Any]]]], *, rows_a_group: int = _ROWS_A_GROUP
) -> dict[str, int]:
    """Make a DuckDB file.

    Parameters
    ----------
    path
        The file; it does not exist.
    tables
        Each table with its columns, rows in the order in which they are kept. Columns that the table does not have are left out.
    rows_a_group
        Rows that share one set of smallest and largest values, a multiple of 2048; DuckDB's own 122880 suits millions of rows.

    Returns
    -------
    dict
        Rows of each table.
    """
    counts = {}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {_literal(str(path))} AS made (ROW_GROUP_SIZE {rows_a_group})")
        connection.execute("USE made")
        for table, columns in tables:
            arrow = _arrow_table(table, columns)
            names = ", ".join(map(_definition, table.columns))
            connection.execute(f'CREATE TABLE "{table.name}" ({names})')
            connection.register("rows_to_write", arrow)
            connection.execute(f'INSERT INTO "{table.name}" SELECT * FROM rows_to_write')
            connection.unregister("rows_to_write")
            if any(column.name == "COADD_OBJECT_ID" for column in table.columns):
                connection.execute(f'CREATE UNIQUE INDEX "{table.name}_ID" ON "{table.name}" (COADD_OBJECT_ID)')
            counts[table.name] = arrow.num_rows
        connection.execute("CHECKPOINT made")
        connection.execute("USE memory")
        connection.execute("DETACH made")
    return counts


def _definition(column: Column) -> str:
    """Ids, positions and magnitudes are kept as they are: look-ups fetch single ones, and each would have a thousand others unpacked."""
    kept = " USING COMPRESSION uncompressed" if column.name == "COADD_OBJECT_ID" or column.unit in ("deg", "mag") else ""
    return f'"{column.name}" {_DUCKDB_TYPES[column.type]}{kept}'


def _arrow_table(table: Table, columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    arrays = []
    for column in table.columns:
        values, kind = columns[column.name], _ARROW_TYPES[column.type]
        if values.dtype.kind in "fi" and pa.types.is_primitive(kind):
            values = values.astype(np.dtype(kind.to_pandas_dtype()))
        arrays.append(pa.array(values, kind))
    return pa.table(arrays, names=[column.name for column in table.columns])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
