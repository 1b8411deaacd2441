"""Files of users' own tables, attached to the catalogue's database while statements read them."""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import duckdb

from ...errors import ServiceUnavailable

__all__ = ["Attachments"]

_IDLE = 32
"""Files that stay attached though no statement reads them."""


class Attachments:
    """What is attached to one database, by whom. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._attached: OrderedDict[str, None] = OrderedDict()
        self._users: Counter[str] = Counter()

    @contextmanager
    def pinned(self, connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> Iterator[None]:
        """Have files attached, each by its name here, while the context is open.

        Raises
        ------
        ServiceUnavailable
            One of them is gone.
        """
        pinned: list[str] = []
        try:
            for name, path in files.items():
                self._pin(connection, name, path)
                pinned.append(name)
            yield
        finally:
            if pinned:
                self._unpin(connection, pinned)

    def _pin(self, connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
        with self._lock:
            if name not in self._attached:
                quoted = str(path).replace("'", "''")
                try:
                    connection.execute(f"ATTACH '{quoted}' AS \"{name}\" (READ_ONLY)")
                except duckdb.IOException as error:
                    raise ServiceUnavailable("a table of this statement was changed in this moment; run it again") from error
            self._attached[name] = None
            self._attached.move_to_end(name)
            self._users[name] += 1

    def _unpin(self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        with self._lock:
            self._users.subtract(names)
            self._users = +self._users
            idle = [name for name in self._attached if not self._users[name]]
            for name in idle[: max(0, len(idle) - _IDLE)]:
                del self._attached[name]
                connection.execute(f'DETACH "{name}"')
