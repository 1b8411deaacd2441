"""What a worker does for a cutout job: cut what is not cut yet, keep count, write the tables."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..errors import Fault, InvalidRequest, LimitExceeded
from ..jobs.model import JobOutcome
from ..jobs.ports import TaskContext
from ..query.model import Cancellation
from ..survey import Survey
from .chart import ChartObjects
from .engine import cut_all
from .model import CutoutRequest, Outcome, Positions, RowOutcome
from .outcomes import OUTCOMES_FILE
from .ports import CutoutRenderer, CutoutSink, TileStore

__all__ = ["POSITIONS_INPUT", "CutoutResults", "CutoutServices", "JobTables", "run_cutouts"]

POSITIONS_INPUT = "positions.parquet"
"""Name of the input that holds the positions."""

_UNIT = "positions"
_LOGGED_FAILURES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTables:
    """What the tables at the end of a job were made of."""

    files: tuple[str, ...]
    """Their names, in the order in which to show them; the outcomes are the last."""

    counts: Mapping[Outcome, int]
    listed_files: int
    listed_bytes: int


class CutoutResults(CutoutSink, Protocol):
    """The folder that a job writes to, with what an earlier attempt left in it."""

    def earlier(self) -> Mapping[int, RowOutcome]:
        """Outcomes of rows whose files are all there, whole; the others are forgotten."""

    def add(self, outcome: RowOutcome) -> None:
        """Keep what became of one row whose files are written.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        Conflict
            The folder is gone, or was tampered with.
        """

    def finish(
        self, request: CutoutRequest, positions: Positions, *, options: Mapping[str, Any], seconds: float, cancellation: Cancellation
    ) -> JobTables:
        """Write the tables of all rows; errors as in `add`, and `Cancelled`.

        Parameters
        ----------
        options
            Those of the request as the job keeps them, JSON values.
        seconds
            How long the cutting took.
        """


class CutoutServices(Protocol):
    """What the task needs of a worker's services."""

    @property
    def survey(self) -> Survey:
        """Whose tiles are cut."""

    @property
    def tiles(self) -> TileStore:
        """Its images."""

    @property
    def renderer(self) -> CutoutRenderer:
        """What makes files of pixels."""

    @property
    def chart_objects(self) -> ChartObjects | None:
        """What asks the catalogue for the objects of a finding chart."""

    @property
    def read_cutout_job(self) -> Callable[[Mapping[str, Any], bytes], tuple[CutoutRequest, Positions]]:
        """Reads a job's request and positions."""

    @property
    def open_results(self) -> Callable[[Path, str, bytes], CutoutResults]:
        """Opens the folder of a job; given its path, the job's id, and the input that holds the positions as they were given."""

    @property
    def threads(self) -> int:
        """How many rows are cut at a time."""


def run_cutouts(services: CutoutServices, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Cut a job's positions into its folder; goes on where an earlier attempt was cut off.

    Parameters
    ----------
    request
        A `CutoutRequest` as JSON, with ``max_positions`` and ``max_result_bytes`` beside it where the owner's limits are to hold.

    Raises
    ------
    InvalidRequest
        The request is not one for cutouts.
    LimitExceeded
        There are more positions, or the files are larger, than the owner's limits allow.
    DeadlineExceeded, Cancelled
        The job's time is up, or it was cancelled.
    ServiceUnavailable, Conflict, NotFound
        The disk takes no files; the folder was tampered with; the positions are gone.
    """
    began = time.monotonic()
    limits = _limits(request)
    content = context.input(POSITIONS_INPUT)
    cutouts, positions = services.read_cutout_job(request, content)
    if (most := limits["max_positions"]) is not None and len(positions) > most:
        raise LimitExceeded(f"the table has {len(positions):,} positions, and a job may have {most:,}; split it")
    context.log(f"{len(positions):,} positions of {cutouts.release}, {services.threads} at a time")
    results = services.open_results(context.folder, context.job_id, content)
    earlier = {row: outcome for row, outcome in results.earlier().items() if row < len(positions)}
    if earlier:
        context.log(f"{len(earlier):,} rows were finished by an earlier attempt and are kept")
    cut_all(
        cutouts,
        positions,
        survey=services.survey,
        tiles=services.tiles,
        renderer=services.renderer,
        chart_objects=services.chart_objects,
        sink=results,
        done=earlier,
        threads=services.threads,
        cancellation=context.cancellation,
        on_outcome=_Tally(context, results, len(positions), earlier, limits["max_result_bytes"]),
    )
    seconds = time.monotonic() - began
    context.log(f"all rows are cut after {seconds:.2f} s; the tables are written")
    options = request.get("options") or {}
    tables = results.finish(cutouts, positions, options=options, seconds=seconds, cancellation=context.cancellation)
    counts = {outcome.value: count for outcome, count in tables.counts.items()}
    context.log(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
    return JobOutcome(
        files=tables.files,
        rows=len(positions),
        summary={"rows": len(positions), "outcomes": counts, "release": cutouts.release, "resumed_rows": len(earlier)},
        listing=OUTCOMES_FILE,
        listed_files=tables.listed_files,
        listed_bytes=tables.listed_bytes,
    )


class _Tally:
    """Hears of each row: keeps its outcome, tells how far the job is, and minds how large its files are."""

    def __init__(
        self, context: TaskContext, results: CutoutResults, total: int, earlier: Mapping[int, RowOutcome], max_bytes: int | None
    ) -> None:
        self._context, self._results, self._total, self._max_bytes = context, results, total, max_bytes
        self._rows = len(earlier)
        self._size_bytes = sum(outcome.size_bytes for outcome in earlier.values())
        self._failures = 0
        self._report()

    def __call__(self, outcome: RowOutcome) -> None:
        self._results.add(outcome)
        self._rows += 1
        self._size_bytes += outcome.size_bytes
        if outcome.outcome is Outcome.FAILED:
            self._log_failure(outcome)
        self._report()
        if self._max_bytes is not None and self._size_bytes > self._max_bytes:
            words = f"the files of {self._rows:,} of {self._total:,} positions already take {self._size_bytes:,} bytes, and a job may make"
            error = LimitExceeded(f"{words} {self._max_bytes:,}; ask for fewer positions, bands or planes, or for smaller cutouts")
            self._context.cancellation.cancel(str(error))
            raise error

    def _report(self) -> None:
        self._context.report(self._rows, self._total, _UNIT)

    def _log_failure(self, outcome: RowOutcome) -> None:
        self._failures += 1
        if self._failures <= _LOGGED_FAILURES:
            self._context.log(f"row {outcome.row + 1}: {outcome.message}")


def _limits(request: Mapping[str, Any]) -> dict[str, int | None]:
    faults = []
    limits: dict[str, int | None] = {}
    for name in ("max_positions", "max_result_bytes"):
        value = limits[name] = request.get(name)
        if value is not None and (type(value) is not int or value < 0):
            faults.append(Fault(field=name, message=f"must be a whole number, 0 or more, got {value!r:.80}"))
    if faults:
        raise InvalidRequest(faults)
    return limits
