"""People log in to a real JupyterHub through a real OpenID Connect provider; their groups there are their groups here."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.hub.lab_hub import LabHub, lab_hub
from tests.hub.test_real_hub_labs import profiles, text
from tests.ports import free_ports
from tests.server.processes import clean_environment, process, wait_for_answer
from tests.server.serving import wait_until

pytestmark = pytest.mark.slow

POLICY = """\
[profiles.small]
title = "Small"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 8
idle_minutes = 60

[profiles.large]
title = "Large"
cpu = [0.5, 2]
memory_gib = [0.5, 2]
longest_hours = 8
idle_minutes = 60

[groups.students]
profiles = ["small"]

[groups.staff]
profiles = ["small", "large"]
"""
CONFIG = """
from skydesk_hub.authenticators import use_oauth

use_oauth(c, "generic", policy_file=Path("{folder}/policy.toml"), group_names={{"/des/staff": "staff"}}, refresh_seconds=1)
c.CryptKeeper.keys = ["00" * 32]
c.GenericOAuthenticator.client_id = "skydesk"
c.GenericOAuthenticator.client_secret = "a-secret-of-this-test"
c.GenericOAuthenticator.authorize_url = "{provider}/oauth2/authorize"
c.GenericOAuthenticator.token_url = "{provider}/oauth2/token"
c.GenericOAuthenticator.userdata_url = "{provider}/userinfo"
c.GenericOAuthenticator.oauth_callback_url = "http://127.0.0.1:{public}/hub/oauth_callback"
c.GenericOAuthenticator.username_claim = "sub"
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("provider")
    [port] = free_ports(1)
    log = folder / "provider.log"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with process(command, environment=clean_environment(folder), folder=folder, log=log) as started:
        wait_for_answer(f"http://127.0.0.1:{port}/.well-known/openid-configuration", started, log)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def hub(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHub]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    people = ("vera", "ada", "eve", "george", "mina")
    with lab_hub(folder, policy=POLICY, extra_config=CONFIG, homes=people, values={"provider": provider}) as found:
        yield found


def put_into(provider: str, name: str, groups: list[str]) -> None:
    httpx.put(f"{provider}/users/{name}", json={"groups": groups}, trust_env=False).raise_for_status()


class Visitor:
    """Somebody whom the provider knows, in a browser."""

    def __init__(self, hub: LabHub, name: str) -> None:
        self.name = name
        self.browser = httpx.Client(base_url=hub.url, trust_env=False, follow_redirects=True, timeout=60)
        hub.clients.append(self.browser)

    def log_in(self) -> httpx.Response:
        asked = self.browser.get("/hub/oauth_login")
        assert "/oauth2/authorize" in str(asked.url)
        return self.browser.post(str(asked.url), data={"sub": self.name})


def test_groups_come_from_the_provider(hub: LabHub, provider: str) -> None:
    put_into(provider, "vera", ["students", "chess club"])
    put_into(provider, "ada", ["/des/staff"])
    assert profiles(Visitor(hub, "vera").log_in().text) == ["small"]
    assert profiles(Visitor(hub, "ada").log_in().text) == ["small", "large"]
    assert hub.api.get("users/vera").json()["groups"] == ["students"], "what the policy does not know is no group here"
    assert not hub.api.get("users/ada").json()["admin"]


@pytest.mark.parametrize("groups", [[], ["chess club"]], ids=["no group", "another's group"])
def test_who_is_in_none_of_the_policys_groups_is_not_let_in(hub: LabHub, provider: str, groups: list[str]) -> None:
    put_into(provider, "eve", groups)
    page = Visitor(hub, "eve").log_in()
    assert page.status_code == 403
    assert hub.api.get("users/eve").status_code == 404, "nor is an account made"


def test_a_change_of_groups_holds_from_the_next_login_on(hub: LabHub, provider: str) -> None:
    put_into(provider, "george", ["students"])
    assert profiles(Visitor(hub, "george").log_in().text) == ["small"]
    put_into(provider, "george", ["/des/staff"])
    assert profiles(Visitor(hub, "george").log_in().text) == ["small", "large"]
    assert hub.api.get("users/george").json()["groups"] == ["staff"]


def test_who_is_removed_loses_access_at_once_and_cannot_log_in_again(hub: LabHub, provider: str) -> None:
    put_into(provider, "mina", ["students"])
    mina = Visitor(hub, "mina")
    assert profiles(mina.log_in().text) == ["small"]
    token = hub.api.post("users/mina/tokens", json={}).json()["token"]
    headers = {"Authorization": f"token {token}"}
    session = f"{hub.url}/services/skydesk/skydesk/api/session"
    assert hub.api.get(session, headers=headers).status_code == 200
    put_into(provider, "mina", [])
    wait_until(lambda: mina.browser.get("/hub/spawn").status_code == 403, seconds=20, what="the refusal, a second later")
    assert "no group of mina grants a lab" in text(mina.browser.get("/hub/spawn").text)
    refused = hub.api.post("users/mina/server", json={"profile": "small"})
    assert (refused.status_code, hub.api.get("users/mina").json()["groups"]) == (403, [])
    assert Visitor(hub, "mina").log_in().status_code == 403
    # what the hub said of a token is believed for half a minute
    wait_until(lambda: hub.api.get(session, headers=headers).status_code == 403, seconds=60, what="the end of the token's rights")
