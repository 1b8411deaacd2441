"""What a worker's reports look like on the wire.

``POST worker/{job id}/{attempt}`` with ``Authorization: Bearer <token>`` and one of::

    {"kind": "started", "pod": uid}
    {"kind": "progress", "pod": uid, "done": n, "total": n | null, "unit": text, "fraction": x | null}
    {"kind": "publishing", "pod": uid}
    {"kind": "end", "pod": uid, "end": {"phase", "error", "rows", "files_count", "size_bytes", "interrupted", "traceback"}}

The answer is ``{}``, or an error: 401 and 409 tell the worker to leave everything as it is and end, 503 to say it again.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidRequest, Unauthenticated
from ..jobs.model import Phase, Progress
from ..jobs.reports import ReportKind, WorkerReport

__all__ = ["report_from_json", "token_from_header"]

_SCHEME = "bearer "
_ENDS = (Phase.COMPLETED, Phase.ERROR, Phase.ABORTED)


def token_from_header(authorization: str) -> str:
    """Give the token of an ``Authorization`` header.

    Raises
    ------
    Unauthenticated
        There is none.
    """
    if not authorization.lower().startswith(_SCHEME):
        raise Unauthenticated("a worker reports with its token: Authorization: Bearer <token>")
    return authorization[len(_SCHEME) :].strip()


def report_from_json(job_id: str, attempt: str, body: Any) -> WorkerReport:
    """Read a report.

    Raises
    ------
    InvalidRequest
        It is none.
    """
    if not isinstance(body, Mapping) or body.get("kind") not in list(ReportKind) or not isinstance(body.get("pod"), str):
        raise InvalidRequest(f"a report has a kind ({', '.join(ReportKind)}) and the uid of its pod")
    if not (attempt.isascii() and attempt.isdecimal()):
        raise InvalidRequest(f"an attempt is counted from 1, got {attempt[:20]!r}")
    kind = ReportKind(body["kind"])
    return WorkerReport(
        job_id=job_id,
        attempt=int(attempt),
        pod_uid=body["pod"],
        kind=kind,
        progress=_progress(body) if kind is ReportKind.PROGRESS else None,
        end=_end(body.get("end")) if kind is ReportKind.END else None,
    )


def _progress(body: Mapping[str, Any]) -> Progress:
    done, total, fraction = body.get("done"), body.get("total"), body.get("fraction")
    if not _is_count(done) or not (total is None or _is_count(total)):
        raise InvalidRequest(f"progress counts what is done and, where known, the whole, got {done!r:.50} of {total!r:.50}")
    if not (fraction is None or (isinstance(fraction, int | float) and 0 <= fraction <= 1)):
        raise InvalidRequest(f"fraction must be from 0 to 1, got {fraction!r:.50}")
    return Progress(done=int(done or 0), total=total, unit=str(body.get("unit") or "rows")[:50], fraction=fraction)


def _end(end: Any) -> Mapping[str, Any]:
    if not isinstance(end, Mapping) or end.get("phase") not in _ENDS:
        raise InvalidRequest("an end has a phase: COMPLETED, ERROR or ABORTED")
    error, rows = end.get("error"), end.get("rows")
    if error is not None and not (isinstance(error, Mapping) and all(isinstance(error.get(key), str) for key in ("code", "message"))):
        raise InvalidRequest("the error of an end has a code and a message")
    counts = {name: end.get(name) for name in ("files_count", "size_bytes")}
    if not all(_is_count(count) for count in (*counts.values(), 0 if rows is None else rows)):
        raise InvalidRequest("rows, files_count and size_bytes are whole numbers, 0 or more")
    return {
        "kind": "end",
        "phase": end["phase"],
        "error": None if error is None else {"code": error["code"], "message": error["message"]},
        "rows": rows,
        **counts,
        "interrupted": end.get("interrupted") is True,
        "traceback": end["traceback"] if isinstance(end.get("traceback"), str) else None,
    }


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
