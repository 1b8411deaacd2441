"""``cutout/...``: the form, tables of positions, estimates, jobs, images at once, previews."""

import base64
import io
import json
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skydesk.backends.position_files import given_from_parquet, positions_from_parquet
from skydesk.errors import InvalidRequest, LimitExceeded, NotAllowed, NotFound
from skydesk.web.cutout_job import POSITIONS_FILE, request_from_json
from skydesk.web.http import BytesReply, JsonReply, StreamReply
from tests.core.cutout.cutout_desk import ELSEWHERE, TILE, CutoutDesk, at, cutout_desk, limited
from tests.web.conftest import HENRIETTA, Desk

OPTIONS = {"x_size_arcmin": 5, "y_size_arcmin": 4, "products": ["fits", "lupton"]}
TEXT = f"RA,DEC,XSIZE,note\n{at(TILE, 200, 200)},,a\n{at(TILE, 200, 200)},,b\n{at(TILE, 120, 220)},6,c\n{at(ELSEWHERE, 200, 200)},,d\n"


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutoutDesk]:
    with cutout_desk(tmp_path_factory.mktemp("sky")) as made:
        yield made


@pytest.fixture
def cutouts(desk: Desk, sky: CutoutDesk) -> Desk:
    return Desk(replace(desk.services, open_cutouts=lambda: sky.service), desk.folders, desk.runner)


def draft_of(desk: Desk, text: str = TEXT, **more: Any) -> dict[str, Any]:
    value: dict[str, Any] = desk.json("POST", "cutout/positions", {"text": text, **more})
    return value


def test_the_form_says_what_may_be_chosen(cutouts: Desk) -> None:
    form = cutouts.json("GET", "cutout/form")
    assert [(release["name"], release["default"]) for release in form["releases"]] == [("DR1", False), ("DR2", True)]
    assert (form["bands"], form["planes"]) == (["g", "r", "i", "z", "Y"], ["SCI", "MSK", "WGT"])
    assert [column["name"] for column in form["columns"]][:3] == ["RA", "DEC", "COADD_OBJECT_ID"]
    assert len(form["columns"]) == 15
    assert all(column["description"] for column in form["columns"])
    assert form["limits"]["max_positions"] == 10_000
    assert (form["limits"]["smallest_arcmin"], form["limits"]["largest_arcmin"]) == (0.1, 12)
    assert form["defaults"]["fits_bands"] == ["g", "r", "i"]
    assert form["chart_allowed"] is True
    assert form["examples"]
    assert cutouts.by(HENRIETTA).json("GET", "cutout/form")["chart_allowed"] is False


def test_a_draft_counts_tiles_faults_and_rows_that_will_not_be_cut(cutouts: Desk) -> None:
    draft = draft_of(cutouts)
    assert draft["rows"] == 4
    assert draft["columns"] == ["RA", "DEC", "XSIZE", "note"]
    assert draft["preview"][2][2:] == ["6", "c"]
    assert (draft["faults"], draft["fault_count"]) == ([], 0)
    assert draft["tiles"] == [{"tile": TILE.name, "rows": 3}, {"tile": ELSEWHERE.name, "rows": 1}]
    assert [draft[name] for name in ("tile_count", "outside", "near_edge", "duplicates", "unknown_ids")] == [2, 1, 0, 1, 0]
    assert draft["release"] == "DR2"
    assert draft["overrides"] == {"XSIZE": 1}
    assert [(note["row"], note["message"].split(" ")[0]) for note in draft["notes"]] == [(None, "not"), (2, "is"), (4, "lies")]
    assert cutouts.json("GET", f"cutout/positions/{draft['id']}") == draft
    assert cutouts.json("GET", f"cutout/positions/{draft['id']}?release=DR1")["outside"] == 4
    assert cutouts.json("DELETE", f"cutout/positions/{draft['id']}") == {}
    with pytest.raises(NotFound):
        cutouts.call("GET", f"cutout/positions/{draft['id']}")


def test_a_draft_of_ids_names_those_that_the_catalogue_has_not(cutouts: Desk) -> None:
    draft = draft_of(cutouts, "11\n99\n")
    assert (draft["columns"], draft["unknown_ids"]) == (["COADD_OBJECT_ID"], 1)
    assert draft["notes"] == [
        {"row": 2, "field": "COADD_OBJECT_ID", "message": "the catalogue of DR2 has no object 99; the row will be left out"}
    ]


def test_faults_of_rows_do_not_fail_the_call(cutouts: Desk) -> None:
    draft = draft_of(cutouts, "RA,DEC\nx,1\n1,2\n3,99\n")
    assert [(fault["row"], fault["field"]) for fault in draft["faults"]] == [(1, "RA"), (3, "DEC")]
    part = cutouts.json("GET", f"cutout/positions/{draft['id']}/rows?first=1&count=2")
    assert part["rows"] == [["1", "2"], ["3", "99"]]
    assert [(fault["row"], fault["field"]) for fault in part["faults"]] == [(3, "DEC")]
    beyond = cutouts.json("GET", f"cutout/positions/{draft['id']}/rows?first=99")
    assert beyond == {"first": 99, "rows": [], "faults": []}


def test_a_draft_is_of_one_user_only(cutouts: Desk) -> None:
    draft = draft_of(cutouts)
    for method, path in (("GET", ""), ("GET", "/rows"), ("DELETE", "")):
        with pytest.raises(NotFound):
            cutouts.by(HENRIETTA).call(method, f"cutout/positions/{draft['id']}{path}")
    with pytest.raises(NotFound):
        cutouts.by(HENRIETTA).call("POST", "cutout/jobs", {"positions": draft["id"]})


@pytest.mark.parametrize("gzipped", [False, True])
def test_an_uploaded_file_is_read_whatever_it_is_called(cutouts: Desk, gzipped: bool) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"RA": [TILE.ra_deg], "DEC": [TILE.dec_deg]}), buffer)
    import gzip

    content = gzip.compress(buffer.getvalue()) if gzipped else buffer.getvalue()
    body = {"file_name": "x.dat", "content_base64": base64.b64encode(content).decode()}
    assert cutouts.json("POST", "cutout/positions", body)["tiles"] == [{"tile": TILE.name, "rows": 1}]


def test_the_result_of_a_query_may_have_ids_and_positions(cutouts: Desk) -> None:
    job = cutouts.json("POST", "query/job", {"sql": "SELECT ID FROM STARS", "file_name": "stars.csv"})
    content = f"COADD_OBJECT_ID,RA,DEC\n5,{at(TILE, 200, 200)}\n".encode()
    cutouts.run_next({"stars.csv": content})
    draft = cutouts.json("POST", "cutout/positions", {"job_id": job["id"], "file": "stars.csv"})
    assert (draft["faults"], draft["outside"]) == ([], 0)
    assert cutouts.json("POST", "cutout/positions", {"job_id": job["id"]})["rows"] == 1
    assert draft_of(cutouts, content.decode())["faults"][0]["message"].startswith("has both COADD_OBJECT_ID and RA/DEC")
    assert draft_of(cutouts, content.decode(), both=True)["faults"] == []
    with pytest.raises(NotFound):
        cutouts.by(HENRIETTA).call("POST", "cutout/positions", {"job_id": job["id"]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "give one of text, content_base64 and job_id, got none"),
        ({"text": "1 2", "job_id": "x"}, "got text and job_id"),
        ({"text": 5}, "must be a text"),
        ({"content_base64": "%%%"}, "is not base 64"),
        ({"content_base64": base64.b64encode(b"\x89PNG\0").decode()}, "format of this file is not known"),
        ({"text": ""}, "there are no positions"),
        ({"text": "foo,bar\n1,2"}, "name columns RA and DEC"),
        ({"text": "1 2", "colour": 1}, "colour"),
        ({"text": "RA,DEC\n"}, "there are no positions"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(cutouts: Desk, body: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        cutouts.call("POST", "cutout/positions", body)


def test_an_estimate_names_every_fault_and_the_limit(cutouts: Desk) -> None:
    draft = draft_of(cutouts)
    asked = {"positions": draft["id"], "options": OPTIONS}
    made = cutouts.json("POST", "cutout/estimate", asked)
    assert made["estimate"]["rows"] == 2
    assert made["estimate"]["files"] == 8
    assert (made["faults"], made["refusal"]) == ([], None)
    wrong = cutouts.json(
        "POST", "cutout/estimate", {**asked, "options": {"lupton_bands": ["iir"], "products": ["lupton"], "x_size_arcmin": 0}}
    )
    assert [fault["field"] for fault in wrong["faults"]] == ["x_size_arcmin", "lupton_bands"]
    refused = cutouts.by(limited(max_positions=1)).json("POST", "cutout/estimate", asked)
    assert refused["refusal"].startswith("4 positions were given, and your groups allow 1")


def test_a_job_keeps_request_limits_and_positions(cutouts: Desk) -> None:
    draft = draft_of(cutouts)
    body = {"positions": draft["id"], "options": OPTIONS, "include_matched_csv": True, "name": "my cutouts", "email": "vera@example.org"}
    reply = cutouts.call("POST", "cutout/jobs", body)
    assert isinstance(reply, JsonReply)
    assert (reply.status, reply.location) == (201, f"jobs/{reply.value['id']}")
    job = cutouts.services.jobs.get(cutouts.user, reply.value["id"])
    assert (job.type, job.name, job.email, job.limit_seconds) == ("cutout", "my cutouts", "vera@example.org", 172_800)
    request = request_from_json(job.request)
    assert (request.release, request.options.x_size_arcmin, request.include_matched_csv) == ("DR2", 5, True)
    assert job.request["max_positions"] == 10_000
    assert job.request["inputs"][POSITIONS_FILE]["rows"] == 4
    content = cutouts.folders.input(job, POSITIONS_FILE)
    assert positions_from_parquet(content).overrides == {2: {"XSIZE": 6.0}}
    given = given_from_parquet(content)
    assert given is not None
    assert given.columns == ("RA", "DEC", "XSIZE", "note")


def test_a_job_with_faults_or_beyond_the_limits_is_not_taken(cutouts: Desk) -> None:
    draft = draft_of(cutouts, "RA,DEC\nx,1\n")
    with pytest.raises(InvalidRequest) as caught:
        cutouts.call("POST", "cutout/jobs", {"positions": draft["id"], "options": {"products": []}})
    assert [(fault.row, fault.field) for fault in caught.value.faults] == [(None, "products"), (1, "RA")]
    with pytest.raises(LimitExceeded):
        cutouts.by(limited(max_positions=1)).call("POST", "cutout/jobs", {"positions": draft_of(cutouts)["id"]})
    with pytest.raises(InvalidRequest) as caught:
        cutouts.call("POST", "cutout/jobs", {"positions": draft_of(cutouts)["id"], "release": "DR9", "options": {"q": 1}, "name": 5})
    assert [fault.field for fault in caught.value.faults] == ["q", "release", "name"]


def tar_of(reply: Any) -> dict[str, bytes]:
    assert isinstance(reply, StreamReply)
    with tarfile.open(fileobj=io.BytesIO(b"".join(reply.chunks))) as tar:
        members = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in members.items() if file is not None}


def test_a_small_request_comes_back_as_a_tar(cutouts: Desk) -> None:
    files = tar_of(cutouts.call("POST", "cutout/quick", {"positions": draft_of(cutouts)["id"], "options": OPTIONS}))
    assert len(files) == 9
    assert list(files)[-1] == "outcomes.jsonl"
    outcomes = [json.loads(line) for line in files["outcomes.jsonl"].splitlines()]
    assert [(each["row"], each["outcome"]) for each in outcomes] == [(0, "done"), (1, "duplicate"), (2, "done"), (3, "outside")]
    for outcome in outcomes[:3]:
        assert all(f"{outcome['folder']}/{name}" in files for name in outcome["files"])


def test_positions_may_come_with_the_request_itself(cutouts: Desk) -> None:
    by_text = tar_of(cutouts.call("POST", "cutout/quick", {"text": TEXT, "options": OPTIONS}))
    by_draft = tar_of(cutouts.call("POST", "cutout/quick", {"positions": draft_of(cutouts)["id"], "options": OPTIONS}))
    assert by_text == by_draft
    assert tar_of(cutouts.call("POST", "cutout/quick", {"positions": TEXT, "options": OPTIONS})) == by_draft
    with pytest.raises(LimitExceeded, match="submit a job"):
        cutouts.by(limited(quick_positions=1)).call("POST", "cutout/quick", {"text": TEXT})


def test_a_row_is_previewed(cutouts: Desk) -> None:
    draft = draft_of(cutouts)["id"]
    pictures = set()
    for query in ("", "&kind=stiff", "&kind=grey&bands=i", "&bands=gri&q=3&stretch=5&minimum=-2", "&x_size_arcmin=3&row=3"):
        reply = cutouts.call("GET", f"cutout/preview?positions={draft}{query}")
        assert isinstance(reply, BytesReply)
        assert (reply.media_type, reply.body[:4]) == ("image/png", b"\x89PNG")
        pictures.add(reply.body)
    assert len(pictures) == 5


def test_a_preview_has_the_size_that_the_row_itself_asks_for_up_to_three_arcmin(cutouts: Desk) -> None:
    draft = draft_of(cutouts)["id"]

    def size(row: int) -> tuple[int, int]:
        reply = cutouts.call("GET", f"cutout/preview?positions={draft}&row={row}&x_size_arcmin=2")
        assert isinstance(reply, BytesReply)
        return struct.unpack(">II", reply.body[16:24])

    assert (size(1), size(3)) == ((18, 9), (27, 9))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("&kind=jpeg", "kind: must be one of"),
        ("&row=99", "from 1 to 4, got 99"),
        ("&bands=iq", "lupton_bands"),
        ("&q=x", "q: must be a number"),
        ("&q=nan", "lupton.q"),
        ("&x_size_arcmin=99", "x_size_arcmin"),
        ("&colour=1", "colour"),
    ],
)
def test_a_preview_that_cannot_be_drawn_is_refused(cutouts: Desk, query: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        cutouts.call("GET", f"cutout/preview?positions={draft_of(cutouts)['id']}{query}")


def test_a_preview_of_a_place_without_images_is_not_found(cutouts: Desk) -> None:
    with pytest.raises(NotFound, match="row 4"):
        cutouts.call("GET", f"cutout/preview?positions={draft_of(cutouts)['id']}&row=4")


def test_only_who_may_have_cutouts_gets_any(cutouts: Desk) -> None:
    nobody = cutouts.by(replace(HENRIETTA, entitlements=replace(HENRIETTA.entitlements, services=frozenset({"query"}))))
    for method, path, body in (
        ("GET", "cutout/form", None),
        ("POST", "cutout/positions", {"text": "1 2"}),
        ("POST", "cutout/quick", {"text": "1 2"}),
        ("POST", "cutout/jobs", {"positions": "x"}),
        ("GET", "cutout/preview", None),
    ):
        with pytest.raises(NotAllowed):
            nobody.call(method, path, body)
