"""Tells listeners when something that concerns them changes among the leases."""

import time
from collections.abc import Iterator
from threading import Condition

from .ports import LeaseStore

__all__ = ["LeaseFeed"]

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 1.0
_END_OF_TIME = 2**62
_CHANGES_KEPT = 1000


class LeaseFeed:
    """Follows a lease store for any number of listeners, who together look at most twice a second.

    Parameters
    ----------
    store
        What is followed, whichever process changes it.
    """

    def __init__(self, store: LeaseStore) -> None:
        self._store = store
        self._condition = Condition()
        self._changes: list[tuple[int, frozenset[str]]] = []
        self._known_from: int | None = None
        """Revision after which ``_changes`` has everything; None before the first look."""

        self._revision = 0
        self._looked_at = 0.0
        self._is_looking = False

    def revision(self) -> int:
        """The newest revision, to be read before what is to be followed."""
        return self._store.news_since(_END_OF_TIME)[0]

    def follow(self, since: int) -> Iterator[frozenset[str]]:
        """Tell which topics change after a revision.

        Yields
        ------
        frozenset of str
            Empty when nothing has changed for a second.
        """
        seen = since
        while True:
            seen, topics = self._after(seen)
            yield topics

    def _after(self, seen: int) -> tuple[int, frozenset[str]]:
        deadline = time.monotonic() + _WAIT_SECONDS
        while (now := time.monotonic()) < deadline:
            with self._condition:
                if self._known_from is not None and self._revision > seen:
                    break
                next_look_at = deadline if self._is_looking else self._looked_at + _LOOK_SECONDS
                if self._is_looking or now < next_look_at:
                    self._condition.wait(max(0.0, min(deadline, next_look_at) - now))
                    continue
                self._is_looking = True
            self._look()
        with self._condition:
            if self._known_from is not None and seen >= self._known_from:
                topics = [topics for revision, topics in self._changes if revision > seen]
                return max(seen, self._revision), frozenset().union(*topics)
        return self._store.news_since(seen)

    def _look(self) -> None:
        found: tuple[int, frozenset[str]] | None = None
        try:
            found = self._store.news_since(_END_OF_TIME if self._known_from is None else self._revision)
        finally:
            with self._condition:
                self._is_looking, self._looked_at = False, time.monotonic()
                if found is not None:
                    self._remember(*found)
                self._condition.notify_all()

    def _remember(self, newest: int, topics: frozenset[str]) -> None:
        if self._known_from is None:
            self._known_from = newest
        self._revision = newest
        if topics:
            self._changes.append((newest, topics))
        while len(self._changes) > _CHANGES_KEPT:
            self._known_from = self._changes.pop(0)[0]
