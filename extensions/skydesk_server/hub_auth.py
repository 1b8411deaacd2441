"""Who asks at the hub's service: a hub token or the service's own OAuth cookie, and what groups and scopes grant."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed, check_scopes
from tornado.web import HTTPError

from skydesk.access import HUB, Entitlements, Policy, User, scope_of
from skydesk.errors import NotAllowed, ServiceUnavailable

from .handlers import CallHandler, RouteHandler

__all__ = ["TOKEN_CACHE_SECONDS", "HubRouteHandler", "hub_user", "user_from_model"]

TOKEN_CACHE_SECONDS = 30
"""How long what the hub said of a token is believed, seconds: the longest that a token goes on after it was revoked."""


def user_from_model(model: Mapping[str, Any], installed: Iterable[str], policy: Policy) -> User:
    """Make a user of what the hub says about a token.

    Parameters
    ----------
    model
        ``name``, ``groups`` and the token's ``scopes``. A service has no groups.
    installed
        Names of the services that are there.
    policy
        What the groups grant.

    Returns
    -------
    User
        Entitled to those services that the groups grant and the token's scopes open: a service needs both. A service of the
        hub is entitled to nothing but, with the scope for it, what a hub asks.
    """
    if model.get("kind") == "service":
        return _service_from_model(model)
    groups = frozenset(map(str, model.get("groups") or ()))
    granted = policy.entitlements(groups)
    scopes = set(model.get("scopes") or ())
    open_services = frozenset(name for name in installed if granted.allows_service(name) and check_scopes({scope_of(name)}, scopes))
    return User(
        name=str(model["name"]),
        groups=groups,
        entitlements=replace(granted, services=open_services - {HUB}),
        rights=policy.rights_of(groups),
        administers=policy.administered_by(groups),
    )


def _service_from_model(model: Mapping[str, Any]) -> User:
    is_hub = check_scopes({scope_of(HUB)}, set(model.get("scopes") or ()))
    return User(name=str(model["name"]), entitlements=Entitlements(services=frozenset({HUB} if is_hub else ())), is_service=True)


async def hub_user(handler: Any) -> dict[str, Any] | None:
    """Ask the hub whose token or cookie a request carries; None for nobody.

    Raises
    ------
    NotAllowed
        The hub knows them, but does not let them use this service.
    ServiceUnavailable
        The hub does not answer.
    """
    try:
        model = await handler.hub_auth.get_user(handler, sync=False)
    except HTTPError as error:
        raise ServiceUnavailable("the hub does not say who you are; try again in a minute") from error
    if not model:
        return None
    try:
        allowed: dict[str, Any] = handler.check_hub_user(model)
    except UserNotAllowed as error:
        raise NotAllowed(f"{model['name']} may not use this service; ask for a group that grants it") from error
    return allowed


class HubCallHandler(HubOAuthenticated, CallHandler):
    """A call that the hub knows the caller of."""

    @property
    def by_token(self) -> bool:
        """True if the call was let in by its ``Authorization`` header."""
        return bool(getattr(self, "_token_authenticated", False))

    async def admit(self) -> None:
        """Ask the hub first; tornado's own look-up would hold up everybody else meanwhile."""
        self.current_user = None
        self.current_user = await hub_user(self)
        await super().admit()


class HubRouteHandler(HubCallHandler, RouteHandler):
    """Answers in the service's process."""

    def skydesk_user(self) -> User:
        """The user by groups and scopes."""
        return user_from_model(self.current_user, self.entrance.installed, self.entrance.services().policy)
