"""What the jobs service needs from the outside, and what a task is given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ..query.model import Cancellation
from .model import Job, JobEvent, JobFile, JobOutcome, Phase

__all__ = ["JobFolders", "JobRunner", "JobStore", "Mailer", "ResumableTask", "Task", "TaskContext"]


class JobStore(Protocol):
    """Keeps jobs. Every change of phase is one transaction that states the phases it expects to leave."""

    def add(self, job: Job, *, max_active: int) -> Job:
        """Keep a new job, unless its owner already has ``max_active`` jobs in an active phase.

        Counting and adding are one transaction, so the limit is exact under concurrency.

        Raises
        ------
        LimitExceeded
            The owner has that many already.
        """

    def get(self, job_id: str) -> Job | None:
        """The job of this id, whoever owns it."""

    def jobs(
        self,
        owner: str | None = None,
        *,
        phases: frozenset[Phase] | None = None,
        text: str | None = None,
        limit: int | None = None,
        before_id: str | None = None,
    ) -> tuple[Job, ...]:
        """Jobs, newest first; of one owner, in some phases, with ``text`` in name or id (any letter case)."""

    def change(
        self,
        job_id: str,
        *,
        expect: frozenset[Phase] | None = None,
        expect_runner: str | None = None,
        expect_revision: int | None = None,
        **fields: Any,
    ) -> Job:
        """Set fields of a job, only if it is (still) in one of the expected phases and held by the expected runner.

        With ``expect_revision``, also only if nothing of the job has changed since it had that revision.

        Raises
        ------
        NotFound
            No such job.
        Conflict
            It is in another phase, held by another runner, of another revision, or the new phase cannot follow its phase.
        TypeError
            A field does not exist or never changes.
        """

    def claim(self, runner: str) -> Job | None:
        """Take the next QUEUED job for a runner: EXECUTING, attempt + 1, started now.

        Oldest first, but never more EXECUTING jobs of one owner than the candidate's ``concurrent``, and fair: an
        owner with fewer jobs executing goes first. One transaction: two runners never get the same job. A QUEUED job whose
        cancelling was requested is not given out but ABORTED.
        """

    def remove(self, job_id: str, *, expect: frozenset[Phase]) -> None:
        """Forget a job; errors as in `change`."""

    def events_since(self, revision: int, owner: str | None = None) -> tuple[int, tuple[JobEvent, ...]]:
        """The newest revision, and what changed after the given one, in order. Works across processes on one store.

        Deletions are remembered for a while only (the latest 10,000): who asks from further back should list the jobs anew.
        """


class TaskContext(Protocol):
    """What a task may do while it runs in a worker."""

    @property
    def job_id(self) -> str:
        """Id of the job."""

    @property
    def folder(self) -> Path:
        """Where to write results; renamed to the job's folder when the task has ended well."""

    @property
    def cancellation(self) -> Cancellation:
        """Hears when the job is cancelled or passes its time limit."""

    @property
    def limit_seconds(self) -> float:
        """Longest run of the job, seconds."""

    def input(self, name: str) -> bytes:
        """Give a file that the job was submitted with, byte for byte.

        Raises
        ------
        NotFound
            It is gone.
        Conflict
            Somebody has changed it since.
        """

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        """Tell how far the work has come; cheap, may be called often."""

    def log(self, message: str) -> None:
        """Write one line, with the time, to ``job.log``."""


Task = Callable[[Any, Mapping[str, Any], TaskContext], JobOutcome]
"""``task(services, request, context)``: carries a job's request out inside a worker process."""


@dataclass(frozen=True, slots=True)
class ResumableTask:
    """A task that goes on where an earlier attempt at the same job was cut off.

    Its folder may hold what that attempt left, as soon as there is an ``outcomes.jsonl``: the listing to which it adds what is finished.
    The owner's lab may have been there in between.
    """

    task: Task

    def __call__(self, services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
        """Carry a job's request out."""
        return self.task(services, request, context)


class JobRunner(Protocol):
    """Starts claimed jobs somewhere else and makes sure that they end."""

    def start(self) -> None:
        """Begin to claim QUEUED jobs, after what a dead runner left behind was taken care of."""

    def wake(self) -> None:
        """Look for QUEUED jobs now rather than at the next tick."""

    def cancel(self, job_id: str) -> None:
        """Stop a job that this runner executes; returns at once."""

    def stop(self, *, grace_seconds: float = 3) -> None:
        """Claim no more. What still runs after the grace is stopped and goes back to QUEUED, or goes on for the next runner to take up."""


class JobFolders(Protocol):
    """The folders of jobs: ``<root>/<owner>/<job id>/``."""

    def path(self, job: Job) -> Path:
        """The job's folder, whether it exists or not; never outside the root."""

    def files(self, job: Job) -> tuple[JobFile, ...]:
        """The files that the manifest lists and that are there, whole; not those of a listing. Empty where the folder is gone."""

    def file(self, job: Job, name: str) -> Path:
        """The path of one listed file; ``name`` may be of a file in a listing: ``folder/name``.

        Raises
        ------
        NotFound
            Nothing lists it, or it is gone, or the name leads out of the folder.
        """

    def opened(self, job: Job, name: str) -> BinaryIO:
        """Open any plain file below the job's folder, also while the job runs; the caller closes it.

        What it holds may be of the owner's making: the folder is one that their lab writes to.

        Raises
        ------
        NotFound
            There is none, or it is reached through a link, or the name leads out of the folder.
        """

    def log(self, job: Job, max_bytes: int = 1_000_000) -> str:
        """The end of ``job.log``, also while the job runs; empty where there is none."""

    def remove(self, job: Job) -> None:
        """Delete the folder, the inputs and whatever a broken run left; no error where there is nothing.

        All is out of the way at once; what takes long to erase is left to `erase_removed`.
        """

    def drop_unfinished(self, job: Job) -> None:
        """Remove what attempts at a job that has ended have left for others to go on from, but for their logs."""

    def erase_removed(self, owner: str | None = None, *, within_seconds: float) -> bool:
        """Erase what removals of one owner's jobs, or of all, have left, as far as there is time; True if nothing is left of it."""

    def archive(self, job: Job) -> Iterator[bytes]:
        """All listed files and the manifest as one tar, streamed."""

    def keep_input(self, owner: str, job_id: str, name: str, content: bytes) -> None:
        """Keep a file that a job is given, before the job is added; removed with the job.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        """

    def input(self, job: Job, name: str) -> bytes:
        """Read a file that a job was given, if it is still what ``job.request["inputs"]`` says.

        Raises
        ------
        NotFound
            It is gone.
        Conflict
            Somebody has changed it since.
        """

    def drop_inputs(self, owner: str, job_id: str) -> None:
        """Remove the files that a job was to be given; no error where there are none."""

    def drop_orphans(self, is_known: Callable[[str], bool], before: datetime) -> None:
        """Remove files kept before some time for jobs that were never added."""


class Mailer(Protocol):
    """Sends plain-text mail."""

    def send(self, to: str, subject: str, body: str) -> None:
        """Send one message.

        Raises
        ------
        ServiceUnavailable
            The mail server did not take it.
        """
