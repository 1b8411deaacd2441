"""What a worker process runs: it opens its services, waits for one job, carries it out, says how it ended, and is gone."""

import errno
import gc
import importlib
import importlib.util
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from .backends.job_folders import LocalJobFolders
from .backends.job_manifest import LOG
from .backends.local_runner.channel import Channel, ChannelClosed
from .backends.local_runner.limits import become_worker, core_count, hold_to, loosen_memory
from .backends.local_runner.nursery import serve
from .backends.local_runner.settings import WorkerSettings
from .backends.local_runner.verdict import Stop, too_much_memory, too_slow
from .backends.local_runner.wire import job_from_message
from .errors import Cancelled, DeadlineExceeded, SkydeskError
from .jobs.model import Job, JobError, JobFile, JobOutcome, Phase
from .jobs.ports import ResumableTask, Task
from .query.acting import acting_for
from .query.model import Cancellation

__all__ = ["GRACE_SECONDS", "STOP_REASONS", "Execution", "JobContext", "failure_of", "main", "registered_tasks", "resolve", "tasks_of"]

_log = logging.getLogger(__name__)

_REPORT_SECONDS = 0.2
GRACE_SECONDS = 30
"""How long after its time limit a job is ended by its own alarm, should the runner not have done so."""

_DISK_ERRORS = {
    errno.ENOSPC: "the disk of the job folders is full; delete old jobs, or ask the operator for room, and run it again",
    errno.EDQUOT: "the quota of the job folders' disk is used up; delete old jobs and run it again",
    errno.EFBIG: "a file grew beyond what the job folders' disk takes; ask for less at a time",
}
STOP_REASONS = {
    Stop.CANCELLED: "cancelled by the user",
    Stop.DEADLINE: "the job's time is over",
    Stop.SHUTDOWN: "the service stops",
    Stop.LOST: "the job was deleted",
}


def main() -> None:
    """Be the nursery: import once, then fork workers for as long as the runner lives."""
    control = Channel(_take_stdin())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        message = control.receive()
    except ChannelClosed:
        return
    settings = WorkerSettings.from_json(message or {})
    _preload(settings)
    gc.freeze()
    serve(control, partial(_live, settings, os.getpid()))
    os._exit(0)  # nothing here needs an orderly end, and some extension modules complain of one


def registered_tasks() -> Mapping[str, Task]:
    """The tasks of all registered services, by job type."""
    from .registry import all_services

    return {service.name: service.task for service in all_services() if service.task is not None}


class JobContext:
    """What a task may do while it runs; a `skydesk.jobs.ports.TaskContext`.

    Parameters
    ----------
    send
        Takes messages to the runner.
    read_input
        Gives what the job was submitted with, by name.
    """

    def __init__(
        self,
        job: Job,
        folder: Path,
        cancellation: Cancellation,
        send: Callable[[Mapping[str, Any]], None],
        read_input: Callable[[str], bytes],
    ) -> None:
        self.job_id = job.id
        self.folder = folder
        self.cancellation = cancellation
        self.limit_seconds = job.limit_seconds
        self._send = send
        self._read_input = read_input
        # Opened once, and never through a link: the folder is one that the user's lab may write to.
        self._log = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
        self._unsent: Mapping[str, Any] | None = None
        self._next_report_at = 0.0

    def input(self, name: str) -> bytes:
        """Give what the job was submitted with; see `skydesk.jobs.ports.TaskContext`."""
        return self._read_input(name)

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        """Tell how far the work has come; see `skydesk.jobs.ports.TaskContext`."""
        self._unsent = {"kind": "progress", "done": done, "total": total, "unit": unit, "fraction": fraction}
        now = time.monotonic()
        if now >= self._next_report_at:
            self._next_report_at = now + _REPORT_SECONDS
            self.flush()

    def flush(self) -> None:
        """Send what was reported last, unless it was sent."""
        message, self._unsent = self._unsent, None
        if message is not None:
            self._send(message)

    def close(self) -> None:
        """Close the log; the context is of no use afterwards."""
        os.close(self._log)

    def continue_log(self, earlier: str, *, resumed: bool) -> None:
        """Put the log of earlier attempts first, and say what it is."""
        os.write(self._log, earlier.encode(errors="backslashreplace"))
        if not earlier.endswith("\n"):
            os.write(self._log, b"\n")
        self.log(f"the attempt above did not come to its end; the job {'goes on' if resumed else 'is begun again'}")

    def log(self, message: str) -> None:
        """Write to ``job.log``; see `skydesk.jobs.ports.TaskContext`."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        os.write(self._log, f"{now} {' '.join(message.splitlines())}\n".encode(errors="backslashreplace"))


def failure_of(error: BaseException, job: Job) -> tuple[Phase, JobError | None, str | None]:
    """Tell what a job becomes when its task raised.

    Returns
    -------
    phase, error, traceback
        The traceback is for the service's log, None where the error says all there is.
    """
    if isinstance(error, Cancelled):
        return Phase.ABORTED, None, None
    if isinstance(error, DeadlineExceeded):
        return Phase.ABORTED, too_slow(job), None
    causes = tuple(_causes(error))
    if any(_is_out_of_memory(each) for each in causes):
        return Phase.ERROR, too_much_memory(job), None
    if isinstance(error, SkydeskError) and error.code != "internal_error":
        return Phase.ERROR, JobError(code=error.code, message=str(error)), None
    for each in causes:
        if isinstance(each, OSError) and each.errno in _DISK_ERRORS:
            return Phase.ERROR, JobError(code="unavailable", message=_DISK_ERRORS[each.errno]), None
    error_id = secrets.token_hex(4)
    message = f"internal error {error_id}; show this number to the operator, whose log has the details"
    return Phase.ERROR, JobError(code="internal_error", message=message), "".join(traceback.format_exception(error))


def _live(settings: WorkerSettings, nursery_pid: int, channel: Channel) -> None:
    """A worker's whole life, in a process just forked."""
    become_worker(nursery_pid)
    try:
        services = resolve(settings.services)(settings.options)
        tasks = tasks_of(settings)
    except Exception as error:
        _log.exception("a worker could not open its services")
        channel.send({"kind": "failed", "message": f"{type(error).__name__}: {error}"})
        return
    try:
        channel.send({"kind": "ready"})
        message = channel.receive()
    except ChannelClosed:
        return
    if message is None or message["kind"] != "job":
        return
    job = job_from_message(message["job"])
    _LocalWorker(channel, job, LocalJobFolders(Path(settings.jobs_root))).run(services, tasks.get(job.type))


class Execution:
    """One job carried out in this process, whoever is told of it.

    Parameters
    ----------
    folders
        Where its folder is made.
    cancellation
        Hears that it is to stop.
    send
        Takes progress, as `JobContext` sends it.
    may_publish
        Asked before anything is put into the job's place, with True for what is left of a failure. False where this attempt is
        not the one that counts: another was begun, or will be.
    """

    def __init__(
        self,
        job: Job,
        folders: LocalJobFolders,
        cancellation: Cancellation,
        send: Callable[[Mapping[str, Any]], None],
        *,
        may_publish: Callable[[bool], bool] = lambda _failed: True,
    ) -> None:
        self._job = job
        self._folders = folders
        self._cancellation = cancellation
        self._send = send
        self._may_publish = may_publish

    def carry_out(self, services: Any, task: Task | None) -> Mapping[str, Any]:
        """Carry the job out, and say how it ended: ``phase error traceback rows files_count size_bytes``."""
        began = time.monotonic()
        folder = self._folders.partial_path(self._job, self._job.attempt)
        context: JobContext | None = None
        try:
            earlier_log = self._folders.log(self._job)
            resumable = isinstance(task, ResumableTask)
            self._folders.begin(self._job, self._job.attempt, resume=resumable)
            context = JobContext(self._job, folder, self._cancellation, self._send, partial(self._folders.input, self._job))
            if earlier_log:
                context.continue_log(earlier_log, resumed=resumable)
            context.log(f"{self._job.type} job {self._job.id}, attempt {self._job.attempt}")
            with acting_for(self._job.owner):
                outcome = _checked_task(task, self._job)(services, self._job.request, context)
            context.flush()
            context.log(f"done in {time.monotonic() - began:.3f} s")
            files = self._publish(folder, outcome, began)
        except BaseException as error:
            loosen_memory()
            return self._fail(error, folder, context, began)
        return {
            "phase": Phase.COMPLETED,
            "error": None,
            "traceback": None,
            "rows": outcome.rows,
            "files_count": len(files) + outcome.listed_files,
            "size_bytes": sum(file.size_bytes for file in files) + outcome.listed_bytes,
        }

    def _publish(self, folder: Path, outcome: JobOutcome, began: float) -> tuple[JobFile, ...]:
        if not self._may_publish(False):
            raise Cancelled("another attempt was begun")
        return self._folders.publish(self._job, folder, outcome, self._timings(began))

    def _fail(self, error: BaseException, folder: Path, context: JobContext | None, began: float) -> Mapping[str, Any]:
        """Keep the log of what went wrong, remove the rest, and say what the job becomes."""
        phase, job_error, trace = failure_of(error, self._job)
        error.__traceback__ = None  # lets go of what the task's frames hold
        if context is not None and phase is Phase.ERROR and not folder.exists():
            job_error, trace = JobError(code="conflict", message="its folder was deleted while it ran; run it again"), None
        told = job_error or JobError(code="cancelled", message=str(error))
        try:
            if context is not None:
                context.log(told.message)
            if self._may_publish(True):
                self._folders.publish_failure(self._job, folder, told, self._timings(began))
            else:
                self._folders.keep_log(folder)
        except (OSError, SkydeskError) as again:
            _log.warning("the log of job %s could not be kept: %s", self._job.id, again)
            self._discard(folder)
        values = None if job_error is None else asdict(job_error)
        return {"phase": phase, "error": values, "traceback": trace, "rows": None, "files_count": 0, "size_bytes": 0}

    def _discard(self, folder: Path) -> None:
        try:
            self._folders.discard(folder)
        except (OSError, SkydeskError) as error:
            _log.warning("%s could not be removed: %s", folder, error)

    def _timings(self, began: float) -> Mapping[str, float]:
        waited = 0.0 if self._job.started_at is None else (self._job.started_at - self._job.created_at).total_seconds()
        return {"queued_seconds": round(max(0.0, waited), 3), "run_seconds": round(time.monotonic() - began, 3)}


class _LocalWorker:
    """One job of the runner beside us. The descriptor of its lock, which came with it, is open until the process is dead."""

    def __init__(self, channel: Channel, job: Job, folders: LocalJobFolders) -> None:
        self._channel = channel
        self._lock_descriptors = channel.take_descriptors()
        self._job = job
        self._cancellation = Cancellation()
        self._is_interrupted = False
        self._execution = Execution(job, folders, self._cancellation, channel.send, may_publish=self._may_publish)

    def run(self, services: Any, task: Task | None) -> None:
        """Carry the job out and tell the runner how it ended."""
        threading.Thread(target=self._listen, name="skydesk-listener", daemon=True).start()
        signal.signal(signal.SIGTERM, self._hear_sigterm)
        limit_seconds = self._job.limit_seconds
        hold_to(
            memory_bytes=self._job.memory_bytes,
            cpu_seconds=limit_seconds * core_count() + GRACE_SECONDS,
            wall_seconds=limit_seconds + GRACE_SECONDS,
        )
        self._channel.send({"kind": "end", **self._execution.carry_out(services, task)})

    def _listen(self) -> None:
        """Hear the runner's wish to stop; end with the runner."""
        try:
            while True:
                message = self._channel.receive()
                if message is not None and message["kind"] == "stop":
                    self._is_interrupted = Stop(message["reason"]) is Stop.SHUTDOWN
                    self._cancellation.cancel(STOP_REASONS[Stop(message["reason"])])
        except ChannelClosed:
            os.killpg(0, signal.SIGKILL)

    def _may_publish(self, failed: bool) -> bool:
        """Results always; of a job that waits again when the service stops nothing, so that it can go on."""
        return not (failed and self._is_interrupted)

    def _hear_sigterm(self, *_: object) -> None:
        # A handler runs between two instructions of the main thread, which may hold the cancellation's lock: not from here, then.
        threading.Thread(target=self._cancellation.cancel, args=("stopped by a signal",), daemon=True).start()


def _checked_task(task: Task | None, job: Job) -> Task:
    if task is None:
        raise SkydeskError(f"no task is registered for jobs of the type {job.type!r}")
    return task


def tasks_of(settings: WorkerSettings) -> Mapping[str, Task]:
    """Give the tasks that a worker's settings name, by job type."""
    tasks: Mapping[str, Task] = resolve(settings.tasks)()
    return tasks


def resolve(name: str) -> Callable[..., Any]:
    """Give the function of ``module:function``."""
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def _preload(settings: WorkerSettings) -> None:
    """Import what workers will need. What fails here fails again in a worker, which then says so."""
    for name in (*settings.preload, settings.services.partition(":")[0]):
        if importlib.util.find_spec(name.partition(".")[0]) is None:
            continue
        _try(resolve(name) if ":" in name else partial(importlib.import_module, name))
    _try(partial(tasks_of, settings))


def _try(load: Callable[[], object]) -> None:
    try:
        load()
    except Exception:
        _log.exception("something that workers need cannot be loaded")


def _causes(error: BaseException | None) -> list[BaseException]:
    """An error and what it was raised from or during."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException" or getattr(error, "errno", None) == errno.ENOMEM


def _take_stdin() -> socket.socket:
    """The control socket, which came as standard input; what a task prints goes to the service's log."""
    descriptor = os.dup(0)
    with Path(os.devnull).open("rb") as nowhere:
        os.dup2(nowhere.fileno(), 0)
    os.dup2(sys.stderr.fileno(), 1)
    return socket.socket(fileno=descriptor)
