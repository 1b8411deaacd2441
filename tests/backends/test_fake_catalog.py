import pytest

from tests.contracts.catalog_contract import CONTENT, CatalogContract
from tests.fakes.catalog import FakeCatalog


class TestFakeCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self) -> FakeCatalog:
        return FakeCatalog(CONTENT)
