"""The Python API: what a notebook, a script and the command line use.

::

    sky = skydesk.connect()
    stars = sky.query("SELECT RA, DEC, MAG_AUTO_G FROM DR2_MAIN WHERE MAG_AUTO_G < 18")
    stars.to_astropy()
    job = sky.submit("SELECT * FROM DR2_MAIN", file_name="all.fits")
    job.wait().result().to_pandas()
"""

import difflib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from .cutout_archive import fetch_archive
from .cutout_client import ask_for_cutouts, options_of
from .cutout_images import Cutout, Cutouts
from .errors import NotFound, UsageError
from .job_handle import JobHandle, find_job
from .own_tables import OwnTableInfo, OwnTables
from .query.model import Column, ColumnType, Explanation, PlanStep, Table
from .results import Result
from .rows import RowReader
from .transport import HttpTransport, Transport

if TYPE_CHECKING:
    from .account_handle import AccountHandle
    from .footprint_handle import Footprint

__all__ = ["Cutout", "Cutouts", "JobHandle", "Result", "RowReader", "SkyDesk", "connect"]


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
    UsageError
        The address or the token cannot be one.
    InvalidSurvey
        The survey file is wrong.
    ServiceUnavailable
        The services of this process cannot start. A service elsewhere is asked with the first call.
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
        return self._json("GET", "session")

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

    def stream(self, sql: str, *, max_rows: int | None = None, limit_seconds: float | None = None) -> RowReader:
        """Run a statement and read its rows batch by batch, without holding all of them; errors as `query`."""
        body = {"sql": sql, "query_id": str(uuid.uuid4()), "max_rows": max_rows, "limit_seconds": limit_seconds}
        return RowReader(self.transport, {key: value for key, value in body.items() if value is not None})

    def check(self, sql: str) -> tuple[Column, ...]:
        """Check a statement without running it; gives the columns it would return. Errors as `query`."""
        return tuple(map(_column, self._json("POST", "query/check", {"sql": sql})["columns"]))

    def explain(self, sql: str) -> Explanation:
        """Tell how the database would carry a statement out. Errors as `query`."""
        answer = self._json("POST", "query/explain", {"sql": sql})
        steps = tuple(PlanStep(**step) for step in answer.get("steps", ()))
        return Explanation(plan=answer["plan"], statement=answer["statement"], steps=steps)

    @property
    def tables(self) -> OwnTables:
        """Tables: ``tables()`` lists the catalogue's, ``tables.list()`` your own, and ``tables.load(...)`` makes one."""
        return OwnTables(self.transport, lambda: tuple(map(_table, self._json("GET", "query/tables")["tables"])))

    def match(
        self,
        mine: Any,
        catalog_table: str,
        *,
        radius_arcsec: float = 1.0,
        nearest: bool = True,
        columns: Sequence[str] = (),
        into: str | None = None,
    ) -> "Result | OwnTableInfo":
        """Find the partners of positions in a table of the catalogue.

        Parameters
        ----------
        mine
            Name of an own table, or ``owner.name`` of one that was granted; or what `OwnTables.load` takes: a file, a table, a job. It
            needs columns RA and DEC, ICRS, degrees, or columns with the UCDs pos.eq.ra and pos.eq.dec.
        catalog_table
            Name of the catalogue's table.
        radius_arcsec
            Up to where a partner is near, arcsec, above 0 and at most 3600.
        nearest
            True for the nearest partner of each row, False for all.
        columns
            Columns of the catalogue's table that are wanted.
        into
            Name of an own table to make; None for the rows themselves.

        Returns
        -------
        Result or OwnTableInfo
            All columns of yours, those of the catalogue, and SEPARATION_ARCSEC; rows without a partner are left out.

        Raises
        ------
        InvalidRequest
            There are no positions, or a name or number is wrong; every fault is named.
        NotFound
            You have no such table.
        """
        tables, made = self.tables, list[str]()
        options: dict[str, Any] = {"radius_arcsec": radius_arcsec, "nearest": nearest, "columns": columns}
        try:
            if not isinstance(mine, str) or "/" in mine or Path(mine).is_file():
                made.append(tables.load(tables.unused_name(), mine, description="for a match").name)
            name = made[0] if made else mine
            if into is not None:
                return tables.match(name, catalog_table, into, **options)
            made.append(tables.match(name, catalog_table, tables.unused_name(), **options).name)
            return self.query(f"SELECT * FROM {made[-1]}")
        finally:
            for temporary in made:
                tables.drop(temporary)

    def table(self, name: str) -> Table:
        """One table with its columns, letter case ignored; raises `NotFound`, with the nearest name, where there is none."""
        known = {table.name.upper(): table.name for table in self.tables()}
        if name.upper() in known:
            return _table(self._json("GET", f"query/tables/{quote(known[name.upper()], safe='')}"))
        nearest = difflib.get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {known[nearest[0]]}" if nearest else "tables() lists them"
        raise NotFound(f"there is no table {name!r:.100}; {hint}")

    def submit(
        self,
        sql: str,
        *,
        file_name: str = "result.parquet",
        name: str | None = None,
        max_rows: int | None = None,
        email: str | None = None,
        allow_duplicate: bool = False,
    ) -> JobHandle:
        """Run a statement as a job: it goes on when this notebook is closed.

        Parameters
        ----------
        sql
            One SELECT statement.
        file_name
            The result file; its ending says the format: csv, tab, fits, h5, parquet, vot, ecsv, arrow; ``.gz`` behind csv, tab,
            fits, vot or ecsv compresses it.
        name
            What the job is called; None for a name made from the file's.
        max_rows
            Rows at the most.
        email
            Where to send word when it has ended.
        allow_duplicate
            True to run the same statement again within 30 s.

        Raises
        ------
        InvalidQuery
            The statement is wrong; ``line`` and ``column`` say where.
        InvalidRequest
            The file name or a number is wrong; every fault is named.
        Conflict
            The same statement was submitted less than 30 s ago.
        LimitExceeded
            As many jobs as you may have wait already.
        """
        body = {"sql": sql, "file_name": file_name, "name": name, "max_rows": max_rows, "email": email, "allow_duplicate": allow_duplicate}
        answer = self._json("POST", "query/job", {key: value for key, value in body.items() if value not in (None, False)})
        return JobHandle(self.transport, answer)

    def cutouts(
        self,
        positions: Any,
        *,
        size_arcmin: float | Sequence[float] = 1.0,
        bands: Sequence[str] = ("g", "r", "i"),
        products: Sequence[str] = ("fits",),
        rgb: str | Sequence[str] = "irg",
        release: str | None = None,
        as_job: bool | None = None,
        name: str | None = None,
        email: str | None = None,
        **options: Any,
    ) -> "Cutouts | JobHandle":
        """Cut images of positions: few come back at once, many are cut by a job.

        Parameters
        ----------
        positions
            A SkyCoord; an astropy, pandas or Arrow table, or the `Result` of a query, with columns RA and DEC or COADD_OBJECT_ID; a list
            of object ids or of names; ``(ra, dec)``, numbers or arrays, ICRS, degrees; the path of a file; or text as one pastes it.
            The columns of docs/cutouts.md override what is said here, row by row.
        size_arcmin
            Width and height, or one number for both.
        bands
            Bands of the FITS files.
        products
            Some of ``fits``, ``lupton``, ``stiff`` and ``chart``.
        rgb
            Bands of pictures for red, green and blue; several as in ``["irg", "gri"]``.
        release
            Name of the data release; None for the default one.
        as_job
            True for a job however few there are, False for none however many; None to let their number decide.
        name, email
            What a job is called, and where to send word when it has ended.
        **options
            Further options of docs/api.md: ``planes``, ``resample``, ``discard_fits``, ``lupton``, ``chart``.

        Returns
        -------
        Cutouts or JobHandle
            `fetch_cutouts` gets the images of a job that has ended.

        Raises
        ------
        InvalidRequest
            Positions or options are wrong; every fault is named.
        LimitExceeded
            There are more than your limits allow.
        """
        asked = options_of(size_arcmin, bands, products, rgb, options)
        return ask_for_cutouts(self.transport, positions, asked, release=release, as_job=as_job, name=name, email=email)

    def fetch_cutouts(self, job: "JobHandle | str", folder: str | Path | None = None) -> Cutouts:
        """Copy all images of a cutout job into a folder and open them.

        Parameters
        ----------
        job
            The job, or its id.
        folder
            Where to; made where it is not there; None for ``cutouts-<id>`` here.

        Raises
        ------
        NotFound
            You have no such job, or it has no files (yet).
        UsageError
            The folder cannot be written to.
        """
        job_id = job if isinstance(job, str) else job.id
        target = Path(f"cutouts-{find_job(self.transport, job_id).id}" if folder is None else folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {target}: {error.strerror}") from error
        fetch_archive(self.transport, job_id, target)
        return Cutouts.open(target)

    def jobs(self, *, phase: str | None = None, text: str | None = None, limit: int | None = None) -> list[JobHandle]:
        """Your jobs, newest first; only those in a phase, or with a text in name or id."""
        asked = {"phase": phase, "text": text, "limit": limit}
        query = urlencode({key: value for key, value in asked.items() if value is not None}, errors="replace")
        return [JobHandle(self.transport, job) for job in self._json("GET", f"jobs?{query}" if query else "jobs")["jobs"]]

    def job(self, job_id: str) -> JobHandle:
        """The job of this id; raises `NotFound` where you have none."""
        return find_job(self.transport, job_id)

    @property
    def account(self) -> "AccountHandle":
        """Your own account in the survey's database, where people have some: `AccountHandle.store` stores it."""
        from .account_handle import AccountHandle

        return AccountHandle(self.transport)

    def footprint(self, release: str | None = None) -> "Footprint":
        """Tell where a release is: its tiles, their files, coverage maps, and whether positions lie in it.

        Parameters
        ----------
        release
            None for the one that is meant where none is named.

        Raises
        ------
        NotFound
            There is no such release, or its footprint is not known.
        NotAllowed
            You may not read it.
        """
        from .footprint_handle import Footprint

        name = self.session()["survey"]["default_release"] if release is None else release
        return Footprint(self.transport, self._json("GET", f"footprint/layers/{quote(name, safe='')}"))

    def close(self) -> None:
        """Let go of the connection, and of services that run in this process."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self.transport.request(method, path, body).require_json()


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
