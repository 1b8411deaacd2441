"""What a worker does with its one job."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from skydesk.backends.local_runner.settings import WorkerSettings
from skydesk.errors import Cancelled, DeadlineExceeded, InvalidQuery, LimitExceeded, ServiceUnavailable, SkydeskError
from skydesk.jobs.model import Job, Phase
from skydesk.query.model import Cancellation
from skydesk.worker import JobContext, failure_of
from tests.backends.local_runner.test_verdict import job_with

JOB: Job = job_with(memory_bytes=2**30, limit_seconds=60)


class OutOfMemoryException(Exception):
    """Named as DuckDB's."""


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "phase", "code", "words"),
    [
        (Cancelled("cancelled by the user"), Phase.ABORTED, None, ""),
        (DeadlineExceeded("stopped after 60 s"), Phase.ABORTED, "deadline_exceeded", "its limit of 60 s"),
        (InvalidQuery("no table DR9"), Phase.ERROR, "invalid_query", "no table DR9"),
        (LimitExceeded("more than 10 rows"), Phase.ERROR, "limit_exceeded", "more than 10 rows"),
        (ServiceUnavailable("the disk is full"), Phase.ERROR, "unavailable", "the disk is full"),
        (MemoryError(), Phase.ERROR, "limit_exceeded", "its limit of 1 GiB"),
        (OutOfMemoryException("failed to allocate"), Phase.ERROR, "limit_exceeded", "its limit of 1 GiB"),
        (raised_from(SkydeskError("bug"), MemoryError()), Phase.ERROR, "limit_exceeded", "its limit of 1 GiB"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), Phase.ERROR, "limit_exceeded", "its limit of 1 GiB"),
        (OSError(errno.ENOSPC, "No space"), Phase.ERROR, "unavailable", "disk of the job folders is full"),
        (raised_from(RuntimeError("h5py"), OSError(errno.EDQUOT, "Quota")), Phase.ERROR, "unavailable", "quota"),
        (KeyError("secret"), Phase.ERROR, "internal_error", "show this number to the operator"),
        (SystemExit(3), Phase.ERROR, "internal_error", "show this number to the operator"),
        (SkydeskError("our bug"), Phase.ERROR, "internal_error", "show this number to the operator"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_error_becomes_a_phase_and_words_for_the_user(error: BaseException, phase: Phase, code: str | None, words: str) -> None:
    got_phase, job_error, trace = failure_of(error, JOB)
    assert got_phase is phase
    assert (job_error.code if job_error else None) == code
    assert words in (job_error.message if job_error else "")
    assert (trace is not None) == (code == "internal_error")


def test_the_details_of_a_bug_go_to_the_log_and_not_to_the_user() -> None:
    _, job_error, trace = failure_of(KeyError("secret"), JOB)
    assert "secret" not in job_error.message
    assert "secret" in trace
    assert failure_of(KeyError("secret"), JOB)[1] != job_error


def test_the_log_has_one_line_with_a_time_for_each_message(tmp_path: Path) -> None:
    context = JobContext(JOB, tmp_path, Cancellation(), lambda _: None, lambda name: name.encode())
    context.log("first\nsecond")
    context.log("lone surrogate \ud800")
    context.close()
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert [line.partition("Z ")[2] for line in lines] == ["first second", "lone surrogate \\ud800"]
    assert all(line[4] == "-" and line[10] == "T" for line in lines)


def test_a_log_goes_on_below_that_of_earlier_attempts(tmp_path: Path) -> None:
    context = JobContext(JOB, tmp_path, Cancellation(), lambda _: None, lambda name: name.encode())
    context.continue_log("began\ncut sho", resumed=False)
    context.log("began")
    context.close()
    lines = (tmp_path / "job.log").read_text().splitlines()
    again = "the attempt above did not come to its end; the job is begun again"
    assert [line.partition("Z ")[2] or line for line in lines] == ["began", "cut sho", again, "began"]


def test_a_log_that_somebody_made_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "job.log").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        JobContext(JOB, tmp_path, Cancellation(), lambda _: None, lambda name: name.encode())
    assert (tmp_path / "victim").read_text() == "precious"


def test_many_reports_are_few_messages_and_the_last_is_not_lost(tmp_path: Path) -> None:
    sent: list[Mapping[str, Any]] = []
    context = JobContext(JOB, tmp_path, Cancellation(), sent.append, lambda name: name.encode())
    for done in range(1000):
        context.report(done, 1000)
    context.flush()
    context.flush()
    context.close()
    assert sent[0]["done"] == 0
    assert sent[-1] == {"kind": "progress", "done": 999, "total": 1000, "unit": "rows", "fraction": None}
    assert len(sent) < 10


def test_settings_survive_the_way_to_a_worker() -> None:
    settings = WorkerSettings(jobs_root="/data/jobs", options={"survey": "demo.toml"}, preload=("json",))
    assert WorkerSettings.from_json(settings.to_json()) == settings
