"""Add SkyDesk to a JupyterHub configuration."""

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skydesk.access import Policy, default_policy, read_policy

from .rejections import CHECKS_ARE_FAILURES
from .roles import (
    CULLER_NAME,
    HUB_NAME,
    HUB_SCOPE,
    SERVICE_NAME,
    custom_scopes,
    group_roles,
    hub_roles,
    installed_services,
    lab_token_scopes,
)

__all__ = ["add_labs", "add_skydesk"]

_TEMPLATES = Path(__file__).parent / "templates"
_SPAWNERS = {"kubernetes": "skydesk_hub.kube.SkydeskKubeSpawner", "local": "skydesk_hub.local.SkydeskLocalSpawner"}


def add_skydesk(
    c: Any,
    *,
    service_url: str,
    policy_file: Path | None = None,
    managed: bool = True,
    service_environment: Mapping[str, str] | None = None,
) -> None:
    """Give a JupyterHub the SkyDesk service, its scopes, a role for each group, and labs that know of it.

    Parameters
    ----------
    c
        The hub's configuration object, as ``get_config()`` gives it.
    service_url
        Where the service listens, without a path: ``http://127.0.0.1:10180``. Labs must be able to reach it.
    policy_file
        Which groups grant what; None for the policy that ships. A managed service is given the same one.
    managed
        True: the hub starts the service as a child process. False: it runs elsewhere (a Deployment) and the hub only
        knows its address; the service's ``api_token`` is then yours to set in ``c.JupyterHub.services``.
    service_environment
        Variables for a managed service; it does not inherit the hub's own.
    """
    services, policy = installed_services(), _policy(policy_file)
    scopes = custom_scopes(services)
    c.JupyterHub.custom_scopes = {**_dict(c.JupyterHub, "custom_scopes"), **scopes}
    c.JupyterHub.load_roles = [*_list(c.JupyterHub, "load_roles"), *group_roles(services, policy)]
    c.JupyterHub.template_paths = [*_list(c.JupyterHub, "template_paths"), str(_TEMPLATES)]
    service: dict[str, Any] = {
        "name": SERVICE_NAME,
        "url": service_url,
        "display": True,
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [scope for scope in scopes if scope != HUB_SCOPE],
    }
    if managed:
        service["command"] = [sys.executable, "-m", "skydesk_server.hub_service"]
        service["environment"] = {**({"SKYDESK_POLICY": str(policy_file)} if policy_file else {}), **(service_environment or {})}
    _add_service(c, service)
    c.Spawner.server_token_scopes = lab_token_scopes(services)
    c.Spawner.environment = {
        **_dict(c.Spawner, "environment"),
        "SKYDESK_SERVICE_URL": _address(service_url),
    }


def add_labs(
    c: Any,
    *,
    service_url: str,
    kind: str = "kubernetes",
    policy_file: Path | None = None,
    hub_token: str = "",
    cull_every_seconds: int = 60,
    culler_environment: Mapping[str, str] | None = None,
) -> None:
    """Let labs start by leave of the SkyDesk service only, in the profiles of the policy, and stop them when their time is over.

    To be called after `add_skydesk`.

    Parameters
    ----------
    c
        The hub's configuration object.
    service_url
        Where the service listens for the hub, without a path.
    kind
        ``kubernetes``: labs are pods, see `skydesk_hub.kube.SkydeskKubeSpawner`. ``local``: processes of this machine, whose
        sizes are not enforced.
    policy_file
        The same as the service's; None for the policy that ships.
    hub_token
        Token of the hub service ``skydesk-hub``, by which the service knows the hub; where it is empty, the ``api_token``
        that ``c.JupyterHub.services`` has for it, or else a new one at each start of the hub.
    cull_every_seconds
        How often labs are looked at, seconds. A lab may outlive its end by so much.
    culler_environment
        Variables for the culler, which the hub starts as a managed service; it does not inherit the hub's own.

    Raises
    ------
    ValueError
        `kind` is neither of the two, or a group of the policy has a comma in its name.
    """
    if kind not in _SPAWNERS:
        raise ValueError(f"kind must be one of {', '.join(_SPAWNERS)}, got {kind!r}")
    if split := [name for name in _policy(policy_file).groups if "," in name]:
        raise ValueError(f"the group {split[0]!r} has a comma in its name; name it otherwise, and map it with use_oauth(group_names=...)")
    known = {service["name"]: service for service in _list(c.JupyterHub, "services")}
    token = hub_token or known.get(HUB_NAME, {}).get("api_token") or secrets.token_hex(32)
    _add_service(c, {"name": HUB_NAME, "api_token": token, "display": False})
    _add_service(
        c,
        {
            "name": CULLER_NAME,
            "display": False,
            "command": [sys.executable, "-m", "skydesk_hub.culler", f"--cull-every={cull_every_seconds}"],
            "environment": {"SKYDESK_SERVICE_URL": _address(service_url), **(culler_environment or {})},
        },
    )
    c.JupyterHub.load_roles = [*_list(c.JupyterHub, "load_roles"), *hub_roles()]
    c.JupyterHub.spawner_class = _SPAWNERS[kind]
    c.JupyterHub.template_paths = [*_list(c.JupyterHub, "template_paths"), str(Path(__file__).parent / "templates")]
    c.SkydeskLabs.service_url = _address(service_url)
    c.SkydeskLabs.hub_token = token
    c.SkydeskLabs.policy_file = str(policy_file or "")
    if CHECKS_ARE_FAILURES:
        c.SkydeskLabs.consecutive_failure_limit = 0


def _policy(policy_file: Path | None) -> Policy:
    return read_policy(policy_file) if policy_file else default_policy()


def _address(service_url: str) -> str:
    return f"{service_url.rstrip('/')}/services/{SERVICE_NAME}"


def _add_service(c: Any, service: dict[str, Any]) -> None:
    """Add a service, or what it lacks to one of the same name, such as a token that a chart made for it."""
    others = _list(c.JupyterHub, "services")
    given: dict[str, Any] = next((each for each in others if each["name"] == service["name"]), {})
    c.JupyterHub.services = [*(each for each in others if each["name"] != service["name"]), {**service, **given}]


def _dict(section: Any, name: str) -> dict[str, Any]:
    return dict(section[name]) if name in section else {}


def _list(section: Any, name: str) -> list[Any]:
    return list(section[name]) if name in section else []
