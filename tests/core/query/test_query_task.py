from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Timer
from typing import Any

import pyarrow as pa
import pytest

from skydesk import __version__
from skydesk.errors import Cancelled, DeadlineExceeded, InvalidQuery, InvalidRequest, LimitExceeded
from skydesk.query.task import run_query
from tests.contracts.catalog_contract import CONTENT, ENDLESS_ROWS, ENDLESS_WITHOUT_ROWS, STAR_COUNT
from tests.fakes.catalog import FakeCatalog
from tests.fakes.duckdb_file import FakeSurvey
from tests.fakes.result_writer import FakeResultWriter
from tests.fakes.task_context import FakeTaskContext

REQUEST = {
    "sql": "SELECT ID, RA FROM STARS ORDER BY ID",
    "output": {"file_name": "stars.arrow", "format": "arrow", "compression": "none", "split_bytes": 5_000_000},
    "max_rows": None,
}


@dataclass
class FakeServices:
    catalog: FakeCatalog = field(default_factory=lambda: FakeCatalog(CONTENT))
    writer: FakeResultWriter = field(default_factory=FakeResultWriter)
    survey: FakeSurvey = field(default_factory=lambda: FakeSurvey(tables=()))


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def context(tmp_path: Path) -> FakeTaskContext:
    return FakeTaskContext(tmp_path)


def test_every_row_is_written_and_counted(services: FakeServices, context: FakeTaskContext) -> None:
    outcome = run_query(services, REQUEST, context)
    assert (outcome.files, outcome.rows) == (("stars.arrow",), STAR_COUNT)
    with pa.memory_map(str(context.folder / "stars.arrow")) as source:
        assert pa.ipc.open_file(source).read_all()["ID"].to_pylist() == [2**53 + number for number in range(STAR_COUNT)]
    assert outcome.summary["rows"] == STAR_COUNT
    assert outcome.summary["releases"] == ["R1"]


def test_the_file_is_told_where_its_rows_come_from(services: FakeServices, context: FakeTaskContext) -> None:
    run_query(services, REQUEST, context)
    metadata = services.writer.metadata
    assert metadata is not None
    assert (metadata.sql, metadata.survey, metadata.release) == (REQUEST["sql"], "small", "R1")
    assert (metadata.job_id, metadata.skydesk_version) == (context.job_id, __version__)
    assert metadata.created_at.tzinfo is not None
    assert services.writer.output is not None
    assert services.writer.output.split_bytes == 5_000_000


def test_progress_never_falls_and_ends_with_all(services: FakeServices, context: FakeTaskContext) -> None:
    run_query(services, REQUEST, context)
    assert all(one.done <= other.done for one, other in pairwise(context.reports))
    last = context.reports[-1]
    assert (last.done, last.total, last.unit, last.fraction) == (STAR_COUNT, STAR_COUNT, "rows", 1.0)


def test_the_log_tells_the_statement_the_rows_and_the_files(services: FakeServices, context: FakeTaskContext) -> None:
    run_query(services, REQUEST, context)
    log = "\n".join(context.lines)
    assert str(REQUEST["sql"]) in log
    assert "wrote stars.arrow: 2,500 rows" in log
    assert "done: 2,500 rows in " in log


def test_no_more_rows_are_written_than_wanted(services: FakeServices, context: FakeTaskContext) -> None:
    assert run_query(services, {**REQUEST, "max_rows": 10, "max_result_rows": 100}, context).rows == 10


def test_the_catalogue_is_told_which_releases_the_owner_may_read(services: FakeServices, context: FakeTaskContext) -> None:
    run_query(services, {**REQUEST, "readable_releases": ["R1"]}, context)
    run_query(services, REQUEST, context)
    assert services.catalog.readable == [frozenset({"R1"}), None]
    with pytest.raises(InvalidRequest, match="readable_releases"):
        run_query(services, {**REQUEST, "readable_releases": "R1"}, context)


def test_a_request_without_output_writes_parquet(services: FakeServices, context: FakeTaskContext) -> None:
    assert run_query(services, {"sql": REQUEST["sql"]}, context).files == ("result.parquet",)


@pytest.mark.parametrize("limit", [{"max_result_rows": 100}, {"max_result_bytes": 10_000}, {"max_result_rows": 100, "max_rows": 2000}])
def test_a_result_past_the_owners_limits_fails_the_job(services: FakeServices, context: FakeTaskContext, limit: dict[str, int]) -> None:
    with pytest.raises(LimitExceeded, match=r"100 rows|9\.766 KiB"):
        run_query(services, {**REQUEST, **limit}, context)


def test_a_job_stops_at_its_deadline(services: FakeServices, tmp_path: Path) -> None:
    with pytest.raises(DeadlineExceeded):
        run_query(services, {**REQUEST, "sql": ENDLESS_WITHOUT_ROWS}, FakeTaskContext(tmp_path, limit_seconds=0.2))


def test_a_cancelled_job_stops(services: FakeServices, context: FakeTaskContext) -> None:
    timer = Timer(0.2, context.cancellation.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        run_query(services, {**REQUEST, "sql": ENDLESS_ROWS}, context)
    timer.join()


def test_a_wrong_statement_fails_before_a_file_is_begun(services: FakeServices, context: FakeTaskContext) -> None:
    with pytest.raises(InvalidQuery):
        run_query(services, {**REQUEST, "sql": "DELETE FROM STARS"}, context)
    assert list(context.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"sql": None}, {"sql"}),
        ({"sql": "  ", "max_rows": "ten"}, {"sql", "max_rows"}),
        ({"max_rows": True}, {"max_rows"}),
        ({"max_result_bytes": -1}, {"max_result_bytes"}),
        ({"output": {"file_name": "x.csv"}}, {"output"}),
        ({"output": {"file_name": "x.csv", "format": "dbf"}}, {"output"}),
        ({"output": ["x.csv"]}, {"output"}),
        ({"output": {"file_name": "../x.csv", "format": "csv"}}, {"file_name"}),
    ],
)
def test_a_request_that_is_not_a_querys_is_refused(
    services: FakeServices, context: FakeTaskContext, change: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run_query(services, {**REQUEST, **change}, context)
    assert {fault.field for fault in caught.value.faults} == fields
