from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from skydesk_server.lease_metrics import LeaseMetrics
from tests.core.leases.desk import POLICY, Desk


def registry(desk: Desk, mode: str) -> CollectorRegistry:
    services: Any = SimpleNamespace(mode=mode, leases=desk.leases, policy=POLICY)
    found = CollectorRegistry()
    found.register(LeaseMetrics(lambda: services))
    return found


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.start("ada", "gpu")
    desk.admit("bob", "gpu")
    desk.queue_up("cyd")
    desk.queue_up("dan")
    desk.pass_(hours=1.5)
    desk.leases.tick()
    return desk


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("skydesk_leases", {"profile": "gpu", "phase": "ACTIVE"}, 1),
        ("skydesk_leases", {"profile": "gpu", "phase": "STARTING"}, 1),
        ("skydesk_leases", {"profile": "small", "phase": "ACTIVE"}, 0),
        ("skydesk_lease_queue_length", {"profile": "gpu"}, 2),
        ("skydesk_lease_queue_length", {"profile": "small"}, 0),
        ("skydesk_gpu_hours_charged_total", {"group": "gpu"}, 1.5),
    ],
    ids=str,
)
def test_labs_queues_and_gpu_hours_are_counted(desk: Desk, name: str, labels: dict[str, str], value: float) -> None:
    assert registry(desk, "hub").get_sample_value(name, labels) == value


def test_without_a_hub_there_is_nothing_to_count(desk: Desk) -> None:
    assert list(registry(desk, "embedded").collect()) == []
