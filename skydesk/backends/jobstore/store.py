"""The job store in SQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from ...errors import Conflict, InternalError, LimitExceeded, NotFound
from ...jobs.model import ACTIVE, Job, JobEvent, Phase
from ...jobs.rules import changed, require
from .database import Database
from .rows import JOB_COLUMNS, job_from_row, row_values
from .schema import counter, deleted_jobs, jobs

__all__ = ["SqlJobStore"]

_DELETIONS_KEPT = 10_000


class SqlJobStore:
    """Jobs in SQLite or PostgreSQL; safe from several threads, and for several processes on one database.

    Parameters
    ----------
    database
        An open database, or the URL of one.
    clock
        Gives the time now, aware.
    """

    def __init__(self, database: Database | str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.database = Database(database) if isinstance(database, str) else database
        self._clock = clock

    def close(self) -> None:
        """Close the database's connections."""
        self.database.close()

    def add(self, job: Job, *, max_active: int) -> Job:
        """Keep a new job; see `skydesk.jobs.ports.JobStore`."""

        def work(connection: sa.Connection) -> Job:
            revision = _next_revision(connection)
            if _get(connection, job.id) is not None:
                raise Conflict(f"there is a job {job.id} already")
            active = sa.select(sa.func.count()).where(jobs.c.owner == job.owner, jobs.c.phase.in_(ACTIVE))
            count = connection.scalar(active) or 0
            if count >= max_active:
                raise LimitExceeded(
                    f"{job.owner} has {count} jobs waiting or running and may have {max_active}; wait until one has ended, or cancel one"
                )
            new = replace(job, revision=revision)
            connection.execute(jobs.insert().values(number=revision, **row_values(new)))
            return new

        try:
            return self.database.write(work)
        except exc.IntegrityError as error:
            raise InternalError(f"job {job.id} lacks something that every job has: {error.orig}") from error

    def get(self, job_id: str) -> Job | None:
        """Give one job; see `skydesk.jobs.ports.JobStore`."""
        return self.database.read(lambda connection: _get(connection, job_id))

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
        if not _is_storable(text or "") or not _is_storable(before_id or ""):
            return ()
        wanted = sa.select(*JOB_COLUMNS).order_by(jobs.c.number.desc())
        if owner is not None:
            wanted = wanted.where(jobs.c.owner == owner)
        if phases is not None:
            wanted = wanted.where(jobs.c.phase.in_(phases))
        if text:
            wanted = wanted.where(jobs.c.search.contains(text.casefold(), autoescape=True))
        if before_id is not None:
            wanted = wanted.where(jobs.c.number < _number_of(before_id))
        if limit is not None:
            wanted = wanted.limit(max(0, limit))
        return self.database.read(lambda connection: tuple(map(job_from_row, connection.execute(wanted))))

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

        def work(connection: sa.Connection) -> Job:
            _lock(connection)
            job = _existing(connection, job_id)
            require(job, expect=expect, expect_runner=expect_runner, expect_revision=expect_revision)
            return _update(connection, job, changed(job, fields))

        return self.database.write(work)

    def claim(self, runner: str) -> Job | None:
        """Take the next job; see `skydesk.jobs.ports.JobStore`."""
        if self.database.read(lambda connection: connection.scalar(_claimable().order_by(None).limit(1))) is None:
            return None

        def work(connection: sa.Connection) -> Job | None:
            _lock(connection)
            while row := connection.execute(_claimable(*JOB_COLUMNS).limit(1)).first():
                job = job_from_row(row)
                if not job.cancel_requested:
                    values: dict[str, Any] = {
                        "phase": Phase.EXECUTING,
                        "runner": runner,
                        "attempt": job.attempt + 1,
                        "started_at": self._clock(),
                    }
                    return _update(connection, job, replace(job, **values))
                _update(connection, job, replace(job, phase=Phase.ABORTED, ended_at=self._clock()))
            return None

        return self.database.write(work)

    def remove(self, job_id: str, *, expect: frozenset[Phase]) -> None:
        """Forget a job; see `skydesk.jobs.ports.JobStore`."""

        def work(connection: sa.Connection) -> None:
            revision = _next_revision(connection)
            job = _existing(connection, job_id)
            require(job, expect=expect)
            number = connection.scalar(sa.select(_number_of(job_id)))
            connection.execute(jobs.delete().where(jobs.c.id == job_id))
            connection.execute(deleted_jobs.insert().values(revision=revision, job_id=job_id, number=number, owner=job.owner))
            forget = sa.select(deleted_jobs.c.revision).order_by(deleted_jobs.c.revision.desc()).offset(_DELETIONS_KEPT).limit(1)
            if (last := connection.scalar(forget)) is not None:
                connection.execute(deleted_jobs.delete().where(deleted_jobs.c.revision <= last))

        self.database.write(work)

    def events_since(self, revision: int, owner: str | None = None) -> tuple[int, tuple[JobEvent, ...]]:
        """Tell what has changed; see `skydesk.jobs.ports.JobStore`."""

        def work(connection: sa.Connection) -> tuple[int, tuple[JobEvent, ...]]:
            newest = connection.scalar(sa.select(counter.c.revision)) or 0
            if newest <= revision:
                return newest, ()
            # Up to what was newest at the beginning: what is committed meanwhile comes with the next call, nothing in between is missed.
            alive = sa.select(*JOB_COLUMNS).where(jobs.c.revision > revision, jobs.c.revision <= newest)
            gone = sa.select(deleted_jobs).where(deleted_jobs.c.revision > revision, deleted_jobs.c.revision <= newest)
            if owner is not None:
                alive = alive.where(jobs.c.owner == owner)
                gone = gone.where(deleted_jobs.c.owner == owner)
            events = [_changed_event(job_from_row(row)) for row in connection.execute(alive)]
            events += [
                JobEvent(kind="deleted", job_id=row.job_id, owner=row.owner, revision=row.revision) for row in connection.execute(gone)
            ]
            return newest, tuple(sorted(events, key=lambda event: event.revision))

        return self.database.read(work)


def _lock(connection: sa.Connection) -> None:
    connection.execute(sa.select(counter.c.revision).with_for_update())


def _next_revision(connection: sa.Connection) -> int:
    return int(connection.execute(counter.update().values(revision=counter.c.revision + 1).returning(counter.c.revision)).scalar_one())


def _get(connection: sa.Connection, job_id: str) -> Job | None:
    if not _is_storable(job_id):
        return None
    row = connection.execute(sa.select(*JOB_COLUMNS).where(jobs.c.id == job_id)).first()
    return None if row is None else job_from_row(row)


def _existing(connection: sa.Connection, job_id: str) -> Job:
    job = _get(connection, job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id!r}")
    return job


def _update(connection: sa.Connection, old: Job, new: Job) -> Job:
    if new == old:
        return old
    new = replace(new, revision=_next_revision(connection))
    before = row_values(old)
    values = {name: value for name, value in row_values(new).items() if value != before[name]}
    connection.execute(jobs.update().where(jobs.c.id == old.id).values(values))
    return new


def _claimable(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Queued jobs whose owner may have one more executing, the owner with fewest first, then the oldest."""
    busy = (
        sa.select(jobs.c.owner, sa.func.count().label("executing"))
        .where(jobs.c.phase == Phase.EXECUTING)
        .group_by(jobs.c.owner)
        .subquery("busy")
    )
    executing = sa.func.coalesce(busy.c.executing, 0)
    return (
        sa.select(*(columns or (jobs.c.id,)))
        .outerjoin_from(jobs, busy, busy.c.owner == jobs.c.owner)
        .where(jobs.c.phase == Phase.QUEUED, sa.or_(executing < jobs.c.concurrent, jobs.c.cancel_requested))
        .order_by(executing, jobs.c.number)
    )


def _number_of(job_id: str) -> sa.ScalarSelect[Any]:
    """Place of a job in the order of all, also of one that was deleted lately."""
    alive = sa.select(jobs.c.number).where(jobs.c.id == job_id)
    gone = sa.select(deleted_jobs.c.number).where(deleted_jobs.c.job_id == job_id)
    both = sa.union_all(alive, gone).subquery()
    return sa.select(sa.func.max(both.c.number)).scalar_subquery()


def _changed_event(job: Job) -> JobEvent:
    return JobEvent(kind="changed", job_id=job.id, owner=job.owner, job=job, revision=job.revision)


def _is_storable(text: str) -> bool:
    """Tell whether a text could be in a database at all: no lone surrogates, no NUL."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
