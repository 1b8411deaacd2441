"""Groups from what providers say of people: only those of the policy, and nobody without one."""

from typing import Any

import pytest
from traitlets.config import Config

from skydesk.access import default_policy
from skydesk_hub.authenticators import groups_from, use_oauth


@pytest.mark.parametrize(
    ("kind", "auth_state", "options", "groups"),
    [
        ("generic", {"oauth_user": {"groups": ["default", "gpu"]}}, {}, ["default", "gpu"]),
        ("generic", {"oauth_user": {"groups": ["Default", "GPU", "others"]}}, {}, ["default", "gpu"]),
        ("generic", {"oauth_user": {"realm": {"roles": ["default"]}}}, {"claim": "realm.roles"}, ["default"]),
        ("generic", {"oauth_user": {"groups": ["/des/gpu"]}}, {"group_names": {"/des/gpu": "gpu"}}, ["gpu"]),
        ("generic", {"oauth_user": {}}, {}, []),
        ("generic", {"oauth_user": None}, {}, []),
        ("generic", {}, {}, []),
        ("generic", {"oauth_user": {"groups": {"default": True}}}, {}, []),
        ("generic", {"oauth_user": {"groups": [1, None, ["default"]]}}, {}, []),
        ("generic", {"oauth_user": {"groups": "default"}}, {}, ["default"]),
        ("generic", {"oauth_user": {"groups": "default,admin"}}, {}, []),
        ("cilogon", {"cilogon_user": {"isMemberOf": ["CO:des", "x"]}}, {"group_names": {"CO:des": "default"}}, ["default"]),
        ("cilogon", {"cilogon_user": {"isMemberOf": "limited"}}, {}, ["limited"]),
        ("globus", {"globus_groups": ["0e1-uuid"]}, {"group_names": {"0e1-uuid": "advanced"}}, ["advanced"]),
        (
            "github",
            {"teams": [{"slug": "gpu", "organization": {"login": "des"}}, {"slug": "gpu", "organization": {"login": "evil"}}]},
            {"group_names": {"des:gpu": "gpu"}},
            ["gpu"],
        ),
        ("github", {"teams": [{"slug": "admin", "organization": {"login": "evil"}}, {"slug": "admin"}, "admin"]}, {}, []),
    ],
)
def test_groups_are_those_of_the_policy_that_the_provider_names(
    kind: str, auth_state: dict[str, Any], options: dict[str, Any], groups: list[str]
) -> None:
    assert groups_from(kind, default_policy(), **options)(auth_state) == groups


def test_an_unknown_kind_or_group_is_named() -> None:
    with pytest.raises(ValueError, match="kind must be one of generic, cilogon, globus, github, got 'ldap'"):
        groups_from("ldap", default_policy())
    with pytest.raises(ValueError, match="group_names leads to 'huge', which the policy does not have"):
        groups_from("globus", default_policy(), group_names={"a": "gpu", "b": "huge"})


@pytest.mark.parametrize("kind", ["generic", "cilogon", "globus", "github"])
def test_nobody_is_let_in_but_by_a_group(kind: str) -> None:
    from importlib.metadata import entry_points

    c = Config()
    use_oauth(c, kind)
    [point] = entry_points(group="jupyterhub.authenticators", name=c.JupyterHub.authenticator_class)
    required = {"CILogonOAuthenticator": {"allowed_idps": {"https://idp.example": {"username_derivation": {"username_claim": "sub"}}}}}
    authenticator = point.load()(config=Config({**c, **required}))
    assert authenticator.manage_groups
    assert not authenticator.manage_roles
    assert not authenticator.allow_all
    assert not authenticator.allow_existing_users
    assert authenticator.allowed_groups == set(default_policy().groups)


def test_without_refreshing_no_tokens_are_kept() -> None:
    c = Config()
    use_oauth(c, "generic", refresh_seconds=0)
    assert c.OAuthenticator.enable_auth_state is False
    assert c.OAuthenticator.refresh_pre_spawn is False
