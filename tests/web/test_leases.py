import pytest

from skydesk.access import User
from skydesk.errors import NotAllowed, Queued
from skydesk.web.http import JsonReply
from tests.views import VIEWS
from tests.web.conftest import Desk

HUB = User(name="skydesk-hub", is_service=True, entitlements=VIEWS["limited"].__class__(services=frozenset({"hub"})))


def admit(
    desk: Desk, user: str = "vera", profile: str = "small", groups: tuple[str, ...] = ("default", "gpu"), server: str = ""
) -> JsonReply:
    reply = desk.by(HUB).call("POST", "hub/leases", {"user": user, "groups": list(groups), "server": server, "profile": profile})
    assert isinstance(reply, JsonReply)
    return reply


def start(desk: Desk, user: str = "vera", profile: str = "small", groups: tuple[str, ...] = ("default", "gpu"), server: str = "") -> str:
    lease_id = str(admit(desk, user, profile, groups, server).value["id"])
    desk.by(HUB).json("POST", f"hub/leases/{lease_id}/started", {})
    return lease_id


def test_a_lab_is_admitted_runs_is_extended_and_ends(desk: Desk) -> None:
    reply = admit(desk)
    assert reply.status == 201
    lease_id = reply.value["id"]
    desk.by(HUB).json("POST", f"hub/leases/{lease_id}/started", {})
    lab = desk.json("GET", "lab?server=")
    assert lab["lease"]["phase"] == "ACTIVE"
    assert lab["lease"]["seconds_left"] == 8 * 3600
    assert desk.json("POST", "lab/extend", {"server": ""})["lease"]["seconds_left"] == 10 * 3600
    assert [lease["id"] for lease in desk.by(HUB).json("GET", "hub/leases")["leases"]] == [lease_id]
    desk.by(HUB).json("POST", f"hub/leases/{lease_id}/ended", {"reason": "user", "message": None})
    assert desk.json("GET", "lab?server=")["lease"] is None


def test_a_full_profile_has_a_queue(desk: Desk) -> None:
    for user in "abcd":
        admit(desk, user, "gpu")
    with pytest.raises(Queued) as caught:
        admit(desk, "vera", "gpu")
    assert (caught.value.detail["place"], caught.value.detail["length"]) == (1, 1)


def test_a_person_may_not_ask_what_a_hub_asks(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        desk.call("GET", "hub/leases")
    with pytest.raises(NotAllowed):
        desk.by(HUB).call("GET", "lab")
