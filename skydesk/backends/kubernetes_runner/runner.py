"""Runs jobs as Kubernetes Jobs: claims them, has a pod made for each, and makes sure that each of them ends."""

import base64
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ...errors import Conflict, LimitExceeded, NotFound, ServiceUnavailable, Unauthenticated
from ...jobs.model import FINAL, Job, JobError, Phase
from ...jobs.ports import JobStore
from ...jobs.reports import ReportKind, WorkerReport
from ..job_folders import LocalJobFolders
from ..local_runner.settings import WorkerSettings
from ..local_runner.verdict import Stop, after_shutdown
from . import verdict
from .attempts import Attempt, Desk, digest
from .cluster import Cluster, QuotaExceeded, Snapshot
from .judge import Judge
from .manifests import ANNOTATION_TOKEN, job_manifest, object_name, secret_manifest
from .notes import NOT_TAKEN
from .request import PodRequest, packed
from .settings import ClusterSettings
from .verdict import Seen

__all__ = ["KubernetesJobRunner"]

_log = logging.getLogger(__name__)

_EXECUTING = frozenset({Phase.EXECUTING})
_PAUSES_SECONDS = (1, 2, 5, 10, 30)
"""Before the next job is claimed, after one, two, ... could not be given to the cluster."""


class KubernetesJobRunner:
    """Runs jobs in pods; a `skydesk.jobs.ports.JobRunner` and a `skydesk.jobs.reports.ReportReceiver`.

    Jobs outlive the runner: one that stops leaves them alone, and the next one with the same instance name goes on with them.
    What the cluster shows is compared with what the store says again and again, so that no single message must arrive.

    Parameters
    ----------
    store
        Where jobs are claimed, and the only one who is told their phases.
    folders
        The volume of the job folders, as this process sees it.
    cluster
        The namespace of the jobs.
    settings
        What all pods have in common.
    worker_settings
        What a worker must know to open its services; paths are those inside a pod.
    workers
        Most pods at a time.
    on_end
        Called with each job that has reached a final phase.
    on_change
        Called when a job changed.
    tick_seconds
        How often to look where nothing is heard.
    """

    def __init__(
        self,
        store: JobStore,
        folders: LocalJobFolders,
        *,
        cluster: Cluster,
        settings: ClusterSettings,
        worker_settings: WorkerSettings,
        workers: int = 20,
        on_end: Callable[[Job], None] = lambda _job: None,
        on_change: Callable[[], None] = lambda: None,
        tick_seconds: float = 1,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = f"kubernetes-{settings.namespace}-{settings.instance}"
        self.pod_starts = 0
        """Pods asked for so far; for metrics."""

        self.pod_ends: Counter[str] = Counter()
        """Pods that have ended so far, by the phase that their jobs took; for metrics."""

        self._store = store
        self._cluster = cluster
        self._settings = settings
        self._worker_settings = worker_settings
        self._workers = workers
        self._on_end = on_end
        self._on_change = on_change
        self._tick_seconds = tick_seconds
        self._clock = clock
        self._monotonic = monotonic
        self._desk = Desk(store, folders, settings, runner_id=self.id, clock=clock)
        self._judge = Judge(cluster, self._desk, settings, clock=clock, monotonic=monotonic)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._attempts: dict[str, Attempt] = {}
        self._has_looked = False
        self._look_problem: str | None = "the cluster has not been reached yet"
        self._begin_problem: str | None = None
        self._failures = 0
        self._claim_again_at = 0.0
        self._thread = threading.Thread(target=self._run, name="skydesk-dispatcher", daemon=True)

    @property
    def problem(self) -> str | None:
        """Why no job can be begun or looked after, where that is so; for health checks."""
        return self._look_problem or self._begin_problem

    def start(self) -> None:
        """Begin to claim jobs, and go on with those that run."""
        self._thread.start()

    def wake(self) -> None:
        """Look for QUEUED jobs now."""
        self._wake.set()

    def cancel(self, job_id: str) -> None:
        """Stop a job if this runner executes it; returns at once."""
        with self._lock:
            for attempt in self._attempts.values():
                if attempt.job.id == job_id and not attempt.settled:
                    attempt.stop = attempt.stop or Stop.CANCELLED
        self._wake.set()

    def stop(self, *, grace_seconds: float = 3) -> None:
        """Claim no more and look after nothing any more; pods go on, and the next runner hears of them."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(max(1.0, grace_seconds))
        self._cluster.close()

    def hear(self, report: WorkerReport, token: str) -> None:
        """Take what a pod reports; see `skydesk.jobs.reports.ReportReceiver`."""
        with self._lock:
            attempt = self._attempts.get(object_name(report.job_id, report.attempt))
            if attempt is None and not self._has_looked:
                raise ServiceUnavailable("the job runner does not yet know which jobs run; say it again in a moment")
            if attempt is None or not attempt.knows(token):
                raise Unauthenticated(f"no attempt {report.attempt} at job {report.job_id} is known by this token")
            if report.kind is ReportKind.END and attempt.end == report.end and attempt.pod_uid == report.pod_uid:
                return
            self._require_speaker(attempt, report)
            attempt.pod_uid = report.pod_uid
            if report.kind is ReportKind.END:
                attempt.end = report.end
        if report.kind is ReportKind.PROGRESS:
            self._keep_progress(attempt.job, report)
        if report.kind is ReportKind.END:
            _log_traceback(attempt.job, report.end or {})
            self._wake.set()

    def _require_speaker(self, attempt: Attempt, report: WorkerReport) -> None:
        ended = attempt.is_over and not (report.kind is ReportKind.END and attempt.end is None and not attempt.settled)
        if ended or attempt.pod_uid not in {None, report.pod_uid}:
            raise Conflict(f"attempt {report.attempt} at job {report.job_id} has ended, or is another pod's")

    def _keep_progress(self, job: Job, report: WorkerReport) -> None:
        try:
            self._store.change(job.id, expect=_EXECUTING, expect_runner=self.id, progress=report.progress)
        except (Conflict, NotFound) as error:
            raise Conflict(f"attempt {report.attempt} at job {report.job_id} is not the present one") from error
        _call(self._on_change)

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._begin_to_watch():
            self._stopping.wait(min(self._tick_seconds, 1))
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._look()
                self._claim()
            except ServiceUnavailable as error:
                self._look_problem = str(error)
                _log.warning("jobs are not looked after at present: %s", error)
                self._stopping.wait(min(0.5, self._tick_seconds))
            except Exception:
                _log.exception("the dispatcher failed and goes on")
                self._stopping.wait(self._tick_seconds)
            self._wake.wait(self._tick_seconds)

    def _begin_to_watch(self) -> bool:
        try:
            self._cluster.start(self._wake.set)
        except ServiceUnavailable as error:
            self._look_problem = str(error)
            _log.error("the cluster cannot be watched: %s", error)
            return False
        return True

    def _look(self) -> None:
        """Compare what the cluster shows with what the store says, attempt by attempt."""
        snapshot = self._cluster.snapshot()
        rows = {object_name(job.id, job.attempt): job for job in self._store.jobs(phases=_EXECUTING) if job.runner == self.id}
        for name in rows.keys() - self._attempts.keys():
            self._adopt(rows[name], snapshot.seen(name))
        self._has_looked = True
        problems: list[ServiceUnavailable] = []
        for name, attempt in tuple(self._attempts.items()):
            try:
                self._step(attempt, rows.get(name), snapshot.seen(name))
            except ServiceUnavailable as error:
                problems.append(error)
        self._delete_strays(snapshot)
        if problems:
            raise problems[0]
        self._look_problem = None

    def _adopt(self, job: Job, seen: Seen) -> None:
        """Go on with an attempt that an earlier runner began."""
        annotations = {} if seen.job is None else seen.job["metadata"].get("annotations", {})
        attempt = Attempt(job=job, note=job.note, token_sha256=annotations.get(ANNOTATION_TOKEN, ""), existed=seen.job is not None)
        _log.info("job %s, attempt %d, is taken over", job.id, job.attempt)
        with self._lock:
            self._attempts[attempt.name] = attempt
        if seen.job is not None and not any(map(verdict.has_started, seen.pods)) and not verdict.is_at_rest(seen):
            self._check_request(attempt, seen.job)

    def _check_request(self, attempt: Attempt, made: Mapping[str, Any]) -> None:
        """See to it that a pod which has not begun has something to do: the runner may have died before it gave it that."""
        try:
            self._give_request(attempt.job, made, secrets.token_urlsafe(32))
        except Conflict:
            return
        _log.warning("the pod of job %s had no request; it is begun again", attempt.job.id)
        attempt.fields = after_shutdown(attempt.job)

    def _step(self, attempt: Attempt, row: Job | None, seen: Seen) -> None:
        """Take one attempt as far as it goes."""
        if attempt.settled:
            self._let_go(attempt, seen)
            return
        if row is None and attempt.fields is None:
            attempt.stop = Stop.LOST
        elif row is not None:
            attempt.job = row
            if row.cancel_requested:
                attempt.stop = attempt.stop or Stop.CANCELLED
        self._note(attempt, seen)
        if attempt.fields is None and (fields := self._judge.fate(attempt, seen)) is not None:
            attempt.fields = self._desk.judged(attempt.job, fields)
            phase, told = attempt.fields["phase"], verdict.glimpse(seen)
            _log.info("job %s, attempt %d, becomes %s (%s)", attempt.job.id, attempt.job.attempt, phase, told)
        if attempt.fields is None and attempt.stop is None:
            if row is not None and self._desk.tell(row, attempt.note):
                _call(self._on_change)
            return
        if self._is_done_with(attempt, seen):
            self._settle(attempt)
        elif attempt.end is None or attempt.stop is not None:
            self._ask_to_end(attempt)

    def _note(self, attempt: Attempt, seen: Seen) -> None:
        """Remember what must not be forgotten when the cluster forgets it."""
        attempt.existed = attempt.existed or seen.job is not None
        with self._lock:
            if attempt.pod_uid is None:
                attempt.pod_uid = next((verdict.uid_of(pod) for pod in seen.pods if verdict.has_started(pod)), None)
            attempt.pod_seen = attempt.pod_seen or any(verdict.uid_of(pod) == attempt.pod_uid for pod in seen.pods)

    def _is_done_with(self, attempt: Attempt, seen: Seen) -> bool:
        """Tell whether what becomes of an attempt's job may be written: nothing of it runs any more, or it is past caring."""
        fields = attempt.fields
        if fields is not None and fields["phase"] in FINAL and attempt.end is not None:
            return True
        at_rest = verdict.is_at_rest(seen)
        if fields is not None and fields["phase"] is Phase.QUEUED:
            at_rest = seen.job is None and not seen.pods
            if not at_rest:
                self._ask_to_end(attempt)
        if at_rest:
            return True
        asked_at = attempt.asked_to_end_at
        return asked_at is not None and self._monotonic() - asked_at > self._settings.patience.lost_seconds

    def _ask_to_end(self, attempt: Attempt) -> None:
        if attempt.asked_to_end_at is None:
            self._cluster.delete_job(attempt.name)
            attempt.asked_to_end_at = self._monotonic()

    def _settle(self, attempt: Attempt) -> None:
        """Write down what becomes of a job, and clear up."""
        settled: Job | None = None
        self._desk.tidy(attempt.job, attempt.fields)
        if attempt.fields is not None and attempt.stop is not Stop.LOST:
            settled = self._desk.settle(attempt.job, attempt.fields)
        attempt.settled_at = self._monotonic()
        if attempt.existed:
            self.pod_ends[Phase.ABORTED if attempt.fields is None else attempt.fields["phase"]] += 1
        self._wake.set()
        if settled is not None:
            _call(self._on_change)
        if settled is not None and settled.phase in FINAL:
            self._judge.forget(settled.id)
            _call(partial(self._on_end, settled))

    def _let_go(self, attempt: Attempt, seen: Seen) -> None:
        """Forget a settled attempt when its place is free; have it ended where it does not end by itself."""
        asked_at, now = attempt.asked_to_end_at, self._monotonic()
        if verdict.is_at_rest(seen) or (asked_at is not None and now - asked_at > self._settings.patience.lost_seconds):
            with self._lock:
                del self._attempts[attempt.name]
            if attempt.pod_uid is not None and self._begin_problem is None:
                self._claim_again_at = self._judge.short_until = 0.0  # its place is free now, whatever was short before
        elif attempt.settled_at is not None and now - attempt.settled_at > 2 * self._settings.stop_seconds:
            self._ask_to_end(attempt)

    def _delete_strays(self, snapshot: Snapshot) -> None:
        """End Jobs of this SkyDesk that nobody wants any more: of jobs deleted, or of attempts given up."""
        for name, made in snapshot.jobs.items():
            known = name in self._attempts or "deletionTimestamp" in made["metadata"]
            if not known and not verdict.is_at_rest(snapshot.seen(name)):
                _log.warning("the Job %s is of no job that runs, and is deleted", name)
                self._cluster.delete_job(name)

    def _claim(self) -> None:
        """Have pods made for as long as there are jobs and places."""
        while not self._stopping.is_set() and len(self._attempts) < self._workers and self._may_claim():
            job = self._store.claim(self.id)
            if job is None:
                return
            _call(self._on_change)
            self._begin(job)

    def _may_claim(self) -> bool:
        return self._monotonic() >= max(self._claim_again_at, self._judge.short_until)

    def _begin(self, job: Job) -> None:
        """Give a claimed job to the cluster; back to the queue with it where that does not take it."""
        token = secrets.token_urlsafe(32)
        attempt = Attempt(job=job, note=job.note, token_sha256=digest(token))
        with self._lock:
            self._attempts[attempt.name] = attempt
        try:
            self._desk.prepare(job)
            self._packed(job, token)
            made = self._cluster.create_job(job_manifest(job, self._settings, attempt.token_sha256))
            attempt.existed = True
            self._give_request(job, made, token)
        except LimitExceeded as error:
            attempt.fields = {"phase": Phase.ERROR, "error": JobError(code=error.code, message=str(error))}
        except QuotaExceeded as error:
            attempt.fields = self._judge.put_back(job, str(error))
        except (Conflict, OSError, ServiceUnavailable) as error:
            attempt.fields = {**after_shutdown(job), "note": NOT_TAKEN}
            pause_seconds = _PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)]
            self._failures += 1
            self._claim_again_at = self._monotonic() + pause_seconds
            self._begin_problem = str(error)
            self._wake.set()
            _log.error("job %s could not be given to the cluster, again in %d s: %s", job.id, pause_seconds, error)
        else:
            self.pod_starts += 1
            self._failures, self._begin_problem = 0, None

    def _packed(self, job: Job, token: str) -> str:
        url = f"{self._settings.report_address}/worker/{job.id}/{job.attempt}"
        return base64.b64encode(packed(PodRequest(job=job, worker=self._worker_settings, report_url=url, token=token))).decode()

    def _give_request(self, job: Job, made: Mapping[str, Any], token: str) -> None:
        self._cluster.create_secret(secret_manifest(job, self._settings, verdict.uid_of(made), self._packed(job, token)))


def _log_traceback(job: Job, end: Mapping[str, Any]) -> None:
    if end.get("traceback"):
        _log.error("job %s: %s\n%s", job.id, (end.get("error") or {}).get("message"), end["traceback"])


def _call(listener: Callable[[], None]) -> None:
    """Tell somebody outside, whose failure is not ours."""
    try:
        listener()
    except Exception:
        _log.exception("a listener of the job runner failed")
