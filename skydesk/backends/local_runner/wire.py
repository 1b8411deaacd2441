"""What runner and worker say to each other.

==========  =========================================  ================================================================
``kind``    further keys                               meaning
==========  =========================================  ================================================================
``ready``                                              worker: the services are open, give me a job
``failed``  ``message``                                worker: the services cannot be opened
``job``     ``job``; the job's lock as a descriptor    runner: do this
``stop``    ``reason``                                 runner: stop it, for this reason
``progress``  ``done total unit fraction``             worker: so far have I come
``end``     ``phase error rows files_count             worker: this was it; ``traceback`` is for the service's log only
            size_bytes traceback``
==========  =========================================  ================================================================
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from ...jobs.model import Job, Phase

__all__ = ["job_from_message", "job_to_message"]

_TIMES = frozenset(field.name for field in fields(Job) if field.name.endswith("_at"))


def job_to_message(job: Job) -> dict[str, Any]:
    """A job as JSON values, without what an earlier attempt left."""
    values = asdict(replace(job, progress=None, error=None))
    return {name: _to_text(value) if name in _TIMES else value for name, value in values.items()}


def job_from_message(message: Mapping[str, Any]) -> Job:
    """The job that `job_to_message` gave."""
    values: dict[str, Any] = {name: _from_text(value) if name in _TIMES else value for name, value in message.items()}
    return Job(**{**values, "phase": Phase(values["phase"])})


def _to_text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
