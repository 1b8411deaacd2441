"""Own tables by the rules: names, types, quotas, grants."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ..access import User
from ..errors import Fault, InvalidRequest, NotFound, QueryRefused
from ..query.limits import LimitedRows
from ..query.model import Cancellation, Column
from .casting import Caster
from .model import MAX_COLUMNS, SERVICE, Correction, Grant, Inspection, OwnTable, Quota, TablePatch
from .names import name_fault, table_name_fault
from .ports import GivenFiles, Loading, TableStore

__all__ = ["GivenSource", "Progress", "QuerySource", "Source", "StatementRunner", "TablesService"]

_MOST_GRANTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSource:
    """Rows of a file that was inspected."""

    inspection_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySource:
    """Rows of a statement."""

    sql: str


Source = GivenSource | QuerySource
Progress = Generator[int | OwnTable, None, None]
"""Rows done so far, again and again, and at last the table. Closing it before leaves nothing."""


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
    taken
        Names of the catalogue's tables.
    """

    def __init__(
        self, store: TableStore | None, files: GivenFiles, *, queries: StatementRunner, taken: Callable[[], Collection[str]]
    ) -> None:
        self._store = store
        self._files = files
        self._queries = queries
        self._taken = taken

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
        return _carried_out(loading, rows, cancellation)

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
        return _carried_out(self.store.append(user.name, table.name, limits=user.entitlements.tables), rows, cancellation)

    def make(
        self, user: User, name: str, columns: Sequence[Column], batches: Iterator[pa.RecordBatch], *, description: str = ""
    ) -> Progress:
        """Make a new table of rows that have the right types already; errors as in `load`."""
        user.require_service(SERVICE)
        faults = self._name_faults(name)
        if faults:
            raise InvalidRequest(faults)
        loading = self.store.create(user.name, name.upper(), columns, description=description, limits=user.entitlements.tables)
        return _carried_out(loading, _Rows(columns, batches, None), None)

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

    def _name_faults(self, name: str) -> list[Fault]:
        message = table_name_fault(name, {each.upper() for each in self._taken()})
        return [] if message is None else [Fault(field="name", message=message)]

    def _open(
        self, user: User, source: Source, corrections: Sequence[Correction] | None, table: OwnTable | None, faults: list[Fault]
    ) -> "_Rows":
        if isinstance(source, QuerySource):
            return self._of_query(user, source, table, faults)
        return self._of_file(user, self._files.get(user.name, source.inspection_id), corrections, table, faults)

    def _of_query(self, user: User, source: QuerySource, table: OwnTable | None, faults: list[Fault]) -> "_Rows":
        given = tuple(replace(column, name=column.name.upper()) for column in self._queries.check(user, source.sql))
        columns: Sequence[Column] = given if table is None else table.columns
        faults += _column_faults(columns) if table is None else []
        places = _places([column.name for column in given], columns, faults)

        def batches() -> Iterator[pa.RecordBatch]:
            with self._queries.stream(user, source.sql) as stream:
                yield from stream

        return _Rows(columns, batches(), Caster(places, [column.name for column in columns], columns) if not faults else None)

    def _of_file(
        self, user: User, found: Inspection, corrections: Sequence[Correction] | None, table: OwnTable | None, faults: list[Fault]
    ) -> "_Rows":
        wanted = _wanted(found, corrections, faults)
        changed = {place for place, column in wanted if column.type is not found.columns[place].type}
        named = {found.columns[place].given_name for place in changed} | (
            {column.given_name for column in found.columns} if table else set()
        )
        named |= {column.given_name for column in found.columns} - {found.columns[place].given_name for place, _ in wanted}
        faults += [fault for fault in found.faults if fault.field not in named]
        if table is None:
            faults += _column_faults([column for _, column in wanted])
            columns: Sequence[Column] = [column for _, column in wanted]
            places = [place for place, _ in wanted]
        else:
            columns = table.columns
            at = _places([column.name for _, column in wanted], columns, faults)
            places = [wanted[place][0] for place in at]
        names = [found.columns[place].given_name for place in places]
        caster = Caster(places, names, columns) if not faults else None
        return _Rows(columns, self._files.batches(user.name, found.id), caster)


@dataclass(frozen=True, slots=True)
class _Rows:
    columns: Sequence[Column]
    batches: Iterator[pa.RecordBatch]
    caster: Caster | None


def _carried_out(begun: AbstractContextManager[Loading], rows: _Rows, cancellation: Cancellation | None) -> Progress:
    with begun as loading:
        yield loading.rows
        for batch in rows.batches:
            if cancellation is not None:
                cancellation.check()
            made = batch if rows.caster is None else rows.caster.cast(batch)
            if rows.caster is None or not rows.caster.faults:
                loading.add(made)
            yield loading.rows
        if rows.caster is not None and rows.caster.faults:
            raise InvalidRequest(_named(rows.caster))
        yield loading.commit()


def _named(caster: Caster) -> list[Fault]:
    more = caster.fault_count - len(caster.faults)
    return [*caster.faults, *([Fault(message=f"and {more:,} more cells that do not fit")] if more > 0 else [])]


def _wanted(found: Inspection, corrections: Sequence[Correction] | None, faults: list[Fault]) -> list[tuple[int, Column]]:
    """Place and column of what is wanted of a file; all of it where nothing is corrected."""
    if corrections is None:
        return [(place, given.column) for place, given in enumerate(found.columns)]
    places: dict[str, list[int]] = {}
    for place, given in enumerate(found.columns):
        places.setdefault(given.given_name, []).append(place)
    wanted = []
    for correction in corrections:
        left = places.get(correction.given_name)
        if not left:
            faults.append(Fault(field="columns", message=f"the file has no column {correction.given_name[:130]!r}"))
            continue
        place = left.pop(0)
        given = found.columns[place]
        column = Column(name=correction.name.upper(), type=correction.type, unit=given.unit, ucd=given.ucd, description=given.description)
        wanted.append((place, column))
    return wanted


def _column_faults(columns: Sequence[Column]) -> list[Fault]:
    faults = [Fault(field=column.name[:130], message=fault) for column in columns if (fault := name_fault(column.name)) is not None]
    names = [column.name.upper() for column in columns]
    faults += [
        Fault(field=name, message="is the name of two columns; rename one") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not 1 <= len(columns) <= MAX_COLUMNS:
        faults.append(Fault(field="columns", message=f"there are {len(columns):,}; a table has 1 to {MAX_COLUMNS:,}"))
    return faults


def _places(given: Sequence[str], columns: Sequence[Column], faults: list[Fault]) -> list[int]:
    """Where among the given names each column is."""
    at = {name.upper(): place for place, name in enumerate(given)}
    missing = [column.name for column in columns if column.name.upper() not in at]
    unknown = sorted(at.keys() - {column.name.upper() for column in columns})
    faults += [Fault(field=name, message="is a column of the table, but not of what is to be added") for name in missing]
    faults += [Fault(field=name, message="is no column of the table; leave it out") for name in unknown]
    return [] if missing else [at[column.name.upper()] for column in columns]
