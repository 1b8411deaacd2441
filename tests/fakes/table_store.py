"""Own tables in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa

from skydesk.access import TableLimits
from skydesk.errors import Conflict, LimitExceeded, NotFound
from skydesk.query.model import Column
from skydesk.tables.model import ColumnWords, Grant, OwnTable


class FakeTableStore:
    """Keeps rows as Arrow; their size in memory is what counts."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], OwnTable] = {}
        self._rows: dict[str, list[pa.RecordBatch]] = {}
        self._versions = 0

    def visible(self, person: str, groups: Collection[str] = ()) -> tuple[OwnTable, ...]:
        grantees = {Grant(kind="user", name=person)} | {Grant(kind="group", name=group.casefold()) for group in groups}
        every = [self._tables[key] for key in sorted(self._tables)]
        granted = [replace(t, grants=()) for t in every if t.owner != person and grantees & set(t.grants)]
        return (*(table for table in every if table.owner == person), *granted)

    def get(self, owner: str, name: str) -> OwnTable:
        if (owner, name) not in self._tables:
            raise NotFound(f"you have no table {name}")
        return self._tables[owner, name]

    def usage(self, owner: str) -> tuple[int, int]:
        mine = [table for table in self._tables.values() if table.owner == owner]
        return sum(table.size_bytes for table in mine), len(mine)

    @contextmanager
    def create(
        self, owner: str, name: str, columns: Sequence[Column], *, description: str, limits: TableLimits
    ) -> Iterator["_FakeLoading"]:
        if (owner, name) in self._tables:
            raise Conflict(f"you have a table {name} already")
        if self.usage(owner)[1] >= limits.max_tables:
            raise LimitExceeded("too many tables")
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
        yield _FakeLoading(self, table, None, limits)

    @contextmanager
    def append(self, owner: str, name: str, *, limits: TableLimits) -> Iterator["_FakeLoading"]:
        table = self.get(owner, name)
        yield _FakeLoading(self, table, table, limits)

    def describe(self, owner: str, name: str, *, new_name: str, description: str, columns: Mapping[str, ColumnWords]) -> OwnTable:
        table = self.get(owner, name)
        if new_name != name and (owner, new_name) in self._tables:
            raise Conflict(f"you have a table {new_name} already")
        described = []
        for column in table.columns:
            words = columns.get(column.name, ColumnWords())
            unit = column.unit if words.unit is None else words.unit or None
            ucd = column.ucd if words.ucd is None else words.ucd or None
            text = column.description if words.description is None else words.description
            described.append(replace(column, unit=unit, ucd=ucd, description=text))
        del self._tables[owner, name]
        return self._kept(replace(table, name=new_name, description=description, columns=tuple(described)))

    def index(self, owner: str, name: str, columns: Sequence[str], *, limits: TableLimits) -> OwnTable:
        return self._kept(replace(self.get(owner, name), indexes=tuple(columns)))

    def grant(self, owner: str, name: str, grants: Collection[Grant]) -> OwnTable:
        return self._kept(replace(self.get(owner, name), grants=tuple(sorted(set(grants)))))

    def drop(self, owner: str, name: str) -> None:
        del self._rows[self.get(owner, name).version]
        del self._tables[owner, name]

    def read(self, table: OwnTable, columns: Sequence[str], batch_rows: int = 100_000) -> Iterator[pa.RecordBatch]:
        if table.version not in self._rows:
            raise NotFound("the table is gone")
        yield from (batch.select(list(columns)) for batch in self._rows[table.version])

    def publish(self, table: OwnTable, before: OwnTable | None, batches: list[pa.RecordBatch], limits: TableLimits) -> OwnTable:
        self._versions += 1
        if before is not None and self.get(table.owner, table.name).version != before.version:
            raise Conflict("somebody else has changed it meanwhile")
        if before is None and (table.owner, table.name) in self._tables:
            raise Conflict("there is one already")
        earlier = [] if before is None else self._rows[before.version]
        every = [*earlier, *batches]
        size = sum(batch.nbytes for batch in [*earlier, *batches])
        used = self.usage(table.owner)[0] - (0 if before is None else before.size_bytes)
        if used + size > limits.max_bytes:
            raise LimitExceeded("too large")
        made = replace(table, version=f"f{self._versions}", size_bytes=size)
        self._rows[made.version] = every
        return self._kept(made)

    def _kept(self, table: OwnTable) -> OwnTable:
        self._tables[table.owner, table.name] = table
        return table


class _FakeLoading:
    def __init__(self, store: FakeTableStore, table: OwnTable, before: OwnTable | None, limits: TableLimits) -> None:
        self._store, self._table, self._before, self._limits = store, table, before, limits
        self._batches: list[pa.RecordBatch] = []
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self.rows += batch.num_rows
        if self._store.usage(self._table.owner)[0] + sum(each.nbytes for each in self._batches) > self._limits.max_bytes:
            raise LimitExceeded("too large")

    def commit(self) -> OwnTable:
        return self._store.publish(replace(self._table, rows=self._table.rows + self.rows), self._before, self._batches, self._limits)
