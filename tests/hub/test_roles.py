"""Groups and services become JupyterHub scopes and roles."""

import pytest

from skydesk.access import Entitlements, Group, Policy, default_policy, scope_of
from skydesk_hub.roles import ADMIN_SCOPE, HUB_SCOPE, custom_scopes, group_roles, hub_roles, installed_services, lab_token_scopes

GRANTED = {"limited": {"query"}, "advanced": {"*"}, "blocked": set()}
POLICY = Policy(
    profiles={},
    groups={
        name: Group(name=name, title=name, entitlements=Entitlements(services=frozenset(services))) for name, services in GRANTED.items()
    },
)


@pytest.mark.parametrize(
    ("group", "granted"),
    [("limited", {"query"}), ("advanced", {"query", "jobs", "weather"}), ("blocked", set())],
    ids=["named services only", "all that are installed", "none"],
)
def test_a_group_holds_the_scopes_of_the_services_that_it_grants(group: str, granted: set[str]) -> None:
    role = next(role for role in group_roles(["query", "jobs", "weather"], POLICY) if role["groups"] == [group])
    assert {scope for scope in role["scopes"] if scope.startswith("custom:")} == {scope_of(name) for name in granted}


def test_a_service_that_is_not_installed_gives_no_scope() -> None:
    role = next(role for role in group_roles(["jobs"], POLICY) if role["groups"] == ["limited"])
    assert not [scope for scope in role["scopes"] if scope.startswith("custom:")]


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        (Group(name="g", title="g", rights=frozenset({"monitor"})), {ADMIN_SCOPE, "read:servers"}, {"admin-ui", "delete:servers"}),
        (
            Group(name="g", title="g", rights=frozenset({"admin"})),
            {ADMIN_SCOPE, "admin-ui", "list:users", "delete:servers"},
            {"access:servers"},
        ),
        (
            Group(name="g", title="g", administers=frozenset({"students"})),
            {ADMIN_SCOPE, "admin-ui", "delete:servers!group=students", "list:users!group=students"},
            {"delete:servers", "list:users", "read:users", "read:servers"},
        ),
        (
            Group(name="g", title="g", rights=frozenset({"monitor"}), administers=frozenset({"students"})),
            {"list:users", "delete:servers!group=students"},
            {"delete:servers"},
        ),
        (Group(name="g", title="g", entitlements=Entitlements(services=frozenset({"*"}))), set(), {ADMIN_SCOPE, HUB_SCOPE, "admin-ui"}),
    ],
    ids=["monitor", "administrator", "a group's administrator", "both", "neither"],
)
def test_rights_over_others_are_those_of_the_policy(group: Group, may: set[str], may_not: set[str]) -> None:
    [role] = group_roles(["query", "hub", "admin"], Policy(profiles={}, groups={"g": group}))
    assert may <= set(role["scopes"])
    assert not may_not & set(role["scopes"])
    assert HUB_SCOPE not in role["scopes"]


def test_only_the_hubs_own_services_ask_for_leases() -> None:
    holders = {name for role in hub_roles() if HUB_SCOPE in role["scopes"] for name in role["services"]}
    assert holders == {"skydesk-hub", "skydesk-culler"}
    assert HUB_SCOPE not in lab_token_scopes(["query", "hub", "admin"])
    assert ADMIN_SCOPE not in lab_token_scopes(["query", "hub", "admin"])


def test_every_scope_of_a_role_is_one_that_jupyterhub_knows() -> None:
    from jupyterhub.scopes import define_custom_scopes, scope_definitions

    define_custom_scopes(custom_scopes(installed_services()))
    for role in (*group_roles(installed_services(), default_policy()), *hub_roles()):
        assert {scope.partition("!")[0] for scope in role["scopes"]} <= scope_definitions.keys()


def test_a_labs_token_asks_for_every_service_and_to_be_a_lab() -> None:
    scopes = lab_token_scopes(["query"])
    assert {"users:activity!user", "access:servers!server", "custom:skydesk:query"} <= set(scopes)


def test_scopes_have_the_form_that_jupyterhub_accepts() -> None:
    from jupyterhub.scopes import define_custom_scopes

    define_custom_scopes(custom_scopes(["query", "jobs"]))


def test_the_services_of_this_distribution_are_found_without_importing_them() -> None:
    assert {"query", "jobs"} <= installed_services()
