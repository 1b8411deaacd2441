import io
import json
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from skydesk.access import NOBODY, Entitlements, User
from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import Conflict, InvalidRequest, LimitExceeded, NotAllowed, NotFound, ServiceUnavailable
from skydesk.jobs.model import FINAL, Job, Phase
from skydesk.jobs.service import JobService
from tests.contracts.jobstore_contract import EXECUTING, NOW, QUEUED
from tests.core.jobs.desk import ADA, BOB, Desk, user
from tests.views import VIEWS

SQL = {"sql": "select 1 from dual", "output": {"file_name": "m2.fits", "format": "fits"}}


# Submitting


def test_an_accepted_job_waits_with_the_owners_limits_and_the_runner_is_woken(desk: Desk) -> None:
    job = desk.jobs.submit(ADA, "query", SQL, email="ada@example.org", run_id="run 7")
    assert (job.owner, job.type, job.phase, job.request) == ("ada", "query", Phase.QUEUED, SQL)
    assert (job.email, job.run_id) == ("ada@example.org", "run 7")
    assert (job.created_at, job.destruction_at, job.warning_at) == (NOW, NOW + timedelta(days=14), NOW + timedelta(days=10))
    limits = ADA.entitlements
    assert (job.limit_seconds, job.memory_bytes, job.concurrent) == (limits.query.max_seconds, limits.jobs.memory_bytes, 2)
    assert (job.lifetime_seconds, job.max_renewals) == (14 * 86400, 2)
    assert desk.watched.get(job.id) == job
    assert desk.runner.woken == 1
    assert desk.jobs.get(ADA, job.id) == job


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ({"output": {"file_name": "m2.fits"}}, "m2"),
        ({"output": {"file_name": "m2.csv.gz"}}, "m2"),
        ({"output": {"file_name": ".hidden"}}, "query 2026-03-14 15:09"),
        ({"output": {"file_name": "a\nb.csv"}}, "query 2026-03-14 15:09"),
        ({"output": {"file_name": 3}}, "query 2026-03-14 15:09"),
        ({"output": None}, "query 2026-03-14 15:09"),
        ({"output": "m2.fits"}, "query 2026-03-14 15:09"),
        ({}, "query 2026-03-14 15:09"),
    ],
)
def test_a_job_without_a_name_gets_one(desk: Desk, request_: dict[str, object], name: str) -> None:
    assert desk.jobs.submit(ADA, "query", request_).name == name


def test_every_fault_of_a_submission_is_named(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as raised:
        desk.jobs.submit(ADA, "query", SQL, name="a\nb", email="nobody", run_id="")
    assert {fault.field for fault in raised.value.faults} == {"name", "email", "run_id"}
    assert desk.jobs.list(ADA) == ()


@pytest.mark.parametrize(
    "entitlements",
    [
        NOBODY,
        replace(VIEWS["default"], services=frozenset({"jobs"})),
        replace(VIEWS["default"], services=frozenset({"query"})),
        replace(VIEWS["default"], jobs=replace(VIEWS["default"].jobs, concurrent=0)),
        replace(VIEWS["default"], jobs=replace(VIEWS["default"].jobs, queued=0)),
        replace(VIEWS["default"], query=replace(VIEWS["default"].query, max_seconds=0)),
    ],
    ids=["nobody", "no query", "no jobs", "none at a time", "none in the queue", "no time"],
)
def test_who_is_not_granted_it_may_not_submit(desk: Desk, entitlements: Entitlements) -> None:
    with pytest.raises(NotAllowed):
        desk.jobs.submit(User(name="eve", entitlements=entitlements), "query", SQL)
    assert desk.watched.jobs() == ()


def test_the_limit_of_the_queue_is_exact(desk: Desk) -> None:
    for _ in range(5):
        desk.submit()
    with pytest.raises(LimitExceeded, match="ada has 5"):
        desk.submit()
    assert desk.submit(BOB).owner == "bob"


def test_the_same_text_within_30_s_is_taken_for_a_slip(desk: Desk) -> None:
    first = desk.jobs.submit(ADA, "query", SQL)
    desk.clock.pass_(seconds=12)
    with pytest.raises(Conflict, match=f"same statement submitted 12 s ago as job {first.id}"):
        desk.jobs.submit(ADA, "query", {"sql": f"\n{SQL['sql']} ", "output": None})
    assert desk.jobs.submit(ADA, "query", SQL, allow_duplicate=True).id != first.id
    assert desk.jobs.submit(BOB, "query", SQL).owner == "bob"
    desk.clock.pass_(seconds=30)
    assert len({job.id for job in desk.jobs.list(ADA)} | {desk.jobs.submit(ADA, "query", SQL).id}) == 3


def test_what_was_cancelled_may_be_submitted_again_at_once(desk: Desk) -> None:
    first = desk.jobs.submit(ADA, "query", SQL)
    desk.jobs.cancel(ADA, first.id)
    assert desk.jobs.submit(ADA, "query", SQL).phase is Phase.QUEUED


def test_a_double_click_makes_one_job(desk: Desk) -> None:
    def submit(_: int) -> bool:
        try:
            desk.jobs.submit(ADA, "query", SQL)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(submit, range(4))) == 1


def test_a_request_is_kept_as_json_would_have_it_and_is_not_changed_afterwards(desk: Desk) -> None:
    request = {"sql": "x", "positions": ((1, 2.5), [3]), "phase": Phase.QUEUED}
    job = desk.jobs.submit(ADA, "query", request)
    request["sql"] = "y"
    assert job.request == {"sql": "x", "positions": [[1, 2.5], [3]], "phase": "QUEUED"}
    assert json.loads(json.dumps(job.request)) == job.request


def test_requests_that_cannot_be_kept_are_refused(desk: Desk) -> None:
    with pytest.raises(InvalidRequest, match="finite"):
        desk.jobs.submit(ADA, "query", {"radius_deg": float("nan")})
    with pytest.raises(LimitExceeded, match="the most is 1048576"):
        desk.jobs.submit(ADA, "query", {"sql": "x" * 10_000_000})


def test_html_and_strange_names_stay_as_they_are(desk: Desk) -> None:
    name = "<img src=x onerror=alert(1)> ' \" 🔭"
    assert desk.jobs.submit(ADA, "query", SQL, name=name).name == name
    assert [job.name for job in desk.jobs.list(ADA, text="ONERROR")] == [name]


# Seeing


@pytest.mark.parametrize(
    "use",
    [
        lambda desk, job_id: desk.jobs.get(BOB, job_id),
        lambda desk, job_id: desk.jobs.rename(BOB, job_id, "x"),
        lambda desk, job_id: desk.jobs.cancel(BOB, job_id),
        lambda desk, job_id: desk.jobs.renew(BOB, job_id),
        lambda desk, job_id: desk.jobs.rerun(BOB, job_id),
        lambda desk, job_id: desk.jobs.delete(BOB, job_id),
        lambda desk, job_id: desk.jobs.log(BOB, job_id),
        lambda desk, job_id: desk.jobs.files(BOB, job_id),
        lambda desk, job_id: desk.jobs.file(BOB, job_id, "result.csv"),
        lambda desk, job_id: desk.jobs.archive(BOB, job_id),
    ],
    ids=["get", "rename", "cancel", "renew", "rerun", "delete", "log", "files", "file", "archive"],
)
@pytest.mark.parametrize("prefix", [0, 8])
def test_another_users_job_is_not_there(desk: Desk, use: Callable[[Desk, str], object], prefix: int) -> None:
    job = desk.complete(desk.submit())
    with pytest.raises(NotFound, match="there is no job"):
        use(desk, job.id[:prefix] or job.id)
    assert desk.watched.get(job.id) == job
    assert desk.jobs.list(BOB) == ()
    assert desk.jobs.delete_many(BOB, [job.id]).failed[0][0] == job.id


def test_lists_are_filtered_and_paged(desk: Desk) -> None:
    jobs = [desk.submit(name=f"job {n}") for n in range(4)]
    desk.jobs.cancel(ADA, jobs[0].id)
    assert [job.name for job in desk.jobs.list(ADA, phases=QUEUED, limit=2)] == ["job 3", "job 2"]
    assert [job.name for job in desk.jobs.list(ADA, before_id=jobs[2].id)] == ["job 1", "job 0"]
    assert [job.name for job in desk.jobs.list(ADA, text="JOB 1")] == ["job 1"]


def test_files_log_and_archive_are_given_out(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    assert [file.name for file in desk.jobs.files(ADA, job.id)] == ["result.csv"]
    assert desk.jobs.file(ADA, job.id, "result.csv").read_text() == "RA\n1\n"
    assert desk.jobs.log(ADA, job.id) == "done\n"
    with tarfile.open(fileobj=io.BytesIO(b"".join(desk.jobs.archive(ADA, job.id)))) as tar:
        assert tar.getnames() == [f"{job.id}/result.csv", f"{job.id}/manifest.json"]
    with pytest.raises(NotFound):
        desk.jobs.file(ADA, job.id, "../result.csv")


# Changing


def test_a_job_is_renamed_in_any_phase(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    assert desk.jobs.rename(ADA, job.id, "new name").name == "new name"
    with pytest.raises(InvalidRequest, match="name"):
        desk.jobs.rename(ADA, job.id, "a\nb")


def test_a_waiting_job_is_aborted_at_once(desk: Desk) -> None:
    job = desk.jobs.cancel(ADA, desk.submit().id)
    assert (job.phase, job.ended_at, job.cancel_requested) == (Phase.ABORTED, NOW, True)
    assert desk.runner.cancelled == []
    assert desk.runner.claim() is None


def test_a_running_job_is_stopped_by_its_runner(desk: Desk) -> None:
    job = desk.submit()
    claimed = desk.runner.claim()
    assert claimed is not None
    cancelled = desk.jobs.cancel(ADA, job.id)
    assert (cancelled.phase, cancelled.cancel_requested) == (Phase.EXECUTING, True)
    desk.jobs.cancel(ADA, job.id)
    assert desk.runner.cancelled == [job.id, job.id]
    desk.runner.end(claimed, Phase.ABORTED)
    assert desk.phase(job) is Phase.ABORTED


@pytest.mark.parametrize("phase", [Phase.COMPLETED, Phase.ERROR, Phase.ABORTED])
def test_what_has_ended_cannot_be_cancelled(desk: Desk, phase: Phase) -> None:
    desk.submit()
    claimed = desk.runner.claim()
    assert claimed is not None
    desk.runner.end(claimed, phase)
    with pytest.raises(Conflict, match=f"has ended already .{phase}."):
        desk.jobs.cancel(ADA, claimed.id)


def test_a_cancel_and_a_claim_at_the_same_time_never_leave_a_job_running_unasked(desk: Desk) -> None:
    for _ in range(30):
        job = desk.submit()
        barrier = threading.Barrier(2)

        def claim(barrier: threading.Barrier = barrier) -> Job | None:
            barrier.wait()
            return desk.runner.claim()

        with ThreadPoolExecutor(1) as pool:
            claimed = pool.submit(claim)
            barrier.wait()
            cancelled = desk.jobs.cancel(ADA, job.id)
            if (taken := claimed.result()) is None:
                assert cancelled.phase is Phase.ABORTED
            else:
                assert desk.runner.cancelled[-1] == job.id
                desk.runner.end(taken, Phase.ABORTED)


def test_a_job_whose_runner_died_while_it_was_cancelled_does_not_run_again(desk: Desk) -> None:
    job = desk.submit()
    desk.runner.claim()
    desk.jobs.cancel(ADA, job.id)
    desk.watched.change(job.id, expect=EXECUTING, phase=Phase.QUEUED, runner=None)
    assert desk.runner.claim() is None
    assert desk.phase(job) is Phase.ABORTED


def test_a_job_is_renewed_as_often_as_allowed(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    assert desk.jobs.renew(ADA, job.id).destruction_at == NOW + timedelta(days=28)
    assert desk.jobs.renew(ADA, job.id).destruction_at == NOW + timedelta(days=42)
    with pytest.raises(Conflict, match="renewed 2 times"):
        desk.jobs.renew(ADA, job.id)


def test_renewals_are_exact_when_many_come_at_once_and_progress_too(desk: Desk) -> None:
    job = desk.submit(user("ada", max_renewals=3))
    refused = []

    def renew(n: int) -> None:
        desk.watched.change(job.id, attempt=n)
        try:
            desk.jobs.renew(ADA, job.id)
        except Conflict as error:
            refused.append(str(error))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(renew, range(8)))
    renewed = desk.jobs.get(ADA, job.id)
    assert (renewed.renewals, renewed.destruction_at) == (3, NOW + timedelta(days=14 * 4))
    assert len(refused) == 5


def test_a_renewal_that_comes_between_is_not_overwritten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.submit()
    change = desk.watched.change

    def interrupted(job_id: str, **fields: Any) -> Job:
        monkeypatch.undo()
        desk.jobs.renew(ADA, job_id)
        return change(job_id, **fields)

    monkeypatch.setattr(desk.watched, "change", interrupted)
    desk.jobs.renew(ADA, job.id)
    renewed = desk.jobs.get(ADA, job.id)
    assert (renewed.renewals, renewed.destruction_at) == (2, NOW + timedelta(days=42))


def test_an_expired_job_is_not_renewed(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    desk.clock.pass_(days=14)
    with pytest.raises(Conflict, match="expired"):
        desk.jobs.renew(ADA, job.id)


def test_a_job_run_again_is_a_new_one_with_the_same_request(desk: Desk) -> None:
    job = desk.complete(desk.jobs.submit(ADA, "query", SQL, name="mine", email="ada@example.org"))
    again = desk.jobs.rerun(ADA, job.id)
    assert again.id != job.id
    assert (again.request, again.name, again.email, again.phase) == (SQL, "mine", "ada@example.org", Phase.QUEUED)


# Deleting


def test_a_job_that_has_ended_is_erased_with_its_files(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    desk.jobs.delete(ADA, job.id)
    assert desk.watched.get(job.id) is None
    assert not desk.folders.path(job).exists()
    with pytest.raises(NotFound):
        desk.jobs.delete(ADA, job.id)


def test_a_waiting_job_is_erased_and_never_runs(desk: Desk) -> None:
    job = desk.submit()
    desk.jobs.delete(ADA, job.id)
    assert desk.watched.get(job.id) is None
    assert desk.runner.claim() is None


@pytest.mark.parametrize("end", [Phase.ABORTED, Phase.COMPLETED, Phase.ERROR])
def test_a_running_job_is_out_of_sight_at_once_and_erased_when_it_has_stopped(desk: Desk, end: Phase) -> None:
    job = desk.submit(email="ada@example.org")
    claimed = desk.runner.claim()
    assert claimed is not None
    partial = desk.folders.begin(claimed, 1)
    desk.jobs.delete(ADA, job.id)
    assert desk.runner.cancelled == [job.id]
    assert desk.jobs.list(ADA) == ()
    for use in (desk.jobs.get, desk.jobs.delete, desk.jobs.cancel):
        with pytest.raises(NotFound):
            use(ADA, job.id)
    assert desk.phase(job) is Phase.EXECUTING
    desk.runner.end(claimed, end)
    assert desk.watched.get(job.id) is None
    assert not partial.exists()
    assert desk.mailer.sent == []


def test_a_deleted_job_whose_runner_died_is_erased_by_the_next_sweep(desk: Desk) -> None:
    job = desk.submit()
    desk.runner.claim()
    desk.jobs.delete(ADA, job.id)
    desk.watched.change(job.id, phase=Phase.QUEUED, runner=None)
    assert desk.runner.claim() is None
    assert desk.jobs.sweep().erased == (job.id,)
    assert desk.watched.get(job.id) is None


def test_several_are_deleted_and_what_fails_is_told(desk: Desk) -> None:
    mine, ended, theirs = desk.submit(), desk.submit(), desk.submit(BOB)
    desk.jobs.cancel(ADA, ended.id)
    done = desk.jobs.delete_many(ADA, [mine.id, theirs.id, ended.id, mine.id, "nonsense"])
    assert done.deleted == (mine.id, ended.id)
    assert [job_id for job_id, _ in done.failed] == [theirs.id, "nonsense"]
    assert all("there is no job" in message for _, message in done.failed)
    assert [job.id for job in desk.watched.jobs()] == [theirs.id]


def test_a_job_whose_files_cannot_be_removed_is_not_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.complete(desk.submit())

    def broken(_: Job) -> None:
        raise ServiceUnavailable("the disk of the job folders cannot be used")

    with monkeypatch.context() as patch:
        patch.setattr(desk.folders, "remove", broken)
        with pytest.raises(ServiceUnavailable):
            desk.jobs.delete(ADA, job.id)
        assert desk.jobs.get(ADA, job.id) == job
    desk.jobs.delete(ADA, job.id)
    assert desk.watched.get(job.id) is None


def test_a_job_whose_folder_was_deleted_by_hand_is_still_listed_and_can_be_deleted(desk: Desk) -> None:
    job = desk.complete(desk.submit())
    desk.folders.remove(job)
    assert desk.jobs.list(ADA) == (job,)
    assert desk.jobs.files(ADA, job.id) == ()
    assert desk.jobs.log(ADA, job.id) == ""
    desk.jobs.delete(ADA, job.id)
    assert desk.jobs.list(ADA) == ()


# Two services on one store


def test_two_services_on_one_store_share_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    one, other = Desk(tmp_path, SqlJobStore(url)), Desk(tmp_path, SqlJobStore(url))
    job = one.submit()
    assert other.jobs.get(ADA, job.id) == job
    claimed = other.runner.claim()
    assert claimed is not None
    assert one.runner.claim() is None
    assert one.jobs.cancel(ADA, job.id).cancel_requested
    seen = other.watched.get(job.id)
    assert seen is not None
    assert seen.cancel_requested
    other.runner.end(claimed, Phase.ABORTED)
    one.jobs.delete(ADA, job.id)
    assert other.jobs.list(ADA) == ()


def test_two_services_keep_the_limits_together(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    desks = [Desk(tmp_path, SqlJobStore(url)) for _ in range(2)]

    def work(n: int) -> None:
        desk = desks[n % 2]
        try:
            desk.jobs.submit(ADA, "query", {"sql": str(n)})
        except LimitExceeded:
            pass
        else:
            desk.runner.claim()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))
    store = desks[0].watched
    assert len(store.jobs("ada")) == 5
    assert len(store.jobs("ada", phases=EXECUTING)) == 2


def test_a_service_without_runner_and_mailer_still_keeps_jobs(desk: Desk) -> None:
    jobs = JobService(desk.watched, desk.folders, clock=desk.clock)
    job = jobs.submit(ADA, "query", SQL, email="ada@example.org")
    desk.runner.claim()
    assert jobs.cancel(ADA, job.id).cancel_requested
    desk.watched.change(job.id, phase=Phase.COMPLETED)
    assert jobs.sweep().failures == ()
    jobs.delete(ADA, job.id)
    assert desk.watched.jobs(phases=FINAL) == ()


# Inputs


TABLE = {"positions.parquet": b"positions of a thousand stars"}


def inputs_folder(desk: Desk, job: Job) -> Path:
    return desk.folders.path(job).with_name(f".{job.id}.inputs")


def submit_with_inputs(desk: Desk, who: User = ADA, **options: Any) -> Job:
    return desk.jobs.submit(who, "query", {"inputs": {"positions.parquet": {"rows": 1000}}}, inputs=TABLE, **options)


def test_an_input_is_kept_with_the_job_and_described_in_its_request(desk: Desk) -> None:
    job = submit_with_inputs(desk, limit_seconds=86400)
    (described,) = job.request["inputs"].values()
    assert (described["rows"], described["size_bytes"], len(described["sha256"])) == (1000, 29, 64)
    assert job.limit_seconds == 86400
    assert desk.jobs.input(ADA, job.id, "positions.parquet") == TABLE["positions.parquet"]
    with pytest.raises(NotFound):
        desk.jobs.input(BOB, job.id, "positions.parquet")


def test_a_job_that_is_not_accepted_leaves_no_inputs(desk: Desk) -> None:
    job = submit_with_inputs(desk)
    with pytest.raises(Conflict, match="same statement"):
        submit_with_inputs(desk)
    with pytest.raises(LimitExceeded):
        submit_with_inputs(desk, user("ada", queued=1), allow_duplicate=True)
    assert [path.name for path in desk.folders.path(job).parent.iterdir()] == [f".{job.id}.inputs"]


def test_the_same_request_with_another_table_is_no_duplicate(desk: Desk) -> None:
    submit_with_inputs(desk)
    desk.jobs.submit(ADA, "query", {"inputs": {"positions.parquet": {"rows": 1000}}}, inputs={"positions.parquet": b"others"})
    assert len(desk.jobs.list(ADA)) == 2


def test_running_a_job_again_copies_its_inputs(desk: Desk) -> None:
    job = submit_with_inputs(desk)
    again = desk.jobs.rerun(ADA, job.id)
    desk.jobs.delete(ADA, job.id)
    assert not inputs_folder(desk, job).exists()
    assert desk.jobs.input(ADA, again.id, "positions.parquet") == TABLE["positions.parquet"]


def test_a_job_whose_inputs_were_changed_cannot_be_run_again(desk: Desk) -> None:
    job = submit_with_inputs(desk)
    (inputs_folder(desk, job) / "positions.parquet").write_bytes(b"Positions of a thousand stars")
    with pytest.raises(Conflict, match="was changed since"):
        desk.jobs.rerun(ADA, job.id)


def test_an_input_beyond_all_measure_is_refused(desk: Desk) -> None:
    with pytest.raises(LimitExceeded, match="the most is"):
        desk.jobs.submit(ADA, "query", {}, inputs={"positions.parquet": bytes(128 * 2**20 + 1)})


def test_a_time_limit_of_nothing_means_that_no_such_job_may_be_submitted(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        submit_with_inputs(desk, limit_seconds=0)


def test_a_job_that_executes_stays_small_however_many_positions_it_has(desk: Desk) -> None:
    inputs = {"positions.parquet": bytes(4_000_000)}
    job = desk.jobs.submit(ADA, "query", {"inputs": {"positions.parquet": {"rows": 100_000}}}, inputs=inputs)
    assert len(json.dumps(dict(job.request))) < 300
