"""The local runner with real worker processes: what it does on a good day."""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import ServiceUnavailable
from skydesk.jobs.model import Job, JobError, Phase, Progress
from tests.faults.stage import Stage, is_running, wait_until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def test_a_queued_job_runs_and_its_files_are_listed(stage: Stage) -> None:
    job = stage.submit("write", {"text": "stars"})
    stage.runner(options={"suffix": " and galaxies"}).start()
    done = stage.until_final(job)
    assert (done.phase, done.error, done.rows, done.files_count, done.size_bytes) == (Phase.COMPLETED, None, 2, 1, 18)
    assert done.attempt == 1
    assert done.created_at <= done.started_at <= done.ended_at
    assert done.progress == Progress(done=2, total=2)
    assert stage.folders.file(done, "result.txt").read_text() == "stars and galaxies"
    assert "attempt 1" in stage.folders.log(done)
    assert stage.partials() == []


def test_a_job_that_is_submitted_later_is_found_when_woken(stage: Stage) -> None:
    runner = stage.runner(tick_seconds=60)
    runner.start()
    stage.until_final(_submitted_and_woken(stage, runner))
    assert stage.until_final(_submitted_and_woken(stage, runner)).phase is Phase.COMPLETED


def _submitted_and_woken(stage: Stage, runner: object) -> Job:
    job = stage.submit("write")
    runner.wake()
    return job


def test_a_job_that_another_process_submitted_is_found_without_a_word(stage: Stage) -> None:
    stage.runner().start()
    assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED


def test_no_more_jobs_run_at_a_time_than_there_are_workers(stage: Stage) -> None:
    jobs = stage.submit_ledger_jobs(5)
    stage.runner(workers=2, warm=3).start()
    wait_until(lambda: stage.phases()[Phase.EXECUTING] == 2)
    wait_until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 2)
    assert stage.phases() == {Phase.EXECUTING: 2, Phase.QUEUED: 3}
    stage.gate.touch()
    assert stage.until_all_final() == {Phase.COMPLETED: len(jobs)}


def test_an_owner_s_own_limit_of_jobs_at_a_time_holds(stage: Stage) -> None:
    stage.submit_ledger_jobs(3, owner="ann", concurrent=1)
    stage.submit_ledger_jobs(1, owner="bob", concurrent=1)
    stage.runner(workers=4, warm=4).start()
    wait_until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 2)
    executing = stage.store.jobs(phases=frozenset({Phase.EXECUTING}))
    assert sorted(job.owner for job in executing) == ["ann", "bob"]
    stage.gate.touch()
    assert stage.until_all_final() == {Phase.COMPLETED: 4}


def test_a_task_s_own_error_reaches_the_user_in_words(stage: Stage) -> None:
    job = stage.submit("fail")
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.error) == (Phase.ERROR, JobError(code="invalid_request", message="row 3 lies outside the survey"))
    assert done.attempt == 1
    assert "row 3 lies outside the survey" in stage.folders.log(done)


def test_an_unknown_error_reaches_the_user_as_a_number_that_the_service_s_log_explains(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    job = stage.submit("crash")
    with caplog.at_level(logging.ERROR):
        stage.runner().start()
        done = stage.until_final(job)
    assert done.phase is Phase.ERROR
    assert done.error.code == "internal_error"
    number = done.error.message.split()[2].rstrip(";")
    assert "1234" not in done.error.message
    assert number in stage.folders.log(done)
    assert "1234" not in stage.folders.log(done)
    [record] = [record for record in caplog.records if number in record.getMessage()]
    assert "RuntimeError: the password is 1234" in record.getMessage()
    assert stage.folders.files(done) == ()
    assert list(stage.folders.path(done).glob("half*")) == []


def test_a_job_of_a_type_that_nobody_knows_ends_in_an_error(stage: Stage) -> None:
    job = stage.submit("weather")
    stage.runner().start()
    assert stage.until_final(job).phase is Phase.ERROR


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


def test_a_cancel_that_another_process_asked_for_is_heard(stage: Stage) -> None:
    job = stage.submit("wait")
    stage.runner().start()
    stage.until_reported(job)
    stage.store.change(job.id, cancel_requested=True)
    assert stage.until_final(job, seconds=5).phase is Phase.ABORTED


def test_cancelling_a_job_that_does_not_run_here_does_nothing(stage: Stage) -> None:
    runner = stage.runner()
    runner.start()
    job = stage.submit("write")
    runner.cancel("zzzzzzzzzzzzzzzz")
    assert stage.until_final(job).phase is Phase.COMPLETED


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


class StoreWhoseFirstClaimIsNotHeard(SqlJobStore):
    """Loses the connection after a claim was committed."""

    lost = 0

    def claim(self, runner: str) -> Job | None:
        """Take the next job."""
        job = super().claim(runner)
        if job is not None and not self.lost:
            self.lost += 1
            raise ServiceUnavailable("the job store does not answer; try again in a moment")
        return job


def test_a_job_that_was_claimed_without_an_answer_is_found_and_that_is_no_attempt(stage: Stage) -> None:
    stage.store = StoreWhoseFirstClaimIsNotHeard(stage.store.database)
    job = stage.submit("write")
    stage.runner().start()
    done = stage.until_final(job)
    assert stage.store.lost == 1
    assert (done.phase, done.attempt) == (Phase.COMPLETED, 1)


class StoreWhoseFirstEndIsNotHeard(SqlJobStore):
    """Loses the connection after the end of a job was committed."""

    lost = 0

    def change(self, job_id: str, **fields: Any) -> Job:
        """Change a job."""
        job = super().change(job_id, **fields)
        if job.phase is Phase.COMPLETED and not self.lost:
            self.lost += 1
            raise ServiceUnavailable("the job store does not answer; try again in a moment")
        return job


def test_an_end_that_was_written_without_an_answer_is_told(stage: Stage) -> None:
    stage.store = StoreWhoseFirstEndIsNotHeard(stage.store.database)
    ended = []
    stage.runner(on_end=ended.append).start()
    done = stage.until_final(stage.submit("write"))
    wait_until(lambda: [job.id for job in ended] == [done.id])
    assert stage.store.lost == 1
    assert stage.job(done).phase is Phase.COMPLETED


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


def test_listeners_are_told_of_changes_and_ends_and_may_fail(stage: Stage) -> None:
    ended = []
    told = threading.Event()

    def hear_end(job: Job) -> None:
        ended.append(job)
        told.set()
        raise OSError("no mail server")

    stage.runner(on_end=hear_end, on_change=lambda: 1 / 0).start()
    first = stage.until_final(stage.submit("write"))
    assert told.wait(5)
    second = stage.until_final(stage.submit("fail"))
    wait_until(lambda: len(ended) == 2)
    assert [job.id for job in ended] == [first.id, second.id]
    assert [job.phase for job in ended] == [Phase.COMPLETED, Phase.ERROR]


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
    assert time.monotonic() - began < 2
    assert not any(is_running(pid) for pid in pids)
    for job in (polite, deaf):
        again = stage.job(job)
        assert (again.phase, again.attempt, again.runner, again.progress) == (Phase.QUEUED, 0, None, None)
        assert f"job {job.id}, attempt 1" in stage.folders.log(again)
        assert stage.folders.files(again) == ()
    assert [[file.name for file in partial.iterdir()] for partial in stage.partials()] == [["job.log"]]


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
