"""Who may start what, by every way there is; and what the service is told of a lab's life."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from skydesk_hub.labs import options_from_form
from skydesk_hub.pods import End
from skydesk_hub.rejections import Rejection
from tests.fakes.lease_service import FakeLeaseService
from tests.hub.policies import LabStandIn, run

MakeLab = Callable[..., LabStandIn]


@pytest.fixture
def lab(service: FakeLeaseService, policy_file: Path) -> MakeLab:
    def make(user: str = "vera", *, groups: tuple[str, ...] = ("students",), server: str = "", options: Any = None) -> LabStandIn:
        made = LabStandIn(service, user=user, groups=groups, server=server, policy_file=policy_file)
        made.user_options = {"profile": "small"} if options is None else options
        return made

    return make


def refusal(waiting: Any) -> tuple[int, str]:
    with pytest.raises(Rejection) as caught:
        run(waiting)
    return caught.value.status_code, caught.value.jupyterhub_message


def end(lab: LabStandIn) -> None:
    """What the hub does when a lab is to stop."""

    async def stop() -> None:
        if await lab.poll() is None:
            await lab.stop()
        await lab.run_post_stop_hook()

    run(stop())


WAYS = {
    "by form": lambda profile: options_from_form({"profile": [profile]}),
    "by API": lambda profile: {"profile": profile},
    "by API, with more": lambda profile: {"profile": profile, "image": "evil", "cpu_limit": 100, "profile-option-gpu--image": "evil"},
}
TABLE = [
    (("students",), "small", "starts"),
    (("students",), "gpu", "the lab profile 'gpu' is not open to vera; open are small"),
    (("Students", "GPU"), "gpu", "starts"),
    (("gpu",), "small", "the lab profile 'small' is not open to vera; open are gpu"),
    (("visitors",), "small", "no group of vera grants a lab; ask the people who run this hub to add you to one"),
    ((), "small", "no group of vera grants a lab; ask the people who run this hub to add you to one"),
    (("elsewhere",), "gpu", "no group of vera grants a lab; ask the people who run this hub to add you to one"),
    (("students", "banned"), "small", "labs are closed to vera; ask the people who run this hub why"),
    (("students",), "huge", "the lab profile 'huge' is not open to vera; open are small"),
    (("students",), "", "the lab profile '' is not open to vera; open are small"),
    (("students",), "<b>x</b>", "the lab profile '<b>x</b>' is not open to vera; open are small"),
]


@pytest.mark.parametrize("server", ["", "second"], ids=["default server", "named server"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("groups", "profile", "outcome"), TABLE, ids=[f"{'+'.join(row[0]) or 'no group'} {row[1]!r}" for row in TABLE])
def test_what_is_not_granted_is_refused_whatever_the_way(
    lab: MakeLab, service: FakeLeaseService, groups: tuple[str, ...], profile: str, outcome: str, way: str, server: str
) -> None:
    mine = lab(groups=groups, server=server, options=WAYS[way](profile))
    if outcome == "starts":
        run(mine.start())
        assert [(lease["profile"], lease["server"]) for lease in service.leases.values()] == [(profile, server)]
        assert mine.user_options == {"profile": profile}
    else:
        assert refusal(mine.start()) == (403, outcome)
        assert service.calls == []


@pytest.mark.parametrize("options", [{"profile": ["gpu"]}, {"profile": None, "x": 1}, {"profile": {"a": 1}}, {"profile": 7}])
def test_a_profile_of_another_type_starts_nothing_but_the_least(lab: MakeLab, service: FakeLeaseService, options: dict[str, Any]) -> None:
    mine = lab(options=options)
    if options["profile"] is None:
        run(mine.start())
        assert mine.lease["profile"] == "small"
    else:
        status, sentence = refusal(mine.start())
        assert status == 403
        assert "must be the name of a lab profile" in sentence


def test_with_nothing_asked_for_the_least_of_ones_own_profiles_starts(lab: MakeLab) -> None:
    mine = lab(groups=("gpu",), options={})
    run(mine.start())
    assert mine.lease["profile"] == "gpu"


def test_what_the_service_refuses_is_refused_in_its_words(lab: MakeLab, service: FakeLeaseService) -> None:
    service.spent.add("vera")
    mine = lab(groups=("gpu",), options={"profile": "gpu"})
    assert refusal(mine.start()) == (429, "the GPU-hours of this week are used up")
    assert not mine.runs


def test_with_no_place_free_the_place_in_the_queue_is_told(lab: MakeLab) -> None:
    run(lab("ada", groups=("gpu",), options={"profile": "gpu"}).start())
    status, sentence = refusal(lab("vera", groups=("gpu",), options={"profile": "gpu"}).start())
    assert status == 409
    assert "no GPU lab is free now; you are number 1 of 1 in the queue; your turn is expected in about 35 min" in sentence
    assert "a place is kept for you for 10 min" in sentence


def test_with_the_service_down_no_lab_starts_and_no_form_is_shown(lab: MakeLab, service: FakeLeaseService) -> None:
    service.down = True
    sentence = "the SkyDesk service does not answer, and without it no lab is let in; try again in a minute"
    mine = lab()
    assert refusal(mine.start()) == (503, sentence)
    assert not mine.runs
    assert refusal(mine.get_options_form()) == (503, sentence)


def test_a_wrong_token_of_the_hub_is_as_good_as_no_service(lab: MakeLab, service: FakeLeaseService) -> None:
    service.token = "another"
    assert refusal(lab().start())[0] == 503


def test_the_form_shows_what_the_groups_allow(lab: MakeLab) -> None:
    html = run(lab(groups=("students", "gpu")).get_options_form())
    assert 'value="small"' in html
    assert 'value="gpu"' in html
    assert 'value="gpu"' not in run(lab().get_options_form())


def test_who_has_no_lab_gets_no_form(lab: MakeLab) -> None:
    status, sentence = refusal(lab(groups=("visitors",)).get_options_form())
    assert status == 403
    assert "no group of vera grants a lab" in sentence


def test_a_lab_knows_its_lease(lab: MakeLab) -> None:
    mine = lab(server="second")
    run(mine.start())
    environment = mine.get_env()
    assert environment["SKYDESK_SERVER"] == "second"
    assert environment["SKYDESK_LEASE"] == mine.lease["id"]
    assert environment["SKYDESK_LEASE_PROFILE"] == "small"
    assert environment["SKYDESK_LEASE_LONGEST_END_AT"] == mine.lease["longest_end_at"]


def test_the_lease_is_kept_over_a_restart_of_the_hub_from_before_the_lab_runs(lab: MakeLab, service: FakeLeaseService) -> None:
    mine = lab()
    mine.fails = KeyboardInterrupt()  # the hub is killed while the lab starts
    with pytest.raises(KeyboardInterrupt):
        run(mine.start())
    again = lab()
    again.load_state(mine.orm_spawner.state)
    assert again.lease["id"] == mine.lease["id"]
    end(again)
    assert service.ends == [(mine.lease["id"], "lost", "its process or pod is gone")]


def test_the_service_is_told_of_start_and_end(lab: MakeLab, service: FakeLeaseService) -> None:
    mine = lab()
    run(mine.start())
    lease = mine.lease["id"]
    assert service.leases[lease]["phase"] == "ACTIVE"
    assert service.deadlines == {lease: None}, "nothing but the hub ends a process"
    end(mine)
    assert service.ends == [(lease, "user", "")]
    end(mine)
    assert len(service.ends) == 1, "an end is told once"


@pytest.mark.parametrize(
    ("error", "message"),
    [(RuntimeError("no disk"), "it did not start: no disk"), (asyncio.CancelledError(), "it did not start within 60 s")],
    ids=["an error", "too slow"],
)
def test_a_lab_that_does_not_start_gives_its_place_back(
    lab: MakeLab, service: FakeLeaseService, error: BaseException, message: str
) -> None:
    mine = lab()
    mine.fails = error
    with pytest.raises(type(error)):
        run(mine.start())
    lease = mine.lease["id"]
    end(mine)
    assert service.ends == [(lease, "failed", message)]
    assert service.leases == {}


def test_a_lab_that_never_answers_has_failed(lab: MakeLab, service: FakeLeaseService) -> None:
    mine = lab()
    run(mine.start())
    mine._waiting_for_response = True
    end(mine)
    assert service.ends[0][1:] == ("failed", "it did not answer within 30 s")


def test_a_lab_that_the_hub_stops_is_no_idle_lab_for_that_however_long_nothing_happened_in_it(
    lab: MakeLab, service: FakeLeaseService
) -> None:
    mine = lab()
    run(mine.start())
    mine.orm_spawner.last_activity = (datetime.now(UTC) - timedelta(minutes=61)).replace(tzinfo=None)
    end(mine)
    assert service.ends[0][1:] == ("user", ""), "an administrator's or owner's wish; of idle labs the culler tells"


def test_a_lab_that_ended_by_itself_says_why(lab: MakeLab, service: FakeLeaseService, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = lab()
    run(mine.start())
    mine.runs = False
    monkeypatch.setattr(mine, "seen_end", lambda: End(reason="failed", message="it needed more memory than its limit"))
    end(mine)
    assert service.ends[0][1:] == ("failed", "it needed more memory than its limit")


def test_a_lease_that_ended_while_the_lab_started_stops_the_lab(lab: MakeLab, service: FakeLeaseService) -> None:
    mine = lab()
    admit = service._admit
    service._admit = lambda body: (admit(body), service.leases.clear())[0]  # type: ignore[method-assign]
    status, sentence = refusal(mine.start())
    assert status == 409
    assert "has ended; ask for a new one" in sentence
    end(mine)
    assert not mine.runs


def test_an_end_that_cannot_be_told_does_not_stop_the_hub(lab: MakeLab, service: FakeLeaseService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skydesk_hub.service_client._PAUSE_SECONDS", 0)
    mine = lab()
    run(mine.start())
    service.down = True
    end(mine)
    assert mine.lease == {}
    assert service.ends == []


def test_a_refusal_has_no_traceback_to_show(lab: MakeLab) -> None:
    with pytest.raises(Rejection) as caught:
        run(lab(options={"profile": "100%s"}).start())
    assert str(caught.value) == "the lab profile '100%s' is not open to vera; open are small"
