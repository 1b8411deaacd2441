"""What Prometheus is told of leases."""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from skydesk.leases.gpu_loads import GpuReport
from skydesk.leases.model import LIVE, RUNNING, Lease, LeasePhase
from skydesk.wiring import Services

__all__ = ["LeaseMetrics"]

_HOUR_SECONDS = 3600
_LATELY = timedelta(minutes=5)


class LeaseMetrics:
    """A collector of labs, queues and GPU-hours, counted afresh whenever the metrics are read; nothing without a hub.

    Parameters
    ----------
    services
        Gives the services.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        """Nothing: asking at registration would ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Count."""
        services = self._services()
        if services.mode != "hub":
            return
        leases, gpu_seconds = services.leases.store.read(lambda book: (book.leases(phases=LIVE), book.gpu_seconds_by_group()))
        found = Count((lease.profile, lease.phase) for lease in leases)
        labs = GaugeMetricFamily("skydesk_leases", "Labs that start or run, by profile.", labels=["profile", "phase"])
        waiting = GaugeMetricFamily("skydesk_lease_queue_length", "People who wait for a lab, by profile.", labels=["profile"])
        for name in services.policy.profiles:
            for phase in (phase for phase in LeasePhase if phase in RUNNING):
                labs.add_metric([name, phase.value], found[name, phase])
            waiting.add_metric([name], found[name, LeasePhase.QUEUED] + found[name, LeasePhase.OFFERED])
        yield labs
        yield waiting
        charged = CounterMetricFamily("skydesk_gpu_hours_charged", "GPU-hours charged to a group, of all time.", labels=["group"])
        for group, seconds in sorted(gpu_seconds.items()):
            charged.add_metric([group], seconds / _HOUR_SECONDS)
        yield charged
        yield from _gpu_loads(leases, services)


def _gpu_loads(leases: Iterable[Lease], services: Services) -> Iterator[Metric]:
    """How busy the GPUs of labs are, by profile: of those that have told it lately."""
    now = services.leases.clock()
    told: dict[str, list[GpuReport]] = {}
    for lease in leases:
        report = services.leases.gpu_loads.of(lease.id)
        if report is not None and now - report.at <= _LATELY:
            told.setdefault(lease.profile, []).append(report)
    labs = GaugeMetricFamily("skydesk_gpu_labs_reporting", "Labs that have told lately how busy their GPUs are.", labels=["profile"])
    busy = GaugeMetricFamily("skydesk_gpu_utilization_ratio", "Part of the time in which GPUs computed, mean of labs.", labels=["profile"])
    used = GaugeMetricFamily("skydesk_gpu_memory_used_bytes", "Memory of GPUs in use, bytes.", labels=["profile"])
    total = GaugeMetricFamily("skydesk_gpu_memory_total_bytes", "Memory of GPUs, bytes.", labels=["profile"])
    for profile, reports in sorted(told.items()):
        labs.add_metric([profile], len(reports))
        percents = [report.utilization_percent for report in reports if report.utilization_percent is not None]
        if percents:
            busy.add_metric([profile], sum(percents) / len(percents) / 100)
        used.add_metric([profile], sum(report.memory_used_bytes for report in reports))
        total.add_metric([profile], sum(report.memory_total_bytes for report in reports))
    yield from (labs, busy, used, total)
