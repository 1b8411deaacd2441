"""The wire fake with the contract's tables, and the catalogue that asks it."""

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from tests.contracts.catalog_contract import CONTENT
from tests.fakes.duckdb_file import FakeSurvey, write_duckdb
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake


def collect_lost_connections() -> None:
    """The driver does not close the socket of a connection that it lost: have that collected here, where no warning is an error."""
    for thread in threading.enumerate():
        if thread.name == "skydesk-oracle":
            thread.join(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def survey_path(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeSurvey, Path]:
    path = tmp_path_factory.mktemp("content") / "content.duckdb"
    return write_duckdb(path, CONTENT), path


@pytest.fixture(scope="module")
def wire(survey_path: tuple[FakeSurvey, Path]) -> Iterator[WireFake]:
    survey, path = survey_path
    with WireFake(path, survey.tables, refusals={"expired": 28001, "locked": 28000}) as wire:
        yield wire
    collect_lost_connections()


@pytest.fixture(scope="module")
def password_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "password"
    path.write_text(PASSWORD + "\n")
    return path


@pytest.fixture(scope="module")
def account(wire: WireFake, password_file: Path) -> Account:
    return Account(dsn=wire.dsn, user=USER, password_file=password_file, schema="DES_ADMIN")


@pytest.fixture(scope="module")
def catalog(account: Account, survey_path: tuple[FakeSurvey, Path]) -> Iterator[OracleCatalog]:
    catalog = OracleCatalog(account, survey=survey_path[0])
    yield catalog
    catalog.close()


@pytest.fixture
def open_catalog(survey_path: tuple[FakeSurvey, Path]) -> Iterator[Callable[..., OracleCatalog]]:
    """Open further catalogues of the same survey, closed at the end."""
    opened: list[OracleCatalog] = []

    def open_one(account: Account, **options: float) -> OracleCatalog:
        opened.append(OracleCatalog(account, survey=survey_path[0], **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for catalog in opened:
        catalog.close()
