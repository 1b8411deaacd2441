"""What is added to an operator's hub configuration, and what was there stays."""

import asyncio
from pathlib import Path

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from skydesk_hub.config import add_skydesk
from skydesk_hub.demo import ACCOUNTS, DemoAuthenticator, configure_demo
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
    assert [service["name"] for service in config.JupyterHub.services] == ["skydesk"]
    assert {group for role in config.JupyterHub.load_roles for group in role["groups"]} == set(VIEWS)


def test_the_demo_listens_on_loopback_only(tmp_path: Path) -> None:
    c = Config()
    configure_demo(c, folder=tmp_path, survey_file=tmp_path / "survey.toml", password="secret", ports=PORTS)
    urls = [c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url, c.JupyterHub.services[0]["url"]]
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_the_demo_accounts_are_one_for_each_view() -> None:
    assert sorted(ACCOUNTS.values()) == ["advanced", "default", "limited"]


@pytest.mark.parametrize(
    ("name", "password", "group"),
    [("vera", "right", "default"), ("vera", "wrong", None), ("vera", "", None), ("nobody", "right", None), ("vera", "r\u00efght", None)],
    ids=["right", "wrong password", "no password", "unknown account", "not ASCII"],
)
def test_only_the_demo_accounts_with_their_password_get_in(name: str, password: str, group: str | None) -> None:
    authenticator = DemoAuthenticator(password="right")
    model = asyncio.run(authenticator.authenticate(None, {"username": name, "password": password}))
    assert model == ({"name": name, "groups": [group]} if group else None)


def test_without_a_password_nobody_gets_in() -> None:
    assert asyncio.run(DemoAuthenticator(password="").authenticate(None, {"username": "vera", "password": ""})) is None
