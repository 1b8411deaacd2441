"""A job store in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock
from typing import Any

from skydesk.errors import Conflict, LimitExceeded, NotFound
from skydesk.jobs.model import ACTIVE, Job, JobEvent, Phase
from skydesk.jobs.rules import changed, require


class FakeJobStore:
    """Keeps jobs in a dictionary, in the order in which they were added; safe from several threads."""

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = RLock()
        self._jobs: dict[str, Job] = {}
        self._numbers: dict[str, int] = {}
        self._deleted: list[JobEvent] = []
        self._revision = 0

    def add(self, job: Job, *, max_active: int) -> Job:
        with self._lock:
            _require_aware(job)
            if job.id in self._jobs:
                raise Conflict(f"there is a job {job.id} already")
            count = sum(other.owner == job.owner and other.phase in ACTIVE for other in self._jobs.values())
            if count >= max_active:
                raise LimitExceeded(f"{job.owner} has {count} jobs waiting or running and may have {max_active}")
            self._numbers[job.id] = self._revision + 1
            return self._keep(job)

    def get(self, job_id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(job_id)

    def jobs(
        self,
        owner: str | None = None,
        *,
        phases: frozenset[Phase] | None = None,
        text: str | None = None,
        limit: int | None = None,
        before_id: str | None = None,
    ) -> tuple[Job, ...]:
        with self._lock:
            before = float("inf") if before_id is None else self._numbers.get(before_id, 0)
            needle = (text or "").casefold()
            found = [
                job
                for job in self._jobs.values()
                if owner in (None, job.owner)
                and (phases is None or job.phase in phases)
                and needle in f"{job.name}\n{job.id}".casefold()
                and self._numbers[job.id] < before
            ]
            found.sort(key=lambda job: -self._numbers[job.id])
            return tuple(found if limit is None else found[: max(0, limit)])

    def change(
        self,
        job_id: str,
        *,
        expect: frozenset[Phase] | None = None,
        expect_runner: str | None = None,
        expect_revision: int | None = None,
        **fields: Any,
    ) -> Job:
        with self._lock:
            job = self._existing(job_id)
            require(job, expect=expect, expect_runner=expect_runner, expect_revision=expect_revision)
            new = changed(job, fields)
            _require_aware(new)
            return job if new == job else self._keep(new)

    def claim(self, runner: str) -> Job | None:
        with self._lock:
            while queued := [job for job in self._jobs.values() if self._is_claimable(job)]:
                job = min(queued, key=lambda job: (self._executing(job.owner), self._numbers[job.id]))
                if not job.cancel_requested:
                    return self._keep(replace(job, phase=Phase.EXECUTING, runner=runner, attempt=job.attempt + 1, started_at=self._clock()))
                self._keep(replace(job, phase=Phase.ABORTED, ended_at=self._clock()))
            return None

    def remove(self, job_id: str, *, expect: frozenset[Phase]) -> None:
        with self._lock:
            job = self._existing(job_id)
            require(job, expect=expect)
            del self._jobs[job_id]
            self._revision += 1
            self._deleted.append(JobEvent(kind="deleted", job_id=job_id, owner=job.owner, revision=self._revision))

    def events_since(self, revision: int, owner: str | None = None) -> tuple[int, tuple[JobEvent, ...]]:
        with self._lock:
            events = [
                JobEvent(kind="changed", job_id=job.id, owner=job.owner, job=job, revision=job.revision) for job in self._jobs.values()
            ]
            events = [event for event in events + self._deleted if event.revision > revision and owner in (None, event.owner)]
            return self._revision, tuple(sorted(events, key=lambda event: event.revision))

    def _keep(self, job: Job) -> Job:
        self._revision += 1
        self._jobs[job.id] = replace(job, revision=self._revision)
        return self._jobs[job.id]

    def _existing(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise NotFound(f"there is no job {job_id!r}")
        return self._jobs[job_id]

    def _executing(self, owner: str) -> int:
        return sum(job.owner == owner and job.phase is Phase.EXECUTING for job in self._jobs.values())

    def _is_claimable(self, job: Job) -> bool:
        return job.phase is Phase.QUEUED and (job.cancel_requested or self._executing(job.owner) < job.concurrent)


def _require_aware(job: Job) -> None:
    times = (job.created_at, job.destruction_at, job.warning_at, job.started_at, job.ended_at, job.warned_at, job.mailed_at)
    if any(time is not None and time.tzinfo is None for time in times):
        raise ValueError("times of jobs are aware")
