"""The jobs service: what owners may do with their jobs."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from ..access import User
from ..errors import Conflict, InvalidRequest, NotAllowed, NotFound, ServiceUnavailable, SkydeskError
from .feed import WatchedJobStore
from .housekeeping import Housekeeper, SweepReport, stop_work
from .model import FINAL, Job, JobEvent, JobFile, Phase
from .ports import JobFolders, JobRunner, JobStore, Mailer
from .requests import as_json, default_name, text_of, with_inputs
from .rules import email_faults, line_faults, new_id, renewed

__all__ = ["Deletions", "JobService"]

_DUPLICATE_SECONDS = 30
_LATEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletions:
    """What became of a wish to delete several jobs."""

    deleted: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    """Id and reason of each job that is still there."""


class JobService:
    """Jobs of all users; each user sees their own and no other.

    Parameters
    ----------
    store
        Where jobs are kept. Give `store`, not this, to the runner, so that listeners hear at once what it does.
    folders
        Where their files are.
    runner
        What runs them; None where another process does.
    mailer
        None for no mail.
    clock
        Gives the time now, aware.
    link_base
        Address of the lab or hub as people open it, put into mails; None for none.
    """

    def __init__(
        self,
        store: JobStore,
        folders: JobFolders,
        *,
        runner: JobRunner | None = None,
        mailer: Mailer | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        link_base: str | None = None,
    ) -> None:
        self.store = store if isinstance(store, WatchedJobStore) else WatchedJobStore(store)
        self._folders = folders
        self._runner = runner
        self._clock = clock
        self._submitting = tuple(threading.Lock() for _ in range(64))
        self.housekeeper = Housekeeper(self.store, folders, runner=runner, mailer=mailer, clock=clock, link=link_base or None)

    def submit(
        self,
        user: User,
        type: str,  # noqa: A002
        request: Mapping[str, Any],
        *,
        name: str | None = None,
        email: str | None = None,
        run_id: str | None = None,
        allow_duplicate: bool = False,
        inputs: Mapping[str, bytes] | None = None,
        limit_seconds: float | None = None,
    ) -> Job:
        """Accept a job; it waits in the queue and is never lost from here on.

        Parameters
        ----------
        type
            The service whose task is to run.
        request
            What the task is given; JSON values, at most 1 MiB of JSON.
        name
            One line of 1 to 128 characters; None for one made from the output file or the type.
        email
            Where the owner wants to hear of the end.
        run_id
            Whatever the owner wants to find it by (UWS); one line of 1 to 128 characters.
        allow_duplicate
            Accept the same text again within 30 s.
        inputs
            Files that the task is given by name, at most 128 MiB each. Their ``size_bytes`` and ``sha256`` are added to what
            ``request["inputs"]`` says of them, if anything.
        limit_seconds
            Longest run, seconds; None for that of the owner's queries.

        Raises
        ------
        NotAllowed
            The user may not use the service, or not submit jobs.
        InvalidRequest
            Name, address or run id are not acceptable; every fault is named.
        Conflict
            The same text was submitted less than 30 s ago.
        LimitExceeded
            The user has as many jobs as they may have, or the request is too large.
        ServiceUnavailable
            The disk takes no inputs.
        """
        user.require_service(type)
        limit_seconds = user.entitlements.query.max_seconds if limit_seconds is None else limit_seconds
        _require_jobs_allowed(user, limit_seconds)
        faults = [
            *([] if name is None else line_faults("name", name)),
            *([] if email is None else email_faults(email)),
            *([] if run_id is None else line_faults("run_id", run_id)),
        ]
        if faults:
            raise InvalidRequest(faults)
        described = as_json(with_inputs(request, inputs or {}))
        job = self._new_job(user, type, described, name=name, email=email, run_id=run_id, limit_seconds=limit_seconds)
        try:
            for file_name, content in (inputs or {}).items():
                self._folders.keep_input(user.name, job.id, file_name, content)
            with self._submitting[hash(user.name) % len(self._submitting)]:
                if not allow_duplicate:
                    self._refuse_duplicate(job)
                job = self.store.add(job, max_active=user.entitlements.jobs.queued)
        except SkydeskError:
            if inputs:
                with suppress(ServiceUnavailable):  # housekeeping finds them later
                    self._folders.drop_inputs(user.name, job.id)
            raise
        if self._runner is not None:
            self._runner.wake()
        return job

    def get(self, user: User, job_id: str) -> Job:
        """Give one job.

        Raises
        ------
        NotFound
            The user has no such job, whoever else may have it.
        """
        job = self.store.get(job_id)
        if job is None or job.owner != user.name or job.delete_requested:
            raise NotFound(f"there is no job {job_id[:100]!r}; look at the list of your jobs")
        return job

    def list(
        self,
        user: User,
        *,
        phases: frozenset[Phase] | None = None,
        text: str | None = None,
        limit: int | None = None,
        before_id: str | None = None,
    ) -> tuple[Job, ...]:
        """List the user's jobs, newest first; see `skydesk.jobs.ports.JobStore.jobs`."""
        jobs = self.store.jobs(user.name, phases=phases, text=text, limit=limit, before_id=before_id)
        return tuple(job for job in jobs if not job.delete_requested)

    def rename(self, user: User, job_id: str, name: str) -> Job:
        """Give a job another name.

        Raises
        ------
        NotFound
            The user has no such job.
        InvalidRequest
            It is not one line of 1 to 128 characters.
        """
        job = self.get(user, job_id)
        if faults := line_faults("name", name):
            raise InvalidRequest(faults)
        return self.store.change(job.id, name=name)

    def cancel(self, user: User, job_id: str) -> Job:
        """Stop a job: one that waits is ABORTED at once, one that runs as soon as its runner has stopped it.

        Raises
        ------
        NotFound
            The user has no such job.
        Conflict
            It has ended already.
        """
        job = self.get(user, job_id)
        stopped = stop_work(self.store, self._runner, job, self._clock())
        if stopped.phase in FINAL:
            self.housekeeper.ended(stopped)
        return stopped

    def renew(self, user: User, job_id: str) -> Job:
        """Keep a job's files for one lifetime more.

        Raises
        ------
        NotFound
            The user has no such job.
        Conflict
            No renewal is left, or the lifetime has ended.
        """
        while True:
            job = self.get(user, job_id)
            fields = renewed(job, self._clock())
            try:
                return self.store.change(job.id, expect_revision=job.revision, **fields)
            except Conflict:
                # Its progress was reported meanwhile, or it was renewed from elsewhere: look again.
                continue

    def rerun(self, user: User, job_id: str) -> Job:
        """Submit a job's request again as a new job, with its inputs; errors as in `submit` and `input`."""
        job = self.get(user, job_id)
        return self.submit(
            user,
            job.type,
            job.request,
            name=job.name,
            email=job.email,
            run_id=job.run_id,
            allow_duplicate=True,
            inputs={name: self._folders.input(job, name) for name in job.request.get("inputs") or ()},
        )

    def input(self, user: User, job_id: str, name: str) -> bytes:
        """Give a file that a job was submitted with.

        Raises
        ------
        NotFound
            The user has no such job, or the file is gone.
        Conflict
            Somebody has changed it since.
        """
        return self._folders.input(self.get(user, job_id), name)

    def delete(self, user: User, job_id: str) -> None:
        """Erase a job with its files; one that runs is stopped first, and is out of sight from now on.

        Raises
        ------
        NotFound
            The user has no such job.
        ServiceUnavailable
            The files cannot be removed; the job is still there.
        """
        job = self.get(user, job_id)
        if job.phase not in FINAL:
            try:
                job = stop_work(self.store, self._runner, job, self._clock(), delete=True)
            except Conflict:
                job = self.get(user, job_id)
        if job.phase in FINAL:
            self.housekeeper.erase(job)

    def delete_many(self, user: User, job_ids: Iterable[str]) -> Deletions:
        """Erase several jobs; what keeps one from being erased does not keep the others."""
        deleted, failed = [], []
        for job_id in dict.fromkeys(job_ids):
            try:
                self.delete(user, job_id)
            except SkydeskError as error:
                failed.append((job_id, str(error)))
            else:
                deleted.append(job_id)
        return Deletions(deleted=tuple(deleted), failed=tuple(failed))

    def log(self, user: User, job_id: str, max_bytes: int = 1_000_000) -> str:
        """Give the end of a job's log, also while it runs; NotFound as in `get`."""
        return self._folders.log(self.get(user, job_id), max_bytes)

    def files(self, user: User, job_id: str) -> tuple[JobFile, ...]:
        """List a job's finished files; NotFound as in `get`."""
        return self._folders.files(self.get(user, job_id))

    def file(self, user: User, job_id: str, name: str) -> Path:
        """Find one finished file of a job; NotFound where the user has no such job or it has no such file."""
        return self._folders.file(self.get(user, job_id), name)

    def opened(self, user: User, job_id: str, name: str) -> BinaryIO:
        """Open a file of a job's folder, also while it runs; see `skydesk.jobs.ports.JobFolders.opened`."""
        return self._folders.opened(self.get(user, job_id), name)

    def archive(self, user: User, job_id: str) -> Iterator[bytes]:
        """Stream all files of a job as one tar; NotFound where there is no such job or it has no files."""
        return self._folders.archive(self.get(user, job_id))

    def revision(self) -> int:
        """The newest revision of the store, to be read before a list that is to be followed."""
        return self.store.revision()

    def events(self, user: User, since: int | None = None) -> Iterator[JobEvent | None]:
        """Tell what happens to the user's jobs, as it happens.

        Parameters
        ----------
        since
            Revision after which to begin; None for now.

        Yields
        ------
        JobEvent or None
            None when nothing has happened for a second; `JobEvent.revision` is where to go on after a break.
        """
        for event in self.store.follow(user.name, since):
            if event is not None and event.job is not None and event.job.delete_requested:
                yield JobEvent(kind="deleted", job_id=event.job_id, owner=event.owner, revision=event.revision)
            else:
                yield event

    def ended(self, job: Job) -> None:
        """Take note that a job has reached a final phase: mail is sent where it was wanted, what was deleted is erased."""
        self.housekeeper.ended(job)

    def sweep(self, now: datetime | None = None) -> SweepReport:
        """Warn owners, remove what has expired; see `skydesk.jobs.housekeeping.Housekeeper.sweep`."""
        return self.housekeeper.sweep(now)

    def _new_job(
        self,
        user: User,
        type_: str,
        request: dict[str, Any],
        *,
        name: str | None,
        email: str | None,
        run_id: str | None,
        limit_seconds: float,
    ) -> Job:
        now, limits = self._clock(), user.entitlements.jobs
        destruction_at = now + timedelta(seconds=limits.lifetime_seconds)
        return Job(
            id=new_id(),
            owner=user.name,
            type=type_,
            name=default_name(type_, request, now) if name is None else name,
            phase=Phase.QUEUED,
            request=request,
            created_at=now,
            destruction_at=destruction_at,
            warning_at=destruction_at - timedelta(seconds=limits.warning_seconds),
            lifetime_seconds=limits.lifetime_seconds,
            max_renewals=limits.max_renewals,
            limit_seconds=limit_seconds,
            memory_bytes=limits.memory_bytes,
            concurrent=limits.concurrent,
            email=email,
            run_id=run_id,
        )

    def _refuse_duplicate(self, new: Job) -> None:
        earliest = new.created_at - timedelta(seconds=_DUPLICATE_SECONDS)
        for job in self.store.jobs(new.owner, limit=_LATEST):
            if job.created_at <= earliest or job.phase in {Phase.ERROR, Phase.ABORTED} or job.delete_requested:
                continue
            if job.type == new.type and text_of(job.request) == text_of(new.request):
                ago = max(0, round((new.created_at - job.created_at).total_seconds()))
                raise Conflict(f"same statement submitted {ago} s ago as job {job.id}; submit it as a duplicate if that is what you want")


def _require_jobs_allowed(user: User, limit_seconds: float) -> None:
    user.require_service("jobs")
    limits = user.entitlements.jobs
    if min(limits.concurrent, limits.queued, limit_seconds) <= 0:
        raise NotAllowed(f"{user.name} may not submit jobs; ask for a group that may")
