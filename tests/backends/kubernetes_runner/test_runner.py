"""The runner against a cluster that does what a test says."""

import gzip
import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.job_manifest import LOG
from skydesk.backends.kubernetes_runner import KubernetesJobRunner
from skydesk.backends.kubernetes_runner.cluster import QuotaExceeded
from skydesk.backends.kubernetes_runner.manifests import ANNOTATION_TOKEN, object_name
from skydesk.backends.local_runner import WorkerSettings
from skydesk.errors import Conflict, ServiceUnavailable, Unauthenticated
from skydesk.jobs.model import Job, JobOutcome, Phase, Progress
from skydesk.jobs.reports import ReportKind, WorkerReport
from tests.backends.kubernetes_runner.jobs import SETTINGS
from tests.fakes.cluster import FakeCluster
from tests.faults.stage import Stage

END = {"kind": "end", "phase": "COMPLETED", "error": None, "rows": 3, "files_count": 1, "size_bytes": 5, "interrupted": False}
UNSCHEDULABLE = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory."}]}


class FakeTime:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


class Scene(Stage):
    """A stage with a fake cluster, and what its pods would say."""

    seconds = 10

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cluster = FakeCluster()
        self.time = FakeTime()
        self.ended: list[Job] = []

    def pods_runner(self, **settings: Any) -> KubernetesJobRunner:
        """A runner that has begun."""
        defaults: dict[str, Any] = {"settings": SETTINGS, "workers": 4, "tick_seconds": 0.02, "cluster": self.cluster}
        runner = KubernetesJobRunner(
            self.store,
            self.folders,
            worker_settings=WorkerSettings(jobs_root="/srv/skydesk/jobs", preload=()),
            on_end=self.ended.append,
            clock=self.time.now,
            monotonic=self.time.monotonic,
            **{**defaults, **settings},
        )
        self._runners.append(runner)  # type: ignore[arg-type]
        runner.start()
        return runner

    def name(self, job: Job, attempt: int = 1) -> str:
        """The Job of an attempt, once it is there with its Secret."""
        name = object_name(job.id, attempt)
        self.until(lambda: name in self.cluster.jobs and name in self.cluster.secrets)
        return name

    def request(self, name: str) -> dict[str, Any]:
        """What a pod is given."""
        [data] = self.cluster.secrets[name]["data"].values()
        document: dict[str, Any] = json.loads(gzip.decompress(b64decode(data)))
        return document

    def say(self, runner: KubernetesJobRunner, name: str, kind: ReportKind, pod_uid: str | None = None, **values: Any) -> None:
        """Report as the pod of an attempt."""
        _, job_id, attempt = name.split("-")
        report = WorkerReport(job_id=job_id, attempt=int(attempt), pod_uid=pod_uid or self.cluster.pod_of(name), kind=kind, **values)
        runner.hear(report, self.request(name)["token"])

    def running(self, runner: KubernetesJobRunner, job: Job, attempt: int = 1) -> str:
        """Have the pod of a job begin; the name of its Job."""
        name = self.name(job, attempt)
        self.cluster.run(self.cluster.pod_of(name))
        self.until(lambda: name in runner._attempts)
        self.say(runner, name, ReportKind.STARTED)
        return name


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def test_a_job_runs_in_a_pod_and_its_end_is_told_by_it(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.say(runner, name, ReportKind.PROGRESS, progress=Progress(done=1, total=3))
    assert scene.job(job).progress == Progress(done=1, total=3)
    scene.say(runner, name, ReportKind.PUBLISHING)
    scene.say(runner, name, ReportKind.END, end=END)
    done = scene.until_final(job)
    assert (done.phase, done.rows, done.files_count, done.attempt) == (Phase.COMPLETED, 3, 1, 1)
    scene.until(lambda: [each.id for each in scene.ended] == [job.id])
    assert runner.problem is None
    assert scene.cluster.deleted == []


def test_what_a_pod_is_given_holds_no_address_of_the_catalogue_and_the_job_no_token(scene: Scene) -> None:
    job = scene.submit("write", {"text": "stars"})
    scene.pods_runner()
    name = scene.name(job)
    request = scene.request(name)
    assert request["job"]["request"] == {"text": "stars"}
    assert request["report_url"] == f"{SETTINGS.report_address}/worker/{job.id}/1"
    assert set(request) == {"job", "worker", "report_url", "token"}
    assert request["token"] not in json.dumps(scene.cluster.jobs[name])


def test_an_end_that_nobody_heard_is_read_from_the_pod(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.cluster.end(scene.cluster.pod_of(name), message=json.dumps(END))
    assert scene.until_final(job).phase is Phase.COMPLETED


def test_only_the_pod_of_the_attempt_is_heard_and_nobody_after_the_end(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    report = WorkerReport(job_id=job.id, attempt=1, pod_uid=scene.cluster.pod_of(name), kind=ReportKind.PUBLISHING)
    token = scene.request(name)["token"]
    for wrong, given in ((report, "guess"), (report, ""), (replace(report, attempt=2), token), (replace(report, job_id="x" * 16), token)):
        with pytest.raises(Unauthenticated):
            runner.hear(wrong, given)
    with pytest.raises(Conflict, match="another pod"):
        runner.hear(replace(report, pod_uid="pod-99"), token)
    runner.hear(replace(report, kind=ReportKind.END, end=END), token)
    runner.hear(replace(report, kind=ReportKind.END, end=END), token)
    with pytest.raises((Conflict, Unauthenticated)):
        runner.hear(report, token)


def test_a_runner_that_has_not_looked_yet_asks_to_be_told_again(scene: Scene) -> None:
    scene.cluster.unreachable = True
    runner = scene.pods_runner()
    with pytest.raises(ServiceUnavailable, match="does not yet know"):
        runner.hear(WorkerReport(job_id="x" * 16, attempt=1, pod_uid="pod-1", kind=ReportKind.STARTED), "token")


def test_there_are_never_more_pods_than_workers_and_an_ended_one_keeps_its_place_until_it_is_gone(scene: Scene) -> None:
    jobs = [scene.submit("write") for _ in range(5)]
    runner = scene.pods_runner(workers=2)
    first = scene.running(runner, jobs[0])
    scene.name(jobs[1])
    scene.say(runner, first, ReportKind.END, end=END)
    scene.until_final(jobs[0])
    assert len(scene.cluster.jobs) == 2
    scene.cluster.end(scene.cluster.pod_of(first), message=json.dumps(END))
    for job in jobs[1:]:
        name = scene.running(runner, job)
        scene.cluster.end(scene.cluster.pod_of(name), message=json.dumps(END))
    assert scene.until_all_final() == {Phase.COMPLETED: 5}
    assert scene.cluster.most_pods == 2


def test_a_lost_pod_is_replaced_by_one_of_the_next_attempt_and_the_old_token_is_worth_nothing(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    uid, token = scene.cluster.pod_of(name), scene.request(name)["token"]
    scene.until(lambda: uid in scene.cluster.pods)
    scene.until(lambda: runner._attempts[name].pod_seen)
    scene.cluster.remove_pod(uid)
    scene.cluster.make_pod(name)
    second = scene.running(runner, job, 2)
    for kind in (ReportKind.STARTED, ReportKind.PUBLISHING):
        with pytest.raises((Conflict, Unauthenticated)):
            runner.hear(WorkerReport(job_id=job.id, attempt=1, pod_uid=uid, kind=kind), token)
    assert name not in scene.cluster.jobs
    scene.say(runner, second, ReportKind.END, end=END)
    assert scene.until_final(job).attempt == 2


def test_a_pod_on_a_silent_node_is_given_up_after_a_while(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.until(lambda: runner._attempts[name].pod_seen)
    scene.cluster.node_is_silent = True
    scene.cluster.set_status(scene.cluster.pod_of(name), phase="Failed", reason="NodeLost", state={"running": {}})
    scene.until(lambda: "deletionTimestamp" in scene.cluster.jobs[name]["metadata"] or name in scene.cluster.deleted)
    scene.cluster.set_status(scene.cluster.pod_of(name), phase="Running")
    assert scene.job(job).attempt == 1
    scene.time.seconds += SETTINGS.patience.lost_seconds + 1
    scene.name(job, 2)
    assert scene.job(job).attempt == 2


def test_a_job_that_was_deleted_on_the_cluster_is_aborted_but_not_where_its_results_are_there(scene: Scene) -> None:
    gone, published = scene.submit("write"), scene.submit("write")
    runner = scene.pods_runner()
    names = [scene.running(runner, job) for job in (gone, published)]
    claimed = scene.job(published)
    partial = scene.folders.begin(claimed, 1)
    (partial / "result.txt").write_text("stars")
    scene.folders.publish(claimed, partial, JobOutcome(files=("result.txt",), rows=7), {})
    scene.until(lambda: all(runner._attempts[name].pod_seen for name in names))
    for name in names:
        scene.cluster.remove_job(name)
    done = scene.until_final(gone)
    assert done.error is not None
    assert (done.phase, done.error.code) == (Phase.ABORTED, "cancelled")
    done = scene.until_final(published)
    assert (done.phase, done.rows, done.files_count) == (Phase.COMPLETED, 7, 1)


def test_a_cancelled_job_s_pod_is_ended_and_may_not_publish(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.cluster.node_is_silent = True
    runner.cancel(job.id)
    scene.until(lambda: name in scene.cluster.deleted)
    with pytest.raises(Conflict):
        scene.say(runner, name, ReportKind.PUBLISHING)
    assert scene.job(job).phase is Phase.EXECUTING
    scene.cluster.remove_job(name)
    done = scene.until_final(job)
    assert (done.phase, done.error) == (Phase.ABORTED, None)


def test_what_a_killed_pod_left_is_kept_as_far_as_it_helps(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    partial = scene.folders.begin(scene.job(job), 1)
    (partial / LOG).write_text("2026-01-02T03:04:05.000Z write job\n")
    (partial / "half.txt").write_text("half")
    scene.cluster.end(scene.cluster.pod_of(name), exit_code=137, reason="OOMKilled")
    done = scene.until_final(job)
    assert done.phase is Phase.ERROR
    lines = [line.partition("Z ")[2] for line in scene.folders.log(done).splitlines()]
    assert lines[0] == "write job"
    assert lines[1].startswith("it needs more memory than its limit of 256 MiB")
    assert not list(scene.folders.path(done).glob("half*"))


def test_a_quota_puts_a_job_back_without_counting_and_the_next_place_is_tried_at_once(scene: Scene) -> None:
    first = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, first)
    scene.cluster.refusal = QuotaExceeded("exceeded quota: few-jobs")
    second = scene.submit("write")
    scene.until(lambda: second.id in runner._judge.without_place)
    scene.until_phase(second, Phase.QUEUED)
    assert (scene.job(second).attempt, runner.problem) == (0, None)
    assert scene.job(second).note == "it waits for other jobs to end: the quota few-jobs of the cluster is used up"
    scene.cluster.refusal = None
    scene.say(runner, name, ReportKind.END, end=END)
    scene.cluster.end(scene.cluster.pod_of(name), message=json.dumps(END))
    assert scene.job(first).attempt == 1
    scene.name(second)
    assert scene.job(second).attempt == 1
    scene.running(runner, second)
    scene.until(lambda: scene.job(second).note is None)


def test_a_pod_that_waits_for_a_node_tells_its_owner_so_until_it_has_one(scene: Scene) -> None:
    job = scene.submit("write")
    changes: list[None] = []
    runner = scene.pods_runner(on_change=lambda: changes.append(None))
    name = scene.name(job)
    uid = scene.cluster.pod_of(name)
    spec = scene.cluster.pods[uid]["spec"]
    scene.cluster.pods[uid]["spec"] = {}
    scene.cluster.set_status(uid, phase="Pending", **UNSCHEDULABLE)
    scene.until(lambda: runner._attempts[name].waiting_for is not None)
    assert scene.job(job).note is None, "not each pod that is begun at once is worth a word"
    before = len(changes)
    scene.time.seconds += 6
    scene.until(lambda: scene.job(job).note == "it waits for a node with room (1 Insufficient memory)")
    assert (scene.job(job).phase, scene.job(job).attempt) == (Phase.EXECUTING, 1)
    scene.until(lambda: len(changes) == before + 1)
    scene.cluster.pods[uid]["spec"] = spec
    scene.running(runner, job)
    scene.until(lambda: scene.job(job).note is None)


def test_the_note_of_a_job_that_waits_does_not_outlive_it(scene: Scene) -> None:
    scene.cluster.refusal = QuotaExceeded("exceeded quota: few-jobs")
    job = scene.submit("write")
    runner = scene.pods_runner()
    scene.until(lambda: scene.job(job).note is not None and scene.job(job).phase is Phase.QUEUED)
    scene.time.seconds += SETTINGS.patience.queue_seconds + 1
    assert scene.until_final(job).note is None
    assert runner.pod_ends == {}, "there never was a pod"


def test_pods_are_counted_when_they_are_asked_for_and_when_they_end(scene: Scene) -> None:
    jobs = [scene.submit("write") for _ in range(2)]
    runner = scene.pods_runner()
    for job in jobs:
        name = scene.running(runner, job)
        scene.say(runner, name, ReportKind.END, end=END)
        scene.until_final(job)
    assert (runner.pod_starts, runner.pod_ends) == (2, {"COMPLETED": 2})


def test_pods_that_the_quota_refuses_are_heard_of_in_the_cluster_s_events(scene: Scene) -> None:
    scene.cluster.makes_pods = False
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.name(job)
    made = scene.cluster.jobs[name]["metadata"]["uid"]
    scene.cluster.events[made] = ('Error creating: pods "x" is forbidden: exceeded quota: few-pods',)
    scene.until(lambda: runner._attempts[name].waiting_for is not None)
    scene.time.seconds += 6
    scene.until(lambda: scene.job(job).phase is Phase.QUEUED and not scene.cluster.jobs)
    assert scene.job(job).attempt == 0


@pytest.mark.parametrize(
    ("status", "seconds", "phase", "attempt"),
    [
        pytest.param({"phase": "Pending", **UNSCHEDULABLE}, SETTINGS.patience.place_seconds, Phase.QUEUED, 0, id="no place: back"),
        pytest.param(
            {"phase": "Pending", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}},
            SETTINGS.patience.image_seconds, Phase.ERROR, 1, id="no image: error",
        ),
        pytest.param(
            {"phase": "Pending", "state": {"waiting": {"reason": "ContainerCreating"}}},
            SETTINGS.patience.start_seconds, Phase.EXECUTING, 2, id="does not start: again",
        ),
    ],
)  # fmt: skip
def test_patience_with_a_pod_that_does_not_begin(scene: Scene, status: dict[str, Any], seconds: float, phase: Phase, attempt: int) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.name(job)
    uid = scene.cluster.pod_of(name)
    if "conditions" in status:
        scene.cluster.pods[uid]["spec"] = {}
    scene.cluster.set_status(uid, **status)
    scene.until(lambda: runner._attempts[name].waiting_for is not None)
    scene.time.seconds += seconds - 1
    assert scene.job(job).phase is Phase.EXECUTING
    scene.time.seconds += 2
    scene.until(lambda: (scene.job(job).phase, scene.job(job).attempt) == (phase, attempt))


def test_a_job_that_never_finds_a_place_ends_in_words(scene: Scene) -> None:
    scene.cluster.refusal = QuotaExceeded("exceeded quota: few-jobs")
    job = scene.submit("write")
    runner = scene.pods_runner()
    scene.until(lambda: job.id in runner._judge.without_place and scene.job(job).phase is Phase.QUEUED)
    scene.time.seconds += SETTINGS.patience.queue_seconds + 1
    done = scene.until_final(job)
    assert done.error is not None
    assert done.error.message.startswith("the cluster had no place for it in 24 h (exceeded quota: few-jobs)")


def test_while_the_cluster_takes_no_job_none_is_lost_and_the_problem_is_told(scene: Scene) -> None:
    scene.cluster.refusal = ServiceUnavailable("the cluster refuses POST jobs (403): jobs.batch is forbidden")
    job = scene.submit("write")
    runner = scene.pods_runner()
    scene.until(lambda: runner.problem is not None and "is forbidden" in runner.problem)
    scene.until(lambda: scene.job(job).phase is Phase.QUEUED)
    assert scene.job(job).attempt == 0
    assert scene.job(job).note == "the cluster does not take it at present; it is tried again, and the operator is told"
    scene.cluster.refusal = None
    scene.time.seconds += 60
    scene.name(job)
    scene.until(lambda: runner.problem is None)
    assert scene.job(job).attempt == 1


def test_a_job_whose_request_could_not_be_given_is_begun_again(scene: Scene) -> None:
    scene.cluster.secret_refusal = ServiceUnavailable("the cluster refuses POST secrets (500)")
    job = scene.submit("write")
    scene.pods_runner()
    scene.until(lambda: bool(scene.cluster.deleted) and scene.job(job).phase is Phase.QUEUED)
    scene.cluster.secret_refusal = None
    scene.time.seconds += 60
    scene.name(job)
    assert scene.job(job).attempt == 1


def test_a_cluster_that_cannot_be_reached_at_first_is_tried_again(scene: Scene) -> None:
    scene.cluster.unreachable = True
    job = scene.submit("write")
    runner = scene.pods_runner()
    scene.until(lambda: runner.problem == "the cluster's API does not answer")
    scene.cluster.unreachable = False
    scene.running(runner, job)
    scene.until(lambda: runner.problem is None)


def test_a_cluster_that_does_not_answer_changes_nothing(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.cluster.unreachable = True
    scene.until(lambda: runner.problem == "the cluster's API does not answer")
    scene.say(runner, name, ReportKind.PROGRESS, progress=Progress(done=1))
    scene.cluster.unreachable = False
    scene.until(lambda: runner.problem is None)
    assert (scene.job(job).phase, scene.job(job).attempt) == (Phase.EXECUTING, 1)


def test_a_runner_goes_on_with_what_the_one_before_it_began(scene: Scene) -> None:
    job = scene.submit("write")
    first = scene.pods_runner()
    name = scene.running(first, job)
    first.stop()
    assert scene.cluster.deleted == []
    second = scene.pods_runner()
    scene.until(lambda: name in second._attempts)
    scene.say(second, name, ReportKind.PROGRESS, progress=Progress(done=2))
    with pytest.raises(Conflict):
        scene.say(second, name, ReportKind.PUBLISHING, pod_uid="pod-99")
    scene.say(second, name, ReportKind.END, end=END)
    assert scene.until_final(job).attempt == 1


def test_a_job_claimed_by_a_runner_that_died_before_it_asked_for_a_pod_is_begun_and_that_is_no_attempt(scene: Scene) -> None:
    job = scene.submit("write")
    scene.store.claim(f"kubernetes-{SETTINGS.namespace}-{SETTINGS.instance}")
    runner = scene.pods_runner()
    scene.until(lambda: bool(runner._attempts))
    assert (scene.job(job).phase, scene.cluster.jobs) == (Phase.EXECUTING, {})
    scene.time.seconds += SETTINGS.patience.claim_seconds + 1
    scene.name(job)
    assert scene.job(job).attempt == 1


@pytest.mark.parametrize("has_request", [False, True])
def test_a_pod_that_waits_for_a_request_that_never_came_is_replaced(scene: Scene, has_request: bool) -> None:
    job = scene.submit("write")
    first = scene.pods_runner()
    name = scene.name(job)
    digest = scene.cluster.jobs[name]["metadata"]["annotations"][ANNOTATION_TOKEN]
    first.stop()
    if not has_request:
        del scene.cluster.secrets[name]
    second = scene.pods_runner()
    if has_request:
        scene.running(second, job)
    else:
        scene.until(lambda: name in scene.cluster.jobs and scene.cluster.jobs[name]["metadata"]["annotations"][ANNOTATION_TOKEN] != digest)
        scene.running(second, job)
    assert scene.job(job).attempt == 1


def test_jobs_of_nobody_are_ended_and_those_of_another_attempt_too(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    stray = object_name("z" * 16, 1)
    scene.cluster.create_job({**scene.cluster.jobs[name], "metadata": {**scene.cluster.jobs[name]["metadata"], "name": stray}})
    scene.until(lambda: stray in scene.cluster.deleted)
    assert name not in scene.cluster.deleted


def test_a_job_deleted_by_its_owner_leaves_nothing(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.folders.begin(scene.job(job), 1)
    scene.store.remove(job.id, expect=frozenset({Phase.EXECUTING}))
    scene.until(lambda: not scene.cluster.jobs and not scene.partials() and name not in runner._attempts)
    assert scene.ended == []


def test_what_an_earlier_attempt_says_of_its_end_does_not_end_the_next(scene: Scene) -> None:
    job = scene.submit("write")
    runner = scene.pods_runner()
    name = scene.running(runner, job)
    scene.cluster.end(scene.cluster.pod_of(name), exit_code=139, reason="Error")
    second = scene.running(runner, job, 2)
    assert scene.job(job).attempt == 2
    scene.say(runner, second, ReportKind.END, end={**END, "phase": "ERROR", "error": {"code": "invalid_request", "message": "no"}})
    done = scene.until_final(job)
    assert done.error is not None
    assert (done.phase, done.error.message, done.attempt) == (Phase.ERROR, "no", 2)


def test_reports_from_many_threads_leave_one_end(scene: Scene) -> None:
    jobs = [scene.submit("write") for _ in range(4)]
    runner = scene.pods_runner()
    names = [scene.running(runner, job) for job in jobs]

    def report(name: str) -> None:
        for done in range(20):
            scene.say(runner, name, ReportKind.PROGRESS, progress=Progress(done=done))
        scene.say(runner, name, ReportKind.END, end=END)

    threads = [threading.Thread(target=report, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scene.until_all_final() == {Phase.COMPLETED: 4}
    scene.until(lambda: len(scene.ended) == 4)
