"""Connections to one catalogue file that can do nothing but read it."""

import atexit
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock

import duckdb

from ...errors import ServiceUnavailable
from .attachments import Attachments
from .failures import translated

__all__ = ["Connections"]

_log = logging.getLogger("skydesk.duckdb")

_Settings = dict[str, str | bool | int | float | list[str]]

_FIXED: _Settings = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
}
"""Settings that no statement may lift: no extension from anywhere, and no Python variable read as a table."""

_OF_EACH = (
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
    "SET dynamic_or_filter_threshold = 2048",
)
"""What DuckDB has per connection: it only knows how far a statement is where the progress bar is on, and a join finds
partners through the index of a table up to so many rows; 2048 are also the most that it looks up in an index."""


class Connections:
    """A fixed number of connections to one file: read-only, without access to anything else, configuration locked.

    DuckDB keeps one database instance for a file in a process, and its configuration is locked here for good, so whoever
    opens the same file again shares these connections, with the settings of the first.

    Parameters
    ----------
    path
        The DuckDB file.
    setup
        Statements that each connection runs once before its first use; ``SET`` statements run before the lock.
    memory_bytes
        Memory of all statements together, bytes; what needs more spills to disk.
    threads
        Threads of all statements together.
    temp_folder
        Where statements spill; None for a folder that is removed when the process ends. DuckDB itself may always read and
        write here, so nothing else belongs in it.
    temp_bytes
        Most that they may spill, bytes.
    count
        Statements that may run at the same time; further ones wait.
    tables_folder
        Folder below which files of users' own tables may be attached; None for none. No statement of a user's names a file.

    Raises
    ------
    ServiceUnavailable
        The file is not there, or is not a catalogue, or is open elsewhere for writing.
    """

    def __init__(
        self,
        path: Path,
        *,
        setup: Sequence[str],
        memory_bytes: int,
        threads: int,
        temp_folder: Path | None,
        temp_bytes: int,
        count: int,
        tables_folder: Path | None = None,
    ) -> None:
        self._key = path.resolve()
        self._macros = [statement for statement in setup if not _is_setting(statement)]
        every = (*filter(_is_setting, setup), *_OF_EACH)
        settings: _Settings = {"memory_limit": f"{memory_bytes}B", "threads": threads, **_FIXED}
        spill: tuple[str, ...] = (
            f"SET temp_directory = {_quoted(temp_folder or _temporary_folder())}",
            f"SET max_temp_directory_size = '{temp_bytes}B'",
        )
        if tables_folder is not None:
            spill = (*spill, f"SET allowed_directories = [{_quoted(tables_folder)}]")
        with _opening:
            found = _opened.get(self._key)
            self._pool = found or _Pool(path, settings, spill, every, count)
            self._pool.users += 1
            _opened[self._key] = self._pool
        self._closed = False

    @property
    def attachments(self) -> Attachments:
        """Files of own tables that are attached to the catalogue's database."""
        return self._pool.attachments

    @contextmanager
    def borrow(self, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a connection that nobody else uses meanwhile.

        Raises
        ------
        ServiceUnavailable
            None came free in time.
        """
        pool = self._pool
        try:
            connection = pool.idle.get(timeout=wait_seconds)
        except Empty:
            raise ServiceUnavailable(f"all {len(pool.all)} connections to the catalogue are busy; try again in a moment") from None
        try:
            self._prepare(connection)
            yield connection
        finally:
            pool.idle.put(connection)

    def close(self) -> None:
        """Let go of the file; statements that still run are stopped unless somebody else has it open too."""
        with _opening:
            if self._closed:
                return
            self._closed = True
            self._pool.users -= 1
            if not self._pool.users:
                del _opened[self._key]
                self._pool.close()

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        if id(connection) in self._pool.fresh:
            with translated():
                for statement in self._macros:
                    connection.execute(statement)
            self._pool.fresh.discard(id(connection))


class _Pool:
    """The connections themselves, and who uses the file."""

    def __init__(self, path: Path, settings: "_Settings", spill: Sequence[str], every: Sequence[str], count: int) -> None:
        self.users = 0
        self.attachments = Attachments()
        self.root = _open(path, settings)
        with translated():
            _with_settings(self.root, spill)
            self.root.execute("SET enable_external_access = false")
            self.all = [_with_settings(self.root.cursor(), every) for _ in range(count)]
            self.root.execute("SET lock_configuration = true")
        self.fresh = set(map(id, self.all))
        self.idle: LifoQueue[duckdb.DuckDBPyConnection] = LifoQueue()
        for connection in self.all:
            self.idle.put(connection)

    def close(self) -> None:
        for connection in (*self.all, self.root):
            connection.interrupt()
            connection.close()


_opening = Lock()
_opened: dict[Path, _Pool] = {}


def _open(path: Path, settings: _Settings) -> duckdb.DuckDBPyConnection:
    if not path.is_file():
        raise ServiceUnavailable(f"there is no catalogue at {path}; make one with: skydesk survey make")
    try:
        return duckdb.connect(str(path), read_only=True, config=settings)
    except duckdb.Error as error:
        raise ServiceUnavailable(f"{path} cannot be opened as a catalogue: {str(error).partition(chr(10))[0]}") from error


def _quoted(path: Path) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"


def _is_setting(statement: str) -> bool:
    return statement.lstrip().upper().startswith("SET ")


def _with_settings(connection: duckdb.DuckDBPyConnection, settings: Sequence[str]) -> duckdb.DuckDBPyConnection:
    for statement in settings:
        connection.execute(statement)
    return connection


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="skydesk-duckdb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
