import pytest

from skydesk.errors import Conflict, NotFound
from skydesk.leases.gpu_loads import GpuLoad
from tests.core.leases.desk import Desk, user

GIB = 2**30


def load(percent: float | None = 63, used: int = 11 * GIB, total: int = 24 * GIB) -> GpuLoad:
    return GpuLoad(utilization_percent=percent, memory_used_bytes=used, memory_total_bytes=total)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_last_report_of_a_lab_is_kept_with_its_time(desk: Desk) -> None:
    lease = desk.start("ada", "gpu")
    assert desk.leases.gpu_loads.of(lease.id) is None
    desk.leases.tell_gpu_load(user("ada"), "", [load(10)])
    desk.pass_(seconds=30)
    desk.leases.tell_gpu_load(user("ada"), "", [load(60, 2 * GIB), load(70, 3 * GIB), load(None, GIB)])
    report = desk.leases.gpu_loads.of(lease.id)
    assert report is not None
    assert report.at == desk.clock.now
    assert report.utilization_percent == 65, "of those that say"
    assert (report.memory_used_bytes, report.memory_total_bytes) == (6 * GIB, 72 * GIB)


def test_gpus_that_do_not_say_how_busy_they_are_have_no_mean(desk: Desk) -> None:
    lease = desk.start("ada", "gpu")
    desk.leases.tell_gpu_load(user("ada"), "", [load(None)])
    report = desk.leases.gpu_loads.of(lease.id)
    assert report is not None
    assert report.utilization_percent is None


def test_a_report_is_forgotten_after_an_hour(desk: Desk) -> None:
    lease = desk.start("ada", "gpu")
    other = desk.start("bob", "gpu")
    desk.leases.tell_gpu_load(user("ada"), "", [load()])
    desk.pass_(minutes=59)
    assert desk.leases.gpu_loads.of(lease.id) is not None
    desk.pass_(minutes=2)
    assert desk.leases.gpu_loads.of(lease.id) is None
    desk.leases.tell_gpu_load(user("bob"), "", [load()])
    assert set(desk.leases.gpu_loads._reports) == {other.id}


def test_nobody_reports_on_a_lab_that_is_not_theirs(desk: Desk) -> None:
    lease = desk.start("ada", "gpu")
    with pytest.raises(NotFound, match="no lab of bob runs on the server ''"):
        desk.leases.tell_gpu_load(user("bob"), "", [load()])
    with pytest.raises(NotFound, match="no lab of ada runs on the server 'second'"):
        desk.leases.tell_gpu_load(user("ada"), "second", [load()])
    assert desk.leases.gpu_loads.of(lease.id) is None


def test_a_lab_without_a_gpu_reports_on_none(desk: Desk) -> None:
    desk.start("ada", "small")
    with pytest.raises(Conflict, match="was lent no GPU"):
        desk.leases.tell_gpu_load(user("ada"), "", [load()])


@pytest.mark.parametrize(("percent", "used", "total"), [(101, 0, 1), (-1, 0, 1), (float("nan"), 0, 1), (5, 2, 1), (5, -1, 1)])
def test_what_no_gpu_can_be_is_refused(percent: float, used: int, total: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        load(percent, used, total)
