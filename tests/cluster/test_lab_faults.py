"""What becomes of labs, leases and GPUs when the service, the hub, a pod or the node's agent fails."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.hub import ClusterHub, until
from tests.cluster.process_tree import command_of
from tests.hub.test_real_hub_labs import api_start, text


@pytest.fixture
def two(labs: ClusterHub) -> Iterator[dict[str, str]]:
    """Ids of the pods of two people, who have both GPUs; a third waits."""
    found = {name: pod["metadata"]["uid"] for name, pod in labs.start("gpu", "gina", "gwen").items()}
    assert labs.person("gail").start("gpu").status_code == 409
    yield found
    for name in ("gina", "gail"):
        if any(offer["place"] is not None for offer in labs.offers(name, "gpu")["profiles"]):
            labs.leave_queue(name, "gpu")
    labs.stop(*{"dora", "gina", "gwen", "gail"} & labs.leases().keys())


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


def test_labs_and_leases_outlive_a_service_that_is_killed(labs: ClusterHub, two: dict[str, str]) -> None:
    before, pid = lasting(labs), labs.service_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    reply = api_start(labs.hub, "dora", {"profile": "small"})
    assert reply.status_code == 503
    assert "the SkyDesk service does not answer, and without it no lab is let in" in reply.json()["message"]
    until(lambda: labs.service_pid not in {None, pid} and labs.is_well(), seconds=90, what="another service")
    assert lasting(labs) == before
    assert uids(labs) == two
    assert labs.lab("gina").json()["lease"]["id"] == before["gina"]["id"]
    assert labs.person("gail").start("gpu").status_code == 409, "and gail still waits"


def test_labs_and_leases_outlive_a_hub_that_is_killed(labs: ClusterHub, two: dict[str, str]) -> None:
    before = lasting(labs)
    assert labs.person("dora").start("small").status_code == 302
    until(lambda: labs.pod("dora"), what="the pod of a lab that starts")
    labs.kill()
    assert uids(labs).items() >= two.items()
    labs.restart()
    for name in two:
        labs.ready(name)
    now = lasting(labs)
    assert {name: now[name] for name in two} == before
    assert uids(labs).items() >= two.items()
    assert labs.lab("gina").json()["lease"]["id"] == before["gina"]["id"]
    assert labs.person("gail").start("gpu").status_code == 409, "and gail still waits"
    until(lambda: agree(labs), seconds=60, what="as many labs as leases")


def agree(labs: ClusterHub) -> bool:
    """Tell whether whoever has a lease has a lab in a pod, and nobody else."""
    users = set(labs.leases())
    ready = {user for user in users if (labs.hub.server(user) or {}).get("ready")}
    return users == ready == set(uids(labs))


def test_a_pod_that_is_deleted_by_hand_ends_its_lease_and_frees_its_place(labs: ClusterHub, two: dict[str, str]) -> None:
    labs.kube.delete("pod", "lab-gina", "--wait=false", "--grace-period=1")
    labs.gone("gina")
    until(lambda: "It is your turn" in text(labs.person("gail").page().text), seconds=30, what="the turn of gail")
    reason, message = labs.last_end("gina")
    assert reason in {"lost", "failed"}
    assert message
    assert set(labs.leases()) == {"gwen"}
    assert "ended" in text(labs.person("gina").page().text)
    labs.start("gpu", "gail")
    assert agree(labs)


def test_labs_and_leases_agree_after_the_node_s_agent_was_stopped_for_half_a_minute(labs: ClusterHub, two: dict[str, str]) -> None:
    file = Path(labs.kube.kubeconfig).parent / "pids" / "kubelet"
    if not file.exists():
        pytest.skip("the pid of the kubelet is not beside KUBECONFIG")
    pid = int(file.read_text())
    assert "kubelet" in command_of(pid)
    with stopped(pid):
        over = time.monotonic() + 30
        labs.hub.api.delete("users/gina/server")
        assert labs.person("dora").start("small").status_code == 302
        while time.monotonic() < over:
            assert len(labs.gpu_pods()) <= 2
            assert labs.person("gail").start("gpu").status_code == 409, "the pod of gina is still there"
            time.sleep(3)
    labs.gone("gina")
    labs.ready("dora")
    until(lambda: "It is your turn" in text(labs.person("gail").page().text), seconds=30, what="the turn of gail")
    labs.start("gpu", "gail")
    assert set(labs.leases()) == {"gwen", "gail", "dora"}
    assert agree(labs)
    assert labs.last_end("gina")[0] == "user"
