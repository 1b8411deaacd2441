"""What a pod is given to do: written by the runner, read by the pod."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from ...errors import InternalError, LimitExceeded
from ...jobs.model import Job
from ..local_runner.settings import WorkerSettings
from ..local_runner.wire import job_from_message, job_to_message

__all__ = ["PodRequest", "packed", "read_request"]

_LARGEST_BYTES = 1_000_000
"""A Secret takes 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRequest:
    """One attempt at a job, with all that its pod must know."""

    job: Job
    worker: WorkerSettings
    report_url: str
    """Where this attempt is reported on."""

    token: str
    """With which it is; of use for nothing else."""


def packed(request: PodRequest) -> bytes:
    """Give a request as the bytes of a Secret.

    Raises
    ------
    LimitExceeded
        It is too large for one.
    """
    document = {
        "job": job_to_message(request.job),
        "worker": request.worker.to_json(),
        "report_url": request.report_url,
        "token": request.token,
    }
    content = gzip.compress(json.dumps(document).encode(), mtime=0)
    if len(content) > _LARGEST_BYTES:
        raise LimitExceeded(f"the request takes {len(content):,} bytes, compressed, and a job may be given {_LARGEST_BYTES:,}; shorten it")
    return content


def read_request(path: Path) -> PodRequest:
    """Read what `packed` gave.

    Raises
    ------
    InternalError
        It is not there, or is nothing of the kind.
    """
    try:
        document = json.loads(gzip.decompress(path.read_bytes()))
        return PodRequest(
            job=job_from_message(document["job"]),
            worker=WorkerSettings.from_json(document["worker"]),
            report_url=document["report_url"],
            token=document["token"],
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise InternalError(f"{path} holds no request for a worker: {error}") from error
