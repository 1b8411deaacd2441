"""Own tables by the rules: names, types, quotas, grants."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ..access import User
from ..errors import Fault, InvalidRequest, NotFound, QueryRefused
from ..query.acting import acting_for
from ..query.arrow import schema_of
from ..query.limits import LimitedRows
from ..query.model import Cancellation, Column, Table
from ..query.ports import Catalog, RowStream
from .matching import MAX_RADIUS_ARCSEC, MAX_ROWS, Match, position_columns
from .model import SERVICE, Correction, Grant, Inspection, MatchRequest, OwnTable, Quota, TablePatch
from .names import table_name_fault
from .ports import GivenFiles, TableStore
from .rows import Progress, Rows, carried_out, rows_of_file, rows_of_query

__all__ = ["GivenSource", "QuerySource", "Source", "StatementRunner", "TablesService"]

_MOST_GRANTS = 1000
_MATCH_BATCH_ROWS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSource:
    """Rows of a file that was inspected."""

    inspection_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySource:
    """Rows of a statement."""

    sql: str


Source = GivenSource | QuerySource


class StatementRunner(Protocol):
    """Runs statements for users within their limits; `skydesk.query.service.QueryService` is one."""

    def check(self, user: User, sql: str) -> tuple[Column, ...]:
        """Give the columns that a statement would return."""

    def stream(self, user: User, sql: str, max_rows: int | None = None) -> AbstractContextManager[LimitedRows]:
        """Run a statement and stream its rows."""


class TablesService:
    """What users do with their own tables. Safe from several threads.

    Parameters
    ----------
    store
        Keeps the tables; None where the catalogue's database has no place for them.
    files
        Reads and keeps files that are to be loaded.
    queries
        Runs statements.
    catalog
        What tables are matched with, and whose names they may not have.
    """

    def __init__(self, store: TableStore | None, files: GivenFiles, *, queries: StatementRunner, catalog: Catalog) -> None:
        self._store = store
        self._files = files
        self._queries = queries
        self._catalog = catalog

    @property
    def store(self) -> TableStore:
        """Where the tables are.

        Raises
        ------
        QueryRefused
            This catalogue has no place for them.
        """
        if self._store is None:
            raise QueryRefused(
                "own tables are not kept beside a catalogue in Oracle yet", hint="download the result, or use a survey on DuckDB"
            )
        return self._store

    def visible(self, user: User) -> tuple[OwnTable, ...]:
        """The user's tables by name, then those that others granted."""
        user.require_service(SERVICE)
        return self.store.visible(user.name, user.groups)

    def quota(self, user: User) -> Quota:
        """How much of the user's limits is used."""
        user.require_service(SERVICE)
        used_bytes, tables = self.store.usage(user.name)
        limits = user.entitlements.tables
        return Quota(used_bytes=used_bytes, limit_bytes=limits.max_bytes, tables=tables, max_tables=limits.max_tables)

    def find(self, user: User, name: str) -> OwnTable:
        """A table that the user may read, by its name or as ``owner.name``; letter case ignored.

        Raises
        ------
        NotFound
            There is none, or none that the user may see.
        """
        owner, _, own_name = name.rpartition(".")
        for table in self.visible(user):
            is_owner = table.owner == user.name if not owner else table.owner.casefold() == owner.casefold()
            if is_owner and table.name == own_name.upper():
                return table
        raise NotFound(f"you have no table {name[:200]}, and nobody has granted you one of this name")

    def inspect(self, user: User, content: bytes | Path, file_name: str) -> Inspection:
        """Look into a file before it is loaded; errors as in `GivenFiles.inspect`."""
        user.require_service(SERVICE)
        return self._files.inspect(user.name, content, file_name)

    def inspection(self, user: User, inspection_id: str) -> Inspection:
        """What was found in a file; NotFound where the user has none of this id any more."""
        user.require_service(SERVICE)
        return self._files.get(user.name, inspection_id)

    def load(
        self,
        user: User,
        name: str,
        source: Source,
        *,
        description: str = "",
        corrections: Sequence[Correction] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Progress:
        """Make a new table: all of it, or nothing.

        Raises
        ------
        InvalidRequest
            Names or types are wrong, or values do not fit; every fault that can be known beforehand is named at once, those of values
            when all rows have been looked at.
        Conflict
            The user has a table of this name.
        LimitExceeded
            It is more than the user may have.
        NotFound, InvalidQuery, QueryRefused, NotAllowed
            Of the source.
        """
        user.require_service(SERVICE)
        faults = self._name_faults(name)
        rows = self._open(user, source, corrections, None, faults)
        if faults:
            raise InvalidRequest(faults)
        loading = self.store.create(user.name, name.upper(), rows.columns, description=description, limits=user.entitlements.tables)
        return carried_out(loading, rows, cancellation)

    def append(
        self,
        user: User,
        name: str,
        source: Source,
        *,
        corrections: Sequence[Correction] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Progress:
        """Add rows to a table by the names of columns: all of them, or none; errors as in `load`."""
        user.require_service(SERVICE)
        table = self.store.get(user.name, name.upper())
        faults: list[Fault] = []
        rows = self._open(user, source, corrections, table, faults)
        if faults:
            raise InvalidRequest(faults)
        return carried_out(self.store.append(user.name, table.name, limits=user.entitlements.tables), rows, cancellation)

    def match(self, user: User, request: MatchRequest, *, cancellation: Cancellation | None = None) -> Progress:
        """Make a new table of the pairs of an own table's positions with those of a table of the catalogue.

        Rows without a position, and without a partner, are left out. The new table has all columns of the own one, those of the
        catalogue's that are asked for, and SEPARATION_ARCSEC.

        Raises
        ------
        InvalidRequest
            Something about the request is wrong; every fault is named.
        NotFound
            The user has no such table.
        Conflict, LimitExceeded, NotAllowed
            As in `load`.
        """
        user.require_service(SERVICE)
        faults = self._name_faults(request.into, field="into")
        if not 0 < request.radius_arcsec <= MAX_RADIUS_ARCSEC:
            message = f"must be above 0 and at most {MAX_RADIUS_ARCSEC:g} arcsec, got {request.radius_arcsec:g}"
            faults.append(Fault(field="radius_arcsec", message=message))
        table = self.find(user, request.table)
        partner = self._partner(user, request, faults)
        if table.rows > MAX_ROWS:
            message = f"{table.name} has {table.rows:,} rows; at most {MAX_ROWS:,} are matched at once"
            faults.append(Fault(field="table", message=message))
        if faults or partner is None:
            raise InvalidRequest(faults)
        rows = pa.Table.from_batches(self.store.read(table, [column.name for column in table.columns]), schema=schema_of(table.columns))
        wanted = [column for name in request.columns for column in partner.columns if column.name == name.upper()]
        position = position_columns(partner.name, partner.columns)
        match = Match(rows, table, partner.name, wanted, position, radius_arcsec=request.radius_arcsec, nearest=request.nearest)
        self._queries.check(user, match.sql)
        limits = user.entitlements.query

        @contextmanager
        def stream() -> Iterator[RowStream]:
            opened = self._catalog.stream(
                match.sql, limit_seconds=limits.max_seconds, batch_rows=_MATCH_BATCH_ROWS, cancellation=cancellation
            )
            with ExitStack() as stack:
                with acting_for(user.name, user.groups):  # only here: who goes on may do so in another thread
                    found = stack.enter_context(opened)
                yield found

        batches = match.matches(stream, limits.max_rows)
        return self.make(user, request.into, match.columns, batches, description=request.description, cancellation=cancellation)

    def make(
        self,
        user: User,
        name: str,
        columns: Sequence[Column],
        batches: Iterator[pa.RecordBatch],
        *,
        description: str = "",
        cancellation: Cancellation | None = None,
    ) -> Progress:
        """Make a new table of rows that have the right types already; errors as in `load`."""
        user.require_service(SERVICE)
        faults = self._name_faults(name)
        if faults:
            raise InvalidRequest(faults)
        loading = self.store.create(user.name, name.upper(), columns, description=description, limits=user.entitlements.tables)
        return carried_out(loading, Rows(columns, batches, None), cancellation)

    def change(self, user: User, name: str, patch: TablePatch) -> OwnTable:
        """Change names, words and indexes of a table.

        Raises
        ------
        InvalidRequest
            A name will not do, or is of no column.
        NotFound, Conflict, LimitExceeded
            As in the store.
        """
        user.require_service(SERVICE)
        table = self.store.get(user.name, name.upper())
        new_name = table.name if patch.name is None else patch.name.upper()
        faults = [] if new_name == table.name else self._name_faults(new_name)
        for what, names in (("columns", patch.columns), ("indexes", patch.indexes or ())):
            faults += [Fault(field=what, message=f"{table.name} has no column {each[:130]!r}") for each in names if not table.column(each)]
        if faults:
            raise InvalidRequest(faults)
        if patch.indexes is not None:
            indexes = tuple(dict.fromkeys(each.upper() for each in patch.indexes))
            table = self.store.index(user.name, table.name, indexes, limits=user.entitlements.tables)
        words = {each.upper(): value for each, value in patch.columns.items()}
        description = table.description if patch.description is None else patch.description
        if new_name == table.name and description == table.description and not words:
            return table
        return self.store.describe(user.name, table.name, new_name=new_name, description=description, columns=words)

    def grant(self, user: User, name: str, grants: Collection[Grant]) -> OwnTable:
        """Let exactly these read a table.

        Raises
        ------
        InvalidRequest
            A name is empty, or there are too many.
        NotFound
            The user has no such table.
        """
        user.require_service(SERVICE)
        faults = [
            Fault(field="grants", message=f"must be a user or a group with a name, got {grant.kind!r:.20} {grant.name!r:.60}")
            for grant in grants
            if grant.kind not in {"user", "group"} or not grant.name.strip() or len(grant.name) > 255
        ]
        if len(grants) > _MOST_GRANTS:
            faults.append(
                Fault(field="grants", message=f"has {len(grants):,} entries, at most {_MOST_GRANTS:,} are kept; grant to a group")
            )
        if faults:
            raise InvalidRequest(faults)
        plain = {Grant(kind=each.kind, name=each.name.casefold() if each.kind == "group" else each.name) for each in grants}
        return self.store.grant(user.name, name.upper(), plain - {Grant(kind="user", name=user.name)})

    def drop(self, user: User, name: str) -> None:
        """Remove a table of the user's own; NotFound where there is none."""
        user.require_service(SERVICE)
        self.store.drop(user.name, name.upper())

    def _name_faults(self, name: str, field: str = "name") -> list[Fault]:
        message = table_name_fault(name, {table.name.upper() for table in self._catalog.tables()})
        return [] if message is None else [Fault(field=field, message=message)]

    def _partner(self, user: User, request: MatchRequest, faults: list[Fault]) -> Table | None:
        """The catalogue's table of a match, as far as the user may read it."""
        tables = {table.name.upper(): table for table in self._catalog.tables() if user.entitlements.allows_release(table.release)}
        partner = tables.get(request.catalog_table.upper())
        if partner is None:
            faults.append(Fault(field="catalog_table", message=f"there is no table {request.catalog_table[:130]!r} in the catalogue"))
            return None
        known = {column.name for column in partner.columns}
        missing = [name for name in request.columns if name.upper() not in known]
        faults += [Fault(field="columns", message=f"{partner.name} has no column {name[:130]!r}") for name in missing]
        if len(set(map(str.upper, request.columns))) < len(request.columns):
            faults.append(Fault(field="columns", message="names a column twice; name each once"))
        return partner

    def _open(
        self, user: User, source: Source, corrections: Sequence[Correction] | None, table: OwnTable | None, faults: list[Fault]
    ) -> Rows:
        if isinstance(source, QuerySource):
            given = self._queries.check(user, source.sql)
            return rows_of_query(given, lambda: self._queries.stream(user, source.sql), table, faults)
        found = self._files.get(user.name, source.inspection_id)
        return rows_of_file(found, self._files.batches(user.name, found.id), corrections, table, faults)
