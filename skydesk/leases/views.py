"""What people see of leases: a lab with its end, a place in a queue, the profiles that are offered, messages."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ..access import LabProfile, User
from ..errors import NotAllowed
from .desk import LeaseDesk
from .model import LIVE, WAITING, Lease, LeasePhase, Message
from .ports import LeaseBook
from .rules import estimates, free_places, why_no_extension
from .service import LeaseService

__all__ = ["LabView", "Offer", "Offers", "QueuePlace", "ShownMessage", "lab_of", "offers_to"]

_LATEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where somebody stands in one queue."""

    profile: str
    title: str
    place: int
    """Counted from 1; 0 for who is offered a place."""

    estimate_seconds: float | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message, and whether it was read."""

    message: Message
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LabView:
    """What a lab's owner sees in it."""

    lease: Lease | None
    profile: LabProfile | None
    """The lease's profile; None where the policy no longer has it, or there is no lease."""

    no_extension: str | None
    """Why the lab cannot be extended now; None where it can."""

    waiting: int
    """How many wait for a lab of this profile."""

    queue: tuple[QueuePlace, ...]
    messages: tuple[ShownMessage, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lab profile as it is offered to one user."""

    profile: LabProfile
    refusal: str | None
    """Why it cannot be had now, whether a place is free or not; None where it can."""

    free: int | None
    """Places that are neither taken nor held; None for any number."""

    queue_length: int
    gpu_seconds_left: float | None
    """GPU time that the user's groups still grant, GPU-seconds; None for any amount, or no GPU."""

    place: int | None
    """The user's place in the queue, 0 where a place is held for them; None where they do not wait."""

    estimate_seconds: float | None
    """How long it may take at most, 0 where a place is free, seconds; None where nobody can tell."""

    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a user may choose from."""

    profiles: tuple[Offer, ...]
    refusal: str | None
    """Why there is nothing to choose from; None where there is."""

    last_end: Lease | None
    """The lab of theirs that ended last."""

    messages: tuple[ShownMessage, ...]
    now: datetime


def lab_of(service: LeaseService, user: User, server: str) -> LabView:
    """What a user sees in the lab of one of their servers."""

    def work(book: LeaseBook) -> LabView:
        desk = service.desk(book)
        lease = desk.lab(user.name, server)
        profile = None if lease is None else desk.profile_of(lease)
        left = desk.budget_seconds(lease, desk.budgets()) if lease is not None and lease.group else math.inf
        queued = frozenset({LeasePhase.QUEUED})
        groups = frozenset(group.casefold() for group in user.groups) | (lease.groups if lease else frozenset())
        return LabView(
            lease=lease,
            profile=profile,
            no_extension=None if lease is None else why_no_extension(lease, profile, desk.now, left),
            waiting=0
            if lease is None or profile is None or profile.holders is None
            else len(book.leases(profile=profile.name, phases=queued)),
            queue=tuple(_place(desk, wish) for wish in book.leases(owner=user.name, phases=WAITING)),
            messages=_messages(book, user.name, groups, [lease.profile] if lease else [], desk.now),
            now=desk.now,
        )

    return service.store.read(work)


def offers_to(service: LeaseService, owner: str, groups: Iterable[str]) -> Offers:
    """What a user of some groups may choose from, and what became of their last lab."""
    names = frozenset(group.casefold() for group in groups)

    def work(book: LeaseBook) -> Offers:
        desk = service.desk(book)
        profiles = service.policy.profiles_of(names)
        offers = tuple(_offer(service, desk, owner, names, profile) for profile in profiles)
        ran = [lease for lease in book.leases(owner=owner, latest=_LATEST) if lease.started_at is not None or lease.admitted_at is not None]
        last = max((lease for lease in ran if lease.ended_at is not None), key=_ended_at, default=None)
        return Offers(
            profiles=offers,
            refusal=None if profiles else _why_nothing(service, owner, names),
            last_end=last,
            messages=_messages(book, owner, names, [profile.name for profile in profiles], desk.now),
            now=desk.now,
        )

    service.remember_groups(owner, names)
    return service.store.read(work)


def _offer(service: LeaseService, desk: LeaseDesk, owner: str, groups: frozenset[str], profile: LabProfile) -> Offer:
    live = () if profile.holders is None else desk.book.leases(profile=profile.name, phases=LIVE)
    waiting = [lease for lease in live if lease.phase is LeasePhase.QUEUED]
    mine = next((lease for lease in live if lease.owner == owner and lease.phase in WAITING), None)
    places = {lease.id: number for number, lease in enumerate(waiting, start=1)}
    place = None if mine is None else places.get(mine.id, 0)
    free = free_places(profile, live)
    ahead = len(waiting) + 1 if place is None else place
    refusal = desk.refusal(owner, groups, profile)
    return Offer(
        profile=profile,
        refusal=None if refusal is None else str(refusal),
        free=None if free is None else max(0, free),
        queue_length=len(waiting),
        gpu_seconds_left=_gpu_seconds_left(service, desk, owner, groups, profile),
        place=place,
        estimate_seconds=estimates(profile, live, desk.now, ahead)[-1] if ahead else 0.0,
        held_until=None if mine is None else mine.offered_until,
    )


def _gpu_seconds_left(service: LeaseService, desk: LeaseDesk, owner: str, groups: frozenset[str], profile: LabProfile) -> float | None:
    if not profile.gpus:
        return None
    budgets = desk.budgets()
    left = sum(budgets.left(group, owner) for group in service.policy.granting(groups, profile.name))
    return left if math.isfinite(left) else None


def _place(desk: LeaseDesk, wish: Lease) -> QueuePlace:
    profile = desk.profile_of(wish)
    live = desk.book.leases(profile=wish.profile, phases=LIVE)
    waiting = [lease.id for lease in live if lease.phase is LeasePhase.QUEUED]
    place = waiting.index(wish.id) + 1 if wish.id in waiting else 0
    estimate = 0.0 if place == 0 else None if profile is None else estimates(profile, live, desk.now, place)[-1]
    return QueuePlace(
        profile=wish.profile,
        title=profile.title if profile else wish.profile,
        place=place,
        estimate_seconds=estimate,
        held_until=wish.offered_until,
    )


def _messages(book: LeaseBook, owner: str, groups: frozenset[str], profiles: Iterable[str], now: datetime) -> tuple[ShownMessage, ...]:
    addressed = {("all", ""), *(("group", name) for name in groups), *(("profile", name) for name in profiles)}
    shown = [
        message
        for message in book.messages()
        if (message.to_kind, message.to_name) in addressed and (message.until is None or now < message.until)
    ]
    read = book.read_by(owner) if shown else frozenset()
    return tuple(ShownMessage(message=message, read=message.id in read) for message in shown)


def _why_nothing(service: LeaseService, owner: str, groups: frozenset[str]) -> str:
    try:
        service.policy.require_profile(owner, groups, "")
    except NotAllowed as refusal:
        return str(refusal)
    return "no lab profile is open"


def _ended_at(lease: Lease) -> datetime:
    return lease.ended_at or lease.requested_at
