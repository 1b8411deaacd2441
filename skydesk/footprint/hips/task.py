"""What a worker does for a pyramid: the deepest cells from images of tiles, every coarser one from four finer ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Protocol

from ...errors import LimitExceeded, NotFound
from ...jobs.model import JobOutcome
from ...jobs.ports import TaskContext
from ...survey import Survey
from ..membership import TileSet
from ..moc import Moc
from ..model import MocFormat
from ..task import BulkServices, run_bulk
from .geometry import FIRST_ORDER, cells_reached
from .model import WORK, PyramidRequest, colour_bands, request_from_json
from .names import ALLSKY, MOC_FILE, PROPERTIES
from .ports import PyramidPlace, PyramidServices
from .properties import PyramidFacts, properties_text
from .pyramid import Picture, allsky_picture, parent_picture

__all__ = ["FootprintServices", "run_footprint", "run_hips"]

_BUILDER = "SkyDesk"
_AT_ONCE = 32
"""Cells that are begun before a stop is listened for."""

_RECIPE = 1
"""Grows with every change of what cells look like."""

_WHOLE_SKY_DEG2 = 41252.96124941928


class FootprintServices(BulkServices, PyramidServices, Protocol):
    """What footprint jobs need of a worker's services."""


def run_footprint(services: FootprintServices, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Do what a footprint job asks for: a pyramid, or files of tiles; errors as `run_hips` and `skydesk.footprint.task.run_bulk`."""
    return run_hips(services, request, context) if request.get("work") == WORK else run_bulk(services, request, context)


def run_hips(services: PyramidServices, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Make the pyramid of a release; goes on where an earlier attempt, or an earlier job, was cut off.

    Raises
    ------
    InvalidRequest
        The request is not one for a pyramid, or the survey has fewer than three bands.
    NotFound
        No tile has images.
    LimitExceeded
        It grows beyond the owner's limits.
    Conflict
        Another job makes it.
    Cancelled, ServiceUnavailable
        The job was stopped; the disk takes no files, or gives none.
    """
    wanted = request_from_json(request)
    tiles = TileSet.of_runs(services.survey.grid, wanted.runs)
    bands = colour_bands(services.survey.bands)
    with services.open_pyramid(wanted) as place:
        maker = _Maker(services, wanted, tiles, place, context)
        maker.make(bands)
        place.finish()
    context.log(f"the colour pyramid of {wanted.release} is shown from now on")
    return JobOutcome(
        files=(),
        rows=maker.pictures,
        summary={
            "work": WORK,
            "release": wanted.release,
            "order": wanted.order,
            "pictures": maker.pictures,
            "size_bytes": place.size_bytes,
        },
    )


class _Maker:
    """One pyramid being made."""

    def __init__(
        self, services: PyramidServices, wanted: PyramidRequest, tiles: TileSet, place: PyramidPlace, context: TaskContext
    ) -> None:
        self._services, self._wanted, self._tiles, self._place, self._context = services, wanted, tiles, place, context
        self._done = 0
        self.pictures = 0

    def make(self, bands: tuple[str, str, str]) -> None:
        wanted, place = self._wanted, self._place
        runs = [list(run) for run in wanted.runs]
        kept = place.begin({"recipe": _RECIPE, "order": wanted.order, "runs": runs, "bands": list(bands)})
        if kept:
            self._context.log(f"{kept:,} cells were finished earlier and are kept")
        cells = cells_reached(self._tiles, wanted.order, self._services.sky)
        painter = self._services.open_painter(self._tiles, wanted, self._context.log)
        deepest = drawn = self._fill(wanted.order, cells.tolist(), painter.picture, len(cells))
        if not drawn:
            raise NotFound(f"no tile of {wanted.release} has images in {', '.join(bands)}, so there is nothing to show")
        for order in range(wanted.order - 1, FIRST_ORDER - 1, -1):
            drawn = self._coarser(order, drawn, len(cells))
        place.add_picture(ALLSKY, allsky_picture({cell: place.picture(FIRST_ORDER, cell) for cell in drawn}))
        moc = Moc.of_cells(wanted.order, deepest)
        place.add_file(MOC_FILE, self._services.mocs.write(moc, MocFormat.FITS))
        place.add_file(PROPERTIES, properties_text(self._facts(self._services.survey, bands, moc), self._tiles).encode())

    def _coarser(self, order: int, finer: Sequence[int], expected: int) -> list[int]:
        there = set(finer)

        def average(cell: int) -> Picture:
            children = range(4 * cell, 4 * cell + 4)
            return parent_picture([self._place.picture(order + 1, child) if child in there else None for child in children])

        return self._fill(order, sorted({cell >> 2 for cell in finer}), average, expected)

    def _fill(self, order: int, cells: Sequence[int], paint: Callable[[int], Picture | None], expected: int) -> list[int]:
        """Have every cell of an order finished; gives those that have a picture."""
        finished = dict(self._place.finished(order))
        self._done += sum(cell in finished for cell in cells)
        todo = [cell for cell in cells if cell not in finished]

        def work(cell: int) -> bool:
            picture = paint(cell)
            self._place.add(order, cell, picture)
            return picture is not None

        with ThreadPoolExecutor(self._services.threads, thread_name_prefix="skydesk-hips") as pool:
            for some in _parts(todo):
                self._context.cancellation.check()
                finished.update(zip(some, pool.map(work, some), strict=True))
                self._done += len(some)
                self._context.report(self._done, max(self._done, expected * 4 // 3), "cells")
                self._check_size()
        drawn = [cell for cell in cells if finished[cell]]
        self.pictures += len(drawn)
        return drawn

    def _check_size(self) -> None:
        most, size = self._wanted.most_bytes, self._place.size_bytes
        if size > most:
            raise LimitExceeded(f"the colour pyramid has {size:,} bytes already, and the job may make {most:,}; ask for a smaller order")

    def _facts(self, survey: Survey, bands: tuple[str, str, str], moc: Moc) -> PyramidFacts:
        return PyramidFacts(
            survey=survey.name,
            title=survey.title,
            release=self._wanted.release,
            description=survey.description,
            bands=bands,
            order=self._wanted.order,
            sky_fraction=moc.area_deg2 / _WHOLE_SKY_DEG2,
            bytes_=self._place.size_bytes,
            made_at=datetime.now(UTC),
            builder=_BUILDER,
        )


def _parts(cells: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(cells), _AT_ONCE):
        yield cells[begin : begin + _AT_ONCE]
