"""The process that forks workers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.backends.local_runner import nursery as nursery_module
from skydesk.backends.local_runner.channel import ChannelClosed
from skydesk.backends.local_runner.nursery import Newborn, Nursery
from skydesk.backends.local_runner.settings import WorkerSettings
from skydesk.errors import ServiceUnavailable
from tests.faults.stage import is_running, wait_until


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    tasks = "tests.faults.tasks"
    made = Nursery(WorkerSettings(jobs_root=str(tmp_path), services=f"{tasks}:open_services", tasks=f"{tasks}:tasks", preload=("json",)))
    yield made
    made.close()


def ready(nursery: Nursery) -> Newborn:
    worker = nursery.fork()
    assert worker.channel.receive(20) == {"kind": "ready"}
    return worker


def test_workers_are_processes_of_their_own_group_under_one_parent(nursery: Nursery) -> None:
    first, second = ready(nursery), ready(nursery)
    assert first.pid != second.pid
    assert {os.getpgid(each.pid) for each in (first, second)} == {first.pid, second.pid}
    assert _parent(first.pid) == _parent(second.pid) != os.getpid()
    for each in (first, second):
        assert each.bury() == -signal.SIGKILL
        assert not is_running(each.pid)
        each.channel.close()


def test_a_worker_ends_when_its_channel_is_closed(nursery: Nursery) -> None:
    worker = ready(nursery)
    worker.channel.close()
    wait_until(lambda: not is_running(worker.pid))
    assert worker.bury() == 0


def test_a_nursery_may_take_longer_to_load_than_to_answer_later(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nursery_module, "_ANSWER_SECONDS", 0.0)
    ready(nursery).channel.close()
    with pytest.raises(ServiceUnavailable, match="cannot be started"):
        nursery.fork()


def test_the_nursery_has_one_thread_only(tmp_path: Path) -> None:
    """Forking a process with several threads is safe only where all of them prepare for it, as jemalloc's background thread does."""
    settings = WorkerSettings(jobs_root=str(tmp_path), services="tests.faults.tasks:open_services", tasks="tests.faults.tasks:tasks")
    nursery = Nursery(settings)
    worker = ready(nursery)
    names = [path.read_text().strip() for path in Path(f"/proc/{_parent(worker.pid)}/task").glob("*/comm")]
    worker.channel.close()
    nursery.close()
    assert len([name for name in names if name != "jemalloc_bg_thd"]) == 1


def test_closing_kills_every_worker(nursery: Nursery) -> None:
    workers = [ready(nursery), ready(nursery)]
    nursery.close()
    assert not any(is_running(worker.pid) for worker in workers)
    for worker in workers:
        with pytest.raises(ChannelClosed):
            worker.channel.receive(1)
        worker.kill()
        assert worker.bury() is None
        worker.channel.close()
    with pytest.raises(ServiceUnavailable):
        nursery.fork()


def test_a_killed_nursery_is_replaced_and_its_workers_are_dead(nursery: Nursery) -> None:
    worker = ready(nursery)
    os.kill(_parent(worker.pid), signal.SIGKILL)
    wait_until(lambda: not is_running(worker.pid))
    successor = ready(nursery)
    assert worker.bury() is None
    assert is_running(successor.pid)
    worker.channel.close()
    successor.channel.close()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
