from tests.contracts.catalog_contract import CatalogContract


class TestOracleCatalogThroughTheWireFake(CatalogContract):
    pass
