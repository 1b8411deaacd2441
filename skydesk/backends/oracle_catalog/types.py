"""The one table of Oracle's types: as which column type each comes, and through which Arrow type."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import oracledb
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import QueryRefused
from ...query.arrow import ARROW_TYPES
from ...query.model import ColumnType

__all__ = ["TYPES", "column_type", "fetched_type", "settled"]

TYPES = MappingProxyType(
    {
        oracledb.DB_TYPE_BINARY_FLOAT: ColumnType.FLOAT32,
        oracledb.DB_TYPE_BINARY_DOUBLE: ColumnType.FLOAT64,
        oracledb.DB_TYPE_BINARY_INTEGER: ColumnType.INT32,
        oracledb.DB_TYPE_BOOLEAN: ColumnType.BOOLEAN,
        oracledb.DB_TYPE_VARCHAR: ColumnType.STRING,
        oracledb.DB_TYPE_NVARCHAR: ColumnType.STRING,
        oracledb.DB_TYPE_CHAR: ColumnType.STRING,
        oracledb.DB_TYPE_NCHAR: ColumnType.STRING,
        oracledb.DB_TYPE_RAW: ColumnType.STRING,
        oracledb.DB_TYPE_DATE: ColumnType.TIMESTAMP,
        oracledb.DB_TYPE_TIMESTAMP: ColumnType.TIMESTAMP,
        oracledb.DB_TYPE_TIMESTAMP_LTZ: ColumnType.TIMESTAMP,
    }
)
"""All but NUMBER, whose precision and scale decide. CHAR loses its padding, RAW becomes hexadecimal digits. The
session's zone is UTC, so TIMESTAMP WITH LOCAL TIME ZONE comes in that. TIMESTAMP WITH TIME ZONE is not here: the driver would hand
over the time of day in each value's own zone, and drop the zone."""

_WHOLE = ((4, ColumnType.INT16), (9, ColumnType.INT32))
_REAL_DIGITS = 6
_NO_SCALE = -127
_INTEGERS = frozenset({ColumnType.INT16, ColumnType.INT32, ColumnType.INT64, ColumnType.BOOLEAN})
_NUMBERS = _INTEGERS | {ColumnType.FLOAT32, ColumnType.FLOAT64}
_LONG_TEXT = "write TO_CHAR(SUBSTR(column, 1, 1000)) for its beginning"
_WAYS_OUT = {
    oracledb.DB_TYPE_TIMESTAMP_TZ: "write SYS_EXTRACT_UTC(column), which is in UTC",
    oracledb.DB_TYPE_CLOB: _LONG_TEXT,
    oracledb.DB_TYPE_NCLOB: _LONG_TEXT,
}
_Described = Any


def column_type(described: _Described, declared: ColumnType | None) -> ColumnType:
    """Find the column type of a result column.

    NUMBER becomes what easyaccess makes of it: without decimals up to 4 digits int16, up to 9 int32, else int64; with decimals up
    to 6 digits float32, else float64; a NUMBER of no declared precision, such as a computed one, float64. A column of the survey
    file comes as that declares it, where the database's type allows it.

    Parameters
    ----------
    described
        One entry of a cursor's description.
    declared
        Type in the survey file; None where the column is none of its.

    Raises
    ------
    QueryRefused
        No column type holds it.
    """
    kind = described.type_code
    if kind is oracledb.DB_TYPE_NUMBER:
        own = _number_type(described.precision or 0, _NO_SCALE if described.scale is None else described.scale)
        whole = own in _INTEGERS or not described.precision
    elif kind in TYPES:
        own, whole = TYPES[kind], False
    else:
        name = kind.name.removeprefix("DB_TYPE_")
        raise QueryRefused(
            f"column {described.name} has the type {name}, which a result cannot hold",
            hint=_WAYS_OUT.get(kind, "turn it into a number or a text, for example with EXTRACT or TO_CHAR"),
        )
    if declared is None or own not in _NUMBERS or declared not in _NUMBERS:
        return own
    return declared if whole or declared not in _INTEGERS else own


def fetched_type(described: _Described, kind: ColumnType) -> pa.DataType:
    """Give the Arrow type to ask the driver for."""
    if described.type_code is oracledb.DB_TYPE_RAW:
        return pa.binary()
    if kind is ColumnType.BOOLEAN and described.type_code is oracledb.DB_TYPE_NUMBER:
        return pa.int16()
    return ARROW_TYPES[kind]


def settled(described: _Described, kind: ColumnType) -> Callable[[pa.Array], pa.Array]:
    """Give what makes of an array as fetched one with exactly the column's Arrow type."""
    if described.type_code is oracledb.DB_TYPE_RAW:
        return _hexadecimal
    if described.type_code in {oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_NCHAR}:
        return _without_padding
    return lambda array: array if array.type == ARROW_TYPES[kind] else array.cast(ARROW_TYPES[kind])


def _number_type(precision: int, scale: int) -> ColumnType:
    if scale == _NO_SCALE or not precision:
        return ColumnType.FLOAT64
    if scale > 0:
        return ColumnType.FLOAT32 if precision <= _REAL_DIGITS else ColumnType.FLOAT64
    digits = precision - scale
    return next((kind for most, kind in _WHOLE if digits <= most), ColumnType.INT64)


def _hexadecimal(array: pa.Array) -> pa.Array:
    return pa.array([None if value is None else value.hex().upper() for value in array.to_pylist()], pa.string())


def _without_padding(array: pa.Array) -> pa.Array:
    return pc.utf8_rtrim(array, characters=" ").cast(pa.string())
