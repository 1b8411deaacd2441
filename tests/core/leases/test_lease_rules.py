"""Tables of the pure rules."""

from datetime import timedelta
from typing import Any

import pytest

from skydesk.leases.model import EndReason, LeasePhase, StopWish
from skydesk.leases.rules import ended, estimates, new_id, rest_seconds, scarcely, settled, stop_wish, words_of_time
from tests.contracts.lease_store_contract import NOW, make_lease
from tests.core.leases.desk import GPU, HOUR, SMALL, profile


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "2 min"),
        (3600, "1 h"),
        (3601, "1 h 1 min"),
        (86400, "24 h"),
    ],
)
def test_spans_in_words_are_rounded_up(seconds: float, words: str) -> None:
    assert words_of_time(seconds) == words


def test_ids_are_not_guessable() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert {len(each) for each in ids} == {16}


@pytest.mark.parametrize(
    ("which", "seconds"),
    [(GPU, 0.75 * HOUR), (SMALL, 300), (profile("x", idle_seconds=60), 60), (profile("x", gpus=1, idle_seconds=60), 60)],
    ids=["gpu", "no gpu", "short idle", "gpu, short idle"],
)
def test_the_rest_is_the_idle_time_but_short_without_gpus(which: Any, seconds: float) -> None:
    assert rest_seconds(which) == seconds


@pytest.mark.parametrize(("longest", "least"), [(24 * HOUR, 60), (100 * 60, 60), (60, 0.6)])
def test_a_start_must_be_worth_it(longest: float, least: float) -> None:
    assert scarcely(profile("x", longest_seconds=longest)) == pytest.approx(least)


@pytest.mark.parametrize(
    ("fields", "reported", "kept"),
    [
        ({}, EndReason.USER, EndReason.USER),
        ({}, EndReason.LOST, EndReason.LOST),
        ({"ends_at": NOW, "time_ends_at": NOW}, EndReason.USER, EndReason.TIME),
        ({"ends_at": NOW, "time_ends_at": NOW}, EndReason.LOST, EndReason.TIME),
        ({"ends_at": NOW, "time_ends_at": NOW}, EndReason.IDLE, EndReason.TIME),
        ({"ends_at": NOW, "time_ends_at": NOW}, EndReason.FAILED, EndReason.FAILED),
        ({"ends_at": NOW, "time_ends_at": NOW + timedelta(hours=1), "group": "gpu"}, EndReason.USER, EndReason.BUDGET),
        ({"stop": StopWish(reason=EndReason.ADMIN, message="m")}, EndReason.USER, EndReason.ADMIN),
        ({"stop": StopWish(reason=EndReason.ADMIN, message="m")}, EndReason.ADMIN, EndReason.ADMIN),
        ({"stop": StopWish(reason=EndReason.ADMIN, message="m")}, EndReason.IDLE, EndReason.ADMIN),
        ({"ends_at": NOW + timedelta(seconds=1), "time_ends_at": NOW + timedelta(seconds=1)}, EndReason.IDLE, EndReason.IDLE),
    ],
)
def test_what_was_wished_before_the_end_is_its_reason(fields: dict[str, Any], reported: EndReason, kept: EndReason) -> None:
    lease = make_lease("a", phase=LeasePhase.ACTIVE, started_at=NOW - timedelta(hours=1), **fields)
    over = ended(lease, NOW, reported, "as reported")
    assert (over.phase, over.end_reason, over.ended_at) == (LeasePhase.ENDED, kept, NOW)


@pytest.mark.parametrize("phase", [LeasePhase.QUEUED, LeasePhase.OFFERED, LeasePhase.STARTING, LeasePhase.ENDED])
def test_only_a_lab_that_runs_is_stopped_by_the_time(phase: LeasePhase) -> None:
    assert stop_wish(make_lease("a", phase=phase, ends_at=NOW, time_ends_at=NOW), NOW) is None


def test_without_a_bound_nobody_waits() -> None:
    waiting = make_lease("a", profile="small")
    assert [lease.phase for lease in settled(SMALL, [waiting], NOW)] == [LeasePhase.OFFERED]
    assert estimates(SMALL, [waiting], NOW, 2) == (0, 0)


def test_an_estimate_counts_those_who_start_and_who_are_offered_with_their_whole_time() -> None:
    starting = make_lease("a", profile="gpu", phase=LeasePhase.STARTING)
    offered = make_lease("b", profile="gpu", phase=LeasePhase.OFFERED, offered_until=NOW + timedelta(minutes=10))
    assert estimates(GPU, [starting, offered], NOW, 3) == (24 * HOUR, 24 * HOUR + 600, 48 * HOUR)


def test_a_lab_past_its_end_frees_its_place_now_rather_than_before() -> None:
    late = make_lease("a", profile="gpu", phase=LeasePhase.ACTIVE, ends_at=NOW - timedelta(hours=1))
    other = make_lease("b", profile="gpu", phase=LeasePhase.ACTIVE, ends_at=NOW + timedelta(hours=2))
    assert estimates(GPU, [late, other], NOW, 2) == (0, 2 * HOUR)
