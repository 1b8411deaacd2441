"""What membership of a group entitles a user to: services, releases and limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .errors import NotAllowed

__all__ = ["ALL", "LOCAL_USER", "NOBODY", "VIEWS", "Entitlements", "JobLimits", "QueryLimits", "User", "entitlements_for", "scope_of"]

ALL = "*"
"""Stands for every service, or every release, in an entitlement."""


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
    jobs: JobLimits = field(default_factory=JobLimits)

    def allows_service(self, name: str) -> bool:
        """Tell whether the service of this name may be used."""
        return ALL in self.services or name in self.services

    def allows_release(self, name: str) -> bool:
        """Tell whether the release of this name may be read."""
        return ALL in self.releases or name in self.releases


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks, and what they are entitled to."""

    name: str
    groups: frozenset[str] = frozenset()
    entitlements: Entitlements = field(default_factory=Entitlements)

    def require_service(self, name: str) -> None:
        """Refuse a service that the user's groups do not grant.

        Raises
        ------
        NotAllowed
            None of the groups grants it.
        """
        if not self.entitlements.allows_service(name):
            raise NotAllowed(f"the {name} service is not open to {self.name}; ask for a group that grants it")


NOBODY = Entitlements()
"""What an unknown group gives."""

_GIB = 2**30

VIEWS: Mapping[str, Entitlements] = {
    "limited": Entitlements(
        services=frozenset({"query", "jobs", "cutout", "footprint"}),
        releases=frozenset({ALL}),
        query=QueryLimits(max_rows=1_000_000, max_result_bytes=1 * _GIB, max_seconds=600),
        jobs=JobLimits(concurrent=1, queued=50, memory_bytes=2 * _GIB, max_renewals=1),
    ),
    "default": Entitlements(
        services=frozenset({"query", "jobs", "cutout", "footprint", "chart"}),
        releases=frozenset({ALL}),
        query=QueryLimits(max_rows=20_000_000, max_result_bytes=10 * _GIB, max_seconds=4 * 3600),
        jobs=JobLimits(concurrent=2, queued=500, memory_bytes=2 * _GIB),
    ),
    "advanced": Entitlements(
        services=frozenset({ALL}),
        releases=frozenset({ALL}),
        query=QueryLimits(max_rows=500_000_000, max_result_bytes=100 * _GIB, max_seconds=24 * 3600),
        jobs=JobLimits(concurrent=10, queued=2000, memory_bytes=4 * _GIB),
    ),
}
"""The three views of DESaccess: a group of each name grants what stands here."""

LOCAL_USER = "local"
"""Name of the one user of an embedded SkyDesk."""


def entitlements_for(groups: Iterable[str], table: Mapping[str, Entitlements] = VIEWS) -> Entitlements:
    """Join the entitlements of several groups, limit by limit, the largest winning.

    Parameters
    ----------
    groups
        Names as the authenticator gave them; letter case is ignored.
    table
        Entitlements of each group, keys in lower case.

    Returns
    -------
    Entitlements
        `NOBODY`'s where no group is known.
    """
    mine = [table[name.casefold()] for name in groups if name.casefold() in table]
    if not mine:
        return NOBODY
    return Entitlements(
        services=frozenset().union(*(e.services for e in mine)),
        releases=frozenset().union(*(e.releases for e in mine)),
        query=QueryLimits(
            max_rows=max(e.query.max_rows for e in mine),
            max_result_bytes=max(e.query.max_result_bytes for e in mine),
            max_seconds=max(e.query.max_seconds for e in mine),
            quick_seconds=max(e.query.quick_seconds for e in mine),
            quick_rows=max(e.query.quick_rows for e in mine),
        ),
        jobs=JobLimits(
            concurrent=max(e.jobs.concurrent for e in mine),
            queued=max(e.jobs.queued for e in mine),
            memory_bytes=max(e.jobs.memory_bytes for e in mine),
            lifetime_seconds=max(e.jobs.lifetime_seconds for e in mine),
            warning_seconds=max(e.jobs.warning_seconds for e in mine),
            max_renewals=max(e.jobs.max_renewals for e in mine),
        ),
    )


def scope_of(name: str) -> str:
    """The JupyterHub custom scope that opens a service."""
    return f"custom:skydesk:{name}"
