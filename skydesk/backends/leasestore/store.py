"""The lease store in SQL."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from ...leases.ports import LeaseBook
from ..jobstore import Database
from .book import SqlLeaseBook
from .schema import counter, lease_news

__all__ = ["SqlLeaseStore"]

T = TypeVar("T")


class SqlLeaseStore:
    """Leases in SQLite or PostgreSQL, in the database of the jobs; for several threads and processes.

    Whoever writes locks the counter first (docs/decisions/0004-one-row-orders-all-writes.md): what was counted in a
    transaction still holds when it is committed.

    Parameters
    ----------
    database
        An open database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, work: Callable[[LeaseBook], T]) -> T:
        """Look at things that belong together; see `skydesk.leases.ports.LeaseStore`."""
        return self._database.read(lambda connection: work(SqlLeaseBook(connection)))

    def write(self, work: Callable[[LeaseBook], T]) -> T:
        """Change things, alone; see `skydesk.leases.ports.LeaseStore`."""

        def locked(connection: sa.Connection) -> T:
            connection.execute(sa.select(counter.c.revision).with_for_update())
            book = SqlLeaseBook(connection)
            result = work(book)
            if book.topics:
                _tell(connection, book.topics)
            return result

        return self._database.write(locked)

    def news_since(self, revision: int) -> tuple[int, frozenset[str]]:
        """Tell what has changed; see `skydesk.leases.ports.LeaseStore`."""

        def work(connection: sa.Connection) -> tuple[int, frozenset[str]]:
            newest = connection.scalar(sa.select(counter.c.revision)) or 0
            if newest <= revision:
                return newest, frozenset()
            # Up to what was newest at the beginning: what is committed meanwhile comes with the next call, nothing in between is missed.
            topics = sa.select(lease_news.c.topic).where(lease_news.c.revision > revision, lease_news.c.revision <= newest)
            return newest, frozenset(connection.scalars(topics))

        return self._database.read(work)


def _tell(connection: sa.Connection, topics: set[str]) -> None:
    grown = counter.update().values(revision=counter.c.revision + 1).returning(counter.c.revision)
    revision = int(connection.execute(grown).scalar_one())
    known = set(connection.scalars(sa.select(lease_news.c.topic).where(lease_news.c.topic.in_(topics))))
    connection.execute(lease_news.update().where(lease_news.c.topic.in_(known)).values(revision=revision))
    if new := sorted(topics - known):
        connection.execute(lease_news.insert(), [{"topic": topic, "revision": revision} for topic in new])
