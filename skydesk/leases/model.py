"""What a lease is, what it costs, and what administrators say and do."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "IN_PLACE",
    "LIVE",
    "RUNNING",
    "WAITING",
    "Act",
    "BusyKernel",
    "Charge",
    "EndReason",
    "Ending",
    "Lease",
    "LeasePhase",
    "Message",
    "StopWish",
]


class LeasePhase(StrEnum):
    """How far a lease has come."""

    QUEUED = "QUEUED"
    """Waits for a place."""

    OFFERED = "OFFERED"
    """Its turn has come; the place is held until ``offered_until``."""

    STARTING = "STARTING"
    """Admitted; the hub is starting the lab."""

    ACTIVE = "ACTIVE"
    """The lab runs."""

    ENDED = "ENDED"


WAITING = frozenset({LeasePhase.QUEUED, LeasePhase.OFFERED})
"""Phases without a lab."""

RUNNING = frozenset({LeasePhase.STARTING, LeasePhase.ACTIVE})
"""Phases with a lab."""

LIVE = WAITING | RUNNING
"""Phases that may still change."""

IN_PLACE = RUNNING | {LeasePhase.OFFERED}
"""Phases that take one of the profile's places."""


class EndReason(StrEnum):
    """Why a lease ended."""

    TIME = "time"
    IDLE = "idle"
    BUDGET = "budget"
    ADMIN = "admin"
    USER = "user"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyKernel:
    """A kernel that was at work when its lab ended."""

    name: str
    path: str
    """Path of the notebook, relative to the lab's root; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a lab's front end did shortly before the end."""

    busy_kernels: tuple[BusyKernel, ...] = ()
    saved: tuple[str, ...] = ()
    unsaved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWish:
    """That a lab is to be stopped now, and why."""

    reason: EndReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One lab of one user's server, by one profile; or the wish for one."""

    id: str
    owner: str
    server: str = ""
    """Name of the server; empty for the owner's default server."""

    profile: str
    gpus: int = 0
    group: str = ""
    """Group whose GPU-hours it uses; empty where it uses none."""

    groups: frozenset[str] = frozenset()
    """The owner's groups when it was asked for, lower case."""

    phase: LeasePhase
    requested_at: datetime
    offered_until: datetime | None = None
    admitted_at: datetime | None = None
    started_at: datetime | None = None
    time_ends_at: datetime | None = None
    """When its time is over, whatever the budget says."""

    ends_at: datetime | None = None
    """When the lab is stopped: the time or the budget is used up, whichever comes first."""

    longest_end_at: datetime | None = None
    """When its time would be over with every extension that its owner may take."""

    deadline_at: datetime | None = None
    """When what it runs in is ended by the cluster itself, which nobody can put off; None where nothing does that."""

    used_seconds: float = 0
    """What earlier leases of the same run of use have used of the time, seconds."""

    added_seconds: float = 0
    """What extensions have added to the time of this run of use, seconds."""

    extensions: int = 0
    """How often its owner has extended this run of use."""

    gpu_seconds: float = 0
    """GPU time charged so far, GPU-seconds."""

    stop: StopWish | None = None
    """Set when an administrator wants it stopped."""

    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    end_message: str | None = None
    ending: Ending | None = None
    node: str = ""
    """Where the lab runs, as far as the hub has told."""

    last_activity_at: datetime | None = None
    """When the lab last did something, as far as the hub has told."""

    number: int = 0
    """Place in the order of all leases; given by the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A span in which a lease used GPUs at a group's expense."""

    lease_id: str
    owner: str
    group: str
    gpus: int
    from_at: datetime
    until_at: datetime
    """Grows while the lab runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an administrator tells people in their labs."""

    id: str
    text: str
    severity: str = "info"
    """``info`` or ``warning``."""

    sender: str
    to_kind: str
    """``all``, ``group`` or ``profile``."""

    to_name: str = ""
    """Name of the group, lower case, or of the profile; empty for all."""

    made_at: datetime
    until: datetime | None = None
    """When it is no longer shown; None for until it is taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One row of the audit log: what somebody did, or wanted to do, with the rights of an administrator."""

    at: datetime
    who: str
    what: str
    """``lease.extend``, ``lease.end``, ``job.cancel``, ``message.post``, ``message.remove``."""

    on_whom: str = ""
    """The user, or whom a message is for."""

    target: str = ""
    """Id of the lease, job or message."""

    detail: dict[str, str | float | None] = field(default_factory=dict)
    outcome: str = "done"
    """``done``, or why it was refused."""

    address: str = ""
    """Where the call came from."""

    number: int = 0
    """Place in the log; given by the store."""
