"""``jobs/...``: list, follow, rename, cancel, renew, run again, delete, files, log, archive, events, notebook."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..errors import Fault, InvalidQuery, NotAllowed
from ..footprint.hips.model import WORK
from ..footprint.hips.model import request_from_json as pyramid_from_json
from ..footprint.task import request_from_json as bulk_from_json
from ..jobs.model import ACTIVE, Job, Phase
from ..jobs.rules import is_expired, is_expiring, renewals_left
from ..query.model import Column
from .cutout_job import CUTOUT, submit_cutouts
from .fields import Fields
from .footprint_job import FOOTPRINT, submit_bulk
from .http import Call, EventsReply, FileReply, JsonReply, Route, ServerSentEvent, StreamReply
from .notebook import cutout_notebook, job_notebook
from .query_job import QUERY, request_from_json, submit_query
from .times import time_to_json

__all__ = ["ROUTES", "job_to_json"]

_MOST_LISTED = 10_000
_MOST_DELETED = 1000
_UNKNOWN_TYPE = "application/octet-stream"


def job_to_json(job: Job, files_root: str | None) -> dict[str, Any]:
    """The Job of docs/api.md.

    Parameters
    ----------
    files_root
        Where the lab's file browser has its owner's job folders; None where it has not.
    """
    now = datetime.now(UTC)
    expired = is_expired(job)
    has_folder = files_root is not None and job.phase not in ACTIVE and not expired
    return {
        "id": job.id,
        "owner": job.owner,
        "type": job.type,
        "name": job.name,
        "phase": job.phase.value,
        "created_at": time_to_json(job.created_at),
        "started_at": time_to_json(job.started_at),
        "ended_at": time_to_json(job.ended_at),
        "destruction_at": time_to_json(job.destruction_at),
        "limit_seconds": job.limit_seconds,
        "run_seconds": _run_seconds(job, now),
        "progress": None if job.progress is None else asdict(job.progress),
        "error": None if job.error is None else asdict(job.error),
        "note": job.note if job.phase in ACTIVE else None,
        "rows": job.rows,
        "files_count": job.files_count,
        "size_bytes": job.size_bytes,
        "request": dict(job.request),
        "email": job.email,
        "renewals_left": renewals_left(job),
        "expiring": is_expiring(job, now),
        "expired": expired,
        "folder": f"{files_root}/{job.id}" if has_folder else None,
        "run_id": job.run_id,
        "attempt": job.attempt,
        "revision": job.revision,
    }


def _run_seconds(job: Job, now: datetime) -> float | None:
    if job.started_at is None:
        return None
    return round(max(0.0, ((job.ended_at or now) - job.started_at).total_seconds()), 3)


def _reply(call: Call, job: Job, *, status: int = 200) -> JsonReply:
    value = job_to_json(job, call.services.files_root)
    return JsonReply(value=value, status=status, location=f"jobs/{job.id}" if status == 201 else None)


def _list(call: Call) -> JsonReply:
    fields = Fields(call.query)
    phases, text = _phases(fields), fields.text_or_none("text")
    limit, before_id = fields.count_or_none("limit", least=1), fields.text_or_none("before")
    fields.finish()
    revision = call.services.jobs.revision()
    jobs = call.services.jobs.list(call.user, phases=phases, text=text, limit=min(limit or _MOST_LISTED, _MOST_LISTED), before_id=before_id)
    return JsonReply(value={"jobs": [job_to_json(job, call.services.files_root) for job in jobs], "revision": revision})


def _phases(fields: Fields) -> frozenset[Phase] | None:
    text = fields.text_or_none("phase")
    if not text:
        return None
    names = text.upper().split(",")
    unknown = [name for name in names if name not in Phase.__members__]
    if unknown:
        fields.faults.append(Fault(field="phase", message=f"must be some of {', '.join(Phase)}, got {', '.join(unknown)[:80]!r}"))
    return frozenset(Phase[name] for name in names if name in Phase.__members__)


def _get(call: Call) -> JsonReply:
    return _reply(call, call.services.jobs.get(call.user, call.arguments["id"]))


def _rename(call: Call) -> JsonReply:
    fields = Fields(call.json)
    name = fields.text("name")
    fields.finish()
    return _reply(call, call.services.jobs.rename(call.user, call.arguments["id"], name))


def _cancel(call: Call) -> JsonReply:
    return _reply(call, call.services.jobs.cancel(call.user, call.arguments["id"]))


def _renew(call: Call) -> JsonReply:
    return _reply(call, call.services.jobs.renew(call.user, call.arguments["id"]))


def _rerun(call: Call) -> JsonReply:
    job = call.services.jobs.get(call.user, call.arguments["id"])
    if job.type == QUERY:
        # the limits in the old request are those of its day
        request = request_from_json(job.request)
        again = submit_query(call.services, call.user, request, name=job.name, email=job.email, allow_duplicate=True)
    elif job.type == CUTOUT:
        _, cutouts, draft = call.services.gallery.again(call.user, job.id)
        again = submit_cutouts(call.services, call.user, draft, cutouts, name=job.name, email=job.email, allow_duplicate=True)
    elif job.type == FOOTPRINT and job.request.get("work") == WORK:
        wanted = pyramid_from_json(job.request)
        again, _ = call.services.pyramids.make(call.user, wanted.release, wanted.order)
    elif job.type == FOOTPRINT:
        _, (again, *_) = submit_bulk(
            call.services, call.user, bulk_from_json(job.request), name=job.name, email=job.email, allow_duplicate=True
        )
    else:
        again = call.services.jobs.rerun(call.user, job.id)
    return _reply(call, again, status=201)


def _delete(call: Call) -> JsonReply:
    call.services.jobs.delete(call.user, call.arguments["id"])
    return JsonReply(value={})


def _delete_many(call: Call) -> JsonReply:
    fields = Fields(call.json)
    ids = fields.texts("ids", most=_MOST_DELETED)
    fields.finish()
    done = call.services.jobs.delete_many(call.user, ids)
    failed = [{"id": job_id, "message": message} for job_id, message in done.failed]
    return JsonReply(value={"deleted": list(done.deleted), "failed": failed})


def _log(call: Call) -> JsonReply:
    return JsonReply(value={"log": call.services.jobs.log(call.user, call.arguments["id"])})


def _files(call: Call) -> JsonReply:
    return JsonReply(value={"files": [asdict(file) for file in call.services.jobs.files(call.user, call.arguments["id"])]})


def _file(call: Call) -> FileReply:
    job_id, name = call.arguments["id"], call.arguments["name"]
    path = call.services.jobs.file(call.user, job_id, name)
    media_type = next((file.media_type for file in call.services.jobs.files(call.user, job_id) if file.name == name), _UNKNOWN_TYPE)
    return FileReply(path=path, file_name=path.name, media_type=media_type)


def _archive(call: Call) -> StreamReply:
    job = call.services.jobs.get(call.user, call.arguments["id"])
    file_name = re.sub(r"[/\\]", "_", job.name) + ".tar"
    return StreamReply(chunks=call.services.jobs.archive(call.user, job.id), media_type="application/x-tar", file_name=file_name)


def _notebook(call: Call) -> JsonReply:
    services = call.services
    job = services.jobs.get(call.user, call.arguments["id"])
    folder = None if services.files_root is None else f"{services.files_root}/{job.id}"
    survey, made_at = services.survey.title, datetime.now(UTC)
    if job.type == CUTOUT:
        return JsonReply(value=cutout_notebook(job, survey=survey, folder=folder, made_at=made_at))
    columns, release = _columns(call, job)
    files = services.jobs.files(call.user, job.id)
    value = job_notebook(job, files, columns, survey=survey, release=release, folder=folder, made_at=made_at)
    return JsonReply(value=value)


def _columns(call: Call, job: Job) -> tuple[tuple[Column, ...], str | None]:
    """What a query job's statement returns, and the one release that it reads; nothing where it is no longer readable."""
    sql = job.request.get("sql")
    if job.type != QUERY or not isinstance(sql, str):
        return (), None
    try:
        columns = call.services.queries.check(call.user, sql)
        releases = call.services.catalog.releases_read(sql)
    except (InvalidQuery, NotAllowed):
        return (), None
    return tuple(columns), next(iter(releases)) if len(releases) == 1 else None


def _events(call: Call) -> EventsReply:
    fields = Fields(call.query)
    since = fields.count_or_none("since")
    fields.finish()
    if since is None and call.last_event_id is not None:
        since = Fields({"id": call.last_event_id}).count_or_none("id")
    return EventsReply(events=_event_stream(call, since))


def _event_stream(call: Call, since: int | None) -> Iterator[ServerSentEvent | None]:
    begin = call.services.jobs.revision() if since is None else since
    yield ServerSentEvent(event="hello", data={"revision": begin}, id=str(begin))
    for event in call.services.jobs.events(call.user, begin):
        if call.cancellation.requested:
            return
        if event is None:
            yield None
        elif event.job is None:
            yield ServerSentEvent(event="deleted", data={"id": event.job_id}, id=str(event.revision))
        else:
            yield ServerSentEvent(event="changed", data=job_to_json(event.job, call.services.files_root), id=str(event.revision))


ROUTES = tuple(
    Route(method=method, path=path, handle=handle, service="jobs")
    for method, path, handle in (
        ("GET", "jobs", _list),
        ("GET", "jobs/events", _events),
        ("POST", "jobs/delete", _delete_many),
        ("GET", "jobs/{id}", _get),
        ("PATCH", "jobs/{id}", _rename),
        ("DELETE", "jobs/{id}", _delete),
        ("POST", "jobs/{id}/cancel", _cancel),
        ("POST", "jobs/{id}/renew", _renew),
        ("POST", "jobs/{id}/rerun", _rerun),
        ("GET", "jobs/{id}/log", _log),
        ("GET", "jobs/{id}/files", _files),
        ("GET", "jobs/{id}/files/{name}", _file),
        ("GET", "jobs/{id}/archive", _archive),
        ("GET", "jobs/{id}/notebook", _notebook),
    )
)
