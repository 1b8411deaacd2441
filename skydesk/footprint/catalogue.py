"""What the catalogue tells of tiles: which a release has, how many objects, how deep and how sharp."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from ..grid import Tile
from ..query.model import Cancellation, Table
from ..query.ports import Catalog
from ..survey import ObjectTable, Survey
from .model import BandQuality

__all__ = ["DEPTH_ERRORS", "CatalogueReader", "ListedTile", "error_of", "has_column"]

_SECONDS = 120.0

DEPTH_ERRORS = (0.0905, 0.1305)
"""Errors of magnitudes, 1.0857 / 12 to 1.0857 / 8.3: a signal to noise of about ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTile:
    """One row of a release's list of tiles."""

    objects: int | None
    quality: Mapping[str, BandQuality]
    """By band, where the list has columns for it."""


class CatalogueReader:
    """Asks the catalogue about tiles.

    Parameters
    ----------
    catalog
        What is asked.
    survey
        Whose files say which tables there are.
    """

    def __init__(self, catalog: Catalog, survey: Survey) -> None:
        self._catalog = catalog
        self._survey = survey

    def listed_tiles(self, release: str) -> dict[str, ListedTile] | None:
        """Read a release's list of tiles, by name; None where the catalogue has none, or an empty one."""
        table = self.table(self._survey.footprint.tiles_of(release))
        if table is None or not has_column(table, "TILENAME"):
            return None
        wanted = {"COUNT": "COUNT"} if has_column(table, "COUNT") else {}
        for band in self._survey.bands:
            for what, names in (("depth", ("DEPTH", "MAG_LIMIT")), ("seeing", ("FWHM", "SEEING")), ("epochs", ("NEPOCHS",))):
                column = next((f"{name}_{band.upper()}" for name in names if has_column(table, f"{name}_{band.upper()}")), None)
                wanted |= {} if column is None else {f"{what} {band}": column}
        rows = self.rows(f"SELECT {', '.join(['TILENAME', *wanted.values()])} FROM {table.name}", release)
        listed = {}
        for name, *values in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            row = dict(zip(wanted, values, strict=True))
            listed[str(name)] = ListedTile(objects=_whole(row.get("COUNT")), quality=self._listed_quality(row))
        return listed or None

    def quality(self, tile: Tile, release: str) -> dict[str, BandQuality]:
        """Measure depth, seeing and epochs of a tile on its objects; nothing where the catalogue has no such columns."""
        objects, table = self._survey.objects, self.objects_table(release)
        if objects is None or table is None or not has_column(table, "TILENAME"):
            return {}
        wanted: dict[str, str] = {}
        for band in self._survey.bands:
            wanted |= {f"{what} {band}": term for what, term in _quality_terms(objects, table, band).items()}
        if not wanted:
            return {}
        names = {key: f"V{number}" for number, key in enumerate(wanted)}
        terms = ", ".join(f"{term} {names[key]}" for key, term in wanted.items())
        rows = self.rows(f"SELECT {terms} FROM {table.name} WHERE TILENAME = '{tile.name}'", release)
        row = {key: rows.column(number)[0].as_py() for number, key in enumerate(wanted)}
        scale = self._survey.pixel_scale_arcsec
        return {
            band: BandQuality(
                band=band,
                depth_mag=_number(row.get(f"depth {band}")),
                seeing_arcsec=None if (pixels := _number(row.get(f"seeing {band}"))) is None else pixels * scale,
                epochs=_number(row.get(f"epochs {band}")),
            )
            for band in self._survey.bands
        }

    def _listed_quality(self, row: Mapping[str, object]) -> dict[str, BandQuality]:
        found = {}
        for band in self._survey.bands:
            values = {what: _number(row.get(f"{what} {band}")) for what in ("depth", "seeing", "epochs")}
            if any(value is not None for value in values.values()):
                quality = BandQuality(band=band, depth_mag=values["depth"], seeing_arcsec=values["seeing"], epochs=values["epochs"])
                found[band] = quality
        return found

    def objects_table(self, release: str) -> Table | None:
        """Find the table of a release's objects; None where there is none."""
        objects = self._survey.objects
        return None if objects is None else self.table(objects.table_of(release))

    def table(self, name: str) -> Table | None:
        """Find a table by its exact name."""
        return next((table for table in self._catalog.tables() if table.name == name), None)

    def rows(self, sql: str, release: str, cancellation: Cancellation | None = None) -> pa.Table:
        """Run a statement of ours and give all its rows."""
        with self._catalog.stream(sql, limit_seconds=_SECONDS, cancellation=cancellation, readable=frozenset({release})) as stream:
            batches = list(stream)
            names = [column.name for column in stream.columns]
        if batches:
            return pa.Table.from_batches(batches)
        return pa.table({name: pa.array([], pa.float64()) for name in names})


def _quality_terms(objects: ObjectTable, table: Table, band: str) -> dict[str, str]:
    upper, magnitude, star = band.upper(), objects.magnitude_of(band), objects.star_magnitude_of(band)
    terms = {}
    if magnitude and has_column(table, magnitude) and has_column(table, error_of(magnitude)):
        condition = f"{error_of(magnitude)} BETWEEN {DEPTH_ERRORS[0]} AND {DEPTH_ERRORS[1]}"
        terms["depth"] = f"MEDIAN(CASE WHEN {condition} THEN {magnitude} END)"
    if star and has_column(table, star) and has_column(table, f"FWHM_IMAGE_{upper}") and has_column(table, f"CLASS_STAR_{upper}"):
        condition = f"CLASS_STAR_{upper} > 0.9 AND {star} BETWEEN 16 AND 21 AND FWHM_IMAGE_{upper} > 0"
        terms["seeing"] = f"MEDIAN(CASE WHEN {condition} THEN FWHM_IMAGE_{upper} END)"
    if has_column(table, f"NEPOCHS_{upper}"):
        terms["epochs"] = f"MEDIAN(NEPOCHS_{upper})"
    return terms


def error_of(magnitude: str) -> str:
    """Name the column of a magnitude's error."""
    return magnitude.replace("MAG_", "MAGERR_", 1)


def has_column(table: Table | None, column: str) -> bool:
    """Tell whether a table is there and has a column."""
    return table is not None and any(each.name == column for each in table.columns)


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None
