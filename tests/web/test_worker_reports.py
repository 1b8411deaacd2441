from typing import Any

import pytest

from skydesk.errors import InvalidRequest, Unauthenticated
from skydesk.jobs.model import Progress
from skydesk.jobs.reports import ReportKind
from skydesk.web.worker_reports import report_from_json, token_from_header

END = {"phase": "COMPLETED", "error": None, "rows": 3, "files_count": 1, "size_bytes": 5, "interrupted": False, "traceback": None}


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_a_token_is_read_from_its_header(header: str) -> None:
    assert token_from_header(header) == "abc"


@pytest.mark.parametrize("header", ["", "token abc", "abc", "Basic abc"])
def test_what_is_no_bearer_token_is_refused(header: str) -> None:
    with pytest.raises(Unauthenticated, match="Authorization: Bearer"):
        token_from_header(header)


def test_reports_are_read() -> None:
    started = report_from_json("k3v9", "2", {"kind": "started", "pod": "uid"})
    assert (started.job_id, started.attempt, started.pod_uid, started.kind) == ("k3v9", 2, "uid", ReportKind.STARTED)
    progress = report_from_json("k3v9", "2", {"kind": "progress", "pod": "uid", "done": 1, "total": None, "unit": "rows", "fraction": 0.5})
    assert progress.progress == Progress(done=1, fraction=0.5)
    end = report_from_json("k3v9", "2", {"kind": "end", "pod": "uid", "end": {**END, "surplus": 1}})
    assert end.end == {"kind": "end", **END}


def wrong_end(**fields: Any) -> dict[str, Any]:
    return {"kind": "end", "pod": "uid", "end": {**END, **fields}}


@pytest.mark.parametrize(
    "body",
    [
        None, [], "started", {}, {"kind": "started"}, {"kind": "gone", "pod": "uid"}, {"kind": ["started"], "pod": "uid"},
        {"kind": "started", "pod": 1}, {"kind": "progress", "pod": "uid"}, {"kind": "progress", "pod": "uid", "done": -1},
        {"kind": "progress", "pod": "uid", "done": True}, {"kind": "progress", "pod": "uid", "done": 1, "fraction": 2},
        {"kind": "progress", "pod": "uid", "done": 1, "total": "many"}, {"kind": "end", "pod": "uid"}, wrong_end(phase="EXECUTING"),
        wrong_end(phase="ARCHIVED"), wrong_end(error="no"), wrong_end(error={"code": 1, "message": "x"}), wrong_end(rows=-1),
        wrong_end(rows=1.5), wrong_end(files_count=None), wrong_end(phase=["ERROR"]),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRequest):
        report_from_json("k3v9", "1", body)


@pytest.mark.parametrize("attempt", ["", "one", "-1", "1.0", "²"])
def test_an_attempt_is_a_number(attempt: str) -> None:
    with pytest.raises(InvalidRequest, match="counted from 1"):
        report_from_json("k3v9", attempt, {"kind": "started", "pod": "uid"})
