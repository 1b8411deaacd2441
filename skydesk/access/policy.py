"""The policy: which groups grant which services, limits and labs. One file says it to the hub and to the service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..errors import NotAllowed
from .entitlements import ADMIN, Entitlements, joined

__all__ = ["Group", "LabProfile", "Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabProfile:
    """One size of lab."""

    name: str
    """Lower-case word with hyphens, at most 30 characters: ``gpu``."""

    title: str
    description: str = ""
    image: str = ""
    """Container image; empty for the hub's own."""

    cpu_request: float
    """Processors that the lab is sure of."""

    cpu_limit: float
    memory_request_bytes: int
    """Memory that the lab is sure of, bytes."""

    memory_limit_bytes: int
    gpus: int = 0
    node_selector: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tolerations: tuple[Mapping[str, str], ...] = ()
    """As Kubernetes writes them: ``key``, ``operator``, ``value``, ``effect``."""

    longest_seconds: float
    """How long a lab may run before it is extended, seconds from its start."""

    idle_seconds: float
    """How long a lab may do nothing, seconds."""

    extensions: int = 0
    """How often its owner may extend it."""

    extension_seconds: float = 0
    """How much one extension adds, seconds."""

    holders: int | None = None
    """Labs of this profile at the same time, of all users; None for any number."""

    gpu_labs_each: int = 1
    """Labs with GPUs, of whatever profile, that one person may have when they start one of this; without GPUs it means nothing."""

    hold_seconds: float = 600
    """How long a place is kept for the one whose turn has come, seconds."""

    warnings_seconds: tuple[float, ...] = (3600, 900, 300)
    """How long before the end the owner is warned, seconds, largest first."""

    @property
    def most_seconds(self) -> float:
        """The longest that a lab can last with every extension, seconds."""
        return self.longest_seconds + self.extensions * self.extension_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What membership of one group gives, and takes."""

    name: str
    """Lower case, as groups are compared."""

    title: str
    entitlements: Entitlements = field(default_factory=Entitlements)
    profiles: tuple[str, ...] = ()
    """Names of the lab profiles that it grants."""

    gpu_hours_per_week: float | None = None
    """GPU-hours of all members together in seven days; None for any number."""

    gpu_hours_per_week_each: float | None = None
    """GPU-hours of one member in seven days; None for any number."""

    rights: frozenset[str] = frozenset()
    """``monitor`` to see the admin page, ``admin`` to act there as well."""

    administers: frozenset[str] = frozenset()
    """Groups whose members' labs and jobs its own members may look after."""

    denies: frozenset[str] = frozenset()
    """``jobs``, ``labs``: what members may not have, whatever other groups grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every group and every lab profile."""

    profiles: Mapping[str, LabProfile]
    """By name, the least first."""

    groups: Mapping[str, Group]
    """By name, lower case."""

    def known(self, names: Iterable[str]) -> tuple[Group, ...]:
        """Those of the groups that the policy knows, in its own order; letter case is ignored."""
        given = {name.casefold() for name in names}
        return tuple(group for name, group in self.groups.items() if name in given)

    def entitlements(self, names: Iterable[str]) -> Entitlements:
        """Join what several groups grant; a group that denies ``jobs`` leaves none, rights over others open the service `ADMIN`."""
        mine = self.known(names)
        granted = joined(group.entitlements for group in mine)
        if any(group.rights or group.administers for group in mine):
            granted = replace(granted, services=granted.services | {ADMIN})
        return granted.without_jobs() if "jobs" in _denied(mine) else granted

    def profiles_of(self, names: Iterable[str]) -> tuple[LabProfile, ...]:
        """Lab profiles that some groups grant, the least first; none where one of them denies ``labs``."""
        mine = self.known(names)
        granted = set() if "labs" in _denied(mine) else {name for group in mine for name in group.profiles}
        return tuple(profile for name, profile in self.profiles.items() if name in granted)

    def granting(self, names: Iterable[str], profile: str) -> tuple[Group, ...]:
        """Those of the groups that grant a profile, in the policy's order."""
        return tuple(group for group in self.known(names) if profile in group.profiles)

    def require_profile(self, user: str, names: Iterable[str], profile: str) -> LabProfile:
        """Give a lab profile that a user's groups grant.

        Raises
        ------
        NotAllowed
            They grant no such profile, or none at all, or labs are denied to them.
        """
        every = tuple(names)
        if "labs" in _denied(self.known(every)):
            raise NotAllowed(f"labs are closed to {user}; ask the people who run this hub why")
        mine = self.profiles_of(every)
        if not mine:
            raise NotAllowed(f"no group of {user} grants a lab; ask the people who run this hub to add you to one")
        for each in mine:
            if each.name == profile:
                return each
        raise NotAllowed(f"the lab profile {profile!r} is not open to {user}; open are {', '.join(each.name for each in mine)}")

    @property
    def base_profile(self) -> LabProfile:
        """The least of all profiles: what a lab gets before anything more is granted."""
        return next(iter(self.profiles.values()))

    def rights_of(self, names: Iterable[str]) -> frozenset[str]:
        """What some groups may do on the admin page: ``monitor``, ``admin``; ``admin`` includes ``monitor``."""
        mine = frozenset().union(*(group.rights for group in self.known(names)))
        return mine | {"monitor"} if "admin" in mine else mine

    def administered_by(self, names: Iterable[str]) -> frozenset[str]:
        """Groups whose members the members of some groups may look after."""
        return frozenset().union(*(group.administers for group in self.known(names)))


def _denied(groups: Iterable[Group]) -> frozenset[str]:
    return frozenset().union(*(group.denies for group in groups))
