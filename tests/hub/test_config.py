"""What is added to an operator's hub configuration, and what was there stays."""

import asyncio
from pathlib import Path

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from skydesk.access import default_policy, read_policy
from skydesk_hub.config import add_labs, add_skydesk
from skydesk_hub.demo import ACCOUNTS, POLICY_FILE, DemoAuthenticator, configure_demo
from tests.hub.policies import POLICY
from tests.views import VIEWS

ROOT = Path(__file__).parents[2]
PORTS = {"public": 8000, "hub": 8001, "proxy": 8002, "service": 8003}


def test_what_the_operator_configured_before_stays() -> None:
    c = Config()
    c.JupyterHub.services = [{"name": "other"}]
    c.JupyterHub.load_roles = [{"name": "mine"}]
    c.Spawner.environment = {"KEEP": "1"}
    add_skydesk(c, service_url="http://127.0.0.1:10180/")
    assert [service["name"] for service in c.JupyterHub.services] == ["other", "skydesk"]
    assert c.JupyterHub.load_roles[0]["name"] == "mine"
    assert c.Spawner.environment == {"KEEP": "1", "SKYDESK_SERVICE_URL": "http://127.0.0.1:10180/services/skydesk"}


def test_a_service_that_runs_elsewhere_is_not_started_by_the_hub() -> None:
    c = Config()
    add_skydesk(c, service_url="http://skydesk:10180", managed=False)
    assert "command" not in c.JupyterHub.services[0]


def test_the_operators_template_loads() -> None:
    config = PyFileConfigLoader("jupyterhub_config.py", str(ROOT / "hub_config")).load_config()
    assert [service["name"] for service in config.JupyterHub.services] == ["skydesk", "skydesk-hub", "skydesk-culler"]
    assert {group for role in config.JupyterHub.load_roles for group in role.get("groups", ())} == set(VIEWS)
    assert config.JupyterHub.spawner_class == "skydesk_hub.kube.SkydeskKubeSpawner"


def test_the_demo_listens_on_loopback_only(tmp_path: Path) -> None:
    c = Config()
    configure_demo(c, folder=tmp_path, survey_file=tmp_path / "survey.toml", password="secret", ports=PORTS)
    urls = [c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url, c.JupyterHub.services[0]["url"]]
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_the_demo_has_an_account_for_each_view_and_one_that_looks_after_the_others() -> None:
    assert [groups[0] for groups in ACCOUNTS.values()] == ["limited", "default", "advanced", "admin"]


def test_the_demos_groups_are_those_of_its_policy_and_its_gpu_says_that_it_is_none() -> None:
    policy = read_policy(POLICY_FILE)
    assert {group for groups in ACCOUNTS.values() for group in groups} <= policy.groups.keys()
    assert {policy.profiles[name].holders for name in policy.groups["gpu"].profiles} == {2}
    assert "Pretend" in policy.profiles["gpu"].title
    assert policy.profiles["gpu"].most_seconds <= 1800


def test_the_demos_views_grant_what_those_that_ship_do() -> None:
    policy, ours = read_policy(POLICY_FILE), default_policy()
    assert [policy.groups[name].entitlements for name in ("limited", "default", "advanced")] == [
        ours.groups[name].entitlements for name in ("limited", "default", "advanced")
    ]


def test_who_asks_in_the_hubs_name_has_the_token_that_the_hub_knows() -> None:
    c = Config()
    add_skydesk(c, service_url="http://skydesk:10180", managed=False)
    add_labs(c, service_url="http://skydesk:10180")
    [token] = [service["api_token"] for service in c.JupyterHub.services if service["name"] == "skydesk-hub"]
    assert c.SkydeskLabs.hub_token == token
    assert len(token) == 64


def test_a_token_that_a_chart_has_made_is_taken() -> None:
    c = Config()
    c.JupyterHub.services = [{"name": "skydesk-hub", "api_token": "of-the-chart"}, {"name": "skydesk", "api_token": "its-own"}]
    add_skydesk(c, service_url="http://skydesk:10180", managed=False)
    add_labs(c, service_url="http://skydesk:10180")
    services = {service["name"]: service for service in c.JupyterHub.services}
    assert len(services) == len(c.JupyterHub.services), "no name is there twice"
    assert (services["skydesk"]["api_token"], services["skydesk"]["url"]) == ("its-own", "http://skydesk:10180")
    assert c.SkydeskLabs.hub_token == "of-the-chart"


def test_a_group_that_could_not_be_passed_on_is_refused_at_the_start(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY.replace("[groups.students]", '[groups."cn=students,ou=des"]'))
    with pytest.raises(ValueError, match="the group 'cn=students,ou=des' has a comma in its name"):
        add_labs(Config(), service_url="http://skydesk:10180", policy_file=policy)


def test_labs_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="kind must be one of kubernetes, local, got 'docker'"):
        add_labs(Config(), service_url="http://skydesk:10180", kind="docker")


@pytest.mark.parametrize(
    ("name", "password", "groups"),
    [
        ("vera", "right", ["default"]),
        ("cecilia", "right", ["advanced", "gpu"]),
        ("vera", "wrong", None),
        ("vera", "", None),
        ("nobody", "right", None),
        ("vera", "r\u00efght", None),
    ],
    ids=["right", "two groups", "wrong password", "no password", "unknown account", "not ASCII"],
)
def test_only_the_demo_accounts_with_their_password_get_in(name: str, password: str, groups: list[str] | None) -> None:
    authenticator = DemoAuthenticator(password="right")
    model = asyncio.run(authenticator.authenticate(None, {"username": name, "password": password}))
    assert model == ({"name": name, "groups": groups} if groups else None)


def test_without_a_password_nobody_gets_in() -> None:
    assert asyncio.run(DemoAuthenticator(password="").authenticate(None, {"username": "vera", "password": ""})) is None
