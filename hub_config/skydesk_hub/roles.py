"""Groups and services as JupyterHub's own scopes and roles. Pure."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from skydesk.access import Policy, scope_of

__all__ = ["SERVICE_NAME", "custom_scopes", "group_roles", "installed_services", "lab_token_scopes"]

SERVICE_NAME = "skydesk"
"""Name of the hub service, and so of its address ``/services/skydesk/``."""


def installed_services() -> frozenset[str]:
    """Names of the services whose packages are installed; nothing of them is imported."""
    return frozenset(point.name for point in entry_points(group="skydesk.services"))


def custom_scopes(services: Iterable[str]) -> dict[str, dict[str, str]]:
    """One scope a service, in the form of ``c.JupyterHub.custom_scopes``."""
    return {scope_of(name): {"description": f"Use SkyDesk's {name} service"} for name in sorted(services)}


def group_roles(services: Iterable[str], policy: Policy) -> list[dict[str, Any]]:
    """One role a group, in the form of ``c.JupyterHub.load_roles``: the scopes of the services that the group grants.

    Parameters
    ----------
    services
        Every service that is installed.
    policy
        What the groups grant.
    """
    known = sorted(services)
    return [
        {
            "name": f"skydesk-{group.name}",
            "description": f"What SkyDesk grants to the group {group.name}",
            "groups": [group.name],
            "scopes": [
                f"access:services!service={SERVICE_NAME}",
                *(scope_of(name) for name in known if group.entitlements.allows_service(name)),
            ],
        }
        for group in policy.groups.values()
    ]


def lab_token_scopes(services: Iterable[str]) -> list[str]:
    """What a lab's own token may do: be a lab, and use SkyDesk as far as its owner may.

    JupyterHub gives the token only those of these scopes that the owner holds.
    """
    return [
        "users:activity!user",
        "access:servers!server",
        f"access:services!service={SERVICE_NAME}",
        *(scope_of(name) for name in sorted(services)),
    ]
