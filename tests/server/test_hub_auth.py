import pytest

from skydesk.access import default_policy
from skydesk_server.hub_auth import user_from_model
from tests.views import VIEWS

INSTALLED = ("query", "jobs", "weather")


def model(
    *groups: str, scopes: tuple[str, ...] = ("custom:skydesk:query", "custom:skydesk:jobs", "custom:skydesk:weather")
) -> dict[str, object]:
    return {"name": "vera", "groups": list(groups), "scopes": list(scopes)}


@pytest.mark.parametrize(
    ("told", "services"),
    [
        (model("advanced"), {"query", "jobs", "weather"}),
        (model("default"), {"query", "jobs"}),
        (model("limited", "default"), {"query", "jobs"}),
        (model("DEFAULT"), {"query", "jobs"}),
        (model("default", scopes=("custom:skydesk:query",)), {"query"}),
        (model("default", scopes=("custom:skydesk:weather",)), set()),
        (model("advanced", scopes=("custom:skydesk:query!user=vera",)), set()),
        (model("advanced", scopes=("custom:skydesk", "custom:skydesk:*", "self", "admin")), set()),
        (model("unknown"), set()),
        (model(), set()),
        ({"name": "prometheus", "kind": "service", "scopes": ["custom:skydesk:query"]}, set()),
        ({"name": "x", "groups": None, "scopes": None}, set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
def test_a_service_is_open_to_whom_group_and_scope_open_it(told: dict[str, object], services: set[str]) -> None:
    user = user_from_model(told, INSTALLED, default_policy())
    assert {name for name in (*INSTALLED, "other", "*") if user.entitlements.allows_service(name)} == services


HUB_AND_ADMIN = ("custom:skydesk:hub", "custom:skydesk:admin")


@pytest.mark.parametrize(
    ("told", "services"),
    [
        ({"name": "skydesk-hub", "kind": "service", "scopes": list(HUB_AND_ADMIN)}, {"hub"}),
        ({"name": "skydesk-hub", "kind": "service", "scopes": ["custom:skydesk:hub!user=vera"]}, set()),
        ({"name": "other", "kind": "service", "scopes": ["custom:skydesk:admin"], "groups": ["admin"]}, set()),
        ({**model("admin", scopes=HUB_AND_ADMIN), "kind": "user"}, {"admin"}),
        ({**model("monitor", scopes=HUB_AND_ADMIN), "kind": "user"}, {"admin"}),
        ({**model("advanced", scopes=HUB_AND_ADMIN), "kind": "user"}, set()),
        ({**model("admin", scopes=()), "kind": "user"}, set()),
    ],
    ids=str,
)
def test_leases_are_for_the_hub_and_the_admin_page_for_who_has_rights(told: dict[str, object], services: set[str]) -> None:
    user = user_from_model(told, ("query", "admin", "hub"), default_policy())
    assert {name for name in ("query", "hub", "admin") if user.entitlements.allows_service(name)} == services


def test_rights_come_from_the_groups() -> None:
    user = user_from_model(model("Admin", "gpu"), INSTALLED, default_policy())
    assert (user.rights, user.administers, user.is_service) == ({"admin", "monitor"}, frozenset(), False)


def test_limits_are_the_groups() -> None:
    user = user_from_model(model("limited", "default"), INSTALLED, default_policy())
    assert user.entitlements.jobs == VIEWS["default"].jobs
    assert (user.name, user.groups) == ("vera", frozenset({"limited", "default"}))
