"""The service started by a real JupyterHub: asked by tokens, by a lab that the hub has started, and by a browser."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from tests.ports import free_ports
from tests.server.processes import ROOT, SOURCES, WITHOUT_PAGES, clean_environment, process, wait_for_answer
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey

pytestmark = pytest.mark.slow

_CONFIG = """\
from skydesk_hub.config import add_skydesk
from skydesk_hub.demo import proxy_command

c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}/hub/"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = proxy_command()
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--ServerApp.allow_root=True", "--SingleUserNotebookApp.default_url=/api", "{without_pages}"]
c.Spawner.environment = {{"PYTHONPATH": "{path}", "JUPYTER_CONFIG_PATH": "{config}", "SKYDESK_JOBS_FOLDER": "{folder}/jobs"}}
c.JupyterHub.load_groups = {{"default": {{"users": ["vera"]}}, "limited": {{"users": ["henrietta"]}}}}
c.JupyterHub.services = [{{"name": "tester", "api_token": "tester-token-of-this-test"}}]
c.JupyterHub.load_roles = [
    {{"name": "tester", "services": ["tester"], "scopes": ["admin:users", "admin:servers", "tokens", "access:servers", "read:metrics"]}},
]
add_skydesk(
    c,
    service_url="http://127.0.0.1:{service}",
    service_environment={{
        "PYTHONPATH": "{path}", "SKYDESK_SURVEY": "{survey}", "SKYDESK_DATA_FOLDER": "{folder}/data",
        "SKYDESK_JOBS_FOLDER": "{folder}/jobs", "SKYDESK_WORKERS": "2", "HOME": "{folder}",
    }},
)
"""


class Hub:
    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.admin = httpx.Client(
            base_url=f"{url}/hub/api/", headers={"Authorization": "token tester-token-of-this-test"}, trust_env=False, timeout=60
        )

    def service(self, user: str) -> httpx.Client:
        """A client of the service with a token of the user's own, as the hub gives it for all that the user may do."""
        self.admin.post(f"users/{user}")
        reply = self.admin.post(f"users/{user}/tokens", json={"note": "test"})
        headers = {"Authorization": f"token {reply.json()['token']}"}
        return httpx.Client(base_url=f"{self.url}/services/skydesk/skydesk/api/", headers=headers, trust_env=False, timeout=60)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    public, hub_port, proxy, service = free_ports(4)
    config = folder / "jupyter-config"
    (config / "jupyter_server_config.d").mkdir(parents=True)
    shutil.copy(ROOT / "extensions/jupyter-config/server-config/skydesk_server.json", config / "jupyter_server_config.d")
    for name in ("vera", "henrietta", "george"):
        (folder / "home" / name).mkdir(parents=True)
    values = {
        "public": public, "hub": hub_port, "proxy": proxy, "service": service, "folder": folder, "python": sys.executable, "config": config,
        "path": os.pathsep.join(map(str, SOURCES)), "survey": write_survey(folder / "survey"),
        "without_pages": WITHOUT_PAGES,
    }  # fmt: skip
    file = folder / "jupyterhub_config.py"
    file.write_text(_CONFIG.format(**values))
    environment = clean_environment(folder, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    command = [sys.executable, "-m", "jupyterhub", "--config", str(file)]
    log = folder / "hub.log"
    url = f"http://127.0.0.1:{public}"
    with process(command, environment=environment, folder=folder, log=log) as started:
        wait_for_answer(f"{url}/services/skydesk/health", started, log, seconds=90)
        found = Hub(url, folder)
        wait_until(lambda: found.admin.get(f"{url}/services/skydesk/health").status_code == 200, seconds=60, what="the service")
        yield found
        found.admin.close()


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_groups_and_scopes_come_from_the_hub(hub: Hub) -> None:
    with hub.service("vera") as vera:
        session = vera.get("session").json()
    assert session["user"] == {"name": "vera", "groups": ["default"]}
    assert [service["name"] for service in session["services"]] == ["query", "cutout", "chart", "footprint", "jobs", "tables"]
    assert session["limits"]["jobs"]["concurrent"] == 2


def test_who_is_in_no_group_may_not_even_come_in(hub: Hub) -> None:
    with hub.service("george") as george:
        assert code(george.get("session")) == (403, "not_allowed")


def test_a_narrow_token_opens_only_its_service(hub: Hub) -> None:
    scopes = ["access:services!service=skydesk", "custom:skydesk:jobs"]
    reply = hub.admin.post("users/vera/tokens", json={"scopes": scopes})
    with hub.service("vera") as vera:
        vera.headers["Authorization"] = f"token {reply.json()['token']}"
        assert vera.get("jobs").status_code == 200
        assert code(vera.get("query/schema")) == (403, "not_allowed")


def test_a_lab_of_the_hub_passes_calls_on_for_its_owner(hub: Hub) -> None:
    hub.admin.post("users/vera")
    assert hub.admin.post("users/vera/server").status_code in {201, 202}
    wait_until(lambda: hub.admin.get("users/vera").json()["servers"].get("", {}).get("ready"), seconds=90, what="the lab")
    token = hub.admin.post("users/vera/tokens", json={"scopes": ["access:servers!user=vera"]}).json()["token"]
    base = f"{hub.url}/user/vera/skydesk/api/"
    with httpx.Client(base_url=base, headers={"Authorization": f"token {token}"}, trust_env=False, timeout=60) as lab:
        session = lab.get("session").json()
        assert (session["user"]["name"], session["mode"]) == ("vera", "hub")
        assert [service["name"] for service in session["services"]] == ["query", "cutout", "chart", "footprint", "jobs", "tables"]
        page = lab.post("query/quick", json={"sql": "SELECT ID FROM STARS"})
        assert pa.ipc.open_stream(page.content).read_all().num_rows == 1000
        with lab.stream("GET", "jobs/events") as events:
            lines = (line for line in events.iter_lines() if line.startswith("data: "))
            assert "revision" in json.loads(next(lines).removeprefix("data: "))
            job = lab.post("query/job", json={"sql": "SELECT ID FROM STARS", "file_name": "ids.csv"}).json()
            phases = []
            while "COMPLETED" not in phases:
                told = json.loads(next(lines).removeprefix("data: "))
                phases.append(told["phase"])
                assert told["id"] == job["id"]
        assert lab.get(f"jobs/{job['id']}/files/ids.csv").content.count(b"\n") == STARS + 1
        contents = lab.get(f"{hub.url}/user/vera/api/contents/jobs/{job['id']}").json()["content"]
        assert "ids.csv" in {entry["name"] for entry in contents}
        assert lab.get(f"{hub.url}/user/vera/skydesk/panels/query.js").headers["content-type"].startswith("text/javascript")
    with hub.service("henrietta") as henrietta:
        assert code(henrietta.get(f"jobs/{job['id']}")) == (404, "not_found")
        assert henrietta.get(f"{hub.url}/user/vera/skydesk/api/session").status_code in {302, 401, 403}


def test_a_browser_logs_in_through_the_hub_and_sees_its_page(hub: Hub) -> None:
    with httpx.Client(base_url=hub.url, trust_env=False, follow_redirects=True, timeout=60) as browser:
        login = browser.get("/services/skydesk/")
        assert "/hub/login" in str(login.url)
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', login.text)
        assert xsrf is not None
        page = browser.post(str(login.url), data={"username": "vera", "password": "x", "_xsrf": xsrf[1]})
        assert page.status_code == 200
        assert str(page.url).rstrip("/").endswith("/services/skydesk")
        assert "<dd>vera</dd>" in page.text
        assert "all is well" in page.text
        api = "/services/skydesk/skydesk/api/"
        assert browser.get(f"{api}session", headers={"Sec-Fetch-Mode": "navigate"}).json()["user"]["name"] == "vera"
        wanted = {"sql": "SELECT ID FROM STARS"}
        assert code(browser.post(f"{api}query/check", json=wanted)) == (401, "unauthenticated")
        assert code(browser.post(f"{api}query/check", json=wanted, headers={"Sec-Fetch-Mode": "no-cors"})) == (401, "unauthenticated")
        (cookie,) = {cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/services/skydesk/"}
        headers = {"X-XSRFToken": str(cookie)}
        assert browser.post(f"{api}query/check", json=wanted, headers=headers).status_code == 200
        for foreign in ({"Sec-Fetch-Mode": "no-cors"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert code(browser.post(f"{api}query/check", json=wanted, headers={**headers, **foreign})) == (403, "not_allowed")


def test_one_token_reads_the_metrics_of_hub_and_service(hub: Hub) -> None:
    reply = hub.admin.get(f"{hub.url}/services/skydesk/metrics")
    assert reply.status_code == 200
    assert "skydesk_requests_total" in reply.text
