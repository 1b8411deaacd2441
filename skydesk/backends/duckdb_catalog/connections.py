"""Connections to one catalogue file that can do nothing but read it."""

import atexit
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue

import duckdb

from ...errors import ServiceUnavailable
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

_OF_EACH = ("SET enable_progress_bar = true", "SET enable_progress_bar_print = false", "SET progress_bar_time = 0")
"""DuckDB only knows how far a statement is where the progress bar is on, and has these per connection."""


class Connections:
    """A fixed number of connections to one file: read-only, without access to anything else, configuration locked.

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
        Where statements spill; None for a folder that is removed when the process ends.
    temp_bytes
        Most that they may spill, bytes.
    count
        Statements that may run at the same time; further ones wait.

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
    ) -> None:
        self._macros = [statement for statement in setup if not _is_setting(statement)]
        settings: _Settings = {
            "memory_limit": f"{memory_bytes}B",
            "max_temp_directory_size": f"{temp_bytes}B",
            "threads": threads,
            **_FIXED,
        }
        self._root = _open(path, settings)
        folder = temp_folder or _temporary_folder()
        every = (*filter(_is_setting, setup), *_OF_EACH)
        with translated():
            self._root.execute(f"SET temp_directory = '{str(folder).replace(chr(39), chr(39) * 2)}'")
            self._root.execute("SET enable_external_access = false")
            self._all = [_with_settings(self._root.cursor(), every) for _ in range(count)]
            self._root.execute("SET lock_configuration = true")
        self._fresh = set(map(id, self._all))
        self._idle: LifoQueue[duckdb.DuckDBPyConnection] = LifoQueue()
        for connection in self._all:
            self._idle.put(connection)

    @contextmanager
    def borrow(self, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a connection that nobody else uses meanwhile.

        Raises
        ------
        ServiceUnavailable
            None came free in time.
        """
        try:
            connection = self._idle.get(timeout=wait_seconds)
        except Empty:
            raise ServiceUnavailable(f"all {len(self._all)} connections to the catalogue are busy; try again in a moment") from None
        try:
            self._prepare(connection)
            yield connection
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Close every connection; statements that still run are stopped."""
        for connection in (*self._all, self._root):
            connection.interrupt()
            connection.close()

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        if id(connection) in self._fresh:
            with translated():
                for statement in self._macros:
                    connection.execute(statement)
            self._fresh.discard(id(connection))


def _open(path: Path, settings: _Settings) -> duckdb.DuckDBPyConnection:
    if not path.is_file():
        raise ServiceUnavailable(f"there is no catalogue at {path}; make one with: skydesk survey make")
    try:
        return duckdb.connect(str(path), read_only=True, config=settings)
    except duckdb.Error as error:
        raise ServiceUnavailable(f"{path} cannot be opened as a catalogue: {str(error).partition(chr(10))[0]}") from error


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
