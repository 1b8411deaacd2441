"""Sessions in the database: pools by identity, tagged so that a DBA sees who does what, and given back clean or not at all."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import oracledb

from ...errors import ServiceUnavailable, SkydeskError
from .account import Account, Identity
from .calls import Caller, Deadline
from .codes import Kind
from .failures import as_own_account_error, as_skydesk_error, kind_of

__all__ = ["Session", "Sessions"]

_log = logging.getLogger("skydesk.oracle")
_T = TypeVar("_T")
_LOGIN_SECONDS = 20.0
_RELEASE_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_WAIT_MILLISECONDS = 10_000
_REST_SECONDS = 60.0
"""How long a login that was refused is not tried again."""

_IDLE_SECONDS = 300
_PROBE_MINUTES = 1
_BACKSTOP_SECONDS = 10
"""How much later than our deadline the driver's own time limit of a round trip ends."""

_SETTINGS = "ALTER SESSION SET TIME_ZONE = '+00:00' NLS_NUMERIC_CHARACTERS = '.,' NLS_LANGUAGE = 'AMERICAN'"


class Session:
    """One session of the database, lent to one statement."""

    def __init__(self, connection: oracledb.Connection, caller: Caller, deadline: Deadline) -> None:
        self._connection, self._caller, self.deadline = connection, caller, deadline
        self.broken = False

    def call(self, work: Callable[[oracledb.Connection], _T], sql: str = "") -> _T:
        """Do something with the connection, until the deadline at most; the driver's errors come as ours.

        Parameters
        ----------
        sql
            The user's statement that the work is about.
        """
        try:
            return self._caller.call(lambda: work(self._connection), self.deadline, self._connection.cancel)
        except oracledb.Error as error:
            self.broken = kind_of(error) not in {Kind.STATEMENT, Kind.REFUSED, Kind.RIGHTS}
            raise self.deadline.reason() or as_skydesk_error(error, sql) from error
        except SkydeskError:
            self.broken = True
            raise


class Sessions:
    """Pools of sessions, one for each name that is logged on with.

    Parameters
    ----------
    count
        Most sessions of one pool; who finds all of them busy waits for ten seconds.
    pools
        Most pools: with proxy authentication, people who work at the same time. The one unused for longest goes first.
    """

    def __init__(self, account: Account, *, count: int, pools: int = 64) -> None:
        self._account, self._count, self._most_pools = account, count, pools
        self._pools: dict[str, oracledb.ConnectionPool] = {}
        self._refused: dict[str, tuple[float, SkydeskError]] = {}
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def borrow(self, *, person: str, action: str, deadline: Deadline) -> Iterator[Session]:
        """Lend a session.

        Parameters
        ----------
        person
            Who asks, for the database's own lists of sessions; empty for the service itself.
        action
            What for: ``query``, ``check``, ``explain``, ``dictionary``.

        Raises
        ------
        ServiceUnavailable
            The database cannot be reached, does not let us in, or all sessions are busy.
        """
        caller = Caller()
        try:
            pool, connection = self._connect(caller, deadline, person, action)
        except BaseException:
            caller.leave()
            raise
        session = Session(connection, caller, deadline)
        try:
            yield session
        except BaseException:
            session.broken = session.broken or deadline.reason() is not None
            raise
        finally:
            _give_back(pool, connection, caller, broken=session.broken or caller.lost)

    def try_to_log_on(self, identity: Identity) -> str:
        """Log on and off again, as is done before there is a pool: that would do so again and again where it is refused.

        Returns
        -------
        str
            Code of the warning that the database gave, such as ``ORA-28002``; empty for none.
        """
        limit = _LOGIN_SECONDS / 2
        with oracledb.connect(
            user=identity.login, password=identity.password(), dsn=self._account.dsn, tcp_connect_timeout=limit
        ) as connection:
            return getattr(connection.warning, "full_code", "")

    def forget(self, person: str) -> None:
        """Close the sessions of a person's own account."""
        with self._lock:
            keys = [key for key in self._pools if key.startswith(f"{person}/")]
        for key in keys:
            self._forget(key)

    def close(self) -> None:
        """Close every session; statements that still run are cut off."""
        with self._lock:
            pools, self._pools, self._closed = list(self._pools.values()), {}, True
        closing = Caller()
        for pool in pools:
            _within(closing, partial(pool.close, force=True), _CLOSE_SECONDS)
        closing.leave()

    def _connect(self, caller: Caller, deadline: Deadline, person: str, action: str) -> tuple[oracledb.ConnectionPool, oracledb.Connection]:
        identity = self._account.identity(person)
        self._require_rested(identity)
        abandoned = threading.Event()

        def acquire() -> tuple[oracledb.ConnectionPool, oracledb.Connection]:
            pool = self._pool(identity)
            connection = pool.acquire()
            if abandoned.is_set():
                pool.drop(connection)
            else:
                self._tag(connection, person, action, deadline)
            return pool, connection

        try:
            return caller.call(acquire, Deadline(deadline.remaining_seconds(_LOGIN_SECONDS), deadline.cancellation))
        except oracledb.Error as error:
            raise self._refusal(identity, error) from error
        except SkydeskError as error:
            abandoned.set()
            if not caller.lost:
                raise
            self._retire(identity.key)
            raise deadline.reason() or ServiceUnavailable(
                f"the database did not let us in within {_LOGIN_SECONDS:g} s; try again in a few minutes"
            ) from error

    def _tag(self, connection: oracledb.Connection, person: str, action: str, deadline: Deadline) -> None:
        connection.module, connection.action, connection.dbop = "skydesk", action, f"skydesk.{action}"
        connection.client_identifier = person or None  # type: ignore[assignment]  # None clears it
        if self._account.schema:
            connection.current_schema = self._account.owner
        limit = deadline.remaining_seconds()
        connection.call_timeout = 0 if limit is None else int((limit + _BACKSTOP_SECONDS) * 1000)

    def _pool(self, identity: Identity) -> oracledb.ConnectionPool:
        key = identity.key
        with self._lock:
            found = self._pools.get(key)
        if found is None:
            self.try_to_log_on(identity)
        with self._lock:
            if self._closed:
                raise ServiceUnavailable("the catalogue is closed; try again in a moment")
            pool = self._pools.pop(key, None) or self._open(identity)
            self._pools[key] = pool
            spare = next((name for name, other in self._pools.items() if len(self._pools) > self._most_pools and not other.busy), None)
        if spare is not None:
            self._forget(spare)
        return pool

    def _retire(self, key: str) -> None:
        """Open another pool next time, since this one may wait for a login that never comes back; unless it is just full."""
        with self._lock:
            pool = self._pools.get(key)
            if pool is None or pool.busy >= self._count:
                return
            del self._pools[key]
        if not pool.busy:
            Caller().leave(partial(pool.close, force=True))

    def _forget(self, key: str) -> None:
        """Close a pool; the next who asks opens another, with the password as it is then."""
        with self._lock:
            pool = self._pools.pop(key, None)
        if pool is not None:
            Caller().leave(partial(pool.close, force=True))

    def _open(self, identity: Identity) -> oracledb.ConnectionPool:
        return oracledb.create_pool(
            user=identity.login,
            password=identity.password(),
            dsn=self._account.dsn,
            min=0,
            max=self._count,
            increment=1,
            getmode=oracledb.POOL_GETMODE_TIMEDWAIT,
            wait_timeout=_WAIT_MILLISECONDS,
            timeout=_IDLE_SECONDS,
            expire_time=_PROBE_MINUTES,
            tcp_connect_timeout=_LOGIN_SECONDS / 2,
            session_callback=_settle,
        )

    def _require_rested(self, identity: Identity) -> None:
        until, refusal = self._refused.get(identity.key, (0.0, None))
        if refusal is not None and time.monotonic() < until:
            raise type(refusal)(str(refusal))

    def _refusal(self, identity: Identity, error: oracledb.Error) -> SkydeskError:
        """Our error for a login that failed. The next one reads the password anew; a refused one has to wait a while."""
        ours = as_own_account_error(error) if identity.person else as_skydesk_error(error)
        if kind_of(error) is Kind.LOGIN:
            self._refused[identity.key] = (time.monotonic() + _REST_SECONDS, ours)
        if kind_of(error) in {Kind.LOGIN, Kind.LOST}:
            self._forget(identity.key)
        return ours


def _settle(connection: oracledb.Connection, _tag: Any) -> None:
    """Give a new session the settings that its values depend on."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)


def _give_back(pool: oracledb.ConnectionPool, connection: oracledb.Connection, caller: Caller, *, broken: bool) -> None:
    if broken:
        caller.leave(lambda: pool.drop(connection))
        return

    def release() -> None:
        try:
            connection.call_timeout = int(_RELEASE_SECONDS * 1000)
            connection.rollback()
        except oracledb.Error:
            pool.drop(connection)
            raise
        pool.release(connection)

    _within(caller, release, _RELEASE_SECONDS)
    caller.leave()


def _within(caller: Caller, work: Callable[[], object], seconds: float) -> None:
    try:
        caller.call(work, Deadline(seconds))
    except (oracledb.Error, SkydeskError) as error:
        _log.warning("a session did not end as it should: %s", type(error).__name__)
