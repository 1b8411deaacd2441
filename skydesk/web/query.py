"""``query/...``: check, explain, quick page, stream, job, schema, examples, formats, history, notebook."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..errors import InvalidRequest, NotFound
from ..query.model import Column, HistoryEntry, QueryRequest, Table
from ..query.output import FORMATS, parse_output
from .arrow import ARROW_STREAM, arrow_stream
from .credentials import CREDENTIALS_ROUTES
from .fields import Fields
from .http import BytesReply, Call, JsonReply, Route, StreamReply
from .jobs import job_to_json
from .notebook import query_notebook
from .query_job import submit_query
from .times import time_to_json

__all__ = ["ROUTES", "column_to_json", "table_to_json"]

_NO_FILE_NAME = "result"
_NO_FORMAT = "parquet"


def column_to_json(column: Column) -> dict[str, Any]:
    """The Column of docs/api.md."""
    value = asdict(column) | {"type": column.type.value}
    del value["binary"]  # of use to the translation alone
    return value


def table_to_json(table: Table, *, with_columns: bool = True) -> dict[str, Any]:
    """A table with its columns, or with their number."""
    value = {"name": table.name, "release": table.release, "description": table.description, "row_count": table.row_count}
    if with_columns:
        return value | {"columns": [column_to_json(column) for column in table.columns]}
    return value | {"column_count": len(table.columns)}


def _check(call: Call) -> JsonReply:
    columns = call.services.queries.check(call.user, _only_sql(call))
    return JsonReply(value={"columns": [column_to_json(column) for column in columns]})


def _explain(call: Call) -> JsonReply:
    explanation = call.services.queries.explain(call.user, _only_sql(call))
    return JsonReply(value=asdict(explanation))


def _quick(call: Call) -> BytesReply:
    fields = Fields(call.json)
    sql, query_id = fields.text("sql"), _query_id(fields)
    fields.finish()
    _cancel_when_gone(call, query_id)
    page = call.services.queries.quick(call.user, sql, query_id)
    metadata = {
        "truncated": page.truncated,
        "rows": page.rows,
        "row_limit": page.row_limit,
        "elapsed_seconds": round(page.elapsed_seconds, 6),
        "database_seconds": round(page.database_seconds, 6),
        "release": page.release,
    }
    return BytesReply(body=b"".join(arrow_stream(page.columns, page.batches, metadata)), media_type=ARROW_STREAM)


def _cancel_quick(call: Call) -> JsonReply:
    call.services.queries.cancel(call.user, call.arguments["query_id"])
    return JsonReply(value={})


def _stream(call: Call) -> StreamReply:
    fields = Fields(call.json)
    sql, query_id = fields.text("sql"), _query_id(fields)
    max_rows, limit_seconds = fields.count_or_none("max_rows"), fields.seconds_or_none("limit_seconds")
    fields.finish()

    def rows() -> Iterator[bytes]:
        _cancel_when_gone(call, query_id)
        with call.services.queries.stream(call.user, sql, max_rows=max_rows, limit_seconds=limit_seconds, query_id=query_id) as stream:
            yield from arrow_stream(stream.columns, stream)

    return StreamReply(chunks=rows(), media_type=ARROW_STREAM)


def _job(call: Call) -> JsonReply:
    fields = Fields(call.json)
    sql, name, email = fields.text("sql"), fields.text_or_none("name"), fields.text_or_none("email")
    file_name, file_format, compression = (fields.text_or_none(key) for key in ("file_name", "format", "compression"))
    max_rows, allow_duplicate = fields.count_or_none("max_rows"), fields.flag("allow_duplicate")
    output = None
    try:
        output = parse_output(file_name or _NO_FILE_NAME, file_format or (None if file_name else _NO_FORMAT), compression)
    except InvalidRequest as error:
        fields.faults.extend(error.faults)
    fields.finish()
    request = QueryRequest(sql=sql, output=output, max_rows=max_rows)
    job = submit_query(call.services, call.user, request, name=name, email=email, allow_duplicate=allow_duplicate)
    return JsonReply(value=job_to_json(job, call.services.files_root), status=201, location=f"jobs/{job.id}")


def _schema(call: Call) -> JsonReply:
    tables = [table_to_json(table) for table in call.services.queries.schema(call.user)]
    return JsonReply(value={"tables": tables, "functions": list(call.services.queries.functions())})


def _tables(call: Call) -> JsonReply:
    tables = call.services.queries.schema(call.user)
    return JsonReply(value={"tables": [table_to_json(table, with_columns=False) for table in tables]})


def _table(call: Call) -> JsonReply:
    return JsonReply(value=table_to_json(call.services.queries.table(call.user, call.arguments["name"])))


def _examples(call: Call) -> JsonReply:
    examples = call.services.queries.examples()
    return JsonReply(value={"examples": [{"title": e.title, "description": e.description, "sql": e.sql} for e in examples]})


def _formats(_: Call) -> JsonReply:
    formats = [
        {"format": rules.format.value, "title": rules.title, "ending": rules.ending, "compressions": [c.value for c in rules.compressions]}
        for rules in FORMATS.values()
    ]
    return JsonReply(value={"formats": formats})


def _history(call: Call) -> JsonReply:
    return JsonReply(value={"history": [_entry_to_json(entry) for entry in call.services.queries.history(call.user)]})


def _clear_history(call: Call) -> JsonReply:
    call.services.queries.clear_history(call.user)
    return JsonReply(value={})


def _notebook(call: Call) -> JsonReply:
    sql = _only_sql(call)
    columns = call.services.queries.check(call.user, sql)
    return JsonReply(value=query_notebook(sql, columns, survey=call.services.survey.title, made_at=datetime.now(UTC)))


def _only_sql(call: Call) -> str:
    fields = Fields(call.json)
    sql = fields.text("sql")
    fields.finish()
    return sql


def _query_id(fields: Fields) -> str:
    """The caller's id of the run, or one of ours, by which it is stopped when the caller goes away."""
    return fields.text_or_none("query_id") or str(uuid.uuid4())


def _cancel_when_gone(call: Call, query_id: str) -> None:
    def cancel() -> None:
        with contextlib.suppress(NotFound):  # it has ended in the same moment
            call.services.queries.cancel(call.user, query_id)

    call.cancellation.check()
    call.cancellation.on_cancel(cancel)


def _entry_to_json(entry: HistoryEntry) -> dict[str, Any]:
    return asdict(entry) | {"ran_at": time_to_json(entry.ran_at)}


ROUTES = (
    tuple(
        Route(method=method, path=path, handle=handle, service="query")
        for method, path, handle in (
            ("POST", "query/check", _check),
            ("POST", "query/explain", _explain),
            ("POST", "query/quick", _quick),
            ("DELETE", "query/quick/{query_id}", _cancel_quick),
            ("POST", "query/stream", _stream),
            ("POST", "query/job", _job),
            ("GET", "query/schema", _schema),
            ("GET", "query/tables", _tables),
            ("GET", "query/tables/{name}", _table),
            ("GET", "query/examples", _examples),
            ("GET", "query/formats", _formats),
            ("GET", "query/history", _history),
            ("DELETE", "query/history", _clear_history),
            ("POST", "query/notebook", _notebook),
        )
    )
    + CREDENTIALS_ROUTES
)
