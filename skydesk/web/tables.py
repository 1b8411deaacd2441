"""``tables/...``: a user's own tables: list, inspect, load, append, change, grant, drop, match."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

from ..errors import Fault
from ..query.model import ColumnType
from ..tables.model import ColumnWords, Correction, Grant, Inspection, MatchRequest, OwnTable, Quota, TablePatch
from ..tables.rows import Progress
from ..tables.service import GivenSource, QuerySource, Source
from .errors import error_to_json
from .fields import Fields
from .given_files import job_file, uploaded
from .http import BytesReply, Call, JsonReply, Reply, Route, StreamReply
from .query import column_to_json
from .times import time_to_json

__all__ = ["LINES", "ROUTES", "inspection_to_json", "own_table_to_json"]

LINES = "application/x-ndjson"
"""Media type of a JSON object a line."""

_MAX_UPLOAD_BYTES = 64 << 20
_MOST_COLUMNS = 2000


def own_table_to_json(table: OwnTable, user: str) -> dict[str, Any]:
    """The Table of docs/api.md, "Own tables"; who else may read it is for its owner to see."""
    return {
        "owner": table.owner,
        "name": table.name,
        "description": table.description,
        "rows": table.rows,
        "size_bytes": table.size_bytes,
        "columns": [column_to_json(column) for column in table.columns],
        "indexes": list(table.indexes),
        "created_at": time_to_json(table.created_at),
        "changed_at": time_to_json(table.changed_at),
        "grants": [asdict(grant) for grant in table.grants] if table.owner == user else [],
        "own": table.owner == user,
    }


def inspection_to_json(found: Inspection) -> dict[str, Any]:
    """The Inspection of docs/api.md."""
    return {
        "id": found.id,
        "rows": found.rows,
        "columns": [asdict(column) | {"type": column.type.value} for column in found.columns],
        "types": [kind.value for kind in ColumnType],
        "preview": [list(row) for row in found.preview],
        "faults": [asdict(fault) for fault in found.faults],
        "fault_count": found.fault_count,
    }


def _list(call: Call) -> JsonReply:
    tables = call.services.tables.visible(call.user)
    value = [own_table_to_json(table, call.user.name) for table in tables]
    return JsonReply(value={"tables": value, "quota": _quota(call)})


def _inspect(call: Call) -> JsonReply:
    fields = Fields(call.json)
    content, file_name = fields.text_or_none("content_base64"), fields.text_or_none("file_name") or ""
    job_id, file = fields.text_or_none("job_id"), fields.text_or_none("file")
    if (content is None) == (job_id is None):
        fields.faults.append(Fault(field="content_base64", message="give either the content of a file, or job_id and file"))
    fields.finish()
    if content is not None:
        found = call.services.tables.inspect(call.user, uploaded(content), file_name)
    else:
        found = call.services.tables.inspect(call.user, job_file(call, str(job_id), file), file or "")
    return JsonReply(value=inspection_to_json(found))


def _load(call: Call) -> Reply:
    fields = Fields(call.json)
    name, description = fields.text("name"), fields.text_or_none("description") or ""
    source, corrections = _source(call, fields), _corrections(fields)
    _require_words(fields, description=description)
    fields.finish()
    options = {"description": description, "corrections": corrections, "cancellation": call.cancellation}
    return _lines(call, call.services.tables.load(call.user, name, source(), **options))


def _append(call: Call) -> Reply:
    fields = Fields(call.json)
    source, corrections = _source(call, fields), _corrections(fields)
    fields.finish()
    name = call.arguments["name"]
    return _lines(call, call.services.tables.append(call.user, name, source(), corrections=corrections, cancellation=call.cancellation))


def _change(call: Call) -> JsonReply:
    fields = Fields(call.json)
    name, description = fields.text_or_none("name"), fields.text_or_none("description")
    indexes = None if fields.raw("indexes") is None else fields.texts("indexes", most=64)
    given = () if fields.raw("columns") is None else fields.objects("columns", most=_MOST_COLUMNS)
    columns = {}
    for value in given:
        each = Fields(value)
        words = {key: each.text_or_none(key) for key in ("unit", "ucd", "description")}
        columns[each.text("name")] = ColumnWords(**words)
        _require_words(fields, **{key: text or "" for key, text in words.items()})
        fields.faults += each.faults
    _require_words(fields, description=description or "")
    fields.finish()
    patch = TablePatch(name=name, description=description, columns=columns, indexes=indexes)
    table = call.services.tables.change(call.user, call.arguments["name"], patch)
    return JsonReply(value=own_table_to_json(table, call.user.name))


def _grant(call: Call) -> JsonReply:
    fields = Fields(call.json)
    grants = [Grant(kind=str(value.get("kind")), name=str(value.get("name") or "")) for value in fields.objects("grants", most=2000)]
    fields.finish()
    return JsonReply(value=own_table_to_json(call.services.tables.grant(call.user, call.arguments["name"], grants), call.user.name))


def _drop(call: Call) -> BytesReply:
    call.services.tables.drop(call.user, call.arguments["name"])
    return BytesReply(body=b"", media_type="application/json", status=204)


def _match(call: Call) -> Reply:
    fields = Fields(call.json)
    request = MatchRequest(
        table=fields.text("table"),
        catalog_table=fields.text("catalog_table"),
        radius_arcsec=_radius(fields),
        nearest=fields.raw("nearest") is None or fields.flag("nearest"),
        columns=() if fields.raw("columns") is None else fields.texts("columns", most=_MOST_COLUMNS),
        into=fields.text("into"),
        description=fields.text_or_none("description") or "",
    )
    _require_words(fields, description=request.description)
    fields.finish()
    return _lines(call, call.services.tables.match(call.user, request, cancellation=call.cancellation))


def _radius(fields: Fields) -> float:
    value = fields.raw("radius_arcsec")
    if isinstance(value, bool) or not isinstance(value, int | float):
        fields.faults.append(Fault(field="radius_arcsec", message=f"must be a number of arcsec, got {value!r:.40}"))
        return 1.0
    return float(value)


def _lines(call: Call, progress: Progress) -> StreamReply:
    """Progress and the table as lines; what is wrong before the first row is an ordinary error."""
    first = next(progress)

    def lines() -> Iterator[bytes]:
        try:
            for step in chain((first,), progress):
                if isinstance(step, OwnTable):
                    yield _line({"table": own_table_to_json(step, call.user.name), "quota": _quota(call)})
                else:
                    yield _line({"rows": step})
        except Exception as error:
            yield _line(error_to_json(error))
        finally:
            progress.close()

    return StreamReply(chunks=lines(), media_type=LINES)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _quota(call: Call) -> dict[str, int]:
    quota: Quota = call.services.tables.quota(call.user)
    return asdict(quota)


def _source(call: Call, fields: Fields) -> "Any":
    value = fields.raw("source")
    inner = Fields(value if isinstance(value, dict) else {})
    inspection, sql = inner.text_or_none("inspection"), inner.text_or_none("sql")
    job_id, file = inner.text_or_none("job_id"), inner.text_or_none("file")
    if sum(each is not None for each in (inspection, sql, job_id)) != 1 or not isinstance(value, dict):
        fields.faults.append(Fault(field="source", message="give one of inspection, sql, and job_id with file"))
    fields.faults += inner.faults

    def source() -> Source:
        if sql is not None:
            return QuerySource(sql=sql)
        if inspection is not None:
            return GivenSource(inspection_id=inspection)
        path = job_file(call, str(job_id), file)
        return GivenSource(inspection_id=call.services.tables.inspect(call.user, path, path.name).id)

    return source


def _corrections(fields: Fields) -> tuple[Correction, ...] | None:
    if fields.raw("columns") is None:
        return None
    found = []
    for value in fields.objects("columns", most=_MOST_COLUMNS):
        each = Fields(value)
        given_name, kind = each.text("given_name"), each.text("type")
        name = each.text_or_none("name") or given_name
        fields.faults += each.faults
        if kind in set(ColumnType):
            found.append(Correction(given_name=given_name, name=name, type=ColumnType(kind)))
        elif not each.faults:
            fields.faults.append(Fault(field=name[:130], message=f"has the type {kind!r:.40}; types are {', '.join(ColumnType)}"))
    return tuple(found)


def _require_words(fields: Fields, **texts: str) -> None:
    for name, text in texts.items():
        if len(text) > 4000 or any((c < " " and c not in "\n\t") or "\ud800" <= c <= "\udfff" for c in text):
            fields.faults.append(Fault(field=name, message="must have at most 4,000 characters, and no control characters"))


ROUTES = tuple(
    Route(
        method=method, path=path, handle=handle, service="tables", max_body_bytes=_MAX_UPLOAD_BYTES if path == "tables/inspect" else 2 << 20
    )
    for method, path, handle in (
        ("GET", "tables", _list),
        ("POST", "tables/inspect", _inspect),
        ("POST", "tables", _load),
        ("POST", "tables/match", _match),
        ("POST", "tables/{name}/append", _append),
        ("PATCH", "tables/{name}", _change),
        ("PUT", "tables/{name}/grants", _grant),
        ("DELETE", "tables/{name}", _drop),
    )
)
