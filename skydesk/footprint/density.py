"""Numbers on the sky by HEALPix pixel: counts, mean magnitudes, depth and coverage of a release, or what a statement gives."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidRequest, NotFound
from ..grid import FloatArray, IntArray
from ..query.model import Cancellation, Table
from ..survey import Survey
from .catalogue import DEPTH_ERRORS, CatalogueReader, error_of, has_column
from .model import Density
from .ports import HealpixSky

__all__ = ["MOST_PIXELS", "DensityMaps", "density_of_positions", "density_of_rows", "pixel_column_of"]

MOST_PIXELS = 24_000
"""Pixels of a density map; a finer one is summed up. So many take 300 kB at the most."""

_FEW_ROWS = 20_000_000
"""Rows that are counted one by one; of larger tables their sample is."""

_POSITIONS_ORDER = 9
"""Order of the pixels, seven arcminutes wide, by which positions are counted."""

_HPIX = re.compile(r"HPIX_(\d{1,8})")
_SKY_ARCMIN2 = 4 * np.pi * (60 * 180 / np.pi) ** 2


class DensityMaps:
    """Makes density maps of a survey's releases.

    Parameters
    ----------
    reader
        What is asked.
    survey
        Whose files say which tables there are.
    """

    def __init__(self, reader: CatalogueReader, survey: Survey) -> None:
        self._reader = reader
        self._survey = survey

    def kinds(self, release: str) -> dict[str, str]:
        """Name the density maps that a release's tables can give, with their titles."""
        kinds, table, objects = {}, self._reader.objects_table(release), self._survey.objects
        if table is not None and pixel_column_of(table) is not None:
            kinds["count"] = "Number of objects"
            for band in self._survey.bands:
                magnitude = "" if objects is None else objects.magnitude_of(band)
                if magnitude and has_column(table, magnitude):
                    kinds[f"mag_{band}"] = f"Mean magnitude in {band}"
                if magnitude and has_column(table, magnitude) and has_column(table, error_of(magnitude)):
                    kinds[f"depth_{band}"] = f"Magnitude of signal to noise 10 in {band}"
        coverage = self._reader.table(self._survey.footprint.coverage_of(release))
        for band in self._survey.bands if coverage is not None and pixel_column_of(coverage) is not None else ():
            if has_column(coverage, f"FRAC_DET_{band.upper()}"):
                kinds[f"coverage_{band}"] = f"Observed fraction in {band}"
        return kinds

    def make(self, release: str, kind: str, cancellation: Cancellation | None = None) -> Density:
        """Make a density map.

        Raises
        ------
        NotFound
            The release's tables do not give it.
        """
        kinds = self.kinds(release)
        if kind not in kinds:
            raise NotFound(f"{release} has no density map {kind[:40]!r}; there are {', '.join(kinds) or 'none'}")
        what, _, band = kind.partition("_")
        if what == "coverage":
            table = self._reader.table(self._survey.footprint.coverage_of(release))
            terms = ("COUNT(*)", f"SUM(FRAC_DET_{band.upper()})", "1 = 1")
        else:
            objects = self._reader.objects_table(release)
            table = None if objects is None else self._sampled(objects)
            terms = self._weighted(what, band)
        column = None if table is None else pixel_column_of(table)
        if table is None or column is None:
            raise NotFound(f"the table of {kinds[kind].lower()} has gone")
        count, total, condition = terms
        sql = f"SELECT {column}, {count} N, {total} S FROM {table.name} WHERE {condition} GROUP BY {column}"
        rows = self._reader.rows(sql, release, cancellation)
        pixels = np.asarray(rows.column(0).to_numpy(), np.int64)
        numbers, sums = (np.asarray(rows.column(place).to_numpy(), float) for place in (1, 2))
        pixels, numbers, sums, nside, parts = _coarsened(pixels, numbers, sums, int(column.removeprefix("HPIX_")))
        values = sums / (parts if what == "coverage" else numbers)
        if what == "count":
            values = numbers * self._objects_a_row(table) * 12 * nside**2 / _SKY_ARCMIN2
        unit = {"count": "arcmin**-2", "coverage": ""}.get(what, "mag")
        return Density(release=release, kind=kind, title=kinds[kind], unit=unit, nside=nside, pixels=pixels, values=values)

    def _weighted(self, what: str, band: str) -> tuple[str, str, str]:
        """Terms of a density: number, sum, and which rows."""
        objects = self._survey.objects
        if what == "count" or objects is None:
            return "COUNT(*)", "COUNT(*)", "1 = 1"
        magnitude = objects.magnitude_of(band)
        condition = f"{magnitude} < 90"
        if what == "depth":
            condition += f" AND {error_of(magnitude)} BETWEEN {DEPTH_ERRORS[0]} AND {DEPTH_ERRORS[1]}"
        return "COUNT(*)", f"SUM({magnitude})", condition

    def _sampled(self, table: Table) -> Table:
        """The table itself, or, where it is large, its sample."""
        if (table.row_count or 0) <= _FEW_ROWS:
            return table
        sample = self._reader.table(f"{table.name}_SAMPLE")
        return table if sample is None else sample

    def _objects_a_row(self, table: Table) -> float:
        """How many objects of the survey one row stands for."""
        whole = self._reader.table(table.name.removesuffix("_SAMPLE"))
        if table.name.endswith("_SAMPLE") and whole is not None and whole.row_count and table.row_count:
            return whole.row_count / table.row_count
        return 1.0 if not table.name.endswith("_SAMPLE") else 100.0


def density_of_rows(table: pa.Table, release: str | None) -> Density:
    """Read a user's density map: the first column is HPIX_<nside>, nested, the second a number; rows without are left out.

    Raises
    ------
    InvalidRequest
        The columns are others, or the pixels are not of that nside.
    """
    if table.num_columns != 2:
        raise InvalidRequest(f"the statement must give two columns, RA and DEC, or HPIX_<nside> and a number; it gives {table.num_columns}")
    name, title = table.column_names
    found = _HPIX.fullmatch(name.upper())
    nside = int(found[1]) if found else 0
    if nside == 0 or nside & (nside - 1):
        raise InvalidRequest(f"the first column must be called HPIX_<nside> with a power of two, as HPIX_1024, got {name[:60]!r}")
    if not pa.types.is_integer(table.column(0).type) or not (
        pa.types.is_floating(table.column(1).type) or pa.types.is_integer(table.column(1).type)
    ):
        raise InvalidRequest("the statement must give whole numbers of pixels and a number for each; cast what is text")
    kept = table.filter(pc.and_(pc.is_valid(table.column(0)), pc.is_valid(table.column(1))))
    pixels, values = np.asarray(kept.column(0).to_numpy(), np.int64), np.asarray(kept.column(1).to_numpy(), float)
    if len(pixels) and (int(pixels.min()) < 0 or int(pixels.max()) >= 12 * nside**2):
        raise InvalidRequest(f"the pixels of nside {nside} go from 0 to {12 * nside**2 - 1}; some are beyond")
    pixels, numbers, sums, nside, _ = _coarsened(pixels, np.ones(len(pixels)), values, nside)
    return Density(release=release or "", kind="query", title=title, unit="", nside=nside, pixels=pixels, values=sums / numbers)


def density_of_positions(table: pa.Table, sky: HealpixSky) -> Density:
    """Count positions by pixel: the columns are right ascension and declination, ICRS, degrees; rows without are left out.

    Raises
    ------
    InvalidRequest
        They are no numbers, or none of them is a position.
    """
    if not all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in table.schema.types):
        raise InvalidRequest("RA and DEC must be numbers, degrees; cast what is text")
    ra, dec = (column.cast(pa.float64()).to_numpy(zero_copy_only=False) for column in table.columns)
    known = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90)
    if not known.any():
        raise InvalidRequest("none of the rows has a position: RA and DEC are degrees")
    pixels = sky.cells(ra[known] % 360, dec[known], _POSITIONS_ORDER)
    ones = np.ones(len(pixels))
    pixels, numbers, _, nside, _ = _coarsened(pixels, ones, ones, 2**_POSITIONS_ORDER)
    return Density(release="", kind="query", title="Rows", unit="", nside=nside, pixels=pixels, values=numbers)


def _coarsened(pixels: IntArray, numbers: FloatArray, sums: FloatArray, nside: int) -> tuple[IntArray, FloatArray, FloatArray, int, int]:
    """Sum four pixels into one until there are few enough; also the nside then, and how many of the first are in one of the last."""
    parts = 1
    while True:
        unique, index = np.unique(pixels, return_inverse=True)
        if len(unique) <= MOST_PIXELS or nside == 1:
            summed = (np.bincount(index, terms, len(unique)).astype(np.float64) for terms in (numbers, sums))
            return unique, next(summed), next(summed), nside, parts
        pixels, nside, parts = pixels >> 2, nside // 2, parts * 4


def pixel_column_of(table: Table, *, finest: bool = False) -> str | None:
    """Name the column of the finest pixels; for maps of those that are not finer than nside 1024, where there are any."""
    sides: Sequence[int] = sorted(int(found[1]) for column in table.columns if (found := _HPIX.fullmatch(column.name)))
    if not sides:
        return None
    coarse = [side for side in sides if side <= 1024]
    return f"HPIX_{sides[-1] if finest or not coarse else coarse[-1]}"
