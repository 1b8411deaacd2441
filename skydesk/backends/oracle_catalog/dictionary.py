"""What Oracle's dictionary knows of the survey's tables: their comments and how many rows they have."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import oracledb

from ...errors import SkydeskError
from ...query.model import Column, Table

__all__ = ["Dictionary", "Known", "read_dictionary"]

_log = logging.getLogger("skydesk.oracle")
_COUNTS = "SELECT table_name, num_rows FROM all_tables WHERE owner = :owner"
_TABLE_COMMENTS = "SELECT table_name, comments FROM all_tab_comments WHERE owner = :owner AND comments IS NOT NULL"
_COLUMN_COMMENTS = "SELECT table_name, column_name, comments FROM all_col_comments WHERE owner = :owner AND comments IS NOT NULL"
_ROWS_AT_ONCE = 5000
_REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the dictionary said; names are upper case."""

    counts: dict[str, int | None]
    """Rows by table, as the database's statistics last counted them; None where they never did."""

    table_comments: dict[str, str]
    column_comments: dict[tuple[str, str], str]


def read_dictionary(connection: oracledb.Connection, owner: str) -> Known:
    """Ask the dictionary about the tables of a schema."""
    with connection.cursor() as cursor:
        cursor.arraysize = _ROWS_AT_ONCE

        def rows(statement: str) -> list[Any]:
            return list(cursor.execute(statement, owner=owner))

        return Known(
            counts={table: None if count is None else int(count) for table, count in rows(_COUNTS)},
            table_comments=dict(rows(_TABLE_COMMENTS)),
            column_comments={(table, column): comment for table, column, comment in rows(_COLUMN_COMMENTS)},
        )


class Dictionary:
    """The survey's tables with what the dictionary adds to them, asked again when it is old; who asks need not wait for that.

    Parameters
    ----------
    tables
        The tables as the survey file has them; what it says stands before what the dictionary says.
    read
        Asks the database; raises where it cannot.
    refresh_seconds
        How old an answer may be before it is asked for again, seconds.
    """

    def __init__(self, tables: Sequence[Table], read: Callable[[], Known], *, refresh_seconds: float) -> None:
        self._given = tuple(tables)
        self._tables = self._given
        self._read, self._refresh_seconds = read, refresh_seconds
        self._next_at = 0.0
        self._known = False
        self._lock = threading.Lock()

    def tables(self) -> tuple[Table, ...]:
        """Every table; where the database has not answered yet, as the survey file has them."""
        if time.monotonic() < self._next_at:
            return self._tables
        if self._known:
            self._next_at = time.monotonic() + _REST_SECONDS
            threading.Thread(target=self._refresh, name="skydesk-oracle-dictionary", daemon=True).start()
        else:
            with self._lock:
                if time.monotonic() >= self._next_at:
                    self._refresh()
        return self._tables

    def _refresh(self) -> None:
        try:
            known = self._read()
        except SkydeskError as error:
            self._next_at = time.monotonic() + min(_REST_SECONDS, self._refresh_seconds)
            _log.warning("the dictionary could not be read: %s", error)
            return
        self._tables = tuple(_completed(table, known) for table in self._given)
        self._known = True
        self._next_at = time.monotonic() + self._refresh_seconds
        missing = [table.name for table in self._given if table.name not in known.counts and table.name not in known.table_comments]
        if missing:
            _log.warning("the database shows no tables of these names: %s", ", ".join(missing))


def _completed(table: Table, known: Known) -> Table:
    counted = known.counts.get(table.name)
    return replace(
        table,
        row_count=table.row_count if counted is None else counted,
        description=table.description or known.table_comments.get(table.name, ""),
        columns=tuple(_described(table, column, known) for column in table.columns),
    )


def _described(table: Table, column: Column, known: Known) -> Column:
    comment = known.column_comments.get((table.name, column.name), "")
    return column if column.description or not comment else replace(column, description=comment)
