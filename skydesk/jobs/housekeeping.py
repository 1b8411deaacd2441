"""What is done to jobs without their owners asking: telling the end, warning, removing what has expired or was deleted."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..errors import Conflict, NotFound, SkydeskError
from .letters import end_letter, warning_letter
from .model import FINAL, Job, Phase
from .ports import JobFolders, JobRunner, JobStore, Mailer
from .rules import is_expired, is_expiring, is_over

__all__ = ["BUSY", "WAITING", "Housekeeper", "SweepReport", "stop_work"]

_log = logging.getLogger("skydesk.jobs")

WAITING = frozenset({Phase.PENDING, Phase.QUEUED, Phase.HELD})
"""Phases in which no worker has the job: it ends at once when it is cancelled."""

BUSY = frozenset({Phase.EXECUTING, Phase.SUSPENDED, Phase.UNKNOWN})
"""Phases in which a worker may have the job: it ends when its runner has stopped it."""

_TOLD = frozenset({Phase.COMPLETED, Phase.ERROR})
_TELL_WITHIN = timedelta(days=1)
_ERASE_SECONDS = 0.2
"""How long files are erased before it is looked whether to stop."""

_ORPHAN_AGE = timedelta(hours=1)
"""How old inputs are of which no job came: they are kept just before it is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a sweep has done: ids of jobs, and what went wrong and will be tried again."""

    archived: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


class Housekeeper:
    """Keeps jobs tidy, now and then in a thread of its own.

    Several may look after one store: what one does, the others do not do again.

    Parameters
    ----------
    store, folders, runner, mailer
        As for `skydesk.jobs.service.JobService`.
    clock
        Gives the time now, aware.
    link
        Address put into mails; None for none.
    """

    def __init__(
        self,
        store: JobStore,
        folders: JobFolders,
        *,
        runner: JobRunner | None,
        mailer: Mailer | None,
        clock: Callable[[], datetime],
        link: str | None = None,
    ) -> None:
        self._store = store
        self._folders = folders
        self._runner = runner
        self._mailer = mailer
        self._clock = clock
        self._link = link
        self._ended: deque[str] = deque()
        self._erasing: deque[str] = deque()
        """Owners of whose jobs something was removed."""
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def start(self, every_seconds: float) -> None:
        """Begin to sweep, at once and then at intervals, in a thread."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, args=(every_seconds,), name="skydesk-housekeeper", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 3) -> None:
        """Sweep no more; what is being done is finished, unless it takes longer than the time given."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            self._thread = None

    def ended(self, job: Job) -> None:
        """Take note that a job has reached a final phase; in the thread where there is one, since mail may take its time."""
        if self._thread is None:
            self._guarded(partial(self._after_end, job.id))
        else:
            self._ended.append(job.id)
            self._wake.set()

    def sweep(self, now: datetime | None = None) -> SweepReport:
        """Look at all jobs once. What fails is logged, told, and tried again at the next sweep."""
        now = now or self._clock()
        done: dict[str, list[str]] = {"archived": [], "erased": [], "stopped": [], "told": []}
        failures: list[str] = []
        jobs = self._store.jobs()
        for job in jobs:
            try:
                if (what := self._tidied(job, now)) is not None:
                    done[what].append(job.id)
            except (Conflict, NotFound):
                _log.debug("job %s changed while it was looked at; it is left to the next sweep", job.id)
            except SkydeskError as error:
                failures.append(f"job {job.id}: {error}")
        warned, unwarned = self._warn_owners(now)
        try:
            self._tidy_disk(frozenset(job.id for job in jobs), now)
        except SkydeskError as error:
            failures.append(str(error))
        for failure in failures + unwarned:
            _log.warning("housekeeping failed, and is tried again later: %s", failure)
        return SweepReport(warned=warned, failures=(*failures, *unwarned), **{what: tuple(ids) for what, ids in done.items()})

    def erase(self, job: Job) -> None:
        """Delete the files of a job that has ended, then forget it."""
        self._folders.remove(job)
        self._store.remove(job.id, expect=FINAL)
        self._erase_soon(job)

    def _run(self, every_seconds: float) -> None:
        next_sweep_at = time.monotonic()
        while not self._is_stopping:
            while self._ended:
                self._guarded(partial(self._after_end, self._ended.popleft()))
            while self._erasing and not self._ended:
                self._guarded(partial(self._erase_removed, self._erasing.popleft()))
            if time.monotonic() >= next_sweep_at:
                next_sweep_at = time.monotonic() + every_seconds
                self._guarded(self.sweep)
            self._wake.wait(max(0.0, next_sweep_at - time.monotonic()))
            self._wake.clear()

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (Conflict, NotFound):
            _log.debug("a job changed while it was looked at; it is left to the next sweep")
        except SkydeskError as error:
            _log.warning("housekeeping failed, and is tried again later: %s", error)
        except Exception:
            _log.exception("housekeeping failed")

    def _after_end(self, job_id: str) -> None:
        job = self._store.get(job_id)
        if job is not None:
            self._tidied(job, self._clock())
            if job.phase in FINAL:
                self._folders.drop_unfinished(job)
            self._erase_soon(job)

    def _erase_soon(self, job: Job) -> None:
        """Have the thread, where there is one, erase what a removal may have left; else it is left to a sweep."""
        if self._thread is not None and job.owner not in self._erasing:
            self._erasing.append(job.owner)
            self._wake.set()

    def _tidy_disk(self, known: frozenset[str], now: datetime) -> None:
        self._folders.drop_orphans(lambda job_id: job_id in known or self._store.get(job_id) is not None, now - _ORPHAN_AGE)
        self._erase_removed()

    def _erase_removed(self, owner: str | None = None) -> None:
        while not self._folders.erase_removed(owner, within_seconds=_ERASE_SECONDS) and not self._is_stopping:
            pass

    def _tidied(self, job: Job, now: datetime) -> str | None:
        """Do what is due to one job; the name of what was done, None for nothing."""
        if job.delete_requested and job.phase in FINAL:
            self.erase(job)
            return "erased"
        if is_expired(job):
            if self._folders.path(job).exists():
                self._folders.remove(job)
                return "archived"
            return None
        if is_over(job, now):
            return self._end_of_lifetime(job, now)
        return "told" if self._tell_end(job, now) else None

    def _end_of_lifetime(self, job: Job, now: datetime) -> str | None:
        if job.phase not in FINAL:
            stop_work(self._store, self._runner, job, now)
            return "stopped"
        # The phase first: a renewal that comes at the same moment either prevents it or is refused, and the files go after it.
        self._store.change(job.id, expect=FINAL, expect_revision=job.revision, phase=Phase.ARCHIVED)
        self._folders.remove(job)
        return "archived"

    def _tell_end(self, job: Job, now: datetime) -> bool:
        if self._mailer is None or job.email is None or job.mailed_at is not None or job.phase not in _TOLD:
            return False
        if job.ended_at is not None and now - job.ended_at > _TELL_WITHIN:
            return False
        # Noted before it is sent, so that of several housekeepers only one sends.
        self._store.change(job.id, expect_revision=job.revision, mailed_at=now)
        try:
            self._mailer.send(job.email, *end_letter(job, self._link))
        except SkydeskError:
            self._store.change(job.id, mailed_at=None)
            raise
        return True

    def _warn_owners(self, now: datetime) -> tuple[tuple[str, ...], list[str]]:
        """Write to every owner with an address one mail about all jobs that are due; ids of the jobs, and failures."""
        addresses: dict[str, str] = {}
        due: dict[str, list[Job]] = {}
        for job in self._store.jobs():
            if job.email is not None:
                addresses.setdefault(job.owner, job.email)
            if job.phase is Phase.COMPLETED and job.warned_at is None and is_expiring(job, now) and not is_over(job, now):
                due.setdefault(job.owner, []).append(job)
        warned: list[str] = []
        failures: list[str] = []
        for owner, jobs in due.items():
            if owner in addresses and self._mailer is not None:
                try:
                    warned += self._warn(self._mailer, addresses[owner], jobs, now)
                except SkydeskError as error:
                    failures.append(f"warning of {owner}: {error}")
        return tuple(warned), failures

    def _warn(self, mailer: Mailer, address: str, jobs: list[Job], now: datetime) -> list[str]:
        mine = [job for job in jobs if self._is_noted_as_warned(job, now)]
        if not mine:
            return []
        try:
            mailer.send(address, *warning_letter(mine[0].owner, mine, self._link))
        except SkydeskError:
            for job in mine:
                self._store.change(job.id, warned_at=None)
            raise
        return [job.id for job in mine]

    def _is_noted_as_warned(self, job: Job, now: datetime) -> bool:
        try:
            self._store.change(job.id, expect_revision=job.revision, warned_at=now)
        except (Conflict, NotFound):
            return False
        return True


def stop_work(store: JobStore, runner: JobRunner | None, job: Job, now: datetime, *, delete: bool = False) -> Job:
    """End a job that waits, or have the one that runs ended by its runner; give the job as it is then.

    Parameters
    ----------
    delete
        Also note that it is to be deleted when it has ended.

    Raises
    ------
    Conflict
        The job has ended already.
    NotFound
        The job is gone.
    """
    wishes: dict[str, Any] = {"cancel_requested": True, **({"delete_requested": True} if delete else {})}
    while job.phase not in FINAL:
        waits = job.phase in WAITING
        fields = {**wishes, "phase": Phase.ABORTED, "ended_at": now} if waits else wishes
        try:
            stopped = store.change(job.id, expect=WAITING if waits else BUSY, **fields)
        except Conflict:
            # Its runner took it, or gave it back, between the two looks.
            job = _existing(store, job.id)
            continue
        if runner is not None and not waits:
            runner.cancel(job.id)
        return stopped
    raise Conflict(f"job {job.id} has ended already ({job.phase}); only jobs that wait or run can be cancelled")


def _existing(store: JobStore, job_id: str) -> Job:
    job = store.get(job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id!r}; it was deleted meanwhile")
    return job
