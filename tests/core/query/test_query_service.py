import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from skydesk.access import Entitlements, QueryLimits, User
from skydesk.errors import (
    Cancelled,
    Conflict,
    DeadlineExceeded,
    InvalidQuery,
    InvalidRequest,
    LimitExceeded,
    NotAllowed,
    NotFound,
    QueryRefused,
    ServiceUnavailable,
)
from skydesk.query.model import Compression, Format, Output, QueryRequest
from skydesk.query.service import QueryService
from tests.contracts.catalog_contract import CONTENT, ENDLESS_ROWS, ENDLESS_WITHOUT_ROWS, STAR_COUNT, STARS
from tests.fakes.catalog import FakeCatalog, HeldCatalog
from tests.fakes.duckdb_file import FakeSurvey
from tests.fakes.query_history import FakeQueryHistory
from tests.views import VIEWS

ADA = User(name="ada", entitlements=VIEWS["default"])
EVE = User(name="eve", entitlements=VIEWS["default"])
NOBODY = User(name="nobody")
ONLY_R1 = User(name="paul", entitlements=replace(VIEWS["default"], releases=frozenset({"R1"})))
SURVEY = FakeSurvey(tables=tuple(table for table, _ in CONTENT))


def limited(**limits: float) -> User:
    known = {"max_rows": 10_000, "max_result_bytes": 2**30, "max_seconds": 60, **limits}
    return User(
        name="lim",
        entitlements=Entitlements(services=frozenset({"query"}), releases=frozenset({"*"}), query=QueryLimits(**known)),  # type: ignore[arg-type]
    )


@pytest.fixture
def history() -> FakeQueryHistory:
    return FakeQueryHistory()


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog(CONTENT)


@pytest.fixture
def queries(catalog: FakeCatalog, history: FakeQueryHistory) -> QueryService:
    return QueryService(catalog, survey=SURVEY, history=history, wait_seconds=0.05)


@pytest.fixture
def held(history: FakeQueryHistory) -> Iterator[tuple[HeldCatalog, QueryService]]:
    catalog = HeldCatalog(CONTENT)
    yield catalog, QueryService(catalog, survey=SURVEY, history=history, wait_seconds=0.05)
    catalog.release.set()


def test_a_quick_page_holds_the_first_rows_and_says_that_there_are_more(queries: QueryService) -> None:
    page = queries.quick(ADA, "SELECT ID, RA FROM STARS ORDER BY ID")
    assert page.rows == page.row_limit == 1000
    assert page.truncated
    assert page.table["ID"].to_pylist() == [2**53 + number for number in range(1000)]
    assert sum(batch.num_rows for batch in page.batches) == 1000
    assert page.columns[1] == STARS.columns[1]
    assert page.table.schema.field("RA").metadata[b"unit"] == b"deg"
    assert 0 <= page.database_seconds <= page.elapsed_seconds


def test_a_quick_page_of_a_small_result_is_not_truncated(queries: QueryService) -> None:
    page = queries.quick(ADA, "SELECT ID FROM GALAXIES")
    assert (page.rows, page.truncated, page.release) == (2, False, "R2")


def test_a_page_of_exactly_the_limit_is_not_truncated(queries: QueryService) -> None:
    page = queries.quick(limited(quick_rows=2), "SELECT ID FROM GALAXIES")
    assert (page.rows, page.truncated) == (2, False)


def test_a_page_from_two_releases_names_none(queries: QueryService) -> None:
    assert queries.quick(ADA, "SELECT S.ID FROM STARS S, GALAXIES G").release is None


def test_a_quick_query_is_stopped_at_its_limit(queries: QueryService, history: FakeQueryHistory) -> None:
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s"):
        queries.quick(limited(quick_seconds=0.2), ENDLESS_WITHOUT_ROWS)
    assert history.entries("lim")[0].outcome == "deadline_exceeded"


def test_a_page_too_large_for_the_user_is_refused_with_the_limit(queries: QueryService) -> None:
    with pytest.raises(LimitExceeded, match="larger than 1000 bytes"):
        queries.quick(limited(max_result_bytes=1000), "SELECT * FROM STARS")


def test_a_quick_query_is_cancelled_by_its_id_and_only_by_its_owner(
    held: tuple[HeldCatalog, QueryService], history: FakeQueryHistory
) -> None:
    (catalog, queries), query_id = held, str(uuid.uuid4())
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(queries.quick, ADA, "SELECT ID FROM STARS", query_id)
        _until_running(catalog, 1)
        with pytest.raises(NotFound):
            queries.cancel(EVE, query_id)
        with pytest.raises(Conflict):
            queries.quick(ADA, "SELECT RA FROM STARS", query_id)
        assert not future.done()
        queries.cancel(ADA, query_id)
        with pytest.raises(Cancelled):
            future.result(30)
    with pytest.raises(NotFound):
        queries.cancel(ADA, query_id)
    assert history.entries("ada")[0].outcome == "cancelled"


def test_an_unknown_or_malformed_id_cannot_be_cancelled(queries: QueryService) -> None:
    with pytest.raises(NotFound):
        queries.cancel(ADA, str(uuid.uuid4()))
    with pytest.raises(InvalidRequest, match="must be a UUID"):
        queries.cancel(ADA, "1 OR 1=1")


def test_the_fifth_quick_query_of_one_user_is_refused_while_another_user_is_served(held: tuple[HeldCatalog, QueryService]) -> None:
    catalog, queries = held
    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(queries.quick, ADA, "SELECT ID FROM GALAXIES") for _ in range(4)]
        _until_running(catalog, 4)
        with pytest.raises(LimitExceeded, match="4 of your queries are running"):
            queries.quick(ADA, "SELECT ID FROM GALAXIES")
        other = pool.submit(queries.quick, EVE, "SELECT ID FROM GALAXIES")
        _until_running(catalog, 5)
        catalog.release.set()
        assert [future.result(30).rows for future in (*running, other)] == [2] * 5


def test_a_stream_gives_every_row(queries: QueryService, history: FakeQueryHistory) -> None:
    with queries.stream(ADA, "SELECT ID FROM STARS") as rows:
        assert sum(batch.num_rows for batch in rows) == STAR_COUNT
        assert [column.name for column in rows.columns] == ["ID"]
        assert rows.fraction_done() == 1
    (entry,) = history.entries("ada")
    assert (entry.kind, entry.outcome, entry.rows) == ("stream", "ok", STAR_COUNT)


def test_a_stream_ends_quietly_after_the_rows_wanted(queries: QueryService) -> None:
    with queries.stream(limited(max_rows=100), "SELECT ID FROM STARS", max_rows=100) as rows:
        assert sum(batch.num_rows for batch in rows) == 100


@pytest.mark.parametrize("wanted", [None, 101, 10**9])
def test_a_stream_past_the_rows_limit_is_stopped_and_says_the_limit(queries: QueryService, wanted: int | None) -> None:
    with (
        pytest.raises(LimitExceeded, match="more than 100 rows"),
        queries.stream(limited(max_rows=100), "SELECT ID FROM STARS", wanted) as rows,
    ):
        list(rows)


def test_a_stream_of_exactly_the_rows_limit_is_whole(queries: QueryService) -> None:
    with queries.stream(limited(max_rows=STAR_COUNT), "SELECT ID FROM STARS") as rows:
        assert sum(batch.num_rows for batch in rows) == STAR_COUNT


def test_a_stream_past_the_bytes_limit_is_stopped_and_says_the_limit(queries: QueryService, history: FakeQueryHistory) -> None:
    with (
        pytest.raises(LimitExceeded, match=r"larger than 9\.766 KiB"),
        queries.stream(limited(max_result_bytes=10_000), "SELECT ID FROM STARS") as rows,
    ):
        list(rows)
    assert history.entries("lim")[0].outcome == "limit_exceeded"


def test_the_shorter_of_two_time_limits_stops_a_stream(queries: QueryService) -> None:
    with (
        pytest.raises(DeadlineExceeded, match=r"0\.1 s"),
        queries.stream(limited(max_seconds=0.1), ENDLESS_WITHOUT_ROWS, limit_seconds=50) as rows,
    ):
        list(rows)
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s"), queries.stream(ADA, ENDLESS_WITHOUT_ROWS, limit_seconds=0.2) as rows:
        list(rows)


def test_a_stream_is_cancelled_by_its_id(queries: QueryService) -> None:
    query_id = str(uuid.uuid4())
    with pytest.raises(Cancelled), queries.stream(ADA, ENDLESS_ROWS, query_id=query_id) as rows:  # noqa: PT012 - the cancel belongs between two batches
        for number, _ in enumerate(rows):
            if number == 0:
                queries.cancel(ADA, query_id)


def test_a_stream_that_nobody_reads_on_frees_its_place(queries: QueryService) -> None:
    for _ in range(5):
        with suppress(RuntimeError), queries.stream(ADA, ENDLESS_ROWS) as rows:
            next(iter(rows))
            raise RuntimeError
    assert queries.quick(ADA, "SELECT ID FROM GALAXIES").rows == 2


@pytest.mark.parametrize(
    ("max_rows", "limit_seconds", "fields"),
    [
        (-1, None, {"max_rows"}),
        (None, 0, {"limit_seconds"}),
        (-5, -1, {"max_rows", "limit_seconds"}),
        (None, float("nan"), {"limit_seconds"}),
    ],
)
def test_numbers_out_of_range_are_named(queries: QueryService, max_rows: int | None, limit_seconds: float | None, fields: set[str]) -> None:
    with pytest.raises(InvalidRequest) as caught, queries.stream(ADA, "SELECT ID FROM STARS", max_rows, limit_seconds):
        pass
    assert {fault.field for fault in caught.value.faults} == fields


def test_nothing_is_open_to_a_user_without_the_service(queries: QueryService, history: FakeQueryHistory) -> None:
    sql = "SELECT ID FROM STARS"
    for call in (queries.check, queries.explain, queries.quick):
        with pytest.raises(NotAllowed, match="query service"):
            call(NOBODY, sql)
    with pytest.raises(NotAllowed), queries.stream(NOBODY, sql):
        pass
    for look in (queries.schema, queries.history, queries.clear_history):
        with pytest.raises(NotAllowed):
            look(NOBODY)
    with pytest.raises(NotAllowed):
        queries.validate_job(NOBODY, QueryRequest(sql=sql))
    assert history.entries("nobody") == ()


def test_a_release_that_is_not_granted_cannot_be_read_in_any_way(queries: QueryService, catalog: FakeCatalog) -> None:
    sql = "SELECT S.ID FROM STARS S, GALAXIES G"
    for call in (queries.check, queries.explain, queries.quick):
        with pytest.raises(NotAllowed, match="release R2 is not open to paul"):
            call(ONLY_R1, sql)
    with pytest.raises(NotAllowed), queries.stream(ONLY_R1, sql):
        pass
    with pytest.raises(NotAllowed):
        queries.validate_job(ONLY_R1, QueryRequest(sql=sql))
    assert catalog.ran == []
    assert queries.quick(ONLY_R1, "SELECT ID FROM STARS").release == "R1"


def test_the_schema_shows_the_tables_of_the_releases_granted(queries: QueryService) -> None:
    assert [table.name for table in queries.schema(ADA)] == ["STARS", "GALAXIES", "NUMBERS"]
    assert [table.name for table in queries.schema(ONLY_R1)] == ["STARS", "NUMBERS"]
    assert queries.table(ADA, "stars").row_count == STAR_COUNT
    with pytest.raises(NotFound):
        queries.table(ADA, "NOWHERE")
    with pytest.raises(NotFound):
        queries.table(ONLY_R1, "GALAXIES")


def test_check_and_explain_do_not_run_the_statement(queries: QueryService, catalog: FakeCatalog) -> None:
    assert [column.name for column in queries.check(ADA, "SELECT RA FROM STARS")] == ["RA"]
    assert "STARS" in queries.explain(ADA, "SELECT RA FROM STARS").plan
    assert catalog.ran == []


def test_a_statement_of_ten_megabytes_is_refused_at_once(queries: QueryService) -> None:
    with pytest.raises(InvalidQuery, match="10,000,019 characters; at most 1,000,000"):
        queries.quick(ADA, "SELECT ID FROM STARS".ljust(10_000_019))


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_what_is_not_text_is_placed(queries: QueryService, character: str) -> None:
    with pytest.raises(InvalidQuery, match="not text") as caught:
        queries.check(ADA, f"SELECT ID\nFROM {character}STARS")
    assert (caught.value.line, caught.value.column) == (2, 6)


def test_every_run_is_remembered_with_its_outcome(queries: QueryService, history: FakeQueryHistory) -> None:
    queries.quick(ADA, "SELECT ID FROM GALAXIES")
    with pytest.raises(QueryRefused):
        queries.quick(ADA, "DROP TABLE STARS")
    queries.remember_job(ADA, "SELECT RA FROM STARS")
    entries = queries.history(ADA)
    assert [(entry.sql, entry.kind, entry.outcome, entry.rows) for entry in entries] == [
        ("SELECT RA FROM STARS", "job", "ok", None),
        ("DROP TABLE STARS", "quick", "query_refused", None),
        ("SELECT ID FROM GALAXIES", "quick", "ok", 2),
    ]
    assert queries.history(EVE) == ()
    queries.clear_history(ADA)
    assert history.entries("ada") == ()


def test_a_result_is_not_lost_when_its_record_is(
    queries: QueryService, history: FakeQueryHistory, caplog: pytest.LogCaptureFixture
) -> None:
    history.failure = ServiceUnavailable("database is locked")
    assert queries.quick(ADA, "SELECT ID FROM GALAXIES").rows == 2
    assert "the history of ada lacks a quick query" in caplog.text


CSV = Output(file_name="m2.csv", format=Format.CSV)


def test_a_good_job_is_valid(queries: QueryService, catalog: FakeCatalog) -> None:
    queries.validate_job(ADA, QueryRequest(sql="SELECT ID FROM STARS", output=CSV, max_rows=10))
    assert catalog.ran == []


def test_a_job_with_a_wrong_statement_keeps_its_place(queries: QueryService) -> None:
    with pytest.raises(InvalidQuery) as caught:
        queries.validate_job(ADA, QueryRequest(sql="SELECT ID,\nNOPE FROM STARS", output=CSV))
    assert (caught.value.line, caught.value.column) == (2, 1)


def test_all_faults_of_a_job_are_named_at_once(queries: QueryService) -> None:
    output = Output(file_name="../m2.csv", format=Format.CSV, compression=Compression.GZIP)
    with pytest.raises(InvalidRequest) as caught:
        queries.validate_job(ADA, QueryRequest(sql="SELECT NOPE FROM STARS", output=output, max_rows=-1))
    assert [fault.field for fault in caught.value.faults] == ["sql", "file_name", "file_name", "max_rows"]
    assert caught.value.faults[0].message.startswith("line 1, column 8: ")


def test_a_job_carries_its_owners_limits(queries: QueryService) -> None:
    user = limited(max_rows=7, max_result_bytes=8)
    releases = sorted(user.entitlements.releases)
    assert queries.job_limits(user) == {"max_result_rows": 7, "max_result_bytes": 8, "readable_releases": releases, "owner_groups": []}


def test_examples_and_functions_are_the_surveys_and_the_catalogues(queries: QueryService) -> None:
    assert queries.examples() == SURVEY.examples
    assert queries.functions() == ("COUNT",)


def _until_running(catalog: FakeCatalog, count: int) -> None:
    ends_at = time.monotonic() + 30
    while len(catalog.ran) < count:
        assert time.monotonic() < ends_at, f"{len(catalog.ran)} of {count} queries began"
        time.sleep(0.002)
