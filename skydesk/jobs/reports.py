"""What a worker that runs far away tells the service, and who hears it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from .model import Progress

__all__ = ["ReportKind", "ReportReceiver", "WorkerReport"]


class ReportKind(StrEnum):
    """What a worker says."""

    STARTED = "started"
    """It is about to begin; it must not unless it is told that it may."""

    PROGRESS = "progress"
    PUBLISHING = "publishing"
    """It is about to publish its results; it must not where it is told that it may not."""

    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """One message of a worker."""

    job_id: str
    attempt: int
    pod_uid: str
    """Which pod of the cluster says so: one that replaces another does not speak for it."""

    kind: ReportKind
    progress: Progress | None = None
    """Given with PROGRESS."""

    end: Mapping[str, Any] | None = None
    """Given with END: ``phase``, ``error``, ``rows``, ``files_count``, ``size_bytes``, ``interrupted`` and ``traceback``."""


@runtime_checkable
class ReportReceiver(Protocol):
    """Hears workers."""

    def hear(self, report: WorkerReport, token: str) -> None:
        """Take a report.

        Raises
        ------
        Unauthenticated
            The token is not the one that was given to this attempt at this job.
        Conflict
            It has ended, or another pod does its work: the worker is to stop and to leave everything as it is.
        ServiceUnavailable
            It cannot be taken now; to be said again.
        """
