"""Places that are scarce: who waits, who is next, how long a place is held."""

from dataclasses import replace

import pytest

from skydesk.access import Policy
from skydesk.errors import LimitExceeded, NotFound
from skydesk.leases.model import EndReason, LeasePhase
from skydesk.leases.views import lab_of, offers_to
from tests.core.leases.desk import GROUPS, HOUR, PROFILES, Desk, user


@pytest.fixture
def full(desk: Desk) -> Desk:
    """Both GPU places taken by ada and bob, the second an hour later."""
    desk.start("ada", "gpu")
    desk.pass_(hours=1)
    desk.start("bob", "gpu")
    return desk


def lease_of(desk: Desk, owner: str) -> str:
    return next(lease.id for lease in desk.leases.running() if lease.owner == owner)


def test_who_finds_no_place_stands_in_the_queue_once(full: Desk) -> None:
    first = full.queue_up("cyd")
    assert (first.profile, first.place, first.length) == ("gpu", 1, 1)
    assert "all places for Gpu are taken; cyd is number 1 of 1 in the queue; it may take up to 23 h" in str(first)
    assert full.queue_up("dan").place == 2
    assert full.queue_up("cyd").detail == {"profile": "gpu", "place": 1, "length": 2, "estimate_seconds": 23 * HOUR}
    assert full.live()[2:] == [("cyd", "QUEUED"), ("dan", "QUEUED")]


def test_estimates_follow_the_ends_of_those_before(full: Desk) -> None:
    waits = [full.queue_up(owner).estimate_seconds for owner in ("cyd", "dan", "eve")]
    assert waits == [23 * HOUR, 24 * HOUR, (23 + 24) * HOUR]


def test_a_place_that_frees_is_offered_to_the_first_in_line_and_held(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    assert full.live() == [("bob", "ACTIVE"), ("cyd", "OFFERED"), ("dan", "QUEUED")]
    (place,) = lab_of(full.leases, user("cyd"), "").queue
    assert place.place == 0
    assert place.held_until is not None
    assert (place.held_until - full.clock.now).total_seconds() == 600


def test_the_holder_of_an_offer_is_admitted_whatever_the_server(full: Desk) -> None:
    full.queue_up("cyd")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    lease = full.admit("cyd", "gpu", server="elsewhere")
    assert (lease.phase, lease.server, lease.offered_until) == (LeasePhase.STARTING, "elsewhere", None)


def test_nobody_else_gets_a_place_that_is_held(full: Desk) -> None:
    full.queue_up("cyd")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    assert full.queue_up("ada").place == 1
    assert full.live() == [("bob", "ACTIVE"), ("cyd", "OFFERED"), ("ada", "QUEUED")]


def test_a_hold_that_runs_out_goes_to_the_next(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    full.pass_(seconds=599)
    full.leases.tick()
    assert full.live()[1] == ("cyd", "OFFERED")
    full.pass_(seconds=1)
    full.leases.tick()
    assert full.live() == [("bob", "ACTIVE"), ("dan", "OFFERED")]


def test_a_hold_is_over_in_time_even_if_nothing_ticked(full: Desk) -> None:
    full.queue_up("cyd")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    full.pass_(seconds=600)
    assert full.admit("eve", "gpu").phase is LeasePhase.STARTING
    assert full.queue_up("cyd").place == 1


def test_leaving_the_queue_moves_the_others_up(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    full.leases.leave_queue(user("cyd"), "gpu")
    assert full.queue_up("dan").place == 1
    with pytest.raises(NotFound, match="cyd does not wait"):
        full.leases.leave_queue(user("cyd"), "gpu")


def test_leaving_gives_up_an_offer_at_once(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    full.leases.leave_queue(user("cyd"), "gpu")
    assert full.live() == [("bob", "ACTIVE"), ("dan", "OFFERED")]


def test_a_lab_without_gpu_runs_while_its_owner_waits(full: Desk) -> None:
    full.queue_up("cyd")
    full.start("cyd", "small")
    view = lab_of(full.leases, user("cyd"), "")
    assert view.lease is not None
    assert [(place.profile, place.place, place.estimate_seconds) for place in view.queue] == [("gpu", 1, 23 * HOUR)]


def test_a_start_that_fails_gives_its_place_to_the_next(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    lease = full.admit("cyd", "gpu")
    full.stop(lease, EndReason.FAILED, "no such image")
    assert full.live() == [("bob", "ACTIVE"), ("dan", "OFFERED")]


def test_who_restarts_stands_in_line_behind_those_who_waited(full: Desk) -> None:
    full.queue_up("cyd")
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    full.queue_up("ada")
    full.admit("cyd", "gpu")
    full.leases.end(lease_of(full, "bob"), EndReason.USER, None)
    assert full.live() == [("cyd", "STARTING"), ("ada", "OFFERED")]


def test_who_has_no_time_left_is_refused_rather_than_queued(desk: Desk) -> None:
    lease = desk.start("ada", "gpu")
    desk.pass_(hours=24)
    desk.stop(lease)
    desk.start("bob", "gpu")
    desk.start("cyd", "gpu")
    with pytest.raises(LimitExceeded):
        desk.admit("ada", "gpu")
    assert desk.live() == [("bob", "ACTIVE"), ("cyd", "ACTIVE")]


def test_the_form_tells_a_waiting_user_their_place(full: Desk) -> None:
    full.queue_up("cyd")
    full.queue_up("dan")
    _, dan, _ = offers_to(full.leases, "dan", ["users", "gpu"]).profiles
    assert (dan.place, dan.queue_length, dan.free, dan.estimate_seconds) == (2, 2, 0, 24 * HOUR)
    _, eve, _ = offers_to(full.leases, "eve", ["users", "gpu"]).profiles
    assert (eve.place, eve.estimate_seconds) == (None, (23 + 24) * HOUR)
    full.leases.end(lease_of(full, "ada"), EndReason.USER, None)
    _, cyd, _ = offers_to(full.leases, "cyd", ["users", "gpu"]).profiles
    assert (cyd.place, cyd.estimate_seconds, cyd.held_until is not None) == (0, 0, True)


def test_a_lab_that_is_being_ended_counts_as_free_in_the_estimate(full: Desk) -> None:
    full.queue_up("cyd")
    admin = user("root", "admin", rights=frozenset({"admin", "monitor"}))
    full.administration.end(admin, lease_of(full, "ada"), "")
    assert full.queue_up("cyd").estimate_seconds == 0


def test_a_place_that_its_holder_cannot_take_goes_to_the_next_at_once(desk: Desk) -> None:
    course = ("course",)
    ada = desk.start("ada", "gpu", groups=course)
    bob = desk.start("bob", "gpu", groups=course)
    desk.queue_up("cyd", groups=course)
    desk.queue_up("dan")
    desk.pass_(hours=6, every_seconds=600)
    desk.stop(ada)
    assert desk.live()[1:] == [("cyd", "OFFERED"), ("dan", "QUEUED")]
    with pytest.raises(LimitExceeded, match="GPU-hours of cyd in The course"):
        desk.admit("cyd", "gpu", groups=course)
    assert desk.live() == [("bob", "ACTIVE"), ("dan", "OFFERED")]
    assert desk.lease(bob).phase is LeasePhase.ACTIVE


def test_fewer_places_than_labs_are_given_to_nobody(full: Desk) -> None:
    one = Policy(profiles={**PROFILES, "gpu": replace(PROFILES["gpu"], holders=1)}, groups=GROUPS)
    later = Desk(policy=one, store=full.store, clock=full.clock)
    assert later.queue_up("cyd").estimate_seconds == 24 * HOUR
    later.leases.end(lease_of(later, "ada"), EndReason.USER, None)
    assert later.live() == [("bob", "ACTIVE"), ("cyd", "QUEUED")]
    later.leases.end(lease_of(later, "bob"), EndReason.USER, None)
    assert later.live() == [("cyd", "OFFERED")]
