"""Translate Oracle's SQL to DuckDB's, exactly or not at all.

The statement is parsed (`statements`), every name in it is found in the catalogue (`scope`), and what is understood is written anew
in DuckDB's words: no text of the user's passes through but strings and quoted names. Tables and functions are lists of what is
allowed; whatever is not on them is refused by name.

What DuckDB cannot hold as Oracle does: NUMBER that comes out of a division or a function has 15 digits instead of 38 (Oracle's
drivers hand it over as a float too); columns are taken to hold NULL, never an empty string; SYSDATE is UTC.
"""

from collections.abc import Collection, Mapping, Sequence

from ...errors import QueryRefused
from ...query.model import Column
from .functions import FUNCTIONS
from .macros import SETUP
from .personal import NO_PERSONAL_TABLES, PersonalTable, PersonalTables
from .queries import translate_statement
from .scope import Context
from .statements import parse
from .translation import Translation
from .values import INTERVALS

__all__ = [
    "FUNCTIONS",
    "NO_PERSONAL_TABLES",
    "OWNERS",
    "SETUP",
    "SIZE_LIMIT_BYTES",
    "PersonalTable",
    "PersonalTables",
    "Translation",
    "translate",
]

OWNERS = frozenset({"DES_ADMIN", "DESDM", "DES", "NOBODY"})
"""Owners that may stand before a table of the catalogue."""

SIZE_LIMIT_BYTES = 1_000_000
"""Statements that are longer are not read."""


def translate(
    sql: str,
    tables: Mapping[str, Sequence[Column]],
    *,
    owners: frozenset[str] = OWNERS,
    listed: Collection[str] | None = None,
    personal: PersonalTables = NO_PERSONAL_TABLES,
) -> Translation:
    """Translate one SELECT statement.

    Parameters
    ----------
    sql
        The statement as the user wrote it.
    tables
        The catalogue: columns by table name, upper case.
    owners
        Names that may stand before a table.
    listed
        Tables that ALL_TABLES and its like show; None for all.
    personal
        Users' own tables that may be named.

    Raises
    ------
    InvalidQuery
        The statement is wrong or names what does not exist; place and hint refer to the text as written.
    QueryRefused
        It is understood, but not carried out exactly; the hint is a way out.
    """
    if len(sql) > SIZE_LIMIT_BYTES or len(sql.encode("utf-8", "replace")) > SIZE_LIMIT_BYTES:
        message = f"the statement is longer than {SIZE_LIMIT_BYTES:,} bytes"
        raise QueryRefused(message, line=1, column=1, length=1, hint="join a table instead of listing values")
    try:
        query = parse(sql)
        context = Context(sql, tables, owners, listed, personal)
        relation = translate_statement(context, query)
    except RecursionError as error:
        hint = "name parts of it in WITH, or put fewer levels into one another"
        raise QueryRefused("the statement is nested too deeply", line=1, column=1, length=1, hint=hint) from error
    if any(column.kind in INTERVALS for column in relation.columns):
        raise QueryRefused("an interval as a result", line=1, column=1, length=1, hint="add it to a date, or take its parts with EXTRACT")
    source_of = {column.sql_name: column.origin for column in relation.columns if column.origin is not None}
    return Translation(
        statement=context.filled(relation.sql),
        shape=context.shape(relation.sql),
        tables=frozenset(context.used_tables),
        personal=frozenset(context.used_personal),
        reads_dictionary=context.reads_dictionary,
        source_of=source_of,
    )
