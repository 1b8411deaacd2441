"""The one table of Oracle's types: as which column type each comes, and through which Arrow type."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import oracledb
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import QueryRefused
from ...query.arrow import ARROW_TYPES
from ...query.model import Column, ColumnType

__all__ = ["LONG_TEXT_CHARACTERS", "TYPES", "Fetched", "batch_rows_of", "column_type"]

LONG_TEXT_CHARACTERS = 100_000
"""Most characters of a CLOB that comes as text."""

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
        oracledb.DB_TYPE_CLOB: ColumnType.STRING,
        oracledb.DB_TYPE_NCLOB: ColumnType.STRING,
        oracledb.DB_TYPE_LONG: ColumnType.STRING,
        oracledb.DB_TYPE_LONG_NVARCHAR: ColumnType.STRING,
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
_WAYS_OUT = {
    oracledb.DB_TYPE_TIMESTAMP_TZ: "write SYS_EXTRACT_UTC({name}), which is in UTC, and TO_CHAR({name}, 'TZR') for the zone",
}
_LONG_TEXTS = frozenset({oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_LONG_NVARCHAR})
"""The driver describes a CLOB as LONG once it has fetched it as text."""

_LONG_ROWS = 100
"""Rows of a batch with a CLOB among its columns, which the driver has whole in memory."""

_SURE = 2.0**53
"""Whole numbers below this are themselves as float64; IEEE 754 binary64."""

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
            hint=_WAYS_OUT.get(kind, "turn it into a number or a text, for example with EXTRACT or TO_CHAR").format(name=described.name),
        )
    if declared is None or own not in _NUMBERS or declared not in _NUMBERS:
        return own
    return declared if whole or declared not in _INTEGERS else own


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A result column: what the database says of it, and as what it comes."""

    column: Column
    described: _Described
    """Its entry of the cursor's description."""

    computed: bool
    """True where it is none of the survey's columns, so that nobody has said that it may be rounded."""

    @property
    def wanted(self) -> pa.DataType:
        """The Arrow type to ask the driver for."""
        if self.described.type_code is oracledb.DB_TYPE_RAW:
            return pa.binary()
        if self.column.type is ColumnType.BOOLEAN and self.described.type_code is oracledb.DB_TYPE_NUMBER:
            return pa.int16()
        return ARROW_TYPES[self.column.type]

    def settled(self, array: pa.Array) -> pa.Array:
        """Make of an array as fetched one with exactly the column's Arrow type.

        Raises
        ------
        QueryRefused
            A text is too long, or a number may have lost digits.
        """
        kind, name = self.described.type_code, self.described.name
        if kind is oracledb.DB_TYPE_RAW:
            return _hexadecimal(array)
        if kind in {oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_NCHAR}:
            return _without_padding(array)
        if kind in _LONG_TEXTS:
            return _of_bearable_length(name, array)
        if kind is oracledb.DB_TYPE_NUMBER and self.computed and self.column.type is ColumnType.FLOAT64:
            return _with_all_digits(name, array)
        wanted = ARROW_TYPES[self.column.type]
        return array if array.type == wanted else array.cast(wanted)


def batch_rows_of(fetched: Sequence[Fetched], wanted: int) -> int:
    """Give how many rows to fetch at once, ``wanted`` at the most, so that memory stays bounded."""
    return min(wanted, _LONG_ROWS) if any(each.described.type_code in _LONG_TEXTS for each in fetched) else wanted


def _with_all_digits(name: str, array: pa.Array) -> pa.Array:
    """Refuse numbers of which a float64 may have dropped digits before the point."""
    largest = pc.max(pc.abs(array)).as_py()
    if largest is not None and largest >= _SURE:
        raise QueryRefused(
            f"column {name} has a number of about {largest:.4g}, not all of whose digits a float64 need hold",
            hint="write CAST(... AS NUMBER(18)) for a whole number, TO_BINARY_DOUBLE(...) for a rounded one, TO_CHAR(...) for a text",
        )
    return array


def _of_bearable_length(name: str, array: pa.Array) -> pa.Array:
    longest = pc.max(pc.utf8_length(array)).as_py() or 0
    if longest > LONG_TEXT_CHARACTERS:
        raise QueryRefused(
            f"column {name} has a text of {longest:,} characters; at most {LONG_TEXT_CHARACTERS:,} are brought here",
            hint=f"write TO_CHAR(SUBSTR({name}, 1, 1000)) for the beginning of each",
        )
    return array.cast(pa.string())


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
