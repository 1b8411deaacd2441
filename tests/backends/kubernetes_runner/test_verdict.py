"""What the cluster shows of an attempt, and what becomes of its job: tables."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from skydesk.backends.kubernetes_runner.verdict import (
    Seen,
    Waiting,
    WaitingFor,
    after_wait,
    deleted_by_hand,
    ending,
    glimpse,
    is_at_rest,
    lost,
    no_place,
    waiting,
)
from skydesk.backends.local_runner.verdict import REQUEUED, Stop
from skydesk.jobs.model import Phase
from tests.backends.kubernetes_runner.jobs import job_with

JOB: dict[str, Any] = {"metadata": {"uid": "job-1"}, "status": {}}
END = {"kind": "end", "phase": "COMPLETED", "error": None, "rows": 3, "files_count": 1, "size_bytes": 5, "interrupted": False}
INTERRUPTED = {**END, "phase": "ABORTED", "interrupted": True}


def job_that(kind: str, reason: str = "") -> dict[str, Any]:
    return {**JOB, "status": {"conditions": [{"type": kind, "status": "True", "reason": reason}]}}


def pod_that(phase: str = "Running", *, state: Mapping[str, Any] | None = None, node: str = "node1", **status: Any) -> dict[str, Any]:
    statuses = {} if state is None else {"containerStatuses": [{"name": "worker", "state": state}]}
    return {
        "metadata": {"uid": "pod-1", "name": "skydesk-1-abc"},
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, **statuses, **status},
    }


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return pod_that("Failed" if code else "Succeeded", state={"terminated": {"exitCode": code, "reason": reason, "message": message}})


EVICTED_FOR_ITSELF = 'Usage of EmptyDir volume "scratch" exceeds the limit "16Mi". '
EVICTED_FOR_OTHERS = "The node was low on resource: memory. Container worker was using 1Gi, which exceeds its request of 0. "


@pytest.mark.parametrize(
    ("pod", "phase", "code", "words"),
    [
        pytest.param(pod_that("Pending"), None, None, "", id="waits"),
        pytest.param(pod_that(state={"running": {}}), None, None, "", id="runs"),
        pytest.param(terminated(0, "Completed", json.dumps(END)), "COMPLETED", None, "", id="told by its last message"),
        pytest.param(terminated(137, "OOMKilled"), "ERROR", "limit_exceeded", "more memory than its limit of 2 GiB", id="out of memory"),
        pytest.param(terminated(142), "ABORTED", "deadline_exceeded", "longer than its limit of 600 s", id="its own alarm"),
        pytest.param(terminated(152), "ABORTED", "deadline_exceeded", "longer than its limit of 600 s", id="processor time"),
        pytest.param(terminated(139), "QUEUED", None, "", id="crashed: again"),
        pytest.param(terminated(0, "Completed", "{"), "QUEUED", None, "", id="said nothing of use: again"),
        pytest.param(pod_that("Failed", reason="DeadlineExceeded"), "ABORTED", "deadline_exceeded", "600 s", id="the cluster's deadline"),
        pytest.param(
            pod_that("Failed", reason="Evicted", message=EVICTED_FOR_ITSELF),
            "ERROR", "limit_exceeded", "scratch space", id="too much scratch",
        ),
        pytest.param(
            pod_that("Failed", reason="Evicted", message="Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "),
            "ERROR", "limit_exceeded", "scratch space", id="too much disk",
        ),
        pytest.param(
            pod_that("Failed", reason="Evicted", message=EVICTED_FOR_OTHERS), "QUEUED", None, "", id="node short of memory: again"
        ),
        pytest.param(
            pod_that("Failed", reason="Evicted", message="The node had condition: [DiskPressure]. "),
            "QUEUED", None, "", id="disk pressure: again",
        ),
        pytest.param(pod_that("Failed", reason="NodeLost"), "QUEUED", None, "", id="node lost: again"),
        pytest.param(pod_that("Failed", reason="Preempting"), "QUEUED", None, "", id="preempted: again"),
    ],
)  # fmt: skip
def test_a_pod_s_state_is_judged(pod: dict[str, Any], phase: str | None, code: str | None, words: str) -> None:
    fields = ending(job_with(), Seen(job=JOB, pods=(pod,)), pod_uid="pod-1", end=None, stop=None)
    if phase is None:
        assert fields is None
        return
    assert fields is not None
    assert fields["phase"] == phase
    error = fields.get("error")
    assert (None if error is None else error.code) == code
    assert words in ("" if error is None else error.message)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(139, "its worker died by signal 11"), (1, "its worker died with exit status 1"), (3, "its pod did not reach the service")],
)
def test_the_third_loss_is_an_error_that_says_how_it_came_about(status: int, cause: str) -> None:
    fields = ending(job_with(attempt=3), Seen(job=JOB, pods=(terminated(status),)), pod_uid="pod-1", end=None, stop=None)
    assert fields is not None
    assert fields["phase"] is Phase.ERROR
    assert fields["error"].message.startswith(f"it was begun 3 times, and at last {cause}; run it again later")


@pytest.mark.parametrize(
    ("seen", "stop", "phase"),
    [
        pytest.param(Seen(job=JOB, pods=(pod_that(state={"running": {}}),)), None, None, id="not judged before it is gone"),
        pytest.param(Seen(job=JOB), None, "QUEUED", id="lost"),
        pytest.param(Seen(job=None), Stop.CANCELLED, "ABORTED", id="cancelled"),
        pytest.param(Seen(job=JOB, pods=(pod_that(state={"running": {}}),)), Stop.CANCELLED, None, id="cancelled, still going"),
        pytest.param(
            Seen(job=JOB, pods=(pod_that("Failed", reason="Evicted", message=EVICTED_FOR_ITSELF),)),
            None,
            "ERROR",
            id="for its scratch space",
        ),
    ],
)
def test_a_worker_that_was_stopped_from_outside_is_judged_by_why(seen: Seen, stop: Stop | None, phase: str | None) -> None:
    fields = ending(job_with(), seen, pod_uid="pod-1", end=INTERRUPTED, stop=stop)
    assert (None if fields is None else fields["phase"]) == phase


def test_what_the_worker_told_counts_more_than_what_is_seen() -> None:
    fields = ending(job_with(), Seen(job=None), pod_uid="pod-1", end=END, stop=Stop.CANCELLED)
    assert fields is not None
    assert (fields["phase"], fields["rows"], fields["files_count"], fields["size_bytes"]) == (Phase.COMPLETED, 3, 1, 5)


def test_a_pod_that_is_not_the_one_that_works_is_not_listened_to() -> None:
    other = {**terminated(0, "Completed", json.dumps(END)), "metadata": {"uid": "pod-2", "name": "x"}}
    assert ending(job_with(), Seen(job=JOB, pods=(other,)), pod_uid="pod-1", end=None, stop=None) == REQUEUED


@pytest.mark.parametrize(
    ("reason", "attempt"),
    [("DeadlineExceeded", 0), ("BackoffLimitExceeded", None)],
    ids=["never had a place: no attempt", "given up: again"],
)
def test_a_job_that_the_cluster_gave_up_without_a_pod(reason: str, attempt: int | None) -> None:
    fields = ending(job_with(), Seen(job=job_that("Failed", reason)), pod_uid=None, end=None, stop=None)
    assert fields is not None
    assert (fields["phase"], fields.get("attempt")) == (Phase.QUEUED, attempt)


QUOTA = 'Error creating: pods "x" is forbidden: exceeded quota: few-pods, requested: pods=1, used: pods=1, limited: pods=1'
NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient memory.",
}


def state_of(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@pytest.mark.parametrize(
    ("seen", "events", "expected"),
    [
        pytest.param(Seen(job=None), (), None, id="no Job"),
        pytest.param(Seen(job=JOB), (), Waiting(what=WaitingFor.POD), id="no pod yet"),
        pytest.param(Seen(job=JOB), (QUOTA, "noise"), Waiting(what=WaitingFor.QUOTA, words=QUOTA), id="quota"),
        pytest.param(
            Seen(job=JOB), ("pods is forbidden: maximum memory",),
            Waiting(what=WaitingFor.POD, words="pods is forbidden: maximum memory"), id="limit range",
        ),
        pytest.param(
            Seen(job=JOB, pods=(pod_that("Pending", node="", conditions=[NO_NODE]),)), (),
            Waiting(what=WaitingFor.PLACE, words="0/1 nodes are available: 1 Insufficient memory."), id="no node",
        ),
        pytest.param(
            Seen(job=JOB, pods=(pod_that("Pending", state=state_of("ErrImagePull", "not found")),)), (),
            Waiting(what=WaitingFor.IMAGE, words="ErrImagePull: not found"), id="no image",
        ),
        pytest.param(
            Seen(job=JOB, pods=(pod_that("Pending", state=state_of("CreateContainerConfigError", "secret not found")),)), (),
            Waiting(what=WaitingFor.START, words="CreateContainerConfigError: secret not found"), id="broken container",
        ),
        pytest.param(
            Seen(job=JOB, pods=(pod_that("Pending", state=state_of("ContainerCreating")),)), (),
            Waiting(what=WaitingFor.START), id="being made",
        ),
        pytest.param(Seen(job=JOB, pods=(pod_that(state={"running": {}}),)), (), None, id="runs"),
        pytest.param(Seen(job=JOB, pods=(terminated(1),)), (), None, id="has ended"),
    ],
)  # fmt: skip
def test_what_keeps_a_pod_from_its_work(seen: Seen, events: tuple[str, ...], expected: Waiting | None) -> None:
    assert waiting(seen, events) == expected


@pytest.mark.parametrize(
    ("what", "words", "phase", "told"),
    [
        (WaitingFor.QUOTA, QUOTA, "QUEUED", None),
        (WaitingFor.PLACE, "Insufficient memory", "QUEUED", None),
        (
            WaitingFor.IMAGE,
            "ErrImagePull: no such\n host",
            "ERROR",
            "the image worker:1 of job workers cannot be fetched (ErrImagePull: no such host)",
        ),
        (WaitingFor.POD, "", "ERROR", "the cluster makes no pod for it (it does not say why)"),
        (WaitingFor.START, "", "QUEUED", None),
    ],
)
def test_when_patience_has_ended(what: WaitingFor, words: str, phase: str, told: str | None) -> None:
    fields = after_wait(job_with(), Waiting(what=what, words=words), "worker:1")
    assert fields["phase"] == phase
    assert told is None or fields["error"].message.startswith(told)
    assert fields.get("attempt") == (0 if what in {WaitingFor.QUOTA, WaitingFor.PLACE} else None)


def test_long_words_of_the_cluster_are_cut() -> None:
    fields = after_wait(job_with(), Waiting(what=WaitingFor.IMAGE, words="x" * 5000), "worker:1")
    assert len(fields["error"].message) < 500


def test_a_job_whose_end_its_owner_wished_for_is_aborted_without_reproach() -> None:
    wished = job_with(cancel_requested=True)
    for fields in (lost(wished, "its pod is gone"), deleted_by_hand(wished)):
        assert fields == {"phase": Phase.ABORTED, "error": None}


def test_a_job_without_a_place_for_long_says_what_was_lacking() -> None:
    message = no_place(job_with(), "Insufficient memory", 24)["error"].message
    assert message.startswith("the cluster had no place for it in 24 h (Insufficient memory); ask for less memory")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(job=None), True),
        (Seen(job=JOB), False),
        (Seen(job=job_that("Complete")), True),
        (Seen(job=job_that("Failed"), pods=(pod_that(),)), False),
        (Seen(job=job_that("Failed"), pods=(terminated(1),)), True),
        (Seen(job=None, pods=(pod_that(),)), False),
    ],
)
def test_nothing_is_at_rest_while_a_pod_may_run(seen: Seen, expected: bool) -> None:
    assert is_at_rest(seen) is expected


def test_the_log_is_told_in_a_line() -> None:
    assert glimpse(Seen(job=None)) == "no Job; no pod"
    assert glimpse(Seen(job=job_that("Failed", "X"), pods=(pod_that("Pending"),))) == "Job X; pod skydesk-1-abc Pending {}"
