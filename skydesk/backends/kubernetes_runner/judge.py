"""What becomes of an attempt, by what the cluster shows, how long that has been so, and what it says when it is asked."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ...jobs.model import Job, Phase
from ..local_runner.verdict import Stop, after_shutdown
from . import verdict
from .attempts import Attempt, Desk
from .cluster import Cluster
from .notes import note_of_no_place, note_of_wait
from .settings import ClusterSettings
from .verdict import Seen, WaitingFor

__all__ = ["Judge"]

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 15
"""Before the next job is claimed, after one found no place."""

_QUIET_SECONDS = 5
"""How long the cluster may take to begin a pod before its events are read, and its owner is told what it waits for."""


class Judge:
    """Judges attempts, and knows what takes time.

    Parameters
    ----------
    cluster
        Asked where what is seen is not enough.
    desk
        Knows what an attempt has left on the volume.
    """

    def __init__(
        self,
        cluster: Cluster,
        desk: Desk,
        settings: ClusterSettings,
        *,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self.without_place: dict[str, datetime] = {}
        """Since when jobs have been put back for want of a place, by id."""

        self.short_until = 0.0
        """Until when places are taken to be short, by the monotonic clock."""

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self.without_place.pop(job_id, None)

    def fate(self, attempt: Attempt, seen: Seen) -> Mapping[str, Any] | None:
        """What becomes of an attempt's job; None while it goes on."""
        if attempt.stop is Stop.LOST:
            return None
        uid = attempt.pod_uid if attempt.pod_seen else None
        fields = verdict.ending(attempt.job, seen, pod_uid=uid, end=attempt.end, stop=attempt.stop)
        if fields is None and seen.job is None and not seen.pods:
            return self._fate_of_missing(attempt)
        if fields is None and attempt.stop is None:
            fields = self._fate_of_waiting(attempt, seen)
        if fields is not None and fields["phase"] is Phase.QUEUED and self._was_deleted_by_hand(attempt):
            return verdict.deleted_by_hand(attempt.job)
        return fields

    def _fate_of_missing(self, attempt: Attempt) -> Mapping[str, Any] | None:
        """What becomes of a job for which the cluster shows nothing, which may only mean that we look too early."""
        job = attempt.job
        if self._cluster.job(attempt.name) is not None:
            return None
        if attempt.stop is not None:
            return {"phase": Phase.ABORTED, "error": None}
        if attempt.existed:
            return verdict.deleted_by_hand(job)
        since_claim = (self._clock() - (job.started_at or job.created_at)).total_seconds()
        if since_claim < self._settings.patience.claim_seconds:
            return None
        return verdict.lost(job, "its Job is gone") if self._desk.has_begun(job) else after_shutdown(job)

    def _fate_of_waiting(self, attempt: Attempt, seen: Seen) -> Mapping[str, Any] | None:
        """What becomes of a job whose pod has yet to begin; None while there is patience."""
        wait = verdict.waiting(seen)
        if wait is None:
            attempt.waiting_for = attempt.note = None
            return None
        now = self._monotonic()
        if wait.what is not attempt.waiting_for:
            attempt.waiting_for, attempt.waiting_since = wait.what, now
        waited_seconds = now - attempt.waiting_since
        if (
            seen.job is not None
            and wait.what is WaitingFor.POD
            and waited_seconds >= min(_QUIET_SECONDS, self._settings.patience.place_seconds)
        ):
            wait = verdict.waiting(seen, self._cluster.words_about(verdict.uid_of(seen.job))) or wait
        # what was told before is true a moment longer: not each pod that is begun at once is worth a word
        attempt.note = note_of_wait(wait) if waited_seconds >= _QUIET_SECONDS else attempt.job.note
        if waited_seconds < self._patience_seconds(wait.what):
            return None
        return self._after_wait(attempt.job, wait)

    def _patience_seconds(self, what: WaitingFor) -> float:
        patience = self._settings.patience
        return {
            WaitingFor.QUOTA: 0.0,
            WaitingFor.POD: patience.place_seconds,
            WaitingFor.PLACE: patience.place_seconds,
            WaitingFor.IMAGE: patience.image_seconds,
            WaitingFor.START: patience.start_seconds,
        }[what]

    def _after_wait(self, job: Job, wait: verdict.Waiting) -> Mapping[str, Any]:
        if wait.what in {WaitingFor.QUOTA, WaitingFor.PLACE}:
            return self.put_back(job, wait.words)
        return verdict.after_wait(job, wait, self._settings.image)

    def put_back(self, job: Job, words: str) -> Mapping[str, Any]:
        """What becomes of a job that the cluster has no place for: it waits again, but not for ever."""
        now, patience_seconds = self._clock(), self._settings.patience.queue_seconds
        since = self.without_place.setdefault(job.id, now)
        _log.warning("the cluster has no place for job %s: %s", job.id, words)
        if (now - since).total_seconds() >= patience_seconds:
            return verdict.no_place(job, words, patience_seconds / 3600)
        self.short_until = self._monotonic() + _PAUSE_SECONDS
        return {**after_shutdown(job), "note": note_of_no_place(words)}

    def _was_deleted_by_hand(self, attempt: Attempt) -> bool:
        if attempt.asked_to_end_at is not None or not attempt.existed:
            return False
        made = self._cluster.job(attempt.name)
        return made is None or "deletionTimestamp" in made["metadata"]
