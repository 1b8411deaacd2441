"""A hub with a thousand labs: real JupyterHub, spawner, culler and service; a fake Kubernetes API whose pods are one stub server.

The peer is the same hub with plain KubeSpawner: no leases, no profiles by group, no service.
"""

import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.fakes.kubernetes_api import FakeKubernetesApi

from .measure import figure, seconds_of

USERS = 1000
STORM = 200
PAGE = 200
"""Users that the hub lists at most in one reply, unless it is told otherwise."""

AT_ONCE = 64
"""Starts that the bench asks for at the same time, as many as the chart lets a hub begin."""

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = """
from pathlib import Path
import os

c = get_config()  # noqa
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}/hub/"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.log_level = "WARN"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "bench", "api_token": "{token}", "admin": True}}]
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_api}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.KubeSpawner.port = {stub}
c.KubeSpawner.namespace = "labs"
c.KubeSpawner.hub_connect_url = "http://127.0.0.1:{hub}"
c.KubeSpawner.events_enabled = False
c.KubeSpawner.k8s_api_request_timeout = 30
c.Spawner.start_timeout = 300
if {with_skydesk}:
    from skydesk_hub.config import add_labs, add_skydesk

    url = "http://127.0.0.1:{service}"
    data = {{"SKYDESK_SURVEY": "{survey}", "SKYDESK_DATA_FOLDER": "{folder}/data", "PATH": os.environ["PATH"]}}
    paths = {{"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
    add_skydesk(c, service_url=url, service_environment=data | paths)
    add_labs(c, service_url=url, cull_every_seconds=100_000, culler_environment=paths)
else:
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
"""


class _Stub(RequestHandler):
    """Every lab: answers whatever is asked."""

    def get(self) -> None:
        """Say that it is there."""
        self.set_header("X-JupyterHub-Version", "0")
        self.finish({})


def figures() -> list[dict[str, Any]]:
    """Measure; the hub with SkyDesk first, then its peer."""
    from skydesk.demo_survey import cached_survey

    survey = cached_survey("tiny", 1)
    with _hub(survey, with_skydesk=True) as hub:
        _add_users(hub)
        storm_seconds = _start(hub, range(STORM))
        rest_seconds = _start(hub, range(STORM, USERS))
        listed = seconds_of(lambda: _require(len(hub.get("users", state="ready", limit=PAGE)) == PAGE, "labs are missing from the list"))
        leased = seconds_of(lambda: _require(len(hub.leases()) == USERS, "leases are missing from the list"))
        culled = asyncio.run(_cull(hub))
        hub_mb, service_mb = hub.memory_mb()
    with _hub(survey, with_skydesk=False) as peer:
        _add_users(peer)
        peer_storm = _start(peer, range(STORM))
        peer_rest = _start(peer, range(STORM, USERS))
        peer_listed = seconds_of(lambda: peer.get("users", state="ready", limit=PAGE))
        peer_mb, _ = peer.memory_mb()
    name = "plain KubeSpawner"
    return [
        figure(
            f"{USERS} labs start, hub side", storm_seconds + rest_seconds, "s", target=100.0, peer=name, peer_value=peer_storm + peer_rest
        ),
        figure(f"{STORM} of them all at once, none failed", storm_seconds, "s", peer=name, peer_value=peer_storm),
        figure(f"list {PAGE} of {USERS} running labs, hub's largest page", listed, "s", target=0.2, peer=name, peer_value=peer_listed),
        figure(f"list {USERS} leases, service", leased, "s", target=0.2),
        figure(f"culler's pass over {USERS} labs", culled, "s", target=2.0),
        figure(f"memory of the hub with {USERS} labs", hub_mb, "MB", peer=name, peer_value=peer_mb),
        figure(f"memory of the service with {USERS} leases", service_mb, "MB"),
    ]


@dataclass(frozen=True)
class _Hub:
    process: subprocess.Popen[bytes]
    url: str
    token: str
    service_url: str | None
    hub_token: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/hub/api/", headers={"Authorization": f"token {self.token}"}, timeout=300, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        with self.client() as client:
            answer = client.get(path, params=query)
            answer.raise_for_status()
            return answer.json()

    def leases(self) -> list[dict[str, Any]]:
        address = f"{self.service_url}/services/skydesk/skydesk/api/hub/leases"
        answer = httpx.get(address, headers={"Authorization": f"token {self.hub_token}"}, timeout=60, trust_env=False)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["leases"]
        return found

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory of the hub and of the SkyDesk service, MB."""
        service = [pid for pid in _children(self.process.pid) if "skydesk_server.hub_service" in _command(pid)]
        return _resident_mb(self.process.pid), sum(map(_resident_mb, service))


@contextmanager
def _hub(survey: Path, *, with_skydesk: bool) -> Iterator[_Hub]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="skydesk-bench-")))
        api = opened.enter_context(FakeKubernetesApi().serving())
        (folder / "kubeconfig").write_text(api.kubeconfig())
        stub = opened.enter_context(_stub())
        public, hub, proxy_api, service = (_free_port() for _ in range(4))
        token = secrets.token_hex(16)
        values = {"folder": folder, "survey": survey, "stub": stub, "token": token, "with_skydesk": with_skydesk, "proxy": _proxy()}
        ports = {"public": public, "hub": hub, "proxy_api": proxy_api, "service": service}
        hub_token = secrets.token_hex(16)
        config = _CONFIG.format(**values, **ports).replace("add_labs(c, ", f"add_labs(c, hub_token={hub_token!r}, ")
        (folder / "jupyterhub_config.py").write_text(config)
        process = opened.enter_context(_process(folder))
        found = _Hub(process, f"http://127.0.0.1:{public}", token, f"http://127.0.0.1:{service}" if with_skydesk else None, hub_token)
        _wait_for(f"{found.url}/hub/login", process, folder)
        if found.service_url:
            _wait_for(f"{found.service_url}/services/skydesk/health", process, folder)
        try:
            yield found
        except Exception as error:
            error.add_note(f"the hub's log ends with:\n{(folder / 'hub.log').read_text()[-6000:]}")
            raise


@contextmanager
def _process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    paths = os.pathsep.join(str(_ROOT / part) for part in ("", "extensions", "widgets", "hub_config"))
    environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig"), "PYTHONPATH": paths, "HOME": str(folder)}
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(folder / "jupyterhub_config.py")],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in (*_children(process.pid), process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _stub() -> Iterator[int]:
    """One server that is every lab; gives its port."""
    ports: list[int] = []
    started, ended = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        sockets = bind_sockets(0, "127.0.0.1", backlog=4096)
        server = HTTPServer(Application([(".*", _Stub)], log_function=lambda _: None))
        server.add_sockets(sockets)
        ports.append(sockets[0].getsockname()[1])
        loops.append(asyncio.get_running_loop())
        started.set()
        await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    _require(started.wait(30), "the stub server did not start")
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(10)


def _add_users(hub: _Hub) -> None:
    names = [f"user-{number:04}" for number in range(USERS)]
    with hub.client() as client:
        client.post("users", json={"usernames": names}).raise_for_status()
        if client.get("groups/default").status_code == 404:
            client.post("groups/default").raise_for_status()
        client.post("groups/default/users", json={"users": names}).raise_for_status()


def _start(hub: _Hub, numbers: Sequence[int]) -> float:
    """Start labs and wait until all are ready; seconds.

    Raises
    ------
    RuntimeError
        One failed.
    """
    return seconds_of(lambda: asyncio.run(_start_all(hub, numbers)))


async def _start_all(hub: _Hub, numbers: Sequence[int]) -> None:
    turn = asyncio.Semaphore(len(numbers) if len(numbers) <= STORM else AT_ONCE)
    limits = httpx.Limits(max_connections=STORM, max_keepalive_connections=STORM)
    headers = {"Authorization": f"token {hub.token}"}
    options = {"profile": "small"} if hub.service_url else {}
    async with httpx.AsyncClient(base_url=f"{hub.url}/hub/api/", headers=headers, timeout=300, trust_env=False, limits=limits) as client:

        async def one(number: int) -> None:
            name = f"user-{number:04}"
            async with turn:
                answer = await client.post(f"users/{name}/server", json={"user_options": options})
                if answer.status_code == 201:
                    return
                _require(answer.status_code == 202, f"{name} was not started: {answer.status_code} {answer.text[:300]}")
                async with client.stream("GET", f"users/{name}/server/progress") as progress:
                    async for line in progress.aiter_lines():
                        if line.startswith("data:"):
                            event = json.loads(line.removeprefix("data:"))
                            _require(not event.get("failed"), f"{name} failed: {event}")
                            if event.get("ready"):
                                return
                _require(False, f"{name} did not become ready")

        await asyncio.gather(*map(one, numbers))


async def _cull(hub: _Hub) -> float:
    """Judge every lab once, as the culler does at each of its turns; seconds."""
    from jupyterhub_idle_culler import cull_idle

    from skydesk_hub.culler import Arbiter, HubServers
    from skydesk_hub.service_client import ServiceClient

    api, log = f"{hub.url}/hub/api", logging.getLogger("bench")
    service = ServiceClient(f"{hub.service_url}/services/skydesk", hub.hub_token)
    arbiter = Arbiter(service, HubServers(api, hub.token), pass_seconds=60)
    begin = time.perf_counter()
    await cull_idle(api, hub.token, inactive_limit=600, logger=log, cull_arbiter=arbiter.arbitrate)
    seconds = time.perf_counter() - begin
    _require(len(hub.leases()) == USERS, "the culler stopped labs that are all new")
    return seconds


def _wait_for(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        _require(process.poll() is None, f"the hub has ended:\n{(folder / 'hub.log').read_text()[-3000:]}")
        try:
            if httpx.get(url, trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer:\n{(folder / 'hub.log').read_text()[-3000:]}")


def _require(met: bool, message: str) -> None:
    if not met:
        raise RuntimeError(message)


def _proxy() -> list[str]:
    from skydesk_hub.demo import proxy_command

    return proxy_command() if shutil.which("node") else [str(Path(sys.executable).parent / "configurable-http-proxy")]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _children(pid: int) -> list[int]:
    """Processes that descend from one."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [child for child, parent in parents.items() if parent == pid]
    return [*found, *(below for child in found for below in _children(child))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
