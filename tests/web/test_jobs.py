import json
import tarfile
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pytest

from skydesk.errors import Conflict, InvalidRequest, NotFound
from skydesk.query.model import Cancellation
from skydesk.web.http import EventsReply, FileReply, JsonReply, StreamReply
from tests.web.conftest import HENRIETTA, Desk

SQL = "SELECT ID, MAG_G FROM STARS"


def submit(desk: Desk, **body: Any) -> Any:
    return desk.json("POST", "query/job", {"sql": SQL, "allow_duplicate": True, **body})


def test_jobs_are_listed_newest_first_with_the_revision(desk: Desk) -> None:
    first, second = submit(desk, name="first"), submit(desk, name="second")
    answer = desk.json("GET", "jobs")
    assert [job["id"] for job in answer["jobs"]] == [second["id"], first["id"]]
    assert answer["revision"] == second["revision"]
    assert [job["name"] for job in desk.json("GET", f"jobs?before={second['id']}")["jobs"]] == ["first"]
    assert [job["name"] for job in desk.json("GET", "jobs?limit=1")["jobs"]] == ["second"]
    assert [job["name"] for job in desk.json("GET", "jobs?text=FIR")["jobs"]] == ["first"]


def test_jobs_are_chosen_by_phases(desk: Desk) -> None:
    ended = submit(desk)
    desk.run_next({"result.parquet": b"x"})
    waiting = submit(desk)
    assert [job["id"] for job in desk.json("GET", "jobs?phase=completed")["jobs"]] == [ended["id"]]
    assert [job["id"] for job in desk.json("GET", "jobs?phase=QUEUED,EXECUTING")["jobs"]] == [waiting["id"]]


def test_wrong_parameters_are_all_named(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk.call("GET", "jobs?phase=SLEEPING&limit=0&colour=red")
    assert {fault.field for fault in caught.value.faults} == {"phase", "limit", "colour"}


def test_a_finished_job_tells_times_rows_and_folder(desk: Desk) -> None:
    job = submit(desk)
    desk.run_next({"result.parquet": b"12345"}, rows=3)
    told = desk.json("GET", f"jobs/{job['id']}")
    assert (told["phase"], told["rows"], told["files_count"], told["size_bytes"]) == ("COMPLETED", 3, 1, 5)
    assert told["folder"] == f"jobs/{job['id']}"
    assert told["run_seconds"] >= 0
    assert (told["renewals_left"], told["expiring"], told["expired"]) == (2, False, False)


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/renew"), ("POST", "/rerun"), ("GET", "/log"),
        ("GET", "/files"), ("GET", "/files/result.parquet"), ("GET", "/archive"), ("GET", "/notebook"),
    ],
)  # fmt: skip
def test_another_users_job_is_not_found(desk: Desk, method: str, rest: str) -> None:
    job = submit(desk)
    desk.run_next({"result.parquet": b"x"})
    body = {"name": "mine"} if method == "PATCH" else None
    with pytest.raises(NotFound):
        desk.by(HENRIETTA).call(method, f"jobs/{job['id']}{rest}", body)
    with pytest.raises(NotFound):
        desk.call(method, f"jobs/{job['id'][:-1]}{rest}", body)
    assert desk.json("GET", f"jobs/{job['id']}")["id"] == job["id"]


def test_a_job_is_renamed(desk: Desk) -> None:
    job = submit(desk)
    assert desk.json("PATCH", f"jobs/{job['id']}", {"name": "<b>new</b>"})["name"] == "<b>new</b>"
    with pytest.raises(InvalidRequest):
        desk.call("PATCH", f"jobs/{job['id']}", {"name": ""})
    with pytest.raises(InvalidRequest):
        desk.call("PATCH", f"jobs/{job['id']}", {"name": "a\nb"})


def test_a_waiting_job_is_cancelled_once(desk: Desk) -> None:
    job = submit(desk)
    assert desk.json("POST", f"jobs/{job['id']}/cancel")["phase"] == "ABORTED"
    with pytest.raises(Conflict):
        desk.call("POST", f"jobs/{job['id']}/cancel")


def test_a_job_says_why_it_waits_as_long_as_it_does(desk: Desk) -> None:
    job = submit(desk)
    assert job["note"] is None
    desk.services.store.change(job["id"], note="it waits for a node with room")
    assert desk.json("GET", f"jobs/{job['id']}")["note"] == "it waits for a node with room"
    assert desk.json("POST", f"jobs/{job['id']}/cancel")["note"] is None, "cancelled, it waits no more"


def test_a_renewal_moves_the_end_by_one_lifetime(desk: Desk) -> None:
    job = submit(desk)
    renewed = desk.json("POST", f"jobs/{job['id']}/renew")
    moved = datetime.fromisoformat(renewed["destruction_at"]) - datetime.fromisoformat(job["destruction_at"])
    assert moved.days == 14
    assert renewed["renewals_left"] == 1
    desk.call("POST", f"jobs/{job['id']}/renew")
    with pytest.raises(Conflict):
        desk.call("POST", f"jobs/{job['id']}/renew")


def test_a_job_runs_again_within_todays_limits(desk: Desk) -> None:
    job = submit(desk, name="again", file_name="x.csv")
    reply = desk.call("POST", f"jobs/{job['id']}/rerun")
    assert isinstance(reply, JsonReply)
    assert (reply.status, reply.location) == (201, f"jobs/{reply.value['id']}")
    assert reply.value["id"] != job["id"]
    assert (reply.value["name"], reply.value["request"]) == ("again", job["request"])
    from dataclasses import replace

    smaller = replace(desk.user.entitlements, query=replace(desk.user.entitlements.query, max_rows=7))
    rerun = desk.by(replace(desk.user, entitlements=smaller)).json("POST", f"jobs/{job['id']}/rerun")
    assert rerun["request"]["max_result_rows"] == 7


def test_a_job_is_deleted_with_its_files(desk: Desk, tmp_path: Path) -> None:
    job = submit(desk)
    desk.run_next({"result.parquet": b"x"})
    assert list((tmp_path / "jobs").rglob("result.parquet"))
    assert desk.json("DELETE", f"jobs/{job['id']}") == {}
    assert not list((tmp_path / "jobs").rglob("result.parquet"))
    with pytest.raises(NotFound):
        desk.call("GET", f"jobs/{job['id']}")


def test_several_jobs_are_deleted_and_failures_told(desk: Desk) -> None:
    first, second, other = submit(desk), submit(desk), submit(desk.by(HENRIETTA))
    answer = desk.json("POST", "jobs/delete", {"ids": [first["id"], second["id"], other["id"]]})
    assert answer["deleted"] == [first["id"], second["id"]]
    assert [entry["id"] for entry in answer["failed"]] == [other["id"]]
    assert desk.by(HENRIETTA).json("GET", "jobs")["jobs"]


@pytest.mark.parametrize("body", [{}, {"ids": "abc"}, {"ids": [1]}, {"ids": ["a"] * 1001}])
def test_what_to_delete_must_be_a_list_of_ids(desk: Desk, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        desk.call("POST", "jobs/delete", body)


def test_log_files_and_file(desk: Desk) -> None:
    job = submit(desk, file_name="m2.fits")
    desk.run_next({"m2.fits": b"SIMPLE"})
    assert desk.json("GET", f"jobs/{job['id']}/log") == {"log": "a line\n"}
    (file,) = desk.json("GET", f"jobs/{job['id']}/files")["files"]
    assert (file["name"], file["size_bytes"], file["media_type"], len(file["sha256"])) == ("m2.fits", 6, "application/fits", 64)
    reply = desk.call("GET", f"jobs/{job['id']}/files/m2.fits")
    assert isinstance(reply, FileReply)
    assert (reply.path.read_bytes(), reply.file_name, reply.media_type) == (b"SIMPLE", "m2.fits", "application/fits")


@pytest.mark.parametrize(
    "name", ["..%2Fx", "%2Fetc%2Fpasswd", "..%2F..%2F..%2Fetc%2Fpasswd", "%2E%2E", "request.json%00", "m2.fits%0A", "M2.FITS", "job.log"]
)
def test_only_listed_files_are_given_out(desk: Desk, name: str) -> None:
    job = submit(desk, file_name="m2.fits")
    desk.run_next({"m2.fits": b"SIMPLE"})
    with pytest.raises(NotFound):
        desk.call("GET", f"jobs/{job['id']}/files/{name}")


def test_the_archive_is_a_tar_of_all_files(desk: Desk) -> None:
    job = submit(desk, name='a "b"/c')
    desk.run_next({"result.parquet": b"12345"})
    reply = desk.call("GET", f"jobs/{job['id']}/archive")
    assert isinstance(reply, StreamReply)
    assert reply.file_name == 'a "b"_c.tar'
    with tarfile.open(fileobj=BytesIO(b"".join(reply.chunks))) as tar:
        assert tar.getnames() == [f"{job['id']}/result.parquet", f"{job['id']}/manifest.json"]


def test_events_begin_with_the_revision_and_follow_what_happens(desk: Desk) -> None:
    cancellation = Cancellation()
    reply = desk.call("GET", "jobs/events", cancellation=cancellation)
    assert isinstance(reply, EventsReply)
    events = (event for event in reply.events if event is not None)
    hello = next(events)
    assert (hello.event, hello.data) == ("hello", {"revision": 0})
    submit(desk.by(HENRIETTA))
    job = submit(desk)
    changed = next(events)
    assert (changed.event, changed.data["id"], changed.id) == ("changed", job["id"], str(job["revision"]))
    json.dumps(changed.data, allow_nan=False)
    desk.call("DELETE", f"jobs/{job['id']}")
    kinds = [next(events)]
    while kinds[-1].event != "deleted":
        kinds.append(next(events))
    assert kinds[-1].data == {"id": job["id"]}
    cancellation.cancel()
    assert list(events) == []


@pytest.mark.parametrize("by_header", [True, False])
def test_events_go_on_where_a_lost_connection_ended(desk: Desk, by_header: bool) -> None:
    first = submit(desk)
    second = submit(desk)
    since = str(first["revision"])
    path, more = ("jobs/events", {"last_event_id": since}) if by_header else (f"jobs/events?since={since}", {})
    reply = desk.call("GET", path, **more)
    assert isinstance(reply, EventsReply)
    assert next(reply.events).data == {"revision": first["revision"]}  # type: ignore[union-attr]
    assert next(reply.events).data["id"] == second["id"]  # type: ignore[union-attr]


def test_a_strange_last_event_id_begins_now(desk: Desk) -> None:
    job = submit(desk)
    reply = desk.call("GET", "jobs/events", last_event_id="x'; --")
    assert isinstance(reply, EventsReply)
    assert next(reply.events).data == {"revision": job["revision"]}  # type: ignore[union-attr]


def test_a_jobs_notebook_is_valid_and_says_where_it_comes_from(desk: Desk) -> None:
    job = submit(desk, name="<script>alert(1)</script> `x` # y", file_name="m2.fits")
    desk.run_next({"m2.fits": b"SIMPLE"}, rows=3)
    notebook = desk.json("GET", f"jobs/{job['id']}/notebook")
    content = nbformat.from_dict(notebook["content"])
    nbformat.validate(content)
    assert content.metadata.skydesk["job_id"] == job["id"]
    assert content.metadata.skydesk["sql"] == SQL
    assert content.metadata.skydesk["release"] == "R1"
    assert "<script>" not in content.cells[0].source
    assert SQL in content.cells[0].source
    assert notebook["file_name"] == "script-alert-1-script-x-y.ipynb"
    assert "Table.read" in content.cells[2].source
