"""Fetches the files of jobs that have very many: those of cutouts and of tiles."""

import json
import tarfile
from collections import Counter
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from .cutout.outcomes import OUTCOMES_FILE
from .errors import ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from .transport import Transport

__all__ = ["fetch_archive", "told_of", "unpack", "unpack_archive"]


def fetch_archive(transport: "Transport", job_id: str, folder: Path) -> dict[str, Any]:
    """Unpack all files of a cutout job into a folder; give its outcomes, how many files they have, and their size.

    Errors are those of `unpack_archive`.
    """
    unpack_archive(transport, job_id, folder)
    return told_of(folder)


def unpack_archive(transport: "Transport", job_id: str, folder: Path) -> list[Path]:
    """Unpack all files of a job into a folder; errors of the transport, and those of `unpack`."""
    with transport.open("GET", f"jobs/{job_id}/archive") as source:
        return unpack(source, folder)


def unpack(source: IO[bytes], folder: Path) -> list[Path]:
    """Unpack a job's archive as it arrives, each file whole or not at all.

    Parameters
    ----------
    source
        A tar whose names begin with the job's id, which is left away.
    folder
        An existing folder. Files of the same names are replaced.

    Returns
    -------
    list[Path]
        Where they are now.

    Raises
    ------
    ServiceUnavailable
        The archive did not arrive whole, or has a file that leads out of the folder.
    UsageError
        The folder cannot be written to.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            return [_unpack(archive, member, name, folder) for member in archive if (name := member.name.partition("/")[2])]
    except tarfile.FilterError as error:
        raise ServiceUnavailable(f"a file of the archive leads out of {folder} ({error}); it was not written") from error
    except tarfile.TarError as error:
        raise ServiceUnavailable(f"the files did not arrive whole ({error}); fetch them again") from error
    except OSError as error:
        raise UsageError(f"cannot write in {folder}: {error.strerror or error}") from error


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, folder: Path) -> Path:
    target = PurePosixPath(name)
    if target.is_absolute() or ".." in target.parts:
        raise tarfile.OutsideDestinationError(member, name)
    if not member.isfile() or not target.name:
        raise tarfile.ReadError(f"{name[:200]!r} is no file")
    partial = target.with_name(f".{target.name}.partial")
    member.name = str(partial)
    try:
        archive.extract(member, folder, filter="data")
        return (folder / partial).replace(folder / target)
    except (tarfile.ReadError, OSError):
        with suppress(OSError):
            (folder / partial).unlink(missing_ok=True)
        raise


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
