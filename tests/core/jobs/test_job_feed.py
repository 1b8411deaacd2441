import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import ServiceUnavailable
from skydesk.jobs import feed
from skydesk.jobs.feed import WatchedJobStore
from skydesk.jobs.model import JobEvent, Phase
from skydesk.jobs.ports import JobStore
from tests.contracts.jobstore_contract import QUEUED, JobStoreContract, make_job
from tests.core.jobs.desk import ADA, BOB, Desk
from tests.fakes.jobstore import FakeJobStore

SOON_SECONDS = 10


class CountingStore(FakeJobStore):
    """Counts how often it is asked what is new."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[float] = []
        self.is_down = False

    def events_since(self, revision: int, owner: str | None = None) -> tuple[int, tuple[JobEvent, ...]]:
        self.looks.append(time.monotonic())
        if self.is_down:
            raise ServiceUnavailable("the job store does not answer")
        return super().events_since(revision, owner)


class TestWatchedJobStore(JobStoreContract):
    @pytest.fixture
    def store(self) -> JobStore:
        return WatchedJobStore(FakeJobStore())


@pytest.fixture
def inner() -> CountingStore:
    return CountingStore()


@pytest.fixture
def store(inner: CountingStore) -> WatchedJobStore:
    return WatchedJobStore(inner)


def take(events: Iterator[JobEvent | None], count: int) -> list[JobEvent]:
    """Give the next events, leaving out the times when there was nothing."""
    deadline = time.monotonic() + SOON_SECONDS
    found: list[JobEvent] = []
    while len(found) < count:
        assert time.monotonic() < deadline, f"only {found}"
        if (event := next(events)) is not None:
            found.append(event)
    return found


def in_thread(events: Iterator[JobEvent | None], count: int) -> Any:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(lambda: (take(events, count), time.monotonic()))
    pool.shutdown(wait=False)
    return future


def test_nothing_is_said_as_none_within_about_a_second(store: WatchedJobStore) -> None:
    began_at = time.monotonic()
    assert next(store.follow("ada")) is None
    assert 0.9 < time.monotonic() - began_at < 3


def test_what_changes_in_this_process_is_told_at_once(store: WatchedJobStore, inner: CountingStore) -> None:
    events = store.follow("ada", 0)
    told = in_thread(events, 1)
    deadline = time.monotonic() + SOON_SECONDS
    while not inner.looks:
        assert time.monotonic() < deadline
    changed_at = time.monotonic()
    store.add(make_job("a"), max_active=9)
    (event,), told_at = told.result(SOON_SECONDS)
    assert (event.kind, event.job_id, event.revision) == ("changed", "a", 1)
    assert told_at - changed_at < 0.4


def test_what_another_process_changes_is_told_soon(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    here, elsewhere = WatchedJobStore(SqlJobStore(url)), SqlJobStore(url)
    events = here.follow("ada", 0)
    assert next(events) is None
    for change, kind in (
        (lambda: elsewhere.add(make_job("a"), max_active=9), "changed"),
        (lambda: elsewhere.claim("r"), "changed"),
        (lambda: elsewhere.change("a", phase=Phase.COMPLETED), "changed"),
        (lambda: elsewhere.remove("a", expect=frozenset({Phase.COMPLETED})), "deleted"),
    ):
        told = in_thread(events, 1)
        changed_at = time.monotonic()
        change()
        (event,), told_at = told.result(SOON_SECONDS)
        assert (event.kind, event.job_id, event.revision) == (kind, "a", here.revision())
        assert told_at - changed_at < 3


def test_each_owner_hears_of_their_own_jobs(store: WatchedJobStore) -> None:
    ada, bob, everybody = store.follow("ada", 0), store.follow("bob", 0), store.follow(None, 0)
    store.add(make_job("a"), max_active=9)
    store.add(make_job("b", owner="bob"), max_active=9)
    store.remove("b", expect=QUEUED)
    assert [event.job_id for event in take(ada, 1)] == ["a"]
    assert [(event.kind, event.job_id) for event in take(bob, 1)] == [("deleted", "b")]
    assert [event.job_id for event in take(everybody, 2)] == ["a", "b"]
    assert next(ada) is None


def test_without_a_revision_only_what_comes_is_told(store: WatchedJobStore) -> None:
    store.add(make_job("old"), max_active=9)
    events = store.follow("ada")
    assert next(events) is None
    store.add(make_job("new"), max_active=9)
    assert [event.job_id for event in take(events, 1)] == ["new"]


def test_a_revision_from_the_future_is_taken_for_now(store: WatchedJobStore) -> None:
    events = store.follow("ada", 10**12)
    assert next(events) is None
    store.add(make_job("a"), max_active=9)
    assert [event.job_id for event in take(events, 1)] == ["a"]


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(store: WatchedJobStore) -> None:
    for name in "abcd":
        store.add(make_job(name), max_active=9)
    first = take(store.follow("ada", 0), 2)
    rest = take(store.follow("ada", first[-1].revision), 2)
    assert [event.job_id for event in first + rest] == list("abcd")


def test_all_listeners_together_look_about_twice_a_second(store: WatchedJobStore, inner: CountingStore) -> None:
    listeners = [store.follow(f"user{n}", 0) for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(next, listeners))
        inner.looks.clear()
        began_at = time.monotonic()
        list(pool.map(lambda events: list(itertools.islice(events, 2)), listeners))
    seconds = time.monotonic() - began_at
    assert seconds > 1.5
    assert len(inner.looks) <= 2 * seconds + 2


def test_nobody_looks_where_nobody_listens(store: WatchedJobStore, inner: CountingStore) -> None:
    events = store.follow("ada", 0)
    next(events)
    inner.looks.clear()
    store.add(make_job("a"), max_active=9)
    threading.Event().wait(1.2)
    assert inner.looks == []
    assert [event.job_id for event in take(events, 1)] == ["a"]


def test_who_fell_behind_is_given_the_rest_from_the_store(store: WatchedJobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_EVENTS_KEPT", 3)
    slow, quick = store.follow("ada", 0), store.follow("ada", 0)
    next(quick)
    next(slow)
    for number in range(10):
        store.add(make_job(f"j{number}"), max_active=99)
        take(quick, 1)
    assert [event.job_id for event in take(slow, 10)] == [f"j{number}" for number in range(10)]


def test_a_store_that_does_not_answer_is_told_and_listening_goes_on_afterwards(store: WatchedJobStore, inner: CountingStore) -> None:
    first, second = store.follow("ada", 0), store.follow("ada", 0)
    next(first)
    inner.is_down = True
    with pytest.raises(ServiceUnavailable):
        next(first)
    inner.is_down = False
    store.add(make_job("a"), max_active=9)
    assert [event.job_id for event in take(second, 1)] == ["a"]


def test_many_listeners_miss_nothing_while_many_write(tmp_path: Path) -> None:
    store = WatchedJobStore(SqlJobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}"))
    told = [in_thread(store.follow(owner, 0), 20) for owner in ("u", "v", "u", "v")]

    def write(owner: str) -> None:
        for number in range(20):
            store.add(make_job(f"{owner}{number}", owner=owner), max_active=99)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("u", "v")))
    for owner, future in zip(("u", "v", "u", "v"), told, strict=True):
        assert [event.job_id for event in future.result(SOON_SECONDS)[0]] == [f"{owner}{number}" for number in range(20)]


def test_the_service_tells_owners_and_calls_a_job_that_is_being_deleted_deleted(desk: Desk) -> None:
    begin = desk.jobs.revision()
    ada, bob = desk.jobs.events(ADA, begin), desk.jobs.events(BOB, begin)
    job = desk.submit()
    (event,) = take(ada, 1)
    assert event.job == job
    desk.runner.claim()
    take(ada, 1)
    desk.jobs.delete(ADA, job.id)
    (event,) = take(ada, 1)
    assert (event.kind, event.job_id, event.job, event.revision) == ("deleted", job.id, None, desk.jobs.revision())
    assert next(bob) is None
