"""The local runner with real worker processes: the contract, and what it does on a good day."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skydesk.jobs.model import Job, Phase, Progress
from tests.contracts.job_runner_contract import JobRunnerContract
from tests.faults.stage import Stage, is_running, wait_until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


class TestLocalRunner(JobRunnerContract):
    """Processes of this machine keep the contract."""


def test_a_job_that_is_submitted_later_is_found_when_woken(stage: Stage) -> None:
    runner = stage.runner(tick_seconds=60)
    runner.start()
    stage.until_final(_submitted_and_woken(stage, runner))
    assert stage.until_final(_submitted_and_woken(stage, runner)).phase is Phase.COMPLETED


def _submitted_and_woken(stage: Stage, runner: object) -> Job:
    job = stage.submit("write")
    runner.wake()
    return job


def test_progress_is_written_while_the_job_runs_and_not_too_often(stage: Stage) -> None:
    job = stage.submit("crawl")
    changes = []
    runner = stage.runner(on_change=lambda: changes.append(stage.job(job).progress))
    runner.start()
    done = stage.until_final(job)
    assert done.progress == Progress(done=10, total=10, unit="positions")
    steps = {progress.done for progress in changes if progress is not None}
    assert steps & set(range(1, 10)), "nothing was told before the end"


def test_a_task_that_reports_far_too_often_does_not_flood_the_store(stage: Stage) -> None:
    job = stage.submit("chatter")
    stage.runner().start()
    done = stage.until_final(job)
    assert done.progress == Progress(done=199_999, total=200_000)
    seconds = (done.ended_at - done.started_at).total_seconds()
    assert done.revision - job.revision <= 3 + seconds / 0.2


def test_a_running_job_is_cancelled_politely(stage: Stage) -> None:
    job = stage.submit("wait")
    runner = stage.runner(cancel_grace_seconds=30)
    runner.start()
    stage.until_reported(job)
    runner.cancel(job.id)
    done = stage.until_final(job, seconds=5)
    assert (done.phase, done.error) == (Phase.ABORTED, None)
    assert "cancelled by the user" in stage.folders.log(done)
    assert stage.partials() == []


def test_a_job_that_somebody_took_out_of_the_store_is_stopped(stage: Stage) -> None:
    job = stage.submit("wait")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    [pid] = runner.worker_pids(busy=True)
    stage.store.remove(job.id, expect=frozenset({Phase.EXECUTING}))
    wait_until(lambda: not is_running(pid))
    wait_until(lambda: stage.partials() == [])
    assert stage.store.get(job.id) is None


def test_the_log_of_an_attempt_that_was_broken_off_opens_the_next_one_s(stage: Stage) -> None:
    job = stage.submit("wait")
    first = stage.runner()
    first.start()
    stage.until_reported(job)
    first.stop(grace_seconds=0)
    second = stage.runner()
    second.start()
    stage.until_reported(job)
    second.cancel(job.id)
    lines = [line.partition("Z ")[2] for line in stage.folders.log(stage.until_final(job)).splitlines()]
    assert lines == [
        f"wait job {job.id}, attempt 1",
        "the service stops",
        "the attempt above did not come to its end; the job is begun again",
        f"wait job {job.id}, attempt 1",
        "cancelled by the user",
    ]


def test_a_job_whose_end_was_wished_while_it_was_put_back_ends_and_is_told(stage: Stage) -> None:
    job = stage.submit("wait")
    ended = []
    runner = stage.runner(on_end=ended.append, tick_seconds=60)
    runner.start()
    stage.until_reported(job)
    stage.store.change(job.id, cancel_requested=True, delete_requested=True)
    runner.stop(grace_seconds=0)
    assert stage.job(job).phase is Phase.ABORTED
    assert [each.id for each in ended] == [job.id]
    assert list((stage.folder / "locks" / "jobs").iterdir()) == []


def test_stop_puts_running_jobs_back_and_leaves_no_process(stage: Stage) -> None:
    polite, deaf = stage.submit("wait"), stage.submit("deaf")
    runner = stage.runner(workers=2, warm=2)
    runner.start()
    stage.until_reported(polite)
    stage.until_reported(deaf)
    pids = runner.worker_pids()
    assert len(pids) >= 2
    began = time.monotonic()
    runner.stop(grace_seconds=0.5)
    assert time.monotonic() - began < 10
    assert not any(is_running(pid) for pid in pids)
    for job in (polite, deaf):
        again = stage.job(job)
        assert (again.phase, again.attempt, again.runner, again.progress) == (Phase.QUEUED, 0, None, None)
        assert f"job {job.id}, attempt 1" in stage.folders.log(again)
        assert stage.folders.files(again) == ()
        assert not stage.folders.path(again).exists()  # nothing stands there of a job that waits
    assert [[file.name for file in partial.iterdir()] for partial in stage.partials()] == [["job.log"], ["job.log"]]


def test_a_job_that_ends_within_the_grace_is_not_stopped(stage: Stage) -> None:
    job = stage.submit("crawl")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    runner.stop(grace_seconds=10)
    assert stage.job(job).phase is Phase.COMPLETED


def test_nothing_is_claimed_after_a_stop(stage: Stage) -> None:
    runner = stage.runner()
    runner.start()
    stage.until_final(stage.submit("write"))
    runner.stop()
    late = stage.submit("write")
    runner.wake()
    assert not runner.worker_pids()
    assert stage.job(late).phase is Phase.QUEUED


def test_services_that_cannot_be_opened_are_told_and_no_job_is_lost(stage: Stage) -> None:
    job = stage.submit("write")
    runner = stage.runner(services="refuse_services", options={"catalogue": "nowhere.duckdb"})
    runner.start()
    wait_until(lambda: runner.problem is not None)
    assert runner.problem == "OSError: no catalogue at nowhere.duckdb"
    assert stage.job(job) == replace(job, revision=stage.job(job).revision)
    runner.stop(grace_seconds=0)
    stage.runner().start()
    assert stage.until_final(job).phase is Phase.COMPLETED


def test_workers_get_no_secrets_of_the_service(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    runner = stage.runner()
    runner.start()
    job = stage.submit("wait")
    stage.until_reported(job)
    [pid] = runner.worker_pids(busy=True)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"JUPYTERHUB_API_TOKEN" not in environment
