"""Oracle's dictionary views, made from the tables that the catalogue has."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...query.model import Column, ColumnType
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
    for owner, table, _ in _every(context):
        yield owner, table


def _columns(context: Context) -> Iterator[_Row]:
    for owner, table, columns in _every(context):
        for number, column in enumerate(columns, 1):
            yield owner, table, column.name, _TYPES[column.type] if column.binary else "NUMBER", number


def _comments(context: Context) -> Iterator[_Row]:
    for owner, table, columns in _every(context):
        for column in columns:
            yield owner, table, column.name, column.description or None


def _own(rows: Callable[[Context], Iterator[_Row]]) -> Callable[[Context], Iterator[_Row]]:
    """Those rows of a view that are of the person's own tables, without the owner."""

    def of_person(context: Context) -> Iterator[_Row]:
        person = context.personal.person.upper()
        own = {table.name for table in context.personal.tables if table.owner == context.personal.person}
        return (row[1:] for row in rows(context) if row[0] == person and row[1] in own)

    return of_person


def _every(context: Context) -> Iterator[tuple[str, str, Sequence[Column]]]:
    """Owner, name and columns of every table that the one who asks may read."""
    for name, columns in context.listed.items():
        yield OWNER, name, columns
    for table in context.personal.tables:
        yield table.owner.upper(), table.name, table.columns


_COLUMN_NAMES = ("TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "COLUMN_ID")
DICTIONARY_VIEWS: Mapping[str, tuple[tuple[str, ...], Callable[[Context], Iterator[_Row]]]] = {
    "ALL_TABLES": (("OWNER", "TABLE_NAME"), _tables),
    "ALL_TAB_COLUMNS": (("OWNER", *_COLUMN_NAMES), _columns),
    "ALL_COL_COMMENTS": (("OWNER", "TABLE_NAME", "COLUMN_NAME", "COMMENTS"), _comments),
    "USER_TABLES": (("TABLE_NAME",), _own(_tables)),
    "USER_TAB_COLUMNS": (_COLUMN_NAMES, _own(_columns)),
    "USER_COL_COMMENTS": (("TABLE_NAME", "COLUMN_NAME", "COMMENTS"), _own(_comments)),
}
"""Views by name: their columns and rows. Those of USER show the tables of who asks."""


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
