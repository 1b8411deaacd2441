"""One worker from its birth to its death."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import Any

from ...errors import Conflict, NotFound, ServiceUnavailable
from ...jobs.model import FINAL, Job, Phase, Progress
from ...jobs.ports import JobStore
from .channel import Channel, ChannelClosed, Message
from .limits import oom_kills
from .locks import LivenessLocks
from .nursery import Newborn, Nursery
from .verdict import Death, Stop, after_death, after_end
from .wire import job_to_message

__all__ = ["Household", "Supervision", "judge", "settle"]

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_PROGRESS_SECONDS = 0.2
_RETRY_SECONDS = 0.2
_EXECUTING = frozenset({Phase.EXECUTING})
_QUEUED = frozenset({Phase.QUEUED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """What all supervisions of one runner share."""

    store: JobStore
    nursery: Nursery
    locks: LivenessLocks
    tidy: Callable[[Job, Mapping[str, Any] | None], None]
    """Clears away what a worker that died left in its job's folder, given the fields that the job gets; None where it is not ours."""

    published: Callable[[Job], Mapping[str, Any] | None]
    """Tells the counts of what an attempt has published, None unless all of it is there."""

    wake: Callable[[], None]
    """Told that a worker is ready, or has ended."""

    changed: Callable[[], None]
    """Told that something was written to the store."""

    ended: Callable[[Job], None]
    """Told each job that reached a final phase."""

    clock: Callable[[], datetime]
    closed: threading.Event
    """Set when nothing may be waited for any longer."""

    grace_seconds: float
    """How long a worker may take to stop politely, seconds."""


class Supervision:
    """Looks after one worker process: gives it one job, writes down how far it comes, stops it, buries it.

    The thread begins with the birth of the process and ends after its death, when the job's next phase is in the store.
    """

    def __init__(self, house: Household) -> None:
        self._house = house
        self._thread = Thread(target=self._run, name="skydesk-supervision", daemon=True)
        self._lock = Lock()
        self._worker: Newborn | None = None
        self._job: Job | None = None
        self._dead = False
        self._stop: Stop | None = None
        self._stop_at = 0.0
        self._ends_at = 0.0
        self._was_ready = False
        self._oom_kills = 0
        self._progress = _ProgressWriter(house)
        self.ready = False
        """The worker waits for a job."""

        self.over = False
        """The worker is dead and its job settled."""

        self.failure: str | None = None
        """Why the worker never became ready, where that was so."""

    @property
    def job(self) -> Job | None:
        """The job that was given to it, until that has been settled."""
        return self._job

    @property
    def pid(self) -> int | None:
        """The worker's process id, and that of its group."""
        return None if self._worker is None else self._worker.pid

    def start(self) -> None:
        """Have the worker born."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        """Wait until the worker is dead, its job settled and the end told."""
        self._thread.join(timeout_seconds)

    def assign(self, job: Job) -> bool:
        """Give the worker its one job; False if it is dead, and the job is still to be given to another."""
        descriptor = self._house.locks.lock_orphan(job.id)
        if descriptor is None:
            raise ServiceUnavailable(f"a process of an earlier attempt at job {job.id} cannot be ended")
        with self._lock, _closing(descriptor):
            if self._dead or self._worker is None:
                return False
            self._oom_kills = oom_kills()
            self._ends_at = time.monotonic() + job.limit_seconds
            try:
                self._worker.channel.send({"kind": "job", "job": job_to_message(job)}, [descriptor])
            except ChannelClosed:
                self._worker.kill()
                return False
            self.ready = False
            self._job = job
            return True

    def ask_to_stop(self, reason: Stop, grace_seconds: float | None = None) -> None:
        """Have the worker stop its job, or itself where it has none; killed after the grace. The first reason stands."""
        grace = self._house.grace_seconds if grace_seconds is None else grace_seconds
        with self._lock:
            if self._stop is None or reason is Stop.SHUTDOWN:
                self._stop_at = min(self._stop_at or float("inf"), time.monotonic() + grace)
            if self._stop is not None:
                return
            self._stop = reason
            worker = self._worker
        if worker is not None:
            _send_if_alive(worker.channel, {"kind": "stop", "reason": reason})

    def _run(self) -> None:
        settled = None
        try:
            settled = self._live()
        except Exception:
            _log.exception("the supervision of a worker failed")
        finally:
            self.ready = False
            self.over = True
            self._house.wake()
        if settled is not None and settled.phase in FINAL:
            self._house.ended(settled)

    def _live(self) -> Job | None:
        """Follow a worker to its end; the job as it was settled, where it had one."""
        try:
            worker = self._worker = self._house.nursery.fork()
        except ServiceUnavailable as error:
            self.failure = str(error)
            return None
        end: Message | None = None
        try:
            end = self._follow(worker)
        except ChannelClosed:
            self.failure = None if self._was_ready else self.failure or "a worker process died before it had opened its services"
        finally:
            with self._lock:
                self._dead = True
            death = self._bury(worker)
        return None if self._job is None else self._settle(self._job, end, death)

    def _follow(self, worker: Newborn) -> Message | None:
        """Listen to the worker until it says that it has ended; None when it was killed."""
        while True:
            message = worker.channel.receive(self._patience_seconds())
            match message:
                case None:
                    pass
                case {"kind": "ready"}:
                    self.ready = self._was_ready = True
                    self._house.wake()
                case {"kind": "failed"}:
                    self.failure = str(message["message"])
                    return None
                case {"kind": "progress"}:
                    self._progress.note(message)
                case {"kind": "end"}:
                    return message
            if self._job is not None:
                self._progress.write(self._job)
            if self._is_over():
                return None

    def _patience_seconds(self) -> float:
        """How long to listen before looking at the clock again."""
        now = time.monotonic()
        until = [now + _LOOK_SECONDS]
        until += [self._stop_at] if self._stop is not None else []
        until += [self._ends_at] if self._job is not None and self._stop is None else []
        until += [self._progress.due_at] if self._progress.waiting else []
        return max(0.0, min(until) - now)

    def _is_over(self) -> bool:
        """Mind the limits: True when the worker has to be killed now."""
        now = time.monotonic()
        if self._job is not None and self._stop is None and now >= self._ends_at:
            self.ask_to_stop(Stop.DEADLINE)
        return self._stop is not None and now >= self._stop_at

    def _bury(self, worker: Newborn) -> Death:
        """Kill what is left of the worker's group, and learn how the worker died."""
        exit_code = worker.bury()
        worker.channel.close()
        if self._job is not None and self._house.locks.job_is_held(self._job.id):
            self._house.locks.kill_holders(self._job.id)
        return Death(exit_code=exit_code, out_of_memory=oom_kills() > self._oom_kills)

    def _settle(self, job: Job, end: Message | None, death: Death) -> Job | None:
        """Write down what becomes of the job, however long the store needs to take it."""
        if self._stop is Stop.LOST:
            _log.info("job %s is not this runner's any more", job.id)
            self._house.tidy(job, None)
            return None
        fields = judge(self._house, job, death, self._stop) if end is None else after_end(job, end, self._stop)
        if end is None:
            _log.warning("the worker of job %s died (%s); the job becomes %s", job.id, death, fields["phase"])
            if fields["phase"] is not Phase.COMPLETED:
                self._house.tidy(job, fields)
        elif end["traceback"]:
            _log.error("job %s: %s\n%s", job.id, end["error"]["message"], end["traceback"])
        while True:
            try:
                return settle(self._house, job, {"progress": self._progress.latest, **fields})
            except ServiceUnavailable as error:
                _log.warning("the end of job %s is not written yet: %s", job.id, error)
                if self._house.closed.wait(_RETRY_SECONDS):
                    return None


class _ProgressWriter:
    """Writes progress to the store, but not more often than is of use."""

    def __init__(self, house: Household) -> None:
        self._house = house
        self.latest: Progress | None = None
        self.waiting = False
        self.due_at = 0.0

    def note(self, message: Message) -> None:
        """Remember how far the work has come."""
        self.latest = Progress(done=message["done"], total=message["total"], unit=message["unit"], fraction=message["fraction"])
        self.waiting = True

    def write(self, job: Job) -> None:
        """Write what was noted, if it is time to."""
        began = time.monotonic()
        if not self.waiting or began < self.due_at:
            return
        self.waiting = False
        try:
            self._house.store.change(job.id, expect=_EXECUTING, expect_runner=job.runner, progress=self.latest)
            self._house.changed()
        except (Conflict, NotFound, ServiceUnavailable) as error:
            _log.info("progress of job %s was not written: %s", job.id, error)
        took = time.monotonic() - began
        self.due_at = began + max(_PROGRESS_SECONDS, 10 * took)


def judge(house: Household, job: Job, death: Death, stop: Stop | None) -> Mapping[str, Any]:
    """Tell what becomes of a job whose worker died without a word: it is COMPLETED if its results were published before."""
    published = house.published(job)
    return after_death(job, death, stop) if published is None else {"phase": Phase.COMPLETED, "error": None, **published}


def settle(house: Household, job: Job, fields: Mapping[str, Any]) -> Job | None:
    """Write what becomes of a job, as long as its runner still holds it.

    Returns
    -------
    Job or None
        The job as it is now; None where it was deleted or taken over meanwhile, and is let alone.

    Raises
    ------
    ServiceUnavailable
        The store does not answer.
    """
    if fields["phase"] in FINAL:
        fields = {**fields, "ended_at": house.clock()}
    try:
        settled = house.store.change(job.id, expect=_EXECUTING, expect_runner=job.runner, **fields)
        if settled.phase is Phase.QUEUED and settled.cancel_requested:
            settled = house.store.change(job.id, expect=_QUEUED, phase=Phase.ABORTED, ended_at=house.clock())
    except (Conflict, NotFound) as error:
        written = house.store.get(job.id)
        if written is None or (written.runner, written.attempt, written.phase) != (job.runner, job.attempt, fields["phase"]):
            _log.info("the end of job %s was not written: %s", job.id, error)
            return None
        settled = written  # by a try before this one, whose answer was lost
    if settled.phase in FINAL:
        house.locks.forget_job(job.id)
    house.changed()
    return settled


def _send_if_alive(channel: Channel, message: Message) -> None:
    with contextlib.suppress(ChannelClosed):
        channel.send(message)


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)
