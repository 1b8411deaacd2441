"""What becomes of a job whose worker has ended: a table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from skydesk.backends.local_runner.verdict import MAX_ATTEMPTS, REQUEUED, Death, Stop, after_death, after_end
from skydesk.backends.local_runner.wire import job_from_message, job_to_message
from skydesk.jobs.model import Job, JobError, Phase, Progress

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def job_with(**fields: Any) -> Job:
    values = {
        "id": "k3v9x0a1b2c3d4e5",
        "owner": "ann",
        "type": "query",
        "name": "m2",
        "phase": Phase.EXECUTING,
        "request": {"sql": "SELECT 1\nFROM \u2028"},
        "created_at": NOW,
        "destruction_at": NOW,
        "warning_at": NOW,
        "limit_seconds": 600.0,
        "memory_bytes": 2 * 2**30,
        "concurrent": 2,
        "attempt": 1,
    }
    return Job(**{**values, **fields})


TOO_SLOW = "it took longer than its limit of 600 s and was stopped; ask for less at a time"
TOO_MUCH = "it needs more memory than its limit of 2 GiB; ask for fewer columns or a smaller area, and sort, group or join fewer rows"


@pytest.mark.parametrize(
    ("fields", "death", "stop", "phase", "error"),
    [
        pytest.param({}, Death(exit_code=-9), None, "QUEUED", None, id="killed once: again"),
        pytest.param({"attempt": 2}, Death(exit_code=-6), None, "QUEUED", None, id="crashed twice: again"),
        pytest.param({}, Death(exit_code=None), None, "QUEUED", None, id="gone with its service: again"),
        pytest.param({"attempt": 3}, Death(exit_code=-11), None, "ERROR", "internal_error", id="died three times: error"),
        pytest.param({}, Death(exit_code=-9, out_of_memory=True), None, "ERROR", "limit_exceeded", id="killed for memory: error"),
        pytest.param({}, Death(exit_code=-11, out_of_memory=True), None, "QUEUED", None, id="another process killed for memory: again"),
        pytest.param({}, Death(exit_code=-24), None, "ABORTED", "deadline_exceeded", id="processor time: aborted"),
        pytest.param({}, Death(exit_code=-14), None, "ABORTED", "deadline_exceeded", id="alarm: aborted"),
        pytest.param({}, Death(exit_code=-9), Stop.DEADLINE, "ABORTED", "deadline_exceeded", id="killed for its time: aborted"),
        pytest.param({}, Death(exit_code=-9), Stop.CANCELLED, "ABORTED", None, id="killed after a cancel: aborted"),
        pytest.param(
            {"cancel_requested": True}, Death(exit_code=None), None, "ABORTED", None, id="cancelled, then its service died: aborted"
        ),
        pytest.param({"attempt": 3}, Death(exit_code=-9), Stop.SHUTDOWN, "QUEUED", None, id="killed by a stopping service: again"),
    ],
)
def test_a_death_without_a_word_is_judged(fields: dict[str, Any], death: Death, stop: Stop | None, phase: str, error: str | None) -> None:
    verdict = after_death(job_with(**fields), death, stop)
    assert verdict["phase"] == phase
    told = verdict.get("error")
    assert (told.code if told else None) == error


def test_the_words_of_a_verdict_say_what_would_do() -> None:
    assert after_death(job_with(), Death(exit_code=-14), None)["error"].message == TOO_SLOW
    assert after_death(job_with(), Death(exit_code=-9, out_of_memory=True), None)["error"].message == TOO_MUCH
    assert after_death(job_with(attempt=MAX_ATTEMPTS), Death(exit_code=-11), None)["error"].message == (
        "its worker died 3 times, at last by SIGSEGV; run it again later, or show the operator job k3v9x0a1b2c3d4e5"
    )
    assert "with exit status 1;" in after_death(job_with(attempt=MAX_ATTEMPTS), Death(exit_code=1), None)["error"].message
    assert "with its service;" in after_death(job_with(attempt=MAX_ATTEMPTS), Death(exit_code=None), None)["error"].message


def end_with(phase: Phase, error: dict[str, str] | None = None) -> dict[str, Any]:
    return {"phase": phase, "error": error, "rows": 7, "files_count": 1, "size_bytes": 99}


@pytest.mark.parametrize("stop", [None, *Stop])
def test_a_job_that_completed_has_completed_whatever_was_asked_meanwhile(stop: Stop | None) -> None:
    verdict = after_end(job_with(), end_with(Phase.COMPLETED), stop)
    assert verdict == {"phase": Phase.COMPLETED, "error": None, "rows": 7, "files_count": 1, "size_bytes": 99}


def test_a_job_that_stopped_is_judged_by_why_it_was_to_stop() -> None:
    ended = end_with(Phase.ABORTED)
    assert after_end(job_with(), ended, Stop.CANCELLED)["error"] is None
    assert after_end(job_with(), ended, Stop.DEADLINE)["error"] == JobError(code="deadline_exceeded", message=TOO_SLOW)
    assert after_end(job_with(attempt=2), ended, Stop.SHUTDOWN) == {**REQUEUED, "attempt": 1}


def test_a_task_s_error_stands_though_a_stop_was_asked() -> None:
    error = {"code": "invalid_query", "message": "no such table"}
    for stop in (None, *Stop):
        assert after_end(job_with(), end_with(Phase.ERROR, error), stop)["error"] == JobError(**error)


def test_a_job_survives_the_way_to_a_worker() -> None:
    job = job_with(started_at=NOW, email="ann@example.org")
    assert job_from_message(job_to_message(job)) == job
    tried_before = job_with(progress=Progress(done=1), error=JobError(code="unavailable", message="no"))
    assert job_from_message(job_to_message(tried_before)) == job_with()
