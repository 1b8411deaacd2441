"""Labs of a real hub in real pods: sized and lent as the policy says, without rights, and gone when their time is over."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes_asyncio.client import CoreV1Api
from kubernetes_asyncio.config import new_client_from_config

from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.hub.lab_hub import JUPYTERHUB_5, LabHub, Person, jupyterhub_5, lab_hub
from tests.hub.test_real_hub_labs import profiles, text
from tests.server.serving import wait_until

GPU = "skydesk.org/pretended-gpu"
POLICY = """\
[profiles.small]
title = "Small"
cpu = [0.05, 1]
memory_gib = [0.1, 1]
longest_hours = 8
idle_minutes = 60

[profiles.short]
title = "Short"
cpu = [0.05, 1]
memory_gib = [0.1, 1]
longest_hours = 0.015
idle_minutes = 60

[profiles.gpu]
title = "GPU"
cpu = [0.05, 1]
memory_gib = [0.1, 1]
gpus = 1
longest_hours = 1
idle_minutes = 60
holders = 1

[groups.default]
services = ["query"]
releases = ["*"]
profiles = ["small"]

[groups.advanced]
services = ["query"]
releases = ["*"]
profiles = ["small", "short"]

[groups.gpu]
profiles = ["gpu"]
"""
CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {{
    "default": {{"users": ["vera", "a-b", "a_b"]}}, "advanced": {{"users": ["cecilia"]}}, "gpu": {{"users": ["cecilia", "ada"]}},
}}
c.KubeSpawner.namespace = "{namespace}"
c.KubeSpawner.image = "{image}"
c.KubeSpawner.cmd = {command}
c.KubeSpawner.volumes = {volumes}
c.KubeSpawner.volume_mounts = {mounts}
c.KubeSpawner.delete_grace_period = 1
c.SkydeskKubeSpawner.gpu_resource = "{gpu}"
c.SkydeskKubeSpawner.jobs_claim = "{claim}"
c.Spawner.environment = {{**c.Spawner.environment, **{environment}}}
c.Spawner.args = ["--SingleUserNotebookApp.default_url=/api"]
"""


@contextlib.contextmanager
def pretended_gpus(kube: Kube, count: int) -> Iterator[None]:
    """Have every node say that it has some of a resource that is not there, as a device plugin does."""
    path = f"/status/capacity/{GPU.replace('/', '~1')}"

    def allocatable() -> bool:
        return all(node["status"]["allocatable"].get(GPU) == str(count) for node in kube.get("nodes"))

    asyncio.run(_patch_nodes(kube, {"op": "add", "path": path, "value": str(count)}))
    wait_until(allocatable, seconds=60, what="the nodes to offer what they pretend to have")
    try:
        yield
    finally:
        asyncio.run(_patch_nodes(kube, {"op": "remove", "path": path}))


async def _patch_nodes(kube: Kube, operation: dict[str, Any]) -> None:
    # kubectl of some versions cannot change a status
    async with await new_client_from_config(kube.kubeconfig) as client:
        for node in kube.get("nodes"):
            await CoreV1Api(client).patch_node_status(node["metadata"]["name"], [operation], _content_type="application/json-patch+json")


@pytest.fixture(scope="module", params=["installed", JUPYTERHUB_5])
def hub(
    kube: Kube,
    node_address: str,
    interpreter: Interpreter,
    jobs_volume: tuple[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[LabHub]:
    claim, jobs = jobs_volume
    folder = tmp_path_factory.mktemp("labs")
    for path in (jobs / "vera" / "job1" / "result.csv", jobs / "ada" / "job2" / "secret.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("RA,DEC\n")
    home = {"name": "home", "emptyDir": {}}
    values = {
        "address": node_address, "kind": "kubernetes", "namespace": kube.namespace, "image": interpreter.image, "gpu": GPU, "claim": claim,
        "command": [*interpreter.command, "-m", "jupyterhub.singleuser"], "volumes": [*interpreter.volumes, home],
        "mounts": [*interpreter.mounts, {"name": "home", "mountPath": "/home/jovyan"}],
        "environment": {**interpreter.environment, "HOME": "/home/jovyan", "JUPYTER_CONFIG_PATH": ""},
    }  # fmt: skip
    variables = {"KUBECONFIG": kube.kubeconfig}
    paths = [jupyterhub_5()] if request.param == JUPYTERHUB_5 else []
    with (
        pretended_gpus(kube, 1),
        lab_hub(folder, policy=POLICY, extra_config=CONFIG, homes=(), values=values, variables=variables, extra_paths=paths) as found,
    ):
        yield found
        for pod in kube.get("pods", "component=singleuser-server"):
            kube.delete("pod", pod["metadata"]["name"], "--wait=false")


def pod_of(kube: Kube, name: str) -> dict[str, Any] | None:
    return next((pod for pod in kube.get("pods") if pod["metadata"]["name"] == name), None)


def inside(kube: Kube, pod: str, *command: str) -> str:
    return kube.kubectl("exec", pod, "--", *command, check=False).strip()


def stop(hub: LabHub, *users: str) -> None:
    for user in users:
        hub.api.delete(f"users/{user}/server")
    for user in users:
        hub.wait_gone(user)


def test_a_lab_is_a_pod_of_its_profile_without_rights(hub: LabHub, kube: Kube) -> None:
    vera = Person(hub, "vera")
    assert profiles(vera.page().text) == ["small"]
    assert vera.start("small").status_code == 302
    hub.wait_ready("vera", seconds=180)
    pod = pod_of(kube, "lab-vera")
    assert pod is not None
    [container] = pod["spec"]["containers"]
    assert container["resources"]["limits"] == {"cpu": "1", "memory": str(2**30)}
    assert 8 * 3600 < pod["spec"]["activeDeadlineSeconds"] <= 8 * 3600 + 300
    assert inside(kube, "lab-vera", "id", "-u") == "1000"
    assert "No such file" in inside(kube, "lab-vera", "ls", "/var/run/secrets/kubernetes.io/serviceaccount/token")
    assert inside(kube, "lab-vera", "sh", "-c", "cd /home/jovyan/jobs && find . -type f") == "./job1/result.csv", "and nobody else's"
    assert "Read-only file system" in inside(kube, "lab-vera", "touch", "/home/jovyan/jobs/mine")
    stop(hub, "vera")
    assert pod_of(kube, "lab-vera") is None
    assert "you stopped it" in text(vera.page().text)


def test_users_whose_names_look_alike_have_pods_of_their_own(hub: LabHub, kube: Kube) -> None:
    for name in ("a-b", "a_b"):
        assert Person(hub, name).start("small").status_code == 302
    for name in ("a-b", "a_b"):
        hub.wait_ready(name, seconds=180)
    owners = {pod["metadata"]["name"]: pod["metadata"]["annotations"]["hub.jupyter.org/username"] for pod in kube.get("pods")}
    assert sorted(owners.values()) == ["a-b", "a_b"]
    stop(hub, "a-b", "a_b")


def test_the_one_gpu_is_lent_to_one_and_the_other_waits_until_the_pod_is_gone(hub: LabHub, kube: Kube) -> None:
    ada, cecilia = Person(hub, "ada"), Person(hub, "cecilia")
    assert ada.start("gpu").status_code == 302
    hub.wait_ready("ada", seconds=180)
    pod = pod_of(kube, "lab-ada")
    assert pod is not None
    assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "1"
    refused = cecilia.start("gpu")
    assert refused.status_code == 409
    assert "you are number 1 of 1 in the queue" in text(refused.text)
    assert pod_of(kube, "lab-cecilia") is None
    kube.delete("pod", "lab-ada", "--wait=false", "--grace-period=1")
    hub.wait_gone("ada")
    wait_until(lambda: "It is your turn" in text(cecilia.page().text), seconds=60, what="the turn")
    assert "it was lost" in text(ada.page().text)
    assert cecilia.start("gpu").status_code == 302
    hub.wait_ready("cecilia", seconds=180)
    stop(hub, "cecilia")


def test_a_lab_whose_time_is_over_is_stopped_with_its_pod(hub: LabHub, kube: Kube) -> None:
    cecilia = Person(hub, "cecilia")
    assert cecilia.start("short").status_code == 302
    wait_until(lambda: pod_of(kube, "lab-cecilia") is not None, seconds=60, what="the pod")
    hub.wait_gone("cecilia", seconds=180)
    wait_until(lambda: pod_of(kube, "lab-cecilia") is None, seconds=60, what="the end of the pod")
    assert "Your last lab (Short) ended" in text(cecilia.page().text)
    assert "its time was over" in text(cecilia.page().text)
