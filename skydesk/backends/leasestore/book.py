"""One transaction's view of leases, messages and the audit log."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ...leases.model import Act, Charge, Lease, LeasePhase, Message
from ...leases.ports import MESSAGES, topic_of_owner, topic_of_profile
from .rows import (
    ACT_COLUMNS,
    CHARGE_COLUMNS,
    LEASE_COLUMNS,
    MESSAGE_COLUMNS,
    act_from_row,
    act_values,
    charge_from_row,
    charge_values,
    lease_from_row,
    lease_values,
    message_from_row,
)
from .schema import audit_log, counter, gpu_charges, lease_owners, leases, message_reads, messages

__all__ = ["SqlLeaseBook"]


class SqlLeaseBook:
    """Reads and writes within a transaction that somebody else has begun; see `skydesk.leases.ports.LeaseBook`.

    Parameters
    ----------
    connection
        A connection in a transaction; to write, it must hold the lock of the counter.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.topics: set[str] = set()
        """What those who follow are to hear of."""

    def lease(self, lease_id: str) -> Lease | None:
        """Give one lease; see `skydesk.leases.ports.LeaseBook`."""
        if not _is_storable(lease_id):
            return None
        row = self._connection.execute(sa.select(*LEASE_COLUMNS).where(leases.c.id == lease_id)).first()
        return None if row is None else lease_from_row(row)

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
        """List leases; see `skydesk.leases.ports.LeaseBook`."""
        if not _is_storable(owner or "") or not _is_storable(profile or ""):
            return ()
        wanted = sa.select(*LEASE_COLUMNS).order_by(leases.c.number.desc())
        if owner is not None:
            wanted = wanted.where(leases.c.owner == owner)
        if profile is not None:
            wanted = wanted.where(leases.c.profile == profile)
        if phases is not None:
            wanted = wanted.where(leases.c.phase.in_(phases))
        if charged:
            wanted = wanted.where(leases.c.group != "")
        if ended_after is not None:
            wanted = wanted.where(sa.or_(leases.c.ended_at.is_(None), leases.c.ended_at > ended_after))
        if latest is not None:
            wanted = wanted.limit(max(0, latest))
        return tuple(map(lease_from_row, self._connection.execute(wanted)))[::-1]

    def add(self, lease: Lease) -> Lease:
        """Keep a new lease; see `skydesk.leases.ports.LeaseBook`."""
        new = replace(lease, number=self._next_number())
        self._connection.execute(leases.insert().values(lease_values(new)))
        self._tell(new)
        return new

    def keep(self, lease: Lease) -> None:
        """Keep a lease as it is now; see `skydesk.leases.ports.LeaseBook`."""
        self.note(lease)
        self._tell(lease)

    def note(self, lease: Lease) -> None:
        """Keep a lease without telling; see `skydesk.leases.ports.LeaseBook`."""
        self._connection.execute(leases.update().where(leases.c.id == lease.id).values(lease_values(lease)))

    def forget_ended(self, before: datetime) -> int:
        """Forget old leases; see `skydesk.leases.ports.LeaseBook`."""
        old = sa.and_(leases.c.phase == LeasePhase.ENDED.value, leases.c.ended_at < before)
        return self._connection.execute(leases.delete().where(old)).rowcount

    def charges(self, since: datetime) -> tuple[Charge, ...]:
        """List charges; see `skydesk.leases.ports.LeaseBook`."""
        return self._charges(gpu_charges.c.until_at > since)

    def charges_of(self, lease_id: str) -> tuple[Charge, ...]:
        """List a lease's charges; see `skydesk.leases.ports.LeaseBook`."""
        return self._charges(gpu_charges.c.lease_id == lease_id)

    def keep_charge(self, charge: Charge) -> None:
        """Keep a charge; see `skydesk.leases.ports.LeaseBook`."""
        values = charge_values(charge)
        same = sa.and_(gpu_charges.c.lease_id == charge.lease_id, gpu_charges.c.from_at == charge.from_at)
        if not self._connection.execute(gpu_charges.update().where(same).values(values)).rowcount:
            self._connection.execute(gpu_charges.insert().values(values))

    def gpu_seconds_by_group(self) -> Mapping[str, float]:
        """Sum all charges; see `skydesk.leases.ports.LeaseBook`."""
        wanted = sa.select(gpu_charges.c.group, sa.func.sum(gpu_charges.c.gpu_seconds)).group_by(gpu_charges.c.group)
        return {group: float(seconds) for group, seconds in self._connection.execute(wanted)}

    def groups_of(self, owner: str) -> frozenset[str]:
        """Give a user's groups; see `skydesk.leases.ports.LeaseBook`."""
        if not _is_storable(owner):
            return frozenset()
        found = self._connection.scalar(sa.select(lease_owners.c.groups).where(lease_owners.c.owner == owner))
        return frozenset() if found is None else frozenset(json.loads(found))

    def owners(self) -> Mapping[str, frozenset[str]]:
        """List users; see `skydesk.leases.ports.LeaseBook`."""
        rows = self._connection.execute(sa.select(lease_owners.c.owner, lease_owners.c.groups))
        return {owner: frozenset(json.loads(groups)) for owner, groups in rows}

    def remember_groups(self, owner: str, groups: frozenset[str]) -> None:
        """Keep a user's groups; see `skydesk.leases.ports.LeaseBook`."""
        values = {"groups": json.dumps(sorted(groups))}
        if not self._connection.execute(lease_owners.update().where(lease_owners.c.owner == owner).values(values)).rowcount:
            self._connection.execute(lease_owners.insert().values(owner=owner, **values))

    def messages(self) -> tuple[Message, ...]:
        """List messages; see `skydesk.leases.ports.LeaseBook`."""
        return tuple(map(message_from_row, self._connection.execute(sa.select(*MESSAGE_COLUMNS).order_by(messages.c.number))))

    def add_message(self, message: Message) -> None:
        """Keep a new message; see `skydesk.leases.ports.LeaseBook`."""
        self._connection.execute(messages.insert().values(number=self._next_number(), **asdict(message)))
        self.topics.add(MESSAGES)

    def remove_message(self, message_id: str) -> None:
        """Forget a message; see `skydesk.leases.ports.LeaseBook`."""
        self._connection.execute(messages.delete().where(messages.c.id == message_id))
        self._connection.execute(message_reads.delete().where(message_reads.c.message_id == message_id))
        self.topics.add(MESSAGES)

    def read_by(self, owner: str) -> frozenset[str]:
        """Tell which messages a user has read; see `skydesk.leases.ports.LeaseBook`."""
        return frozenset(self._connection.scalars(sa.select(message_reads.c.message_id).where(message_reads.c.owner == owner)))

    def mark_read(self, owner: str, message_id: str, at: datetime) -> None:
        """Mark a message as read; see `skydesk.leases.ports.LeaseBook`."""
        if message_id not in self.read_by(owner):
            self._connection.execute(message_reads.insert().values(owner=owner, message_id=message_id, read_at=at))
            self.topics.add(topic_of_owner(owner))

    def log(self, act: Act) -> None:
        """Add to the audit log; see `skydesk.leases.ports.LeaseBook`."""
        self._connection.execute(audit_log.insert().values({**act_values(act), "number": self._next_number()}))

    def acts(self, *, limit: int, before: int | None = None, on_whom: Iterable[str] | None = None) -> tuple[Act, ...]:
        """List the audit log; see `skydesk.leases.ports.LeaseBook`."""
        wanted = sa.select(*ACT_COLUMNS).order_by(audit_log.c.number.desc()).limit(max(0, limit))
        if before is not None:
            wanted = wanted.where(audit_log.c.number < before)
        if on_whom is not None:
            wanted = wanted.where(audit_log.c.on_whom.in_(list(on_whom)))
        return tuple(map(act_from_row, self._connection.execute(wanted)))

    def _charges(self, which: sa.ColumnElement[bool]) -> tuple[Charge, ...]:
        wanted = sa.select(*CHARGE_COLUMNS).where(which).order_by(gpu_charges.c.from_at)
        return tuple(map(charge_from_row, self._connection.execute(wanted)))

    def _tell(self, lease: Lease) -> None:
        self.topics |= {topic_of_owner(lease.owner), topic_of_profile(lease.profile)}

    def _next_number(self) -> int:
        grown: Any = counter.update().values(revision=counter.c.revision + 1).returning(counter.c.revision)
        return int(self._connection.execute(grown).scalar_one())


def _is_storable(text: str) -> bool:
    """Tell whether a text could be in a database at all: no lone surrogates, no NUL."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
