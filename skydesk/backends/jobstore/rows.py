"""Jobs as rows and rows as jobs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from ...jobs.model import Job, JobError, Phase, Progress
from .schema import jobs

__all__ = ["JOB_COLUMNS", "job_from_row", "row_values"]

_FIELDS = tuple(f.name for f in fields(Job))

JOB_COLUMNS = tuple(jobs.c[name] for name in _FIELDS)
"""The columns to select for `job_from_row`, in the order of a job's fields."""

_PHASES = {phase.value: phase for phase in Phase}


def job_from_row(row: sa.Row[Any]) -> Job:
    """Make a job of a row of `JOB_COLUMNS`."""
    values = dict(zip(_FIELDS, row, strict=True))
    values["phase"] = _PHASES[values["phase"]]
    values["request"] = json.loads(values["request"])
    if values["progress"] is not None:
        values["progress"] = Progress(**json.loads(values["progress"]))
    if values["error"] is not None:
        values["error"] = JobError(**json.loads(values["error"]))
    return Job(**values)


def row_values(job: Job) -> Mapping[str, Any]:
    """Give the values of a job's columns, but for ``number``.

    What users and tasks wrote is kept as JSON in ASCII, so that no character is beyond a database's text type.
    """
    values = {name: getattr(job, name) for name in _FIELDS}
    values["phase"] = job.phase.value
    values["request"] = json.dumps(job.request)
    values["progress"] = None if job.progress is None else json.dumps(asdict(job.progress))
    values["error"] = None if job.error is None else json.dumps(asdict(job.error))
    values["search"] = f"{job.name}\n{job.id}".casefold()
    return values
