"""The `Catalog` port on a native DuckDB file."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import duckdb

from ...access import ALL
from ...errors import Fault, InvalidSurvey
from ...query.model import Cancellation, Column, Explanation, Table
from ..oracle_sql import FUNCTIONS, SETUP, PersonalTables, Translation, translate
from .connections import Connections
from .failures import translated
from .own import OwnTables, OwnTableSource
from .rows import DuckdbRows
from .running import StopWatch
from .types import cast_to, column_type, unique_names

__all__ = ["DuckdbCatalog"]

_PREPARE_SECONDS = 10.0
_WAIT_SECONDS = 10.0


class _Survey(Protocol):
    @property
    def tables(self) -> Sequence[Table]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A statement that was translated and bound."""

    translation: Translation
    personal: PersonalTables
    columns: tuple[Column, ...]
    selection: str
    """The result's columns as an SQL select list over ``c1``, ``c2``, ..., each with the cast that it needs."""

    def statement(self, max_rows: int | None) -> str:
        """The statement to run. LIMIT goes into the SQL so that a sort keeps no more rows than are wanted."""
        names = ", ".join(f"c{number}" for number in range(1, len(self.columns) + 1))
        limit = "" if max_rows is None else f" LIMIT {max_rows}"
        return f"SELECT {self.selection} FROM (\n{self.translation.statement}\n) AS result({names}){limit}"


class DuckdbCatalog:
    """A survey's catalogue in a DuckDB file: read-only, asked in Oracle's SQL, safe from several threads.

    Parameters
    ----------
    path
        The file that ``skydesk survey make`` wrote.
    survey
        The survey that it belongs to; only its tables can be read.
    memory_bytes
        Memory of all statements together, bytes; what needs more spills to disk.
    threads
        Threads of all statements together.
    temp_folder
        Where statements spill; None for a folder that is removed when the process ends.
    temp_bytes
        Most that they may spill, bytes.
    connections
        Statements that may run at the same time; further ones wait.
    own_tables
        Where users' own tables are, which statements may join; None for none. Who opens a file of the catalogue first decides for all
        of the process.

    Raises
    ------
    ServiceUnavailable
        The file is not there or cannot be opened.
    InvalidSurvey
        The file lacks tables or columns that the survey names.
    """

    def __init__(
        self,
        path: Path,
        *,
        survey: _Survey,
        memory_bytes: int = 1 << 30,
        threads: int = 2,
        temp_folder: Path | None = None,
        temp_bytes: int = 8 << 30,
        connections: int = 16,
        own_tables: OwnTableSource | None = None,
    ) -> None:
        self._tables = tuple(survey.tables)
        self._columns = {table.name: table.columns for table in self._tables}
        self._source = {(table.name, column.name): column for table in self._tables for column in table.columns}
        self._own = OwnTables(own_tables)
        self._connections = Connections(
            path,
            setup=SETUP,
            memory_bytes=memory_bytes,
            threads=threads,
            temp_folder=temp_folder,
            temp_bytes=temp_bytes,
            count=connections,
            tables_folder=None if own_tables is None else own_tables.root,
        )
        self._watchers = ThreadPoolExecutor(connections, thread_name_prefix="skydesk-stop-watch")
        self._prepare = lru_cache(maxsize=32)(self._prepare_now)
        self._bound = lru_cache(maxsize=32)(self._bind)
        try:
            self._require_tables()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; statements that still run are stopped."""
        self._connections.close()
        self._watchers.shutdown(wait=False)

    def check(self, sql: str, *, readable: frozenset[str] | None = None) -> tuple[Column, ...]:
        """Parse and bind a statement without running it; see `Catalog.check`."""
        return self._prepared(sql, readable).columns

    def explain(self, sql: str, *, readable: frozenset[str] | None = None) -> Explanation:
        """Tell how DuckDB would carry the statement out; see `Catalog.explain`."""
        prepared = self._prepared(sql, readable)
        statement = prepared.translation.statement
        with self._run(limit_seconds=_PREPARE_SECONDS) as (connection, _), self._attached(connection, prepared):
            rows = connection.execute(f"EXPLAIN {statement}").fetchall()
        return Explanation(plan="\n".join(text for _, text in rows), statement=statement)

    @contextmanager
    def stream(
        self,
        sql: str,
        *,
        max_rows: int | None = None,
        limit_seconds: float | None = None,
        batch_rows: int = 50_000,
        cancellation: Cancellation | None = None,
        readable: frozenset[str] | None = None,
    ) -> Iterator[DuckdbRows]:
        """Run a statement and stream its rows; see `Catalog.stream`."""
        prepared = self._prepared(sql, readable)
        with (
            self._run(limit_seconds=limit_seconds, cancellation=cancellation) as (connection, watch),
            self._attached(connection, prepared),
        ):
            rows = DuckdbRows(connection, watch, prepared.statement(max_rows), prepared.columns, batch_rows)
            try:
                yield rows
            finally:
                rows.close()

    def tables(self) -> tuple[Table, ...]:
        """Every table with its columns and true row count."""
        return self._counted_tables

    def functions(self) -> tuple[str, ...]:
        """Names of the functions that a statement may call."""
        return tuple(FUNCTIONS)

    def releases_read(self, sql: str) -> frozenset[str]:
        """Names of the releases whose tables the statement reads."""
        release_of = {table.name.casefold(): table.release for table in self._tables}
        return frozenset(release_of[name.casefold()] for name in self._prepared(sql, None).translation.tables)

    @contextmanager
    def _run(
        self, *, limit_seconds: float | None, cancellation: Cancellation | None = None
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, StopWatch]]:
        wait = _WAIT_SECONDS if limit_seconds is None else min(_WAIT_SECONDS, limit_seconds)
        with (
            self._connections.borrow(wait) as connection,
            StopWatch(connection.interrupt, limit_seconds=limit_seconds, cancellation=cancellation, watchers=self._watchers) as watch,
            translated(watch.reason),
        ):
            yield connection, watch

    def _prepared(self, sql: str, readable: frozenset[str] | None) -> _Prepared:
        personal = self._own.of_acting_person()
        prepared = self._prepare(sql, None, personal)
        return self._prepare(sql, readable, personal) if readable is not None and prepared.translation.reads_dictionary else prepared

    def _attached(self, connection: duckdb.DuckDBPyConnection, prepared: _Prepared) -> AbstractContextManager[None]:
        files = self._own.files(prepared.personal, prepared.translation.personal)
        return self._connections.attachments.pinned(connection, files)

    def _prepare_now(self, sql: str, readable: frozenset[str] | None, personal: PersonalTables) -> _Prepared:
        listed = [table.name for table in self._tables if readable is None or readable & {ALL, table.release}]
        translation = translate(sql, self._columns, listed=listed, personal=personal)
        files = self._own.files(personal, translation.personal)
        given, types = self._bound(translation.shape, tuple(files.items()))
        source_of_own = {(table.full_name, column.name): column for table in personal.tables for column in table.columns}
        kinds = [column_type(name, kind) for name, kind in zip(given, types, strict=True)]
        casts = [cast_to(f"c{number}", *pair) for number, pair in enumerate(zip(types, kinds, strict=True), start=1)]
        origins = [translation.source_of.get(name, ("", "")) for name in given]
        sources = [self._source.get(origin) or source_of_own.get(origin) for origin in origins]
        columns = [
            Column(name=name, type=kind) if source is None else replace(source, name=name, type=kind)
            for name, kind, source in zip(unique_names(given), kinds, sources, strict=True)
        ]
        return _Prepared(
            translation=translation,
            personal=personal,
            columns=tuple(columns),
            selection=", ".join(f"{cast} AS c{number}" for number, cast in enumerate(casts, start=1)),
        )

    def _bind(self, statement: str, files: tuple[tuple[str, Path], ...]) -> tuple[list[str], list[str]]:
        with (
            self._run(limit_seconds=_PREPARE_SECONDS) as (connection, _),
            self._connections.attachments.pinned(connection, dict(files)),
        ):
            relation = connection.sql(statement)
            return list(relation.columns), [str(kind) for kind in relation.types]

    @cached_property
    def _counted_tables(self) -> tuple[Table, ...]:
        with self._run(limit_seconds=None) as (connection, _):
            return tuple(replace(table, row_count=_count(connection, table.name)) for table in self._tables)

    def _require_tables(self) -> None:
        with self._run(limit_seconds=_PREPARE_SECONDS) as (connection, _):
            found = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
        there: dict[str, set[str]] = {}
        for table_name, column_name in found:
            there.setdefault(table_name.casefold(), set()).add(column_name.casefold())
        faults = [fault for table in self._tables for fault in _missing(table, there)]
        if faults:
            raise InvalidSurvey(faults)


def _missing(table: Table, there: dict[str, set[str]]) -> Iterator[Fault]:
    if table.name.casefold() not in there:
        yield Fault(field=table.name, message="the catalogue file has no such table")
        return
    lacking = [column.name for column in table.columns if column.name.casefold() not in there[table.name.casefold()]]
    if lacking:
        yield Fault(field=table.name, message=f"the catalogue file lacks columns of this table: {', '.join(lacking)}")


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    quoted = name.replace('"', '""')
    ((rows,),) = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchall()
    return int(rows)
