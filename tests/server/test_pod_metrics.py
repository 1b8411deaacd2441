from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from skydesk_server.metrics import Metrics
from tests.fakes.jobstore import FakeJobStore


def text(**runner: Any) -> str:
    services: Any = SimpleNamespace(mode="embedded", store=FakeJobStore(), runner=SimpleNamespace(**runner))
    metrics = Metrics()
    metrics.watch_jobs(lambda: services)
    return metrics.text().decode()


@pytest.mark.parametrize(
    "line",
    [
        "skydesk_pod_starts_total 3.0",
        'skydesk_pod_ends_total{phase="COMPLETED"} 2.0',
        'skydesk_pod_ends_total{phase="QUEUED"} 1.0',
        'skydesk_pod_ends_total{phase="ERROR"} 0.0',
    ],
)
def test_pods_that_begin_and_end_are_counted(line: str) -> None:
    assert line in text(pod_starts=3, pod_ends=Counter({"COMPLETED": 2, "QUEUED": 1})).splitlines()


def test_a_runner_without_pods_tells_nothing_of_them() -> None:
    assert "skydesk_pod" not in text(worker_starts=1)
