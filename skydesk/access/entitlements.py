"""What a user may use: services, releases and limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

from ..errors import NotAllowed

__all__ = [
    "ADMIN",
    "ALL",
    "HUB",
    "LOCAL_USER",
    "NOBODY",
    "CutoutLimits",
    "Entitlements",
    "JobLimits",
    "QueryLimits",
    "TableLimits",
    "User",
    "joined",
    "scope_of",
]

ALL = "*"
"""Stands for every service, or every release, in an entitlement; not for `HUB` and `ADMIN`."""

HUB = "hub"
"""The service that a hub asks for leases; open to a hub's own token, never to a person."""

ADMIN = "admin"
"""The service behind the administrators' page; open to who has rights or looks after a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """The most that one query may use."""

    max_rows: int = 0
    """Rows of one result."""

    max_result_bytes: int = 0
    """Size of one result, bytes, before compression."""

    max_seconds: float = 0
    """Run of one query job, seconds."""

    quick_seconds: float = 30
    """Run of one quick query, seconds."""

    quick_rows: int = 1000
    """Rows of a quick query's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutLimits:
    """The most that one request for cutouts may use."""

    max_positions: int = 0
    """Positions of one job."""

    max_result_bytes: int = 0
    """Size of all files of one job, bytes."""

    max_seconds: float = 0
    """Run of one job, seconds."""

    quick_positions: int = 50
    """Positions that are cut at once, without a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLimits:
    """The most that a user's own tables may take together."""

    max_bytes: int = 0
    """Size on disk, bytes."""

    max_tables: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """The most that a user's jobs may use."""

    concurrent: int = 0
    """Jobs of one user that execute at the same time; more wait in the queue."""

    queued: int = 0
    """Jobs of one user that may wait or execute; more are refused."""

    memory_bytes: int = 0
    """Memory of one job, bytes."""

    lifetime_seconds: float = 14 * 86400
    """How long results are kept after the job was made, seconds, and how much one renewal adds."""

    warning_seconds: float = 4 * 86400
    """How long before the end of the lifetime the owner is warned, seconds."""

    max_renewals: int = 2
    """How often the lifetime may be renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlements:
    """What a user may use, and how much of it."""

    services: frozenset[str] = frozenset()
    """Names of services; ``*`` stands for all."""

    releases: frozenset[str] = frozenset()
    """Names of data releases; ``*`` stands for all."""

    query: QueryLimits = field(default_factory=QueryLimits)
    cutout: CutoutLimits = field(default_factory=CutoutLimits)
    jobs: JobLimits = field(default_factory=JobLimits)
    tables: TableLimits = field(default_factory=TableLimits)

    def allows_service(self, name: str) -> bool:
        """Tell whether the service of this name may be used."""
        return name in self.services or (ALL in self.services and name not in {HUB, ADMIN})

    def without_jobs(self) -> "Entitlements":
        """The same, with no job left to submit."""
        return replace(self, jobs=replace(self.jobs, concurrent=0, queued=0))

    def allows_release(self, name: str) -> bool:
        """Tell whether the release of this name may be read."""
        return ALL in self.releases or name in self.releases


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks, and what they are entitled to."""

    name: str
    groups: frozenset[str] = frozenset()
    entitlements: Entitlements = field(default_factory=Entitlements)
    rights: frozenset[str] = frozenset()
    """``monitor``, ``admin``: what the user may do on the administrators' page."""

    administers: frozenset[str] = frozenset()
    """Groups whose members' labs and jobs the user may look after."""

    is_service: bool = False
    """True for a hub's service, which is no person and has neither a lab nor jobs."""

    def require_service(self, name: str) -> None:
        """Refuse a service that is not open to the user.

        Parameters
        ----------
        name
            Empty for what is open to every person.

        Raises
        ------
        NotAllowed
            None of the groups grants it, or it is for people and this is a service of the hub.
        """
        if not name:
            if self.is_service:
                raise NotAllowed(f"{self.name} is a service of the hub, and this is for people; use a person's token")
        elif not self.entitlements.allows_service(name):
            raise NotAllowed(f"the {name} service is not open to {self.name}; ask for a group that grants it")


NOBODY = Entitlements()
"""What an unknown group gives."""

_Limits = TypeVar("_Limits", QueryLimits, CutoutLimits, JobLimits, TableLimits)

LOCAL_USER = "local"
"""Name of the one user of an embedded SkyDesk."""


def joined(mine: Iterable[Entitlements]) -> Entitlements:
    """Join what several groups grant, limit by limit, the largest winning.

    Returns
    -------
    Entitlements
        `NOBODY` where nothing is granted.
    """
    every = list(mine)
    if not every:
        return NOBODY
    return Entitlements(
        services=frozenset().union(*(each.services for each in every)),
        releases=frozenset().union(*(each.releases for each in every)),
        query=_largest(QueryLimits, [each.query for each in every]),
        cutout=_largest(CutoutLimits, [each.cutout for each in every]),
        jobs=_largest(JobLimits, [each.jobs for each in every]),
        tables=_largest(TableLimits, [each.tables for each in every]),
    )


def _largest(kind: type[_Limits], every: Sequence[_Limits]) -> _Limits:
    return kind(**{field.name: max(getattr(each, field.name) for each in every) for field in fields(kind)})


def scope_of(name: str) -> str:
    """The JupyterHub custom scope that opens a service."""
    return f"custom:skydesk:{name}"
