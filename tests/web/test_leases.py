import pickle
from typing import Any

import pytest

from skydesk.access import Entitlements, User
from skydesk.errors import Conflict, InvalidRequest, LimitExceeded, NotAllowed, NotFound, Queued
from skydesk.query.model import Cancellation
from skydesk.web import leases as leases_module
from skydesk.web.errors import error_from_json, error_to_json, http_status
from skydesk.web.http import EventsReply, JsonReply
from tests.web.conftest import HENRIETTA, Desk

HUB = User(name="skydesk-hub", is_service=True, entitlements=Entitlements(services=frozenset({"hub"})))


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


def fill(desk: Desk) -> list[str]:
    """Take all four places of the GPU profile; ids of the leases."""
    return [start(desk, user, "gpu") for user in "abcd"]


def test_a_lab_tells_what_its_status_bar_needs(desk: Desk) -> None:
    lease_id = start(desk, "vera", "gpu", server="named")
    desk.clock.pass_(hours=1)
    lab = desk.json("GET", "lab?server=named")
    assert lab["server"] == "named"
    assert lab["lease"] == {
        "id": lease_id,
        "profile": "gpu",
        "title": "GPU",
        "phase": "ACTIVE",
        "started_at": "2026-03-14T15:09:26.535Z",
        "ends_at": "2026-03-15T15:09:26.535Z",
        "seconds_left": 23 * 3600,
        "idle_seconds": 45 * 60,
        "gpus": 1,
        "extensions_left": 1,
        "extension_seconds": 6 * 3600,
        "extend": {"allowed": True, "reason": None, "waiting": 0},
        "warnings_seconds": [3600, 900, 300],
    }
    assert lab["now"] == "2026-03-14T16:09:26.535Z"
    assert desk.json("GET", "lab")["lease"] is None


def test_a_lab_that_starts_has_no_end_yet(desk: Desk) -> None:
    admit(desk)
    lease = desk.json("GET", "lab?server=")["lease"]
    assert (lease["phase"], lease["ends_at"], lease["seconds_left"], lease["extend"]["allowed"]) == ("STARTING", None, None, False)


def test_a_lab_is_seen_by_its_owner_alone(desk: Desk) -> None:
    start(desk, "vera")
    assert desk.by(HENRIETTA).json("GET", "lab?server=")["lease"] is None
    with pytest.raises(NotFound):
        desk.by(HENRIETTA).call("POST", "lab/extend", {"server": ""})
    with pytest.raises(NotFound):
        desk.by(HENRIETTA).call("POST", "lab/ending", {"server": "", "busy_kernels": [], "saved": [], "unsaved": []})


def test_a_refused_extension_says_why_in_the_lab_too(desk: Desk) -> None:
    start(desk, "vera", "gpu")
    desk.json("POST", "lab/extend", {"server": ""})
    with pytest.raises(Conflict, match="the lab was extended once already, as often as GPU allows") as caught:
        desk.call("POST", "lab/extend", {"server": ""})
    lease = desk.json("GET", "lab")["lease"]
    assert lease["extend"] == {"allowed": False, "reason": str(caught.value), "waiting": 0}
    assert lease["extensions_left"] == 0


def test_the_queue_is_joined_seen_and_left(desk: Desk) -> None:
    ids = fill(desk)
    with pytest.raises(Queued) as caught:
        admit(desk, "vera", "gpu")
    assert http_status(caught.value) == 409
    error = error_to_json(caught.value)["error"]
    assert (error["code"], error["detail"]["place"], error["detail"]["estimate_seconds"]) == ("queued", 1, 24 * 3600)
    for again in (error_from_json(409, {"error": error}), pickle.loads(pickle.dumps(caught.value))):
        assert isinstance(again, Queued)
        assert (str(again), again.detail) == (str(caught.value), caught.value.detail)
    (place,) = desk.json("GET", "lab?server=")["queue"]
    assert place == {"profile": "gpu", "title": "GPU", "place": 1, "estimate_seconds": 24 * 3600, "held_until": None}
    desk.by(HUB).json("POST", f"hub/leases/{ids[0]}/ended", {"reason": "user"})
    (place,) = desk.json("GET", "lab?server=")["queue"]
    assert (place["place"], place["held_until"]) == (0, "2026-03-14T15:19:26.535Z")
    assert desk.json("DELETE", "lab/queue/gpu?server=")["queue"] == []
    with pytest.raises(NotFound):
        desk.call("DELETE", "lab/queue/gpu?server=")


def test_the_form_of_the_hub_tells_all_there_is_to_choose(desk: Desk) -> None:
    fill(desk)
    answer = desk.by(HUB).json("GET", "hub/profiles?user=vera&groups=default,gpu")
    small, standard, gpu = answer["profiles"]
    assert (small["name"], small["allowed"], small["refusal"], small["free"], small["gpu_hours_left"]) == ("small", True, None, None, None)
    assert standard["longest_seconds"] == 24 * 3600
    assert gpu == {
        "name": "gpu",
        "title": "GPU",
        "description": "One GPU, for a limited time",
        "allowed": True,
        "refusal": None,
        "gpus": 1,
        "gpus_free": 0,
        "holders": 4,
        "free": 0,
        "queue_length": 0,
        "longest_seconds": 24 * 3600,
        "idle_seconds": 45 * 60,
        "gpu_hours_left": 48,
        "place": None,
        "estimate_seconds": 24 * 3600,
        "held_until": None,
    }
    assert (answer["last_end"], answer["messages"], answer["refusal"]) == (None, [], None)


def test_who_has_no_group_is_told_so(desk: Desk) -> None:
    answer = desk.by(HUB).json("GET", "hub/profiles?user=vera&groups=")
    assert answer["profiles"] == []
    assert "no group of vera grants a lab" in answer["refusal"]


def test_what_the_groups_do_not_grant_is_refused(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="'gpu' is not open to vera; open are small, standard"):
        admit(desk, "vera", "gpu", groups=("default",))


def test_time_that_is_used_up_is_a_limit(desk: Desk) -> None:
    lease_id = start(desk, "vera", "gpu")
    desk.clock.pass_(hours=24)
    (lease,) = desk.by(HUB).json("GET", "hub/leases")["leases"]
    assert lease["end"] == {"reason": "time", "message": "the lab's time was over"}
    desk.by(HUB).json("POST", f"hub/leases/{lease_id}/ended", {"reason": "user", "message": ""})
    with pytest.raises(LimitExceeded) as caught:
        admit(desk, "vera", "gpu")
    assert http_status(caught.value) == 429
    gpu = desk.by(HUB).json("GET", "hub/profiles?user=vera&groups=gpu")["profiles"][0]
    assert (gpu["allowed"], gpu["refusal"]) == (False, str(caught.value))


def test_what_the_lab_told_before_its_end_is_shown_afterwards(desk: Desk) -> None:
    lease_id = start(desk)
    told = {"busy_kernels": [{"name": "python3", "path": "fit.ipynb"}], "saved": ["a.ipynb"], "unsaved": ["<b>.ipynb"]}
    assert desk.json("POST", "lab/ending", {"server": "", **told}) == {}
    desk.by(HUB).json("POST", f"hub/leases/{lease_id}/ended", {"reason": "idle", "message": "idle for an hour"})
    last = desk.by(HUB).json("GET", "hub/profiles?user=vera&groups=default")["last_end"]
    assert last == {
        "profile": "small",
        "title": "Small",
        "server": "",
        "ended_at": "2026-03-14T15:09:26.535Z",
        "reason": "idle",
        "message": "idle for an hour",
        **told,
    }


def test_a_lab_that_is_gone_is_ended_by_the_look_around(desk: Desk) -> None:
    lease_id = start(desk)
    desk.clock.pass_(minutes=1)
    answer = desk.by(HUB).json("POST", "hub/leases/sync", {"running": []})
    assert [(lease["id"], lease["end_reason"]) for lease in answer["ended"]] == [(lease_id, "lost")]
    assert desk.by(HUB).json("GET", "hub/leases") == {"leases": []}


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("hub/leases", {}, {"user", "profile", "groups"}),
        ("hub/leases", {"user": "", "profile": "gpu", "groups": []}, {"user"}),
        ("hub/leases", {"user": "a\x00b", "profile": "gpu", "groups": ["\ud800"]}, {"user", "groups"}),
        ("hub/leases", {"user": "u" * 4001, "profile": 7, "groups": "gpu", "more": 1}, {"user", "profile", "groups", "more"}),
        ("hub/leases/x/ended", {"reason": "boredom"}, {"reason"}),
        ("hub/leases/x/ended", {"message": 3}, {"reason", "message"}),
        ("hub/leases/x/started", {"x": 1}, {"x"}),
        ("hub/leases/sync", {"running": [1]}, {"running"}),
        ("hub/leases/sync", {"running": [{"server": ""}]}, {"user"}),
        ("hub/leases/sync", {"running": [{"user": "vera", "last_activity": "yesterday"}]}, {"last_activity"}),
    ],
)
def test_what_a_hub_asks_wrongly_is_named(desk: Desk, path: str, body: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk.by(HUB).call("POST", path, body)
    assert {fault.field for fault in caught.value.faults} == fields


@pytest.mark.parametrize(
    "body",
    [
        {"server": "", "busy_kernels": "x", "saved": [], "unsaved": []},
        {"server": "", "busy_kernels": [{"path": "x"}], "saved": [], "unsaved": []},
        {"server": "", "busy_kernels": [], "saved": ["x"] * 1001, "unsaved": []},
        {"server": 7, "busy_kernels": [], "saved": [], "unsaved": []},
    ],
)
def test_a_strange_ending_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    start(desk)
    with pytest.raises(InvalidRequest):
        desk.call("POST", "lab/ending", body)


def test_the_labs_events_follow_what_changes_for_its_owner(desk: Desk) -> None:
    cancellation = Cancellation()
    reply = desk.call("GET", "lab/events?server=", cancellation=cancellation)
    assert isinstance(reply, EventsReply)
    events = (event.data for event in reply.events if event is not None)
    assert next(events)["lease"] is None
    start(desk.by(HENRIETTA), "henrietta", groups=("limited",))
    start(desk, "vera", "gpu")
    assert next(events)["lease"]["phase"] == "ACTIVE"
    desk.json("POST", "lab/extend", {"server": ""})
    assert next(events)["lease"]["extensions_left"] == 0
    root = User(name="root", rights=frozenset({"admin"}))
    desk.services.administration.post(root, "hello", severity="info", to_kind="all")
    assert [message["text"] for message in next(events)["messages"]] == ["hello"]
    cancellation.cancel()
    assert list(events) == []


def test_the_event_of_a_lab_is_called_lab_and_silence_is_nothing(desk: Desk) -> None:
    cancellation = Cancellation()
    reply = desk.call("GET", "lab/events?server=", cancellation=cancellation)
    assert isinstance(reply, EventsReply)
    first = next(reply.events)
    assert first is not None
    assert (first.event, first.id) == ("lab", None)
    assert next(reply.events) is None


def test_a_lab_is_told_again_each_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases_module, "_AGAIN_SECONDS", 0.0)
    reply = desk.call("GET", "lab/events?server=")
    assert isinstance(reply, EventsReply)
    told = [next(reply.events) for _ in range(2)]
    assert [event.event for event in told if event is not None] == ["lab", "lab"]


def test_who_waits_hears_that_the_queue_has_moved(desk: Desk) -> None:
    ids = fill(desk)
    desk.queue_up("henrietta", groups=("limited", "gpu"))
    desk.queue_up("vera")
    reply = desk.call("GET", "lab/events?server=")
    assert isinstance(reply, EventsReply)
    events = (event.data["queue"][0]["place"] for event in reply.events if event is not None)
    assert next(events) == 2
    desk.by(HUB).json("POST", f"hub/leases/{ids[0]}/ended", {"reason": "user"})
    assert next(events) == 1


def test_a_lab_that_nobody_waits_for_is_not_looked_at_when_others_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    start(desk)
    reply = desk.call("GET", "lab/events?server=")
    assert isinstance(reply, EventsReply)
    next(reply.events)
    looks = []
    monkeypatch.setattr(leases_module, "lab_of", lambda *_: looks.append(1))
    for number in range(3):
        start(desk, f"user{number}", groups=("limited",))
        assert next(reply.events) is None
    assert looks == []
