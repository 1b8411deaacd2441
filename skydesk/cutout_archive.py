"""Fetches the files of a cutout job."""

import json
import tarfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cutout.outcomes import OUTCOMES_FILE
from .errors import ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from .transport import Transport

__all__ = ["fetch_archive", "told_of"]


def fetch_archive(transport: "Transport", job_id: str, folder: Path) -> dict[str, Any]:
    """Unpack all files of a job into a folder; give its outcomes, how many files they have, and their size.

    Raises
    ------
    ServiceUnavailable
        The archive did not arrive whole.
    UsageError
        The folder cannot be written to.
    """
    try:
        with transport.open("GET", f"jobs/{job_id}/archive") as source, tarfile.open(fileobj=source, mode="r|") as archive:
            for member in archive:
                # every name begins with the job's id, which is not wanted here
                member.name = member.name.partition("/")[2]
                if member.isfile() and member.name:
                    archive.extract(member, folder, filter="data")
    except tarfile.TarError as error:
        raise ServiceUnavailable(f"the files of job {job_id} did not arrive whole ({error}); fetch them again") from error
    except OSError as error:
        raise UsageError(f"cannot write in {folder}: {error.strerror or error}") from error
    return told_of(folder)


def told_of(folder: Path) -> dict[str, Any]:
    """What became of the rows whose images a folder has."""
    with (folder / OUTCOMES_FILE).open(encoding="utf-8") as lines:
        outcomes = [json.loads(line) for line in lines if line.strip()]
    return {
        "rows": len(outcomes),
        "outcomes": dict(Counter(outcome["outcome"] for outcome in outcomes)),
        "files": len({f"{outcome['folder']}/{name}" for outcome in outcomes for name in outcome["files"]}),
        "size_bytes": sum(outcome["size_bytes"] for outcome in outcomes),
    }
