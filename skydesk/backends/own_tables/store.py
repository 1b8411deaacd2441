"""The `TableStore` port on immutable DuckDB files and a registry."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from ...access import TableLimits
from ...errors import Conflict, NotFound
from ...query.model import Column
from ...tables.model import ColumnWords, Grant, OwnTable
from .files import TableFile, TableFiles
from .registry import Registry

__all__ = ["DuckdbTableStore"]


class DuckdbTableStore:
    """Users' tables below one folder; see `skydesk.tables.ports.TableStore`.

    Parameters
    ----------
    root
        The folder; made when the first table is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._files = TableFiles(self._root)
        self._registry = Registry(self._root / "registry.sqlite")

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    def path(self, owner: str, version: str) -> Path:
        """The DuckDB file with the rows of a version of a table."""
        return self._files.path(owner, version)

    def visible(self, person: str, groups: Collection[str] = ()) -> tuple[OwnTable, ...]:
        """See `TableStore.visible`."""
        with self._registry.reading() as book:
            return () if book is None else book.visible(person, groups)

    def get(self, owner: str, name: str) -> OwnTable:
        """See `TableStore.get`."""
        with self._registry.reading() as book:
            if book is None:
                raise NotFound(f"you have no table {name[:130]}")
            return book.get(owner, name)

    def usage(self, owner: str) -> tuple[int, int]:
        """See `TableStore.usage`."""
        with self._registry.reading() as book:
            return (0, 0) if book is None else book.usage(owner)

    @contextmanager
    def create(self, owner: str, name: str, columns: Sequence[Column], *, description: str, limits: TableLimits) -> Iterator["_Loading"]:
        """See `TableStore.create`."""
        now = datetime.now(UTC)
        table = OwnTable(
            owner=owner,
            name=name,
            description=description,
            rows=0,
            size_bytes=0,
            columns=tuple(columns),
            created_at=now,
            changed_at=now,
            version="",
        )
        with self._registry.writing() as book:
            self._files.sweep(owner, book.versions(owner))
            if any(each.name == name for each in book.visible(owner, ())):
                raise Conflict(f"you have a table {name} already; choose another name, append to it, or drop it first")
            book.require_room(owner, 0, limits)
        with self._files.make(owner, columns) as file:
            yield _Loading(self, file, table, None, limits)

    @contextmanager
    def append(self, owner: str, name: str, *, limits: TableLimits) -> Iterator["_Loading"]:
        """See `TableStore.append`."""
        table = self.get(owner, name)
        with self._files.make(owner, table.columns, table.version) as file:
            yield _Loading(self, file, table, table, limits)

    def describe(self, owner: str, name: str, *, new_name: str, description: str, columns: Mapping[str, ColumnWords]) -> OwnTable:
        """See `TableStore.describe`."""
        with self._registry.writing() as book:
            return book.describe(book.get(owner, name), new_name, description, columns)

    def index(self, owner: str, name: str, columns: Sequence[str], *, limits: TableLimits) -> OwnTable:
        """See `TableStore.index`."""
        table = self.get(owner, name)
        if table.indexes == tuple(columns):
            return table
        with self._files.make(owner, table.columns, table.version) as file:
            file.index([c for c in columns if c not in table.indexes], [c for c in table.indexes if c not in columns])
            return self._publish(file, replace(table, indexes=tuple(columns)), table, limits)

    def grant(self, owner: str, name: str, grants: Collection[Grant]) -> OwnTable:
        """See `TableStore.grant`."""
        with self._registry.writing() as book:
            return book.grant(book.get(owner, name), grants)

    def drop(self, owner: str, name: str) -> None:
        """See `TableStore.drop`."""
        with self._registry.writing() as book:
            table = book.get(owner, name)
            book.drop(table)
        self._files.remove(owner, table.version)

    def read(self, table: OwnTable, columns: Sequence[str], batch_rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        """See `TableStore.read`."""
        return self._files.read(table.owner, table.version, columns, batch_rows)

    def room(self, owner: str, size_bytes: int, limits: TableLimits, instead_of: OwnTable | None) -> None:
        """Refuse what does not fit beside the owner's other tables."""
        with self._registry.reading() as book:
            if book is not None:
                book.require_room(owner, size_bytes, limits, instead_of=instead_of)

    def publish(self, file: TableFile, table: OwnTable, instead_of: OwnTable | None, limits: TableLimits) -> OwnTable:
        """Let a finished file be a table, or the newest version of one."""
        return self._publish(file, table, instead_of, limits)

    def _publish(self, file: TableFile, table: OwnTable, instead_of: OwnTable | None, limits: TableLimits) -> OwnTable:
        made = replace(table, version=file.version, size_bytes=file.finish(), changed_at=datetime.now(UTC))
        with self._registry.writing() as book:
            book.require_room(table.owner, made.size_bytes, limits, instead_of=instead_of)
            made = book.put(made, instead_of=instead_of)
        file.kept = True
        if instead_of is not None:
            self._files.remove(table.owner, instead_of.version)
        return made


class _Loading:
    """Rows on their way; see `skydesk.tables.ports.Loading`."""

    def __init__(self, store: DuckdbTableStore, file: TableFile, table: OwnTable, instead_of: OwnTable | None, limits: TableLimits) -> None:
        self._store, self._file, self._table, self._instead_of, self._limits = store, file, table, instead_of, limits
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """See `Loading.add`."""
        self._file.add(batch)
        self.rows += batch.num_rows
        self._store.room(self._table.owner, self._file.size_bytes, self._limits, self._instead_of)

    def commit(self) -> OwnTable:
        """See `Loading.commit`."""
        table = replace(self._table, rows=self._table.rows + self.rows)
        return self._store.publish(self._file, table, self._instead_of, self._limits)
