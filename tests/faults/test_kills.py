"""Processes that are killed without warning."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skydesk.jobs.model import Job, JobOutcome, Phase
from tests.faults.stage import Stage, is_running, ledger_runs, wait_until

Service = subprocess.Popen[bytes]


@pytest.fixture
def start_service(stage: Stage) -> Iterator[Callable[[int], Service]]:
    services: list[Service] = []

    def start(workers: int) -> Service:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.faults.service", str(stage.folder), str(workers)]
        service = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        services.append(service)
        assert service.stdout.readline().startswith(b"local-")
        return service

    yield start
    for service in services:
        service.kill()
        service.wait()
        service.stdin.close()
        service.stdout.close()


def assert_each_ran_to_its_end_once_and_never_twice_at_once(stage: Stage, jobs: list[Job]) -> None:
    """Every job has exactly one end, in its last attempt, and no two attempts overlap as far as the ledger and the kernel tell."""
    runs = ledger_runs(stage.ledger)
    assert set(runs) == {job.id for job in jobs}
    for notes in runs.values():
        assert [word for word, _ in notes].count("end") == 1
        begins = [pid for word, pid in notes if word == "begin"]
        assert notes[-1] == ("end", begins[-1])
        assert len(set(begins)) == len(begins)


@pytest.mark.slow
def test_a_killed_service_loses_no_job_and_runs_none_twice_at_once(stage: Stage, start_service: Callable[[int], Service]) -> None:
    jobs = stage.submit_ledger_jobs(40)
    service = start_service(20)
    wait_until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 20, 60)
    assert stage.phases() == {Phase.EXECUTING: 20, Phase.QUEUED: 20}
    first_pids = [pid for notes in ledger_runs(stage.ledger).values() for _, pid in notes]

    service.kill()
    service.wait()
    wait_until(lambda: not any(is_running(pid) for pid in first_pids), 10)
    assert stage.phases() == {Phase.EXECUTING: 20, Phase.QUEUED: 20}
    assert all(stage.folders.files(job) == () for job in jobs)

    start_service(4)
    stage.gate.touch()
    assert stage.until_all_final(120) == {Phase.COMPLETED: 40}
    assert_each_ran_to_its_end_once_and_never_twice_at_once(stage, jobs)
    for job in jobs:
        done = stage.job(job)
        assert done.attempt == (2 if len(ledger_runs(stage.ledger)[job.id]) == 3 else 1)
        assert [file.name for file in stage.folders.files(done)] == ["result.txt"]
    assert sum(stage.job(job).attempt for job in jobs) == 60
    assert stage.partials() == []


def test_a_second_service_takes_over_what_a_killed_one_left(stage: Stage, start_service: Callable[[int], Service]) -> None:
    [job] = stage.submit_ledger_jobs(1)
    first = start_service(1)
    wait_until(stage.ledger.exists, 30)
    holder = stage.job(job).runner
    second = stage.runner()
    second.start()
    stage.until_final(stage.submit("write"))
    assert stage.job(job).runner == holder
    first.kill()
    wait_until(lambda: stage.job(job).runner == second.id, 10)
    stage.gate.touch()
    assert stage.until_final(job).phase is Phase.COMPLETED
    assert_each_ran_to_its_end_once_and_never_twice_at_once(stage, [job])


@pytest.mark.slow
def test_two_services_on_one_store_run_each_job_once(stage: Stage, start_service: Callable[[int], Service]) -> None:
    start_service(3)
    start_service(3)
    stage.gate.touch()
    jobs = stage.submit_ledger_jobs(40)
    assert stage.until_all_final(120) == {Phase.COMPLETED: 40}
    assert all(len(notes) == 2 for notes in ledger_runs(stage.ledger).values())
    assert_each_ran_to_its_end_once_and_never_twice_at_once(stage, jobs)
    assert {stage.job(job).attempt for job in jobs} == {1}


def test_jobs_of_a_service_that_stops_in_order_run_in_the_next(stage: Stage, start_service: Callable[[int], Service]) -> None:
    [job] = stage.submit_ledger_jobs(1)
    service = start_service(1)
    wait_until(stage.ledger.exists, 30)
    service.stdin.close()
    assert service.wait(10) == 0
    assert stage.job(job).phase is Phase.QUEUED
    assert stage.job(job).attempt == 0
    start_service(1)
    stage.gate.touch()
    assert stage.until_final(job).phase is Phase.COMPLETED


def test_a_worker_that_is_killed_is_replaced_and_its_job_begun_again(stage: Stage) -> None:
    job = stage.submit("die", {"ledger": str(stage.ledger), "times": 1})
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.COMPLETED, 2)
    assert not (stage.folders.path(done) / "half.txt").exists()
    assert stage.partials() == []
    lines = [line.partition("Z ")[2] for line in stage.folders.log(done).splitlines()]
    assert lines[:3] == [
        f"die job {job.id}, attempt 1",
        "the attempt above did not come to its end; the job is begun again",
        f"die job {job.id}, attempt 2",
    ]


def test_a_job_whose_workers_keep_dying_ends_in_an_error(stage: Stage) -> None:
    job = stage.submit("die", {"ledger": str(stage.ledger), "times": 100})
    ended = []
    stage.runner(on_end=ended.append).start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.files_count) == (Phase.ERROR, 3, 0)
    assert done.error.code == "internal_error"
    assert done.error.message.startswith("its worker died 3 times, at last by SIGKILL")
    assert stage.ledger.read_text().count("begin") == 3
    wait_until(lambda: [each.id for each in ended] == [job.id])
    assert stage.folders.files(done) == ()
    assert "attempt 3" in stage.folders.log(done)
    assert stage.partials() == []


def test_an_idle_worker_that_is_killed_is_replaced(stage: Stage) -> None:
    runner = stage.runner(warm=1, tick_seconds=0.1)
    runner.start()
    stage.until_final(stage.submit("write"))
    wait_until(lambda: len(runner.worker_pids()) == 1)
    [pid] = runner.worker_pids()
    os.kill(pid, signal.SIGKILL)
    done = stage.until_final(stage.submit("write"))
    assert (done.phase, done.attempt) == (Phase.COMPLETED, 1)


def test_a_killed_nursery_takes_its_workers_along_and_is_replaced(stage: Stage) -> None:
    job = stage.submit("die", {"ledger": str(stage.ledger), "times": 0})
    waiting = stage.submit("wait")
    runner = stage.runner()
    runner.start()
    stage.until_final(job)
    stage.until_reported(waiting)
    [pid] = runner.worker_pids(busy=True)
    nursery = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert nursery != os.getpid()
    os.kill(nursery, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    again = stage.until_final(stage.submit("write"))
    assert again.phase is Phase.COMPLETED
    wait_until(lambda: stage.job(waiting).attempt == 2)
    runner.cancel(waiting.id)


def test_a_worker_that_does_not_listen_is_killed_after_the_grace(stage: Stage) -> None:
    job = stage.submit("deaf")
    runner = stage.runner(cancel_grace_seconds=0.3)
    runner.start()
    stage.until_reported(job)
    [pid] = runner.worker_pids(busy=True)
    runner.cancel(job.id)
    done = stage.until_final(job, seconds=5)
    assert (done.phase, done.error, done.attempt) == (Phase.ABORTED, None, 1)
    assert not is_running(pid)
    assert stage.partials() == []


def test_sigterm_stops_the_task_of_a_worker_politely(stage: Stage) -> None:
    job = stage.submit("wait")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    [pid] = runner.worker_pids(busy=True)
    os.kill(pid, signal.SIGTERM)
    assert stage.until_final(job, seconds=5).phase is Phase.ABORTED


@pytest.mark.parametrize("leave", [False, True], ids=["cancelled", "completed"])
def test_what_a_task_forks_dies_with_it(stage: Stage, leave: bool) -> None:
    pids_file = stage.folder / "pids"
    job = stage.submit("fork_children", {"pids": str(pids_file), "leave": leave})
    runner = stage.runner()
    runner.start()
    wait_until(pids_file.exists)
    pids = [int(pid) for pid in pids_file.read_text().split()]
    if not leave:
        assert all(is_running(pid) for pid in pids)
        runner.cancel(job.id)
    done = stage.until_final(job)
    assert done.phase is (Phase.COMPLETED if leave else Phase.ABORTED)
    wait_until(lambda: not any(is_running(pid) for pid in pids), 5)


def test_a_job_is_not_begun_again_while_something_of_its_dead_runner_lives(stage: Stage, start_service: Callable[[int], Service]) -> None:
    pids_file = stage.folder / "pids"
    job = stage.submit("fork_children", {"pids": str(pids_file)})
    service = start_service(1)
    wait_until(pids_file.exists, 30)
    pids = [int(pid) for pid in pids_file.read_text().split()]
    service.kill()
    service.wait()
    pids_file.unlink()
    escaped = pids[1]
    wait_until(lambda: not is_running(pids[0]), 5)
    runner = stage.runner()
    runner.start()
    wait_until(pids_file.exists, 20)
    assert not is_running(escaped)
    assert stage.job(job).attempt == 2
    runner.cancel(job.id)
    stage.until_final(job)


def test_a_job_left_by_a_runner_of_another_place_waits_for_its_time(stage: Stage) -> None:
    elsewhere = stage.submit("write")
    stage.store.claim("local-00000000-00000000")
    abandoned = stage.submit("write")
    stage.store.claim("local-00000000-00000000")
    stage.store.change(abandoned.id, started_at=datetime.now(UTC) - timedelta(hours=2))
    stage.runner().start()
    done = stage.until_final(stage.submit("write"))
    assert done.phase is Phase.COMPLETED
    assert stage.until_final(abandoned).phase is Phase.COMPLETED
    assert stage.job(abandoned).attempt == 2
    assert stage.job(elsewhere).phase is Phase.EXECUTING


def test_a_cancelled_job_of_a_dead_runner_is_not_begun_again(stage: Stage) -> None:
    runner = stage.runner()
    place = runner.id.split("-")[1]
    job = stage.submit("write")
    stage.store.claim(f"local-{place}-00000000")
    stage.store.change(job.id, cancel_requested=True)
    ended = []
    second = stage.runner(on_end=ended.append)
    second.start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt) == (Phase.ABORTED, 1)
    wait_until(lambda: [each.id for each in ended] == [job.id])


@pytest.mark.parametrize("cancel", [False, True], ids=["", "cancelled meanwhile"])
def test_results_that_a_killed_service_did_not_live_to_tell_are_kept_and_not_made_again(stage: Stage, cancel: bool) -> None:
    runner = stage.runner()
    job = stage.submit("write")
    claimed = stage.store.claim(f"local-{runner.id.split('-')[1]}-00000000")
    partial = stage.folders.begin(claimed, claimed.attempt)
    (partial / "result.txt").write_text("stars")
    stage.folders.publish(claimed, partial, JobOutcome(files=("result.txt",), rows=7), {})
    stage.store.change(job.id, cancel_requested=cancel)
    ended = []
    second = stage.runner(on_end=ended.append)
    second.start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.rows, done.files_count, done.size_bytes) == (Phase.COMPLETED, 1, 7, 1, 5)
    assert stage.folders.file(done, "result.txt").read_text() == "stars"
    wait_until(lambda: [each.id for each in ended] == [job.id])


def test_a_worker_that_is_killed_after_it_published_has_done_its_job(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    job = stage.submit("die_when_published")
    stage.runner().start()
    done = stage.until_final(job)
    assert f"the worker of job {job.id} died (Death(exit_code=-9" in caplog.text
    assert (done.phase, done.attempt, done.rows, done.files_count) == (Phase.COMPLETED, 1, 3, 1)
    assert [file.name for file in stage.folders.files(done)] == ["result.txt"]


def test_what_an_earlier_attempt_published_is_not_taken_for_the_present_one_s(stage: Stage) -> None:
    runner = stage.runner()
    job = stage.submit("write")
    dead = f"local-{runner.id.split('-')[1]}-00000000"
    first = stage.store.claim(dead)
    partial = stage.folders.begin(first, first.attempt)
    stage.folders.publish(first, partial, JobOutcome(), {})
    stage.store.change(job.id, phase=Phase.QUEUED, runner=None)
    stage.store.claim(dead)
    runner.start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.files_count) == (Phase.COMPLETED, 3, 1)
