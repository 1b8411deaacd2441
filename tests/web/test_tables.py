"""``tables/...``: own tables over the API."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydesk.access import TableLimits, User
from skydesk.backends.own_tables import FolderGivenFiles
from skydesk.errors import Cancelled, Conflict, InvalidQuery, InvalidRequest, LimitExceeded, NotAllowed, NotFound, QueryRefused
from skydesk.query.model import Cancellation
from skydesk.tables.service import TablesService
from skydesk.web.http import BytesReply, StreamReply
from tests.fakes.table_store import FakeTableStore
from tests.web.conftest import HENRIETTA, VERA, Desk

CSV = b"id,RA,DEC,name\n1,10.0,-45.0,=1+1\n2,10.001,-44.16,\n"


@pytest.fixture
def here(desk: Desk, tmp_path: Path) -> Desk:
    return _with_store(desk, FakeTableStore(), tmp_path)


def _with_store(desk: Desk, store: FakeTableStore | None, folder: Path) -> Desk:
    services = desk.services
    tables = TablesService(store, FolderGivenFiles(folder / "given"), queries=services.queries, catalog=services.catalog)
    return Desk(replace(services, own_tables=tables), desk.folders, desk.runner, desk.user)


def encoded(content: bytes) -> dict[str, str]:
    return {"file_name": "a.csv", "content_base64": base64.b64encode(content).decode()}


def inspect(desk: Desk, content: bytes = CSV) -> Any:
    return desk.json("POST", "tables/inspect", encoded(content))


def lines(desk: Desk, path: str, body: dict[str, Any], **more: Any) -> list[Any]:
    reply = desk.call("POST", path, body, **more)
    assert isinstance(reply, StreamReply)
    assert reply.media_type == "application/x-ndjson"
    return [json.loads(line) for line in reply.chunks]


def load(desk: Desk, name: str = "mine", content: bytes = CSV, **more: Any) -> Any:
    last = lines(desk, "tables", {"name": name, "source": {"inspection": inspect(desk, content)["id"]}, **more})[-1]
    return last.get("table", last)


def names(desk: Desk) -> list[str]:
    return [table["name"] for table in desk.json("GET", "tables")["tables"]]


def test_a_file_is_inspected_loaded_and_listed(here: Desk) -> None:
    found = inspect(here)
    assert [(c["given_name"], c["name"], c["type"]) for c in found["columns"]] == [
        ("id", "ID", "int64"),
        ("RA", "RA", "float64"),
        ("DEC", "DEC", "float64"),
        ("name", "NAME", "string"),
    ]
    assert (found["rows"], found["faults"], found["fault_count"], found["preview"][0]) == (2, [], 0, ["1", "10.0", "-45.0", "=1+1"])
    steps = lines(here, "tables", {"name": "mine", "description": "my stars", "source": {"inspection": found["id"]}})
    assert [step["rows"] for step in steps[:-1]] == [0, 2]
    table = steps[-1]["table"]
    assert (table["owner"], table["name"], table["description"], table["rows"], table["own"]) == ("vera", "MINE", "my stars", 2, True)
    answer = here.json("GET", "tables")
    assert answer["tables"] == [table]
    assert answer["quota"] == steps[-1]["quota"]
    assert (answer["quota"]["tables"], answer["quota"]["limit_bytes"]) == (1, 10 << 30)


def test_names_and_types_can_be_corrected_and_columns_left_out(here: Desk) -> None:
    columns = [{"given_name": "name", "name": "label", "type": "string"}, {"given_name": "id", "name": "n", "type": "float32"}]
    table = load(here, columns=columns)
    assert [(column["name"], column["type"]) for column in table["columns"]] == [("LABEL", "string"), ("N", "float32")]


def test_values_that_do_not_fit_a_corrected_type_are_all_named_and_nothing_is_loaded(here: Desk) -> None:
    last = load(here, content=b"A,B\n1,x\n2,5\n3,y\n", columns=[{"given_name": "B", "name": "B", "type": "int16"}])
    assert last["error"]["code"] == "invalid_request"
    assert [(fault["row"], fault["field"]) for fault in last["error"]["detail"]["faults"]] == [(1, "B"), (3, "B")]
    assert names(here) == []


def test_every_fault_that_is_known_beforehand_is_an_ordinary_error(here: Desk) -> None:
    found = inspect(here, b"A,B\n" + b"1,2\n" * 20 + b"3\n" + b"x,2\n")
    body = {"name": "STARS", "source": {"inspection": found["id"]}}
    with pytest.raises(InvalidRequest) as caught:
        here.call("POST", "tables", body)
    assert [(fault.field, fault.row) for fault in caught.value.faults] == [("name", None), ("A", 21), (None, 22)]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "source"}),
        ({"name": "T", "source": {}}, {"source"}),
        ({"name": "T", "source": {"sql": "SELECT 1 FROM DUAL", "job_id": "x"}}, {"source"}),
        ({"name": "T", "source": {"sql": "SELECT ID FROM STARS"}, "columns": [{"given_name": "a", "type": "text"}]}, {"a"}),
        ({"name": "T", "source": {"sql": "SELECT ID FROM STARS"}, "columns": "all"}, {"columns"}),
        ({"name": "T", "source": {"sql": "SELECT ID FROM STARS"}, "description": "\0"}, {"description"}),
        ({"name": "select", "source": {"sql": "SELECT ID FROM STARS"}}, {"name"}),
        ({"name": "T", "source": {"sql": "SELECT COUNT(*) FROM STARS"}}, {"COUNT(*)"}),
        ({"name": "T", "source": {"sql": "SELECT ID FROM STARS"}, "more": 1}, {"more"}),
    ],
    ids=["nothing", "no source", "two sources", "type", "columns", "control character", "reserved", "column without a name", "unknown"],
)
def test_wrong_bodies_are_refused_by_field(here: Desk, body: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        here.call("POST", "tables", body)
    assert {fault.field for fault in caught.value.faults} == fields


def test_a_statements_rows_become_a_table_with_their_words(here: Desk) -> None:
    last = lines(here, "tables", {"name": "T", "source": {"sql": "SELECT ID, RA FROM STARS"}})[-1]
    assert (last["table"]["rows"], last["table"]["columns"][1]["unit"]) == (2500, "deg")
    with pytest.raises(InvalidQuery):
        here.call("POST", "tables", {"name": "U", "source": {"sql": "SELECT NOPE FROM STARS"}})


def test_a_result_of_a_job_becomes_a_table(here: Desk) -> None:
    here.json("POST", "query/job", {"sql": "SELECT ID FROM STARS", "file_name": "a.csv"})
    job = here.run_next({"a.csv": b"ID\n1\n2\n", "b.csv": b"N\n1\n"})
    assert lines(here, "tables", {"name": "A", "source": {"job_id": job.id}})[-1]["table"]["rows"] == 2
    assert lines(here, "tables", {"name": "B", "source": {"job_id": job.id, "file": "b.csv"}})[-1]["table"]["rows"] == 1
    assert here.json("POST", "tables/inspect", {"job_id": job.id, "file": "b.csv"})["rows"] == 1
    with pytest.raises(NotFound):
        here.by(HENRIETTA).call("POST", "tables", {"name": "A", "source": {"job_id": job.id}})


def test_rows_are_added_by_the_names_of_columns(here: Desk) -> None:
    load(here, content=b"A,B\n1,x\n")
    body = {"source": {"inspection": inspect(here, b"b,a\ny,2\nz,3\n")["id"]}}
    assert lines(here, "tables/mine/append", body)[-1]["table"]["rows"] == 3
    with pytest.raises(InvalidRequest, match="C: is no column of the table"):
        here.call("POST", "tables/MINE/append", {"source": {"inspection": inspect(here, b"A,C\n1,2\n")["id"]}})
    last = lines(here, "tables/MINE/append", {"source": {"inspection": inspect(here, b"A,B\n1.5,2\n")["id"]}})[-1]
    assert last["error"]["detail"]["faults"][0]["field"] == "A"
    assert here.json("GET", "tables")["tables"][0]["rows"] == 3


def test_a_table_is_renamed_described_indexed_and_dropped(here: Desk) -> None:
    load(here)
    patch = {"name": "yours", "description": "d", "columns": [{"name": "ra", "unit": "deg", "ucd": "pos.eq.ra"}], "indexes": ["id"]}
    table = here.json("PATCH", "tables/mine", patch)
    assert (table["name"], table["description"], table["indexes"]) == ("YOURS", "d", ["ID"])
    assert (table["columns"][1]["unit"], table["columns"][1]["ucd"]) == ("deg", "pos.eq.ra")
    assert here.json("PATCH", "tables/yours", {}) == table
    with pytest.raises(InvalidRequest) as caught:
        here.call("PATCH", "tables/yours", {"name": "galaxies", "indexes": ["nope"], "columns": [{"name": "none"}]})
    assert {fault.field for fault in caught.value.faults} == {"name", "indexes", "columns"}
    reply = here.call("DELETE", "tables/yours")
    assert isinstance(reply, BytesReply)
    assert (reply.status, reply.body, names(here)) == (204, b"", [])
    with pytest.raises(NotFound):
        here.call("DELETE", "tables/yours")


def test_only_the_owner_changes_a_table_and_knows_who_may_read_it(here: Desk) -> None:
    load(here)
    grants = [{"kind": "user", "name": "henrietta"}, {"kind": "group", "name": "Dwarfs"}]
    table = here.json("PUT", "tables/mine/grants", {"grants": grants})
    assert table["grants"] == [{"kind": "group", "name": "dwarfs"}, {"kind": "user", "name": "henrietta"}]
    other = here.by(HENRIETTA)
    (seen,) = other.json("GET", "tables")["tables"]
    assert (seen["owner"], seen["own"], seen["grants"]) == ("vera", False, [])
    for method, path in (("DELETE", "tables/mine"), ("PATCH", "tables/mine"), ("PUT", "tables/mine/grants")):
        with pytest.raises(NotFound):
            other.call(method, path, {"grants": []} if method == "PUT" else {})
    here.json("PUT", "tables/mine/grants", {"grants": []})
    assert names(other) == []
    with pytest.raises(InvalidRequest, match="a user or a group"):
        here.call("PUT", "tables/mine/grants", {"grants": [{"kind": "everybody", "name": ""}]})


def limited(desk: Desk, **limits: int) -> Desk:
    return desk.by(replace(VERA, entitlements=replace(VERA.entitlements, tables=TableLimits(**limits))))


def test_quotas_hold(here: Desk) -> None:
    assert load(limited(here, max_bytes=10, max_tables=5))["error"]["code"] == "limit_exceeded"
    load(here)
    with pytest.raises(LimitExceeded):
        load(limited(here, max_bytes=1 << 30, max_tables=1), "more")
    with pytest.raises(Conflict):
        load(here)


def test_who_goes_away_leaves_nothing(here: Desk) -> None:
    reply = here.call("POST", "tables", {"name": "T", "source": {"inspection": inspect(here)["id"]}})
    assert isinstance(reply, StreamReply)
    chunks: Iterator[bytes] = reply.chunks
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert names(here) == []
    cancellation = Cancellation()
    reply = here.call("POST", "tables", {"name": "T", "source": {"inspection": inspect(here)["id"]}}, cancellation=cancellation)
    assert isinstance(reply, StreamReply)
    next(reply.chunks)
    cancellation.cancel()
    assert json.loads(list(reply.chunks)[-1])["error"]["code"] == Cancelled.code
    assert names(here) == []


def test_files_are_seen_by_who_gave_them_alone(here: Desk) -> None:
    found = inspect(here)
    with pytest.raises(NotFound):
        here.by(HENRIETTA).call("POST", "tables", {"name": "T", "source": {"inspection": found["id"]}})


@pytest.mark.parametrize(
    "body",
    [{}, {"content_base64": "%"}, {"content_base64": "QQ==", "job_id": "x"}, {"file": "a"}],
    ids=["none", "no base 64", "both", "file"],
)
def test_a_wrong_upload_is_refused(here: Desk, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        here.call("POST", "tables/inspect", body)


def test_a_packed_upload_is_unpacked(here: Desk) -> None:
    assert inspect(here, gzip.compress(CSV))["rows"] == 2


def test_who_may_not_use_it_is_told(here: Desk) -> None:
    nobody = here.by(User(name="eve", entitlements=replace(VERA.entitlements, services=frozenset({"query"}))))
    with pytest.raises(NotAllowed, match="tables"):
        nobody.call("GET", "tables")


def test_where_there_is_no_place_for_tables_that_is_said(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(QueryRefused, match="Oracle"):
        _with_store(desk, None, tmp_path).call("GET", "tables")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"radius_arcsec": 0}, {"radius_arcsec"}),
        ({"radius_arcsec": "1"}, {"radius_arcsec"}),
        ({"catalog_table": "NOPE", "into": "stars"}, {"catalog_table", "into"}),
        ({"columns": ["NOPE", "ID", "id"]}, {"columns"}),
    ],
    ids=["radius", "text", "names", "columns"],
)
def test_a_wrong_match_is_refused_with_every_fault(here: Desk, change: dict[str, Any], fields: set[str]) -> None:
    load(here)
    with pytest.raises(InvalidRequest) as caught:
        here.call("POST", "tables/match", {"table": "mine", "catalog_table": "STARS", "radius_arcsec": 1, "into": "M", **change})
    assert {fault.field for fault in caught.value.faults} == fields
