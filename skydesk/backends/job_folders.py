"""Folders of jobs on a disk that labs have mounted: nothing that a user puts there is trusted.

``<root>/<owner>/<job id>/`` holds what is finished; ``<root>/<owner>/.<job id>.<attempt>.partial/`` is where a worker
writes, and is renamed when all is whole; ``<root>/<owner>/.<job id>.inputs/`` holds what the job was given. Only what the manifest
lists, itself or through a listing, as a plain file of the listed size, is given out.
"""

import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import Conflict, NotFound
from ..jobs.model import Job, JobError, JobFile, JobOutcome
from .job_archive import tar_stream
from .job_inputs import INPUTS, keep_input, read_input
from .job_listing import LISTING, is_listed, listed_names
from .job_manifest import (
    LOG,
    MANIFEST,
    REQUEST,
    completed_attempt,
    describe,
    is_plain_name,
    listing_of,
    manifest_json,
    open_plain,
    read_manifest,
    readable,
    request_json,
    sync_disk,
    translated,
    write_durably,
)
from .job_trash import entries, erase, set_aside, trash_of
from .owner_folders import owner_folder, owner_of

__all__ = ["LocalJobFolders", "owner_folder", "owner_of"]

_ERASE_SECONDS = 0.3
"""How long who removes a job waits for its files to be erased; what is left is erased by the next `LocalJobFolders.erase_removed`."""

_PARTIAL = ".partial"
_ATTEMPT = re.compile(r"\.([0-9]{1,9})\.partial$")
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


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

    def begin(self, job: Job, attempt: int, *, resume: bool = False) -> Path:
        """Make the folder that an attempt writes to, with ``request.json`` in it.

        What earlier attempts left is removed, so that none of them can publish any more.

        Parameters
        ----------
        resume
            Take over the folder of the latest attempt, where that has begun a listing, but for its log. One rename does it: an earlier
            attempt that still lives finds its paths gone.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        """
        partial = self.partial_path(job, attempt)
        with translated():
            earlier = self._resumable(job) if resume else None
            if earlier is not None and earlier != partial:
                self._put_aside([entry for entry in self._entries_of(job, _PARTIAL) if entry == partial])
                earlier.rename(partial)
            kept = {partial} if earlier is not None else set()
            self._put_aside([entry for entry in (self.path(job), *self._entries_of(job, _PARTIAL)) if entry not in kept])
            partial.mkdir(parents=True, exist_ok=earlier is not None)
            for name in (LOG, MANIFEST):
                (partial / name).unlink(missing_ok=True)
            write_durably(partial / REQUEST, request_json(job))
        return partial

    def publish(self, job: Job, partial: Path, outcome: JobOutcome, timings: Mapping[str, float]) -> tuple[JobFile, ...]:
        """Make an attempt's results the job's: hash them, write the manifest, rename the folder.

        The files of a listing are neither hashed nor written out one by one; the whole disk is, once.

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
            The files in the order of the outcome, without those of the listing.

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
            if outcome.listing is not None:
                sync_disk(partial)
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
            self._put_aside([entry for entry in entries(partial) if entry.name != LOG or not _is_file(entry)])
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
        self._put_aside([partial])

    def keep_log(self, partial: Path) -> None:
        """Keep of the folder of an attempt what the next one takes over: all of it where there is a listing, else the log only.

        No error where it is gone.

        Raises
        ------
        ValueError
            It is not the folder of an attempt.
        """
        self._require_partial(partial)
        if _is_file(partial / LISTING):
            return
        with translated():
            self._put_aside([entry for entry in entries(partial) if entry.name != LOG or not _is_file(entry)])
            if not entries(partial):
                self._put_aside([partial])

    def keep_input(self, owner: str, job_id: str, name: str, content: bytes) -> None:
        """Keep a file for a job; see `skydesk.jobs.ports.JobFolders`."""
        keep_input(self._inputs_path(owner, job_id), name, content)

    def input(self, job: Job, name: str) -> bytes:
        """Read what a job was given; see `skydesk.jobs.ports.JobFolders`."""
        return read_input(self._inputs_path(job.owner, job.id), name, job.request)

    def drop_inputs(self, owner: str, job_id: str) -> None:
        """Remove what a job was given; see `skydesk.jobs.ports.JobFolders`."""
        self._put_aside([self._inputs_path(owner, job_id)])

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
            if not listed and self._is_listed(folder, name):
                return folder / name
        raise NotFound(f"job {job.id} has no file {name!r}; look at the list of its files")

    def opened(self, job: Job, name: str) -> BufferedReader:
        """Open a file of a job's folder, also while it runs; see `skydesk.jobs.ports.JobFolders`."""
        if is_plain_name(name):
            for place in self._places(job):
                try:
                    return open_plain(place / name)
                except (OSError, ValueError):
                    continue
        raise NotFound(f"job {job.id} has no file {name[:200]!r}, or not yet")

    def log(self, job: Job, max_bytes: int = 1_000_000) -> str:
        """Give the end of the log; see `skydesk.jobs.ports.JobFolders`."""
        for place in self._places(job):
            if (end := _end_of_file(place / LOG, max_bytes)) is not None:
                return end
        return ""

    def remove(self, job: Job) -> None:
        """Delete the folder; see `skydesk.jobs.ports.JobFolders`."""
        self._put_aside([self.path(job), *self._entries_of(job, _PARTIAL), self._inputs_path(job.owner, job.id)])

    def drop_unfinished(self, job: Job) -> None:
        """Remove what nobody will go on from; see `skydesk.jobs.ports.JobFolders`."""
        for partial in filter(_is_folder, self._entries_of(job, _PARTIAL)):
            self._put_aside([entry for entry in entries(partial) if entry.name != LOG or not _is_file(entry)])

    def erase_removed(self, owner: str | None = None, *, within_seconds: float) -> bool:
        """Erase what removals have left; see `skydesk.jobs.ports.JobFolders`."""
        deadline = time.monotonic() + within_seconds
        folders = entries(self._root) if owner is None else (self._root / owner_folder(owner),)
        asides = (aside for folder in folders if _is_folder(folder) for aside in trash_of(folder))
        return all(erase(aside, within_seconds=deadline - time.monotonic()) for aside in asides)

    def drop_orphans(self, is_known: Callable[[str], bool], before: datetime) -> None:
        """Remove inputs of jobs that do not exist; see `skydesk.jobs.ports.JobFolders`."""
        for folder in filter(_is_folder, entries(self._root)):
            for inputs in entries(folder):
                job_id = inputs.name.removeprefix(".").removesuffix(INPUTS)
                if inputs.name == f".{job_id}{INPUTS}" and inputs.lstat().st_mtime < before.timestamp() and not is_known(job_id):
                    self._put_aside([inputs])

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
        listing = listing_of(folder)
        listed = () if listing is None else listed_names(folder / listing)
        return tar_stream(folder, chain([*names, MANIFEST], listed), prefix=job.id)

    def _places(self, job: Job) -> Iterator[Path]:
        """Where something of a job may be found, the best first."""
        yield self.path(job)
        # An attempt that does not count, because the service stopped, has left the next number's folder.
        for attempt in range(job.attempt + 1, 0, -1):
            yield self.partial_path(job, attempt)

    def _is_listed(self, folder: Path, name: str) -> bool:
        listing = listing_of(folder)
        return listing is not None and is_listed(folder / listing, name)

    def _inputs_path(self, owner: str, job_id: str) -> Path:
        return self._root / owner_folder(owner) / f".{_folder_name(job_id)}{INPUTS}"

    def _entries_of(self, job: Job, end: str) -> list[Path]:
        """What stands beside a job's folder and is of the job."""
        folder = self.path(job)
        return [entry for entry in entries(folder.parent) if entry.name.startswith(f".{folder.name}.") and entry.name.endswith(end)]

    def _resumable(self, job: Job) -> Path | None:
        """The folder of the latest attempt from which another can go on."""
        numbered = [(int(found[1]), entry) for entry in self._entries_of(job, _PARTIAL) if (found := _ATTEMPT.search(entry.name))]
        left = [entry for _, entry in sorted(numbered, reverse=True) if _is_folder(entry)]
        return left[0] if left and _is_file(left[0] / LISTING) else None

    def _put_aside(self, paths: Iterable[Path]) -> None:
        """Have some paths gone from here at once; they are erased as far as there is time."""
        deadline = time.monotonic() + _ERASE_SECONDS
        for path in paths:
            with suppress(FileNotFoundError):
                owner_folder = path.parent if path.parent.parent == self._root else path.parent.parent
                erase(set_aside(path, owner_folder), within_seconds=deadline - time.monotonic())

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


def _folder_name(job_id: str) -> str:
    if not 1 <= len(job_id) <= 128 or not _ID.issuperset(job_id):
        raise NotFound(f"there is no job {job_id[:128]!r}")
    return job_id


def _is_file(path: Path) -> bool:
    return _has_mode(path, stat.S_ISREG)


def _is_folder(path: Path) -> bool:
    return _has_mode(path, stat.S_ISDIR)


def _has_mode(path: Path, is_such: Callable[[int], bool]) -> bool:
    try:
        return is_such(path.lstat().st_mode)
    except OSError:
        return False


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
