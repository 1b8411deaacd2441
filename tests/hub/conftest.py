"""A policy file and a service for tests of the hub."""

from pathlib import Path

import pytest

from skydesk.access import read_policy
from tests.fakes.lease_service import FakeLeaseService
from tests.hub.policies import POLICY


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def service(policy_file: Path) -> FakeLeaseService:
    return FakeLeaseService(read_policy(policy_file))
