"""What a cutout job has made, row by row: while it runs and afterwards.

Everything is read from a folder that the job's owner may write to. A line of the outcomes that is none is passed over, files are opened
through no link, and what they hold is the owner's own.
"""

import os
import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pyarrow as pa

from ..access import User
from ..errors import Conflict, NotFound
from ..jobs.model import ACTIVE, Job
from ..jobs.service import JobService
from .drafts import Draft
from .field_objects import FieldObject, FieldObjects
from .model import NO_OBJECT, CutoutOptions, CutoutRequest, Outcome, Positions, RowOutcome
from .outcomes import LONGEST_LINE_BYTES, OUTCOMES_FILE, lines_of, outcome_of
from .plan import row_options
from .position_text import PositionTable
from .task import POSITIONS_INPUT

__all__ = ["Gallery", "GalleryPage", "GalleryRow", "ReadJob"]

_MOST_ROWS = 5000
_TABLES_KEPT = 8
_SERVICE = "cutout"

ReadJob = Callable[[Mapping[str, Any], bytes], tuple[CutoutRequest, Positions, PositionTable | None]]
"""Reads a job's request, its positions, and the table that they were read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryRow:
    """One row with what became of it."""

    outcome: RowOutcome
    ra_deg: float
    """ICRS, degrees; NaN for an object that the catalogue has not."""

    dec_deg: float
    object_id: int
    options: CutoutOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPage:
    """Some of the rows of a job."""

    rows: Sequence[GalleryRow]
    next: int
    """Where to go on."""

    total: int
    job: Job

    @property
    def ended(self) -> bool:
        """True if no further row will come."""
        return self.job.phase not in ACTIVE


@dataclass(kw_only=True)
class _Book:
    """What is remembered of one job."""

    request: CutoutRequest
    positions: Positions
    table: PositionTable | None
    own_options: Mapping[int, CutoutOptions]
    lock: threading.Lock = field(default_factory=threading.Lock)
    file: tuple[int, int] | None = None
    """Device and number of the file of outcomes."""

    read_to: int = 0
    places: dict[int, int] = field(default_factory=dict)
    """Where each row's line begins, bytes."""

    def row(self, outcome: RowOutcome) -> GalleryRow:
        """Put a row's outcome beside its position."""
        row, positions = outcome.row, self.positions
        return GalleryRow(
            outcome=outcome,
            ra_deg=float(positions.ra_deg[row]),
            dec_deg=float(positions.dec_deg[row]),
            object_id=int(positions.object_id[row]),
            options=self.own_options.get(row, self.request.options),
        )


class Gallery:
    """The images of users' cutout jobs. Safe from several threads.

    Parameters
    ----------
    jobs
        Whose folders they are in; it sees to it that users get at their own only.
    read_job
        Reads what a job was given.
    objects
        Asked for the object of a row.
    """

    def __init__(self, jobs: JobService, *, read_job: ReadJob, objects: FieldObjects) -> None:
        self._jobs, self._read_job, self._objects = jobs, read_job, objects
        self._books: OrderedDict[str, _Book] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, user: User, job_id: str, since: int = 0) -> GalleryPage:
        """Give the rows that were finished since some place in the outcomes, at most 5000; from the beginning where there is no such place.

        Raises
        ------
        NotFound
            The user has no such cutout job, or its positions are gone.
        Conflict
            Its positions were tampered with.
        """
        job, book = self._open(user, job_id)
        rows: list[GalleryRow] = []
        try:
            file = self._jobs.opened(user, job_id, OUTCOMES_FILE)
        except NotFound:
            return GalleryPage(rows=(), next=since, total=len(book.positions), job=job)
        with closing(file):
            place = since if _is_line_start(file, since) else 0
            for _, end, line in lines_of(file, place):
                place = end
                outcome = outcome_of(line)
                if outcome is not None and outcome.row < len(book.positions):
                    rows.append(book.row(outcome))
                if len(rows) == _MOST_ROWS:
                    break
        return GalleryPage(rows=rows, next=place, total=len(book.positions), job=job)

    def row(self, user: User, job_id: str, row: int) -> GalleryRow:
        """Give one row.

        Raises
        ------
        NotFound
            The job has no such row, or not yet; else as in `page`.
        """
        _, book = self._open(user, job_id)
        return book.row(self._outcome(user, job_id, book, row))

    def rows(self, user: User, job_id: str, wanted: Sequence[range] | None = None) -> Iterator[GalleryRow]:
        """Give the finished rows of a job by their number, all or those of some ranges; errors as in `page`."""
        _, book = self._open(user, job_id)
        self._index(user, job_id, book)
        with book.lock:
            known = sorted(book.places)
        if wanted is not None:
            known = [row for part in wanted for row in known[bisect_left(known, part.start) : bisect_left(known, part.stop)]]
        return (book.row(self._outcome(user, job_id, book, row)) for row in known)

    def object(self, user: User, job_id: str, row: GalleryRow) -> FieldObject | None:
        """Give the catalogue's object of a row: the one it asked for, or the one at its position; None where there is none."""
        _, book = self._open(user, job_id)
        if row.object_id != NO_OBJECT:
            return self._objects.numbered(row.object_id, book.request.release)
        return self._objects.nearest(row.ra_deg, row.dec_deg, book.request.release)

    def cells(self, user: User, job_id: str, row: int) -> Sequence[tuple[str, str]]:
        """Give a row of the table that the job was made of, as it was given: names and cells."""
        _, book = self._open(user, job_id)
        if book.table is None or row >= len(book.table):
            return ()
        values = (value[row].as_py() for value in book.table.values)
        return [(name, str(value)) for name, value in zip(book.table.columns, values, strict=True) if value is not None]

    def file(self, user: User, job_id: str, row: GalleryRow, name: str) -> BinaryIO:
        """Open one of a row's files; the caller closes it.

        Raises
        ------
        NotFound
            The row has no such file, or it is gone.
        """
        if name not in row.outcome.files:
            raise NotFound(f"row {row.outcome.row + 1} of job {job_id[:50]} has no file {name[:200]!r}")
        return self._jobs.opened(user, job_id, f"{row.outcome.folder}/{name}")

    def again(self, user: User, job_id: str, outcomes: Collection[Outcome] | None = None) -> tuple[Job, CutoutRequest, Draft]:
        """Give what a new job is made of that cuts all rows, or those with some outcomes, once more.

        Raises
        ------
        Conflict
            The job has no such row; else as in `page`.
        """
        job, book = self._open(user, job_id)
        if outcomes is None:
            return job, book.request, _draft(book, range(len(book.positions)), f"{job.id}-all")
        rows = [row.outcome.row for row in self.rows(user, job_id) if row.outcome.outcome in outcomes]
        if not rows:
            raise Conflict(f"job {job_id[:50]} has no rows that are {' or '.join(sorted(outcomes))}; there is nothing to do again")
        return job, book.request, _draft(book, rows, f"{job_id}-{hash(tuple(rows)) & 2**64 - 1:016x}")

    def _open(self, user: User, job_id: str) -> tuple[Job, _Book]:
        job = self._jobs.get(user, job_id)
        if job.type != _SERVICE:
            raise NotFound(f"job {job.id} is no cutout job; look at the list of your jobs")
        with self._lock:
            if (book := self._books.get(job.id)) is not None:
                self._books.move_to_end(job.id)
                return job, book
        request, positions, table = self._read_job(job.request, self._jobs.input(user, job.id, POSITIONS_INPUT))
        book = _Book(request=request, positions=positions, table=table, own_options=row_options(request.options, positions))
        with self._lock:
            book = self._books.setdefault(job.id, book)
            while len(self._books) > _TABLES_KEPT:
                self._books.popitem(last=False)
        return job, book

    def _outcome(self, user: User, job_id: str, book: _Book, row: int) -> RowOutcome:
        """Read a row's line; where it is not where it was, the outcomes are read anew."""
        for _ in range(2):
            self._index(user, job_id, book)
            with book.lock:
                place = book.places.get(row)
            if place is None:
                break
            with closing(self._jobs.opened(user, job_id, OUTCOMES_FILE)) as file:
                file.seek(place)
                outcome = outcome_of(file.readline(LONGEST_LINE_BYTES))
            if outcome is not None and outcome.row == row:
                return outcome
            with book.lock:
                book.file = None
        raise NotFound(f"job {job_id[:50]} has no row {row + 1}, or has not come to it yet")

    def _index(self, user: User, job_id: str, book: _Book) -> None:
        """Learn where the lines are that have come since the last look."""
        with closing(self._jobs.opened(user, job_id, OUTCOMES_FILE)) as file, book.lock:
            status = os.fstat(file.fileno())
            if book.file != (status.st_dev, status.st_ino) or status.st_size < book.read_to:
                book.file, book.read_to, book.places = (status.st_dev, status.st_ino), 0, {}
            for begin, end, line in lines_of(file, book.read_to):
                book.read_to = end
                outcome = outcome_of(line)
                if outcome is not None and outcome.row < len(book.positions):
                    book.places[outcome.row] = begin


def _is_line_start(file: BinaryIO, place: int) -> bool:
    """Tell whether a line can begin at a place: what was read before may have been written anew since."""
    if place > os.fstat(file.fileno()).st_size:
        return False
    file.seek(max(0, place - 1))
    return place == 0 or file.read(1) == b"\n"


def _draft(book: _Book, rows: Sequence[int], draft_id: str) -> Draft:
    """Make a table of some rows, as if it had been given."""
    positions, number = book.positions, {row: place for place, row in enumerate(rows)}
    chosen = Positions(
        ra_deg=positions.ra_deg[list(rows)],
        dec_deg=positions.dec_deg[list(rows)],
        object_id=positions.object_id[list(rows)],
        overrides={number[row]: own for row, own in positions.overrides.items() if row in number},
    )
    if book.table is not None:
        taken = pa.array(rows, pa.int64())
        table = replace(book.table, values=tuple(values.take(taken) for values in book.table.values), broken={})
    else:
        table = PositionTable(columns=("RA", "DEC"), values=(pa.array(chosen.ra_deg), pa.array(chosen.dec_deg)))
    return Draft(table=table, positions=chosen, created_at=datetime.now(UTC), id=draft_id)
