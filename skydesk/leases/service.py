"""The leases service: admits labs, keeps the queue, counts time and GPU-hours while labs run, and tells when they end."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..access import LabProfile, Policy, User
from ..errors import Conflict, LimitExceeded, NotFound, SkydeskError
from .desk import LeaseDesk
from .gpu_loads import GpuLoad, GpuLoads
from .model import RUNNING, WAITING, Ending, EndReason, Lease, LeasePhase, StopWish
from .ports import LeaseBook, LeaseStore
from .rules import active, extended, run_of_use, stop_wish, why_no_extension, words_of_time

__all__ = ["LeaseService", "RunningLab"]

_STARTING_GRACE = timedelta(minutes=2)
_RUNNING_GRACE = timedelta(seconds=30)
_LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningLab:
    """A lab that the hub says is there, starting or running."""

    owner: str
    server: str = ""
    node: str = ""
    """Where it runs; empty where that is not known."""

    last_activity_at: datetime | None = None


class LeaseService:
    """Leases of all users. Every change is one transaction alone: no place is ever given twice.

    Parameters
    ----------
    store
        Where leases are kept.
    policy
        Which groups grant which labs, and how many GPU-hours.
    clock
        Gives the time now, aware.
    """

    def __init__(self, store: LeaseStore, *, policy: Policy, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store = store
        self.policy = policy
        self.clock = clock
        self.gpu_loads = GpuLoads(clock)
        """How busy the GPUs of labs are, as far as labs have told this process."""

    def desk(self, book: LeaseBook) -> LeaseDesk:
        """What may be done within a transaction, now."""
        return LeaseDesk(book, self.policy, self.clock())

    def admit(self, owner: str, groups: Iterable[str], server: str, profile_name: str) -> Lease:
        """Grant a lab of a profile, or put its owner into the queue for one.

        The same call again, before the lab has started, gives the same lease. A lab that was there before under the same
        server name is taken to be gone.

        Raises
        ------
        NotAllowed
            The groups do not grant the profile.
        LimitExceeded
            Its time or its GPU-hours are used up; says when they come again.
        Queued
            No place is free; the owner now stands in the queue.
        """
        names = frozenset(group.casefold() for group in groups)
        profile = self.policy.require_profile(owner, names, profile_name)

        def work(book: LeaseBook) -> Lease | SkydeskError:
            desk = self.desk(book)
            _remember(book, owner, names)
            former = desk.lab(owner, server)
            if former is not None and former.phase is LeasePhase.STARTING and former.profile == profile.name:
                return former
            if former is not None:
                desk.end(former, EndReason.LOST, "another lab was started in its place")
            desk.settle(profile.name)
            refusal = desk.refusal(owner, names, profile)
            if refusal is None:
                return desk.place(owner, names, server, profile)
            desk.pass_on(owner, profile, str(refusal))
            return refusal

        outcome = self.store.write(work)
        if isinstance(outcome, SkydeskError):
            # raised out here, so that what was done before is kept: above all the place in the queue
            raise outcome
        return outcome

    def started(self, lease_id: str, deadline_at: datetime | None = None) -> Lease:
        """Take note that a lab runs: its time begins, and so does the charge for its GPUs.

        Parameters
        ----------
        deadline_at
            When what it runs in is ended by itself: its time is over then at the latest. None where nothing ends it.

        Raises
        ------
        NotFound
            There is no such lease.
        Conflict
            It has ended, or was never admitted.
        """

        def work(book: LeaseBook) -> Lease:
            desk = self.desk(book)
            lease = desk.existing(lease_id)
            if lease.phase is LeasePhase.ACTIVE:
                return lease
            if lease.phase is not LeasePhase.STARTING:
                raise Conflict(f"lease {lease.id} is {lease.phase}, and only one that is STARTING can start; ask for a new one")
            lease = self._active(desk, lease, deadline_at)
            desk.begin_charge(lease)
            book.keep(lease)
            return desk.set_end(lease, desk.budgets())

        return self.store.write(work)

    def end(self, lease_id: str, reason: EndReason, message: str | None) -> Lease:
        """Take note that a lab has ended, and offer its place to who is first in line; an ended lease stays as it is.

        Raises
        ------
        NotFound
            There is no such lease.
        """

        def work(book: LeaseBook) -> Lease:
            desk = self.desk(book)
            lease = desk.existing(lease_id)
            return lease if lease.phase is LeasePhase.ENDED else desk.end(lease, reason, message)

        return self.store.write(work)

    def idle(self, lease_id: str) -> Lease:
        """Take note that a lab is being stopped since nothing happens in it, unless it is to be stopped for another reason anyway.

        Raises
        ------
        NotFound
            There is no such lease.
        """

        def work(book: LeaseBook) -> Lease:
            desk = self.desk(book)
            lease = desk.existing(lease_id)
            if lease.phase is not LeasePhase.ACTIVE or stop_wish(lease, desk.now) is not None:
                return lease
            profile = desk.profile_of(lease) or self.policy.base_profile
            wish = StopWish(reason=EndReason.IDLE, message=f"nothing had happened in it for {words_of_time(profile.idle_seconds)}")
            stopping = replace(lease, stop=wish, ends_at=desk.now)
            book.keep(stopping)
            return stopping

        return self.store.write(work)

    def running(self) -> tuple[Lease, ...]:
        """All leases that have a lab, starting or running."""
        return self.store.read(lambda book: book.leases(phases=RUNNING))

    def sync(self, labs: Iterable[RunningLab]) -> tuple[Lease, ...]:
        """End leases whose lab is gone, and take note of where the others run.

        A lease that was admitted less than two minutes ago and has not started, or started less than 30 s ago, is left:
        the hub may have made its list before.

        Returns
        -------
        tuple of Lease
            Those that were ended.
        """
        there = {(lab.owner, lab.server): lab for lab in labs}

        def work(book: LeaseBook) -> tuple[Lease, ...]:
            desk, lost = self.desk(book), []
            for lease in book.leases(phases=RUNNING):
                lab = there.get((lease.owner, lease.server))
                if lab is not None:
                    seen = replace(lease, node=lab.node or lease.node, last_activity_at=lab.last_activity_at or lease.last_activity_at)
                    if seen != lease:
                        book.note(seen)
                elif not _is_fresh(lease, desk.now):
                    lost.append(desk.end(lease, EndReason.LOST, "the lab stopped without a word"))
            return tuple(lost)

        return self.store.write(work)

    def extend(self, user: User, server: str) -> Lease:
        """Give a lab's owner more time, as the profile allows.

        Raises
        ------
        Conflict
            It cannot be extended now; says why.
        LimitExceeded
            The GPU-hours end before the time does.
        NotFound
            No lab runs on this server.
        """

        def work(book: LeaseBook) -> Lease:
            desk = self.desk(book)
            lease = desk.lab(user.name, server)
            if lease is None:
                raise NotFound(f"no lab of {user.name} runs on the server {server[:50]!r}")
            profile, budgets = desk.profile_of(lease), desk.budgets()
            if (reason := why_no_extension(lease, profile, desk.now, math.inf)) is not None:
                raise Conflict(reason)
            if (reason := why_no_extension(lease, profile, desk.now, desk.budget_seconds(lease, budgets))) is not None:
                raise LimitExceeded(reason)
            lease = extended(lease, profile.extension_seconds if profile else 0, by_owner=True)
            book.keep(lease)
            return desk.set_end(lease, budgets)

        return self.store.write(work)

    def remember_groups(self, owner: str, groups: Iterable[str]) -> None:
        """Take note of a user's groups, if they have changed."""
        names = frozenset(group.casefold() for group in groups)
        if self.store.read(lambda book: book.groups_of(owner)) != names:
            self.store.write(lambda book: _remember(book, owner, names))

    def tell_ending(self, user: User, server: str, ending: Ending) -> None:
        """Keep what a lab's front end did shortly before the end.

        Raises
        ------
        NotFound
            No lab of this server ever ran.
        """

        def work(book: LeaseBook) -> None:
            latest = book.leases(owner=user.name, latest=_LATEST)
            mine = [lease for lease in latest if lease.server == server and lease.started_at is not None]
            if not mine:
                raise NotFound(f"no lab of {user.name} runs on the server {server[:50]!r}")
            book.keep(replace(mine[-1], ending=ending))

        self.store.write(work)

    def tell_gpu_load(self, user: User, server: str, gpus: Iterable[GpuLoad]) -> None:
        """Take note of how busy the GPUs of a user's lab are.

        Raises
        ------
        NotFound
            No lab runs on this server.
        Conflict
            Its lease has no GPU: what its node has is not its own.
        """
        lease = self.store.read(lambda book: self.desk(book).lab(user.name, server))
        if lease is None:
            raise NotFound(f"no lab of {user.name} runs on the server {server[:50]!r}")
        if not lease.gpus:
            raise Conflict(f"the lab of {user.name} on the server {server[:50]!r} was lent no GPU; only one that was may report on it")
        self.gpu_loads.tell(lease.id, gpus)

    def leave_queue(self, user: User, profile_name: str) -> None:
        """Give up a place in a queue, or one that is held.

        Raises
        ------
        NotFound
            The user does not stand in that queue.
        """

        def work(book: LeaseBook) -> None:
            mine = book.leases(owner=user.name, profile=profile_name, phases=WAITING)
            if not mine:
                raise NotFound(f"{user.name} does not wait for a lab of the profile {profile_name[:50]!r}")
            for lease in mine:
                self.desk(book).end(lease, EndReason.USER, "left the queue")

        self.store.write(work)

    def mark_read(self, user: User, message_id: str) -> None:
        """Take note that a user has read a message.

        Raises
        ------
        NotFound
            There is no such message, or no longer.
        """

        def work(book: LeaseBook) -> None:
            if message_id not in {message.id for message in book.messages()}:
                raise NotFound(f"there is no message {message_id[:50]!r}; it may have been taken back")
            book.mark_read(user.name, message_id, self.clock())

        self.store.write(work)

    def tick(self) -> None:
        """Charge running labs for the time since the last tick, move ends that the budget sets, look after all queues.

        Several processes may tick on one store: what one has charged, the others do not charge again.
        """

        def work(book: LeaseBook) -> None:
            desk = self.desk(book)
            charged = [desk.charge(lease) for lease in book.leases(phases=RUNNING, charged=True)]
            budgets = desk.budgets()
            for lease in charged:
                desk.set_end(lease, budgets)
            for name in sorted({lease.profile for lease in book.leases(phases=WAITING)}):
                desk.settle(name)

        if self.store.read(lambda book: book.leases(phases=RUNNING, charged=True) or book.leases(phases=WAITING)):
            self.store.write(work)

    def forget_ended(self, kept: timedelta) -> int:
        """Forget leases that ended longer ago than this, and tell how many; GPU charges and the audit log stay."""
        before = self.clock() - kept
        return self.store.write(lambda book: book.forget_ended(before))

    def _active(self, desk: LeaseDesk, lease: Lease, deadline_at: datetime | None) -> Lease:
        profile: LabProfile | None = desk.profile_of(lease)
        if profile is None:
            raise Conflict(f"the profile {lease.profile!r} of lease {lease.id} is no longer in the policy; ask for another")
        others = [other for other in desk.earlier(lease.owner, profile) if other.id != lease.id]
        return active(lease, profile, run_of_use(profile, others, desk.now), desk.now, deadline_at)


def _remember(book: LeaseBook, owner: str, groups: frozenset[str]) -> None:
    if book.groups_of(owner) != groups:
        book.remember_groups(owner, groups)


def _is_fresh(lease: Lease, now: datetime) -> bool:
    if lease.started_at is None:
        return now - (lease.admitted_at or lease.requested_at) < _STARTING_GRACE
    return now - lease.started_at < _RUNNING_GRACE
