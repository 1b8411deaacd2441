"""The query history in SQL."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from ...query.model import HistoryEntry
from .database import Database
from .schema import query_history

__all__ = ["SqlQueryHistory"]

_ENTRIES_KEPT = 500


class SqlQueryHistory:
    """What users ran, in the job store's database.

    Parameters
    ----------
    database
        An open database, or the URL of one.
    clock
        Gives the time now, aware.
    """

    def __init__(self, database: Database | str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = Database(database) if isinstance(database, str) else database
        self._clock = clock

    def add(self, owner: str, sql: str, kind: str, outcome: str, elapsed_seconds: float, rows: int | None) -> None:
        """Remember one run; the oldest beyond 500 of one owner are forgotten."""
        text = _storable(sql)
        entry = {
            "owner": owner,
            "sql_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "sql": text,
            "kind": kind,
            "outcome": outcome,
            "ran_at": self._clock(),
            "elapsed_seconds": elapsed_seconds,
            "rows": rows,
        }
        mine = query_history.c.owner == owner
        oldest = sa.select(query_history.c.id).where(mine).order_by(query_history.c.id.desc()).offset(_ENTRIES_KEPT)

        def work(connection: sa.Connection) -> None:
            connection.execute(query_history.delete().where(mine, query_history.c.sql_sha256 == entry["sql_sha256"]))
            connection.execute(query_history.insert().values(entry))
            connection.execute(query_history.delete().where(query_history.c.id.in_(list(connection.scalars(oldest)))))

        self._database.write(work)

    def entries(self, owner: str, limit: int = 100) -> tuple[HistoryEntry, ...]:
        """Give the latest runs of one owner, latest first, one for each text."""
        columns = [query_history.c[name] for name in ("id", "sql", "kind", "outcome", "ran_at", "elapsed_seconds", "rows")]
        wanted = sa.select(*columns).where(query_history.c.owner == owner).order_by(query_history.c.id.desc()).limit(max(0, limit))
        return self._database.read(lambda connection: tuple(HistoryEntry(**row._mapping) for row in connection.execute(wanted)))

    def clear(self, owner: str) -> None:
        """Forget all runs of one owner."""

        def work(connection: sa.Connection) -> None:
            connection.execute(query_history.delete().where(query_history.c.owner == owner))

        self._database.write(work)


def _storable(sql: str) -> str:
    """Replace what no database keeps as text: NUL and lone surrogates, neither of which a statement that ran can hold."""
    return sql.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
