"""How busy the GPUs of labs are, as their labs last said; kept in memory only, since it is worth nothing later."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["GpuLoad", "GpuLoads", "GpuReport"]

_FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuLoad:
    """One GPU at one moment."""

    utilization_percent: float | None
    """Part of the last moments in which it computed, percent; None where its driver does not say."""

    memory_used_bytes: int
    memory_total_bytes: int

    def __post_init__(self) -> None:
        if self.utilization_percent is not None and not 0 <= self.utilization_percent <= 100:
            raise ValueError(f"utilization_percent must be 0 to 100, got {self.utilization_percent:g}")
        if not 0 <= self.memory_used_bytes <= self.memory_total_bytes:
            raise ValueError(
                f"memory_used_bytes must be 0 to memory_total_bytes, got {self.memory_used_bytes:,} of {self.memory_total_bytes:,}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReport:
    """What a lab said of all its GPUs."""

    at: datetime
    gpus: tuple[GpuLoad, ...]

    @property
    def utilization_percent(self) -> float | None:
        """Mean of those GPUs that say; None where none does."""
        told = [gpu.utilization_percent for gpu in self.gpus if gpu.utilization_percent is not None]
        return sum(told) / len(told) if told else None

    @property
    def memory_used_bytes(self) -> int:
        """Of all GPUs together."""
        return sum(gpu.memory_used_bytes for gpu in self.gpus)

    @property
    def memory_total_bytes(self) -> int:
        """Of all GPUs together."""
        return sum(gpu.memory_total_bytes for gpu in self.gpus)


class GpuLoads:
    """The last report of each lab.

    Parameters
    ----------
    clock
        Gives the time now, aware.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._reports: dict[str, GpuReport] = {}

    def tell(self, lease_id: str, gpus: Iterable[GpuLoad]) -> None:
        """Take a lab's report; what is older than an hour is forgotten."""
        now = self._clock()
        with self._lock:
            self._reports[lease_id] = GpuReport(at=now, gpus=tuple(gpus))
            old = [known for known, report in self._reports.items() if now - report.at > _FORGOTTEN_AFTER]
            for known in old:
                del self._reports[known]

    def of(self, lease_id: str) -> GpuReport | None:
        """The last report of one lab; None where it has said nothing for an hour."""
        with self._lock:
            report = self._reports.get(lease_id)
        return report if report is not None and self._clock() - report.at <= _FORGOTTEN_AFTER else None
