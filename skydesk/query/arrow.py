"""The one Arrow type of each column type, and schemas that carry units, UCDs and descriptions."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pyarrow as pa

from .model import Column, ColumnType

__all__ = ["ARROW_TYPES", "schema_of"]

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = MappingProxyType(
    {
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.INT16: pa.int16(),
        ColumnType.INT32: pa.int32(),
        ColumnType.INT64: pa.int64(),
        ColumnType.FLOAT32: pa.float32(),
        ColumnType.FLOAT64: pa.float64(),
        ColumnType.STRING: pa.string(),
        ColumnType.TIMESTAMP: pa.timestamp("us"),
    }
)
"""Timestamps have no zone in Arrow: they are UTC."""


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """Make the Arrow schema of a result.

    Returns
    -------
    pyarrow.Schema
        One field a column, in order; field metadata ``type``, ``unit``, ``ucd``, ``description`` where they are known.
    """
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type], metadata=_metadata(column)) for column in columns])


def _metadata(column: Column) -> dict[str, str]:
    known = {"type": column.type.value, "unit": column.unit, "ucd": column.ucd, "description": column.description}
    return {key: value for key, value in known.items() if value}
