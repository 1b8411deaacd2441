"""Objects of the catalogue round a position: for finding charts, and beside an image."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..query.ports import Catalog
from ..survey import ObjectTable, Survey
from .chart import separation_arcsec
from .ports import ChartObject

__all__ = ["FieldObject", "FieldObjects"]

_MOST_OBJECTS = 20_000
_NEAR_ARCSEC = 2.0
_NO_MAGNITUDE = 90.0
"""Magnitudes above it, 99 in DES's tables, stand for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldObject:
    """One object with its magnitudes."""

    object_id: int
    ra_deg: float
    dec_deg: float
    magnitudes: Mapping[str, float | None]
    """AB magnitudes by band; None where there is none."""


class FieldObjects:
    """Asks the catalogue for objects by place or number. Safe from several threads.

    Parameters
    ----------
    catalog
        What is asked.
    survey
        Says in which tables and columns objects are.
    limit_seconds
        Longest run of one statement.
    """

    def __init__(self, catalog: Catalog, survey: Survey, *, limit_seconds: float = 60) -> None:
        self._catalog, self._survey, self._limit_seconds = catalog, survey, limit_seconds

    def in_field(
        self, ra_deg: float, dec_deg: float, x_size_arcmin: float, y_size_arcmin: float, band: str, release: str
    ) -> Sequence[ChartObject]:
        """Give the objects in a box for a finding chart: a `skydesk.cutout.chart.ChartObjects`; none for a survey without objects.

        Raises
        ------
        ServiceUnavailable, DeadlineExceeded
            The catalogue did not answer, or not in time.
        """
        objects = self._survey.objects
        if objects is None:
            return ()
        where = _box(objects, ra_deg, dec_deg, x_size_arcmin, y_size_arcmin)
        rows = self._rows(objects, release, [objects.star_magnitude_of(band)], where)
        return [
            ChartObject(object_id=number, ra_deg=ra, dec_deg=dec, mag=math.nan if mag is None else mag) for number, ra, dec, (mag,) in rows
        ]

    def numbered(self, object_id: int, release: str) -> FieldObject | None:
        """Give the object of a number; None where there is none. Errors as in `in_field`."""
        objects = self._survey.objects
        return None if objects is None else next(self._found(objects, release, f"{objects.id} = {object_id:d}"), None)

    def nearest(self, ra_deg: float, dec_deg: float, release: str) -> FieldObject | None:
        """Give the object nearest to a position; None where none is within 2 arcsec. Errors as in `in_field`."""
        objects = self._survey.objects
        if objects is None or not (math.isfinite(ra_deg) and math.isfinite(dec_deg)):
            return None
        side_arcmin = 2 * _NEAR_ARCSEC / 60
        found = tuple(self._found(objects, release, _box(objects, ra_deg, dec_deg, side_arcmin, side_arcmin)))
        near = [(separation_arcsec(ra_deg, dec_deg, each.ra_deg, each.dec_deg), each.object_id, each) for each in found]
        return min(near)[2] if near and min(near)[0] <= _NEAR_ARCSEC else None

    def _found(self, objects: ObjectTable, release: str, where: str) -> Iterator[FieldObject]:
        bands = self._survey.bands
        for number, ra, dec, magnitudes in self._rows(objects, release, [objects.magnitude_of(band) for band in bands], where):
            yield FieldObject(object_id=number, ra_deg=ra, dec_deg=dec, magnitudes=dict(zip(bands, magnitudes, strict=True)))

    def _rows(
        self, objects: ObjectTable, release: str, magnitudes: Sequence[str], where: str
    ) -> Iterator[tuple[int, float, float, list[float | None]]]:
        """Number, position and magnitudes of objects; columns that the table has not give None."""
        table = self._survey.table(objects.table_of(release))
        known = {column.name for column in table.columns}
        columns = [objects.id, objects.ra, objects.dec, *(name if name in known else "NULL" for name in magnitudes)]
        sql = f"SELECT {', '.join(columns)} FROM {table.name} WHERE {where}"
        with self._catalog.stream(sql, max_rows=_MOST_OBJECTS, limit_seconds=self._limit_seconds) as stream:
            for batch in stream:
                for number, ra, dec, *cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    yield int(number), float(ra) % 360, float(dec), [_magnitude(cell) for cell in cells]


def _box(objects: ObjectTable, ra_deg: float, dec_deg: float, x_size_arcmin: float, y_size_arcmin: float) -> str:
    """The condition that a position is in a box on the sky, or a little outside."""
    south, north = dec_deg - y_size_arcmin / 120, dec_deg + y_size_arcmin / 120
    half = x_size_arcmin / 120 / max(math.cos(math.radians(min(90.0, max(abs(south), abs(north))))), 1e-9)
    condition = f"{objects.dec} BETWEEN {south:.9f} AND {north:.9f}"
    if half >= 180:
        return condition
    west, east = ra_deg - half, ra_deg + half
    parts = [(max(west, 0.0), min(east, 360.0))]
    parts += [(west + 360, 360.0)] if west < 0 else []
    parts += [(0.0, east - 360)] if east > 360 else []
    return f"{condition} AND ({' OR '.join(f'{objects.ra} BETWEEN {low:.9f} AND {high:.9f}' for low, high in parts)})"


def _magnitude(cell: Any) -> float | None:
    return None if cell is None or not 0 < float(cell) < _NO_MAGNITUDE else float(cell)
