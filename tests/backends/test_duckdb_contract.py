from collections.abc import Iterator

import pytest

from skydesk.backends.duckdb_catalog import DuckdbCatalog
from tests.contracts.catalog_contract import CONTENT, CatalogContract
from tests.fakes.duckdb_file import write_duckdb


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckdbCatalog]:
    path = tmp_path_factory.mktemp("catalog") / "catalog.duckdb"
    catalog = DuckdbCatalog(path, survey=write_duckdb(path, CONTENT))
    yield catalog
    catalog.close()


class TestDuckdbCatalog(CatalogContract):
    pass
