"""A real JupyterHub on this machine whose labs are pods of the cluster, lent by a policy with short times."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from kubernetes_asyncio.client import CoreV1Api
from kubernetes_asyncio.config import new_client_from_config

from tests.cluster.kube import Kube
from tests.cluster.pods import Interpreter
from tests.cluster.process_tree import command_of, descendants
from tests.faults.stage import is_running
from tests.hub.lab_hub import LabHub, Person, lab_hub
from tests.server.processes import clean_environment, process, wait_for_answer

__all__ = ["GPU", "HOME", "PEOPLE", "ClusterHub", "cluster_hub", "pretended_gpus", "until"]

GPU = "nvidia.com/gpu"
HOME = "/home/jovyan"
PEOPLE = {
    "limited": ["lena"],
    "default": ["dora", "bert"],
    "advanced": ["anna", "abel"],
    "gpu": ["gina", "gwen", "gail", "gus"],
    "blocked": ["bert"],
}
"""Who is in which group; anybody else may log in, and is in none."""

GRACES_SECONDS = {"abel": 20}
"""Whose pods Kubernetes ends soon after their longest time; with all others the culler has time to be first."""

_POLICY = Path(__file__).with_name("labs.toml")
_CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {{name: {{"users": users}} for name, users in {people}.items()}}
c.JupyterHub.cleanup_servers = False
c.JupyterHub.tornado_settings = {{"slow_stop_timeout": 0}}
c.JupyterHub.pid_file = "{folder}/hub.pid"
c.KubeSpawner.namespace = "{namespace}"
c.KubeSpawner.image = "{image}"
c.KubeSpawner.cmd = {command}
c.KubeSpawner.volumes = {volumes}
c.KubeSpawner.volume_mounts = {mounts}
c.KubeSpawner.delete_grace_period = 1
c.KubeSpawner.start_timeout = 180
c.SkydeskKubeSpawner.jobs_claim = "{claim}"
c.Spawner.pre_spawn_hook = lambda spawner: spawner.set_trait("deadline_grace_seconds", {graces}.get(spawner.user.name, 300))
c.Spawner.environment = {{**c.Spawner.environment, **{environment}}}
c.Spawner.args = ["--SingleUserNotebookApp.default_url=/api"]
[hub_service] = [service for service in c.JupyterHub.services if service["name"] == "skydesk-hub"]
Path("{folder}/hub_token").write_text(hub_service["api_token"])
"""
_WITH_JOBS = """
for service in c.JupyterHub.services:
    if service["name"] == "skydesk":
        service["command"] = [*service["command"], "--config", "{folder}/service_config.py"]
"""
_SERVICE_CONFIG = """\
import os

c.SkydeskSettings.job_runner = "kubernetes"
c.SkydeskSettings.jobs_folder = "{jobs}"
c.KubernetesJobs.kubeconfig = "{runner_kubeconfig}"
c.KubernetesJobs.namespace = "{namespace}"
c.KubernetesJobs.instance = "labs"
c.KubernetesJobs.image = "{image}"
c.KubernetesJobs.command = {job_command}
c.KubernetesJobs.report_address = os.environ["JUPYTERHUB_SERVICE_URL"].rstrip("/") + "/services/skydesk"
c.KubernetesJobs.jobs_claim = "{claim}"
c.KubernetesJobs.environment = {job_environment}
c.KubernetesJobs.extra_volumes = {job_volumes}
c.KubernetesJobs.extra_volume_mounts = {job_mounts}
c.KubernetesJobs.cpu_request = "10m"
"""

Found = TypeVar("Found")


def until(find: Callable[[], Found | None], *, seconds: float = 60, what: str) -> Found:
    """Wait until something is found, and give it; looked for a few times a second, since each look is a call of a busy machine."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.2)
    return found


@contextmanager
def pretended_gpus(kube: Kube, count: int) -> Iterator[None]:
    """Have every node say that it has GPUs, as a device plugin does."""
    path = f"/status/capacity/{GPU.replace('/', '~1')}"

    def allocatable() -> bool:
        return all(node["status"]["allocatable"].get(GPU) == str(count) for node in kube.get("nodes"))

    asyncio.run(_patch_nodes(kube, {"op": "add", "path": path, "value": str(count)}))
    try:
        until(allocatable, what="what the nodes pretend to have")
        yield
    finally:
        asyncio.run(_patch_nodes(kube, {"op": "remove", "path": path}))


async def _patch_nodes(kube: Kube, operation: dict[str, Any]) -> None:
    # kubectl of some versions cannot change a status
    async with await new_client_from_config(kube.kubeconfig) as client:
        for node in kube.get("nodes"):
            await CoreV1Api(client).patch_node_status(node["metadata"]["name"], [operation], _content_type="application/json-patch+json")


class ClusterHub:
    """The hub that runs, what its labs say, and its own processes."""

    def __init__(self, hub: LabHub, kube: Kube, jobs: Path, extra_paths: Sequence[Path]) -> None:
        self.hub, self.kube, self.jobs = hub, kube, jobs
        self._extra_paths = extra_paths
        self._restarts = ExitStack()

    def person(self, name: str) -> Person:
        """Somebody who has logged in with a browser."""
        return Person(self.hub, name)

    def start(self, profile: str, *users: str) -> dict[str, dict[str, Any]]:
        """Start labs by the form, together, and give their pods when they are ready, by user."""
        people = [self.person(user) for user in users]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda person: person.start(profile), people))
        assert {answer.status_code for answer in answers} <= {302}, [answer.text for answer in answers]
        return {user: self.ready(user) for user in users}

    def refused(self, user: str, profile: str, *, server: str = "") -> httpx.Response:
        """Ask by the form for a lab that is not to be had, and give the answer.

        The hub shows the page of a lab that starts where it has no answer within a second: it is asked once more then.
        """
        person = self.person(user)
        answer = person.start(profile, server=server)
        if answer.status_code == 302:
            until(lambda: not (self.hub.server(user, server) or {}).get("pending"), what="the refusal")
            answer = person.start(profile, server=server)
        return answer

    def ready(self, user: str, seconds: float = 120) -> dict[str, Any]:
        """Wait for a lab that starts, and give its pod."""
        until(lambda: (self.hub.server(user) or {}).get("ready"), seconds=seconds, what=f"the lab of {user}")
        pod = self.pod(user)
        assert pod is not None
        return pod

    def gone(self, user: str, seconds: float = 150) -> None:
        """Wait until the hub has no lab of a user any more."""
        until(lambda: self.hub.server(user) is None, seconds=seconds, what=f"the end of the lab of {user}")

    def stop(self, *users: str) -> None:
        """Stop labs as their owners do, and wait for it."""
        for user in users:
            self.hub.api.delete(f"users/{user}/server")
        for user in users:
            self.gone(user)

    def pods(self) -> list[dict[str, Any]]:
        """Pods of labs."""
        return self.kube.get("pods", "component=singleuser-server")

    def pod(self, user: str) -> dict[str, Any] | None:
        """The pod of a user's lab; None where there is none."""
        return next((pod for pod in self.pods() if pod["metadata"]["annotations"]["hub.jupyter.org/username"] == user), None)

    def gpu_pods(self) -> set[str]:
        """Pods that have a GPU or wait for one."""
        return {pod["metadata"]["name"] for pod in self.pods() if GPU in pod["spec"]["containers"][0]["resources"]["limits"]}

    def inside(self, user: str, *command: str) -> str:
        """What a command says in a user's lab."""
        return self.kube.kubectl("exec", f"lab-{user}", "--", *command, check=False).strip()

    def python(self, user: str, program: str) -> Any:
        """What a Python program in a user's lab prints as JSON."""
        printed = self.kube.kubectl("exec", f"lab-{user}", "--", *Interpreter().command, "-c", program)
        return json.loads(printed)

    def lab(self, user: str, path: str = "lab?server=", *, method: str = "GET", body: Any = None) -> Any:
        """What the lab of a user, called in its owner's name, answers; it asks the service."""
        token = self.hub.api.post(f"users/{user}/tokens", json={"expires_in": 600}).json()["token"]
        url = f"{self.hub.url}/user/{user}/skydesk/api/{path}"
        return httpx.request(method, url, json=body, headers={"Authorization": f"token {token}"}, trust_env=False, timeout=30)

    def leave_queue(self, user: str, profile: str) -> None:
        """Give up a user's place in a queue, or one that is held, as they do; there must be one."""
        token = self.hub.api.post(f"users/{user}/tokens", json={"expires_in": 600}).json()["token"]
        url = f"{self.hub.url}/services/skydesk/skydesk/api/lab/queue/{profile}"
        answer = self.hub.api.delete(url, params={"server": ""}, headers={"Authorization": f"token {token}"})
        assert answer.status_code == 200, answer.text

    def leases(self) -> dict[str, dict[str, Any]]:
        """Leases of labs that start or run, by user."""
        return {lease["user"]: lease for lease in self._as_hub("hub/leases")["leases"]}

    def offers(self, user: str, *groups: str) -> dict[str, Any]:
        """What a user of some groups may choose from, and why their last lab ended."""
        return self._as_hub("hub/profiles", user=user, groups=",".join(groups))

    def last_end(self, user: str) -> tuple[str, str]:
        """Reason and words of the end of a user's last lab."""
        end = self.offers(user)["last_end"]
        return end["reason"], end["message"]

    def _as_hub(self, path: str, **query: str) -> dict[str, Any]:
        """Ask the service what only the hub may."""
        headers = {"Authorization": f"token {(self.hub.folder / 'hub_token').read_text()}"}
        url = f"{self.hub.url}/services/skydesk/skydesk/api/{path}"
        answer = httpx.get(url, params=query, headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    # Its processes

    @property
    def pid(self) -> int:
        """The hub."""
        return int((self.hub.folder / "hub.pid").read_text())

    @property
    def service_pid(self) -> int | None:
        """The SkyDesk service, which the hub keeps running; None while it does not run."""
        return next((pid for pid in descendants(self.pid) if "skydesk_server.hub_service" in command_of(pid)), None)

    def is_well(self) -> bool:
        """Tell whether the service is all well."""
        try:
            return httpx.get(f"{self.hub.url}/services/skydesk/health", trust_env=False, timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End the hub and all that it started, as when its container is killed."""
        for pid in (self.pid, *descendants(self.pid)):
            os.kill(pid, signal.SIGKILL)
            until(partial(_has_ended, pid), what=f"the end of process {pid}")

    def restart(self) -> None:
        """Start the hub again, on the same database."""
        folder, log = self.hub.folder, self.hub.folder / "hub-again.log"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = clean_environment(folder, extra_paths=self._extra_paths, PATH=path, KUBECONFIG=self.kube.kubeconfig)
        command = [sys.executable, "-m", "jupyterhub", "--config", str(folder / "jupyterhub_config.py")]
        started = self._restarts.enter_context(process(command, environment=environment, folder=folder, log=log))
        wait_for_answer(f"{self.hub.url}/hub/health", started, log, seconds=90)
        until(self.is_well, seconds=90, what="the service")

    def close(self) -> None:
        """Stop labs, and the hub that was started again."""
        for pod in self.pods():
            self.kube.delete("pod", pod["metadata"]["name"], "--wait=false", "--grace-period=1")
        self._restarts.close()


@contextmanager
def cluster_hub(
    folder: Path,
    kube: Kube,
    address: str,
    *,
    jobs_volume: tuple[str, Path],
    runner_kubeconfig: str = "",
    extra_paths: Sequence[Path] = (),
) -> Iterator[ClusterHub]:
    """Run a hub whose labs are pods.

    Parameters
    ----------
    address
        Of the node; hub and service listen there.
    runner_kubeconfig
        With what the service makes Jobs; empty where it runs jobs itself.
    extra_paths
        Packages that hub and labs find first.
    """
    claim, jobs = jobs_volume
    jobs.chmod(0o755)  # as folders are that Kubernetes makes in it
    values = {"address": address, "kind": "kubernetes", "people": PEOPLE, "namespace": kube.namespace, "claim": claim, "jobs": jobs}
    values |= {"graces": GRACES_SECONDS}
    values |= _pod_values(folder, extra_paths) | {"runner_kubeconfig": runner_kubeconfig}
    (folder / "service_config.py").write_text(_SERVICE_CONFIG.format(**values) if runner_kubeconfig else "")
    with lab_hub(
        folder,
        policy=_POLICY.read_text(),
        extra_config=_CONFIG + _WITH_JOBS,
        homes=(),
        extra_paths=extra_paths,
        values=values,
        variables={"KUBECONFIG": kube.kubeconfig},
    ) as found:
        hub = ClusterHub(found, kube, jobs, extra_paths)
        try:
            yield hub
        finally:
            hub.close()


def _has_ended(pid: int) -> bool:
    return not is_running(pid)


def _pod_values(folder: Path, extra_paths: Sequence[Path]) -> dict[str, Any]:
    """How pods of labs and jobs run this checkout."""
    interpreter = Interpreter()
    folders = {"config": folder / "jupyter-config", **{f"extra-{number}": path for number, path in enumerate(extra_paths)}}
    volumes = [{"name": name, "hostPath": {"path": str(path), "type": "Directory"}} for name, path in folders.items()]
    mounts = [{"name": name, "mountPath": f"/opt/{name}", "readOnly": True} for name in folders]
    survey = {"name": "survey", "hostPath": {"path": str(folder / "survey"), "type": "Directory"}}
    first = [f"/opt/extra-{number}" for number in range(len(extra_paths))]
    path = ":".join([*first, interpreter.environment["PYTHONPATH"]])
    return {
        "image": interpreter.image,
        "command": [*interpreter.command, "-m", "jupyterhub.singleuser"],
        "volumes": [*interpreter.volumes, *volumes, {"name": "home", "emptyDir": {}}],
        "mounts": [*interpreter.mounts, *mounts, {"name": "home", "mountPath": HOME}],
        "environment": {**interpreter.environment, "PYTHONPATH": path, "HOME": HOME, "JUPYTER_CONFIG_PATH": "/opt/config"},
        "job_command": [*interpreter.command, "-m", "skydesk.pod_worker"],
        "job_environment": interpreter.environment,
        "job_volumes": [*interpreter.volumes, survey],
        "job_mounts": [*interpreter.mounts, {"name": "survey", "mountPath": str(folder / "survey"), "readOnly": True}],
    }
