"""A leases service on a small policy, with a clock that passes when it is told to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from skydesk.access import Group, LabProfile, Policy, User
from skydesk.errors import Queued
from skydesk.leases.administration import Administration
from skydesk.leases.model import LIVE, EndReason, Lease
from skydesk.leases.ports import LeaseStore
from skydesk.leases.service import LeaseService
from tests.contracts.lease_store_contract import NOW
from tests.fakes.fake_lease_store import FakeLeaseStore

HOUR = 3600.0


def profile(name: str, **fields: Any) -> LabProfile:
    values: dict[str, Any] = {
        "title": name.capitalize(),
        "cpu_request": 0.5,
        "cpu_limit": 1,
        "memory_request_bytes": 2**30,
        "memory_limit_bytes": 2**31,
        "longest_seconds": 8 * HOUR,
        "idle_seconds": HOUR,
        "extensions": 2,
        "extension_seconds": 2 * HOUR,
    }
    return LabProfile(name=name, **{**values, **fields})


GPU = profile("gpu", gpus=1, holders=2, longest_seconds=24 * HOUR, idle_seconds=0.75 * HOUR, extensions=1, extension_seconds=6 * HOUR)
PAIR = profile("pair", gpus=2, holders=1)
SMALL = profile("small")
PROFILES = {each.name: each for each in (SMALL, GPU, PAIR)}
GROUPS = {
    "users": Group(name="users", title="Users", profiles=("small",)),
    "gpu": Group(name="gpu", title="GPU users", profiles=("gpu", "pair"), gpu_hours_per_week=60, gpu_hours_per_week_each=40),
    "course": Group(name="course", title="The course", profiles=("gpu",), gpu_hours_per_week=10),
    "rich": Group(name="rich", title="The rich", profiles=("gpu",)),
}
POLICY = Policy(profiles=PROFILES, groups=GROUPS)
ALL = ("users", "gpu")


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """The hub's side and the lab's side of leases."""

    policy: Policy = POLICY
    store: LeaseStore = field(default_factory=FakeLeaseStore)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.leases = LeaseService(self.store, policy=self.policy, clock=self.clock)
        self.administration = Administration(self.leases)

    def admit(self, owner: str = "ada", profile: str = "small", *, groups: tuple[str, ...] = ALL, server: str = "") -> Lease:
        return self.leases.admit(owner, groups, server, profile)

    def start(self, owner: str = "ada", profile: str = "small", *, groups: tuple[str, ...] = ALL, server: str = "") -> Lease:
        return self.leases.started(self.admit(owner, profile, groups=groups, server=server).id)

    def queue_up(self, owner: str, profile: str = "gpu", *, groups: tuple[str, ...] = ALL) -> Queued:
        with pytest.raises(Queued) as caught:
            self.admit(owner, profile, groups=groups)
        return caught.value

    def stop(self, lease: Lease, reason: EndReason = EndReason.USER, message: str | None = None) -> Lease:
        return self.leases.end(lease.id, reason, message)

    def pass_(self, *, every_seconds: float | None = None, **time: float) -> None:
        """Let time pass; with ticks where an interval is given."""
        end = self.clock.now + timedelta(**time)
        while every_seconds is not None and self.clock.now < end:
            self.clock.now = min(end, self.clock.now + timedelta(seconds=every_seconds))
            self.leases.tick()
        self.clock.now = end

    def lease(self, lease: Lease) -> Lease:
        found = self.store.read(lambda book: book.lease(lease.id))
        assert found is not None
        return found

    def live(self, profile: str = "gpu") -> list[tuple[str, str]]:
        """Owner and phase of what has not ended, in the order in which it was asked for."""
        leases = self.store.read(lambda book: book.leases(profile=profile, phases=LIVE))
        return [(lease.owner, lease.phase.value) for lease in leases]

    def seconds_left(self, lease: Lease) -> float:
        ends_at = self.lease(lease).ends_at
        assert ends_at is not None
        return (ends_at - self.clock.now).total_seconds()


def user(name: str, *groups: str, **fields: Any) -> User:
    return User(name=name, groups=frozenset(groups), **fields)
