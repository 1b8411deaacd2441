"""GPU-hours: charged while labs run, over seven sliding days, by group and by member."""

from datetime import timedelta

import pytest

from skydesk.errors import LimitExceeded
from skydesk.leases.model import EndReason, Lease, LeasePhase
from skydesk.leases.rules import stop_wish
from skydesk.leases.views import lab_of
from tests.core.leases.desk import HOUR, Desk, user

GPU = ("gpu",)
WEEK_HOURS = 7 * 24


def charged(desk: Desk) -> dict[str, float]:
    return dict(desk.store.read(lambda book: book.gpu_seconds_by_group()))


def wish(desk: Desk, lease: Lease) -> EndReason | None:
    found = stop_wish(desk.lease(lease), desk.clock.now)
    return None if found is None else found.reason


def test_a_lab_is_charged_while_it_runs_not_while_it_starts(desk: Desk) -> None:
    lease = desk.admit(profile="gpu")
    desk.pass_(minutes=5, every_seconds=60)
    assert charged(desk) == {}
    desk.leases.started(lease.id)
    desk.pass_(hours=1, every_seconds=60)
    assert charged(desk) == {"gpu": HOUR}
    assert desk.lease(lease).gpu_seconds == HOUR


def test_two_gpus_cost_twice_as_much(desk: Desk) -> None:
    desk.start(profile="pair")
    desk.pass_(hours=1, every_seconds=600)
    assert charged(desk) == {"gpu": 2 * HOUR}


def test_the_last_moments_are_charged_at_the_end(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(seconds=61, every_seconds=30)
    desk.pass_(seconds=7)
    assert desk.stop(lease).gpu_seconds == 68
    desk.pass_(hours=1, every_seconds=600)
    assert charged(desk) == {"gpu": 68}


def test_a_service_that_stood_still_makes_up_for_it(desk: Desk) -> None:
    desk.start(profile="gpu")
    desk.pass_(hours=3)
    desk.leases.tick()
    desk.leases.tick()
    assert charged(desk) == {"gpu": 3 * HOUR}


def test_a_lab_without_gpu_costs_nothing(desk: Desk) -> None:
    desk.start(profile="small")
    desk.pass_(hours=1, every_seconds=600)
    assert charged(desk) == {}


def test_the_end_is_the_earlier_of_time_and_budget(desk: Desk) -> None:
    lease = desk.start("ada", "gpu", groups=("course",))
    assert desk.seconds_left(lease) == 10 * HOUR
    desk.pass_(hours=4, every_seconds=300)
    assert desk.seconds_left(lease) == pytest.approx(6 * HOUR, abs=1)
    desk.pass_(hours=6, seconds=1, every_seconds=300)
    assert wish(desk, lease) is EndReason.BUDGET
    over = desk.stop(lease)
    assert (over.end_reason, over.end_message) == (EndReason.BUDGET, "the GPU-hours of the group course are used up")


def test_two_labs_of_one_group_share_what_is_left(desk: Desk) -> None:
    first = desk.start("ada", "gpu", groups=("course",))
    second = desk.start("bob", "gpu", groups=("course",))
    assert desk.seconds_left(second) == 5 * HOUR
    desk.leases.tick()
    assert desk.seconds_left(first) == 5 * HOUR
    desk.pass_(hours=1)
    desk.stop(second)
    desk.leases.tick()
    assert desk.seconds_left(first) == 8 * HOUR


def test_who_has_used_up_their_own_hours_is_told_when_they_come_back(desk: Desk) -> None:
    for _ in range(2):
        lease = desk.start("ada", "gpu", groups=GPU)
        desk.pass_(hours=20)
        desk.stop(lease)
        desk.pass_(hours=1)
    with pytest.raises(
        LimitExceeded, match=r"the GPU-hours of ada in GPU users for seven days are used up; .* come back at 2026-03-21 15:09 UTC"
    ):
        desk.admit("ada", "gpu", groups=GPU)
    assert desk.admit("bob", "gpu", groups=GPU).phase is LeasePhase.STARTING


def test_hours_come_back_after_seven_days_bit_by_bit(desk: Desk) -> None:
    for _ in range(2):
        lease = desk.start("ada", "gpu", groups=GPU)
        desk.pass_(hours=20)
        desk.stop(lease)
        desk.pass_(hours=1)
    desk.pass_(hours=WEEK_HOURS - 42 + 5)
    again = desk.start("ada", "gpu", groups=GPU)
    assert desk.seconds_left(again) == 5 * HOUR
    desk.pass_(hours=4, every_seconds=300)
    assert desk.seconds_left(again) == pytest.approx(5 * HOUR, abs=2)


def test_the_group_as_a_whole_is_bounded_too(desk: Desk) -> None:
    for owner in ("ada", "bob", "cyd"):
        lease = desk.start(owner, "gpu", groups=GPU)
        desk.pass_(hours=20)
        desk.stop(lease)
    with pytest.raises(LimitExceeded, match="GPU-hours of dan in GPU users"):
        desk.admit("dan", "gpu", groups=GPU)


def test_a_lab_is_charged_to_the_first_group_that_has_hours_left_then_to_the_next(desk: Desk) -> None:
    lease = desk.start("ada", "gpu", groups=("course", "rich"))
    assert lease.group == "course"
    assert desk.seconds_left(lease) == 24 * HOUR
    desk.pass_(hours=12, every_seconds=600)
    assert desk.lease(lease).group == "rich"
    assert charged(desk) == {"course": 10 * HOUR, "rich": 2 * HOUR}
    assert desk.seconds_left(lease) == 12 * HOUR


def test_the_policys_order_of_groups_decides(desk: Desk) -> None:
    assert desk.start("ada", "gpu", groups=("rich", "course", "gpu")).group == "gpu"


def test_an_extension_that_the_budget_makes_void_is_refused(desk: Desk) -> None:
    desk.start("ada", "gpu", groups=("course",))
    with pytest.raises(LimitExceeded, match="GPU-hours of the group course are used up before the time is"):
        desk.leases.extend(user("ada", "course"), "")
    reason = lab_of(desk.leases, user("ada", "course"), "").no_extension
    assert reason is not None
    assert "an extension would add nothing" in reason


def test_an_extension_within_the_budget_lasts_as_long_as_that(desk: Desk) -> None:
    lease = desk.start("ada", "gpu", groups=GPU)
    desk.leases.extend(user("ada", "gpu"), "")
    assert desk.seconds_left(lease) == 30 * HOUR
    root = user("root", rights=frozenset({"admin"}))
    desk.administration.extend(root, lease.id, 40 * HOUR)
    assert desk.seconds_left(lease) == 40 * HOUR


def test_a_lab_that_nobody_stops_is_charged_on(desk: Desk) -> None:
    lease = desk.start("ada", "gpu", groups=("course",))
    desk.pass_(hours=11, every_seconds=600)
    assert charged(desk) == {"course": 11 * HOUR}
    assert desk.stop(lease).gpu_seconds == 11 * HOUR


def test_ends_do_not_move_where_nothing_changes(desk: Desk) -> None:
    desk.start("ada", "gpu", groups=("course",))
    desk.leases.tick()
    revision, _ = desk.store.news_since(0)
    desk.pass_(minutes=10, every_seconds=5)
    assert desk.store.news_since(revision)[1] == frozenset()


def test_a_tick_without_anything_to_do_does_not_write(desk: Desk) -> None:
    desk.start("ada", "small")
    revision, _ = desk.store.news_since(0)
    desk.pass_(minutes=1, every_seconds=5)
    assert desk.store.news_since(revision) == (revision, frozenset())


def test_a_budget_ends_in_seven_days_exactly(desk: Desk) -> None:
    lease = desk.start("ada", "gpu", groups=("course",))
    desk.pass_(hours=10)
    desk.stop(lease)
    begun = lease.started_at
    assert begun is not None
    desk.clock.now = begun + timedelta(days=7, minutes=2)
    assert desk.admit("ada", "gpu", groups=("course",)).phase is LeasePhase.STARTING
