"""The steps of each Dockerfile, run in fresh roots, and what it starts. Needs Linux, root and a package index, but no container engine."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from skydesk import __version__
from tests.images.dockerfile import Dockerfile
from tests.images.fresh_root import FreshRoots, missing
from tests.ports import free_port

pytestmark = pytest.mark.skipif(bool(missing()) and os.environ.get("CI") != "true", reason=missing() or "nothing is missing")
READY_WITHIN_SECONDS = 120
fetching = pytest.mark.skipif(
    os.environ.get("SKYDESK_TEST_IMAGES") != "1", reason="fetches and installs every package of the image; SKYDESK_TEST_IMAGES=1 runs it"
)


def _built(
    image: str, folder: Path, *arguments: tuple[str, str], reusing: bool = False, bases: Mapping[str, FreshRoots] | None = None
) -> FreshRoots:
    roots = FreshRoots(Dockerfile(image, arguments), folder, reusing=reusing, bases=bases)
    roots.build()
    return roots


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshRoots]:
    folder = tmp_path_factory.mktemp("worker")
    yield _built("worker", folder, reusing=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshRoots]:
    folder = tmp_path_factory.mktemp("service")
    yield _built("service", folder, reusing=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshRoots]:
    """With its own packages."""
    folder = tmp_path_factory.mktemp("lab")
    yield _built("lab", folder)
    shutil.rmtree(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """For roots of gigabytes, which are not kept."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture
def port() -> int:
    return free_port()


def _wait_for(answer: Callable[[], httpx.Response]) -> httpx.Response:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            return answer()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nothing answered"
            time.sleep(0.1)


def test_the_worker_starts_without_rights_on_this_environments_packages(worker: FreshRoots) -> None:
    with worker.started("/run/skydesk/request.json.gz", "uid-of-the-pod") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "request.json.gz" in said
    assert worker.run("id", "--user").strip() == "1000"


def test_the_worker_cannot_write_where_it_is_installed(worker: FreshRoots) -> None:
    with pytest.raises(AssertionError, match="Permission denied"):
        worker.run("touch", "/opt/skydesk/bin/python")


def test_the_service_starts_and_is_healthy_on_this_environments_packages(service: FreshRoots, port: int, tiny_survey: Path) -> None:
    place = service.root_of("service") / "tmp"
    survey = place / "survey"
    if not survey.exists():
        _copy_tree(tiny_survey.parent, survey)
    environment = {
        "JUPYTERHUB_SERVICE_NAME": "skydesk",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/skydesk/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_API_TOKEN": "secret",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        "JUPYTERHUB_CLIENT_ID": "service-skydesk",
        "SKYDESK_SURVEY": f"/tmp/survey/{tiny_survey.name}",
        "SKYDESK_DATA_FOLDER": "/tmp/data",
    }
    with service.started(environment=environment):
        reply = _wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/services/skydesk/health", timeout=20))
    assert reply.status_code == 200, reply.text
    assert reply.json()["status"] == "ok"


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        os.chown(path, 1000, 1000)


def test_the_service_brings_its_database_up_to_date_before_it_starts(service: FreshRoots) -> None:
    service.run("python", "-m", "skydesk.backends.jobstore", "sqlite:////tmp/fresh.sqlite")
    assert (service.root_of("service") / "tmp/fresh.sqlite").stat().st_uid == 1000


@fetching
@pytest.mark.slow
def test_the_worker_with_its_own_packages_has_the_core_and_nothing_of_jupyter(folder: Path) -> None:
    worker = _built("worker", folder)
    code = "import skydesk.worker, duckdb, astropy, fitsio, pyarrow, h5py; from importlib.util import find_spec; "
    code += "print([name for name in ('jupyter_server', 'jupyterhub', 'kubernetes_asyncio', 'pip') if find_spec(name)])"
    assert worker.run("python", "-c", code).strip() == "[]"
    assert worker.run("skydesk", "--version").split()[-1] == __version__


@fetching
@pytest.mark.slow
def test_the_service_with_its_own_packages_starts(folder: Path) -> None:
    roots = _built("service", folder)
    with roots.started() as process:
        said, _ = process.communicate(timeout=60)
    assert "JUPYTERHUB_SERVICE_PREFIX is not set" in said or "JUPYTERHUB_SERVICE_PREFIX: is not set" in said
    roots.run("python", "-c", "import kubernetes_asyncio, psycopg, skydesk_server.hub_service")


class ProxyOfNoRoutes(BaseHTTPRequestHandler):
    """As much of the proxy's API as a hub without users asks for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ProxyOfNoRoutes) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@fetching
@pytest.mark.slow
@pytest.mark.parametrize("major", ["5", "6"])
def test_the_hub_starts_with_either_jupyterhub(folder: Path, port: int, proxy_url: str, major: str) -> None:
    roots = _built("hub", folder, ("JUPYTERHUB", major))
    assert roots.run("jupyterhub", "--version").strip().startswith(f"{major}.")
    config = roots.root_of("hub") / "usr-local-etc.py"
    config.write_text(
        "from skydesk_hub.config import add_labs, add_skydesk\n"
        "add_skydesk(c, service_url='http://skydesk:10180', managed=False)\n"
        "add_labs(c, service_url='http://skydesk:10180', kind='kubernetes', hub_token='s' * 32)\n"
        "c.JupyterHub.services = [{**each, 'api_token': each.get('api_token', 'x' * 32)} for each in c.JupyterHub.services]\n"
        "c.JupyterHub.services = [each for each in c.JupyterHub.services if 'command' not in each]\n"
        "c.JupyterHub.load_roles = [each for each in c.JupyterHub.load_roles if each['name'] != 'skydesk-culler']\n"
        f"c.JupyterHub.hub_bind_url = 'http://127.0.0.1:{port}'\n"
        "c.ConfigurableHTTPProxy.should_start = False\n"
        f"c.ConfigurableHTTPProxy.api_url = '{proxy_url}'\n"
        "c.JupyterHub.authenticator_class = 'dummy'\n"
    )
    with roots.started("jupyterhub", "--config", f"/{config.name}", environment={"CONFIGPROXY_AUTH_TOKEN": "y" * 32}):
        reply = _wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/hub/health", timeout=20))
    assert reply.status_code == 200


@fetching
@pytest.mark.slow
def test_a_lab_starts_with_skydesks_panels(lab: FreshRoots, port: int) -> None:
    [skipped] = lab.skipped
    assert "install --yes --no-install-recommends git less tini" in skipped
    _require_that_it_serves_labs(lab, port)
    assert json.loads(lab.run("python", "-c", "import json, site; print(json.dumps(site.ENABLE_USER_SITE))")) is True


def _require_that_it_serves_labs(roots: FreshRoots, port: int) -> None:
    listed = roots.run("jupyter", "labextension", "list")
    assert re.search(r"skydesk-lab v\S+ .*enabled.*OK", listed)
    command = ["jupyter", "lab", "--no-browser", f"--ServerApp.port={port}", "--IdentityProvider.token=secret"]
    with roots.started(*command, environment={"HOME": "/tmp"}, with_entry_point=False):  # tini is one of the packages left out
        reply = _wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/lab?token=secret", timeout=20))
    assert reply.status_code == 200


_COMPILE = """
import cupy
from cupy.cuda import nvrtc
program = nvrtc.createProgram("extern \\"C\\" __global__ void twice(float *x) { x[threadIdx.x] *= 2; }", "twice.cu", [], [])
nvrtc.compileProgram(program, ["-arch=compute_80"])
assert b"twice" in nvrtc.getPTX(program)
try:
    cupy.cuda.runtime.getDeviceCount()
except cupy.cuda.runtime.CUDARuntimeError as error:
    print(error)
"""


@fetching
@pytest.mark.slow
def test_a_lab_for_gpus_is_the_lab_and_compiles_for_gpus_with_only_the_driver_missing(lab: FreshRoots, folder: Path, port: int) -> None:
    roots = _built("lab-gpu", folder, bases={f"skydesk/lab:{__version__}": lab})
    assert (roots.root_of("packages") / "locks/more.txt").read_text().count("==") < 20, "only what the lab has not"
    assert re.search(r"cudaError(NoDevice|InsufficientDriver)", roots.run("python", "-c", _COMPILE))
    assert roots.run("id", "--user").strip() == "1000"
    assert roots.run("sh", "-c", "echo $NVIDIA_DRIVER_CAPABILITIES ${NVIDIA_VISIBLE_DEVICES-unset}").strip() == "compute,utility unset"
    _require_that_it_serves_labs(roots, port)
