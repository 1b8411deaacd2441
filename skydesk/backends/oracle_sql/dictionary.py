"""Oracle's dictionary views, made from the tables that the catalogue has."""

from collections.abc import Callable, Iterator, Mapping

from ...query.model import ColumnType
from .scope import Context, Relation, ResultColumn
from .values import Kind, quote, quote_text

__all__ = ["DICTIONARY_VIEWS", "OWNER", "dictionary_view"]

OWNER = "DES_ADMIN"
"""What OWNER shows: the schema that holds the survey's tables on Oracle."""

_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INT16: "NUMBER",
    ColumnType.INT32: "NUMBER",
    ColumnType.INT64: "NUMBER",
    ColumnType.FLOAT32: "BINARY_FLOAT",
    ColumnType.FLOAT64: "BINARY_DOUBLE",
    ColumnType.STRING: "VARCHAR2",
    ColumnType.TIMESTAMP: "TIMESTAMP(6)",
}
_Row = tuple[str | int | None, ...]


def _tables(context: Context) -> Iterator[_Row]:
    for table in context.listed:
        yield OWNER, table


def _columns(context: Context) -> Iterator[_Row]:
    for table, columns in context.listed.items():
        for number, column in enumerate(columns, 1):
            yield OWNER, table, column.name, _TYPES[column.type] if column.binary else "NUMBER", number


def _comments(context: Context) -> Iterator[_Row]:
    for table, columns in context.listed.items():
        for column in columns:
            yield OWNER, table, column.name, column.description or None


def _nothing(_: Context) -> Iterator[_Row]:
    yield from ()


_COLUMN_NAMES = ("TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "COLUMN_ID")
DICTIONARY_VIEWS: Mapping[str, tuple[tuple[str, ...], Callable[[Context], Iterator[_Row]]]] = {
    "ALL_TABLES": (("OWNER", "TABLE_NAME"), _tables),
    "ALL_TAB_COLUMNS": (("OWNER", *_COLUMN_NAMES), _columns),
    "ALL_COL_COMMENTS": (("OWNER", "TABLE_NAME", "COLUMN_NAME", "COMMENTS"), _comments),
    "USER_TABLES": (("TABLE_NAME",), _nothing),
    "USER_TAB_COLUMNS": (_COLUMN_NAMES, _nothing),
    "USER_COL_COMMENTS": (("TABLE_NAME", "COLUMN_NAME", "COMMENTS"), _nothing),
}
"""Views by name: their columns and rows. Those of USER are empty: nobody owns tables here."""


def dictionary_view(context: Context, name: str) -> Relation:
    """Give a dictionary view as a query of constants."""
    context.reads_dictionary = True
    names, rows = DICTIONARY_VIEWS[name]
    columns = [ResultColumn(each, each, Kind.INTEGER if each == "COLUMN_ID" else Kind.TEXT) for each in names]
    types = ["BIGINT" if column.kind is Kind.INTEGER else "VARCHAR" for column in columns]
    head = ", ".join(f"CAST(c{n} AS {kind}) AS {quote(each)}" for n, (each, kind) in enumerate(zip(names, types, strict=True)))
    values = ", ".join(f"({', '.join(map(_constant, row))})" for row in rows(context))
    nothing = f"({', '.join('NULL' for _ in names)})"
    aliases = ", ".join(f"c{n}" for n in range(len(names)))
    return Relation(f"SELECT {head} FROM (VALUES {values or nothing}) AS v({aliases}){'' if values else ' WHERE FALSE'}", columns)


def _constant(value: str | int | None) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else quote_text(value)
