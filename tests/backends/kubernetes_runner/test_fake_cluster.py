"""The fake keeps the contract of the real thing."""

import pytest

from skydesk.backends.kubernetes_runner import ClusterSettings
from tests.backends.kubernetes_runner.jobs import SETTINGS
from tests.contracts.cluster_contract import ClusterContract
from tests.fakes.cluster import FakeCluster


class TestFakeCluster(ClusterContract):
    """A cluster that does as a test says."""

    @pytest.fixture
    def cluster(self) -> FakeCluster:
        return FakeCluster()

    @pytest.fixture
    def settings(self) -> ClusterSettings:
        return SETTINGS
