"""Add SkyDesk to a JupyterHub configuration."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skydesk.access import default_policy, read_policy

from .roles import SERVICE_NAME, custom_scopes, group_roles, installed_services, lab_token_scopes

__all__ = ["add_skydesk"]


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
    services, policy = installed_services(), read_policy(policy_file) if policy_file else default_policy()
    c.JupyterHub.custom_scopes = {**_dict(c.JupyterHub, "custom_scopes"), **custom_scopes(services)}
    c.JupyterHub.load_roles = [*_list(c.JupyterHub, "load_roles"), *group_roles(services, policy)]
    service: dict[str, Any] = {
        "name": SERVICE_NAME,
        "url": service_url,
        "display": True,
        "oauth_no_confirm": True,
        "oauth_client_allowed_scopes": [*custom_scopes(services)],
    }
    if managed:
        service["command"] = [sys.executable, "-m", "skydesk_server.hub_service"]
        service["environment"] = {**({"SKYDESK_POLICY": str(policy_file)} if policy_file else {}), **(service_environment or {})}
    c.JupyterHub.services = [*_list(c.JupyterHub, "services"), service]
    c.Spawner.server_token_scopes = lab_token_scopes(services)
    c.Spawner.environment = {
        **_dict(c.Spawner, "environment"),
        "SKYDESK_SERVICE_URL": f"{service_url.rstrip('/')}/services/{SERVICE_NAME}",
    }


def _dict(section: Any, name: str) -> dict[str, Any]:
    return dict(section[name]) if name in section else {}


def _list(section: Any, name: str) -> list[Any]:
    return list(section[name]) if name in section else []
