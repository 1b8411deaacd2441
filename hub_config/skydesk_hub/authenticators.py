"""Groups of the policy from whoever logs people in, through oauthenticator: configuration, no authenticator of our own."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from skydesk.access import Policy, default_policy, read_policy

__all__ = ["KINDS", "GroupsOf", "groups_from", "use_oauth"]

GroupsOf = Callable[[Mapping[str, Any]], list[str]]
"""From what oauthenticator keeps of a login, its ``auth_state``, to names of groups."""

KINDS = {"generic": "generic-oauth", "cilogon": "cilogon", "globus": "globus", "github": "github"}
"""Kinds of providers, and what JupyterHub calls their authenticators."""

_USER_INFO = {"generic": "oauth_user", "cilogon": "cilogon_user"}
_CLAIMS = {"generic": "groups", "cilogon": "isMemberOf"}
_SCOPES = {
    "generic": ["openid", "profile", "email"],
    "cilogon": ["openid", "email", "profile", "org.cilogon.userinfo"],
    "globus": ["openid", "profile", "urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships"],
    "github": ["read:user", "read:org"],
}


def use_oauth(
    c: Any,
    kind: str,
    *,
    policy_file: Path | None = None,
    group_names: Mapping[str, str] | None = None,
    claim: str = "",
    refresh_seconds: int = 300,
) -> None:
    """Let people in whom a provider puts into one of the policy's groups, and nobody else.

    Client id, secret and addresses of the provider are yours to set, as oauthenticator's own documentation says.

    Parameters
    ----------
    c
        The hub's configuration object.
    kind
        ``generic`` for any OpenID Connect provider, ``cilogon``, ``globus`` or ``github``.
    policy_file
        Whose groups count; None for the policy that ships.
    group_names
        From the provider's name of a group to the policy's, where they differ: Globus has ids, GitHub ``organization:team``.
    claim
        Where the groups are in what the provider says of a user, by dots where nested; empty for ``groups`` (generic) or
        ``isMemberOf`` (CILogon). Globus and GitHub have their own way.
    refresh_seconds
        How old what the provider said may be, seconds; then, and before each lab starts, it is asked again, so that who is
        removed there loses access here. It needs ``JUPYTERHUB_CRYPT_KEY``, since tokens are kept for it. 0: people are
        asked about only when they log in.

    Raises
    ------
    ValueError
        The kind is unknown, or `group_names` leads to a group that the policy does not have.
    """
    policy = read_policy(policy_file) if policy_file else default_policy()
    groups_of = groups_from(kind, policy, group_names=group_names, claim=claim)
    c.JupyterHub.authenticator_class = KINDS[kind]
    c.OAuthenticator.scope = _SCOPES[kind]
    # groups only: with `manage_roles` a list of roles would be the whole truth, and take even the role `user` away
    c.OAuthenticator.manage_groups = True
    c.OAuthenticator.auth_state_groups_key = groups_of
    c.OAuthenticator.allowed_groups = set(policy.groups)
    c.OAuthenticator.allow_all = False
    c.OAuthenticator.allow_existing_users = False
    c.OAuthenticator.enable_auth_state = refresh_seconds > 0
    c.OAuthenticator.auth_refresh_age = refresh_seconds
    c.OAuthenticator.refresh_pre_spawn = refresh_seconds > 0
    if kind == "github":
        c.GitHubOAuthenticator.populate_teams_in_auth_state = True


def groups_from(kind: str, policy: Policy, *, group_names: Mapping[str, str] | None = None, claim: str = "") -> GroupsOf:
    """Make oauthenticator's ``auth_state_groups_key``: a user's groups, as far as the policy knows them.

    Raises
    ------
    ValueError
        As in `use_oauth`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    names = dict(group_names or {})
    if unknown := sorted({name for name in names.values() if name.casefold() not in policy.groups}):
        raise ValueError(f"group_names leads to {', '.join(map(repr, unknown))}, which the policy does not have")

    def groups_of(auth_state: Mapping[str, Any]) -> list[str]:
        given = _given(kind, auth_state, claim)
        return [group.name for group in policy.known(names.get(name, name) for name in given)]

    return groups_of


def _given(kind: str, auth_state: Mapping[str, Any], claim: str) -> list[str]:
    match kind:
        case "globus":
            return _texts(auth_state.get("globus_groups"))
        case "github":
            return _teams(auth_state.get("teams"))
    value: Any = auth_state.get(_USER_INFO[kind])
    for part in (claim or _CLAIMS[kind]).split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return _texts(value)


def _texts(value: Any) -> list[str]:
    """Texts of a list; one text is a list of one, as CILogon writes a single membership."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, Iterable) and not isinstance(value, Mapping) else []


def _teams(value: Any) -> list[str]:
    teams = [team for team in value if isinstance(team, Mapping)] if isinstance(value, list) else []
    return [f"{(team.get('organization') or {}).get('login')}:{team.get('slug')}" for team in teams]
