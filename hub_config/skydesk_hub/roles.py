"""Groups and services as JupyterHub's own scopes and roles. Pure."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from skydesk.access import Group, Policy, scope_of

__all__ = [
    "ADMIN_SCOPE",
    "CULLER_NAME",
    "HUB_NAME",
    "HUB_SCOPE",
    "SERVICE_NAME",
    "custom_scopes",
    "group_roles",
    "hub_roles",
    "installed_services",
    "lab_token_scopes",
]

SERVICE_NAME = "skydesk"
"""Name of the hub service, and so of its address ``/services/skydesk/``."""

HUB_NAME = "skydesk-hub"
"""Name of the hub service in whose name the hub itself asks for leases; it has no address."""

CULLER_NAME = "skydesk-culler"
"""Name of the hub service that stops labs."""

HUB_SCOPE = scope_of("hub")
"""Lets a hub service ask for leases. Nobody else holds it, whatever their groups grant."""

ADMIN_SCOPE = scope_of("admin")
"""Opens the admin page to those whose groups have a right there."""

_OPEN = f"access:services!service={SERVICE_NAME}"
_NOT_GRANTED = frozenset({"hub", "admin"})
"""Services of which ``*`` in a policy says nothing."""

_MONITOR_SCOPES = ("list:users", "read:users", "read:users:activity", "list:groups", "read:groups", "read:servers")
_ADMIN_SCOPES = ("admin-ui", *_MONITOR_SCOPES, "delete:servers", "list:services", "read:services", "read:hub", "read:metrics")
_GROUP_SCOPES = ("list:users", "read:users", "read:users:activity", "read:groups", "read:servers", "delete:servers")


def installed_services() -> frozenset[str]:
    """Names of the services whose packages are installed; nothing of them is imported."""
    return frozenset(point.name for point in entry_points(group="skydesk.services"))


def custom_scopes(services: Iterable[str]) -> dict[str, dict[str, str]]:
    """One scope a service, in the form of ``c.JupyterHub.custom_scopes``; those of the hub and of administrators are always there."""
    return {
        **{scope_of(name): {"description": f"Use SkyDesk's {name} service"} for name in sorted({*services} - _NOT_GRANTED)},
        HUB_SCOPE: {"description": "Ask SkyDesk for leases of labs, in the hub's name"},
        ADMIN_SCOPE: {"description": "Use SkyDesk's admin page, as far as one's groups have rights there"},
    }


def group_roles(services: Iterable[str], policy: Policy) -> list[dict[str, Any]]:
    """One role a group, in the form of ``c.JupyterHub.load_roles``: services that the group grants, and its rights over others' labs.

    Parameters
    ----------
    services
        Every service that is installed.
    policy
        What the groups grant.
    """
    known = sorted({*services} - _NOT_GRANTED)
    return [
        {
            "name": f"skydesk-{group.name}",
            "description": f"What SkyDesk grants to the group {group.name}",
            "groups": [group.name],
            "scopes": [
                _OPEN,
                *(scope_of(name) for name in known if group.entitlements.allows_service(name)),
                *_scopes_over_others(group),
            ],
        }
        for group in policy.groups.values()
    ]


def hub_roles() -> list[dict[str, Any]]:
    """Roles of the hub's own services: one asks for leases, one stops labs."""
    return [
        {"name": HUB_NAME, "description": "Asks SkyDesk for leases of labs", "services": [HUB_NAME], "scopes": [_OPEN, HUB_SCOPE]},
        {
            "name": CULLER_NAME,
            "description": "Stops labs whose time is over or that are idle",
            "services": [CULLER_NAME],
            "scopes": [_OPEN, HUB_SCOPE, "list:users", "read:users:activity", "read:servers", "delete:servers", "admin:server_state"],
        },
    ]


def lab_token_scopes(services: Iterable[str]) -> list[str]:
    """What a lab's own token may do: be a lab, and use SkyDesk as far as its owner may.

    JupyterHub gives the token only those of these scopes that the owner holds.
    """
    return [
        "users:activity!user",
        "access:servers!server",
        _OPEN,
        *(scope_of(name) for name in sorted({*services} - _NOT_GRANTED)),
    ]


def _scopes_over_others(group: Group) -> list[str]:
    if "admin" in group.rights:
        return [ADMIN_SCOPE, *_ADMIN_SCOPES]
    own = [ADMIN_SCOPE, *_MONITOR_SCOPES] if "monitor" in group.rights else []
    if not group.administers:
        return own
    over = [f"{scope}!group={other}" for other in sorted(group.administers) for scope in _GROUP_SCOPES]
    return [*(own or [ADMIN_SCOPE]), "admin-ui", *over]
