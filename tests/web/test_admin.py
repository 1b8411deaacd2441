import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from skydesk.access import User, default_policy
from skydesk.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from skydesk.web.times import time_to_json
from tests.web.conftest import VERA, Desk
from tests.web.test_leases import HUB, admit, start

POLICY = default_policy()


def person(name: str, *groups: str, administers: tuple[str, ...] = ()) -> User:
    entitlements = POLICY.entitlements(groups)
    if administers:
        entitlements = replace(entitlements, services=entitlements.services | {"admin"})
    return User(
        name=name, groups=frozenset(groups), entitlements=entitlements, rights=POLICY.rights_of(groups), administers=frozenset(administers)
    )


ADMIN, MONITOR = person("jocelyn", "admin"), person("maria", "monitor")
LOOKS_AFTER_GPU = person("annie", "default", administers=("gpu",))


@pytest.fixture
def gpu_lab(desk: Desk) -> str:
    return start(desk, "vera", "gpu", groups=("default", "gpu"))


@pytest.fixture
def small_lab(desk: Desk) -> str:
    return start(desk, "henrietta", "small", groups=("limited",))


def audit(desk: Desk, by: User = ADMIN) -> list[Any]:
    rows: list[Any] = desk.by(by).json("GET", "admin/audit")["audit"]
    return rows


def test_an_administrator_extends_a_lab_and_the_log_says_so(desk: Desk, small_lab: str) -> None:
    before = desk.by(ADMIN).json("GET", "admin/labs")["labs"][0]["ends_at"]
    extended = desk.by(ADMIN).json("POST", f"admin/leases/{small_lab}/extend", {"seconds": 90_000})
    assert extended["ends_at"] > before
    (row,) = audit(desk)
    assert (row["who"], row["what"], row["on_whom"], row["target"]) == ("jocelyn", "lease.extend", "henrietta", small_lab)
    assert (row["outcome"], row["detail"]) == ("done", {"seconds": 90_000})


def test_the_log_says_where_an_act_came_from(desk: Desk, small_lab: str) -> None:
    body = {"message": "maintenance"}
    desk.by(ADMIN).call("POST", f"admin/leases/{small_lab}/end", body, address="192.0.2.7")
    assert audit(desk)[0]["address"] == "192.0.2.7"


def test_a_lab_that_an_administrator_ends_is_stopped_by_the_hub_and_says_why(desk: Desk, small_lab: str) -> None:
    desk.by(ADMIN).json("POST", f"admin/leases/{small_lab}/end", {"message": "the node is needed"})
    (lease,) = desk.by(HUB).json("GET", "hub/leases")["leases"]
    assert lease["end"] == {"reason": "admin", "message": "the node is needed"}
    with pytest.raises(Conflict, match="being ended, already"):
        desk.by(ADMIN).call("POST", f"admin/leases/{small_lab}/end", {"message": "again"})
    desk.by(HUB).json("POST", f"hub/leases/{small_lab}/ended", {"reason": "user", "message": None})
    last = desk.by(HUB).json("GET", "hub/profiles?user=henrietta&groups=limited")["last_end"]
    assert (last["reason"], last["message"]) == ("admin", "the node is needed")


def test_a_wish_is_taken_out_of_the_queue(desk: Desk) -> None:
    for user in "abcd":
        admit(desk, user, "gpu")
    wish = desk.queue_up("vera")
    desk.by(ADMIN).json("POST", f"admin/leases/{wish}/end", {"message": ""})
    assert desk.json("GET", "lab?server=")["queue"] == []
    assert audit(desk)[0]["on_whom"] == "vera"


def acts_on(lease_id: str) -> list[tuple[str, str, Any]]:
    return [
        ("POST", f"admin/leases/{lease_id}/extend", {"seconds": 60}),
        ("POST", f"admin/leases/{lease_id}/end", {"message": "x"}),
    ]


def test_a_monitor_sees_all_and_does_nothing(desk: Desk, gpu_lab: str, small_lab: str) -> None:
    monitor = desk.by(MONITOR)
    assert {lab["id"] for lab in monitor.json("GET", "admin/labs")["labs"]} == {gpu_lab, small_lab}
    for method, path, body in acts_on(small_lab):
        with pytest.raises(NotAllowed, match="maria may not act on labs and jobs of henrietta"):
            monitor.call(method, path, body)
    with pytest.raises(NotAllowed):
        monitor.call("POST", "admin/messages", {"text": "hello", "to": {"all": True}})
    assert [row["outcome"].partition(":")[0] for row in audit(desk)] == ["refused"] * 3
    assert desk.by(MONITOR).json("GET", "admin/labs")["labs"][0]["end"] is None


def test_a_groups_administrator_sees_and_acts_inside_the_group_only(desk: Desk, gpu_lab: str, small_lab: str) -> None:
    annie = desk.by(LOOKS_AFTER_GPU)
    assert [lab["id"] for lab in annie.json("GET", "admin/labs")["labs"]] == [gpu_lab]
    assert annie.json("POST", f"admin/leases/{gpu_lab}/extend", {"seconds": 60})["id"] == gpu_lab
    for method, path, body in acts_on(small_lab):
        with pytest.raises(NotAllowed):
            annie.call(method, path, body)
    assert [group["name"] for group in annie.json("GET", "admin/overview")["groups"]] == ["gpu"]
    assert [budget["group"] for budget in annie.json("GET", "admin/budgets")["budgets"]] == ["gpu"]
    assert {row["on_whom"] for row in audit(desk, LOOKS_AFTER_GPU)} == {"vera"}
    assert {row["on_whom"] for row in audit(desk)} == {"vera", "henrietta"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "admin/overview"), ("GET", "admin/labs"), ("GET", "admin/queue"), ("GET", "admin/budgets"), ("GET", "admin/jobs"),
        ("GET", "admin/statistics"), ("GET", "admin/audit"), ("GET", "admin/messages"), ("POST", "admin/messages"),
        ("DELETE", "admin/messages/x"), ("POST", "admin/leases/x/extend"), ("POST", "admin/leases/x/end"), ("POST", "admin/jobs/x/cancel"),
    ],
)  # fmt: skip
def test_nobody_else_gets_in_nor_does_the_hub(desk: Desk, method: str, path: str) -> None:
    sly = replace(VERA, entitlements=replace(VERA.entitlements, services=frozenset({"*"})))
    slier = replace(VERA, entitlements=replace(VERA.entitlements, services=frozenset({"admin"})))
    for user in (VERA, sly, slier, HUB):
        with pytest.raises(NotAllowed):
            desk.by(user).call(method, path, {} if method == "POST" else None)


def test_what_does_not_exist_is_refused_and_logged(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.by(ADMIN).call("POST", "admin/leases/nothing/end", {"message": ""})
    with pytest.raises(NotFound):
        desk.by(ADMIN).call("DELETE", "admin/messages/nothing")
    assert [(row["what"], row["target"]) for row in audit(desk)] == [("message.remove", "nothing"), ("lease.end", "nothing")]


@pytest.mark.parametrize("seconds", [0, -5, None, "60", 1e12, True])
def test_an_extension_is_a_span_that_makes_sense(desk: Desk, small_lab: str, seconds: Any) -> None:
    with pytest.raises(InvalidRequest):
        desk.by(ADMIN).call("POST", f"admin/leases/{small_lab}/extend", {"seconds": seconds})


def test_a_message_appears_in_labs_stays_readable_and_is_taken_back(desk: Desk, small_lab: str) -> None:
    posted = desk.by(ADMIN).json("POST", "admin/messages", {"text": "<b>disk</b> is full", "severity": "warning", "to": {"all": True}})
    (shown,) = desk.json("GET", "lab")["messages"]
    assert (shown["text"], shown["severity"], shown["from"], shown["read"]) == ("<b>disk</b> is full", "warning", "jocelyn", False)
    (shown,) = desk.json("POST", f"lab/messages/{posted['id']}/read", {"server": ""})["messages"]
    assert shown["read"] is True
    desk.by(ADMIN).json("DELETE", f"admin/messages/{posted['id']}")
    assert desk.json("GET", "lab")["messages"] == []
    assert [row["what"] for row in audit(desk)] == ["message.remove", "message.post"]


def test_a_message_reaches_a_group_or_a_profile_and_nobody_else(desk: Desk, gpu_lab: str, small_lab: str) -> None:
    def texts(name: str, *groups: str) -> list[str]:
        return [each["text"] for each in desk.by(person(name, *groups)).json("GET", "lab")["messages"]]

    desk.by(ADMIN).json("POST", "admin/messages", {"text": "to GPU people", "to": {"group": "GPU"}})
    desk.by(ADMIN).json("POST", "admin/messages", {"text": "to small labs", "to": {"profile": "small"}})
    assert texts("vera", "default", "gpu") == ["to GPU people"]
    assert texts("henrietta", "limited") == ["to small labs"]
    assert texts("nobody", "default") == []


def test_a_message_is_shown_until_its_time(desk: Desk) -> None:
    until = time_to_json(desk.clock.now + timedelta(hours=1))
    desk.by(ADMIN).json("POST", "admin/messages", {"text": "for an hour", "to": {"all": True}, "until": until})
    assert len(desk.json("GET", "lab")["messages"]) == 1
    desk.clock.pass_(hours=1)
    assert desk.json("GET", "lab")["messages"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "text"), ({"text": "x" * 4001}, "text"), ({"text": "a\x1bb"}, "text"), ({"severity": "loud"}, "severity"),
        ({"to": {}}, "to"), ({"to": {"all": False}}, "to"), ({"to": {"group": "nobody"}}, "to"),
        ({"to": {"all": True, "group": "gpu"}}, "to"), ({"to": "all"}, "to"), ({"to": {"group": 7}}, "to"),
        ({"until": "2001-01-01T00:00:00Z"}, "until"), ({"until": "tomorrow"}, "until"), ({"until": "2030-01-01"}, "until"), ({"x": 1}, "x"),
    ],
)  # fmt: skip
def test_a_message_that_will_not_do_is_refused_by_field(desk: Desk, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk.by(ADMIN).call("POST", "admin/messages", {"text": "hello", "to": {"all": True}, **change})
    assert {fault.field for fault in caught.value.faults} == {field}


def test_a_groups_administrator_speaks_to_the_group_only(desk: Desk) -> None:
    annie = desk.by(LOOKS_AFTER_GPU)
    annie.json("POST", "admin/messages", {"text": "hello", "to": {"group": "gpu"}})
    for to in ({"all": True}, {"group": "default"}, {"profile": "gpu"}):
        with pytest.raises(NotAllowed, match="annie may not send messages"):
            annie.call("POST", "admin/messages", {"text": "hello", "to": to})
    desk.by(ADMIN).json("POST", "admin/messages", {"text": "to all", "to": {"all": True}})
    assert [message["text"] for message in annie.json("GET", "admin/messages")["messages"]] == ["hello"]
    theirs = desk.by(ADMIN).json("GET", "admin/messages")["messages"][1]
    with pytest.raises(NotAllowed):
        annie.call("DELETE", f"admin/messages/{theirs['id']}")


def test_an_administrator_cancels_a_job_of_somebody_else(desk: Desk) -> None:
    job = desk.json("POST", "query/job", {"sql": "SELECT ID FROM STARS"})
    assert [each["id"] for each in desk.by(MONITOR).json("GET", "admin/jobs")["jobs"]] == [job["id"]]
    with pytest.raises(NotAllowed):
        desk.by(MONITOR).call("POST", f"admin/jobs/{job['id']}/cancel", {})
    assert desk.by(ADMIN).json("POST", f"admin/jobs/{job['id']}/cancel", {})["phase"] == "ABORTED"
    with pytest.raises(Conflict):
        desk.by(ADMIN).call("POST", f"admin/jobs/{job['id']}/cancel", {})
    assert [(row["who"], row["outcome"][:7]) for row in audit(desk)] == [("jocelyn", "refused"), ("jocelyn", "done"), ("maria", "refused")]
    assert {row["on_whom"] for row in audit(desk)} == {"vera"}


def test_a_groups_administrator_cancels_jobs_of_known_members_only(desk: Desk) -> None:
    job = desk.json("POST", "query/job", {"sql": "SELECT ID FROM STARS"})
    annie = desk.by(LOOKS_AFTER_GPU)
    assert annie.json("GET", "admin/jobs")["jobs"] == []
    with pytest.raises(NotAllowed):
        annie.call("POST", f"admin/jobs/{job['id']}/cancel", {})
    desk.by(HUB).json("GET", "hub/profiles?user=vera&groups=default,GPU")
    assert [each["id"] for each in annie.json("GET", "admin/jobs")["jobs"]] == [job["id"]]
    assert annie.json("POST", f"admin/jobs/{job['id']}/cancel", {})["phase"] == "ABORTED"


def test_the_queue_shows_places_among_all_who_wait(desk: Desk) -> None:
    for user in "abcd":
        admit(desk, user, "gpu")
    desk.queue_up("henrietta", groups=("limited", "gpu"))
    desk.queue_up("vera")
    queue = desk.by(MONITOR).json("GET", "admin/queue")["queue"]
    assert [(row["user"], row["place"], row["title"]) for row in queue] == [("henrietta", 1, "GPU"), ("vera", 2, "GPU")]
    default_only = desk.by(person("annie", "default", administers=("default",)))
    assert [(row["user"], row["place"]) for row in default_only.json("GET", "admin/queue")["queue"]] == [("vera", 2)]


def test_budgets_and_statistics_add_up(desk: Desk, gpu_lab: str, small_lab: str) -> None:
    desk.clock.pass_(hours=2)
    desk.services.leases.tick()
    (budget,) = desk.by(MONITOR).json("GET", "admin/budgets")["budgets"]
    assert (budget["used_hours"], budget["limit_hours"], budget["limit_hours_each"]) == (2, 400, 48)
    assert budget["members"] == [{"user": "vera", "used_hours": 2}]
    rows = {row["group"]: row for row in desk.by(MONITOR).json("GET", "admin/statistics")["statistics"]}
    assert (rows["gpu"]["users"], rows["gpu"]["labs"], rows["gpu"]["lab_hours"], rows["gpu"]["gpu_hours"]) == (1, 1, 2, 2)
    assert (rows["limited"]["labs_running"], rows["limited"]["gpu_hours"]) == (1, 0)


def test_statistics_count_jobs_of_members(desk: Desk, gpu_lab: str) -> None:
    desk.json("POST", "query/job", {"sql": "SELECT ID FROM STARS"})
    rows = {row["group"]: row for row in desk.by(MONITOR).json("GET", "admin/statistics?days=30")["statistics"]}
    assert (rows["gpu"]["jobs_active"], rows["limited"]["jobs_active"]) == (1, 0)
    assert rows["gpu"]["jobs"] == 1


def test_the_overview_tells_rights_counts_and_health(desk: Desk, gpu_lab: str, small_lab: str) -> None:
    overview = desk.by(ADMIN).json("GET", "admin/overview")
    assert (overview["user"], overview["rights"]) == ("jocelyn", ["admin", "monitor"])
    assert overview["counts"] == {"labs": 2, "queue": 0, "jobs": 0, "messages": 0}
    assert {check["name"] for check in overview["health"]} == {"database", "catalogue", "runner", "disk"}
    gpu = next(profile for profile in overview["profiles"] if profile["name"] == "gpu")
    assert (gpu["labs"], gpu["holders"], gpu["gpus"]) == (1, 4, 1)
    json.dumps(overview, allow_nan=False)


def test_labs_tell_node_and_last_activity_as_the_hub_told_them(desk: Desk, small_lab: str) -> None:
    lab = {"user": "henrietta", "server": "", "node": "node-3", "last_activity": "2026-03-14T15:00:00Z"}
    desk.by(HUB).json("POST", "hub/leases/sync", {"running": [lab]})
    (row,) = desk.by(MONITOR).json("GET", "admin/labs")["labs"]
    assert (row["node"], row["last_activity_at"]) == ("node-3", "2026-03-14T15:00:00.000Z")


def test_the_log_is_read_page_by_page(desk: Desk, small_lab: str) -> None:
    for _ in range(3):
        desk.by(ADMIN).json("POST", f"admin/leases/{small_lab}/extend", {"seconds": 60})
    newest = desk.by(ADMIN).json("GET", "admin/audit?limit=2")["audit"]
    oldest = desk.by(ADMIN).json("GET", f"admin/audit?before={newest[-1]['number']}")["audit"]
    assert (len(newest), len(oldest)) == (2, 1)
    assert newest[0]["number"] > newest[1]["number"] > oldest[0]["number"]
