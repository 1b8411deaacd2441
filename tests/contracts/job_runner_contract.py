"""What every `skydesk.jobs.ports.JobRunner` must keep, whatever its workers are. The stage makes runners and jobs."""

import logging
import threading
from typing import Any

import pytest

from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import ServiceUnavailable
from skydesk.jobs.model import Job, JobError, Phase, Progress
from tests.faults.stage import Stage, ledger_runs

__all__ = ["JobRunnerContract"]


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


class JobRunnerContract:
    """Subclass it where there is a ``stage`` fixture."""

    def test_a_queued_job_runs_and_its_files_are_listed(self, stage: Stage) -> None:
        job = stage.submit("write", {"text": "stars"})
        stage.runner(options={"suffix": " and galaxies"}).start()
        done = stage.until_final(job)
        assert (done.phase, done.error, done.rows, done.files_count, done.size_bytes) == (Phase.COMPLETED, None, 2, 1, 18)
        assert done.attempt == 1
        assert done.created_at <= done.started_at <= done.ended_at
        assert stage.folders.file(done, "result.txt").read_text() == "stars and galaxies"
        assert "attempt 1" in stage.folders.log(done)
        assert stage.partials() == []

    def test_a_job_is_found_when_woken_and_also_when_another_process_submitted_it_without_a_word(self, stage: Stage) -> None:
        runner = stage.runner(tick_seconds=2)
        runner.start()
        first = stage.submit("write")
        runner.wake()
        assert stage.until_final(first).phase is Phase.COMPLETED
        assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED

    def test_no_more_jobs_run_at_a_time_than_there_are_workers(self, stage: Stage) -> None:
        jobs = stage.submit_ledger_jobs(5)
        stage.runner(workers=2).start()
        stage.until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 2)
        assert stage.phases() == {Phase.EXECUTING: 2, Phase.QUEUED: 3}
        stage.gate.touch()
        assert stage.until_all_final(2 * stage.seconds) == {Phase.COMPLETED: len(jobs)}

    def test_an_owner_s_own_limit_of_jobs_at_a_time_holds(self, stage: Stage) -> None:
        stage.submit_ledger_jobs(3, owner="ann", concurrent=1)
        stage.submit_ledger_jobs(1, owner="bob", concurrent=1)
        stage.runner(workers=4).start()
        stage.until(lambda: stage.ledger.exists() and stage.ledger.read_text().count("begin") == 2)
        executing = stage.store.jobs(phases=frozenset({Phase.EXECUTING}))
        assert sorted(job.owner for job in executing) == ["ann", "bob"]
        stage.gate.touch()
        assert stage.until_all_final(2 * stage.seconds) == {Phase.COMPLETED: 4}

    def test_what_goes_wrong_in_a_task_reaches_the_user_in_words_and_the_rest_the_service_s_log(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        clear, obscure, unknown = stage.submit("fail"), stage.submit("crash"), stage.submit("weather")
        with caplog.at_level(logging.ERROR):
            stage.runner(workers=3).start()
            ends = {job.id: stage.until_final(job) for job in (clear, obscure, unknown)}
        assert {(job.phase, job.attempt, job.files_count) for job in ends.values()} == {(Phase.ERROR, 1, 0)}
        assert ends[clear.id].error == JobError(code="invalid_request", message="row 3 lies outside the survey")
        assert "row 3 lies outside the survey" in stage.folders.log(clear)
        told = ends[obscure.id].error
        assert told is not None
        number = told.message.split()[2].rstrip(";")
        assert told.code == "internal_error"
        assert "1234" not in told.message + stage.folders.log(obscure)
        assert number in stage.folders.log(obscure)
        [record] = [record for record in caplog.records if number in record.getMessage()]
        assert "RuntimeError: the password is 1234" in record.getMessage()
        assert list(stage.folders.path(obscure).glob("half*")) == []

    def test_progress_is_written_while_the_job_runs(self, stage: Stage) -> None:
        job = stage.submit("wait")
        runner = stage.runner()
        runner.start()
        assert stage.until_reported(job).progress == Progress(done=1, total=10)
        runner.cancel(job.id)
        stage.until_final(job)

    def test_a_running_job_is_cancelled_from_here_or_from_elsewhere(self, stage: Stage) -> None:
        here, elsewhere = stage.submit("wait"), stage.submit("wait")
        runner = stage.runner(workers=2)
        runner.start()
        stage.until_reported(here)
        stage.until_reported(elsewhere)
        runner.cancel("zzzzzzzzzzzzzzzz")
        runner.cancel(here.id)
        stage.store.change(elsewhere.id, cancel_requested=True)
        for job in (here, elsewhere):
            done = stage.until_final(job)
            assert (done.phase, done.error, done.attempt) == (Phase.ABORTED, None, 1)
            assert "cancelled by the user" in stage.folders.log(done)
        assert stage.partials() == []

    def test_a_job_that_somebody_took_out_of_the_store_is_stopped_and_leaves_nothing(self, stage: Stage) -> None:
        job = stage.submit("wait")
        stage.runner().start()
        stage.until_reported(job)
        assert len(stage.partials()) == 1
        stage.store.remove(job.id, expect=frozenset({Phase.EXECUTING}))
        stage.until(lambda: stage.partials() == [])
        assert stage.store.get(job.id) is None

    def test_a_job_whose_worker_died_is_begun_again_and_its_log_goes_on(self, stage: Stage) -> None:
        job = stage.submit("die", {"ledger": stage.inside(stage.ledger), "times": 1})
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

    def test_a_job_whose_workers_keep_dying_ends_in_an_error(self, stage: Stage) -> None:
        job = stage.submit("die", {"ledger": stage.inside(stage.ledger), "times": 100})
        ended: list[Job] = []
        stage.runner(on_end=ended.append).start()
        done = stage.until_final(job)
        assert (done.phase, done.attempt, done.files_count) == (Phase.ERROR, 3, 0)
        assert done.error is not None
        assert done.error.code == "internal_error"
        assert stage.ledger.read_text().count("begin") == 3
        stage.until(lambda: [each.id for each in ended] == [job.id])
        assert stage.folders.files(done) == ()
        assert "attempt 3" in stage.folders.log(done)
        assert stage.partials() == []

    def test_time_and_memory_are_limited_and_the_user_is_told(self, stage: Stage) -> None:
        slow, large = stage.submit("spin", limit_seconds=2), stage.submit("map_memory", memory_bytes=64 * 2**20)
        stage.runner(workers=2).start()
        done = stage.until_final(slow)
        assert (done.phase, done.attempt) == (Phase.ABORTED, 1)
        assert done.error is not None
        assert (done.error.code, done.error.message[:43]) == ("deadline_exceeded", "it took longer than its limit of 2 s and wa")
        done = stage.until_final(large)
        assert (done.phase, done.attempt) == (Phase.ERROR, 1)
        assert done.error is not None
        assert (done.error.code, done.error.message[:46]) == ("limit_exceeded", "it needs more memory than its limit of 64 MiB;")

    def test_a_job_that_was_claimed_without_an_answer_is_found_and_that_is_no_attempt(self, stage: Stage) -> None:
        stage.store = StoreWhoseFirstClaimIsNotHeard(stage.store.database)
        job = stage.submit("write")
        stage.runner().start()
        done = stage.until_final(job)
        assert stage.store.lost == 1
        assert (done.phase, done.attempt) == (Phase.COMPLETED, 1)

    def test_an_end_that_was_written_without_an_answer_is_told_once_and_a_listener_may_fail(self, stage: Stage) -> None:
        stage.store = StoreWhoseFirstEndIsNotHeard(stage.store.database)
        ended: list[Job] = []
        told = threading.Event()

        def hear_end(job: Job) -> None:
            ended.append(job)
            told.set()
            raise OSError("no mail server")

        stage.runner(on_end=hear_end, on_change=lambda: 1 / 0).start()  # type: ignore[arg-type, return-value]
        first = stage.until_final(stage.submit("write"))
        assert told.wait(stage.seconds)
        second = stage.until_final(stage.submit("fail"))
        stage.until(lambda: len(ended) == 2)
        assert [(job.id, job.phase) for job in ended] == [(first.id, Phase.COMPLETED), (second.id, Phase.ERROR)]
        assert stage.store.lost == 1

    def test_jobs_of_a_runner_that_stops_come_to_one_end_with_the_next_and_nothing_is_claimed_meanwhile(self, stage: Stage) -> None:
        [job] = stage.submit_ledger_jobs(1)
        first = stage.runner()
        first.start()
        stage.until(stage.ledger.exists)
        first.stop(grace_seconds=0)
        [late] = stage.submit_ledger_jobs(1)
        first.wake()
        stage.gate.touch()
        assert stage.job(late).phase is Phase.QUEUED
        stage.runner().start()
        assert (stage.until_final(job).phase, stage.until_final(late).phase) == (Phase.COMPLETED, Phase.COMPLETED)
        for notes in ledger_runs(stage.ledger).values():
            assert [word for word, _ in notes].count("end") == 1
