import multiprocessing
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from skydesk.backends.jobstore import Database, SqlJobStore, SqlQueryHistory
from skydesk.backends.jobstore import store as store_module
from skydesk.backends.leasestore.schema import METADATA
from skydesk.errors import Conflict, InternalError, InvalidRequest, LimitExceeded, ServiceUnavailable
from tests.contracts.jobstore_contract import EXECUTING, NOW, QUEUED, JobStoreContract, make_job
from tests.fakes.jobstore import FakeJobStore
from tests.postgresql import postgresql_server

SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> str:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgresql_url


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "folder to be made" / "jobs 100 %.sqlite"


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def url(request: pytest.FixtureRequest, sqlite_path: Path) -> str:
    return f"sqlite:///{sqlite_path}" if request.param == "sqlite" else str(request.getfixturevalue("empty_postgresql"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


class TestFakeJobStore(JobStoreContract):
    @pytest.fixture
    def store(self) -> FakeJobStore:
        return FakeJobStore()


class TestSqlJobStore(JobStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> SqlJobStore:
        return SqlJobStore(database)


# Several processes on one database


def add_jobs(url: str, owner: str, count: int, max_active: int) -> int:
    store = SqlJobStore(url, clock=lambda: NOW)
    added = 0
    for number in range(count):
        try:
            store.add(
                make_job(f"{owner}x{multiprocessing.current_process().pid}x{number}", owner=owner, concurrent=3), max_active=max_active
            )
        except LimitExceeded:
            continue
        added += 1
    store.close()
    return added


def claim_jobs(url: str, count: int) -> list[str]:
    store = SqlJobStore(url)
    claimed = [store.claim(f"runner {multiprocessing.current_process().pid}") for _ in range(count)]
    store.close()
    return [job.id for job in claimed if job is not None]


@pytest.fixture
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_processes_that_start_at_once_share_tables_and_an_exact_limit(url: str, processes: ProcessPoolExecutor) -> None:
    added = [processes.submit(add_jobs, url, "ada", 8, 10) for _ in range(3)]
    assert sum(future.result() for future in added) == 10
    store = SqlJobStore(url)
    assert len(store.jobs("ada")) == 10
    assert store.events_since(0)[0] == 10
    store.close()


def test_processes_never_claim_the_same_job_nor_more_than_allowed(url: str, processes: ProcessPoolExecutor) -> None:
    store = SqlJobStore(url)
    for number in range(40):
        store.add(make_job(f"j{number}", owner=f"user{number % 4}", concurrent=4), max_active=99)
    claims = [future.result() for future in [processes.submit(claim_jobs, url, 12) for _ in range(3)]]
    claimed = [job_id for ids in claims for job_id in ids]
    assert len(claimed) == len(set(claimed)) == 16
    assert [len(store.jobs(f"user{n}", phases=EXECUTING)) for n in range(4)] == [4, 4, 4, 4]
    assert {job.id for job in store.jobs(phases=EXECUTING)} == set(claimed)
    store.close()


def test_what_one_opens_another_sees(url: str) -> None:
    one, other = SqlJobStore(url), SqlJobStore(url)
    job = one.add(make_job("a"), max_active=1)
    assert other.get("a") == job
    claimed = other.claim("r")
    assert claimed is not None
    assert one.events_since(job.revision)[1][0].job == claimed
    one.close()
    other.close()


def test_a_job_without_what_every_job_has_is_our_mistake_and_no_conflict(database: Database) -> None:
    store = SqlJobStore(database)
    with pytest.raises(InternalError, match="job a0 lacks something"):
        store.add(make_job("a0", owner="ann", type=None), max_active=9)
    assert store.jobs() == ()
    store.add(make_job("a0", owner="ann"), max_active=1)
    with pytest.raises(Conflict, match="there is a job a0 already"):
        store.add(make_job("a0", owner="ann"), max_active=1)


def test_jobs_are_there_after_a_restart(url: str) -> None:
    first = SqlJobStore(url)
    job = first.add(make_job("a"), max_active=1)
    first.close()
    second = SqlJobStore(url)
    assert second.jobs() == (job,)
    second.close()


# The tables


def test_the_migrations_make_what_the_code_expects(database: Database) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": METADATA})
        return list(compare_metadata(context, METADATA))

    assert database.read(differences) == []


def test_tables_of_a_newer_program_are_refused_with_words(url: str, database: Database) -> None:
    database.write(lambda connection: connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Conflict, match=r"version 9999, .* start the newer program"):
        SqlJobStore(url)


def test_deletions_are_remembered_up_to_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_DELETIONS_KEPT", 3)
    store = SqlJobStore(database)
    for number in range(6):
        store.add(make_job(f"j{number}"), max_active=9)
        store.remove(f"j{number}", expect=QUEUED)
    assert [event.job_id for event in store.events_since(0)[1]] == ["j3", "j4", "j5"]


def test_sqlite_is_set_up_to_lose_nothing(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}")
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = database.read(lambda connection: [connection.execute(sa.text(f"PRAGMA {name}")).scalar() for name in pragmas])
    assert found == ["wal", 2, 1]
    database.close()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "cannot be read"),
        ("jobs.sqlite", "cannot be read"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://host/name", "cannot be kept in mysql"),
    ],
)
def test_urls_that_will_not_do_are_refused(wrong: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        SqlJobStore(wrong)


# Faults


def test_a_locked_sqlite_file_is_given_up_in_time_and_works_afterwards(sqlite_path: Path) -> None:
    store = SqlJobStore(Database(f"sqlite:///{sqlite_path}", patience_seconds=0.3))
    store.add(make_job("a"), max_active=9)
    with sqlite3.connect(sqlite_path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        began_at = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="locked"):
            store.add(make_job("b"), max_active=9)
        assert time.monotonic() - began_at < 10
        assert store.get("a") is not None
        other.execute("ROLLBACK")
    other.close()
    assert store.add(make_job("b"), max_active=9).id == "b"
    store.close()


def test_a_lock_that_is_let_go_in_time_is_waited_for(sqlite_path: Path) -> None:
    store = SqlJobStore(f"sqlite:///{sqlite_path}")
    other = sqlite3.connect(sqlite_path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    assert store.add(make_job("a"), max_active=9).id == "a"
    other.close()
    store.close()


@pytest.mark.postgresql
def test_a_locked_postgresql_is_given_up_in_time_and_works_afterwards(empty_postgresql: str) -> None:
    store = SqlJobStore(Database(empty_postgresql, patience_seconds=0.3))
    with psycopg.connect(empty_postgresql) as other:
        other.execute("SELECT * FROM counter FOR UPDATE")
        with pytest.raises(ServiceUnavailable, match="locked"):
            store.add(make_job("a"), max_active=9)
    assert store.add(make_job("a"), max_active=9).id == "a"
    store.close()


@pytest.mark.postgresql
def test_broken_connections_are_made_again(empty_postgresql: str) -> None:
    store = SqlJobStore(empty_postgresql)
    store.add(make_job("a"), max_active=9)
    with psycopg.connect(empty_postgresql, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    assert store.add(make_job("b"), max_active=9).id == "b"
    store.close()


def test_a_server_that_is_not_there_is_unavailable_and_its_password_unsaid() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ServiceUnavailable, match="does not answer") as raised:
            Database(f"postgresql://sky:secret@127.0.0.1:{port}/jobs", patience_seconds=0.2)
    assert "secret" not in str(raised.value)


def test_a_full_disk_is_said_and_nothing_is_half_kept(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}")
    store = SqlJobStore(database)
    store.add(make_job("a"), max_active=9)
    store.close()
    sa.event.listen(database._engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1").close())
    before = store.jobs(), store.events_since(0)
    with pytest.raises(ServiceUnavailable, match="disk of the job store is full"):
        store.add(make_job("b", request={"sql": "x" * 1_000_000}), max_active=9)
    assert (store.jobs(), store.events_since(0)) == before
    store.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_text("no database at all, but long enough to be looked at\n" * 100)
    with pytest.raises(ServiceUnavailable, match="damaged"):
        SqlJobStore(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceUnavailable, match="cannot be made"):
        SqlJobStore(f"sqlite:///{tmp_path / 'file' / 'jobs.sqlite'}")


def test_a_reader_is_not_kept_waiting_by_a_writer(database: Database) -> None:
    store = SqlJobStore(database)
    store.add(make_job("a"), max_active=9)
    seen: list[int] = []

    def write(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE counter SET revision = revision + 1"))
        reader = threading.Thread(target=lambda: seen.append(len(store.jobs())))
        reader.start()
        reader.join(10)

    database.write(write)
    assert seen == [1]


def test_who_writes_has_the_lock_from_the_beginning(sqlite_path: Path) -> None:
    database = Database(f"sqlite:///{sqlite_path}")

    def work(_: sa.Connection) -> None:
        other = sqlite3.connect(sqlite_path, isolation_level=None, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()

    database.write(work)
    database.close()


def test_work_that_fails_changes_nothing(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        connection.execute(sa.text("UPDATE counter SET revision = 77"))
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.write(work)
    assert SqlJobStore(database).events_since(0)[0] == 0


# Query history


@pytest.fixture
def history(database: Database) -> SqlQueryHistory:
    times = iter(NOW + timedelta(seconds=n) for n in range(10_000))
    return SqlQueryHistory(database, clock=lambda: next(times))


def test_runs_come_back_latest_first(history: SqlQueryHistory) -> None:
    history.add("ada", "select 'é🌌''\n' from dual", "quick", "ok", 0.25, 3)
    history.add("ada", "select 2 from dual", "job", "invalid_query", 0.5, None)
    second, first = history.entries("ada")
    assert (first.sql, first.kind, first.outcome, first.elapsed_seconds, first.rows) == (
        "select 'é🌌''\n' from dual",
        "quick",
        "ok",
        0.25,
        3,
    )
    assert (second.kind, second.outcome, second.rows, second.ran_at) == ("job", "invalid_query", None, NOW + timedelta(seconds=1))
    assert second.ran_at.tzinfo is not None


def test_the_same_text_is_one_entry_with_its_latest_run(history: SqlQueryHistory) -> None:
    for sql, rows in (("a", 1), ("b", 2), ("a", 3)):
        history.add("ada", sql, "quick", "ok", 0.1, rows)
    assert [(entry.sql, entry.rows) for entry in history.entries("ada")] == [("a", 3), ("b", 2)]


def test_the_500_latest_of_each_owner_are_kept(history: SqlQueryHistory) -> None:
    history.add("bob", "his", "quick", "ok", 0.1, 1)
    for number in range(503):
        history.add("ada", f"q{number}", "quick", "ok", 0.1, 1)
    entries = history.entries("ada", limit=1000)
    assert [entry.sql for entry in entries] == [f"q{number}" for number in range(502, 2, -1)]
    assert len({entry.id for entry in entries}) == 500
    assert len(history.entries("ada")) == 100
    assert history.entries("ada", limit=0) == history.entries("ada", limit=-1) == ()
    assert len(history.entries("bob")) == 1


def test_a_history_is_cleared_for_its_owner_alone(history: SqlQueryHistory) -> None:
    history.add("ada", "a", "quick", "ok", 0.1, 1)
    history.add("bob", "a", "quick", "ok", 0.1, 1)
    history.clear("ada")
    assert history.entries("ada") == ()
    assert len(history.entries("bob")) == 1


def test_any_text_can_be_remembered(history: SqlQueryHistory) -> None:
    history.add("ada", "a\x00b\ud800c", "quick", "invalid_query", 0.1, None)
    history.add("ada", "x" * 1_000_000, "quick", "ok", 0.1, 2**40)
    assert [len(entry.sql) for entry in history.entries("ada")] == [1_000_000, 5]


def test_many_may_remember_at_once(history: SqlQueryHistory) -> None:
    threads = [
        threading.Thread(target=lambda n=n: [history.add("ada", f"{n % 2} {m}", "quick", "ok", 0.1, 1) for m in range(10)])
        for n in range(4)
    ]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(history.entries("ada")) == 20
