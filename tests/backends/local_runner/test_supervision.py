"""One worker that is faster, or dies sooner, than the runner looks."""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.local_runner import WorkerSettings
from skydesk.backends.local_runner.channel import Channel
from skydesk.backends.local_runner.locks import LivenessLocks
from skydesk.backends.local_runner.nursery import Newborn, Nursery
from skydesk.backends.local_runner.supervision import Household, Supervision
from skydesk.jobs.model import Job, Phase
from tests.faults.stage import Stage, ledger_runs, wait_until

RUNNER = "local-0123abcd-4567cdef"


class SenderThatIsHeldUp(socket.socket):
    """Goes on after a job was sent only when the other side has carried it out and is gone: what a loaded machine may do."""

    def sendmsg(self, *args: Any) -> int:
        """Send, then wait for the other side to hang up."""
        sent = super().sendmsg(*args)
        poll = select.poll()
        poll.register(self, 0)
        assert poll.poll(20_000), "the worker has not ended"
        return sent


class HeldUpNursery(Nursery):
    """Gives workers channels that hold their sender up."""

    def fork(self) -> Newborn:
        """Make a worker."""
        worker = super().fork()
        descriptor = os.dup(worker.channel.fileno())
        worker.channel.forget()
        return replace(worker, channel=Channel(SenderThatIsHeldUp(fileno=descriptor)))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


@contextmanager
def household(stage: Stage, nursery: Nursery) -> Iterator[tuple[Household, list[Job]]]:
    ended: list[Job] = []
    house = Household(
        store=stage.store,
        nursery=nursery,
        locks=LivenessLocks(stage.folder / "locks"),
        tidy=lambda _job, _fields: None,
        published=stage.folders.published,
        wake=lambda: None,
        changed=lambda: None,
        ended=ended.append,
        clock=lambda: datetime.now(UTC),
        closed=threading.Event(),
        grace_seconds=0.5,
    )
    try:
        yield house, ended
    finally:
        nursery.close()


def ready(house: Household) -> Supervision:
    supervision = Supervision(house)
    supervision.start()
    wait_until(lambda: supervision.ready)
    return supervision


def settings(stage: Stage) -> WorkerSettings:
    tasks = "tests.faults.tasks"
    return WorkerSettings(jobs_root=str(stage.jobs_root), services=f"{tasks}:open_services", tasks=f"{tasks}:tasks", preload=())


def test_a_worker_that_has_done_its_job_before_its_runner_looks_again_has_had_the_job(stage: Stage) -> None:
    stage.gate.touch()
    [job] = stage.submit_ledger_jobs(1)
    with household(stage, HeldUpNursery(settings(stage))) as (house, ended):
        supervision = ready(house)
        claimed = stage.store.claim(RUNNER)
        assert supervision.assign(claimed), "the job would be given to another worker, and run again"
        supervision.join(20)
    assert stage.job(job).phase is Phase.COMPLETED
    assert [each.id for each in ended] == [job.id]
    assert [word for word, _ in ledger_runs(stage.ledger)[job.id]] == ["begin", "end"]
