import threading
import time
from collections.abc import Iterator

import pytest

from skydesk.errors import ServiceUnavailable
from skydesk.leases.feed import LeaseFeed
from tests.contracts.lease_store_contract import make_lease
from tests.fakes.fake_lease_store import FakeLeaseStore


class CountingStore(FakeLeaseStore):
    """Counts how often somebody looks; ``down`` makes looking fail."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.down = False

    def news_since(self, revision: int) -> tuple[int, frozenset[str]]:
        self.looks += 1
        if self.down:
            raise ServiceUnavailable("the store does not answer")
        return super().news_since(revision)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


def add(store: FakeLeaseStore, lease_id: str, owner: str = "ada") -> None:
    store.write(lambda book: book.add(make_lease(lease_id, owner=owner)))


def next_news(news: Iterator[frozenset[str]]) -> frozenset[str]:
    deadline = time.monotonic() + 10
    while not (topics := next(news)):
        assert time.monotonic() < deadline
    return topics


def test_a_listener_hears_what_changes_and_nothing_twice(store: CountingStore) -> None:
    feed = LeaseFeed(store)
    news = feed.follow(feed.revision())
    assert next(news) == frozenset()
    add(store, "a")
    assert next_news(news) == {"owner:ada", "profile:small"}
    assert next(news) == frozenset()


def test_what_changed_before_the_first_look_is_heard_too(store: CountingStore) -> None:
    feed = LeaseFeed(store)
    news = feed.follow(feed.revision())
    add(store, "a")
    add(store, "b", "bob")
    assert next_news(news) == {"owner:ada", "owner:bob", "profile:small"}


def test_a_listener_that_comes_later_begins_where_it_says(store: CountingStore) -> None:
    feed = LeaseFeed(store)
    first = feed.follow(feed.revision())
    next(first)
    add(store, "a")
    next_news(first)
    revision = feed.revision()
    add(store, "b", "bob")
    next_news(first)
    assert next_news(feed.follow(revision)) == {"owner:bob", "profile:small"}
    assert "owner:ada" in next_news(feed.follow(0))


def test_many_listeners_look_together_at_most_twice_a_second(store: CountingStore) -> None:
    feed = LeaseFeed(store)
    revision = feed.revision()
    store.looks = 0
    heard: list[frozenset[str]] = []

    def listen() -> None:
        heard.append(next(feed.follow(revision)))

    listeners = [threading.Thread(target=listen) for _ in range(20)]
    begun = time.monotonic()
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join(20)
    assert len(heard) == 20
    assert store.looks <= 3 + 2 * (time.monotonic() - begun)


def test_a_store_that_fails_is_told_and_looked_at_again(store: CountingStore) -> None:
    feed = LeaseFeed(store)
    revision = feed.revision()
    store.down = True
    with pytest.raises(ServiceUnavailable):
        next(feed.follow(revision))
    store.down = False
    add(store, "a")
    assert next_news(feed.follow(revision)) == {"owner:ada", "profile:small"}
