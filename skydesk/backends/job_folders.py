"""Folders of jobs on a disk that labs have mounted: nothing that a user puts there is trusted.

``<root>/<owner>/<job id>/`` holds what is finished; ``<root>/<owner>/.<job id>.<attempt>.partial/`` is where a worker
writes, and is renamed when all is whole. Only what the manifest lists, as a plain file of the listed size, is given out.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Conflict, NotFound
from ..jobs.model import Job, JobError, JobFile, JobOutcome
from .job_archive import tar_stream
from .job_manifest import (
    LOG,
    MANIFEST,
    REQUEST,
    completed_attempt,
    describe,
    is_plain_name,
    manifest_json,
    open_plain,
    read_manifest,
    readable,
    request_json,
    translated,
    write_durably,
)

__all__ = ["LocalJobFolders", "owner_folder", "owner_of"]

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_ESCAPED = re.compile(r"-|(?:[a-z0-9_.]|-[0-9a-f]{2})+")
_LONGEST_FOLDER = 200


class LocalJobFolders:
    """Job folders below one root.

    Parameters
    ----------
    root
        Made when it is first needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def path(self, job: Job) -> Path:
        """Give the job's folder; see `skydesk.jobs.ports.JobFolders`."""
        return self._root / owner_folder(job.owner) / _folder_name(job.id)

    def partial_path(self, job: Job, attempt: int) -> Path:
        """Give the folder that an attempt at a job writes to, whether it exists or not."""
        folder = self.path(job)
        return folder.with_name(f".{folder.name}.{attempt}.partial")

    def begin(self, job: Job, attempt: int) -> Path:
        """Make the folder that an attempt writes to, with ``request.json`` in it.

        What earlier attempts left is removed, so that none of them can publish any more.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        """
        partial = self.partial_path(job, attempt)
        with translated():
            self.remove(job)
            partial.mkdir(parents=True)
            write_durably(partial / REQUEST, request_json(job))
        return partial

    def publish(self, job: Job, partial: Path, outcome: JobOutcome, timings: Mapping[str, float]) -> tuple[JobFile, ...]:
        """Make an attempt's results the job's: hash them, write the manifest, rename the folder.

        Parameters
        ----------
        partial
            What `begin` gave.
        outcome
            ``summary["file_rows"]``, where there is one, gives the number of rows of each file by name.
        timings
            Seconds by what they were spent on.

        Returns
        -------
        tuple[JobFile, ...]
            The files in the order of the outcome.

        Raises
        ------
        Conflict
            The job has a folder already, or the attempt's is gone: another attempt was begun.
        InternalError
            The outcome names what is not a plain file in the folder.
        ServiceUnavailable
            The disk is full or cannot be written.
        """
        with translated():
            files = describe(partial, outcome)
        self._finish(job, partial, manifest_json(job, files, outcome, timings, None))
        return files

    def publish_failure(self, job: Job, partial: Path, error: JobError | None = None, timings: Mapping[str, float] | None = None) -> None:
        """Keep the request and the log of an attempt that went wrong, and no results.

        Raises
        ------
        Conflict, ServiceUnavailable
            As in `publish`.
        """
        with translated():
            partial.mkdir(parents=True, exist_ok=True)
            for entry in partial.iterdir():
                if entry.name not in {REQUEST, LOG} or entry.is_symlink():
                    _erase(entry)
            write_durably(partial / REQUEST, request_json(job))
        self._finish(job, partial, manifest_json(job, (), JobOutcome(), timings or {}, error))

    def published(self, job: Job) -> Mapping[str, Any] | None:
        """Tell whether the present attempt at a job has published its results, though nobody lived to say so.

        Returns
        -------
        Mapping or None
            The job's fields ``rows``, ``files_count`` and ``size_bytes``; None unless all of it is there.
        """
        return completed_attempt(self.path(job), job)

    def discard(self, partial: Path) -> None:
        """Remove the folder of an attempt; no error where it is gone.

        Raises
        ------
        ValueError
            It is not the folder of an attempt.
        """
        self._require_partial(partial)
        with translated():
            _erase(partial)

    def keep_log(self, partial: Path) -> None:
        """Remove all but the log from the folder of an attempt, for the next attempt to take over; no error where it is gone.

        Raises
        ------
        ValueError
            It is not the folder of an attempt.
        """
        self._require_partial(partial)
        with translated():
            for entry in _entries(partial):
                if entry.name != LOG or entry.is_symlink():
                    _erase(entry)
            if not _entries(partial):
                _erase(partial)

    def files(self, job: Job) -> tuple[JobFile, ...]:
        """List the finished files; see `skydesk.jobs.ports.JobFolders`."""
        folder = self.path(job)
        return tuple(file for file in read_manifest(folder) if readable(folder, file))

    def file(self, job: Job, name: str) -> Path:
        """Find one finished file; see `skydesk.jobs.ports.JobFolders`."""
        folder = self.path(job)
        if is_plain_name(name):
            listed = [file for file in read_manifest(folder) if file.name == name]
            if listed and readable(folder, listed[0]):
                return folder / name
        raise NotFound(f"job {job.id} has no file {name!r}; look at the list of its files")

    def log(self, job: Job, max_bytes: int = 1_000_000) -> str:
        """Give the end of the log; see `skydesk.jobs.ports.JobFolders`."""
        folder = self.path(job)
        # An attempt that does not count, because the service stopped, has left the next number's folder.
        for place in (folder, *(self.partial_path(job, attempt) for attempt in range(job.attempt + 1, 0, -1))):
            if (end := _end_of_file(place / LOG, max_bytes)) is not None:
                return end
        return ""

    def remove(self, job: Job) -> None:
        """Delete the folder; see `skydesk.jobs.ports.JobFolders`."""
        folder = self.path(job)
        with translated():
            if os.path.lexists(folder):
                hidden = folder.with_name(f".{folder.name}.removed.partial")
                _erase(hidden)
                folder.rename(hidden)
            for entry in _entries(folder.parent):
                if entry.name.startswith(f".{folder.name}.") and entry.name.endswith(".partial"):
                    _erase(entry)

    def archive(self, job: Job) -> Iterator[bytes]:
        """Stream all files as one tar; see `skydesk.jobs.ports.JobFolders`.

        Raises
        ------
        NotFound
            The job has no finished folder.
        """
        folder = self.path(job)
        if folder.resolve() != folder or not (folder / MANIFEST).is_file() or (folder / MANIFEST).is_symlink():
            raise NotFound(f"job {job.id} has no files to download")
        names = [file.name for file in self.files(job)]
        return tar_stream(folder, [*names, MANIFEST], prefix=job.id)

    def _require_partial(self, partial: Path) -> None:
        if partial.parent.parent != self._root or not (partial.name.startswith(".") and partial.name.endswith(".partial")):
            raise ValueError(f"{partial} is not the folder of an attempt at a job")

    def _finish(self, job: Job, partial: Path, manifest: bytes) -> None:
        folder = self.path(job)
        if partial.parent != folder.parent:
            raise ValueError(f"{partial} is not the folder of an attempt at job {job.id}")
        if os.path.lexists(folder):
            raise Conflict(f"job {job.id} has a folder of results already")
        with translated():
            try:
                write_durably(partial / MANIFEST, manifest)
                partial.rename(folder)
            except FileNotFoundError as error:
                raise Conflict(f"the folder of this attempt at job {job.id} is gone; another attempt was begun") from error
            _sync_folder(folder.parent)


def owner_folder(owner: str) -> str:
    """Name the folder of an owner: lower-case ASCII, different for different owners, never hidden, at most 200 characters.

    Small letters, digits, ``_`` and inner ``.`` stand for themselves; every other byte of UTF-8 is ``-`` and two hex digits.
    Names too long for a disk keep their beginning and get a digest.
    """
    parts = []
    for place, byte in enumerate(owner.encode("utf-8", "surrogatepass")):
        character = chr(byte)
        parts.append(character if character in _SAFE and not (character == "." and place == 0) else f"-{byte:02x}")
    escaped = "".join(parts) or "-"
    if len(escaped) <= _LONGEST_FOLDER:
        return escaped
    digest = hashlib.sha256(escaped.encode()).hexdigest()
    return f"{escaped[:100].rstrip('-')}--{digest}"


def owner_of(folder: str) -> str:
    """Give the owner whose folder has this name.

    Raises
    ------
    ValueError
        The name is of no owner's folder, or of one whose name was too long to be kept.
    """
    if not _ESCAPED.fullmatch(folder):
        raise ValueError(f"{folder!r} is not the name of an owner's folder")
    raw = b"".join(bytes.fromhex(part[1:]) if part[0] == "-" else part.encode() for part in re.findall(r"-[0-9a-f]{2}|[^-]", folder))
    owner = raw.decode("utf-8", "surrogatepass")
    if owner_folder(owner) != folder:
        raise ValueError(f"{folder!r} is not the name of an owner's folder")
    return owner


def _folder_name(job_id: str) -> str:
    if not 1 <= len(job_id) <= 128 or not _ID.issuperset(job_id):
        raise NotFound(f"there is no job {job_id[:128]!r}")
    return job_id


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(folder.iterdir())
    except FileNotFoundError:
        return ()


def _erase(path: Path) -> None:
    """Remove a folder with all that is in it, or a file, or a link but not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _end_of_file(path: Path, max_bytes: int) -> str | None:
    try:
        with open_plain(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max_bytes))
            end = file.read(max_bytes)
    except OSError:
        return None
    if size > max_bytes:
        end = end[end.find(b"\n") + 1 :]
    return end.decode("utf-8", "replace")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
