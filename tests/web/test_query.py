import json
import uuid
from datetime import datetime
from typing import Any

import nbformat
import pyarrow as pa
import pytest

from skydesk.errors import Cancelled, Conflict, InvalidQuery, InvalidRequest, LimitExceeded, NotAllowed, NotFound
from skydesk.query.model import Cancellation
from skydesk.web.http import BytesReply, JsonReply, StreamReply
from tests.contracts.catalog_contract import STAR_COUNT
from tests.web.conftest import HENRIETTA, Desk

FIELDS_OF_A_JOB = {
    "id", "owner", "type", "name", "phase", "created_at", "started_at", "ended_at", "destruction_at", "limit_seconds", "run_seconds",
    "progress", "error", "note", "rows", "files_count", "size_bytes", "request", "email", "renewals_left", "expiring", "expired", "folder",
    "run_id", "attempt", "revision",
}  # fmt: skip


def quick(desk: Desk, sql: str, **more: Any) -> pa.Table:
    reply = desk.call("POST", "query/quick", {"sql": sql, **more})
    assert isinstance(reply, BytesReply)
    assert reply.media_type == "application/vnd.apache.arrow.stream"
    return pa.ipc.open_stream(reply.body).read_all()


def test_check_gives_the_columns(desk: Desk) -> None:
    columns = desk.json("POST", "query/check", {"sql": "SELECT ID, RA FROM STARS"})["columns"]
    assert columns[1] == {
        "name": "RA", "type": "float64", "unit": "deg", "ucd": "pos.eq.ra;meta.main", "description": "right ascension, ICRS",
    }  # fmt: skip


def test_check_says_where_a_statement_is_wrong(desk: Desk) -> None:
    with pytest.raises(InvalidQuery) as caught:
        desk.call("POST", "query/check", {"sql": "SELECT RAA FROM STARS"})
    assert (caught.value.detail["line"], caught.value.detail["column"], caught.value.detail["length"]) == (1, 8, 3)


def test_explain_gives_plan_and_statement(desk: Desk) -> None:
    assert desk.json("POST", "query/explain", {"sql": "SELECT ID FROM STARS"}) == {
        "plan": "SCAN STARS",
        "statement": "SELECT ID FROM STARS",
        "steps": [{"id": 1, "parent": None, "operation": "SCAN", "object": "STARS", "rows": None, "cost": None}],
    }


def test_a_quick_page_is_arrow_and_says_that_there_is_more(desk: Desk) -> None:
    table = quick(desk, "SELECT ID, RA, MAG_G FROM STARS")
    told = json.loads(table.schema.metadata[b"skydesk"])
    assert (told["rows"], told["row_limit"], told["truncated"], told["release"]) == (1000, 1000, True, "R1")
    assert 0 <= told["database_seconds"] <= told["elapsed_seconds"]
    assert table.num_rows == 1000
    assert table.schema.field("RA").metadata == {
        b"type": b"float64", b"unit": b"deg", b"ucd": b"pos.eq.ra;meta.main", b"description": b"right ascension, ICRS",
    }  # fmt: skip


def test_a_whole_result_says_so(desk: Desk) -> None:
    told = json.loads(quick(desk, "SELECT ID FROM GALAXIES").schema.metadata[b"skydesk"])
    assert (told["rows"], told["truncated"]) == (2, False)


def test_a_result_without_rows_has_its_columns(desk: Desk) -> None:
    reply = desk.call("POST", "query/stream", {"sql": "SELECT ID FROM STARS", "max_rows": 0})
    assert isinstance(reply, StreamReply)
    assert pa.ipc.open_stream(b"".join(reply.chunks)).read_all().schema.names == ["ID"]


def test_nulls_and_letters_survive(desk: Desk) -> None:
    table = quick(desk, "SELECT NAME, MAG_G, SEEN FROM STARS")
    assert table.column("NAME")[0].as_py() is None
    assert table.column("NAME")[1].as_py() == "étoile 1 ★"
    assert isinstance(table.column("SEEN")[0].as_py(), datetime)


def test_a_stream_gives_all_rows(desk: Desk) -> None:
    reply = desk.call("POST", "query/stream", {"sql": "SELECT ID FROM STARS"})
    assert isinstance(reply, StreamReply)
    assert pa.ipc.open_stream(b"".join(reply.chunks)).read_all().num_rows == STAR_COUNT


def test_a_stream_that_ends_badly_has_no_end_marker(desk: Desk) -> None:
    cancellation = Cancellation()
    reply = desk.call("POST", "query/stream", {"sql": "SELECT a.ID FROM STARS a, NUMBERS b"}, cancellation=cancellation)
    assert isinstance(reply, StreamReply)
    begun = next(reply.chunks)
    cancellation.cancel()

    def read_on() -> None:
        nonlocal begun
        for chunk in reply.chunks:
            begun += chunk

    with pytest.raises(Cancelled):
        read_on()
    assert not begun.endswith(b"\xff\xff\xff\xff\0\0\0\0")


def test_nothing_runs_for_a_caller_who_has_gone(desk: Desk) -> None:
    gone = Cancellation()
    gone.cancel()
    with pytest.raises(Cancelled):
        desk.call("POST", "query/quick", {"sql": "SELECT ID FROM STARS"}, cancellation=gone)


def test_a_query_that_does_not_run_cannot_be_cancelled(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.call("DELETE", f"query/quick/{uuid.uuid4()}")


def test_an_id_must_be_a_uuid(desk: Desk) -> None:
    with pytest.raises(InvalidRequest, match="UUID"):
        desk.call("POST", "query/quick", {"sql": "SELECT ID FROM STARS", "query_id": "1"})


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("query/check", {}, ["sql"]),
        ("query/check", {"sql": 3, "more": 1}, ["sql", "more"]),
        ("query/check", {"sql": None}, ["sql"]),
        ("query/quick", {"sql": ["SELECT"], "query_id": 7}, ["sql", "query_id"]),
        ("query/stream", {"sql": "x", "max_rows": -1, "limit_seconds": 0}, ["max_rows", "limit_seconds"]),
        ("query/stream", {"sql": "x", "max_rows": True, "limit_seconds": "1"}, ["max_rows", "limit_seconds"]),
        ("query/stream", {"sql": "x", "max_rows": 10**30}, ["max_rows"]),
        ("query/job", {"sql": 1, "name": 2, "email": 3, "file_name": "a.csv", "max_rows": 1.5, "allow_duplicate": "yes"},
         ["sql", "name", "email", "max_rows", "allow_duplicate"]),
        ("query/job", {"name": "x", "file_name": "../a", "format": "docx", "compression": "lzma"},
         ["sql", "file_name", "format", "compression"]),
    ],
)  # fmt: skip
def test_every_fault_is_named(desk: Desk, path: str, body: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk.call("POST", path, body)
    assert sorted(str(fault.field) for fault in caught.value.faults) == sorted(fields)


def submit(desk: Desk, **body: Any) -> Any:
    reply = desk.call("POST", "query/job", {"sql": "SELECT ID, RA FROM STARS", **body})
    assert isinstance(reply, JsonReply)
    assert reply.status == 201
    assert reply.location == f"jobs/{reply.value['id']}"
    return json.loads(json.dumps(reply.value))


def test_a_job_is_accepted_and_woken_for(desk: Desk) -> None:
    job = submit(desk, name="m2 stars", file_name="m2.csv.gz", max_rows=10, email="vera@example.org")
    assert set(job) == FIELDS_OF_A_JOB
    assert (job["owner"], job["type"], job["name"], job["phase"]) == ("vera", "query", "m2 stars", "QUEUED")
    assert job["request"]["output"] == {"file_name": "m2.csv.gz", "format": "csv", "compression": "gzip", "split_bytes": 1_000_000_000}
    assert (job["request"]["sql"], job["request"]["max_rows"]) == ("SELECT ID, RA FROM STARS", 10)
    assert job["created_at"].endswith("Z")
    assert job["folder"] is None
    assert desk.runner.woken == 1


def test_a_job_without_a_file_name_writes_parquet(desk: Desk) -> None:
    assert submit(desk)["request"]["output"]["file_name"] == "result.parquet"


def test_a_format_alone_gives_the_file_its_ending(desk: Desk) -> None:
    assert submit(desk, format="fits")["request"]["output"]["file_name"] == "result.fits"


def test_a_job_carries_its_owners_limits(desk: Desk) -> None:
    request = submit(desk.by(HENRIETTA))["request"]
    assert (request["max_result_rows"], request["max_result_bytes"]) == (1_000_000, 2**30)


def test_the_same_statement_twice_is_a_conflict_unless_asked_for(desk: Desk) -> None:
    submit(desk)
    with pytest.raises(Conflict):
        submit(desk)
    submit(desk, allow_duplicate=True)


def test_a_job_with_a_wrong_statement_is_refused_with_the_place(desk: Desk) -> None:
    with pytest.raises(InvalidQuery) as caught:
        submit(desk, sql="SELECT RAA FROM STARS")
    assert caught.value.column == 8


def test_more_jobs_than_allowed_are_refused(desk: Desk) -> None:
    few = desk.with_jobs(queued=1)
    submit(few)
    with pytest.raises(LimitExceeded):
        submit(few, allow_duplicate=True)


def test_the_schema_has_tables_columns_and_functions(desk: Desk) -> None:
    schema = desk.json("GET", "query/schema")
    assert [table["name"] for table in schema["tables"]] == ["STARS", "GALAXIES", "NUMBERS"]
    assert schema["tables"][0]["row_count"] == STAR_COUNT
    assert schema["tables"][0]["columns"][0]["ucd"] == "meta.id;meta.main"
    assert schema["functions"] == ["COUNT"]


def test_tables_come_without_columns_and_one_by_one_with_them(desk: Desk) -> None:
    first = desk.json("GET", "query/tables")["tables"][0]
    assert (first["name"], first["column_count"], "columns" in first) == ("STARS", 8, False)
    assert len(desk.json("GET", "query/tables/stars")["columns"]) == 8
    with pytest.raises(NotFound):
        desk.call("GET", "query/tables/NOTHING")


def test_examples_are_the_surveys(desk: Desk) -> None:
    assert desk.json("GET", "query/examples")["examples"][0]["title"] == "Bright stars"


def test_formats_say_ending_and_compressions(desk: Desk) -> None:
    formats = {entry["format"]: entry for entry in desk.json("GET", "query/formats")["formats"]}
    assert set(formats) == {"csv", "tab", "fits", "h5", "parquet", "vot", "ecsv", "arrow"}
    assert formats["csv"]["ending"] == ".csv"
    assert formats["csv"]["compressions"] == ["none", "gzip", "zstd"]


def test_history_remembers_until_it_is_cleared(desk: Desk) -> None:
    quick(desk, "SELECT ID FROM GALAXIES")
    submit(desk)
    entries = desk.json("GET", "query/history")["history"]
    assert [(entry["kind"], entry["outcome"]) for entry in entries] == [("job", "ok"), ("quick", "ok")]
    assert entries[1]["rows"] == 2
    assert entries[1]["ran_at"].endswith("Z")
    assert desk.by(HENRIETTA).json("GET", "query/history") == {"history": []}
    assert desk.json("DELETE", "query/history") == {}
    assert desk.json("GET", "query/history") == {"history": []}


def test_a_query_notebook_is_a_valid_notebook_with_the_statement(desk: Desk) -> None:
    notebook = desk.json("POST", "query/notebook", {"sql": "SELECT ID, MAG_G\nFROM STARS"})
    assert notebook["file_name"] == "query.ipynb"
    content = nbformat.from_dict(notebook["content"])
    nbformat.validate(content)
    assert content.metadata.skydesk["sql"] == "SELECT ID, MAG_G\nFROM STARS"
    assert '"""\nSELECT ID, MAG_G\nFROM STARS\n"""' in content.cells[1].source


def test_a_release_that_is_closed_is_refused(desk: Desk) -> None:
    from dataclasses import replace

    narrow = desk.by(replace(desk.user, entitlements=replace(desk.user.entitlements, releases=frozenset({"R1"}))))
    assert [table["name"] for table in narrow.json("GET", "query/tables")["tables"]] == ["STARS", "NUMBERS"]
    for path in ("query/check", "query/quick", "query/job", "query/notebook"):
        with pytest.raises(NotAllowed):
            narrow.call("POST", path, {"sql": "SELECT ID FROM GALAXIES"})
