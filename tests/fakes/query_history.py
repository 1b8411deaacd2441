"""A query history in memory."""

from datetime import UTC, datetime
from itertools import count
from threading import Lock

from skydesk.query.model import HistoryEntry


class FakeQueryHistory:
    """Keeps every run in a list; ``failure`` is raised instead where it is set."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._entries: list[tuple[str, HistoryEntry]] = []
        self.failure: Exception | None = None

    def add(self, owner: str, sql: str, kind: str, outcome: str, elapsed_seconds: float, rows: int | None) -> None:
        if self.failure is not None:
            raise self.failure
        with self._lock:
            self._entries = [(who, entry) for who, entry in self._entries if (who, entry.sql) != (owner, sql)]
            entry = HistoryEntry(
                id=next(self._numbers),
                sql=sql,
                kind=kind,
                outcome=outcome,
                ran_at=datetime.now(UTC),
                elapsed_seconds=elapsed_seconds,
                rows=rows,
            )
            self._entries = [*self._entries, (owner, entry)][-500:]

    def entries(self, owner: str, limit: int = 100) -> tuple[HistoryEntry, ...]:
        with self._lock:
            return tuple(entry for who, entry in reversed(self._entries) if who == owner)[:limit]

    def clear(self, owner: str) -> None:
        with self._lock:
            self._entries = [(who, entry) for who, entry in self._entries if who != owner]
