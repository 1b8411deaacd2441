"""A real JupyterHub whose labs need a lease, as processes of this machine; and a person's browser without the browser."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_ports
from tests.server.processes import ROOT, SOURCES, WITHOUT_PAGES, clean_environment, process, wait_for_answer
from tests.server.serving import wait_until
from tests.server.small_survey import write_survey

__all__ = ["JUPYTERHUB_5", "LabHub", "Person", "jupyterhub_5", "lab_hub"]

JUPYTERHUB_5 = "5.5.1"
TOKEN = "tester-token-of-this-test"

_CONFIG = """\
import sys
from pathlib import Path

from skydesk_hub.config import add_labs, add_skydesk
from skydesk_hub.demo import proxy_command

c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}/"
c.JupyterHub.hub_bind_url = "http://{address}:{hub}/hub/"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.cleanup_servers = True
c.JupyterHub.allow_named_servers = True
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = proxy_command()
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--ServerApp.allow_root=True", "--SingleUserNotebookApp.default_url=/api", "{without_pages}"]
c.Spawner.environment = {{"PYTHONPATH": "{path}", "JUPYTER_CONFIG_PATH": "{config}"}}
c.Spawner.poll_interval = 1
c.Spawner.consecutive_failure_limit = 5
c.JupyterHub.services = [{{"name": "tester", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{
    "name": "tester", "services": ["tester"], "scopes": ["admin:users", "admin:servers", "tokens", "access:servers", "read:hub"],
}}]
add_skydesk(
    c,
    service_url="http://{address}:{service}",
    policy_file=Path("{folder}/policy.toml"),
    service_environment={{
        "PYTHONPATH": "{path}", "SKYDESK_SURVEY": "{survey}", "SKYDESK_DATA_FOLDER": "{folder}/data",
        "SKYDESK_JOBS_FOLDER": "{folder}/jobs", "SKYDESK_WORKERS": "1", "HOME": "{folder}",
    }},
)
add_labs(
    c,
    service_url="http://{address}:{service}",
    kind="{kind}",
    policy_file=Path("{folder}/policy.toml"),
    cull_every_seconds={cull_every_seconds},
    culler_environment={{"PYTHONPATH": "{path}", "HOME": "{folder}"}},
)
"""


def jupyterhub_5() -> Path:
    """A folder with JupyterHub 5, for ``PYTHONPATH``: installed there once and kept, or skipped by the name of what is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "skydesk" / f"jupyterhub-{JUPYTERHUB_5}"
    if not (cache / "jupyterhub").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(cache), f"jupyterhub=={JUPYTERHUB_5}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"missing: jupyterhub {JUPYTERHUB_5}, which pip could not install: {done.stderr[-200:]}")
    return cache


class Person:
    """Somebody with a browser: cookies, forms, no scripts."""

    def __init__(self, hub: "LabHub", name: str, *, password: str = "x") -> None:
        self.hub, self.name = hub, name
        self.browser = httpx.Client(base_url=hub.url, trust_env=False, follow_redirects=True, timeout=60)
        hub.clients.append(self.browser)
        login = self.browser.get("/hub/login")
        data = {"username": name, "password": password, "_xsrf": self._xsrf(login)}
        self.entered = self.browser.post("/hub/login", data=data)

    def page(self, path: str = "/hub/spawn") -> httpx.Response:
        """Open a page of the hub."""
        return self.browser.get(path)

    def start(self, profile: str, *, server: str = "") -> httpx.Response:
        """Send the spawn form with a profile, whether it has one of that name or not."""
        page = self.page("/hub/home")
        path = f"/hub/spawn/{self.name}/{server}" if server else "/hub/spawn"
        return self.browser.post(f"{path}?_xsrf={self._xsrf(page)}", data={"profile": profile}, follow_redirects=False)

    def _xsrf(self, page: httpx.Response) -> str:
        found = re.search(r'(?:name="_xsrf" value=|xsrf_token: )"([^"]+)"', page.text)
        assert found, page.text[:2000]
        return found[1]


class LabHub:
    """The hub that runs."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.log = url, folder, folder / "hub.log"
        self.clients: list[httpx.Client] = []
        self.api = httpx.Client(base_url=f"{url}/hub/api/", headers={"Authorization": f"token {TOKEN}"}, trust_env=False, timeout=60)

    def server(self, user: str, name: str = "") -> dict[str, Any] | None:
        """What the hub says of a lab; None where there is none."""
        model = self.api.get(f"users/{user}").json()
        return dict(model["servers"][name]) if name in model.get("servers", {}) else None

    def wait_ready(self, user: str, name: str = "", *, seconds: float = 90) -> None:
        wait_until(lambda: (self.server(user, name) or {}).get("ready"), seconds=seconds, what=f"the lab of {user}")

    def wait_gone(self, user: str, name: str = "", *, seconds: float = 90) -> None:
        wait_until(lambda: self.server(user, name) is None, seconds=seconds, what=f"the end of the lab of {user}")


@contextmanager
def lab_hub(
    folder: Path,
    *,
    policy: str,
    extra_config: str,
    homes: Sequence[str],
    extra_paths: Sequence[Path] = (),
    values: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[LabHub]:
    """Run a hub with labs.

    Parameters
    ----------
    extra_config
        Says who logs in, and more; in it and before it ``values`` stand for what is in braces: ``address`` is where hub and
        service listen for labs, ``kind`` that of the labs.
    variables
        Of the hub's own environment.
    """
    public, hub_port, proxy, service = free_ports(4)
    config = folder / "jupyter-config"
    (config / "jupyter_server_config.d").mkdir(parents=True)
    shutil.copy(ROOT / "extensions/jupyter-config/server-config/skydesk_server.json", config / "jupyter_server_config.d")
    for name in homes:
        (folder / "home" / name).mkdir(parents=True)
    (folder / "policy.toml").write_text(policy)
    given = {
        "address": "127.0.0.1", "kind": "local", "cull_every_seconds": 2,
        "public": public, "hub": hub_port, "proxy": proxy, "service": service, "folder": folder, "config": config, "token": TOKEN,
        "without_pages": WITHOUT_PAGES,
        "path": os.pathsep.join(map(str, (*extra_paths, *SOURCES))), "survey": write_survey(folder / "survey"), **(values or {}),
    }  # fmt: skip
    file = folder / "jupyterhub_config.py"
    file.write_text((_CONFIG + extra_config).format(**given))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(folder, extra_paths=extra_paths, PATH=path, **(variables or {}))
    log = folder / "hub.log"
    url = f"http://127.0.0.1:{public}"
    with process([sys.executable, "-m", "jupyterhub", "--config", str(file)], environment=environment, folder=folder, log=log) as started:
        wait_for_answer(f"{url}/services/skydesk/health", started, log, seconds=90)
        found = LabHub(url, folder)
        wait_until(lambda: found.api.get(f"{url}/services/skydesk/health").status_code == 200, seconds=60, what="the service")
        wait_for_answer(f"{url}/hub/login", started, log, seconds=60)
        try:
            yield found
        finally:
            for client in (found.api, *found.clients):
                client.close()
