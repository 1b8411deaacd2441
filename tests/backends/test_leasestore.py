import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from skydesk.access import default_policy
from skydesk.backends.jobstore import Database, SqlJobStore
from skydesk.backends.jobstore import migrate as migrate_module
from skydesk.backends.leasestore import SqlLeaseStore
from skydesk.errors import Queued
from skydesk.leases.model import LIVE, RUNNING, Charge, LeasePhase
from skydesk.leases.service import LeaseService
from tests.contracts.jobstore_contract import make_job
from tests.contracts.lease_store_contract import NOW, LeaseStoreContract, make_lease
from tests.fakes.fake_lease_store import FakeLeaseStore
from tests.postgresql import postgresql_server

SQLITE_AND_POSTGRESQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/leases.sqlite"
    found = str(request.getfixturevalue("postgresql_url"))
    with psycopg.connect(found, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


class TestFakeLeaseStore(LeaseStoreContract):
    @pytest.fixture
    def store(self) -> FakeLeaseStore:
        return FakeLeaseStore()


class TestSqlLeaseStore(LeaseStoreContract):
    @pytest.fixture
    def store(self, database: Database) -> SqlLeaseStore:
        return SqlLeaseStore(database)


def admit_many(url: str, count: int) -> tuple[int, int]:
    """Ask for GPU labs as a service process of its own; how many were admitted, and how many stand in the queue."""
    database = Database(url, patience_seconds=60)
    leases = LeaseService(SqlLeaseStore(database), policy=default_policy(), clock=lambda: NOW)
    admitted = queued = 0
    for number in range(count):
        try:
            leases.started(leases.admit(f"user{number} of {multiprocessing.current_process().pid}", ["gpu"], "", "gpu").id)
            admitted += 1
        except Queued:
            queued += 1
    leases.tick()
    database.close()
    return admitted, queued


def test_processes_on_one_database_never_give_a_place_twice(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        counts = [future.result() for future in [pool.submit(admit_many, url, 5) for _ in range(3)]]
    assert [sum(each) for each in zip(*counts, strict=True)] == [4, 11]
    database = Database(url)
    leases = SqlLeaseStore(database).read(lambda book: book.leases(phases=LIVE))
    database.close()
    assert [lease.phase in RUNNING for lease in leases].count(True) == 4
    assert len({lease.number for lease in leases}) == 15


def test_what_one_process_writes_another_hears_of(url: str) -> None:
    one, other = Database(url), Database(url)
    mine, theirs = SqlLeaseStore(one), SqlLeaseStore(other)
    seen, _ = theirs.news_since(0)
    mine.write(lambda book: book.add(make_lease("a")))
    assert theirs.news_since(seen)[1] == {"owner:ada", "profile:small"}
    one.close()
    other.close()


def test_jobs_and_leases_share_the_order_of_writes(database: Database) -> None:
    jobs, leases = SqlJobStore(database), SqlLeaseStore(database)
    first = jobs.add(make_job("a"), max_active=9)
    lease = leases.write(lambda book: book.add(make_lease("l")))
    second = jobs.add(make_job("b"), max_active=9)
    assert first.revision < lease.number < second.revision
    assert [event.job_id for event in jobs.events_since(first.revision)[1]] == ["b"]
    assert leases.news_since(first.revision)[1] == {"owner:ada", "profile:small"}
    assert leases.news_since(second.revision)[1] == frozenset()


def test_charges_survive_a_restart_in_the_middle(url: str) -> None:
    now = NOW
    first = Database(url)
    service = LeaseService(SqlLeaseStore(first), policy=default_policy(), clock=lambda: now)
    lease = service.started(service.admit("vera", ["gpu"], "", "gpu").id)
    now += timedelta(minutes=10)
    service.tick()
    first.close()
    now += timedelta(minutes=50)
    second = Database(url)
    service = LeaseService(SqlLeaseStore(second), policy=default_policy(), clock=lambda: now)
    service.tick()
    found = service.store.read(lambda book: book.lease(lease.id))
    second.close()
    assert found is not None
    assert (found.phase, found.gpu_seconds) == (LeasePhase.ACTIVE, 3600)


def test_a_lease_that_was_never_added_is_not_made_by_a_change(database: Database) -> None:
    store = SqlLeaseStore(database)
    store.write(lambda book: book.keep(make_lease("nothing")))
    assert store.read(lambda book: book.leases()) == ()


def test_a_store_of_jobs_alone_is_brought_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrate_module._MIGRATIONS))
        command.upgrade(config, "0001")
    engine.dispose()
    database = Database(url)
    charge = Charge(lease_id="a", owner="ada", group="gpu", gpus=1, from_at=NOW, until_at=NOW)
    store = SqlLeaseStore(database)
    store.write(lambda book: book.keep_charge(replace(charge, until_at=NOW + timedelta(seconds=1))))
    assert dict(store.read(lambda book: book.gpu_seconds_by_group())) == {"gpu": 1}
    database.close()
