"""Labs of a real JupyterHub, in both versions that are supported: who sees what, who is refused, and how a lab ends."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from tests.hub.lab_hub import JUPYTERHUB_5, LabHub, Person, jupyterhub_5, lab_hub
from tests.server.serving import wait_until

pytestmark = pytest.mark.slow

POLICY = """\
[profiles.small]
title = "Small"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 8
idle_minutes = 60

[profiles.short]
title = "Short"
description = "Ends after 25 s"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 0.007
idle_minutes = 60

[profiles.nap]
title = "Nap"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
longest_hours = 8
idle_minutes = 0.2

[profiles.gpu]
title = "Pretend GPU"
cpu = [0.25, 1]
memory_gib = [0.5, 2]
gpus = 1
longest_hours = 1
idle_minutes = 60
holders = 1

[groups.default]
services = ["query"]
releases = ["*"]
profiles = ["small"]

[groups.advanced]
services = ["query"]
releases = ["*"]
profiles = ["small", "short"]

[groups.gpu]
profiles = ["gpu"]

[groups.visitors]
services = ["query"]

[groups.sleepers]
services = ["query"]
profiles = ["nap"]

[groups.monitor]
services = ["query"]
rights = ["monitor"]
"""
CONFIG = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {{
    "default": {{"users": ["vera", "ada"]}}, "advanced": {{"users": ["cecilia"]}}, "gpu": {{"users": ["cecilia", "ada"]}},
    "visitors": {{"users": ["george"]}}, "monitor": {{"users": ["maria"]}}, "sleepers": {{"users": ["mina"]}},
}}
c.Spawner.environment = {{**c.Spawner.environment, "PATH": "{folder}/bin:/usr/bin:/bin"}}
"""


# each waits a good part of its time: in processes of their own the two wait at once
@pytest.fixture(
    scope="module",
    params=[
        pytest.param("installed", marks=pytest.mark.xdist_group("installed hub")),
        pytest.param(JUPYTERHUB_5, marks=pytest.mark.xdist_group("hub 5")),
    ],
)
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHub]:
    paths = [jupyterhub_5()] if request.param == JUPYTERHUB_5 else []
    folder = tmp_path_factory.mktemp("labs")
    people = ("vera", "ada", "cecilia", "george", "mina")
    (folder / "bin").mkdir()
    (folder / "bin/nvidia-smi").write_text("#!/bin/sh\necho '63, 11469, 24564'\n")
    (folder / "bin/nvidia-smi").chmod(0o755)
    with lab_hub(folder, policy=POLICY, extra_config=CONFIG, homes=people, extra_paths=paths) as found:
        version = found.api.get("").json()["version"]
        assert (version == JUPYTERHUB_5) == bool(paths)
        yield found


def profiles(page: str) -> list[str]:
    return re.findall(r'name="profile" id="[^"]+" value="([^"]+)"', page)


def text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def api_start(hub: LabHub, user: str, options: Any, server: str = "") -> Any:
    path = f"users/{user}/servers/{server}" if server else f"users/{user}/server"
    reply = hub.api.post(path, json=options)
    if reply.status_code == 202:  # it took longer than a moment; the refusal stands in the server's progress
        wait_until(lambda: not (hub.server(user, server) or {}).get("pending"), seconds=30, what="the refusal")
    return reply


def test_three_people_see_three_forms(hub: LabHub) -> None:
    people = {name: Person(hub, name) for name in ("vera", "cecilia", "ada")}
    assert {name: profiles(person.page().text) for name, person in people.items()} == {
        "vera": ["small"],
        "cecilia": ["small", "short", "gpu"],
        "ada": ["small", "gpu"],
    }
    assert "1 of 1 GPUs free now" in text(people["ada"].page().text)


def test_who_has_no_lab_is_told_so(hub: LabHub) -> None:
    page = Person(hub, "george").page()
    assert page.status_code == 403
    assert "no group of george grants a lab; ask the people who run this hub to add you to one" in text(page.text)


@pytest.mark.parametrize("server", ["", "second"], ids=["default server", "named server"])
def test_a_profile_that_is_not_ones_own_is_refused_by_form_and_by_api(hub: LabHub, server: str) -> None:
    sentence = "the lab profile 'gpu' is not open to vera; open are small"
    person = Person(hub, "vera")
    page = person.start("gpu", server=server)
    assert page.status_code == 403
    assert sentence in text(page.text)
    assert profiles(page.text) == ["small"], "the form is there to choose again"
    reply = api_start(hub, "vera", {"profile": "gpu"}, server)
    assert (reply.status_code, reply.json()["message"]) == (403, sentence)
    assert not (hub.server("vera", server) or {}).get("ready")


def test_many_refusals_do_not_end_the_hub(hub: LabHub) -> None:
    for _ in range(6):
        assert api_start(hub, "vera", {"profile": "short"}).status_code == 403
    assert hub.api.get("info").status_code == 200


def test_a_lab_ends_when_its_time_is_over_and_the_form_says_why(hub: LabHub) -> None:
    person = Person(hub, "cecilia")
    assert person.start("short").status_code == 302
    hub.wait_ready("cecilia")
    token = hub.api.post("users/cecilia/tokens", json={}).json()["token"]
    lab = person.browser.get("/services/skydesk/skydesk/api/lab", params={"server": ""}, headers={"Authorization": f"token {token}"}).json()
    assert lab["lease"]["profile"] == "short"
    hub.wait_gone("cecilia")
    page = person.page()
    assert "Your last lab (Short) ended" in text(page.text)
    assert "its time was over" in text(page.text)
    again = person.start("short")
    assert again.status_code == 429, "a restart wins no time"
    assert "is used up" in text(again.text)


def test_a_lab_in_which_nothing_happens_ends_and_the_form_says_so(hub: LabHub) -> None:
    mina = Person(hub, "mina")
    assert mina.start("nap").status_code == 302
    hub.wait_ready("mina")
    hub.wait_gone("mina")
    page = text(mina.page().text)
    assert "Your last lab (Nap) ended" in page
    assert "it was idle" in page
    assert "nothing had happened in it for 12 s" in page


def test_with_no_gpu_free_one_stands_in_the_queue_and_gets_the_place_afterwards(hub: LabHub) -> None:
    cecilia, ada = Person(hub, "cecilia"), Person(hub, "ada")
    assert cecilia.start("gpu").status_code == 302
    hub.wait_ready("cecilia")
    page = ada.start("gpu")
    assert page.status_code == 409
    assert "no Pretend GPU lab is free now; you are number 1 of 1 in the queue" in text(page.text)
    assert "You are number 1 in the queue" in text(page.text)
    hub.api.delete("users/cecilia/server")
    hub.wait_gone("cecilia")
    wait_until(lambda: "It is your turn" in text(ada.page().text), seconds=30, what="the turn")
    assert "ended" in text(cecilia.page().text)
    assert "you stopped it" in text(cecilia.page().text)
    assert ada.start("gpu").status_code == 302
    hub.wait_ready("ada")
    hub.api.delete("users/ada/server")
    hub.wait_gone("ada")


def test_a_lab_with_a_gpu_says_how_busy_it_is_and_one_without_is_not_asked(hub: LabHub) -> None:
    for name, profile in (("cecilia", "gpu"), ("vera", "small")):
        assert Person(hub, name).start(profile).status_code == 302
    token = hub.api.post("users/maria/tokens", json={}).json()["token"]
    url = f"{hub.url}/services/skydesk/skydesk/api/admin/labs"

    def loads() -> dict[str, Any]:
        labs = hub.api.get(url, headers={"Authorization": f"token {token}"}).json()["labs"]
        return {lab["user"]: lab["gpu_load"] for lab in labs if lab["phase"] == "ACTIVE"}

    wait_until(lambda: "vera" in loads() and loads().get("cecilia"), seconds=60, what="the load of the GPU")
    told = loads()
    assert told["vera"] is None
    del told["cecilia"]["reported_at"]
    assert told["cecilia"] == {
        "gpus": 1,
        "utilization_percent": 63,
        "memory_used_bytes": 11469 * 2**20,
        "memory_total_bytes": 24564 * 2**20,
    }
    for name in ("cecilia", "vera"):
        hub.api.delete(f"users/{name}/server")
        hub.wait_gone(name)


def test_a_named_server_is_another_lab_with_a_lease_of_its_own(hub: LabHub) -> None:
    assert api_start(hub, "vera", {"profile": "small"}, "second").status_code in {201, 202}
    hub.wait_ready("vera", "second")
    token = hub.api.post("users/vera/tokens", json={}).json()["token"]
    headers = {"Authorization": f"token {token}"}
    leases = {
        server: hub.api.get(f"{hub.url}/services/skydesk/skydesk/api/lab", params={"server": server}, headers=headers).json()["lease"]
        for server in ("", "second")
    }
    assert leases[""] is None
    assert leases["second"]["profile"] == "small"
    hub.api.delete("users/vera/servers/second")


def test_a_lab_that_is_killed_gives_its_place_back(hub: LabHub) -> None:
    assert Person(hub, "ada").start("gpu").status_code == 302
    hub.wait_ready("ada")
    token = hub.api.post("users/ada/tokens", json={}).json()["token"]
    headers = {"Authorization": f"token {token}"}
    killed = hub.api.post(f"{hub.url}/user/ada/api/shutdown", headers=headers)
    assert killed.status_code == 200
    hub.wait_gone("ada")
    wait_until(lambda: "1 of 1 GPUs free now" in text(Person(hub, "cecilia").page().text), seconds=30, what="the place")
    assert "it was shut down from inside" in text(Person(hub, "ada").page().text)


def test_nobody_but_the_hub_gets_a_lease(hub: LabHub) -> None:
    token = hub.api.post("users/cecilia/tokens", json={}).json()["token"]
    body = {"user": "cecilia", "groups": ["gpu"], "server": "x", "profile": "gpu"}
    url = f"{hub.url}/services/skydesk/skydesk/api/hub/leases"
    reply = hub.api.post(url, json=body, headers={"Authorization": f"token {token}"})
    assert reply.status_code == 403
    assert hub.api.post(url, json=body).status_code in {401, 403}, "nor another service of the hub"
