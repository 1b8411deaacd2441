"""Which labs are stopped, and when: with clocks that stand until they are told."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from skydesk_hub.culler import Arbiter, HubServers, Verdict, user_of, verdict
from tests.fakes.lease_service import FakeLeaseService
from tests.hub.policies import client_of, run
from tests.server.processes import SOURCES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEASE = {"id": "1", "user": "vera", "server": "", "profile": "gpu", "idle_seconds": 2700.0, "end": None}
OVER = {**LEASE, "end": {"reason": "time", "message": "its time was over"}}


@pytest.mark.parametrize(
    ("lease", "idle_seconds", "age_seconds", "expected"),
    [
        (LEASE, 0, 0, Verdict(stop=False, why="idle")),
        (LEASE, 2699, 90_000, Verdict(stop=False, why="idle")),
        (LEASE, 2700, 2700, Verdict(stop=True, why="idle")),
        (OVER, 0, 10, Verdict(stop=True, why="time")),
        (OVER, 9999, 10, Verdict(stop=True, why="time")),
        (None, 0, 299, Verdict(stop=False, why="it has no lease")),
        (None, 0, 300, Verdict(stop=True, why="it has no lease")),
    ],
    ids=["at work", "not yet idle", "idle", "time over", "time over and idle", "no lease yet", "no lease"],
)
def test_a_lab_is_judged_by_its_lease(lease: dict[str, Any] | None, idle_seconds: float, age_seconds: float, expected: Verdict) -> None:
    assert verdict(lease, idle_seconds=idle_seconds, age_seconds=age_seconds) == expected


@pytest.mark.parametrize(
    ("reason", "over_seconds", "stops"),
    [("admin", 0, False), ("admin", 9.9, False), ("admin", 10, True), ("time", 0, True), ("budget", 0, True)],
)
def test_a_lab_that_an_administrator_ends_has_a_moment_to_save_what_is_open(reason: str, over_seconds: float, stops: bool) -> None:
    lease = {**LEASE, "end": {"reason": reason, "message": "the node is repaired"}}
    assert verdict(lease, idle_seconds=9999, age_seconds=9999, over_seconds=over_seconds).stop is stops


def server(user: str = "vera", name: str = "", **changes: Any) -> dict[str, Any]:
    started = (NOW - timedelta(hours=1)).isoformat()
    return {"name": name, "full_name": f"{user}/{name}", "started": started, "last_activity": NOW.isoformat(), **changes}


class Labs:
    """What the hub says is there."""

    def __init__(self) -> None:
        self.there: list[dict[str, Any]] = []
        self.error: Exception | None = None

    async def running(self) -> list[dict[str, Any]]:
        if self.error:
            raise self.error
        return self.there


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def labs() -> Labs:
    return Labs()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arbiter(service: FakeLeaseService, labs: Labs, clock: Clock) -> Callable[[], Arbiter]:
    return lambda: Arbiter(client_of(service), labs, pass_seconds=60, clock=clock, now=lambda: NOW)


def judged(arbiter: Arbiter, *servers: dict[str, Any], idle: timedelta | None = timedelta()) -> list[bool]:
    async def judge() -> list[bool]:
        return await asyncio.gather(*(arbiter.arbitrate(inactive=idle, inactive_limit=600, server=each) for each in servers))

    return run(judge())


def test_the_service_is_asked_once_in_a_pass_however_many_labs_there_are(
    arbiter: Callable[[], Arbiter], service: FakeLeaseService, clock: Clock
) -> None:
    mine = arbiter()

    async def passes() -> None:
        for _ in range(2):
            await asyncio.gather(*(mine.arbitrate(inactive=timedelta(), server=server(f"u{number}")) for number in range(100)))
            clock.seconds += 60

    run(passes())
    assert service.calls == ["POST hub/leases/sync", "GET hub/leases"] * 2


@pytest.mark.parametrize(("seconds_ago", "stops"), [(9, False), (11, True), (None, True)])
def test_that_moment_is_counted_from_the_end_of_the_lease(
    arbiter: Callable[[], Arbiter], service: FakeLeaseService, seconds_ago: float | None, stops: bool
) -> None:
    ends_at = None if seconds_ago is None else (NOW - timedelta(seconds=seconds_ago)).isoformat()
    service.leases = {"1": {**LEASE, "end": {"reason": "admin", "message": ""}, "ends_at": ends_at}}
    assert judged(arbiter(), server()) == [stops]


def test_each_lab_is_judged_by_the_lease_of_its_user_and_server(arbiter: Callable[[], Arbiter], service: FakeLeaseService) -> None:
    service.leases = {"1": OVER, "2": {**LEASE, "server": "second"}, "3": {**LEASE, "user": "ada"}}
    assert judged(arbiter(), server(), server(name="second"), server("ada"), server("eve")) == [True, False, False, True]


def test_a_lab_that_nobody_has_ever_used_counts_from_its_start(arbiter: Callable[[], Arbiter], service: FakeLeaseService) -> None:
    service.leases = {"1": LEASE}
    assert judged(arbiter(), server(), idle=None) == [False]


def test_the_service_hears_of_an_idle_lab_before_it_is_stopped(arbiter: Callable[[], Arbiter], service: FakeLeaseService) -> None:
    service.leases = {"1": {**LEASE}, "2": {**OVER, "id": "2", "server": "second"}, "3": {**LEASE, "id": "3", "user": "ada"}}
    labs = [server(), server(name="second")]
    assert judged(arbiter(), *labs, idle=timedelta(hours=1)) == [True, True]
    assert [call for call in service.calls if call.endswith("/idle")] == ["POST hub/leases/1/idle"], "the other's time is over"
    assert service.leases["1"]["end"]["reason"] == "idle"


def test_an_idle_lab_is_left_alone_where_the_service_does_not_hear_of_it(
    arbiter: Callable[[], Arbiter], service: FakeLeaseService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.leases = {"1": {**LEASE}}
    mine = arbiter()
    monkeypatch.setattr("skydesk_hub.service_client._PAUSE_SECONDS", 0.001)

    async def story() -> bool:
        await mine.look()
        service.down = True
        return await mine.arbitrate(inactive=timedelta(hours=1), server=server())

    assert run(story()) is False


def test_the_service_hears_which_labs_there_are_even_when_there_is_none(
    arbiter: Callable[[], Arbiter], service: FakeLeaseService, labs: Labs
) -> None:
    run(arbiter().look())
    labs.there = [{"user": "vera", "server": "", "last_activity": None}]
    run(arbiter().look())
    assert service.synced == [[], [{"user": "vera", "server": "", "last_activity": None}]]


def test_with_the_service_down_no_lab_is_stopped(arbiter: Callable[[], Arbiter], service: FakeLeaseService, clock: Clock) -> None:
    service.leases = {"1": OVER}
    service.down = True
    mine = arbiter()

    async def passes() -> list[bool]:
        found = [await mine.arbitrate(inactive=timedelta(days=9), server=server())]
        service.down = False
        clock.seconds += 60
        return [*found, await mine.arbitrate(inactive=timedelta(days=9), server=server())]

    assert run(passes()) == [False, True]


def test_what_the_hub_does_not_say_is_not_told_to_the_service(
    arbiter: Callable[[], Arbiter], service: FakeLeaseService, labs: Labs
) -> None:
    labs.error = httpx.ConnectError("the hub restarts")
    service.leases = {"1": OVER}
    assert judged(arbiter(), server()) == [False]
    assert service.synced == [], "an empty list would end every lease"


@pytest.mark.parametrize(("user", "name"), [("vera", ""), ("vera", "second"), ("a/b", "c"), ("second", "second")])
def test_the_user_is_read_off_the_servers_full_name(user: str, name: str) -> None:
    assert user_of(server(user, name)) == user


def test_all_pages_of_the_hubs_list_are_read() -> None:
    lab = {"name": "", "last_activity": None, "state": {"skydesk_node": "node1"}}
    pages = {
        "0": {"items": [{"name": "vera", "servers": {"": lab}}], "_pagination": {"next": {"offset": 1}}},
        "1": {"items": [{"name": "ada", "servers": {"b": {**lab, "name": "b", "state": None}}}], "_pagination": {"next": None}},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["state"] == "active"
        return httpx.Response(200, json=pages[request.url.params["offset"]])

    found = run(HubServers("http://hub/hub/api", "t", transport=httpx.MockTransport(answer)).running())
    assert found == [
        {"user": "vera", "server": "", "last_activity": None, "node": "node1"},
        {"user": "ada", "server": "b", "last_activity": None},
    ]


def test_a_culler_without_a_service_says_what_it_lacks() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), "JUPYTERHUB_API_TOKEN": "t"}
    done = subprocess.run([sys.executable, "-m", "skydesk_hub.culler"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "SKYDESK_SERVICE_URL, JUPYTERHUB_API_URL must be set" in done.stderr
