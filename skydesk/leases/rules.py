"""The rules of leases as pure functions: time of a run of use, places and queues, extensions, the wish to stop."""

import heapq
import math
import secrets
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..access import LabProfile
from .model import IN_PLACE, EndReason, Lease, LeasePhase, StopWish

__all__ = [
    "RunOfUse",
    "active",
    "again_at",
    "ended",
    "estimates",
    "extended",
    "free_places",
    "new_id",
    "rest_seconds",
    "run_of_use",
    "scarcely",
    "settled",
    "stop_wish",
    "time_words",
    "why_no_extension",
    "why_not_so_long",
    "words_of_time",
]

_PLAIN_REST_SECONDS = 300.0
_ID_CHARACTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOfUse:
    """What a new lease takes over from those before it (docs/decisions/0008-restarts-win-no-time.md)."""

    used_seconds: float = 0
    added_seconds: float = 0
    extensions: int = 0

    def left_seconds(self, profile: LabProfile) -> float:
        """Time that is left, seconds."""
        return profile.longest_seconds + self.added_seconds - self.used_seconds

    def longest_seconds(self, profile: LabProfile) -> float:
        """Time that is left with every extension that the owner may still take, seconds."""
        return self.left_seconds(profile) + max(0, profile.extensions - self.extensions) * profile.extension_seconds


def new_id() -> str:
    """Make an unguessable id of 16 characters (82 bits)."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(16))


def rest_seconds(profile: LabProfile) -> float:
    """How long a profile must be left alone for its time to begin anew, seconds.

    As long as a lab may be idle, where there are GPUs; otherwise five minutes at most, since nobody waits for the place.
    """
    return profile.idle_seconds if profile.gpus else min(profile.idle_seconds, _PLAIN_REST_SECONDS)


def run_of_use(profile: LabProfile, earlier: Iterable[Lease], now: datetime) -> RunOfUse:
    """Find out how much of a profile's time its owner has used already.

    Parameters
    ----------
    earlier
        The owner's leases of this profile that run, or have ended not longer ago than the rest; others do no harm.
    """
    return _together(_run_at(lease, now) for lease in earlier if _counts(lease, profile, now))


def again_at(profile: LabProfile, earlier: Iterable[Lease], now: datetime) -> datetime | None:
    """When the time of a profile begins anew, if it is left alone until then; None where a lab of it still runs."""
    counting = [lease for lease in earlier if _counts(lease, profile, now)]
    if any(lease.ended_at is None for lease in counting):
        return None
    rest = timedelta(seconds=rest_seconds(profile))
    return max((lease.ended_at + rest for lease in counting if lease.ended_at is not None), default=now)


def scarcely(profile: LabProfile) -> float:
    """What is left of a time is not worth a start below this, seconds: a hundredth of the longest, a minute at most."""
    return min(60.0, profile.longest_seconds / 100)


def active(lease: Lease, profile: LabProfile, run: RunOfUse, now: datetime, deadline_at: datetime | None = None) -> Lease:
    """The lease once its lab runs; its time begins now, and ends at the deadline of what it runs in at the latest."""
    own = RunOfUse(used_seconds=lease.used_seconds, added_seconds=lease.added_seconds, extensions=lease.extensions)
    run = _together((own, run))
    time_ends_at = _by(deadline_at, now + timedelta(seconds=run.left_seconds(profile)))
    return replace(
        lease,
        phase=LeasePhase.ACTIVE,
        started_at=now,
        used_seconds=run.used_seconds,
        added_seconds=run.added_seconds,
        extensions=run.extensions,
        time_ends_at=time_ends_at,
        ends_at=time_ends_at,
        longest_end_at=_by(deadline_at, now + timedelta(seconds=run.longest_seconds(profile))),
        deadline_at=deadline_at,
    )


def ended(lease: Lease, now: datetime, reason: EndReason, message: str | None) -> Lease:
    """The lease after its end; what an administrator, or the time, had wished before counts more than what was seen, but for a failure."""
    wish = stop_wish(lease, now)
    if wish is not None and reason is not EndReason.FAILED:
        reason, message = wish.reason, wish.message
    return replace(lease, phase=LeasePhase.ENDED, offered_until=None, ended_at=now, end_reason=reason, end_message=message)


def stop_wish(lease: Lease, now: datetime) -> StopWish | None:
    """Why a lab is to be stopped now; None where it may go on."""
    if lease.stop is not None:
        return lease.stop
    if lease.phase is not LeasePhase.ACTIVE or lease.ends_at is None or now < lease.ends_at:
        return None
    if lease.time_ends_at is not None and lease.ends_at < lease.time_ends_at:
        return StopWish(reason=EndReason.BUDGET, message=f"the GPU-hours of the group {lease.group} are used up")
    return StopWish(reason=EndReason.TIME, message="the lab's time was over")


def settled(profile: LabProfile, live: Sequence[Lease], now: datetime) -> tuple[Lease, ...]:
    """What changes in a profile's queue: holds that have run out end, those first in line are offered what is free.

    Parameters
    ----------
    live
        All leases of the profile that have not ended, in the order in which they were asked for.

    Returns
    -------
    tuple of Lease
        Those that changed, as they are then.
    """
    lapsed = [
        lease for lease in live if lease.phase is LeasePhase.OFFERED and lease.offered_until is not None and lease.offered_until <= now
    ]
    changed = [
        replace(
            lease,
            phase=LeasePhase.ENDED,
            offered_until=None,
            ended_at=now,
            end_reason=EndReason.TIME,
            end_message="the place was not taken",
        )
        for lease in lapsed
    ]
    gone = {lease.id for lease in lapsed}
    rest = [lease for lease in live if lease.id not in gone]
    waiting = [lease for lease in rest if lease.phase is LeasePhase.QUEUED]
    free = free_places(profile, rest)
    until = now + timedelta(seconds=profile.hold_seconds)
    turn = waiting if free is None else waiting[: max(0, free)]
    return (*changed, *(replace(lease, phase=LeasePhase.OFFERED, offered_until=until) for lease in turn))


def free_places(profile: LabProfile, live: Iterable[Lease]) -> int | None:
    """How many places of a profile are neither taken nor held; None for any number."""
    return None if profile.holders is None else profile.holders - sum(lease.phase in IN_PLACE for lease in live)


def estimates(profile: LabProfile, live: Iterable[Lease], now: datetime, waiting: int) -> tuple[float | None, ...]:
    """How long each of those who wait may have to, seconds, if every lab lasts as long as it may.

    Parameters
    ----------
    live
        All leases of the profile that have not ended.
    waiting
        How many wait, the one who would join counted in.

    Returns
    -------
    tuple
        In the order of the queue; None where nothing is known.
    """
    if profile.holders is None:
        return (0.0,) * waiting
    ends = sorted(_place_free_at(lease, profile, now) for lease in live if lease.phase in IN_PLACE)
    # where the policy was cut down, the first to end leave no place
    ends = [now] * (profile.holders - len(ends)) + ends[max(0, len(ends) - profile.holders) :]
    found: list[float | None] = []
    for _ in range(waiting):
        if not ends:
            found.append(None)
            continue
        at = heapq.heappop(ends)
        found.append(max(0.0, (at - now).total_seconds()))
        heapq.heappush(ends, at + timedelta(seconds=profile.longest_seconds))
    return tuple(found)


def why_no_extension(lease: Lease, profile: LabProfile | None, now: datetime, budget_seconds: float) -> str | None:
    """Why a lab's owner cannot extend it now; None where they can.

    Parameters
    ----------
    profile
        The lease's; None where the policy no longer has it.
    budget_seconds
        For how long the GPU-hours last from now on; infinite where there are none to be counted.
    """
    if lease.phase is not LeasePhase.ACTIVE or lease.ends_at is None:
        return "the lab has not started yet"
    if (wish := stop_wish(lease, now)) is not None:
        return f"the lab is being stopped: {wish.message}"
    if profile is None or not profile.extensions:
        return f"labs of the profile {profile.title if profile else lease.profile} cannot be extended"
    if lease.extensions >= profile.extensions:
        times = {1: "once", 2: "twice"}.get(profile.extensions, f"{profile.extensions} times")
        return f"the lab was extended {times} already, as often as {profile.title} allows"
    return _why_nothing_is_won(lease, now, budget_seconds)


def why_not_so_long(lease: Lease, seconds: float) -> str | None:
    """Why nobody at all can give a lab so many seconds more; None where an administrator can."""
    if lease.deadline_at is None or lease.time_ends_at is None or seconds <= (lease.deadline_at - lease.time_ends_at).total_seconds():
        return None
    return (
        f"the lab of {lease.owner} can go on until {time_words(lease.deadline_at)} at the latest, when the cluster ends its pod; "
        "extend it to no later than that, or have it started again"
    )


def _why_nothing_is_won(lease: Lease, now: datetime, budget_seconds: float) -> str | None:
    """Why a lab would end no later for an extension that its owner may take."""
    if lease.time_ends_at is not None and lease.time_ends_at == lease.deadline_at:
        return f"the cluster ends the lab at {time_words(lease.deadline_at)}, and nobody can put that off; start it again then"
    if lease.time_ends_at is not None and (lease.time_ends_at - now).total_seconds() > budget_seconds:
        return f"the GPU-hours of the group {lease.group} are used up before the time is; an extension would add nothing"
    return None


def extended(lease: Lease, seconds: float, *, by_owner: bool) -> Lease:
    """The lease with more time, up to its deadline; ``ends_at`` is for the budget to look at again."""
    if lease.time_ends_at is None:
        raise ValueError(f"lease {lease.id} has no end that could be moved")
    time_ends_at = _by(lease.deadline_at, lease.time_ends_at + timedelta(seconds=seconds))
    return replace(
        lease,
        time_ends_at=time_ends_at,
        ends_at=time_ends_at,
        added_seconds=lease.added_seconds + (time_ends_at - lease.time_ends_at).total_seconds(),
        extensions=lease.extensions + by_owner,
    )


def time_words(time: datetime) -> str:
    """A time as a sentence has it, UTC to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def words_of_time(seconds: float) -> str:
    """A span in words, rounded up: ``45 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 60:
        return f"{max(0, math.ceil(seconds))} s"
    minutes = math.ceil(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _by(deadline_at: datetime | None, time: datetime) -> datetime:
    return time if deadline_at is None else min(deadline_at, time)


def _counts(lease: Lease, profile: LabProfile, now: datetime) -> bool:
    if lease.started_at is None or lease.profile != profile.name:
        return False
    return lease.ended_at is None or now - lease.ended_at < timedelta(seconds=rest_seconds(profile))


def _together(runs: Iterable[RunOfUse]) -> RunOfUse:
    """One run of use: each lease has taken over what those before it had, so that the largest figures are those of all."""
    every = tuple(runs)
    return RunOfUse(
        used_seconds=max((run.used_seconds for run in every), default=0.0),
        added_seconds=max((run.added_seconds for run in every), default=0.0),
        extensions=max((run.extensions for run in every), default=0),
    )


def _run_at(lease: Lease, now: datetime) -> RunOfUse:
    ran = ((lease.ended_at or now) - lease.started_at).total_seconds() if lease.started_at is not None else 0.0
    return RunOfUse(used_seconds=lease.used_seconds + max(0.0, ran), added_seconds=lease.added_seconds, extensions=lease.extensions)


def _place_free_at(lease: Lease, profile: LabProfile, now: datetime) -> datetime:
    if lease.stop is not None:
        return now
    if lease.ends_at is not None:
        return max(now, lease.ends_at)
    return max(now, lease.offered_until or now) + timedelta(seconds=profile.longest_seconds)
