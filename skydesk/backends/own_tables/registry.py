"""Which tables there are, whose they are, who may read them: a small SQLite database beside the tables' files.

Every change is one transaction, so that a table is there with all its rows or not at all. The journal is SQLite's plain one and not a
write-ahead log: readers may be on other machines, to which a log's shared memory does not reach.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...access import TableLimits
from ...errors import Conflict, LimitExceeded, NotFound, ServiceUnavailable
from ...query.limits import bytes_in_words
from ...query.model import Column, ColumnType
from ...tables.model import ColumnWords, Grant, OwnTable

__all__ = ["Registry", "RegistryBook"]

_BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS own_table (
    owner TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL UNIQUE, description TEXT NOT NULL, row_count INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL, columns TEXT NOT NULL, indexes TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS table_grant (
    owner TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, grantee TEXT NOT NULL,
    PRIMARY KEY (kind, grantee, owner, name),
    FOREIGN KEY (owner, name) REFERENCES own_table (owner, name) ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grant_of_table ON table_grant (owner, name);
"""
_COLUMNS = "owner, name, version, description, row_count, size_bytes, columns, indexes, created_at, changed_at"


class Registry:
    """The registry of one folder of tables; made when something is first written.

    Parameters
    ----------
    path
        The SQLite file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def reading(self) -> Iterator["RegistryBook | None"]:
        """See all of it as it is at one moment; None where nobody has ever had a table."""
        if not self._path.is_file():
            yield None
            return
        with self._opened(f"{self._path.as_uri()}?mode=ro") as connection:
            connection.execute("BEGIN")
            yield RegistryBook(connection)

    @contextmanager
    def writing(self) -> Iterator["RegistryBook"]:
        """Change it in one transaction, alone; an error changes nothing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(f"{self._path.as_uri()}?mode=rwc") as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'grant_of_table'").fetchall():
                connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
            connection.execute("BEGIN IMMEDIATE")
            yield RegistryBook(connection)
            connection.execute("COMMIT")

    @contextmanager
    def _opened(self, uri: str) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
            finally:
                connection.close()
        except sqlite3.IntegrityError as error:
            raise Conflict("there is a table of this name already; choose another, or drop it first") from error
        except sqlite3.Error as error:
            raise ServiceUnavailable(f"the list of own tables cannot be read or written: {error}; try again") from error


class RegistryBook:
    """What the registry says, within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def visible(self, person: str, groups: Collection[str]) -> tuple[OwnTable, ...]:
        """See `TableStore.visible`."""
        own = self._rows(f"SELECT {_COLUMNS} FROM own_table WHERE owner = ? ORDER BY name", person)
        grantees = [("user", person), *(("group", group.casefold()) for group in sorted(groups))]
        found: dict[tuple[str, str], tuple[Any, ...]] = {}
        for grantee in grantees:
            sql = f"SELECT {_COLUMNS} FROM table_grant JOIN own_table USING (owner, name) WHERE kind = ? AND grantee = ?"
            found |= {(row[0], row[1]): row for row in self._rows(sql, *grantee) if row[0] != person}
        return (*(_table(row, self.grants(row[0], row[1])) for row in own), *(_table(found[key], ()) for key in sorted(found)))

    def get(self, owner: str, name: str) -> OwnTable:
        """See `TableStore.get`."""
        found = self._rows(f"SELECT {_COLUMNS} FROM own_table WHERE owner = ? AND name = ?", owner, name)
        if not found:
            raise NotFound(f"you have no table {name[:130]}")
        return _table(found[0], self.grants(owner, name))

    def usage(self, owner: str) -> tuple[int, int]:
        """See `TableStore.usage`."""
        ((used, count),) = self._rows("SELECT coalesce(sum(size_bytes), 0), count(*) FROM own_table WHERE owner = ?", owner)
        return int(used), int(count)

    def require_room(self, owner: str, size_bytes: int, limits: TableLimits, *, instead_of: OwnTable | None = None) -> None:
        """Refuse a table that does not fit beside the owner's others."""
        used, count = self.usage(owner)
        if instead_of is None and count >= limits.max_tables:
            raise LimitExceeded(f"you have {count:,} tables, the most that you may have; drop one first")
        used -= 0 if instead_of is None else instead_of.size_bytes
        if used + size_bytes > limits.max_bytes:
            free = bytes_in_words(max(0, limits.max_bytes - used))
            raise LimitExceeded(
                f"the table takes more than the {free} that are left of your {bytes_in_words(limits.max_bytes)}; "
                "drop a table, or load fewer columns or rows"
            )

    def versions(self, owner: str) -> frozenset[str]:
        """Versions of all tables of an owner."""
        return frozenset(str(row[0]) for row in self._rows("SELECT version FROM own_table WHERE owner = ?", owner))

    def grants(self, owner: str, name: str) -> tuple[Grant, ...]:
        """Who else may read a table, groups and users by name."""
        rows = self._rows("SELECT kind, grantee FROM table_grant WHERE owner = ? AND name = ? ORDER BY kind, grantee", owner, name)
        return tuple(Grant(kind=kind, name=grantee) for kind, grantee in rows)

    def put(self, table: OwnTable, *, instead_of: OwnTable | None) -> OwnTable:
        """Let a table be seen, in place of an earlier version of it, which must still be the one that is seen."""
        if instead_of is None:
            marks = ", ".join("?" * 10)
            self._connection.execute(f"INSERT INTO own_table ({_COLUMNS}) VALUES ({marks})", _values(table))
            return table
        if self.get(table.owner, table.name).version != instead_of.version:
            raise Conflict(f"somebody else has changed {table.name} meanwhile; look at it and try again")
        self._update(table, table.name)
        return self.get(table.owner, table.name)

    def describe(self, table: OwnTable, name: str, description: str, words: Mapping[str, ColumnWords]) -> OwnTable:
        """Change names and words."""
        columns = tuple(_described(column, words.get(column.name, ColumnWords())) for column in table.columns)
        changed = asdict(table) | {
            "name": name,
            "description": description,
            "columns": columns,
            "changed_at": datetime.now(UTC),
            "grants": table.grants,
        }
        self._update(OwnTable(**changed), table.name)
        return self.get(table.owner, name)

    def grant(self, table: OwnTable, grants: Collection[Grant]) -> OwnTable:
        """Let exactly these read a table."""
        self._connection.execute("DELETE FROM table_grant WHERE owner = ? AND name = ?", (table.owner, table.name))
        rows = [(table.owner, table.name, grant.kind, grant.name) for grant in sorted(set(grants))]
        self._connection.executemany("INSERT INTO table_grant (owner, name, kind, grantee) VALUES (?, ?, ?, ?)", rows)
        return self.get(table.owner, table.name)

    def drop(self, table: OwnTable) -> None:
        """Forget a table."""
        self._connection.execute("DELETE FROM own_table WHERE owner = ? AND name = ?", (table.owner, table.name))

    def _update(self, table: OwnTable, name: str) -> None:
        names = ", ".join(f"{column.strip()} = ?" for column in _COLUMNS.split(","))
        self._connection.execute(f"UPDATE own_table SET {names} WHERE owner = ? AND name = ?", (*_values(table), table.owner, name))

    def _rows(self, sql: str, *values: str) -> Sequence[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()


def _described(column: Column, words: ColumnWords) -> Column:
    return Column(
        name=column.name,
        type=column.type,
        unit=column.unit if words.unit is None else words.unit or None,
        ucd=column.ucd if words.ucd is None else words.ucd or None,
        description=column.description if words.description is None else words.description,
    )


def _values(table: OwnTable) -> tuple[Any, ...]:
    columns = [[c.name, c.type.value, c.unit, c.ucd, c.description] for c in table.columns]
    times = (table.created_at.isoformat(), table.changed_at.isoformat())
    words = (table.owner, table.name, table.version, table.description)
    return (*words, table.rows, table.size_bytes, json.dumps(columns), json.dumps(table.indexes), *times)


def _table(row: Sequence[Any], grants: tuple[Grant, ...]) -> OwnTable:
    owner, name, version, description, rows, size_bytes, columns, indexes, created_at, changed_at = row
    return OwnTable(
        owner=owner,
        name=name,
        description=description,
        rows=rows,
        size_bytes=size_bytes,
        columns=tuple(Column(name=n, type=ColumnType(t), unit=u, ucd=c, description=d) for n, t, u, c, d in json.loads(columns)),
        indexes=tuple(json.loads(indexes)),
        created_at=datetime.fromisoformat(created_at),
        changed_at=datetime.fromisoformat(changed_at),
        grants=grants,
        version=version,
    )
