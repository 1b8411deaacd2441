"""What becomes of a job whose worker has ended, as a pure function."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...jobs.model import Job, JobError, Phase

__all__ = ["MAX_ATTEMPTS", "REQUEUED", "Death", "Stop", "after_death", "after_end", "after_shutdown", "too_much_memory", "too_slow"]

MAX_ATTEMPTS = 3
"""How often a worker may begin a job before its deaths are held against it."""

REQUEUED: Mapping[str, Any] = {"phase": Phase.QUEUED, "runner": None, "started_at": None, "progress": None}
"""Fields of a job that waits again."""


class Stop(StrEnum):
    """Why a runner stops a worker."""

    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    SHUTDOWN = "shutdown"
    LOST = "lost"
    """The job is not this runner's any more: somebody deleted it, or took it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a worker ended that did not say so."""

    exit_code: int | None
    """Negative for a signal; None where nobody knows."""

    out_of_memory: bool = False
    """The kernel has killed something for want of memory meanwhile."""


def after_end(job: Job, end: Mapping[str, Any], stop: Stop | None) -> Mapping[str, Any]:
    """Fields that a job gets when its worker told how it ended.

    A time limit ends in ABORTED, as UWS 1.1 (section 2.2.1.2) has it, with an error that says so.
    """
    phase = Phase(end["phase"])
    if phase is Phase.ABORTED and stop is Stop.SHUTDOWN:
        return after_shutdown(job)
    error = None if end["error"] is None else JobError(**end["error"])
    if phase is Phase.ABORTED and stop is Stop.DEADLINE:
        error = too_slow(job)
    counts = {name: end[name] for name in ("rows", "files_count", "size_bytes")}
    return {"phase": phase, "error": error, **counts}


def after_death(job: Job, death: Death, stop: Stop | None) -> Mapping[str, Any]:
    """Fields that a job gets when its worker died without a word: often it waits for another attempt."""
    if stop is Stop.CANCELLED or job.cancel_requested:
        return {"phase": Phase.ABORTED}
    if stop is Stop.DEADLINE or death.exit_code in {-signal.SIGXCPU, -signal.SIGALRM}:
        return {"phase": Phase.ABORTED, "error": too_slow(job)}
    if stop is Stop.SHUTDOWN:
        return after_shutdown(job)
    if death.out_of_memory and death.exit_code == -signal.SIGKILL:
        return {"phase": Phase.ERROR, "error": too_much_memory(job)}
    if job.attempt < MAX_ATTEMPTS:
        return REQUEUED
    died = f"its worker died {job.attempt} times, at last {_cause(death.exit_code)}"
    message = f"{died}; run it again later, or show the operator job {job.id}"
    return {"phase": Phase.ERROR, "error": JobError(code="internal_error", message=message)}


def after_shutdown(job: Job) -> Mapping[str, Any]:
    """Fields of a job that waits again because the service stops; that attempt does not count."""
    return {**REQUEUED, "attempt": job.attempt - 1}


def too_slow(job: Job) -> JobError:
    """The error of a job that passed its time limit."""
    message = f"it took longer than its limit of {job.limit_seconds:g} s and was stopped; ask for less at a time"
    return JobError(code="deadline_exceeded", message=message)


def too_much_memory(job: Job) -> JobError:
    """The error of a job that passed its memory limit."""
    message = (
        f"it needs more memory than its limit of {_amount(job.memory_bytes)}; ask for fewer columns or a smaller area, "
        "and sort, group or join fewer rows"
    )
    return JobError(code="limit_exceeded", message=message)


def _amount(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.3g} GiB" if size_bytes >= 2**30 else f"{size_bytes / 2**20:.0f} MiB"


def _cause(exit_code: int | None) -> str:
    if exit_code is None:
        return "with its service"
    if exit_code >= 0:
        return f"with exit status {exit_code}"
    return f"by {signal.Signals(-exit_code).name}"
