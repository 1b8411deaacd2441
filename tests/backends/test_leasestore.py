from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.backends.jobstore import Database
from skydesk.backends.leasestore import SqlLeaseStore
from tests.contracts.lease_store_contract import LeaseStoreContract
from tests.fakes.fake_lease_store import FakeLeaseStore


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/leases.sqlite")
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
