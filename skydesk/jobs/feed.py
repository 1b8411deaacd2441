"""A job store that tells, without being asked again and again, what changes in it."""

import time
from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import Any

from .model import Job, JobEvent, Phase
from .ports import JobStore

__all__ = ["WatchedJobStore"]

_LOOK_SECONDS = 0.5
_WAIT_SECONDS = 1.0
_EVENTS_KEPT = 10_000
_END_OF_TIME = 2**62


class WatchedJobStore:
    """Passes everything on to a store, and lets any number of listeners follow it.

    What is changed through this object is told at once; what other processes change, at the next look. All listeners
    together look at most twice a second, and nobody looks where nobody listens.

    Parameters
    ----------
    store
        The store itself.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._condition = Condition()
        self._recent: deque[JobEvent] = deque()
        self._known_from: int | None = None
        """Revision after which ``_recent`` has every event; None before the first look."""
        self._revision = 0
        self._is_stale = True
        self._is_looking = False
        self._looked_at = 0.0

    def revision(self) -> int:
        """The newest revision of the store."""
        return self._store.events_since(_END_OF_TIME)[0]

    def follow(self, owner: str | None = None, since: int | None = None) -> Iterator[JobEvent | None]:
        """Tell what happens, as it happens.

        Parameters
        ----------
        owner
            Whose jobs; None for all.
        since
            Revision after which to begin; None for now, as is one that the store has not reached.

        Yields
        ------
        JobEvent or None
            None when nothing has happened for a second.
        """
        newest = self.revision()
        seen = newest if since is None else min(since, newest)
        while True:
            seen, events = self._after(seen, owner)
            yield from events or (None,)

    def add(self, job: Job, *, max_active: int) -> Job:
        """Keep a new job; see `skydesk.jobs.ports.JobStore`."""
        return self._told(self._store.add(job, max_active=max_active))

    def get(self, job_id: str) -> Job | None:
        """Give one job; see `skydesk.jobs.ports.JobStore`."""
        return self._store.get(job_id)

    def jobs(
        self,
        owner: str | None = None,
        *,
        phases: frozenset[Phase] | None = None,
        text: str | None = None,
        limit: int | None = None,
        before_id: str | None = None,
    ) -> tuple[Job, ...]:
        """List jobs; see `skydesk.jobs.ports.JobStore`."""
        return self._store.jobs(owner, phases=phases, text=text, limit=limit, before_id=before_id)

    def change(
        self,
        job_id: str,
        *,
        expect: frozenset[Phase] | None = None,
        expect_runner: str | None = None,
        expect_revision: int | None = None,
        **fields: Any,
    ) -> Job:
        """Change a job; see `skydesk.jobs.ports.JobStore`."""
        return self._told(self._store.change(job_id, expect=expect, expect_runner=expect_runner, expect_revision=expect_revision, **fields))

    def claim(self, runner: str) -> Job | None:
        """Take the next job; see `skydesk.jobs.ports.JobStore`."""
        job = self._store.claim(runner)
        return None if job is None else self._told(job)

    def remove(self, job_id: str, *, expect: frozenset[Phase]) -> None:
        """Forget a job; see `skydesk.jobs.ports.JobStore`."""
        self._store.remove(job_id, expect=expect)
        self._tell()

    def events_since(self, revision: int, owner: str | None = None) -> tuple[int, tuple[JobEvent, ...]]:
        """Tell what has changed; see `skydesk.jobs.ports.JobStore`."""
        return self._store.events_since(revision, owner)

    def _told(self, job: Job) -> Job:
        self._tell()
        return job

    def _tell(self) -> None:
        with self._condition:
            self._is_stale = True
            self._condition.notify_all()

    def _after(self, seen: int, owner: str | None) -> tuple[int, tuple[JobEvent, ...]]:
        """Wait for what is newer than a revision, at most a second."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while (now := time.monotonic()) < deadline:
            with self._condition:
                if self._known_from is not None and self._revision > seen:
                    break
                may_look = not self._is_looking and (self._is_stale or now - self._looked_at >= _LOOK_SECONDS)
                if not may_look:
                    next_look_at = deadline if self._is_looking else self._looked_at + _LOOK_SECONDS
                    self._condition.wait(max(0.0, min(deadline, next_look_at) - now))
                    continue
                self._is_looking, self._is_stale = True, False
            self._look()
        return self._known_after(seen, owner)

    def _known_after(self, seen: int, owner: str | None) -> tuple[int, tuple[JobEvent, ...]]:
        with self._condition:
            if self._known_from is not None and seen >= self._known_from:
                found = tuple(event for event in self._recent if event.revision > seen and owner in (None, event.owner))
                return max(seen, self._revision), found
        return self._store.events_since(seen, owner)

    def _look(self) -> None:
        """Ask the store what is new; one thread at a time."""
        newest: int | None = None
        events: tuple[JobEvent, ...] = ()
        try:
            if self._known_from is None:
                newest = self.revision()
            else:
                newest, events = self._store.events_since(self._revision)
        finally:
            with self._condition:
                self._is_looking, self._looked_at = False, time.monotonic()
                if newest is not None:
                    self._remember(newest, events)
                self._condition.notify_all()

    def _remember(self, newest: int, events: tuple[JobEvent, ...]) -> None:
        if self._known_from is None:
            self._known_from = newest
        self._revision = newest
        self._recent.extend(events)
        while len(self._recent) > _EVENTS_KEPT:
            self._known_from = self._recent.popleft().revision
