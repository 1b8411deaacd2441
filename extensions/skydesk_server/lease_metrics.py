"""What Prometheus is told of leases."""

from collections import Counter as Count
from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from skydesk.leases.model import LIVE, RUNNING, LeasePhase
from skydesk.wiring import Services

__all__ = ["LeaseMetrics"]

_HOUR_SECONDS = 3600


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
