"""Query jobs as they are submitted: checked by the query service, kept by the jobs service, within today's limits."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..access import User
from ..jobs.model import Job
from ..query.model import Compression, Format, Output, QueryRequest

__all__ = ["QUERY", "request_from_json", "request_to_json", "submit_query"]

QUERY = "query"
"""Name of the service, and so the type of its jobs."""


def submit_query(
    services: Any, user: User, request: QueryRequest, *, name: str | None = None, email: str | None = None, allow_duplicate: bool = False
) -> Job:
    """Check a query job and hand it to the jobs service; raises what the two report.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`.
    """
    services.queries.validate_job(user, request)
    payload = {**request_to_json(request), **services.queries.job_limits(user)}
    job: Job = services.jobs.submit(user, QUERY, payload, name=name, email=email, allow_duplicate=allow_duplicate)
    services.queries.remember_job(user, request.sql)
    return job


def request_to_json(request: QueryRequest) -> dict[str, Any]:
    """A request as the job keeps it."""
    return asdict(request)


def request_from_json(value: Mapping[str, Any]) -> QueryRequest:
    """The request that a job keeps."""
    output = value.get("output")
    return QueryRequest(
        sql=str(value["sql"]),
        max_rows=value.get("max_rows"),
        output=None
        if output is None
        else Output(
            file_name=output["file_name"],
            format=Format(output["format"]),
            compression=Compression(output["compression"]),
            split_bytes=output["split_bytes"],
        ),
    )
