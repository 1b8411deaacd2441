"""What a worker does for a query job: run the statement, write the files."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from .. import __version__
from ..errors import Fault, InvalidRequest
from ..jobs.model import JobOutcome
from ..jobs.ports import TaskContext
from .acting import acting_for, acting_person
from .limits import LimitedRows
from .model import Compression, Format, Output, QueryRequest, ResultMetadata
from .output import output_faults, parse_output
from .ports import Catalog, ResultWriter

__all__ = ["run_query"]

_DEFAULT_FILE = "result.parquet"


class QueryServices(Protocol):
    """What the task needs of a worker's services."""

    @property
    def catalog(self) -> Catalog:
        """What is asked."""

    @property
    def writer(self) -> ResultWriter:
        """What writes the rows."""

    @property
    def survey(self) -> Any:
        """The survey; its ``name`` goes into the files."""


def run_query(services: QueryServices, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Run a query job's statement and write its rows to the job's folder.

    Parameters
    ----------
    request
        A `QueryRequest` as JSON, with ``max_result_rows``, ``max_result_bytes`` and ``readable_releases`` beside it where the
        owner's limits are to hold, and ``owner_groups``, by which tables of others are granted.

    Raises
    ------
    InvalidRequest
        The request is not a query's.
    LimitExceeded
        The result passes the owner's limits.
    DeadlineExceeded, Cancelled
        The job's time is up, or it was cancelled.
    InvalidQuery, ServiceUnavailable
        As in `Catalog.stream` and `ResultWriter.write`.
    """
    query, output = _read(request)
    allowed_rows, readable = request.get("max_result_rows"), request.get("readable_releases")
    wanted = [limit for limit in (query.max_rows, None if allowed_rows is None else allowed_rows + 1) if limit is not None]
    begin = time.monotonic()
    context.log(f"statement:\n{query.sql}")
    with (
        acting_for(acting_person(), request.get("owner_groups") or ()),
        services.catalog.stream(
            query.sql,
            max_rows=min(wanted, default=None),
            limit_seconds=context.limit_seconds,
            cancellation=context.cancellation,
            readable=None if readable is None else frozenset(readable),
        ) as stream,
    ):
        releases = services.catalog.releases_read(query.sql)
        context.log(f"started after {time.monotonic() - begin:.2f} s; {len(stream.columns)} columns")
        rows = LimitedRows(stream, max_rows=allowed_rows, max_bytes=request.get("max_result_bytes"))
        metadata = ResultMetadata(
            sql=query.sql,
            survey=services.survey.name,
            release=next(iter(releases)) if len(releases) == 1 else None,
            created_at=datetime.now(UTC),
            job_id=context.job_id,
            skydesk_version=__version__,
        )
        files = services.writer.write(
            stream.columns,
            rows,
            context.folder,
            output,
            metadata,
            lambda written: context.report(written, query.max_rows, "rows", rows.fraction_done()),
        )
    seconds = time.monotonic() - begin
    context.report(rows.rows, rows.rows, "rows", 1.0)
    for file in files:
        context.log(f"wrote {file.name}: {file.rows:,} rows, {file.size_bytes:,} bytes")
    context.log(f"done: {rows.rows:,} rows in {seconds:.2f} s")
    summary = {"rows": rows.rows, "columns": len(stream.columns), "seconds": round(seconds, 3), "releases": sorted(releases)}
    return JobOutcome(files=tuple(file.name for file in files), rows=rows.rows, summary=summary)


def _read(request: Mapping[str, Any]) -> tuple[QueryRequest, Output]:
    faults: list[Fault] = []
    sql = request.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        faults.append(Fault(field="sql", message="must be one SELECT statement"))
    for name in ("max_rows", "max_result_rows", "max_result_bytes"):
        value = request.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            faults.append(Fault(field=name, message=f"must be a whole number, 0 or more, got {value!r}"))
    for name in ("readable_releases", "owner_groups"):
        names = request.get(name)
        if names is not None and not (isinstance(names, (list, tuple)) and all(isinstance(each, str) for each in names)):
            faults.append(Fault(field=name, message=f"must be a list of names, got {names!r:.80}"))
    output = parse_output(_DEFAULT_FILE)
    try:
        output = _output(request["output"]) if request.get("output") else output
        faults += output_faults(output)
    except (KeyError, TypeError, ValueError) as error:
        faults.append(Fault(field="output", message=f"is not a file to write: {error}"))
    if faults:
        raise InvalidRequest(faults)
    return QueryRequest(sql=str(sql), output=output, max_rows=request.get("max_rows")), output


def _output(value: Mapping[str, Any]) -> Output:
    output = Output(
        file_name=str(value["file_name"]),
        format=Format(value["format"]),
        compression=Compression(value.get("compression") or Compression.NONE),
    )
    split_bytes = value.get("split_bytes")
    return output if split_bytes is None else replace(output, split_bytes=int(split_bytes))
