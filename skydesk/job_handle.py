"""A job as a notebook holds it: follow it, steer it, get at what it wrote."""

import hashlib
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

from .errors import Cancelled, DeadlineExceeded, InternalError, NotFound, ServiceUnavailable, UsageError
from .jobs.model import ACTIVE, Phase
from .progress_bar import ProgressBar, progress_bar
from .results import Result
from .transport import Transport
from .web.errors import error_from_json

__all__ = ["JobHandle", "find_job"]

_PATIENCE_SECONDS = 120.0
"""How long a service may be away, as for a restart, while somebody waits for a job."""

_RETRY_SECONDS = 0.5
_CHUNK_BYTES = 1 << 20


def find_job(transport: Transport, job_id: str) -> "JobHandle":
    """The job of this id.

    Raises
    ------
    NotFound
        The user has none.
    """
    if not re.fullmatch("[a-z0-9]{16}", job_id):
        raise NotFound(f"there is no job {job_id!r:.80}; an id has 16 letters and digits")
    return JobHandle(transport, transport.request("GET", f"jobs/{job_id}").require_json())


class JobHandle:
    """One job of yours. Its attributes are those of the last look; `refresh` looks again.

    Parameters
    ----------
    transport
        What carries the calls.
    value
        The Job of docs/api.md.
    """

    def __init__(self, transport: Transport, value: Mapping[str, Any]) -> None:
        self._transport = transport
        self._value = value

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.name!r} {self.phase}>"

    @property
    def transport(self) -> Transport:
        """What carries the calls."""
        return self._transport

    @property
    def info(self) -> Mapping[str, Any]:
        """Everything that the service said of the job: the Job of docs/api.md."""
        return self._value

    @property
    def id(self) -> str:
        """Sixteen letters and digits; also the name of the job's folder."""
        return str(self._value["id"])

    @property
    def name(self) -> str:
        """What the job is called."""
        return str(self._value["name"])

    @property
    def phase(self) -> Phase:
        """The phase at the last look."""
        return Phase(self._value["phase"])

    @property
    def sql(self) -> str:
        """The statement of a query job."""
        return str(self._value["request"].get("sql", ""))

    @property
    def destruction_at(self) -> datetime:
        """When the files are removed, UTC."""
        return datetime.fromisoformat(self._value["destruction_at"])

    @property
    def log(self) -> str:
        """The job's log so far."""
        return str(self._call("GET", "/log")["log"])

    @property
    def files(self) -> list[Mapping[str, Any]]:
        """The result files: ``name``, ``size_bytes``, ``sha256``, ``media_type``, ``rows``; without the images of cutouts."""
        value: list[Mapping[str, Any]] = self._call("GET", "/files")["files"]
        return value

    def refresh(self) -> "JobHandle":
        """Look again; gives this job back."""
        self._value = self._call("GET")
        return self

    def wait(self, timeout_seconds: float | None = None, *, progress: bool = True) -> "JobHandle":
        """Wait until the job has ended, with a progress bar.

        A service that is restarted meanwhile is waited for.

        Parameters
        ----------
        timeout_seconds
            Longest wait, seconds; None for as long as it takes. The job goes on when the wait ends.
        progress
            False for no bar.

        Raises
        ------
        DeadlineExceeded
            The wait was too short.
        Cancelled
            The job was cancelled.
        ServiceUnavailable
            The service has not answered for two minutes.
        SkydeskError
            The job ended with an error: the one it reports.
        """
        wait = _Wait(timeout_seconds)
        with progress_bar(self.name, shown=progress) as bar:
            while self._look(wait) in ACTIVE:
                bar.show(self._value.get("progress"))
                self._follow(bar, wait)
            bar.show(self._value.get("progress"))
        self._raise_if_failed()
        return self

    def cancel(self) -> "JobHandle":
        """Stop the job; raises `Conflict` where it has ended."""
        return self._replace("POST", "/cancel")

    def rename(self, name: str) -> "JobHandle":
        """Call the job something else."""
        return self._replace("PATCH", "", {"name": name})

    def renew(self) -> "JobHandle":
        """Keep the files one lifetime longer; raises `Conflict` where no renewal is left."""
        return self._replace("POST", "/renew")

    def rerun(self) -> "JobHandle":
        """Submit the same request again; gives the new job."""
        return JobHandle(self._transport, self._call("POST", "/rerun"))

    def delete(self) -> None:
        """Forget the job and erase its files; stops it first where it runs."""
        self._call("DELETE")

    def download(self, folder: str | Path = ".", names: Sequence[str] | None = None) -> list[Path]:
        """Copy result files into a folder, each of them whole or not at all.

        The images of a cutout job, and tiles, come in folders of their own as one stream.

        Parameters
        ----------
        folder
            An existing folder. Files of the same names are replaced.
        names
            Which of `files`; None for all that there is.

        Returns
        -------
        list[Path]
            Where they are now.

        Raises
        ------
        NotFound
            The job has no file of this name.
        UsageError
            The folder is missing, or cannot be written to.
        ServiceUnavailable
            A file did not arrive whole.
        """
        files = {str(file["name"]): file for file in self.files}
        wanted = list(files) if names is None else list(names)
        if unknown := [name for name in wanted if name not in files]:
            raise NotFound(f"job {self.id} has no file {unknown[0]!r:.200}; it has {', '.join(files) or 'none'}")
        if not Path(folder).is_dir():
            raise UsageError(f"there is no folder {folder}; make it first")
        if names is None and self.refresh().info["files_count"] > len(files):
            from .cutout_archive import unpack_archive

            return unpack_archive(self._transport, self.id, Path(folder))
        return [self._download(files[name], Path(folder)) for name in wanted]

    def result(self) -> Result:
        """Read the result into memory, from whatever format it was written in.

        Raises
        ------
        UsageError
            The job has no result (yet).
        """
        import pyarrow as pa

        from .backends.readers import read_result

        names = [str(file["name"]) for file in self.files] if self.phase is Phase.COMPLETED else []
        if not names:
            raise UsageError(f"job {self.id} has no result: it is {self.phase}; wait() for it, or see its log")
        with tempfile.TemporaryDirectory(prefix="skydesk-") as folder:
            parts = [read_result(path) for path in self.download(folder, names)]
        return Result(pa.concat_tables(parts, promote_options="permissive"), sql=self.sql)

    def _look(self, wait: "_Wait") -> Phase:
        """Look again, with patience while the service is away."""
        lost_at: float | None = None
        while True:
            try:
                return self.refresh().phase
            except ServiceUnavailable:
                lost_at = time.monotonic() if lost_at is None else lost_at
                if time.monotonic() - lost_at > _PATIENCE_SECONDS:
                    raise
                wait.check(self)
                time.sleep(_RETRY_SECONDS)

    def _follow(self, bar: ProgressBar, wait: "_Wait") -> None:
        """Show what the event stream says until the job ends, the stream breaks or the time is up."""
        stop = Event()
        wait.check(self)
        try:
            with suppress(ServiceUnavailable):  # `_look` finds out whether the service is away
                for event in self._transport.events("jobs/events", stop, seconds=wait.seconds_left):
                    if event.event == "hello":
                        # what happened between the last look and the beginning of the stream
                        self.refresh()
                    elif event.data.get("id") == self.id:
                        self._value = event.data if event.event == "changed" else self._call("GET")
                    bar.show(self._value.get("progress"))
                    if self.phase not in ACTIVE:
                        return
        finally:
            stop.set()
        wait.check(self)
        time.sleep(_RETRY_SECONDS)

    def _raise_if_failed(self) -> None:
        reported = self._value.get("error") or {}
        if self.phase is Phase.ABORTED and not reported:
            raise Cancelled(f"job {self.id} was cancelled")
        if self.phase in {Phase.ERROR, Phase.ABORTED}:
            raise error_from_json(400, {"error": reported}) if reported else InternalError(f"job {self.id} ended without a reason")

    def _download(self, file: Mapping[str, Any], folder: Path) -> Path:
        target = folder / Path(str(file["name"])).name
        partial = target.with_name(f".{target.name}.partial")
        try:
            self._fetch(str(file["name"]), str(file["sha256"]), partial)
            partial.replace(target)
        except OSError as error:
            raise UsageError(f"cannot write {target}: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return target

    def _fetch(self, name: str, sha256: str, path: Path) -> None:
        seen = hashlib.sha256()
        with self._transport.open("GET", f"jobs/{self.id}/files/{quote(name, safe='')}") as source, path.open("wb") as copy:
            while chunk := source.read(_CHUNK_BYTES):
                seen.update(chunk)
                copy.write(chunk)
        if sha256 and seen.hexdigest() != sha256:
            raise ServiceUnavailable(f"{name} did not arrive as it was written; fetch it again")

    def _replace(self, method: str, rest: str, body: Mapping[str, Any] | None = None) -> "JobHandle":
        self._value = self._call(method, rest, body)
        return self

    def _call(self, method: str, rest: str = "", body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self._transport.request(method, f"jobs/{self.id}{rest}", body).require_json()


class _Wait:
    """How long somebody is still ready to wait."""

    def __init__(self, seconds: float | None) -> None:
        self._ends_at = None if seconds is None else time.monotonic() + seconds

    @property
    def seconds_left(self) -> float | None:
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def check(self, job: JobHandle) -> None:
        """Raise `DeadlineExceeded` when the time is up."""
        if self.seconds_left == 0:
            raise DeadlineExceeded(f"job {job.id} is still {job.phase}; it goes on")
