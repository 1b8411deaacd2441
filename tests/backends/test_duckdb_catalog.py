import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from skydesk.access import User
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.duckdb_catalog.running import StopWatch
from skydesk.errors import Cancelled, DeadlineExceeded, InvalidQuery, InvalidSurvey, LimitExceeded, QueryRefused, ServiceUnavailable
from skydesk.query.model import Cancellation, Column, ColumnType
from skydesk.query.service import QueryService
from tests.contracts.catalog_contract import CONTENT, ENDLESS_WITHOUT_ROWS, GALAXIES, STAR_COUNT, STARS, read
from tests.fakes.duckdb_file import FakeSurvey, write_duckdb
from tests.fakes.query_history import FakeQueryHistory
from tests.views import VIEWS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalog") / "catalog.duckdb"
    write_duckdb(path, CONTENT)
    return path


@pytest.fixture(scope="module")
def catalog(path: Path) -> Iterator[DuckdbCatalog]:
    catalog = DuckdbCatalog(path, survey=FakeSurvey(tables=tuple(table for table, _ in CONTENT)))
    yield catalog
    catalog.close()


def test_a_result_that_fits_64_bits_is_exact(catalog: DuckdbCatalog) -> None:
    table = read(catalog, "SELECT SUM(FLAGS) S, COUNT(*) N, MAX(ID) M, AVG(RA) A FROM STARS")
    assert [str(field.type) for field in table.schema] == ["int64", "int64", "int64", "double"]
    assert table.to_pylist()[0]["N"] == STAR_COUNT
    assert table.to_pylist()[0]["M"] == 2**53 + STAR_COUNT - 1


def test_a_sum_past_64_bits_is_an_error_and_no_wrong_number(catalog: DuckdbCatalog) -> None:
    with pytest.raises(InvalidQuery, match="number out of range") as caught:
        read(catalog, "SELECT SUM(S.ID) FROM STARS S, NUMBERS N")
    assert "1.0" in str(caught.value.hint)


def test_dividing_by_zero_stops_the_statement_and_says_what_to_do(catalog: DuckdbCatalog) -> None:
    with pytest.raises(InvalidQuery, match="ORA-01476") as caught:
        read(catalog, "SELECT ID / (ID - 1) FROM GALAXIES")
    assert "NULLIF" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT RA FROM STARS WHERE NAME = 5", "ORA-01722: 'étoile"),
        ("SELECT RA, COUNT(*) FROM STARS", "neither grouped by nor aggregated"),
        ("SELECT (SELECT ID FROM STARS) FROM GALAXIES", "more than one row"),
    ],
)
def test_what_the_database_finds_wrong_is_said_in_one_plain_line(catalog: DuckdbCatalog, sql: str, message: str) -> None:
    with pytest.raises(InvalidQuery, match=message) as caught:
        read(catalog, sql)
    assert "\n" not in str(caught.value)


def test_a_file_that_lacks_what_the_survey_names_is_refused_with_every_fault(path: Path) -> None:
    more = replace(STARS, columns=(*STARS.columns, Column(name="AGE", type=ColumnType.FLOAT32), Column(name="Z", type=ColumnType.FLOAT32)))
    tables = (more, replace(GALAXIES, name="QUASARS"), replace(GALAXIES, name="VOIDS"))
    with pytest.raises(InvalidSurvey) as caught:
        DuckdbCatalog(path, survey=FakeSurvey(tables=tables))
    assert [(fault.field, fault.message.rpartition(": ")[2]) for fault in caught.value.faults] == [
        ("STARS", "AGE, Z"),
        ("QUASARS", "the catalogue file has no such table"),
        ("VOIDS", "the catalogue file has no such table"),
    ]


def test_a_table_that_the_survey_does_not_name_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "catalog.duckdb"
    survey = write_duckdb(path, CONTENT, ["CREATE TABLE HIDDEN AS SELECT 1 AS X"])
    catalog = DuckdbCatalog(path, survey=survey)
    for sql in ("SELECT X FROM HIDDEN", "SELECT * FROM duckdb_tables", "SELECT * FROM information_schema.tables"):
        with pytest.raises(InvalidQuery):
            catalog.check(sql)
    catalog.close()


DICTIONARY = "SELECT TABLE_NAME FROM ALL_TABLES UNION SELECT TABLE_NAME FROM ALL_TAB_COLUMNS UNION SELECT TABLE_NAME FROM ALL_COL_COMMENTS"


@pytest.mark.parametrize(
    ("readable", "names"),
    [
        (None, {"STARS", "GALAXIES", "NUMBERS"}),
        (frozenset({"*"}), {"STARS", "GALAXIES", "NUMBERS"}),
        (frozenset({"R2"}), {"GALAXIES"}),
        (frozenset({"R9"}), set()),
    ],
    ids=["whoever", "all", "one release", "none"],
)
def test_the_dictionary_views_list_only_tables_that_may_be_read(
    catalog: DuckdbCatalog, readable: frozenset[str] | None, names: set[str]
) -> None:
    listed = set(read(catalog, DICTIONARY, readable=readable)["TABLE_NAME"].to_pylist())
    assert listed == names & {table.name for table, _ in CONTENT}
    assert all(
        (f"'{name}'" in catalog.explain(DICTIONARY, readable=readable).statement) == (name in names) for name in ("STARS", "GALAXIES")
    )


def test_the_query_service_has_each_user_see_the_tables_that_he_may_read(catalog: DuckdbCatalog) -> None:
    queries = QueryService(catalog, survey=FakeSurvey(tables=()), history=FakeQueryHistory())
    for release, shown, hidden in (("R1", "STARS", "GALAXIES"), ("R2", "GALAXIES", "STARS")):
        user = User(name="ada", entitlements=replace(VIEWS["default"], releases=frozenset({release})))
        page = queries.quick(user, DICTIONARY).table["TABLE_NAME"].to_pylist()
        with queries.stream(user, DICTIONARY) as rows:
            streamed = [name for batch in rows for name in batch.column(0).to_pylist()]
        statement = str(queries.explain(user, DICTIONARY).statement)
        for answer in (page, streamed, statement):
            assert shown in answer
            assert hidden not in answer


def test_long_lists_of_ids_find_the_same_rows_with_an_index_and_without(tmp_path: Path) -> None:
    indexed = tmp_path / "indexed.duckdb"
    survey = write_duckdb(indexed, CONTENT, ['CREATE UNIQUE INDEX STARS_ID ON "STARS" ("ID")'])
    catalog = DuckdbCatalog(indexed, survey=survey)
    first = 2**53
    wanted = [first + number * 7 for number in range(1500)]
    there = [number for number in wanted if number < first + STAR_COUNT]
    listed = ", ".join(map(str, wanted))
    assert sorted(read(catalog, f"SELECT ID FROM STARS WHERE ID IN ({listed})")["ID"].to_pylist()) == there
    assert read(catalog, f"SELECT ID FROM STARS WHERE ID NOT IN ({listed})").num_rows == STAR_COUNT - len(there)
    catalog.close()


def test_a_closed_catalogue_can_be_opened_again(path: Path) -> None:
    for _ in range(3):
        catalog = DuckdbCatalog(path, survey=FakeSurvey(tables=(GALAXIES,)))
        assert read(catalog, "SELECT ID FROM GALAXIES ORDER BY ID")["ID"].to_pylist() == [1, 2]
        catalog.close()
        catalog.close()


def test_statements_beyond_the_connections_wait_and_are_then_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.duckdb"
    catalog = DuckdbCatalog(path, survey=write_duckdb(path, CONTENT), connections=1)
    sql = "SELECT ID FROM GALAXIES"
    catalog.check(sql)
    with catalog.stream(sql), pytest.raises(ServiceUnavailable, match="all 1 connections"):
        read(catalog, sql, limit_seconds=0.01)
    assert read(catalog, sql).num_rows == 2
    catalog.close()


def test_statements_that_end_near_their_deadline_leave_the_connection_sound(catalog: DuckdbCatalog) -> None:
    chance, stopped = random.Random(7), 0
    for _ in range(150):
        try:
            read(catalog, "SELECT COUNT(*) FROM NUMBERS A, NUMBERS B WHERE A.N < B.N", limit_seconds=chance.uniform(0.001, 0.05))
        except DeadlineExceeded:
            stopped += 1
        assert read(catalog, "SELECT ID FROM GALAXIES ORDER BY ID")["ID"].to_pylist() == [1, 2]
    assert stopped > 0


def test_a_cancel_in_any_moment_stops_an_endless_statement(catalog: DuckdbCatalog) -> None:
    chance = random.Random(8)
    for _ in range(20):
        cancellation = Cancellation()
        timer = Timer(chance.uniform(0, 0.02), cancellation.cancel)
        timer.start()
        begin = time.monotonic()
        with pytest.raises(Cancelled):
            read(catalog, ENDLESS_WITHOUT_ROWS, cancellation=cancellation, limit_seconds=30)
        timer.join()
        assert time.monotonic() - begin < 10


def test_a_deadline_that_passes_while_nobody_reads_ends_the_stream(catalog: DuckdbCatalog) -> None:
    with catalog.stream("SELECT A.N FROM NUMBERS A, NUMBERS B, NUMBERS C", limit_seconds=0.2, batch_rows=100) as rows:
        batches = iter(rows)
        assert next(batches).num_rows <= 100
        time.sleep(0.3)
        with pytest.raises(DeadlineExceeded):
            next(batches)


def test_a_stop_watch_repeats_its_interrupt_until_the_statement_has_ended() -> None:
    calls: list[float] = []
    with (
        ThreadPoolExecutor(1) as watchers,
        StopWatch(lambda: calls.append(time.monotonic()), limit_seconds=0.01, cancellation=None, watchers=watchers) as watch,
    ):
        ends_at = time.monotonic() + 30
        while len(calls) < 3 and time.monotonic() < ends_at:
            time.sleep(0.005)
        with pytest.raises(DeadlineExceeded):
            watch.check()
    count = len(calls)
    assert count >= 3
    time.sleep(0.06)
    assert len(calls) == count


def test_progress_of_a_long_statement_rises(catalog: DuckdbCatalog) -> None:
    seen: list[float] = []
    sql = "SELECT A.N FROM NUMBERS A, NUMBERS B"
    with catalog.stream(sql, batch_rows=100_000) as rows:
        for _ in rows:
            fraction = rows.fraction_done()
            if fraction is not None:
                seen.append(fraction)
    assert seen
    assert all(0 <= fraction <= 1 for fraction in seen)
    assert rows.fraction_done() == 1


def test_a_sort_without_end_is_stopped_when_it_fills_its_share_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "catalog.duckdb"
    catalog = DuckdbCatalog(
        path, survey=write_duckdb(path, CONTENT), memory_bytes=64 << 20, temp_bytes=64 << 20, temp_folder=tmp_path / "spill"
    )
    with pytest.raises(LimitExceeded, match="more memory and disk"):
        read(catalog, "SELECT A.N, B.N M, C.N O FROM NUMBERS A, NUMBERS B, NUMBERS C ORDER BY A.N + B.N + C.N", limit_seconds=60)
    assert read(catalog, "SELECT ID FROM GALAXIES ORDER BY ID")["ID"].to_pylist() == [1, 2]
    spilled = sum(file.stat().st_size for file in (tmp_path / "spill").rglob("*") if file.is_file())
    assert spilled <= 80 << 20
    catalog.close()


_MEASURE = """
import json, resource, sys
from pathlib import Path
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.errors import DeadlineExceeded
from tests.contracts.catalog_contract import CONTENT
from tests.fakes.duckdb_file import FakeSurvey

catalog = DuckdbCatalog(Path(sys.argv[1]), survey=FakeSurvey(tables=tuple(t for t, _ in CONTENT)), memory_bytes=128 << 20)
with catalog.stream("SELECT ID FROM STARS") as stream:
    list(stream)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = 0
try:
    with catalog.stream(sys.argv[2], limit_seconds=float(sys.argv[3])) as stream:
        for batch in stream:
            rows += batch.num_rows
except DeadlineExceeded:
    pass
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
print(json.dumps({"rows": rows, "grown_bytes": grown}))
"""


@pytest.mark.parametrize(
    ("sql", "least_rows"),
    [
        (
            "SELECT A.N N1, B.N N2, A.N + 0.5 N3, B.N + 0.5 N4, A.N - B.N N5, A.N * 2.5 N6 FROM NUMBERS A, NUMBERS B WHERE B.N < 1700",
            5_100_000,
        ),
        ("SELECT A.N N1, B.N N2, C.N N3 FROM NUMBERS A, NUMBERS B, NUMBERS C", 5_000_000),
        (ENDLESS_WITHOUT_ROWS, 0),
    ],
    ids=["five million rows", "rows without end", "no rows without end"],
)
def test_memory_does_not_grow_with_the_result(path: Path, sql: str, least_rows: int) -> None:
    command = [sys.executable, "-c", _MEASURE, str(path), sql, "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=Path(__file__).parents[2])
    measured = json.loads(done.stdout)
    assert measured["rows"] >= least_rows
    assert measured["grown_bytes"] < 250_000_000


def test_an_unsupported_type_is_refused_by_name_before_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "catalog.duckdb"
    table = replace(GALAXIES, name="LISTS", columns=(Column(name="XS", type=ColumnType.STRING),))
    write_duckdb(path, (), ["CREATE TABLE LISTS AS SELECT [1, 2] AS XS"])
    catalog = DuckdbCatalog(path, survey=FakeSurvey(tables=(table,)))
    with pytest.raises(QueryRefused, match=r"column XS has the type INTEGER\[\]"):
        catalog.check("SELECT XS FROM LISTS")
    catalog.close()
