"""A job store that another program holds for itself."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from skydesk.jobs.model import Phase
from tests.faults.stage import Stage, is_running, wait_until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, patience_seconds=0.3)
    yield made
    made.close()


@contextmanager
def exclusively(stage: Stage) -> Iterator[None]:
    """Hold the whole database."""
    connection = sqlite3.connect(stage.folder / "jobs.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_job_that_ends_while_the_store_is_locked_is_written_down_afterwards(stage: Stage) -> None:
    [job] = stage.submit_ledger_jobs(1)
    stage.runner().start()
    wait_until(stage.ledger.exists)
    with exclusively(stage):
        stage.gate.touch()
        wait_until(lambda: stage.folders.files(job) != ())
        until = time.monotonic() + 1.5  # longer than the store is patient, several times over
        wait_until(lambda: time.monotonic() > until)
    assert stage.until_final(job).phase is Phase.COMPLETED
    assert stage.job(job).attempt == 1


def test_jobs_queued_when_the_store_was_locked_run_once_it_is_free(stage: Stage) -> None:
    jobs = [stage.submit("write") for _ in range(3)]
    with exclusively(stage):
        stage.runner().start()
        until = time.monotonic() + 1
        wait_until(lambda: time.monotonic() > until)
    assert stage.until_all_final() == {Phase.COMPLETED: len(jobs)}
    assert {stage.job(job).attempt for job in jobs} == {1}


def test_a_job_is_stopped_though_the_store_is_locked(stage: Stage) -> None:
    job = stage.submit("wait")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    [pid] = runner.worker_pids(busy=True)
    with exclusively(stage):
        runner.cancel(job.id)
        wait_until(lambda: not is_running(pid), 5)
    assert stage.until_final(job).phase is Phase.ABORTED


def test_a_service_that_stops_while_the_store_is_locked_loses_no_job(stage: Stage) -> None:
    job = stage.submit("wait")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    pids = runner.worker_pids()
    with exclusively(stage):
        began = time.monotonic()
        runner.stop(grace_seconds=0.5)
        assert time.monotonic() - began < 10
        assert not any(is_running(pid) for pid in pids)
    successor = stage.runner()
    successor.start()
    wait_until(lambda: stage.job(job).runner == successor.id)
    stage.until_reported(job)  # claimed is not begun, and only what has begun can be cancelled at its runner
    successor.cancel(job.id)
    assert stage.until_final(job).phase is Phase.ABORTED
