"""The connection is attacked directly, as if the parser before it were not there."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import duckdb
import pytest

from skydesk.backends.duckdb_catalog.connections import Connections
from skydesk.errors import ServiceUnavailable
from tests.contracts.catalog_contract import CONTENT
from tests.fakes.duckdb_file import write_duckdb

OPTIONS = {"setup": (), "memory_bytes": 256 << 20, "threads": 2, "temp_folder": None, "temp_bytes": 1 << 30, "count": 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attacked") / "catalog.duckdb"
    write_duckdb(path, CONTENT)
    return path


@pytest.fixture(scope="module")
def connections(path: Path) -> Iterator[Connections]:
    connections = Connections(path, **OPTIONS)  # type: ignore[arg-type]
    yield connections
    connections.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM read_json('{secret}')",
        "SELECT * FROM read_parquet('{secret}')",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_duckdb('{folder}/other.duckdb')",
        "SELECT getenv('HOME')",
        "COPY STARS TO '{folder}/stars.csv'",
        "COPY (SELECT 1) TO '{folder}/one.parquet'",
        "COPY STARS FROM '{secret}'",
        "EXPORT DATABASE '{folder}/export'",
        "IMPORT DATABASE '{folder}'",
        "ATTACH '{folder}/other.duckdb' AS other",
        "ATTACH ':memory:' AS other",
        "ATTACH '{folder}/other.sqlite' (TYPE sqlite)",
        "INSTALL httpfs",
        "INSTALL spatial FROM community",
        "LOAD httpfs",
        "LOAD '{folder}/evil.duckdb_extension'",
        "CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET 'y')",
        "CREATE PERSISTENT SECRET (TYPE http, BEARER_TOKEN 'y')",
        "PRAGMA memory_limit='100GB'",
        "PRAGMA enable_profiling='json'",
        "PRAGMA profiling_output='{folder}/profile'",
        "SET memory_limit='100GB'",
        "SET threads=64",
        "SET temp_directory='{folder}'",
        "SET enable_external_access=true",
        "SET lock_configuration=false",
        "SET python_enable_replacements=true",
        "SET home_directory='{folder}'",
        "SET enable_logging=true",
        "RESET memory_limit",
        "RESET lock_configuration",
        "SELECT * FROM OPTIONS",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SEQUENCE mine",
        "INSERT INTO GALAXIES VALUES (3, 3.5)",
        "UPDATE GALAXIES SET RA = 0",
        "DELETE FROM GALAXIES",
        "TRUNCATE GALAXIES",
        "DROP TABLE GALAXIES",
        "ALTER TABLE GALAXIES ADD COLUMN X INTEGER",
        "WITH gone AS (DELETE FROM GALAXIES RETURNING *) SELECT * FROM gone",
    ],
)
def test_the_connection_refuses(connections: Connections, tmp_path: Path, statement: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret\n")
    before = {name.name for name in tmp_path.iterdir()}
    with connections.borrow(1) as connection:
        with pytest.raises(duckdb.Error) as caught:
            connection.execute(statement.format(secret=secret, folder=tmp_path)).fetchall()
        assert "top secret" not in str(caught.value)
        assert connection.execute("SELECT ID FROM GALAXIES ORDER BY ID").fetchall() == [(1,), (2,)]
    assert {name.name for name in tmp_path.iterdir()} == before


def test_no_secret_and_no_extension_from_elsewhere_can_be_seen(connections: Connections) -> None:
    with connections.borrow(1) as connection:
        assert connection.execute("SELECT * FROM duckdb_secrets()").fetchall() == []
        with pytest.raises(duckdb.Error, match="disabled by configuration"):
            connection.execute("SELECT * FROM duckdb_extensions()").fetchall()


def test_the_settings_are_those_asked_for(connections: Connections) -> None:
    with connections.borrow(1) as connection:
        names = ("access_mode", "enable_external_access", "lock_configuration", "threads", "memory_limit", "enable_progress_bar")
        values = [connection.execute(f"SELECT current_setting('{name}')").fetchone() for name in names]
    assert values == [("read_only",), (False,), (True,), (2,), ("256.0 MiB",), (True,)]


def test_a_borrowed_connection_is_nobody_elses(connections: Connections) -> None:
    with connections.borrow(1) as one, connections.borrow(1) as other:
        assert one is not other
        with pytest.raises(ServiceUnavailable, match="all 2 connections"), connections.borrow(0.01):
            pass
    with connections.borrow(0.01) as again:
        assert again in (one, other)


def test_who_waits_gets_the_next_connection(connections: Connections) -> None:
    begun, end = Event(), Event()

    def hold() -> None:
        with connections.borrow(1), connections.borrow(1):
            begun.set()
            assert end.wait(30)

    def wait() -> int:
        with connections.borrow(30) as connection:
            return len(connection.execute("SELECT 1").fetchall())

    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(hold)
        assert begun.wait(30)
        waiter = pool.submit(wait)
        end.set()
        assert waiter.result(30) == 1
        holder.result(30)


def test_macros_of_the_setup_are_known_on_every_connection(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(path.read_bytes())
    setup = ("SET integer_division = false", "CREATE TEMP MACRO twice(x) AS 2 * x")
    connections = Connections(copy, **{**OPTIONS, "setup": setup})  # type: ignore[arg-type]
    with connections.borrow(1) as one, connections.borrow(1) as other:
        assert one.execute("SELECT twice(4)").fetchall() == other.execute("SELECT twice(4)").fetchall() == [(8,)]
    connections.close()


def test_one_file_can_be_opened_twice_in_one_process(path: Path, connections: Connections) -> None:
    other = Connections(path, **OPTIONS)  # type: ignore[arg-type]
    with other.borrow(1) as connection:
        assert connection.execute("SELECT count(*) FROM GALAXIES").fetchall() == [(2,)]
        with pytest.raises(duckdb.Error):
            connection.execute("SET threads=3")
    other.close()
    with connections.borrow(1) as connection:
        assert connection.execute("SELECT count(*) FROM GALAXIES").fetchall() == [(2,)]


def test_a_sort_larger_than_memory_spills_into_the_temp_folder_although_files_are_out_of_reach(path: Path, tmp_path: Path) -> None:
    copy, temp = tmp_path / "copy.duckdb", tmp_path / "spill"
    copy.write_bytes(path.read_bytes())
    options = {**OPTIONS, "memory_bytes": 64 << 20, "temp_folder": temp}
    connections = Connections(copy, **options)  # type: ignore[arg-type]
    with connections.borrow(1) as connection:
        statement = "SELECT hash(a.N, b.N) h, a.N x, b.N y, a.N + b.N z FROM NUMBERS a, (FROM NUMBERS LIMIT 1000) b ORDER BY h"
        reader = connection.sql(statement).to_arrow_reader(10_000)
        next(reader)
        spilled = sum(file.stat().st_size for file in temp.rglob("*") if file.is_file())
        rows = 10_000 + sum(batch.num_rows for batch in reader)
    connections.close()
    assert spilled > 0
    assert rows >= 3_000_000 - 10_000


@pytest.mark.parametrize("content", [None, b"", b"this is no database" * 1000], ids=["missing", "empty", "something else"])
def test_what_is_not_a_catalogue_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "catalog.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ServiceUnavailable, match=r"catalog\.duckdb"):
        Connections(path, **OPTIONS)  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_said_to_be_none(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(path.read_bytes())
    copy.chmod(0)
    with pytest.raises(ServiceUnavailable, match=r"copy\.duckdb"):
        Connections(copy, **OPTIONS)  # type: ignore[arg-type]
