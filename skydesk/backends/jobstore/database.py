"""One database: its connections, its transactions and the patience with which they are tried again."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc

from ...errors import InvalidRequest, ServiceUnavailable
from .migrate import upgrade

__all__ = ["Database"]

T = TypeVar("T")

_UNREACHABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_POSTGRESQL_DISK_FULL, _POSTGRESQL_LOCKED = "53100", "55P03"


class Database:
    """A database of this project's tables, brought up to date when it is opened.

    Parameters
    ----------
    url
        SQLAlchemy URL: ``sqlite:////path/to/file`` or ``postgresql://user:password@host/name``.
    patience_seconds
        How long a locked or unreachable database is tried, seconds.

    Raises
    ------
    InvalidRequest
        The URL names no database that can be used here.
    Conflict
        A newer version of this program has changed the tables.
    ServiceUnavailable
        The database does not answer.
    """

    def __init__(self, url: str, *, patience_seconds: float = 5) -> None:
        self._patience_seconds = patience_seconds
        self._turn = threading.Lock()
        self._engine = _engine(url, patience_seconds)
        try:
            self.write(upgrade)
        except BaseException:
            self.close()
            raise

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some reading; ``work`` may be called again if the database did not answer."""
        return self._patiently(lambda: self._transact(work, write=False))

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do some work as one transaction; ``work`` may be called again if the database did not answer before the commit.

        Raises
        ------
        ServiceUnavailable
            The database is locked, full or does not answer. Nothing was written, unless the connection broke during
            the commit itself.
        """
        if not self._turn.acquire(timeout=self._patience_seconds):
            raise ServiceUnavailable("the job store is busy; try again in a moment")
        try:
            return self._patiently(lambda: self._transact(work, write=True))
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close all connections; they are opened again when they are needed."""
        self._engine.dispose()

    def _transact(self, work: Callable[[sa.Connection], T], *, write: bool) -> T:
        with self._engine.connect().execution_options(skydesk_write=write) as connection:
            with _rolled_back_on_error(connection.begin()) as transaction:
                result = work(connection)
            try:
                transaction.commit()
            except _UNREACHABLE as error:
                raise _unavailable(error) from error
            return result

    def _patiently(self, attempt: Callable[[], T]) -> T:
        deadline = time.monotonic() + self._patience_seconds
        pause_seconds = 0.02
        while True:
            try:
                return attempt()
            except _UNREACHABLE as error:
                if _is_disk_full(error) or time.monotonic() + pause_seconds > deadline:
                    raise _unavailable(error) from error
            except exc.DatabaseError as error:
                if _sqlite_code(error) in _DAMAGED:
                    raise ServiceUnavailable("the job store's file is damaged, or is no database; tell the operator") from error
                raise
            time.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, 0.5)


@contextmanager
def _rolled_back_on_error(transaction: sa.RootTransaction) -> Iterator[sa.RootTransaction]:
    try:
        yield transaction
    except BaseException:
        transaction.rollback()
        raise


def _engine(url: str, patience_seconds: float) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise InvalidRequest("the job store's URL cannot be read; give one like sqlite:////var/lib/skydesk/jobs.sqlite") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(parsed, patience_seconds)
    if backend == "postgresql":
        seconds = max(2, round(patience_seconds))
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_timeout=patience_seconds,
            max_overflow=20,
            connect_args={"connect_timeout": seconds, "options": f"-c lock_timeout={round(patience_seconds * 1000)}"},
        )
    raise InvalidRequest(f"the job store cannot be kept in {backend}; give a sqlite or a postgresql URL")


def _sqlite_engine(url: sa.URL, patience_seconds: float) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidRequest(
            "the job store needs a file, since several processes use it; give one like sqlite:////var/lib/skydesk/jobs.sqlite"
        )
    _make_folder(Path(url.database).parent)
    engine = sa.create_engine(url, pool_timeout=patience_seconds, max_overflow=20, connect_args={"timeout": patience_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceUnavailable(f"the job store's folder {folder} cannot be made: {error.strerror}") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html: the driver would begin transactions by itself, too late.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("skydesk_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _sqlite_code(error: exc.SQLAlchemyError) -> int | None:
    return getattr(getattr(error, "orig", None), "sqlite_errorcode", None)


def _is_disk_full(error: exc.SQLAlchemyError) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return _sqlite_code(error) == sqlite3.SQLITE_FULL or state == _POSTGRESQL_DISK_FULL


def _unavailable(error: exc.SQLAlchemyError) -> ServiceUnavailable:
    if _is_disk_full(error):
        return ServiceUnavailable("the disk of the job store is full; nothing was changed; tell the operator")
    if _sqlite_code(error) in _LOCKED or getattr(getattr(error, "orig", None), "sqlstate", None) == _POSTGRESQL_LOCKED:
        return ServiceUnavailable("the job store is locked by another program; try again in a moment")
    return ServiceUnavailable("the job store does not answer; try again in a moment")
