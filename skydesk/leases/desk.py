"""What is done to leases within one transaction: settle queues, place people, charge GPUs, move ends, end labs."""

import math
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from ..access import LabProfile, Policy
from ..errors import LimitExceeded, NotFound, Queued
from .budgets import WEEK, Budget, Budgets
from .model import LIVE, RUNNING, WAITING, Charge, EndReason, Lease, LeasePhase
from .ports import LeaseBook
from .rules import (
    again_at,
    ended,
    estimates,
    free_places,
    new_id,
    rest_seconds,
    run_of_use,
    scarcely,
    settled,
    time_words,
    words_of_time,
)

__all__ = ["LeaseDesk"]

_MOVED_SECONDS = 1.0
_FOR_EVER_SECONDS = 366 * 86400.0


class LeaseDesk:
    """Leases at one moment, in one transaction.

    Parameters
    ----------
    book
        The transaction.
    policy
        Which groups grant which labs, and how many GPU-hours.
    now
        The moment.
    """

    def __init__(self, book: LeaseBook, policy: Policy, now: datetime) -> None:
        self.book = book
        self.now = now
        self._policy = policy

    def existing(self, lease_id: str) -> Lease:
        """The lease of this id; NotFound where there is none."""
        lease = self.book.lease(lease_id)
        if lease is None:
            raise NotFound(f"there is no lease {lease_id[:50]!r}")
        return lease

    def lab(self, owner: str, server: str) -> Lease | None:
        """The lease of the lab that starts or runs on a user's server; None where there is none."""
        return next((lease for lease in self.book.leases(owner=owner, phases=RUNNING) if lease.server == server), None)

    def profile_of(self, lease: Lease) -> LabProfile | None:
        """The lease's profile; None where the policy no longer has it."""
        return self._policy.profiles.get(lease.profile)

    def earlier(self, owner: str, profile: LabProfile) -> tuple[Lease, ...]:
        """A user's leases of a profile that may count against its time."""
        since = self.now - timedelta(seconds=rest_seconds(profile))
        return self.book.leases(owner=owner, profile=profile.name, ended_after=since)

    def refusal(self, owner: str, groups: Collection[str], profile: LabProfile) -> LimitExceeded | None:
        """Why a lab of a profile that the groups grant cannot be had now, whether a place is free or not; None where it can."""
        earlier = self.earlier(owner, profile)
        if run_of_use(profile, earlier, self.now).left_seconds(profile) < scarcely(profile):
            again = again_at(profile, earlier, self.now)
            when = f"it begins anew at {time_words(again)}" if again else f"end the {profile.title} lab that still runs first"
            return LimitExceeded(f"the time of {owner} for {profile.title}, {words_of_time(profile.longest_seconds)}, is used up; {when}")
        if not profile.gpus:
            return None
        if (held := self._gpu_labs(owner)) and len(held) >= profile.gpu_labs_each:
            where = " and ".join(f"the server {lease.server}" if lease.server else "the default server" for lease in held)
            most = "one lab" if profile.gpu_labs_each == 1 else f"{profile.gpu_labs_each} labs"
            return LimitExceeded(f"{owner} has a GPU on {where} already, and may have {most} with GPUs at a time; stop that first")
        granting, budgets = self._policy.granting(groups, profile.name), self.budgets()
        if any(budget.lasts_seconds >= scarcely(profile) for budget in budgets.of(granting, owner, profile.gpus)):
            return None
        returns = budgets.returns_at(granting, owner)
        when = f"the first of them come back at {time_words(returns)}" if returns else "the policy grants none"
        titles = " and ".join(group.title for group in granting)
        return LimitExceeded(f"the GPU-hours of {owner} in {titles} for seven days are used up; {when}")

    def place(self, owner: str, groups: frozenset[str], server: str, profile: LabProfile) -> Lease | Queued:
        """Give a user the place that is offered to them or free, else one in the queue; the queue must be settled."""
        live = self._in_line(profile)
        mine = next((lease for lease in live if lease.owner == owner and lease.phase in WAITING), None)
        free = free_places(profile, live)
        if mine is None and free is not None and free <= 0:
            mine = self.book.add(self._wish(owner, groups, server, profile, LeasePhase.QUEUED))
            live = (*live, mine)
        if mine is not None and mine.phase is LeasePhase.QUEUED:
            return self._queued(profile, live, mine)
        wish = mine or self._wish(owner, groups, server, profile, LeasePhase.STARTING)
        lease = self._admitted(replace(wish, groups=groups, server=server), profile)
        if mine is None:
            return self.book.add(lease)
        self.book.keep(lease)
        return lease

    def pass_on(self, owner: str, profile: LabProfile, why: str) -> None:
        """Offer the place that is held for a user, who cannot take it, to the next in line."""
        for lease in self.book.leases(owner=owner, profile=profile.name, phases=frozenset({LeasePhase.OFFERED})):
            self.end(lease, EndReason.BUDGET, why)

    def begin_charge(self, lease: Lease) -> None:
        """Begin to charge a lab for its GPUs, if it has any."""
        if lease.group:
            self.book.keep_charge(_charge(lease, self.now))

    def charge(self, lease: Lease) -> Lease:
        """Charge a lab up to now."""
        charges = self.book.charges_of(lease.id)
        if not charges or charges[-1].until_at >= self.now:
            return lease
        last = replace(charges[-1], until_at=self.now)
        self.book.keep_charge(last)
        total = sum(charge.gpus * (charge.until_at - charge.from_at).total_seconds() for charge in (*charges[:-1], last))
        lease = replace(lease, gpu_seconds=total)
        self.book.note(lease)
        return lease

    def budgets(self) -> Budgets:
        """GPU-hours as they stand."""
        return Budgets(self.book.charges(self.now - WEEK), self.book.leases(phases=RUNNING, charged=True), self.now)

    def budget_seconds(self, lease: Lease, budgets: Budgets) -> float:
        """For how long a lab's GPU-hours last, seconds; infinite where it uses none."""
        return sum(budget.lasts_seconds for budget in self._grants(lease, budgets)) if lease.group else math.inf

    def set_end(self, lease: Lease, budgets: Budgets) -> Lease:
        """Charge a lab to its next group where its own has nothing left, and set its end to the earlier of time and budget."""
        time_ends_at = lease.time_ends_at
        if not lease.group or time_ends_at is None or lease.stop is not None:
            return lease
        lease = self._charged_to_next(lease, budgets)
        lasts_seconds = min(self.budget_seconds(lease, budgets), _FOR_EVER_SECONDS)
        ends_at = min(time_ends_at, self.now + timedelta(seconds=lasts_seconds))
        if lease.ends_at is not None and abs((ends_at - lease.ends_at).total_seconds()) < _MOVED_SECONDS:
            return lease
        moved = replace(lease, ends_at=ends_at)
        self.book.keep(moved)
        return moved

    def end(self, lease: Lease, reason: EndReason, message: str | None) -> Lease:
        """End a lease, charge the last of it, and offer its place to who is first in line."""
        over = ended(self.charge(lease), self.now, reason, message)
        self.book.keep(over)
        self.settle(lease.profile)
        return over

    def settle(self, profile_name: str) -> None:
        """Let holds run out and offer free places to who is first in line; a queue for what is no longer offered ends."""
        profile = self._policy.profiles.get(profile_name)
        if profile is not None:
            for lease in settled(profile, self._in_line(profile), self.now):
                self.book.keep(lease)
            return
        for lease in self.book.leases(profile=profile_name, phases=WAITING):
            self.book.keep(ended(lease, self.now, EndReason.FAILED, f"the profile {profile_name} is no longer offered"))

    def _gpu_labs(self, owner: str) -> tuple[Lease, ...]:
        return tuple(lease for lease in self.book.leases(owner=owner, phases=RUNNING) if lease.gpus)

    def _in_line(self, profile: LabProfile) -> tuple[Lease, ...]:
        """Leases of a profile on which its places and its queue depend: without a limit of places, not the thousand that run."""
        return self.book.leases(profile=profile.name, phases=WAITING if profile.holders is None else LIVE)

    def _charged_to_next(self, lease: Lease, budgets: Budgets) -> Lease:
        grants = self._grants(lease, budgets)
        if any(not budget.is_spent for budget in grants if budget.group == lease.group):
            return lease
        following = next((budget.group for budget in grants if not budget.is_spent), lease.group)
        if following == lease.group:
            return lease
        lease = replace(lease, group=following)
        self.begin_charge(lease)
        self.book.keep(lease)
        return lease

    def _grants(self, lease: Lease, budgets: Budgets) -> tuple[Budget, ...]:
        charged = lease.group if lease.phase is LeasePhase.ACTIVE else ""
        return budgets.of(self._policy.granting(lease.groups, lease.profile), lease.owner, lease.gpus, charged)

    def _admitted(self, lease: Lease, profile: LabProfile) -> Lease:
        run = run_of_use(profile, self.earlier(lease.owner, profile), self.now)
        return replace(
            lease,
            phase=LeasePhase.STARTING,
            offered_until=None,
            admitted_at=self.now,
            gpus=profile.gpus,
            group=self._first_group(lease, profile),
            used_seconds=run.used_seconds,
            added_seconds=run.added_seconds,
            extensions=run.extensions,
            longest_end_at=self.now + timedelta(seconds=run.longest_seconds(profile)),
        )

    def _first_group(self, lease: Lease, profile: LabProfile) -> str:
        if not profile.gpus:
            return ""
        granting = self._policy.granting(lease.groups, profile.name)
        budgets = self.budgets().of(granting, lease.owner, profile.gpus)
        return next((budget.group for budget in budgets if not budget.is_spent), granting[0].name)

    def _wish(self, owner: str, groups: frozenset[str], server: str, profile: LabProfile, phase: LeasePhase) -> Lease:
        return Lease(
            id=new_id(),
            owner=owner,
            server=server,
            profile=profile.name,
            gpus=profile.gpus,
            groups=groups,
            phase=phase,
            requested_at=self.now,
        )

    def _queued(self, profile: LabProfile, live: tuple[Lease, ...], mine: Lease) -> Queued:
        waiting = [lease.id for lease in live if lease.phase is LeasePhase.QUEUED]
        place = waiting.index(mine.id) + 1
        estimate = estimates(profile, live, self.now, place)[-1]
        about = "" if estimate is None else f"; it may take up to {words_of_time(estimate)}"
        return Queued(
            f"all places for {profile.title} are taken; {mine.owner} is number {place} of {len(waiting)} in the queue{about}",
            profile=profile.name,
            place=place,
            length=len(waiting),
            estimate_seconds=estimate,
        )


def _charge(lease: Lease, now: datetime) -> Charge:
    return Charge(lease_id=lease.id, owner=lease.owner, group=lease.group, gpus=lease.gpus, from_at=now, until_at=now)
