"""What stands in a job's folder beside the results: ``request.json`` and ``manifest.json``."""

import ctypes
import errno
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeGuard

from ..errors import InternalError, ServiceUnavailable
from ..jobs.model import Job, JobError, JobFile, JobOutcome

__all__ = [
    "LOG",
    "MANIFEST",
    "REQUEST",
    "completed_attempt",
    "describe",
    "is_plain_name",
    "listing_of",
    "manifest_json",
    "media_type_of",
    "open_plain",
    "read_manifest",
    "readable",
    "request_json",
    "sync_disk",
    "translated",
    "write_durably",
]

LOG, MANIFEST, REQUEST = "job.log", "manifest.json", "request.json"

_LARGEST_MANIFEST_BYTES = 64 * 2**20
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
"""How a folder is opened only to go on from it, which needs no right to list it where the system can tell the two apart."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPES = {
    ".arrow": "application/vnd.apache.arrow.file",
    ".csv": "text/csv",
    ".ecsv": "text/plain",
    ".fits": "application/fits",
    ".fz": "application/fits",
    ".gz": "application/gzip",
    ".h5": "application/x-hdf5",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".tab": "text/tab-separated-values",
    ".tar": "application/x-tar",
    ".txt": "text/plain",
    ".vot": "application/x-votable+xml",
    ".zst": "application/zstd",
}


def media_type_of(name: str) -> str:
    """Give the media type of a file by the end of its name."""
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def is_plain_name(name: str) -> bool:
    """Tell whether a name is of a visible file below a folder: no ``..``, no root, no hidden part, no control characters."""
    parts = name.split("/")
    return (
        name.isprintable() and "\\" not in name and all(part and not part.startswith(".") and len(part.encode()) <= 255 for part in parts)
    )


def request_json(job: Job) -> bytes:
    """Write down what would run the job again."""
    document = {"id": job.id, "owner": job.owner, "type": job.type, "name": job.name, "request": job.request}
    return _json(document)


def describe(partial: Path, outcome: JobOutcome) -> tuple[JobFile, ...]:
    """Measure and hash the files of an outcome, and see to it that they are on the disk.

    Raises
    ------
    InternalError
        One is no plain file in the folder.
    """
    rows = outcome.summary.get("file_rows") or ({outcome.files[0]: outcome.rows} if len(outcome.files) == 1 else {})
    files = []
    for name in outcome.files:
        if not is_plain_name(name) or name in {LOG, MANIFEST, REQUEST} or not _is_plain_file(partial, name):
            raise InternalError(f"the task names {name!r} as a result, which is no file that it wrote")
        size_bytes, sha256 = _measured(partial / name)
        files.append(JobFile(name=name, size_bytes=size_bytes, sha256=sha256, media_type=media_type_of(name), rows=rows.get(name)))
    return tuple(files)


def manifest_json(job: Job, files: tuple[JobFile, ...], outcome: JobOutcome, timings: Mapping[str, float], error: JobError | None) -> bytes:
    """Write down what a job has made."""
    document = {
        "format": 1,
        "job": {"id": job.id, "owner": job.owner, "type": job.type, "name": job.name, "attempt": job.attempt},
        "complete": error is None,
        "error": None if error is None else asdict(error),
        "files": [asdict(file) for file in files],
        "listing": _listing_json(outcome),
        "rows": outcome.rows,
        "size_bytes": sum(file.size_bytes for file in files) + outcome.listed_bytes,
        "summary": dict(outcome.summary),
        "timings": dict(timings),
    }
    return _json(document)


def read_manifest(folder: Path) -> tuple[JobFile, ...]:
    """Read which files a manifest lists; whatever in it is not as we write it is left out, since users may edit it."""
    return _files(_document(folder))


def listing_of(folder: Path) -> str | None:
    """Name the file that lists what the manifest does not; None where there is none."""
    document = _document(folder)
    name, _, _ = _listing(document)
    return name if any(file.name == name and readable(folder, file) for file in _files(document)) else None


def completed_attempt(folder: Path, job: Job) -> Mapping[str, Any] | None:
    """Tell what the present attempt at a job has published.

    Returns
    -------
    Mapping or None
        The job's fields ``rows``, ``files_count`` and ``size_bytes``; None unless the folder holds all that this attempt made.
    """
    document = _document(folder)
    made_by, listed = document.get("job"), document.get("files")
    if document.get("complete") is not True or not isinstance(made_by, dict) or not isinstance(listed, list):
        return None
    files = _files(document)
    if (made_by.get("id"), made_by.get("attempt")) != (job.id, job.attempt) or len(files) != len(listed):
        return None
    if not all(readable(folder, file) for file in files):
        return None
    rows = document.get("rows")
    _, listed_files, listed_bytes = _listing(document)
    return {
        "rows": rows if type(rows) is int else None,
        "files_count": len(files) + listed_files,
        "size_bytes": sum(file.size_bytes for file in files) + listed_bytes,
    }


def readable(folder: Path, file: JobFile) -> bool:
    """Tell whether a listed file is there, whole, and reached through no link."""
    if not is_plain_name(file.name):
        return False
    try:
        with open_plain(folder / file.name) as opened:
            return os.fstat(opened.fileno()).st_size == file.size_bytes
    except (OSError, ValueError):
        return False


def open_plain(path: Path) -> BufferedReader:
    """Open a file for reading bytes, if it is one: reached through no link, no pipe, no device.

    Each folder on the way is opened from the one before, so that nothing can be swapped for a link between a check and the use.

    Parameters
    ----------
    path
        Absolute, without ``..``.

    Raises
    ------
    OSError
        It is not, or not there.
    """
    if not path.is_absolute() or not path.name or ".." in path.parts:
        raise OSError(errno.EINVAL, "not an absolute path", str(path))
    descriptor = _open_step_by_step(path.parts)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return os.fdopen(descriptor, "rb")


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that it has all of the content or, whatever happens, does not exist under its name."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def sync_disk(folder: Path) -> None:
    """Have everything that was written to the disk of a folder be on it, with one call however many files there are."""
    if sys.platform != "linux":
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a disk may say into our error; what is not there, or is there already, is left to the caller."""
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "is full; delete jobs that are no longer needed" if full else f"cannot be used ({error.strerror}); tell the operator"
        raise ServiceUnavailable(f"the disk of the job folders {why}") from error


def _open_step_by_step(parts: tuple[str, ...]) -> int:
    root, *folders, name = parts
    descriptor = os.open(root, _ON_THE_WAY)
    try:
        for folder in folders:
            inner = os.open(folder, _ON_THE_WAY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _is_plain_file(folder: Path, name: str) -> bool:
    path = folder / name
    try:
        resolved = path.resolve(strict=True)
        return resolved == path and resolved.is_relative_to(folder) and stat.S_ISREG(path.lstat().st_mode)
    except (OSError, RuntimeError, ValueError):
        return False


def _measured(path: Path) -> tuple[int, str]:
    with open_plain(path) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        return file.tell(), sha256


def _document(folder: Path) -> dict[str, Any]:
    """A manifest as JSON values; empty where there is none that can be read."""
    try:
        with open_plain(folder / MANIFEST) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            document = json.loads(file.read(size_bytes)) if size_bytes <= _LARGEST_MANIFEST_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _files(document: Mapping[str, Any]) -> tuple[JobFile, ...]:
    entries = document.get("files")
    found = {entry["name"]: _file(entry) for entry in entries if _is_entry(entry)} if isinstance(entries, list) else {}
    return tuple(found.values())


def _listing_json(outcome: JobOutcome) -> dict[str, Any] | None:
    if outcome.listing is None:
        return None
    return {"name": outcome.listing, "files_count": outcome.listed_files, "size_bytes": outcome.listed_bytes}


def _listing(document: Mapping[str, Any]) -> tuple[str | None, int, int]:
    """Name of the listing, how many files it has and their size in bytes; (None, 0, 0) unless it is as we write it."""
    listing = document.get("listing")
    if isinstance(listing, dict):
        name, files_count, size_bytes = (listing.get(key) for key in ("name", "files_count", "size_bytes"))
        if isinstance(name, str) and _is_count(files_count) and _is_count(size_bytes):
            return name, files_count, size_bytes
    return None, 0, 0


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and type(entry.get("size_bytes")) is int
        and isinstance(entry.get("sha256"), str)
        and _SHA256.fullmatch(entry["sha256"]) is not None
    )


def _file(entry: dict[str, Any]) -> JobFile:
    name, rows = entry["name"], entry.get("rows")
    return JobFile(
        name=name,
        size_bytes=entry["size_bytes"],
        sha256=entry["sha256"],
        media_type=media_type_of(name),
        rows=rows if type(rows) is int else None,
    )


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1) + "\n").encode()
