from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from skydesk_server.lease_metrics import LeaseMetrics
from tests.core.leases.desk import POLICY, Desk, user
from tests.core.leases.test_gpu_loads import load


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
    desk.leases.tell_gpu_load(user("bob"), "", [load(100)])
    desk.pass_(hours=1.5)
    desk.leases.tick()
    desk.leases.tell_gpu_load(user("ada"), "", [load(62), load(None)])
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
        ("skydesk_gpu_labs_reporting", {"profile": "gpu"}, 1),
        ("skydesk_gpu_utilization_ratio", {"profile": "gpu"}, 0.62),
        ("skydesk_gpu_memory_used_bytes", {"profile": "gpu"}, 22 * 2**30),
        ("skydesk_gpu_memory_total_bytes", {"profile": "gpu"}, 48 * 2**30),
    ],
    ids=str,
)
def test_labs_queues_and_gpu_hours_are_counted(desk: Desk, name: str, labels: dict[str, str], value: float) -> None:
    assert registry(desk, "hub").get_sample_value(name, labels) == value


def test_without_a_hub_there_is_nothing_to_count(desk: Desk) -> None:
    assert list(registry(desk, "embedded").collect()) == []
