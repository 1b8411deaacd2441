"""DuckDB's types as column types, and the casts that make a result's Arrow types exactly those of its columns."""

from collections.abc import Iterable
from types import MappingProxyType

from ...errors import QueryRefused
from ...query.model import ColumnType

__all__ = ["cast_to", "column_type", "unique_names"]

_TYPES = MappingProxyType(
    {
        "BOOLEAN": ColumnType.BOOLEAN,
        "TINYINT": ColumnType.INT16,
        "UTINYINT": ColumnType.INT16,
        "SMALLINT": ColumnType.INT16,
        "USMALLINT": ColumnType.INT32,
        "INTEGER": ColumnType.INT32,
        "UINTEGER": ColumnType.INT64,
        "BIGINT": ColumnType.INT64,
        "UBIGINT": ColumnType.INT64,
        "HUGEINT": ColumnType.INT64,
        "UHUGEINT": ColumnType.INT64,
        "BIGNUM": ColumnType.FLOAT64,
        "FLOAT": ColumnType.FLOAT32,
        "DOUBLE": ColumnType.FLOAT64,
        "VARCHAR": ColumnType.STRING,
        "UUID": ColumnType.STRING,
        "JSON": ColumnType.STRING,
        "TIME": ColumnType.STRING,
        '"NULL"': ColumnType.STRING,
        "NULL": ColumnType.STRING,
        "DATE": ColumnType.TIMESTAMP,
        "TIMESTAMP": ColumnType.TIMESTAMP,
        "TIMESTAMP_S": ColumnType.TIMESTAMP,
        "TIMESTAMP_MS": ColumnType.TIMESTAMP,
        "TIMESTAMP_NS": ColumnType.TIMESTAMP,
        "TIMESTAMP WITH TIME ZONE": ColumnType.TIMESTAMP,
    }
)

_SQL = MappingProxyType(
    {
        ColumnType.BOOLEAN: "BOOLEAN",
        ColumnType.INT16: "SMALLINT",
        ColumnType.INT32: "INTEGER",
        ColumnType.INT64: "BIGINT",
        ColumnType.FLOAT32: "FLOAT",
        ColumnType.FLOAT64: "DOUBLE",
        ColumnType.STRING: "VARCHAR",
        ColumnType.TIMESTAMP: "TIMESTAMP",
    }
)

_ZONED = "TIMESTAMP WITH TIME ZONE"
_BIGINT_DIGITS = 18


def column_type(name: str, type_name: str) -> ColumnType:
    """Find the column type that holds every value of a DuckDB type.

    Whole decimals of up to 18 digits are exact in int64, other decimals become float64; 128-bit integers become int64 and
    a value that does not fit stops the statement.

    Raises
    ------
    QueryRefused
        No column type holds it.
    """
    if type_name.startswith("DECIMAL("):
        width, scale = map(int, type_name.removeprefix("DECIMAL(").rstrip(")").split(","))
        return ColumnType.INT64 if scale == 0 and width <= _BIGINT_DIGITS else ColumnType.FLOAT64
    if type_name.startswith("ENUM("):
        return ColumnType.STRING
    if type_name not in _TYPES:
        raise QueryRefused(
            f"column {name} has the type {type_name}, which a result cannot hold",
            hint="turn it into a number or a text, for example with EXTRACT or TO_CHAR",
        )
    return _TYPES[type_name]


def cast_to(expression: str, type_name: str, kind: ColumnType) -> str:
    """Write a cast around an expression, unless it has the right type already.

    Zoned timestamps are left alone: their cast in SQL depends on the session's zone, so Arrow does it.
    """
    return expression if type_name in {_SQL[kind], _ZONED} else f"CAST({expression} AS {_SQL[kind]})"


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Tell columns of one name apart as Oracle's tools do: ``RA``, ``RA_1``, ``RA_2``; letter case is ignored."""
    wanted = list(names)
    taken = {name.casefold() for name in wanted}
    seen: set[str] = set()
    result = []
    for name in wanted:
        unique, number = name, 0
        while unique.casefold() in seen or (number and unique.casefold() in taken):
            number += 1
            unique = f"{name}_{number}"
        seen.add(unique.casefold())
        result.append(unique)
    return tuple(result)
