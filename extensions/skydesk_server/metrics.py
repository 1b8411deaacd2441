"""What Prometheus is told. One registry a server, so that several servers can live in one process."""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from skydesk.jobs.model import ACTIVE, Phase
from skydesk.wiring import Services

from .lease_metrics import LeaseMetrics

__all__ = ["Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600, float("inf"))


class Metrics:
    """Counts requests by the pattern of their route, never by their path, so that the number of series is bounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route")
        self._requests = Counter("skydesk_requests", "Calls answered.", (*names, "status"), registry=self.registry)
        self._latency = Histogram(
            "skydesk_request_seconds", "Time to the end of the answer, seconds.", names, buckets=_SECONDS, registry=self.registry
        )
        self._running = Gauge("skydesk_requests_running", "Calls being answered.", names, registry=self.registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered call; ``route`` is a pattern, or empty where none matched."""
        route = route or "unknown"
        method = method if route != "unknown" else "any"
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(method, route).observe(seconds)

    @contextmanager
    def running(self, method: str, route: str) -> Iterator[None]:
        """Count a call as running while the block runs; quick queries are those of ``query/quick``."""
        with self._running.labels(method, route).track_inprogress():
            yield

    def watch_jobs(self, services: Callable[[], Services]) -> None:
        """Tell the number of active jobs by phase, of worker starts, labs and GPU-hours, whenever the metrics are read."""
        self.registry.register(_Jobs(services))
        self.registry.register(LeaseMetrics(services))

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)


class _Jobs:
    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are only known when asked, and asking at registration would ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Count afresh."""
        services = self._services()
        found = Count(job.phase for job in services.store.jobs(phases=ACTIVE))
        jobs = GaugeMetricFamily("skydesk_jobs", "Jobs that may still do something, by phase.", labels=["phase"])
        for phase in (phase for phase in Phase if phase in ACTIVE):
            jobs.add_metric([phase.value], found[phase])
        yield jobs
        starts = getattr(services.runner, "worker_starts", None)
        if starts is not None:
            yield CounterMetricFamily("skydesk_worker_starts", "Worker processes started.", value=starts)
        yield from _pods(services.runner)


def _pods(runner: Any) -> Iterable[Metric]:
    """What a runner of jobs as pods counts; nothing of another."""
    starts, ends = getattr(runner, "pod_starts", None), getattr(runner, "pod_ends", None)
    if starts is None or ends is None:
        return
    yield CounterMetricFamily("skydesk_pod_starts", "Pods of jobs asked for.", value=starts)
    ended = CounterMetricFamily("skydesk_pod_ends", "Pods of jobs that have ended, by the phase of the job then.", labels=["phase"])
    for phase in (Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.QUEUED):
        ended.add_metric([phase.value], ends[phase])
    yield ended
