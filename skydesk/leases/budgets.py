"""GPU-hours of groups and of their members, over seven sliding days. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..access import Group
from .model import Charge, Lease, LeasePhase

__all__ = ["WEEK", "Budget", "Budgets"]

WEEK = timedelta(days=7)

_HOUR_SECONDS = 3600.0
_SPENT_SECONDS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one group grants one of its members."""

    group: str
    left_seconds: float
    """GPU-seconds that are left, infinite where nothing bounds them."""

    lasts_seconds: float
    """For how long they last as GPUs are used now, the lease in question counted in, seconds."""

    @property
    def is_spent(self) -> bool:
        """True if nothing worth counting is left."""
        return self.left_seconds <= _SPENT_SECONDS


class Budgets:
    """What was charged in the last seven days, and what that leaves.

    Parameters
    ----------
    charges
        All that reach into the last seven days.
    running
        Leases that use GPUs now.
    """

    def __init__(self, charges: Iterable[Charge], running: Iterable[Lease], now: datetime) -> None:
        self._now = now
        self._charges = [charge for charge in charges if charge.until_at > now - WEEK]
        self._used: Counter[tuple[str, str]] = Counter()
        self._rates: Counter[tuple[str, str]] = Counter()
        for charge in self._charges:
            seconds = _seconds_since(charge, now - WEEK)
            self._used[charge.group, charge.owner] += seconds  # type: ignore[assignment]
            self._used[charge.group, ""] += seconds  # type: ignore[assignment]
        for lease in running:
            if lease.phase is LeasePhase.ACTIVE and lease.group:
                self._rates[lease.group, lease.owner] += lease.gpus
                self._rates[lease.group, ""] += lease.gpus

    def used_seconds(self, group: str, owner: str = "") -> float:
        """GPU-seconds charged to a group in the last seven days, of one member or, without a name, of all."""
        return float(self._used[group, owner])

    def members(self, group: str) -> Mapping[str, float]:
        """GPU-seconds of each member that used any."""
        return {owner: float(seconds) for (name, owner), seconds in sorted(self._used.items()) if name == group and owner}

    def left(self, group: Group, owner: str) -> float:
        """GPU-seconds that a member may still use, infinite where nothing bounds them."""
        return min(
            _hours_left(group.gpu_hours_per_week, self.used_seconds(group.name)),
            _hours_left(group.gpu_hours_per_week_each, self.used_seconds(group.name, owner)),
        )

    def of(self, groups: Iterable[Group], owner: str, gpus: int, charged: str = "") -> tuple[Budget, ...]:
        """What several groups grant one member for a lab.

        Parameters
        ----------
        groups
            Those that grant the lab's profile.
        gpus
            GPUs of the lab.
        charged
            Group that the lab is charged to already; empty where it does not run.
        """
        return tuple(
            Budget(group=group.name, left_seconds=self.left(group, owner), lasts_seconds=self._lasts(group, owner, gpus, charged))
            for group in groups
        )

    def returns_at(self, groups: Sequence[Group], owner: str) -> datetime | None:
        """When the first of the hours that are used up are free again; None where there are none."""
        names = {group.name for group in groups}
        of_groups = [charge for charge in self._charges if charge.group in names]
        relevant = [charge for charge in of_groups if charge.owner == owner] or of_groups
        begins = [max(charge.from_at, self._now - WEEK) for charge in relevant]
        return min(begins) + WEEK if begins else None

    def _lasts(self, group: Group, owner: str, gpus: int, charged: str) -> float:
        own = 0 if charged == group.name else gpus
        together = _hours_left(group.gpu_hours_per_week, self.used_seconds(group.name)) / max(1, self._rates[group.name, ""] + own)
        alone = _hours_left(group.gpu_hours_per_week_each, self.used_seconds(group.name, owner))
        return max(0.0, min(together, alone / max(1, self._rates[group.name, owner] + own)))


def _hours_left(hours: float | None, used_seconds: float) -> float:
    return math.inf if hours is None else max(0.0, hours * _HOUR_SECONDS - used_seconds)


def _seconds_since(charge: Charge, since: datetime) -> float:
    return charge.gpus * max(0.0, (charge.until_at - max(charge.from_at, since)).total_seconds())
