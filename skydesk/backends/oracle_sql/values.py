"""Values on their way into DuckDB's words: their text, their Oracle type, where they come from."""

from dataclasses import dataclass, replace
from enum import IntEnum

from ...query.model import Column, ColumnType
from .lexer import Span

__all__ = ["INTERVALS", "NUMERIC", "TEMPORAL", "Kind", "Value", "first_loose", "in_precision", "kind_of", "quote", "quote_text", "settled"]


class Kind(IntEnum):
    """Oracle's types as far as they change what an operator means; among numbers the greater wins."""

    NULL = 0
    INTEGER = 1
    """NUMBER that is whole; BIGINT in DuckDB."""

    DECIMAL = 2
    """NUMBER with decimal places; DECIMAL in DuckDB."""

    NUMBER = 3
    """NUMBER out of a division or a function; DOUBLE in DuckDB, 15 digits."""

    FLOAT = 4
    """BINARY_FLOAT and BINARY_DOUBLE: IEEE 754 with NaN and infinity, as in DuckDB."""

    TEXT = 5
    DATE = 6
    """Date and time to the second; TIMESTAMP in DuckDB."""

    TIMESTAMP = 7
    INTERVAL = 8
    """INTERVAL DAY TO SECOND; microseconds as BIGINT in DuckDB."""

    MONTHS = 9
    """INTERVAL YEAR TO MONTH; months as BIGINT in DuckDB."""

    CONDITION = 10


NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER, Kind.FLOAT})
TEMPORAL = frozenset({Kind.DATE, Kind.TIMESTAMP})
INTERVALS = frozenset({Kind.INTERVAL, Kind.MONTHS})
_KINDS = {
    ColumnType.BOOLEAN: Kind.CONDITION,
    ColumnType.INT16: Kind.INTEGER,
    ColumnType.INT32: Kind.INTEGER,
    ColumnType.INT64: Kind.INTEGER,
    ColumnType.FLOAT32: Kind.FLOAT,
    ColumnType.FLOAT64: Kind.FLOAT,
    ColumnType.STRING: Kind.TEXT,
    ColumnType.TIMESTAMP: Kind.TIMESTAMP,
}


@dataclass(slots=True)
class Value:
    """An expression in DuckDB's words; safe to put beside any operator."""

    sql: str
    kind: Kind
    loose: Span | None = None
    """The first column in it that is neither aggregated nor grouped by."""

    origin: tuple[str, str] | None = None
    """Table and column, where it is a plain column of the catalogue."""

    constant: str | None = None
    """Text of a string literal, digits of a number literal."""

    narrow: bool = False
    """A number of few bits: an integer of 16 or 32, whose sums may not fit, or a BINARY_FLOAT."""

    smooth: bool = False
    """Made by a function such as SIN, of which all digits are rounded: whether it equals something means nothing."""

    char_length: int | None = None
    """Length of a CHAR, as literals are: two of them compare as if the shorter had blanks at its end. None for VARCHAR2."""


def settled(value: Value) -> str:
    """Write a computed NUMBER with the 15 digits that it has in common with Oracle's, so that 0.1/1 + 0.2/1 equals 0.3.

    Columns and numbers that are written out stay as they are.
    """
    computed = value.kind is Kind.NUMBER and value.origin is None and value.constant is None
    return f"ora_15(CAST({value.sql} AS DOUBLE))" if computed else value.sql


def in_precision(left: Value, right: Value) -> tuple[Value, Value]:
    """Bring a NUMBER beside a BINARY_FLOAT to the precision of that, as Oracle does (Numeric Precedence).

    DuckDB does so with whole and decimal numbers by itself, but not with the DOUBLE that a computed NUMBER is.
    """
    floats = [value for value in (left, right) if value.kind is Kind.FLOAT]
    if len(floats) != 1 or not floats[0].narrow:
        return left, right
    one, other = (replace(v, sql=f"CAST({v.sql} AS FLOAT)") if v.kind is Kind.NUMBER else v for v in (left, right))
    return one, other


def kind_of(column: Column) -> Kind:
    """Give the kind of a column of the catalogue."""
    kind = _KINDS[column.type]
    return Kind.NUMBER if kind is Kind.FLOAT and not column.binary else kind


def quote(name: str) -> str:
    """Write a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Write a string for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def first_loose(*values: Value) -> Span | None:
    """Give the first loose column of several values."""
    return next((value.loose for value in values if value.loose is not None), None)
