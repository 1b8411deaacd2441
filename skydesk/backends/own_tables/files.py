"""The files that hold tables' rows: one immutable DuckDB file a version."""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from ...errors import InternalError, LimitExceeded, NotFound, ServiceUnavailable
from ...query.arrow import schema_of
from ...query.model import Column
from ..owner_folders import owner_folder

__all__ = ["DATA", "TableFile", "TableFiles", "new_version", "quoted"]

DATA = "data"
"""Name of the one table in a file."""

_VERSION = re.compile(r"v[0-9a-f]{24}")
_MEMORY = "512MB"


def new_version() -> str:
    """A name that no other version of any table has."""
    return f"v{secrets.token_hex(12)}"


def quoted(name: str) -> str:
    """An identifier in DuckDB's words."""
    return '"' + name.replace('"', '""') + '"'


class TableFiles:
    """Makes, finds and removes the files of tables.

    Parameters
    ----------
    root
        Folder with a folder for each owner.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, owner: str, version: str) -> Path:
        """Where a version's rows are."""
        if not _VERSION.fullmatch(version):
            raise InternalError(f"{version!r} is no version of a table")
        return self._root / owner_folder(owner) / f"{version}.duckdb"

    @contextmanager
    def make(self, owner: str, columns: Sequence[Column], copied_from: str | None = None) -> Iterator["TableFile"]:
        """Make a file for a new version, empty or with all rows of an earlier one; removed unless it is kept.

        While this is open, and only then, the file's lock is held, by which `sweep` knows what a process that died has left.
        """
        version = new_version()
        path = self.path(owner, version)
        lock = path.with_suffix(".lock")
        with _disk_errors():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        file = None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if copied_from is not None:
                self._copy(self.path(owner, copied_from), path)
            file = TableFile(path, version, columns, exists=copied_from is not None)
            yield file
        finally:
            if file is not None:
                file.close()
            if file is None or not file.kept:
                _remove(path)
            os.close(descriptor)
            lock.unlink(missing_ok=True)

    def remove(self, owner: str, version: str) -> None:
        """Remove a version; statements that read it go on, for the system keeps what is open."""
        _remove(self.path(owner, version))

    def sweep(self, owner: str, known: Collection[str]) -> None:
        """Remove files that no table has and nobody is making; called while the registry is held for writing."""
        folder = self._root / owner_folder(owner)
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            version = path.name.partition(".")[0]
            if version not in known and not _is_held(folder / f"{version}.lock"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()

    def read(self, owner: str, version: str, columns: Sequence[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Read columns of a version, in the order of its rows."""
        path = self.path(owner, version)
        if not path.is_file():
            raise NotFound("the table is gone, or has been changed; look again")
        with _disk_errors(), duckdb.connect(str(path), read_only=True, config={"memory_limit": _MEMORY}) as connection:
            names = ", ".join(map(quoted, columns))
            reader = connection.sql(f"SELECT {names} FROM {DATA}").to_arrow_reader(batch_rows)
            while (batch := next(reader, None)) is not None:
                yield batch

    def _copy(self, source: Path, target: Path) -> None:
        with _disk_errors():
            try:
                shutil.copyfile(source, target)
            except FileNotFoundError as error:
                raise NotFound("the table is gone, or has been changed; look again") from error


class TableFile:
    """A file that is being filled, in one transaction."""

    def __init__(self, path: Path, version: str, columns: Sequence[Column], *, exists: bool) -> None:
        self.path = path
        self.version = version
        self.kept = False
        self._schema = schema_of(columns)
        with _disk_errors():
            self._connection = duckdb.connect(str(path), config={"memory_limit": _MEMORY, "threads": 2})
            self._connection.execute("SET preserve_insertion_order = true")
            self._connection.execute("BEGIN")
            if not exists:
                self._connection.register("rows", self._schema.empty_table())
                self._connection.execute(f"CREATE TABLE {DATA} AS SELECT * FROM rows")
                self._connection.unregister("rows")

    @property
    def size_bytes(self) -> int:
        """What it takes on disk by now."""
        return sum(path.stat().st_size for path in (self.path, _log_of(self.path)) if path.is_file())

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        if not batch.schema.equals(self._schema, check_metadata=False):
            raise InternalError(f"rows of another kind: {batch.schema} instead of {self._schema}")
        with _disk_errors():
            self._connection.register("rows", pa.Table.from_batches([batch]))
            self._connection.execute(f"INSERT INTO {DATA} SELECT * FROM rows")
            self._connection.unregister("rows")

    def index(self, columns: Sequence[str], dropped: Sequence[str] = ()) -> None:
        """Have DuckDB keep an index for each of these columns, and none for those dropped."""
        with _disk_errors():
            for name in dropped:
                self._connection.execute(f"DROP INDEX IF EXISTS {quoted(f'i_{name}')}")
            for name in columns:
                self._connection.execute(f"CREATE INDEX {quoted(f'i_{name}')} ON {DATA} ({quoted(name)})")

    def finish(self) -> int:
        """Write everything to disk; give the size, bytes."""
        with _disk_errors():
            self._connection.execute("COMMIT")
            self._connection.execute("CHECKPOINT")
            self._connection.close()
            return self.path.stat().st_size

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _remove(path: Path) -> None:
    for each in (path, _log_of(path), path.with_name(f"{path.name}.tmp")):
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise LimitExceeded("the table needs more memory than there is to make it; load fewer columns, or in parts with append") from error
    except OSError as error:
        raise ServiceUnavailable(f"own tables cannot be read or written: {error.strerror}; try again, or tell the operator") from error
    except duckdb.IOException as error:
        raise ServiceUnavailable("own tables cannot be read or written; try again, and tell the operator if it stays so") from error
