"""Claims jobs for this machine and makes sure that each of them ends."""

import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import ServiceUnavailable, SkydeskError
from ...jobs.model import FINAL, Job, Phase
from ...jobs.ports import JobStore
from ..job_folders import LocalJobFolders
from .locks import LivenessLocks
from .nursery import Nursery
from .settings import WorkerSettings
from .supervision import Household, Supervision, judge, settle
from .verdict import Death, Stop, after_shutdown

__all__ = ["LocalRunner"]

_log = logging.getLogger(__name__)

_EXECUTING = frozenset({Phase.EXECUTING})
_RUNNER = re.compile(r"local-[0-9a-f]{8}-[0-9a-f]{8}")
_LEFT_BEHIND = timedelta(minutes=5)
"""How long after its time limit a job counts as abandoned when its runner's locks are not here to tell."""

_KILL_SECONDS = 0.4
_PAUSES_SECONDS = (1, 2, 5, 10, 30)
"""Between attempts to start a worker, after one, two, ... have failed."""


class LocalRunner:
    """Runs jobs in processes on this machine; a `skydesk.jobs.ports.JobRunner`.

    Every worker takes one job and ends. A few wait warm, their services open. A worker that dies is replaced, and its job begun
    again up to three times. Several runners, also of several processes, may share one store and one folder of jobs.

    Parameters
    ----------
    store
        Where jobs are claimed, and the only one who is told their phases.
    folders
        Where what a dead worker left is cleared away.
    worker_settings
        What a worker must know to open its services.
    locks_folder
        Lock files that tell who is alive; shared by all runners of the same jobs on this machine.
    workers
        Most jobs at a time.
    warm
        Workers kept waiting, while there is room for more jobs.
    on_end
        Called with each job that has reached a final phase.
    on_change
        Called when a job changed.
    tick_seconds
        How often to look for what other processes have done to the store.
    cancel_grace_seconds
        How long a job may take to stop politely.
    """

    def __init__(
        self,
        store: JobStore,
        folders: LocalJobFolders,
        *,
        worker_settings: WorkerSettings,
        locks_folder: Path,
        workers: int = 2,
        warm: int = 2,
        on_end: Callable[[Job], None] = lambda _job: None,
        on_change: Callable[[], None] = lambda: None,
        tick_seconds: float = 1,
        cancel_grace_seconds: float = 2,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._folders = folders
        self._locks = LivenessLocks(locks_folder)
        self._workers = workers
        self._warm = warm
        self._on_end = on_end
        self._on_change = on_change
        self._tick_seconds = tick_seconds
        self._clock = clock
        self.id = f"local-{self._locks.place}-{secrets.token_hex(4)}"
        self.problem: str | None = None
        """Why no worker can be started, where that is so; for health checks."""
        self.worker_starts = 0
        """Workers born so far; for metrics."""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._crew: list[Supervision] = []
        self._dispatcher: threading.Thread | None = None
        self._lock_descriptor: int | None = None
        self._failures = 0
        self._next_birth_at = 0.0
        self._house = Household(
            store=store,
            nursery=Nursery(worker_settings),
            locks=self._locks,
            tidy=self._tidy,
            published=folders.published,
            wake=self._wake.set,
            changed=self._tell_change,
            ended=self._tell_end,
            clock=clock,
            closed=self._closed,
            grace_seconds=cancel_grace_seconds,
        )

    def start(self) -> None:
        """Begin to claim jobs; what dead runners left behind goes first."""
        self._lock_descriptor = self._locks.lock_runner(self.id)
        self._dispatcher = threading.Thread(target=self._dispatch, name="skydesk-dispatcher", daemon=True)
        self._dispatcher.start()

    def wake(self) -> None:
        """Look for QUEUED jobs now."""
        self._wake.set()

    def cancel(self, job_id: str) -> None:
        """Stop a job if this runner executes it; returns at once."""
        for supervision in tuple(self._crew):
            if supervision.job is not None and supervision.job.id == job_id:
                supervision.ask_to_stop(Stop.CANCELLED)

    def worker_pids(self, *, busy: bool = False) -> tuple[int, ...]:
        """Process ids of the workers that live; ``busy`` for those only that have a job."""
        alive = [each for each in tuple(self._crew) if not each.over and (each.job is not None or not busy)]
        return tuple(each.pid for each in alive if each.pid is not None)

    def stop(self, *, grace_seconds: float = 3) -> None:
        """Claim no more, wait for jobs until the grace is over, put back what still runs and end every process.

        Returns within a second after the grace.
        """
        deadline = time.monotonic() + grace_seconds
        self._stopping.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.join(grace_seconds)
        crew = tuple(self._crew)
        for supervision in crew:
            if supervision.job is None:
                supervision.ask_to_stop(Stop.SHUTDOWN, _KILL_SECONDS)
        _join(crew, deadline)
        for supervision in crew:
            supervision.ask_to_stop(Stop.SHUTDOWN, _KILL_SECONDS)
        _join(crew, time.monotonic() + _KILL_SECONDS + 0.2)
        self._closed.set()
        self._house.nursery.close(wait_seconds=0.3)
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None
            self._locks.forget_runner(self.id)

    def _dispatch(self) -> None:
        next_look_at = 0.0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if time.monotonic() >= next_look_at:
                    self._look_after_jobs()
                    next_look_at = time.monotonic() + self._tick_seconds
                self._renew_crew()
                self._claim_jobs()
            except ServiceUnavailable as error:
                _log.warning("no jobs are started at present: %s", error)
                self._stopping.wait(min(0.2, self._tick_seconds))
            except Exception:
                _log.exception("the dispatcher failed and goes on")
                self._stopping.wait(self._tick_seconds)
            self._wake.wait(max(0.0, next_look_at - time.monotonic()))

    def _claim_jobs(self) -> None:
        """Give jobs to workers for as long as there are both."""
        while not self._stopping.is_set() and self._busy_count() < self._workers and any(each.ready for each in self._crew):
            job = self._store.claim(self.id)
            if job is None:
                return
            self._tell_change()
            if not self._hand_over(job):
                return
            self._renew_crew()

    def _hand_over(self, job: Job) -> bool:
        """Give a claimed job to a worker; back to the queue with it if none has lived to take it."""
        for supervision in tuple(self._crew):
            if supervision.ready and supervision.assign(job):
                return True
        settle(self._house, job, after_shutdown(job))
        return False

    def _renew_crew(self) -> None:
        """Forget workers that have ended, and have new ones born."""
        for gone in [each for each in self._crew if each.over]:
            self._crew.remove(gone)
            self._note_failure(gone.failure)
        if any(each.ready for each in self._crew):
            self.problem, self._failures = None, 0
        if time.monotonic() < self._next_birth_at or self._stopping.is_set():
            return
        busy = self._busy_count()
        wanted = busy + max(1, min(self._warm, self._workers - busy))
        for _ in range(wanted - len(self._crew)):
            supervision = Supervision(self._house)
            supervision.start()
            self._crew.append(supervision)
            self.worker_starts += 1

    def _note_failure(self, failure: str | None) -> None:
        if failure is None:
            return
        pause_seconds = _PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)]
        _log.error("a worker could not be started, the next is in %d s: %s", pause_seconds, failure)
        self.problem = failure
        self._failures += 1
        self._next_birth_at = time.monotonic() + pause_seconds

    def _busy_count(self) -> int:
        return sum(each.job is not None and not each.over for each in self._crew)

    def _look_after_jobs(self) -> None:
        """Hear what other processes did to jobs of this runner, and take over jobs of dead runners."""
        if self._lock_descriptor is not None:
            self._lock_descriptor = self._locks.keep_runner(self.id, self._lock_descriptor)
        mine = {each.job.id: each for each in self._crew if each.job is not None and not each.over}
        executing = {job.id: job for job in self._store.jobs(phases=_EXECUTING)}
        for job in executing.values():
            if job.id in mine and job.runner == self.id:
                if job.cancel_requested:
                    mine[job.id].ask_to_stop(Stop.CANCELLED)
            elif self._is_orphan(job):
                self._take_over(job)
        for job_id, supervision in mine.items():
            if job_id not in executing or executing[job_id].runner != self.id:
                supervision.ask_to_stop(Stop.LOST)
        self._locks.forget_dead_runners(keep={job.runner for job in executing.values()})

    def _is_orphan(self, job: Job) -> bool:
        """Tell whether nobody looks after an EXECUTING job: exact where this runner shares locks with the job's, else by its time."""
        if job.runner == self.id:
            return True
        if job.runner is not None and job.runner.startswith(f"local-{self._locks.place}-") and _RUNNER.fullmatch(job.runner):
            return not self._locks.runner_is_alive(job.runner)
        begun_at = job.started_at or job.created_at
        abandoned_at = begun_at + timedelta(seconds=job.limit_seconds) + _LEFT_BEHIND
        return (job.runner is None or _RUNNER.fullmatch(job.runner) is not None) and self._clock() > abandoned_at

    def _take_over(self, job: Job) -> None:
        """Settle a job whose runner is dead, once nothing of its worker lives any more."""
        descriptor = self._locks.lock_orphan(job.id)
        if descriptor is None:
            _log.warning("job %s is still held by a process of its dead runner %s", job.id, job.runner)
            return
        try:
            fields = self._fate(job)
            if fields["phase"] is not Phase.COMPLETED:
                self._tidy(job, fields)
            settled = settle(self._house, job, fields)
        finally:
            os.close(descriptor)
        if settled is not None and settled.phase in FINAL:
            self._tell_end(settled)

    def _fate(self, job: Job) -> Mapping[str, Any]:
        """Judge a job that nobody looks after: of a dead runner, or claimed by this one that could not hear or do what it wanted."""
        fields = judge(self._house, job, Death(exit_code=None), None)
        if job.runner != self.id:
            _log.warning("runner %s is dead; its job %s becomes %s", job.runner, job.id, fields["phase"])
            return fields
        if fields["phase"] not in {Phase.COMPLETED, Phase.ABORTED} and not self._folders.partial_path(job, job.attempt).exists():
            fields = after_shutdown(job)  # claimed, but no worker has begun it: that is no attempt
        _log.warning("no worker of this runner has its job %s; it becomes %s", job.id, fields["phase"])
        return fields

    def _tidy(self, job: Job, fields: Mapping[str, Any] | None) -> None:
        """Clear away what a dead worker left; of a job that ends so, its request and log are kept, of one that waits again its log."""
        partial = self._folders.partial_path(job, job.attempt)
        try:
            if fields is None:
                self._folders.discard(partial)
            elif fields["phase"] in FINAL:
                self._folders.publish_failure(job, partial, fields.get("error"))
            else:
                self._folders.keep_log(partial)
        except SkydeskError as error:
            _log.warning("what the worker of job %s left stays in %s: %s", job.id, partial, error)

    def _tell_change(self) -> None:
        _call(self._on_change)

    def _tell_end(self, job: Job) -> None:
        _call(lambda: self._on_end(job))


def _call(listener: Callable[[], None]) -> None:
    """Tell somebody outside, whose failure is not ours."""
    try:
        listener()
    except Exception:
        _log.exception("a listener of the job runner failed")


def _join(crew: tuple[Supervision, ...], deadline: float) -> None:
    for supervision in crew:
        supervision.join(max(0.0, deadline - time.monotonic()))
