import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from skydesk.backends import job_folders
from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import NotFound, ServiceUnavailable
from skydesk.jobs.housekeeping import SweepReport
from skydesk.jobs.model import Job, JobError, Phase
from tests.contracts.jobstore_contract import NOW
from tests.core.jobs.desk import ADA, BOB, Desk, user
from tests.fakes.mailer import FakeMail, FakeMailer

ADDRESS = "ada@example.org"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


# Telling the end


def test_the_end_is_told_once_to_who_wanted_to_hear_of_it(desk: Desk) -> None:
    job = desk.complete(desk.submit(name="M2 stars", email=ADDRESS))
    (mail,) = desk.mailer.sent
    assert (mail.to, mail.subject) == (ADDRESS, "SkyDesk: M2 stars completed")
    for words in ("'M2 stars'", job.id, "has completed", "Rows       1", "2026-03-28 15:09 UTC", "https://hub.example.org"):
        assert words in mail.body
    assert desk.jobs.get(ADA, job.id).mailed_at == NOW
    desk.jobs.ended(job)
    assert desk.jobs.sweep() == SweepReport()
    assert len(desk.mailer.sent) == 1


def test_a_failure_is_told_with_its_reason(desk: Desk) -> None:
    desk.submit(name="M2", email=ADDRESS)
    claimed = desk.runner.claim()
    assert claimed is not None
    desk.runner.end(claimed, Phase.ERROR, error=JobError(code="invalid_query", message="no column FOO in DR2_MAIN"))
    assert desk.mailer.sent[0].subject == "SkyDesk: M2 failed"
    assert "no column FOO in DR2_MAIN" in desk.mailer.sent[0].body


def test_who_left_no_address_or_cancelled_hears_nothing(desk: Desk) -> None:
    desk.complete(desk.submit())
    waiting = desk.submit(email=ADDRESS)
    desk.jobs.cancel(ADA, waiting.id)
    running = desk.submit(email=ADDRESS)
    claimed = desk.runner.claim()
    assert claimed is not None
    assert claimed.id == running.id
    desk.runner.end(claimed, Phase.ABORTED)
    desk.jobs.sweep()
    assert desk.mailer.sent == []


def test_a_mail_that_fails_is_sent_by_the_next_sweep_and_no_job_is_lost(desk: Desk) -> None:
    desk.mailer.is_down = True
    job = desk.complete(desk.submit(email=ADDRESS))
    report = desk.jobs.sweep()
    assert report.told == ()
    assert "did not take" in report.failures[0]
    assert desk.jobs.get(ADA, job.id).mailed_at is None
    desk.mailer.is_down = False
    assert desk.jobs.sweep().told == (job.id,)
    assert desk.jobs.sweep().told == ()
    assert len(desk.mailer.sent) == 1


def test_an_end_of_long_ago_is_no_longer_told(desk: Desk) -> None:
    desk.mailer.is_down = True
    desk.complete(desk.submit(email=ADDRESS))
    desk.mailer.is_down = False
    desk.clock.pass_(days=2)
    assert desk.jobs.sweep().told == ()
    assert desk.mailer.sent == []


# Warning


def test_an_owner_is_warned_once_in_one_mail_of_all_jobs_that_are_due(desk: Desk) -> None:
    first = desk.complete(desk.submit(name="first", email=ADDRESS))
    second = desk.complete(desk.submit(name="second"))
    desk.clock.pass_(days=5)
    later = desk.complete(desk.submit(name="later"))
    desk.mailer.sent.clear()
    desk.clock.pass_(days=5)
    assert set(desk.jobs.sweep().warned) == {first.id, second.id}
    (mail,) = desk.mailer.sent
    assert mail.to == ADDRESS
    assert mail.subject == "SkyDesk: files of 2 jobs will be removed soon"
    assert all(words in mail.body for words in (first.id, second.id, "2026-03-28 15:09 UTC", "renewed 2 times", "skydesk jobs renew"))
    assert later.id not in mail.body
    assert desk.jobs.sweep().warned == ()
    assert len(desk.mailer.sent) == 1


def test_after_a_renewal_the_owner_is_warned_anew(desk: Desk) -> None:
    job = desk.complete(desk.submit(user("ada", max_renewals=1), email=ADDRESS))
    desk.clock.pass_(days=10)
    assert desk.jobs.sweep().warned == (job.id,)
    desk.jobs.renew(ADA, job.id)
    assert desk.jobs.sweep().warned == ()
    desk.clock.pass_(days=14)
    assert desk.jobs.sweep().warned == (job.id,)
    assert "cannot be renewed again" in desk.mailer.sent[-1].body


def test_each_owner_is_written_to_alone_and_those_without_address_not_at_all(desk: Desk) -> None:
    desk.complete(desk.submit(ADA, name="secret of ada", email=ADDRESS))
    desk.complete(desk.submit(BOB, name="secret of bob", email="bob@example.org"))
    silent = desk.complete(desk.submit(user("cleo"), name="secret of cleo"))
    desk.mailer.sent.clear()
    desk.clock.pass_(days=11)
    assert silent.id not in desk.jobs.sweep().warned
    assert {mail.to for mail in desk.mailer.sent} == {ADDRESS, "bob@example.org"}
    for mail in desk.mailer.sent:
        assert mail.body.count("secret of") == 1
        assert f"secret of {mail.to.split('@')[0]}" in mail.body


def test_a_warning_that_fails_is_sent_by_the_next_sweep(desk: Desk) -> None:
    job = desk.complete(desk.submit(email=ADDRESS))
    desk.clock.pass_(days=11)
    desk.mailer.is_down = True
    report = desk.jobs.sweep()
    assert report.warned == ()
    assert report.failures == ("warning of ada: the mail server did not take a message",)
    desk.mailer.is_down = False
    assert desk.jobs.sweep().warned == (job.id,)


# Removing


def test_at_the_end_of_its_lifetime_a_job_loses_its_files_and_stays_listed(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    desk.clock.pass_(days=14, seconds=-1)
    assert desk.jobs.sweep().archived == ()
    desk.clock.pass_(seconds=1)
    assert desk.jobs.sweep().archived == (job.id,)
    archived = desk.jobs.get(ADA, job.id)
    assert archived.phase is Phase.ARCHIVED
    assert not desk.folders.path(job).exists()
    with pytest.raises(NotFound):
        desk.jobs.file(ADA, job.id, "result.csv")
    assert desk.jobs.sweep() == SweepReport()
    assert desk.jobs.rerun(ADA, job.id).phase is Phase.QUEUED
    desk.jobs.delete(ADA, job.id)


def test_a_renewed_job_keeps_its_files(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    desk.jobs.renew(ADA, job.id)
    desk.clock.pass_(days=14)
    assert desk.jobs.sweep().archived == ()
    assert desk.jobs.files(ADA, job.id)


def test_files_that_could_not_be_removed_are_removed_by_the_next_sweep(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job, other = desk.complete(desk.submit()), desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    remove = desk.folders.remove

    def broken(one: Job) -> None:
        if one.id == job.id:
            raise ServiceUnavailable("the disk of the job folders cannot be used")
        remove(one)

    with monkeypatch.context() as patch:
        patch.setattr(desk.folders, "remove", broken)
        report = desk.jobs.sweep()
    assert report.archived == (other.id,)
    assert report.failures == (f"job {job.id}: the disk of the job folders cannot be used",)
    assert desk.jobs.sweep().archived == (job.id,)
    assert not desk.folders.path(job).exists()


def test_what_waits_or_runs_at_the_end_of_its_lifetime_is_stopped_first(desk: Desk) -> None:
    running = desk.submit(user("ada", concurrent=1))
    waiting = desk.submit()
    claimed = desk.runner.claim()
    assert claimed is not None
    desk.clock.pass_(days=14)
    assert set(desk.jobs.sweep().stopped) == {running.id, waiting.id}
    assert desk.runner.cancelled == [running.id]
    assert desk.phase(waiting) is Phase.ABORTED
    desk.runner.end(claimed, Phase.ABORTED)
    desk.jobs.sweep()
    assert {desk.phase(running), desk.phase(waiting)} == {Phase.ARCHIVED}


def test_a_job_that_changes_while_the_sweep_looks_at_it_is_left_to_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    before = desk.watched.jobs()
    desk.watched.change(job.id, destruction_at=NOW + timedelta(days=28), warning_at=NOW + timedelta(days=24), renewals=1)
    with monkeypatch.context() as patch:
        patch.setattr(desk.watched, "jobs", lambda: before)
        assert desk.jobs.sweep() == SweepReport()
    assert desk.jobs.files(ADA, job.id)


# Several housekeepers, and the thread


@pytest.mark.parametrize(("days", "subject"), [(0, "completed"), (11, "will be removed soon")])
def test_two_housekeepers_that_look_at_the_same_time_write_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, subject: str
) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    mailer = FakeMailer()
    one = Desk(tmp_path, SqlJobStore(url), mailer=mailer)
    other = Desk(tmp_path, SqlJobStore(url), mailer=mailer, clock=one.clock)
    mailer.is_down = True
    one.complete(one.submit(email=ADDRESS))
    mailer.is_down = False
    one.clock.pass_(days=days)
    both_saw = one.watched.jobs()
    one.jobs.sweep()
    monkeypatch.setattr(other.watched, "jobs", lambda: both_saw)
    assert other.jobs.sweep() == SweepReport()
    assert [mail.subject.endswith(subject) for mail in mailer.sent] == [True]


class SlowMailer(FakeMailer):
    """Takes a message only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_send = threading.Event()

    def send(self, to: str, subject: str, body: str) -> None:
        assert self.may_send.wait(10)
        super().send(to, subject, body)


def test_the_thread_tells_ends_without_keeping_the_runner_waiting(tmp_path: Path) -> None:
    mailer = SlowMailer()
    desk = Desk(tmp_path, mailer=mailer)
    desk.jobs.housekeeper.start(3600)
    desk.complete(desk.submit(email=ADDRESS))
    assert mailer.sent == []
    mailer.may_send.set()
    until(lambda: len(mailer.sent) == 1)
    desk.jobs.housekeeper.stop()


def test_the_thread_sweeps_at_once_and_again_and_stops(desk: Desk) -> None:
    first = desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    desk.jobs.housekeeper.start(0.05)
    until(lambda: desk.phase(first) is Phase.ARCHIVED)
    second = desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    until(lambda: desk.phase(second) is Phase.ARCHIVED)
    desk.jobs.housekeeper.stop()
    assert "skydesk-housekeeper" not in {thread.name for thread in threading.enumerate()}


def test_the_thread_survives_what_it_did_not_expect(desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    jobs, calls = desk.watched.jobs, []

    def broken() -> tuple[Job, ...]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a bug")
        return jobs()

    job = desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    monkeypatch.setattr(desk.watched, "jobs", broken)
    desk.jobs.housekeeper.start(0.05)
    until(lambda: desk.phase(job) is Phase.ARCHIVED)
    desk.jobs.housekeeper.stop()
    assert "housekeeping failed" in caplog.text


def test_letters_hold_what_users_wrote_as_it_is(desk: Desk) -> None:
    desk.complete(desk.submit(name="<b>é</b> \"'", email=ADDRESS))
    (mail,) = desk.mailer.sent
    assert isinstance(mail, FakeMail)
    assert mail.subject == "SkyDesk: <b>é</b> \"' completed"


# The disk


def test_inputs_of_jobs_that_were_never_added_go_after_an_hour(desk: Desk) -> None:
    job = desk.jobs.submit(ADA, "query", {}, inputs={"a.parquet": b"a"})
    desk.folders.keep_input("ada", "k7xy0000000000zz", "a.parquet", b"a")
    owner_folder = desk.folders.path(job).parent
    for path in owner_folder.iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    desk.jobs.sweep(NOW + timedelta(minutes=59))
    assert len(list(owner_folder.iterdir())) == 2
    desk.jobs.sweep(NOW + timedelta(minutes=61))
    assert [path.name for path in owner_folder.iterdir()] == [f".{job.id}.inputs"]


def test_inputs_go_with_the_files_when_a_job_expires(desk: Desk) -> None:
    job = desk.jobs.submit(ADA, "query", {}, inputs={"a.parquet": b"a"})
    desk.complete(job)
    desk.clock.pass_(days=15)
    assert desk.jobs.sweep().archived == (job.id,)
    assert list(desk.folders.path(job).parent.iterdir()) == []


def test_what_a_removal_had_no_time_to_erase_is_erased_by_the_thread(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.complete(desk.submit())
    monkeypatch.setattr(job_folders, "_ERASE_SECONDS", 0)
    desk.jobs.housekeeper.start(3600)
    try:
        desk.jobs.delete(ADA, job.id)
        until(lambda: list(desk.folders.path(job).parent.iterdir()) == [])
    finally:
        desk.jobs.housekeeper.stop()


def test_what_was_being_erased_when_the_service_stopped_is_erased_by_the_next_sweep(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.complete(desk.submit())
    monkeypatch.setattr(job_folders, "_ERASE_SECONDS", 0)
    desk.jobs.delete(ADA, job.id)
    (left,) = desk.folders.path(job).parent.iterdir()
    assert left.name.endswith(".removed")
    desk.jobs.sweep()
    assert not left.exists()


def test_a_job_that_is_cancelled_while_it_waits_to_go_on_keeps_nothing_of_what_it_had_done(desk: Desk) -> None:
    job = desk.submit()
    claimed = desk.runner.claim()
    assert claimed is not None
    partial = desk.folders.begin(claimed, claimed.attempt)
    for name in ("outcomes.jsonl", "image.fits", "job.log"):
        (partial / name).write_text("there\n")
    desk.folders.keep_log(partial)
    desk.watched.change(job.id, phase=Phase.QUEUED, runner=None, attempt=0)
    desk.jobs.cancel(ADA, job.id)
    assert [path.name for path in partial.iterdir()] == ["job.log"]
    assert desk.jobs.log(ADA, job.id) == "there\n"
