"""The Python API: what a notebook, a script and the command line use.

::

    sky = skydesk.connect()
    stars = sky.query("SELECT RA, DEC, MAG_AUTO_G FROM DR2_MAIN WHERE MAG_AUTO_G < 18")
    stars.to_astropy()
    job = sky.submit("SELECT * FROM DR2_MAIN", file_name="all.fits")
    job.wait().result().to_pandas()
"""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.ipc

from .errors import Cancelled, DeadlineExceeded, InternalError, ServiceUnavailable, UsageError
from .jobs.model import ACTIVE, Phase
from .query.model import Column, ColumnType, Explanation, Table
from .results import Result
from .transport import HttpTransport, Transport
from .web.errors import error_from_json

__all__ = ["JobHandle", "Result", "SkyDesk", "connect"]


def connect(url: str | None = None, *, token: str = "", survey: str | Path | None = None) -> "SkyDesk":
    """Reach SkyDesk from wherever this runs.

    Without arguments: the service of the hub whose lab this is, or the Jupyter server that runs this kernel or terminal,
    or, where there is neither, the services in this very process with the demo survey.

    Parameters
    ----------
    url
        Address of a service, above ``skydesk/api/``.
    token
        JupyterHub or Jupyter token for ``url``.
    survey
        A survey file to serve in this process, whatever else is there.

    Raises
    ------
    ServiceUnavailable
        The service does not answer.
    InvalidSurvey
        The survey file is wrong.
    """
    from .settings import service_address

    if url is None and survey is None and (address := service_address()) is not None:
        url, token = address
    if url is not None:
        return SkyDesk(HttpTransport(url, token))
    from .wiring import embedded_transport

    return SkyDesk(embedded_transport(Path(survey) if survey is not None else None))


class SkyDesk:
    """A connection to one survey's services.

    Parameters
    ----------
    transport
        What carries the calls; `connect` makes the right one.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def outlives_this_process(self) -> bool:
        """True where jobs go on when this process ends; False where its own services run them."""
        return isinstance(self.transport, HttpTransport)

    def session(self) -> Mapping[str, Any]:
        """Who you are, which services are open to you, and within which limits."""
        value: Mapping[str, Any] = self._json("GET", "session")
        return value

    def query(self, sql: str, *, max_rows: int | None = None, limit_seconds: float | None = None) -> Result:
        """Run a statement and wait for all its rows.

        Parameters
        ----------
        sql
            One SELECT statement in the survey's SQL.
        max_rows
            Rows at the most; None for as many as your limits allow.
        limit_seconds
            Seconds after which it is stopped; None for your limit.

        Raises
        ------
        InvalidQuery
            The statement is wrong; ``line`` and ``column`` say where.
        DeadlineExceeded
            It took too long; `submit` it as a job.
        LimitExceeded
            More rows than your limits allow.
        """
        with self.stream(sql, max_rows=max_rows, limit_seconds=limit_seconds) as reader:
            return Result(reader.read_all(), sql=sql)

    def stream(self, sql: str, *, max_rows: int | None = None, limit_seconds: float | None = None) -> "RowReader":
        """Run a statement and read its rows batch by batch, without holding all of them; errors as `query`."""
        body = {"sql": sql, "query_id": str(uuid.uuid4()), "max_rows": max_rows, "limit_seconds": limit_seconds}
        return RowReader(self.transport, {key: value for key, value in body.items() if value is not None})

    def check(self, sql: str) -> tuple[Column, ...]:
        """Check a statement without running it; gives the columns it would return. Errors as `query`."""
        return tuple(map(_column, self._json("POST", "query/check", {"sql": sql})["columns"]))

    def explain(self, sql: str) -> Explanation:
        """Tell how the database would carry a statement out. Errors as `query`."""
        answer = self._json("POST", "query/explain", {"sql": sql})
        return Explanation(plan=answer["plan"], statement=answer["statement"])

    def tables(self) -> tuple[Table, ...]:
        """Every table that you may read, without its columns."""
        return tuple(map(_table, self._json("GET", "query/tables")["tables"]))

    def table(self, name: str) -> Table:
        """One table with its columns; raises `NotFound` where there is none of that name."""
        return _table(self._json("GET", f"query/tables/{_segment(name)}"))

    def submit(
        self,
        sql: str,
        *,
        file_name: str = "result.parquet",
        name: str | None = None,
        max_rows: int | None = None,
        email: str | None = None,
        allow_duplicate: bool = False,
    ) -> "JobHandle":
        """Run a statement as a job: it goes on when this notebook is closed.

        Parameters
        ----------
        sql
            One SELECT statement.
        file_name
            The result file; its ending says the format: csv, tab, fits, h5, parquet, vot, ecsv, arrow, and ``.gz``.
        name
            What the job is called; None for a name made from the file's.
        max_rows
            Rows at the most.
        email
            Where to send word when it has ended.
        allow_duplicate
            True to run the same statement again within 30 s.
        """
        body = {"sql": sql, "file_name": file_name, "name": name, "max_rows": max_rows, "email": email, "allow_duplicate": allow_duplicate}
        answer = self._json("POST", "query/job", {key: value for key, value in body.items() if value not in (None, False)})
        return JobHandle(self.transport, answer)

    def jobs(self, *, phase: str | None = None, text: str | None = None, limit: int | None = None) -> list["JobHandle"]:
        """Your jobs, newest first; only those in a phase, or with a text in name or id."""
        import httpx

        asked = {"phase": phase, "text": text, "limit": limit}
        query = str(httpx.QueryParams({key: value for key, value in asked.items() if value is not None}))
        return [JobHandle(self.transport, job) for job in self._json("GET", f"jobs?{query}" if query else "jobs")["jobs"]]

    def job(self, job_id: str) -> "JobHandle":
        """The job of this id; raises `NotFound` where you have none."""
        return JobHandle(self.transport, self._json("GET", f"jobs/{_segment(job_id)}"))

    def close(self) -> None:
        """Let go of the connection, and of services that run in this process."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self.transport.request(method, path, body).raise_for_status().json


class RowReader:
    """Rows on their way: use it as a context manager and iterate over its Arrow batches, or `read_all`."""

    def __init__(self, transport: Transport, body: Mapping[str, Any]) -> None:
        self._opened = transport.open("POST", "query/stream", body)
        self._reader: Any = None

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns; units, UCDs and descriptions in the metadata of the fields."""
        return self._reader.schema

    def read_all(self) -> pa.Table:
        """All rows in memory."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def __enter__(self) -> Self:
        source = self._opened.__enter__()
        try:
            with _lost_connection():
                self._reader = pa.ipc.open_stream(source)
        except BaseException as error:
            self._opened.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            with _lost_connection():
                try:
                    batch, said = self._reader.read_next_batch_with_custom_metadata()
                except StopIteration:
                    return
            # what goes wrong after the first row is told in the metadata of a last, empty batch (docs/api.md)
            if said and b"skydesk-error" in said:
                raise error_from_json(400, json.loads(said[b"skydesk-error"]))
            yield batch


class JobHandle:
    """One job of yours. Its attributes are those of the last look; `refresh` looks again."""

    def __init__(self, transport: Transport, value: Mapping[str, Any]) -> None:
        self._transport = transport
        self._value = value

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.name!r} {self.phase}>"

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
        return str(self._call("GET", "/log").json["log"])

    @property
    def files(self) -> list[Mapping[str, Any]]:
        """The result files: ``name``, ``size_bytes``, ``sha256``, ``media_type``, ``rows``."""
        value: list[Mapping[str, Any]] = self._call("GET", "/files").json["files"]
        return value

    def refresh(self) -> "JobHandle":
        """Look again; gives this job back."""
        self._value = self._call("GET").json
        return self

    def wait(self, timeout_seconds: float | None = None, *, progress: bool = True) -> "JobHandle":
        """Wait until the job has ended, with a progress bar.

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
        SkydeskError
            The job ended with an error: the one it reports.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with _bar(self.name, shown=progress) as bar:
            self.refresh()
            while self.phase in ACTIVE:
                self._follow(bar, deadline)
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
        return JobHandle(self._transport, self._call("POST", "/rerun").json)

    def delete(self) -> None:
        """Forget the job and erase its files; stops it first where it runs."""
        self._call("DELETE")

    def download(self, folder: str | Path = ".", names: list[str] | None = None) -> list[Path]:
        """Copy result files, all or those named, into a folder; gives their paths."""
        wanted = names if names is not None else [str(file["name"]) for file in self.files]
        return [self._download(name, Path(folder)) for name in wanted]

    def result(self) -> Result:
        """Read the result into memory, from whatever format it was written in.

        Raises
        ------
        UsageError
            The job has no result (yet).
        """
        import tempfile

        from .backends.readers import read_result

        names = [str(file["name"]) for file in self.files]
        if self.phase is not Phase.COMPLETED or not names:
            raise UsageError(f"job {self.id} has no result: it is {self.phase}; wait() for it, or see its log")
        with tempfile.TemporaryDirectory(prefix="skydesk-") as folder:
            parts = [read_result(path) for path in self.download(folder, names)]
        return Result(pa.concat_tables(parts), sql=self.sql)

    def _follow(self, bar: Any, deadline: float | None) -> None:
        """Show what the event stream says until the job ends, the stream breaks or the deadline passes."""
        stop = Event()
        try:
            for event in self._transport.events("jobs/events", stop):
                if event.event == "changed" and event.data["id"] == self.id:
                    self._value = event.data
                if event.event == "deleted" and event.data["id"] == self.id:
                    self.refresh()
                bar.show(self._value.get("progress"))
                if event.event == "hello":
                    self.refresh()
                if self.phase not in ACTIVE:
                    return
                if deadline is not None and time.monotonic() > deadline:
                    raise DeadlineExceeded(f"job {self.id} is still {self.phase}; it goes on")
        except ServiceUnavailable:
            time.sleep(0.5)
            self.refresh()
        finally:
            stop.set()

    def _raise_if_failed(self) -> None:
        reported = self._value.get("error") or {}
        if self.phase is Phase.ABORTED and not reported:
            raise Cancelled(f"job {self.id} was cancelled")
        if self.phase in {Phase.ERROR, Phase.ABORTED}:
            raise error_from_json(400, {"error": reported}) if reported else InternalError(f"job {self.id} ended without a reason")

    def _download(self, name: str, folder: Path) -> Path:
        target = folder / Path(name).name
        partial = target.with_name(f".{target.name}.partial")
        try:
            with self._transport.open("GET", f"jobs/{self.id}/files/{_segment(name)}") as source, partial.open("wb") as file:
                while chunk := source.read(1 << 20):
                    file.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def _replace(self, method: str, rest: str, body: Mapping[str, Any] | None = None) -> "JobHandle":
        self._value = self._call(method, rest, body).json
        return self

    def _call(self, method: str, rest: str = "", body: Mapping[str, Any] | None = None) -> Any:
        return self._transport.request(method, f"jobs/{self.id}{rest}", body).raise_for_status()


class _Bar:
    """A progress bar that understands a job's progress."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, progress: Mapping[str, Any] | None) -> None:
        """Draw the bar as far as the job has come."""
        if progress is None:
            return
        self._bar.total, self._bar.unit = progress.get("total"), f" {progress['unit']}"
        self._bar.n = progress["done"]
        self._bar.refresh()


def _bar(name: str, *, shown: bool) -> _Bar:
    from tqdm.auto import tqdm

    return _Bar(tqdm(desc=name, unit=" rows", disable=not shown))


@contextmanager
def _lost_connection() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise ServiceUnavailable("the service ended the connection in the middle of the rows; try again, or submit a job") from error


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _column(value: Mapping[str, Any]) -> Column:
    return Column(
        name=value["name"],
        type=ColumnType(value["type"]),
        unit=value.get("unit"),
        ucd=value.get("ucd"),
        description=value.get("description") or "",
    )


def _table(value: Mapping[str, Any]) -> Table:
    return Table(
        name=value["name"],
        release=value["release"],
        description=value.get("description") or "",
        row_count=value.get("row_count"),
        columns=tuple(map(_column, value.get("columns", ()))),
    )
