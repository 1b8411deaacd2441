"""One attempt at a job, as the runner knows it, and how its end is written down."""

import hashlib
import hmac
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ...errors import Conflict, NotFound, SkydeskError
from ...jobs.model import FINAL, Job, JobError, Phase
from ...jobs.ports import JobStore
from ..job_folders import LocalJobFolders
from ..job_manifest import LOG
from ..local_runner.verdict import Stop
from .manifests import object_name
from .settings import ClusterSettings
from .verdict import WaitingFor

__all__ = ["Attempt", "Desk", "digest"]

_log = logging.getLogger(__name__)

_EXECUTING = frozenset({Phase.EXECUTING})
_QUEUED = frozenset({Phase.QUEUED})


def digest(token: str) -> str:
    """Give the digest by which a token is known."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(kw_only=True)
class Attempt:
    """One attempt at a job. Changed by the runner's own thread; ``pod_uid`` and ``end`` also by what its pod reports, under a lock."""

    job: Job
    token_sha256: str = ""
    existed: bool = False
    """Its Job was there."""

    pod_uid: str | None = None
    """The pod that does the work."""

    pod_seen: bool = False
    """The cluster has shown that pod, so that its absence means something."""

    stop: Stop | None = None
    end: Mapping[str, Any] | None = None
    """What the worker said last."""

    fields: Mapping[str, Any] | None = None
    """What its job becomes, as soon as nothing of the attempt runs."""

    note: str | None = None
    """What its owner is to be told while its pod has not begun."""

    waiting_for: WaitingFor | None = None
    waiting_since: float = 0.0
    asked_to_end_at: float | None = None
    """When its Job was told to go, by the monotonic clock."""

    settled_at: float | None = None
    """When what becomes of its job was written, by the monotonic clock."""

    @property
    def settled(self) -> bool:
        """True if what becomes of its job stands in the store."""
        return self.settled_at is not None

    @property
    def name(self) -> str:
        """Name of its Job."""
        return object_name(self.job.id, self.job.attempt)

    @property
    def is_over(self) -> bool:
        """True if the worker has nothing more to say."""
        return self.settled or self.stop is not None or self.fields is not None or self.end is not None

    def knows(self, token: str) -> bool:
        """Tell whether a token is the one of this attempt."""
        return bool(self.token_sha256) and hmac.compare_digest(self.token_sha256, digest(token))


class Desk:
    """Writes down what becomes of jobs: in the store, and in their folders.

    Parameters
    ----------
    runner_id
        Who must hold a job for its end to be written.
    """

    def __init__(
        self, store: JobStore, folders: LocalJobFolders, settings: ClusterSettings, *, runner_id: str, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._folders = folders
        self._settings = settings
        self._runner_id = runner_id
        self._clock = clock

    def prepare(self, job: Job) -> None:
        """Make the owner's folder, as a pod may write to it; the node would make one that only root may."""
        folder = self._folders.path(job).parent
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0 and os.stat(folder).st_uid == 0:  # noqa: PTH116
            os.chown(folder, self._settings.user_id, self._settings.group_id)

    def has_begun(self, job: Job) -> bool:
        """Tell whether a worker of the present attempt has made its folder."""
        return self._folders.partial_path(job, job.attempt).exists()

    def judged(self, job: Job, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the fields that a job gets, which is COMPLETED if its results were published before anything went wrong."""
        if fields["phase"] is Phase.COMPLETED:
            return fields
        published = self._folders.published(job)
        return fields if published is None else {"phase": Phase.COMPLETED, "error": None, **published}

    def tidy(self, job: Job, fields: Mapping[str, Any] | None) -> None:
        """Clear away what an attempt left: keep request and log of a job that ends so, the log of one that waits again.

        Parameters
        ----------
        fields
            What the job becomes; None where it is not ours any more.
        """
        partial = self._folders.partial_path(job, job.attempt)
        if not partial.exists() or (fields is not None and fields["phase"] is Phase.COMPLETED):
            return
        try:
            if fields is None:
                self._folders.discard(partial)
            elif fields["phase"] in FINAL:
                error = fields.get("error") or JobError(code="cancelled", message="cancelled by the user")
                _add_to_log(partial, error.message, self._clock())
                self._folders.publish_failure(job, partial, error)
            else:
                self._folders.keep_log(partial)
        except (OSError, SkydeskError) as error:
            _log.warning("what the pod of job %s left stays in %s: %s", job.id, partial, error)

    def tell(self, job: Job, note: str | None) -> bool:
        """Have a job's owner know why it waits, or that it no longer does; True where that is new.

        Raises
        ------
        ServiceUnavailable
            The store does not answer.
        """
        if note == job.note:
            return False
        try:
            self._store.change(job.id, expect=_EXECUTING, expect_runner=self._runner_id, note=note)
        except (Conflict, NotFound):
            return False  # it is not ours any more, as the next look will show
        return True

    def settle(self, job: Job, fields: Mapping[str, Any]) -> Job | None:
        """Write what becomes of a job, as long as this attempt is its present one.

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
            fields = {**fields, "ended_at": self._clock(), "note": None}
        while (row := self._store.get(job.id)) is not None and self._is_ours(row, job):
            try:
                settled = self._store.change(job.id, expect=_EXECUTING, expect_revision=row.revision, **fields)
                if settled.phase is Phase.QUEUED and settled.cancel_requested:
                    settled = self._store.change(job.id, expect=_QUEUED, phase=Phase.ABORTED, ended_at=self._clock())
            except Conflict:
                continue  # its progress was written between the two looks
            except NotFound:
                return None
            return settled
        written = (fields["phase"], fields.get("runner", self._runner_id), fields.get("attempt", job.attempt))
        if row is not None and (row.phase, row.runner, row.attempt) == written:
            return row  # written by a try before this one, whose answer was lost
        _log.info("the end of attempt %d at job %s was not written: it is not ours any more", job.attempt, job.id)
        return None

    def _is_ours(self, row: Job, job: Job) -> bool:
        return (row.phase, row.runner, row.attempt) == (Phase.EXECUTING, self._runner_id, job.attempt)


def _add_to_log(partial: Path, words: str, now: datetime) -> None:
    """Write a line that the worker did not live to write; never through a link, since the lab may write to the folder too."""
    line = f"{now.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {words}\n"
    descriptor = os.open(partial / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        os.write(descriptor, line.encode(errors="backslashreplace"))
    finally:
        os.close(descriptor)
