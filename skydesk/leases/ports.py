"""What leases need from the outside: a place to keep them, and one transaction at a time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from .model import Act, Charge, Lease, LeasePhase, Message

__all__ = ["MESSAGES", "LeaseBook", "LeaseStore", "topic_of_owner", "topic_of_profile"]

T = TypeVar("T")

MESSAGES = "messages"
"""The topic of all messages."""


def topic_of_owner(owner: str) -> str:
    """The topic of what happens to one user's leases."""
    return f"owner:{owner}"


def topic_of_profile(profile: str) -> str:
    """The topic of what happens to the leases of one profile."""
    return f"profile:{profile}"


class LeaseBook(Protocol):
    """What may be read, and written, within one transaction."""

    def lease(self, lease_id: str) -> Lease | None:
        """The lease of this id."""

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
        """Leases in the order in which they were asked for.

        Parameters
        ----------
        owner, profile, phases
            Only these; None for all.
        charged
            Only those that use a group's GPU-hours.
        ended_after
            Of those that have ended, only those that ended after this.
        latest
            Only so many, the latest; still in their order.
        """

    def add(self, lease: Lease) -> Lease:
        """Keep a new lease, and give it its number."""

    def keep(self, lease: Lease) -> None:
        """Keep a lease as it is now; those who follow hear of it."""

    def note(self, lease: Lease) -> None:
        """Keep a lease of which only `Lease.gpu_seconds`, ``node`` or ``last_activity_at`` changed; nobody hears of it."""

    def forget_ended(self, before: datetime) -> int:
        """Forget leases that ended before a time, and tell how many; their charges stay, and nobody hears of it."""

    def charges(self, since: datetime) -> tuple[Charge, ...]:
        """Charges that reach beyond a time."""

    def charges_of(self, lease_id: str) -> tuple[Charge, ...]:
        """All charges of one lease, in their order."""

    def keep_charge(self, charge: Charge) -> None:
        """Keep a charge: a new one, or one of the same lease and beginning as it is now."""

    def gpu_seconds_by_group(self) -> Mapping[str, float]:
        """All that was ever charged, GPU-seconds."""

    def groups_of(self, owner: str) -> frozenset[str]:
        """The groups that a user was last known to be in, lower case; empty for an unknown user."""

    def owners(self) -> Mapping[str, frozenset[str]]:
        """All users whose groups are known, and those groups."""

    def remember_groups(self, owner: str, groups: frozenset[str]) -> None:
        """Take note of a user's groups."""

    def messages(self) -> tuple[Message, ...]:
        """All messages, in the order in which they were made."""

    def add_message(self, message: Message) -> None:
        """Keep a new message."""

    def remove_message(self, message_id: str) -> None:
        """Forget a message."""

    def read_by(self, owner: str) -> frozenset[str]:
        """Ids of the messages that a user has read."""

    def mark_read(self, owner: str, message_id: str, at: datetime) -> None:
        """Take note that a user has read a message."""

    def log(self, act: Act) -> None:
        """Add to the audit log."""

    def acts(self, *, limit: int, before: int | None = None, on_whom: Iterable[str] | None = None) -> tuple[Act, ...]:
        """The audit log, latest first, from before a number; only acts on some users where they are named."""


class LeaseStore(Protocol):
    """Keeps leases. Transactions that write follow one another, also those of several processes on one database."""

    def read(self, work: Callable[[LeaseBook], T]) -> T:
        """Look at things that belong together; ``work`` may be called again."""

    def write(self, work: Callable[[LeaseBook], T]) -> T:
        """Change things as one transaction, alone; nothing is changed where ``work`` raises. It may be called again."""

    def news_since(self, revision: int) -> tuple[int, frozenset[str]]:
        """The newest revision, and the topics of what changed after the given one. Works across processes."""
