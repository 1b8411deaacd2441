import pytest

from tests.core.leases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
