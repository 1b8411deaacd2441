from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.backends.jobstore import SqlJobStore
from tests.contracts.jobstore_contract import JobStoreContract
from tests.fakes.jobstore import FakeJobStore


class TestFakeJobStore(JobStoreContract):
    @pytest.fixture
    def store(self) -> FakeJobStore:
        return FakeJobStore()


class TestSqlite(JobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlJobStore]:
        store = SqlJobStore(f"sqlite:///{tmp_path / 'jobs.sqlite'}")
        yield store
        store.close()
