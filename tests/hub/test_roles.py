"""Groups and services become JupyterHub scopes and roles."""

import pytest

from skydesk.access import Entitlements, Group, Policy, scope_of
from skydesk_hub.roles import custom_scopes, group_roles, installed_services, lab_token_scopes

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


def test_a_labs_token_asks_for_every_service_and_to_be_a_lab() -> None:
    scopes = lab_token_scopes(["query"])
    assert {"users:activity!user", "access:servers!server", "custom:skydesk:query"} <= set(scopes)


def test_scopes_have_the_form_that_jupyterhub_accepts() -> None:
    from jupyterhub.scopes import define_custom_scopes

    define_custom_scopes(custom_scopes(["query", "jobs"]))


def test_the_services_of_this_distribution_are_found_without_importing_them() -> None:
    assert {"query", "jobs"} <= installed_services()
