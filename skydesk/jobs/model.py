"""Jobs as UWS 1.1 has them: phases, times, progress and results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["ACTIVE", "FINAL", "Job", "JobError", "JobEvent", "JobFile", "JobOutcome", "Phase", "Progress"]


class Phase(StrEnum):
    """Execution phases (UWS 1.1, section 2.1.3)."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"
    ARCHIVED = "ARCHIVED"
    UNKNOWN = "UNKNOWN"


ACTIVE = frozenset({Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.HELD, Phase.SUSPENDED})
"""Phases of a job that may still do something."""

FINAL = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED})
"""Phases that a job does not leave, but for COMPLETED, ERROR and ABORTED to ARCHIVED when its files expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job has come."""

    done: int
    total: int | None = None
    """None where the whole is not known."""

    unit: str = "rows"
    fraction: float | None = None
    """0 to 1, where it is known some other way than ``done / total``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job ended badly."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """One finished file of a job."""

    name: str
    size_bytes: int
    sha256: str
    media_type: str = "application/octet-stream"
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """What a task hands back when it has done its work."""

    files: tuple[str, ...] = ()
    """Names of the result files in the job's folder, in the order in which to show them."""

    rows: int | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Counts and timings for the manifest; JSON values."""

    listing: str | None = None
    """Which of `files` lists further files, too many to be named here: one JSON object a line, with ``folder`` and ``files``."""

    listed_files: int = 0
    """How many files the listing has."""

    listed_bytes: int = 0
    """Their size, bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as the store has it. All times are aware, UTC."""

    id: str
    """Sixteen characters of ``[a-z0-9]``, unguessable; also the name of the job's folder."""

    owner: str
    type: str
    """Name of the service whose task it runs: ``query``."""

    name: str
    phase: Phase
    request: Mapping[str, Any]
    """The request dataclass as JSON: exactly what would run it again."""

    created_at: datetime
    destruction_at: datetime
    """When the files are removed (UWS destruction time)."""

    limit_seconds: float
    """Longest run, seconds (UWS executionDuration)."""

    memory_bytes: int
    """Most memory that the worker may take, bytes."""

    concurrent: int
    """Jobs of this owner that may execute at the same time, by the owner's limits when it was made."""

    warning_at: datetime
    """When the owner is warned that the files will be removed."""

    lifetime_seconds: float = 14 * 86400
    """How much one renewal adds, seconds, by the owner's limits when it was made."""

    max_renewals: int = 2
    """How often the lifetime may be renewed, by the owner's limits when it was made."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: Progress | None = None
    error: JobError | None = None
    rows: int | None = None
    files_count: int = 0
    size_bytes: int = 0
    """Size of all result files, bytes."""

    email: str | None = None
    """Where the owner wants to hear of the end; None for no mail."""

    run_id: str | None = None
    renewals: int = 0
    warned_at: datetime | None = None
    attempt: int = 0
    """How many times a worker has begun it."""

    runner: str | None = None
    """Identifier of the runner that holds it while EXECUTING."""

    cancel_requested: bool = False
    delete_requested: bool = False
    """The owner has deleted it while it ran: hidden from then on, forgotten as soon as it has stopped."""

    mailed_at: datetime | None = None
    """When the owner was told of the end; None where that is still to be done, or was not wanted."""

    note: str | None = None
    """Why it waits, in words for its owner; None where it does not, or nobody knows."""

    revision: int = 0
    """Grows with every change of any job of the store: what changed since N is what has a revision above N."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Something that happened to a job."""

    kind: str
    """``changed`` or ``deleted``."""

    job_id: str
    owner: str
    job: Job | None = None
    """The job as it is now; None when it was deleted."""

    revision: int = 0
    """Revision of the store at which it happened."""
