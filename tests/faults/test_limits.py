"""Tasks that take more than they may."""

import os
import signal

import pytest

from skydesk.jobs.model import Phase
from tests.faults.stage import MIB, Stage, is_running, wait_until


@pytest.mark.parametrize("task", ["hog", "map_memory"])
def test_a_job_that_takes_too_much_memory_ends_in_words_and_is_not_tried_again(stage: Stage, task: str) -> None:
    job = stage.submit(task, memory_bytes=64 * MIB)
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ERROR, 1, "limit_exceeded")
    assert done.error.message.startswith("it needs more memory than its limit of 64 MiB; ask for fewer columns")
    assert "64 MiB" in stage.folders.log(done)


def test_a_database_that_takes_too_much_memory_ends_in_the_same_words(stage: Stage) -> None:
    job = stage.submit("duckdb_hog", memory_bytes=128 * MIB)
    stage.runner().start()
    done = stage.until_final(job, seconds=40)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ERROR, 1, "limit_exceeded")
    assert "128 MiB" in done.error.message


def test_a_job_may_use_the_memory_that_it_was_given(stage: Stage) -> None:
    job = stage.submit("use_memory", {"size_bytes": 48 * MIB}, memory_bytes=64 * MIB)
    stage.runner().start()
    assert stage.until_final(job).phase is Phase.COMPLETED


@pytest.mark.parametrize("task", ["spin", "sleep_deaf"], ids=["that listens", "that does not"])
def test_a_job_past_its_time_limit_is_aborted_with_words(stage: Stage, task: str) -> None:
    job = stage.submit(task, limit_seconds=0.5)
    runner = stage.runner(cancel_grace_seconds=0.3)
    runner.start()
    done = stage.until_final(job, seconds=10)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ABORTED, 1, "deadline_exceeded")
    assert "its limit of 0.5 s" in done.error.message
    assert stage.partials() == []


def test_a_task_is_told_its_time_limit(stage: Stage) -> None:
    job = stage.submit("tell_limits", limit_seconds=7200, memory_bytes=512 * MIB)
    stage.runner().start()
    done = stage.until_final(job)
    told = dict(line.split() for line in stage.folders.file(done, "result.txt").read_text().splitlines())
    assert float(told["limit_seconds"]) == 7200
    assert 7200 < float(told["cpu_seconds"]) <= 7200 * os.cpu_count() + 60
    assert 7200 < float(told["alarm_seconds"]) < 7300
    assert 512 * MIB <= int(told["data_bytes"]) < 4096 * MIB
    assert int(told["core_bytes"]) == 0
    assert int(told["niceness"]) > 0
    assert told["group"] == told["session"] == told["pid"]


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGALRM], ids=["processor time", "alarm"])
def test_a_worker_that_the_kernel_ends_for_its_time_counts_as_past_its_limit(stage: Stage, number: signal.Signals) -> None:
    job = stage.submit("sleep_deaf")
    runner = stage.runner()
    runner.start()
    wait_until(lambda: len(runner.worker_pids(busy=True)) == 1)
    wait_until(lambda: stage.folders.log(stage.job(job)) != "")
    [pid] = runner.worker_pids(busy=True)
    os.kill(pid, number)
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ABORTED, 1, "deadline_exceeded")
    assert not is_running(pid)
