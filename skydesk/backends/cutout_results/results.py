"""A cutout job's folder: files as they come, one line a row, tables at the end."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cutout.model import CutoutRequest, Outcome, Positions, RowOutcome
from ...cutout.outcomes import OUTCOMES_FILE, line_of, lines_of, outcome_of
from ...cutout.ports import TileStore
from ...cutout.position_text import PositionTable
from ...cutout.task import JobTables
from ...errors import Conflict
from ...query.model import Cancellation
from ...survey import Survey
from .place import Place
from .tables import Tables

__all__ = ["JobResults"]

_LOST = "what became of this row was lost, since outcomes.jsonl was changed while the job ran; run it again"


class JobResults:
    """A `skydesk.cutout.task.CutoutResults` on a disk that the owner's lab writes to as well; nothing found there is trusted.

    Parameters
    ----------
    folder
        Of this attempt; with what an earlier one left.
    job_id
        For the names of tables.
    survey, tiles
        For what the tables say of tiles.
    given
        Reads the table that the positions came from; None where it was not kept.
    """

    def __init__(
        self,
        folder: Path,
        job_id: str,
        *,
        survey: Survey,
        tiles: Callable[[], TileStore],
        given: Callable[[], PositionTable | None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._place = Place(folder)
        self._job_id, self._survey, self._tiles, self._given, self._clock = job_id, survey, tiles, given, clock
        with self._place.opened(OUTCOMES_FILE, os.O_WRONLY | os.O_CREAT):
            pass  # from now on an attempt that dies leaves something to go on from

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Keep one file; see `skydesk.cutout.ports.CutoutSink`."""
        self._place.write(folder, name, content)

    def add(self, outcome: RowOutcome) -> None:
        """Keep what became of one row; see `skydesk.cutout.task.CutoutResults`."""
        line = line_of(outcome)
        with self._place.opened(OUTCOMES_FILE, os.O_WRONLY | os.O_APPEND) as file:
            written = os.write(file, line)
            if written < len(line):
                os.write(file, line[written:])

    def earlier(self) -> Mapping[int, RowOutcome]:
        """Read what is finished; see `skydesk.cutout.task.CutoutResults`.

        A torn last line is cut off. Other lines that do not hold are blanked, so that places in the file stay what they are for
        who reads it while the job runs.
        """
        found: dict[int, RowOutcome] = {}
        with self._place.opened(OUTCOMES_FILE, os.O_RDWR) as file, os.fdopen(file, "rb", closefd=False) as reader:
            whole = 0
            for begin, end, line in lines_of(reader):
                whole = end
                outcome = outcome_of(line)
                if outcome is not None and outcome.row not in found and self._is_whole(outcome):
                    found[outcome.row] = outcome
                elif line.strip() or not line:
                    _blank(file, begin, end)
            os.ftruncate(file, whole)
        return found

    def finish(
        self, request: CutoutRequest, positions: Positions, *, options: Mapping[str, Any], seconds: float, cancellation: Cancellation
    ) -> JobTables:
        """Write the tables; see `skydesk.cutout.task.CutoutResults`."""
        places = self._places_of_rows(len(positions))
        for row in np.flatnonzero(places < 0).tolist():
            self.add(RowOutcome(row=row, outcome=Outcome.FAILED, message=_LOST))
        if (places < 0).any():
            places = self._places_of_rows(len(positions))
        tables = Tables(self._place, self._job_id, self._survey, request, positions, given=self._given(), made_at=self._clock())
        with self._place.read(OUTCOMES_FILE) as file:

            def outcome(row: int) -> RowOutcome:
                file.seek(int(places[row]))
                found = outcome_of(file.readline())
                if found is None or found.row != row:
                    raise Conflict("outcomes.jsonl was changed while the tables were written; run the job again")
                return found

            totals = tables.write(outcome, options=options, seconds=seconds, cancellation=cancellation)
        names = [tables.positions_name, tables.summary_name]
        if request.include_matched_csv:
            tables.write_matched(self._tiles(), cancellation)
            names.append(tables.matched_name)
        return JobTables(files=(*names, OUTCOMES_FILE), counts=totals.counts, listed_files=totals.files, listed_bytes=totals.size_bytes)

    def _is_whole(self, outcome: RowOutcome) -> bool:
        """Tell whether all files of a row are there; a row without a size of its own has those of another."""
        if not outcome.files:
            return True
        sizes = self._place.sizes(outcome.folder, outcome.files)
        return sizes is not None and (not outcome.size_bytes or sum(sizes) == outcome.size_bytes)

    def _places_of_rows(self, count: int) -> NDArray[np.int64]:
        """Where each row's line begins, bytes; -1 for none. A line too many, or of no row, is blanked."""
        places = np.full(count, -1, np.int64)
        with self._place.opened(OUTCOMES_FILE, os.O_RDWR) as file, os.fdopen(file, "rb", closefd=False) as reader:
            for begin, end, line in lines_of(reader):
                outcome = outcome_of(line)
                if outcome is not None and outcome.row < count and places[outcome.row] < 0:
                    places[outcome.row] = begin
                elif line.strip() or not line:
                    _blank(file, begin, end)
        return places


def _blank(file: int, begin: int, end: int) -> None:
    """Overwrite a line with spaces, but for its end."""
    chunk = b" " * (1 << 16)
    while begin < end - 1:
        begin += os.pwrite(file, chunk[: end - 1 - begin], begin)
