"""The tables of a cutout job: positions with their outcomes, the summary, the tiles' files."""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from ... import __version__
from ...cutout.columns import canonical_name
from ...cutout.model import NO_OBJECT, POSITION_COLUMNS, CutoutRequest, Outcome, Positions, RowOutcome
from ...cutout.plan import row_options, tiles_of
from ...cutout.ports import TileStore
from ...cutout.position_text import PositionTable
from ...errors import InvalidImage
from ...query.model import Cancellation
from ...survey import Survey
from .place import Place

__all__ = ["Tables", "Totals"]

_ROWS_BETWEEN_CHECKS = 1000
_OUTCOME_COLUMNS = ("OUTCOME", "MESSAGE", "TILENAME", "FOLDER")


@dataclass(slots=True)
class Totals:
    """Counts over all rows."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    files: int = 0
    size_bytes: int = 0
    positions_outside: list[list[float]] = field(default_factory=list)
    objects_outside: list[int] = field(default_factory=list)

    def note(self, outcome: RowOutcome, ra_deg: float, dec_deg: float, object_id: int) -> None:
        """Count one row; files that are another row's are counted there."""
        self.counts[outcome.outcome] += 1
        self.size_bytes += outcome.size_bytes
        self.files += len(outcome.files) if outcome.size_bytes else 0
        if object_id != NO_OBJECT and (outcome.outcome is Outcome.OUTSIDE or not math.isfinite(ra_deg)):
            self.objects_outside.append(object_id)
        elif outcome.outcome is Outcome.OUTSIDE:
            self.positions_outside.append([ra_deg, dec_deg])


class Tables:
    """Writes the tables of one job, row by row, whatever the count.

    Parameters
    ----------
    place
        The job's folder.
    given
        The table that the positions came from, row by row; None where only the positions are known.
    """

    def __init__(
        self,
        place: Place,
        job_id: str,
        survey: Survey,
        request: CutoutRequest,
        positions: Positions,
        *,
        given: PositionTable | None = None,
        made_at: datetime,
    ) -> None:
        self.positions_name, self.summary_name, self.matched_name = f"positions_{job_id}.csv", "summary.json", f"matched_{job_id}.csv"
        self._place, self._job_id, self._survey, self._request, self._positions = place, job_id, survey, request, positions
        self._given, self._made_at = given, made_at
        self._has_positions = given is not None and {"RA", "DEC"} <= {canonical_name(name) for name in given.columns}
        self._own_options = row_options(request.options, positions)
        self._overridden = tuple(name for name in POSITION_COLUMNS if any(name in own for own in positions.overrides.values()))
        self._has_objects = bool((positions.object_id != NO_OBJECT).any())

    def write(
        self, outcome_of_row: Callable[[int], RowOutcome], *, options: Mapping[str, Any], seconds: float, cancellation: Cancellation
    ) -> Totals:
        """Write ``positions_<job id>.csv`` and ``summary.json``, rows in the order given.

        Cells are written as they were given, also those that a spreadsheet would take for formulas.
        """
        totals = Totals()
        with self._csv(self.positions_name, self._columns()) as writer, self._place.new_file(self.summary_name) as summary:
            summary.write(
                _json_head({"skydesk": __version__, "job_id": self._job_id, "release": self._request.release, "options": options})
            )
            summary.write(b' "cutouts": [\n')
            for row, cells in enumerate(self._cells()):
                if not row % _ROWS_BETWEEN_CHECKS:
                    cancellation.check()
                outcome = outcome_of_row(row)
                ra, dec, object_id = self._position(row)
                totals.note(outcome, ra, dec, object_id)
                writer.writerow([str(row + 1), *cells, outcome.outcome.value, outcome.message, outcome.tile, outcome.folder])
                summary.write(json.dumps(self._entry(row, outcome)).encode() + (b",\n" if row + 1 < len(self._positions) else b"\n"))
            summary.write(b" ],\n" + _json_tail(self._totals(totals, seconds)))
        return totals

    def write_matched(self, tiles: TileStore, cancellation: Cancellation) -> None:
        """Write ``matched_<job id>.csv``: each position with its tile and the names of that tile's files."""
        plan = tiles_of(self._survey, self._positions, self._request.options)
        files: dict[str, list[str]] = {"": [""] * len(self._survey.bands)}
        head = ["RA", "DEC", *(["COADD_OBJECT_ID"] if self._has_objects else []), "TILENAME"]
        with self._csv(self.matched_name, [*head, *(f"FITS_IMAGE_{band.upper()}" for band in self._survey.bands)]) as writer:
            for row in range(len(self._positions)):
                cancellation.check()
                tile = plan.tile_of(row)
                if tile not in files:
                    files[tile] = [self._image_name(tiles, tile, band) for band in self._survey.bands]
                writer.writerow([*self._place_cells(row), tile, *files[tile]])

    def _image_name(self, tiles: TileStore, tile: str, band: str) -> str:
        try:
            image = tiles.image(tile, band, self._request.release)
        except InvalidImage:
            return ""
        return "" if image is None else image.path.name

    def _columns(self) -> list[str]:
        objects = ["COADD_OBJECT_ID"] if self._has_objects else []
        if self._given is None:
            return ["ROW", "RA", "DEC", *objects, *self._overridden, *_OUTCOME_COLUMNS]
        # positions of ids and names are of use too
        found = [] if self._has_positions else ["RA", "DEC"]
        return ["ROW", *_given_names(self._given.columns), *found, *_OUTCOME_COLUMNS]

    def _cells(self) -> Iterator[list[str]]:
        """What is said of each row before its outcome."""
        if self._given is None:
            for row in range(len(self._positions)):
                own = self._positions.overrides.get(row, {})
                yield [*self._place_cells(row), *(_cell(own.get(name)) for name in self._overridden)]
            return
        for first in range(0, len(self._positions), _ROWS_BETWEEN_CHECKS):
            values = [column.to_pylist() for column in self._given.part(first, _ROWS_BETWEEN_CHECKS).values]
            for row, cells in enumerate(zip(*values, strict=True), first):
                found = [] if self._has_positions else self._place_cells(row)[:2]
                yield ["" if cell is None else str(cell) for cell in cells] + found

    def _place_cells(self, row: int) -> list[str]:
        ra, dec, object_id = self._position(row)
        objects = ["" if object_id == NO_OBJECT else str(object_id)] if self._has_objects else []
        return [*("" if math.isnan(value) else repr(value) for value in (ra, dec)), *objects]

    def _position(self, row: int) -> tuple[float, float, int]:
        positions = self._positions
        return float(positions.ra_deg[row]), float(positions.dec_deg[row]), int(positions.object_id[row])

    def _entry(self, row: int, outcome: RowOutcome) -> dict[str, Any]:
        """One of ``cutouts``; the keys are those that DESaccess has, SEXAGECIMAL as it spells it."""
        ra, dec, object_id = self._position(row)
        options = self._own_options.get(row, self._request.options)
        return {
            "ROW": row + 1,
            "RA": None if math.isnan(ra) else ra,
            "DEC": None if math.isnan(dec) else dec,
            "COADD_OBJECT_ID": None if object_id == NO_OBJECT else object_id,
            "XSIZE": options.x_size_arcmin,
            "YSIZE": options.y_size_arcmin,
            "TILENAME": outcome.tile,
            "TILEDIR": self._tile_folder(outcome.tile),
            "SEXAGECIMAL": outcome.name,
            "OUTCOME": outcome.outcome.value,
            "MESSAGE": outcome.message,
            "FILES": [f"{outcome.folder}/{name}" for name in outcome.files],
            "SIZE": outcome.size_bytes,
        }

    def _tile_folder(self, tile: str) -> str:
        if not tile:
            return ""
        pattern = self._survey.image_glob(tile, self._survey.bands[0], self._request.release)
        return str(PurePosixPath(pattern).parent)

    def _totals(self, totals: Totals, seconds: float) -> dict[str, Any]:
        return {
            "unmatched_positions": {"coord": totals.positions_outside, "coadd": totals.objects_outside},
            "outcomes": {outcome.value: totals.counts[outcome] for outcome in Outcome if totals.counts[outcome]},
            "number_of_files": totals.files,
            "size_on_disk": totals.size_bytes,
            "processing_time": round(seconds, 3),
            "created_at": self._made_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    @contextmanager
    def _csv(self, name: str, columns: list[str]) -> "Iterator[Any]":
        with self._place.new_file(name) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            yield writer
            text.detach()


def _given_names(names: tuple[str, ...]) -> list[str]:
    """Names of columns as given, but for those that the table has itself: a ``TILENAME`` is ``TILENAME_GIVEN``."""
    ours = {"ROW", *_OUTCOME_COLUMNS}
    return [f"{name}_GIVEN" if name.upper() in ours else name for name in names]


def _cell(value: Any) -> str:
    """Write a value as a table of positions has it: ``g,r,i``, ``irg;gri``, ``1``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple | list):
        nested = any(isinstance(each, tuple | list) for each in value)
        return ";".join("".join(each) for each in value) if nested else ",".join(value)
    return str(value)


def _json_head(values: Mapping[str, Any]) -> bytes:
    """The beginning of an object that goes on."""
    return ("{\n" + "".join(f" {json.dumps(name)}: {json.dumps(value)},\n" for name, value in values.items())).encode()


def _json_tail(values: Mapping[str, Any]) -> bytes:
    """The end of an object that was begun."""
    return (",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()) + "\n}\n").encode()
