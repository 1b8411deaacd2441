"""The demo hub: an account for each view and one that looks after the others, all on this machine's loopback address."""

import hmac
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

import skydesk.access

from .config import add_labs, add_skydesk

__all__ = ["ACCOUNTS", "POLICY_FILE", "DemoAuthenticator", "configure_demo"]

ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "henrietta": ("limited",),
    "vera": ("default",),
    "cecilia": ("advanced", "gpu"),
    "annie": ("admin", "gpu"),
}
"""Account -> its groups, the view first. Named after H. Swan Leavitt, V. Rubin, C. Payne-Gaposchkin and A. Jump Cannon."""

POLICY_FILE = Path(skydesk.access.__file__).parent / "policies" / "demo.toml"
"""The demo's policy."""

_CULL_EVERY_SECONDS = 5


class DemoAuthenticator(Authenticator):
    """Admits the demo accounts with one shared password and puts each into its groups."""

    password = Unicode(help="The password of all demo accounts; must not be empty.").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """Give the account's name and groups, or None for a wrong name or password."""
        del handler
        groups = ACCOUNTS.get(data["username"])
        right = bool(self.password) and hmac.compare_digest(data["password"].encode(), self.password.encode())
        return {"name": data["username"], "groups": [*groups]} if groups and right else None


def configure_demo(c: Any, *, folder: Path, survey_file: Path, password: str, ports: dict[str, int]) -> None:
    """Fill a hub configuration for the demo.

    Parameters
    ----------
    c
        The hub's configuration object.
    folder
        Where the demo keeps its state: hub database, homes, job files.
    survey_file
        The survey that everybody sees.
    password
        Shared by all accounts.
    ports
        Free ports of 127.0.0.1 for ``public``, ``hub``, ``proxy`` and ``service``.
    """
    jobs_folder = folder / "jobs"
    c.JupyterHub.bind_url = f"http://127.0.0.1:{ports['public']}/"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{ports['hub']}/hub/"
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
    c.JupyterHub.authenticator_class = DemoAuthenticator
    c.DemoAuthenticator.password = password
    c.DemoAuthenticator.manage_groups = True
    c.DemoAuthenticator.allow_all = True
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{ports['proxy']}"
    c.ConfigurableHTTPProxy.command = proxy_command()
    c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
    service_url = f"http://127.0.0.1:{ports['service']}"
    # whoever writes a policy tries it here
    policy_file = Path(os.environ.get("SKYDESK_POLICY") or POLICY_FILE)
    # services from elsewhere may be installed beside this environment
    paths = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    oracle = {name: value for name, value in os.environ.items() if name.startswith("SKYDESK_ORACLE_")}
    add_skydesk(
        c,
        service_url=service_url,
        policy_file=policy_file,
        service_environment={
            "SKYDESK_SURVEY": str(survey_file),
            "SKYDESK_DATA_FOLDER": str(folder),
            "SKYDESK_JOBS_FOLDER": str(jobs_folder),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            **paths,
            **oracle,
        },
    )
    add_labs(
        c,
        service_url=service_url,
        kind="local",
        policy_file=policy_file,
        cull_every_seconds=_CULL_EVERY_SECONDS,
        culler_environment={"PATH": os.environ["PATH"], **paths},
    )
    _configure_labs(c, folder)
    c.Spawner.environment["SKYDESK_JOBS_FOLDER"] = str(jobs_folder)
    c.JupyterHub.log_level = "WARN"


def proxy_command() -> list[str]:
    """Node's configurable-http-proxy where node and it are there; else the Python one of the same name."""
    installed = [Path(sys.executable).parent.parent / "lib/proxy/node_modules/.bin/configurable-http-proxy"]
    on_path = shutil.which("configurable-http-proxy")
    python_one = Path(sys.executable).parent / "configurable-http-proxy"
    if on_path and Path(on_path).resolve() != python_one.resolve():
        installed.append(Path(on_path))
    if node := shutil.which("node"):
        for script in installed:
            if script.exists():
                return [node, str(script)]
    return [str(python_one)]


def _configure_labs(c: Any, folder: Path) -> None:
    c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "home" / "{username}")
    c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
    c.Spawner.default_url = "/lab"
    c.Spawner.args = ["--ServerApp.allow_root=True"]
    c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "PYTHONPATH"]
    c.LocalProcessSpawner.interrupt_timeout = 1
    c.LocalProcessSpawner.term_timeout = 1
    c.LocalProcessSpawner.kill_timeout = 1
