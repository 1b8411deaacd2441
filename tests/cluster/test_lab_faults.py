"""What becomes of labs, leases and GPUs when the service, the hub, a pod or the node's agent fails."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cluster.hub import GRACES_SECONDS, PEOPLE, ClusterHub, until
from tests.cluster.process_tree import command_of
from tests.hub.test_real_hub_labs import api_start, text


class Trio(NamedTuple):
    """Three people and two GPUs."""

    pods: dict[str, str]
    """Ids of the pods of the two who have one, by user."""

    waiting: str


@pytest.fixture(scope="module")
def gpu_users(labs: ClusterHub) -> Iterator[list[str]]:
    people = PEOPLE["gpu"][:3]
    yield people
    for name in people:
        if any(offer["place"] is not None for offer in labs.offers(name, "gpu")["profiles"]):
            labs.leave_queue(name, "gpu")
    labs.stop(*labs.leases())


@pytest.fixture
def trio(labs: ClusterHub, gpu_users: list[str]) -> Trio:
    """Both GPUs are lent, and the third person waits; labs that the last test left go on."""
    running = [name for name in gpu_users if name in labs.leases()]
    others = [name for name in gpu_users if name not in running]
    missing = others[: 2 - len(running)]
    labs.start("gpu", *missing)
    [waiting] = others[len(missing) :]
    assert labs.refused(waiting, "gpu").status_code == 409
    return Trio({name: uid for name, uid in uids(labs).items() if name in {*running, *missing}}, waiting)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process for a while, as a node does that hangs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def lasting(labs: ClusterHub) -> dict[str, Any]:
    """Leases without what grows while a lab runs."""
    return {user: {**lease, "gpu_seconds": None} for user, lease in labs.leases().items()}


def uids(labs: ClusterHub) -> dict[str, str]:
    return {pod["metadata"]["annotations"]["hub.jupyter.org/username"]: pod["metadata"]["uid"] for pod in labs.pods()}


def test_labs_and_leases_outlive_a_service_that_is_killed(labs: ClusterHub, trio: Trio) -> None:
    before, pid = lasting(labs), labs.service_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    reply = api_start(labs.hub, "dora", {"profile": "small"})
    assert reply.status_code == 503
    assert "the SkyDesk service does not answer, and without it no lab is let in" in reply.json()["message"]
    until(lambda: labs.service_pid not in {None, pid} and labs.is_well(), seconds=90, what="another service")
    assert lasting(labs) == before
    assert uids(labs) == trio.pods
    for name in trio.pods:
        assert labs.lab(name).json()["lease"]["id"] == before[name]["id"]
    assert labs.refused(trio.waiting, "gpu").status_code == 409, "and the third still waits"


def test_labs_and_leases_outlive_a_hub_that_is_killed(labs: ClusterHub, trio: Trio) -> None:
    before = lasting(labs)
    assert labs.person("dora").start("small").status_code == 302
    until(lambda: labs.pod("dora"), what="the pod of a lab that starts")
    labs.kill()
    assert uids(labs).items() >= trio.pods.items()
    labs.restart()
    for name in trio.pods:
        labs.ready(name)
    now = lasting(labs)
    assert {name: now[name] for name in trio.pods} == before
    assert uids(labs).items() >= trio.pods.items()
    for name in trio.pods:
        assert labs.lab(name).json()["lease"]["id"] == before[name]["id"]
    assert labs.refused(trio.waiting, "gpu").status_code == 409, "and the third still waits"
    until(lambda: agree(labs), seconds=60, what="as many labs as leases")
    labs.stop(*{"dora"} & labs.leases().keys())


def agree(labs: ClusterHub) -> bool:
    """Tell whether whoever has a lease has a lab in a pod, and nobody else."""
    users = set(labs.leases())
    ready = {user for user in users if (labs.hub.server(user) or {}).get("ready")}
    return users == ready == set(uids(labs))


def test_kubernetes_ends_a_lab_at_its_deadline_with_the_hub_and_the_culler_gone(labs: ClusterHub) -> None:
    pod = labs.start("brief", "abel")["abel"]
    allowed_seconds = 25.2 + 10.8 + GRACES_SECONDS["abel"]
    assert 1 <= pod["spec"]["activeDeadlineSeconds"] <= allowed_seconds + 1, "the longest time with its extension, and the grace"

    def failed() -> dict[str, Any] | None:
        status = (labs.pod("abel") or {}).get("status", {})
        return status if status.get("phase") == "Failed" else None

    labs.kill()
    status = until(failed, seconds=90, what="the end of the pod")
    assert status["reason"] == "DeadlineExceeded"
    labs.restart()
    until(lambda: "abel" not in labs.leases(), seconds=60, what="the end of the lease")
    labs.gone("abel")
    assert labs.last_end("abel") == ("time", "the lab's time was over")


def test_a_pod_that_is_deleted_by_hand_ends_its_lease_and_frees_its_place(labs: ClusterHub, trio: Trio) -> None:
    loser, other = trio.pods
    labs.kube.delete("pod", f"lab-{loser}", "--wait=false", "--grace-period=1")
    labs.gone(loser)
    until(lambda: "It is your turn" in text(labs.person(trio.waiting).page().text), seconds=30, what="the turn")
    reason, message = labs.last_end(loser)
    assert reason in {"lost", "failed"}
    assert message
    assert set(labs.leases()) == {other}
    assert "Your last lab (GPU) ended" in text(labs.person(loser).page().text)
    labs.start("gpu", trio.waiting)
    assert agree(labs)


def test_labs_and_leases_agree_after_the_node_s_agent_was_stopped_for_half_a_minute(labs: ClusterHub, trio: Trio) -> None:
    file = Path(labs.kube.kubeconfig).parent / "pids" / "kubelet"
    if not file.exists():
        pytest.skip("the pid of the kubelet is not beside KUBECONFIG")
    pid = int(file.read_text())
    assert "kubelet" in command_of(pid)
    leaving, staying = trio.pods
    third = labs.person(trio.waiting)
    with stopped(pid):
        over = time.monotonic() + 30
        labs.hub.api.delete(f"users/{leaving}/server")
        assert labs.person("lena").start("tiny").status_code == 302
        while time.monotonic() < over:
            assert labs.refused(trio.waiting, "gpu").status_code == 409, "the pod of who leaves is still there"
            assert len(labs.gpu_pods()) == 2
            time.sleep(3)
    labs.gone(leaving)
    labs.ready("lena")
    until(lambda: "It is your turn" in text(third.page().text), seconds=30, what="the turn")
    labs.start("gpu", trio.waiting)
    assert set(labs.leases()) == {staying, trio.waiting, "lena"}
    assert agree(labs)
    assert labs.last_end(leaving)[0] == "user"
