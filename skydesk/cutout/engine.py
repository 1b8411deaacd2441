"""Cut every row of a table of positions: by tile, in several threads, one outcome a row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Event, Thread

import numpy as np

from ..grid import IntArray, Tile
from ..query.model import Cancellation
from ..survey import Survey
from .chart import ChartObjects
from .cutting import Cutter
from .model import NO_OBJECT, CutoutOptions, CutoutRequest, Outcome, Positions, RowOutcome
from .plan import Plan, duplicates_of, folders_of, name_prefix, names_of, row_options, tiles_of
from .ports import CutoutRenderer, CutoutSink, TileStore
from .row import Row, RowCutter

__all__ = ["cut_all"]

_ROWS_AT_A_TIME = 16
"""Rows that a thread takes from the list at once: neighbours, so that it stays on its tiles."""


def cut_all(
    request: CutoutRequest,
    positions: Positions,
    *,
    survey: Survey,
    tiles: TileStore,
    renderer: CutoutRenderer,
    chart_objects: ChartObjects | None,
    sink: CutoutSink,
    done: Mapping[int, RowOutcome] | None = None,
    threads: int = 1,
    cancellation: Cancellation,
    on_outcome: Callable[[RowOutcome], None],
) -> None:
    """Cut every row and hand its files to the sink.

    Rows are cut in the order of their tiles, and of declination on a tile, so that what one read has decoded serves the next. Files do
    not depend on the order or the number of threads.

    Parameters
    ----------
    chart_objects
        Asks the catalogue for the objects of a field; None where there is no catalogue to ask.
    sink
        Takes the files; a row's outcome is told after its files.
    done
        Outcomes of rows that an earlier attempt has cut, by row; they are not cut, and not told, again.
    threads
        Rows cut at a time.
    cancellation
        Looked at between any two images.
    on_outcome
        Told what became of each row, once, in the calling thread. A duplicate is told right after the row that it repeats; its files
        are that row's, and its size is 0.

    Raises
    ------
    Cancelled
        Somebody asked for it.
    ServiceUnavailable
        The sink cannot take files; whatever is wrong with a row or a tile is that row's outcome, and no error.
    """
    table = _Table(request.options, positions, survey)
    cutter = Cutter(survey.grid, tiles, request.release)
    worker = RowCutter(cutter, renderer, sink, chart_objects, survey, cancellation)
    told = _Told(table.repeats, done or {}, on_outcome)
    for outcome in table.without_tile():
        told(outcome)
    for row in done or {}:
        told.repeats_of(row)
    rows = [row for row in table.order.tolist() if table.duplicates[row] == row and row not in told.done]
    if threads <= 1:
        for row in rows:
            told(worker.outcome(table.row(row)))
    else:
        for outcome in _in_threads(rows, lambda row: worker.outcome(table.row(row)), threads):
            told(outcome)
    cancellation.check()


class _Table:
    """The rows with what the plan says of each."""

    def __init__(self, options: CutoutOptions, positions: Positions, survey: Survey) -> None:
        self.positions, self.survey, self.options = positions, survey, options
        self.plan: Plan = tiles_of(survey, positions, options)
        self.duplicates: IntArray = duplicates_of(positions, options)
        self.names: Sequence[str] = names_of(positions, name_prefix(survey))
        self.folders: Sequence[str] = folders_of(self.plan, positions, self.duplicates, self.names)
        self.own_options = row_options(options, positions)
        self._tile = lru_cache(maxsize=64)(self._tile_at)

    @property
    def order(self) -> IntArray:
        """Rows that are on a tile, by tile and declination."""
        order = np.lexsort((self.positions.ra_deg, self.positions.dec_deg, self.plan.tile_index))
        return order[int(np.count_nonzero(self.plan.outside)) :]

    @property
    def repeats(self) -> dict[int, list[int]]:
        """Rows that repeat a row, by that row."""
        found: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.duplicates != np.arange(len(self.duplicates))).tolist():
            found.setdefault(int(self.duplicates[row]), []).append(row)
        return found

    def without_tile(self) -> Iterator[RowOutcome]:
        """Give the outcomes of rows that the grid does not reach, and of objects whose position is not known."""
        for row in np.flatnonzero(self.plan.outside).tolist():
            if self.duplicates[row] != row:
                continue
            object_id = int(self.positions.object_id[row])
            if object_id != NO_OBJECT and not np.isfinite(self.positions.ra_deg[row]):
                yield RowOutcome(row=row, outcome=Outcome.FAILED, message=f"the catalogue has no object {object_id}")
            else:
                message = "the position is outside the survey's tiles"
                yield RowOutcome(row=row, outcome=Outcome.OUTSIDE, message=message, name=self.names[row])

    def row(self, row: int) -> Row:
        """Put together what is known of a row."""
        return Row(
            number=row,
            tile=self._tile(int(self.plan.tile_index[row])),
            ra_deg=float(self.positions.ra_deg[row]),
            dec_deg=float(self.positions.dec_deg[row]),
            options=self.own_options.get(row, self.options),
            name=self.names[row],
            folder=self.folders[row],
        )

    def _tile_at(self, index: int) -> Tile:
        return self.survey.grid.tile(int(self.plan.tile_rows[index]), int(self.plan.tile_columns[index]))


class _Told:
    """Tells outcomes, each row's once, and those of the rows that repeat it."""

    def __init__(self, repeats: Mapping[int, list[int]], done: Mapping[int, RowOutcome], tell: Callable[[RowOutcome], None]) -> None:
        self._repeats, self.done, self._tell = repeats, done, tell

    def __call__(self, outcome: RowOutcome) -> None:
        if outcome.row not in self.done:
            self._tell(outcome)
        for row in self._repeats.get(outcome.row, ()):
            if row not in self.done:
                self._tell(_repeated(outcome, row))

    def repeats_of(self, row: int) -> None:
        """Tell the rows that repeat one that was done before, and were not."""
        if row in self._repeats:
            self(self.done[row])


def _repeated(first: RowOutcome, row: int) -> RowOutcome:
    """Make the outcome of a row that repeats another: what went wrong with one went wrong with both."""
    same = first.outcome in {Outcome.OUTSIDE, Outcome.FAILED}
    message = first.message if same else f"the same as row {first.row + 1}" + (f": {first.message}" if first.message else "")
    return RowOutcome(
        row=row,
        outcome=first.outcome if same else Outcome.DUPLICATE,
        message=message,
        tile=first.tile,
        name=first.name,
        folder=first.folder,
        files=first.files,
        blank_pixels=first.blank_pixels,
        stitched=first.stitched,
    )


def _in_threads(rows: list[int], cut: Callable[[int], RowOutcome], threads: int) -> Iterator[RowOutcome]:
    """Cut rows in threads and give the outcomes as they come; the first error of any thread ends all of them and is raised."""
    todo: SimpleQueue[list[int]] = SimpleQueue()
    for first in range(0, len(rows), _ROWS_AT_A_TIME):
        todo.put(rows[first : first + _ROWS_AT_A_TIME])
    came: SimpleQueue[RowOutcome | BaseException | None] = SimpleQueue()
    stop = Event()

    def work() -> None:
        try:
            while True:
                for row in todo.get_nowait():
                    if stop.is_set():
                        return
                    came.put(cut(row))
        except Empty:
            return
        except BaseException as error:
            came.put(error)
        finally:
            came.put(None)

    workers = [Thread(target=work, name=f"cutout-{number}", daemon=True) for number in range(min(threads, len(rows)))]
    for worker in workers:
        worker.start()
    try:
        running = len(workers)
        while running:
            item = came.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                running -= 1
            else:
                yield item
    finally:
        stop.set()
        for worker in workers:
            worker.join()
