"""A lease store in memory."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import RLock
from typing import TypeVar

from skydesk.leases.model import Act, Charge, Lease, LeasePhase, Message
from skydesk.leases.ports import MESSAGES, LeaseBook, topic_of_owner, topic_of_profile

T = TypeVar("T")


@dataclass
class FakeLeaseBook:
    """Everything, in dictionaries and lists; copied before it is written to, so that what fails leaves nothing."""

    number: int = 0
    kept: dict[str, Lease] = field(default_factory=dict)
    spans: dict[tuple[str, datetime], Charge] = field(default_factory=dict)
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    said: dict[str, Message] = field(default_factory=dict)
    reads: set[tuple[str, str]] = field(default_factory=set)
    done: list[Act] = field(default_factory=list)
    news: dict[str, int] = field(default_factory=dict)
    topics: set[str] = field(default_factory=set)

    def lease(self, lease_id: str) -> Lease | None:
        return self.kept.get(lease_id)

    def leases(
        self,
        *,
        owner: str | None = None,
        profile: str | None = None,
        phases: frozenset[LeasePhase] | None = None,
        charged: bool = False,
        ended_after: datetime | None = None,
        latest: int | None = None,
    ) -> tuple[Lease, ...]:
        found = [
            lease
            for lease in self.kept.values()
            if owner in (None, lease.owner)
            and profile in (None, lease.profile)
            and (phases is None or lease.phase in phases)
            and (not charged or lease.group)
            and (ended_after is None or lease.ended_at is None or lease.ended_at > ended_after)
        ]
        found.sort(key=lambda lease: lease.number)
        return tuple(found if latest is None else found[len(found) - max(0, min(latest, len(found))) :])

    def add(self, lease: Lease) -> Lease:
        if lease.id in self.kept:
            raise ValueError(f"there is a lease {lease.id} already")
        new = replace(lease, number=self._next_number())
        self.kept[new.id] = new
        self._tell(new)
        return new

    def keep(self, lease: Lease) -> None:
        self.note(lease)
        self._tell(lease)

    def note(self, lease: Lease) -> None:
        times = (lease.requested_at, lease.started_at, lease.ends_at, lease.ended_at)
        if any(time is not None and time.tzinfo is None for time in times):
            raise ValueError("times of leases are aware")
        if lease.id in self.kept:
            self.kept[lease.id] = lease

    def forget_ended(self, before: datetime) -> int:
        old = [lease.id for lease in self.kept.values() if lease.ended_at is not None and lease.ended_at < before]
        for lease_id in old:
            del self.kept[lease_id]
        return len(old)

    def charges(self, since: datetime) -> tuple[Charge, ...]:
        return tuple(sorted((span for span in self.spans.values() if span.until_at > since), key=lambda span: span.from_at))

    def charges_of(self, lease_id: str) -> tuple[Charge, ...]:
        return tuple(sorted((span for span in self.spans.values() if span.lease_id == lease_id), key=lambda span: span.from_at))

    def keep_charge(self, charge: Charge) -> None:
        self.spans[charge.lease_id, charge.from_at] = charge

    def gpu_seconds_by_group(self) -> Mapping[str, float]:
        sums: dict[str, float] = {}
        for span in self.spans.values():
            sums[span.group] = sums.get(span.group, 0.0) + span.gpus * (span.until_at - span.from_at).total_seconds()
        return sums

    def groups_of(self, owner: str) -> frozenset[str]:
        return self.known.get(owner, frozenset())

    def owners(self) -> Mapping[str, frozenset[str]]:
        return dict(self.known)

    def remember_groups(self, owner: str, groups: frozenset[str]) -> None:
        self.known[owner] = groups

    def messages(self) -> tuple[Message, ...]:
        return tuple(self.said.values())

    def add_message(self, message: Message) -> None:
        self._next_number()
        self.said[message.id] = message
        self.topics.add(MESSAGES)

    def remove_message(self, message_id: str) -> None:
        self.said.pop(message_id, None)
        self.reads = {(owner, read) for owner, read in self.reads if read != message_id}
        self.topics.add(MESSAGES)

    def read_by(self, owner: str) -> frozenset[str]:
        return frozenset(message_id for reader, message_id in self.reads if reader == owner)

    def mark_read(self, owner: str, message_id: str, at: datetime) -> None:
        if (owner, message_id) not in self.reads:
            self.reads.add((owner, message_id))
            self.topics.add(topic_of_owner(owner))

    def log(self, act: Act) -> None:
        self.done.append(replace(act, number=self._next_number()))

    def acts(self, *, limit: int, before: int | None = None, on_whom: Iterable[str] | None = None) -> tuple[Act, ...]:
        names = None if on_whom is None else set(on_whom)
        found = [act for act in self.done if (before is None or act.number < before) and (names is None or act.on_whom in names)]
        return tuple(found[::-1][: max(0, limit)])

    def tell(self) -> None:
        """Give what was changed its revision."""
        if self.topics:
            revision = self._next_number()
            self.news |= dict.fromkeys(self.topics, revision)
            self.topics = set()

    def _tell(self, lease: Lease) -> None:
        self.topics |= {topic_of_owner(lease.owner), topic_of_profile(lease.profile)}

    def _next_number(self) -> int:
        self.number += 1
        return self.number


class FakeLeaseStore:
    """Keeps leases in memory; safe from several threads."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._book = FakeLeaseBook()

    def read(self, work: Callable[[LeaseBook], T]) -> T:
        with self._lock:
            return work(deepcopy(self._book))

    def write(self, work: Callable[[LeaseBook], T]) -> T:
        with self._lock:
            book = deepcopy(self._book)
            result = work(book)
            book.tell()
            self._book = book
            return result

    def news_since(self, revision: int) -> tuple[int, frozenset[str]]:
        with self._lock:
            return self._book.number, frozenset(topic for topic, changed in self._book.news.items() if changed > revision)
