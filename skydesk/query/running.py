"""Which interactive queries run now, how many may, and how to stop one."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from ..errors import Conflict, InvalidRequest, LimitExceeded, NotFound
from .model import Cancellation

__all__ = ["RunningQueries", "require_uuid"]

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RunningQueries:
    """Lets in so many queries of one user, and so many of all, and has the rest wait a moment.

    Parameters
    ----------
    per_user, total
        Queries that may run at the same time.
    wait_seconds
        How long a further one waits before it is refused.
    what
        What they are called where one is refused.
    """

    def __init__(self, *, per_user: int, total: int, wait_seconds: float, what: str = "queries") -> None:
        self._what = what
        self._per_user = per_user
        self._total = total
        self._wait_seconds = wait_seconds
        self._changed = Condition()
        self._known: dict[tuple[str, str], Cancellation] = {}
        self._running: Counter[str] = Counter()

    @contextmanager
    def admit(self, owner: str, query_id: str | None = None) -> Iterator[Cancellation]:
        """Run the body when it is this query's turn; what is given hears of `cancel`, also during the wait.

        Raises
        ------
        InvalidRequest
            The id is not a UUID.
        Conflict
            A query of this id runs already.
        LimitExceeded
            Too many run, and none ended in time.
        Cancelled
            It was cancelled while it waited.
        """
        key = (owner, str(uuid.uuid4()) if query_id is None else require_uuid(query_id))
        cancellation = Cancellation()
        self._register(key, cancellation)
        try:
            self._wait_for_turn(owner, cancellation)
            try:
                yield cancellation
            finally:
                with self._changed:
                    self._running[owner] -= 1
        finally:
            with self._changed:
                del self._known[key]
                self._running = +self._running
                self._changed.notify_all()

    def cancel(self, owner: str, query_id: str) -> None:
        """Stop a query of this owner.

        Raises
        ------
        InvalidRequest
            The id is not a UUID.
        NotFound
            The owner has none of this id that runs.
        """
        with self._changed:
            cancellation = self._known.get((owner, require_uuid(query_id)))
        if cancellation is None:
            raise NotFound(f"no query {query_id} of yours is running")
        cancellation.cancel()
        with self._changed:
            self._changed.notify_all()

    def _register(self, key: tuple[str, str], cancellation: Cancellation) -> None:
        with self._changed:
            if key in self._known:
                raise Conflict(f"a query {key[1]} runs already; give each its own id")
            self._known[key] = cancellation

    def _wait_for_turn(self, owner: str, cancellation: Cancellation) -> None:
        ends_at = time.monotonic() + self._wait_seconds
        with self._changed:
            while not self._has_room(owner):
                cancellation.check()
                if not self._changed.wait(max(0.0, ends_at - time.monotonic())) and not self._has_room(owner):
                    raise LimitExceeded(self._full(owner))
            cancellation.check()
            self._running[owner] += 1

    def _has_room(self, owner: str) -> bool:
        return self._running[owner] < self._per_user and self._running.total() < self._total

    def _full(self, owner: str) -> str:
        if self._running[owner] >= self._per_user:
            return f"{self._per_user} of your {self._what} are running; wait for one to end, cancel one, or submit a job"
        return f"{self._total} {self._what} are running; try again in a moment, or submit a job"


def require_uuid(text: str) -> str:
    """Give a UUID in its usual form: 36 characters, lower case.

    Raises
    ------
    InvalidRequest
        It is none.
    """
    value = text.lower()
    if not _UUID.fullmatch(value):
        raise InvalidRequest(f"query_id must be a UUID such as {uuid.UUID(int=0)}, got {text!r:.80}")
    return value
