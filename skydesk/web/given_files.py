"""Files that a call brings or names: the bytes of an upload, and what a job of the user has written."""

import base64
import binascii
from pathlib import Path

from ..errors import Fault, InvalidRequest
from .http import Call

__all__ = ["job_file", "uploaded"]


def uploaded(content: str) -> bytes:
    """Decode the field ``content_base64``.

    Raises
    ------
    InvalidRequest
        It is not base 64.
    """
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest([Fault(field="content_base64", message=f"is not base 64: {str(error)[:100].lower()}")]) from error


def job_file(call: Call, job_id: str, name: str | None) -> Path:
    """Find a result file of one of the user's jobs; the first where none is named.

    Raises
    ------
    InvalidRequest
        The job has written no files.
    NotFound
        The user has no such job or file.
    """
    jobs = call.services.jobs
    if name is None:
        files = jobs.files(call.user, job_id)
        if not files:
            raise InvalidRequest([Fault(field="job_id", message="has written no files; choose another job")])
        name = files[0].name
    path: Path = jobs.file(call.user, job_id, name)
    return path
