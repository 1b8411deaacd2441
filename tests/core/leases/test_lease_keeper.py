import itertools
import logging
import threading
from datetime import timedelta

import pytest

from skydesk.errors import ServiceUnavailable
from skydesk.leases.keeper import LeaseKeeper
from tests.core.leases.desk import Desk


def charged(desk: Desk) -> float:
    return sum(desk.store.read(lambda book: book.gpu_seconds_by_group()).values())


def wait_until(condition: threading.Event) -> None:
    assert condition.wait(20)


def test_labs_are_charged_while_the_keeper_runs(desk: Desk) -> None:
    desk.start(profile="gpu")
    desk.pass_(minutes=1)
    ticked = threading.Event()
    tick = desk.leases.tick

    def tick_and_tell() -> None:
        tick()
        ticked.set()

    desk.leases.tick = tick_and_tell  # type: ignore[method-assign]
    keeper = LeaseKeeper(desk.leases)
    keeper.start(3600)
    wait_until(ticked)
    keeper.stop()
    assert charged(desk) == 60


def test_a_tick_that_fails_is_logged_and_tried_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter([ServiceUnavailable("the database is locked"), RuntimeError("a bug"), None])
    done = threading.Event()

    def tick() -> None:
        outcome = next(outcomes, None)
        if outcome is not None:
            raise outcome
        done.set()

    desk.leases.tick = tick  # type: ignore[method-assign]
    keeper = LeaseKeeper(desk.leases)
    with caplog.at_level(logging.WARNING, "skydesk.leases"):
        keeper.start(0.01)
        wait_until(done)
        keeper.stop()
    assert ["locked" in caplog.messages[0], caplog.records[1].exc_info is not None] == [True, True]


def test_leases_that_ended_long_ago_are_forgotten_once_in_a_while(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    first = desk.start()
    desk.stop(first)
    desk.pass_(days=2)
    second = desk.start()
    desk.stop(second)
    forget, calls, ticks, done = desk.leases.forget_ended, [], itertools.count(1), threading.Event()

    def forget_and_count(kept: timedelta) -> int:
        calls.append(kept)
        return forget(kept)

    def tick() -> None:
        if next(ticks) == 3:
            done.set()

    desk.leases.forget_ended = forget_and_count  # type: ignore[method-assign]
    desk.leases.tick = tick  # type: ignore[method-assign]
    keeper = LeaseKeeper(desk.leases, kept=timedelta(days=1))
    with caplog.at_level(logging.INFO, "skydesk.leases"):
        keeper.start(0.01)
        wait_until(done)
        keeper.stop()
    assert [lease.id for lease in desk.store.read(lambda book: book.leases())] == [second.id]
    assert len(calls) == 1, "not at every tick"
    assert caplog.messages == ["1 leases that ended more than 1 d ago are forgotten"]


def test_a_keeper_stops_at_once_and_may_stop_before_it_began(desk: Desk) -> None:
    keeper = LeaseKeeper(desk.leases)
    keeper.stop()
    keeper.start(3600)
    keeper.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "skydesk-leases"]
