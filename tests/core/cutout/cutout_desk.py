"""A cutout service on a coarse sky: two tiles with images in g, r and i, and a catalogue of a few objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from skydesk.access import CutoutLimits, User
from skydesk.backends.cutout_drafts import FolderDrafts
from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.position_files import LocalPositionFiles
from skydesk.cutout.drafts import Draft
from skydesk.cutout.object_positions import ObjectPositions
from skydesk.cutout.position_text import table_of_text
from skydesk.cutout.service import CutoutService
from skydesk.grid import Tile
from skydesk.query.model import Column, ColumnType, Table
from skydesk.survey import ObjectTable, Survey
from tests.core.cutout.coarse_sky import GRID, coarse_survey, tiles_with
from tests.fakes.duckdb_file import write_duckdb
from tests.fakes.tiles import FakeTiles
from tests.views import VIEWS

TILE = GRID.tile_at(323.3, -0.9)
NEIGHBOUR = GRID.tile_at(TILE.ra_deg + TILE.step_deg, TILE.dec_deg)
ELSEWHERE = GRID.tile_at(TILE.ra_deg + 4 * TILE.step_deg, TILE.dec_deg)
OBJECTS = {
    "COADD_OBJECT_ID": [11, 12, 13],
    "ALPHAWIN_J2000": [TILE.ra_deg, TILE.ra_deg + 0.05, ELSEWHERE.ra_deg],
    "DELTAWIN_J2000": [TILE.dec_deg, TILE.dec_deg + 0.05, ELSEWHERE.dec_deg],
    "WAVG_MAG_PSF_I": [18.0, 19.5, 99.0],
}
VERA = User(name="vera", groups=frozenset({"default"}), entitlements=VIEWS["default"])
HENRIETTA = User(name="henrietta", groups=frozenset({"limited"}), entitlements=VIEWS["limited"])


class FakeNames:
    """Knows one object, in the middle of the tile."""

    advice = "only M 2 is known"

    def position(self, name: str) -> tuple[float, float] | None:
        return (TILE.ra_deg, TILE.dec_deg) if name == "M 2" else None


@dataclass(frozen=True, kw_only=True)
class CutoutDesk:
    """The service, what it stands on, and short ways to ask it."""

    service: CutoutService
    survey: Survey
    tiles: FakeTiles
    catalog: DuckdbCatalog
    drafts_folder: Path

    def read(self, text: str, user: User = VERA, **options: Any) -> Draft:
        return self.service.read(user, table_of_text(text), **options)


def at(tile: Tile, x: float, y: float) -> str:
    """A line of coordinates of a tile's pixel, as FITS counts them."""
    ra, dec = tile.sky_of(x, y)
    return f"{float(ra):.7f},{float(dec):.7f}"


def limited(user: User = VERA, **limits: Any) -> User:
    """The user with other limits."""
    changed: CutoutLimits = replace(user.entitlements.cutout, **limits)
    return replace(user, entitlements=replace(user.entitlements, cutout=changed))


@contextmanager
def cutout_desk(folder: Path) -> Iterator[CutoutDesk]:
    columns = tuple(Column(name=name, type=ColumnType.INT64 if "ID" in name else ColumnType.FLOAT64) for name in OBJECTS)
    table = Table(name="DR2_MAIN", release="DR2", columns=columns)
    objects = ObjectTable(
        table="{release}_MAIN",
        id="COADD_OBJECT_ID",
        ra="ALPHAWIN_J2000",
        dec="DELTAWIN_J2000",
        magnitude="",
        star_magnitude="WAVG_MAG_PSF_{band}",
    )
    survey = replace(coarse_survey(), tables=(table,), objects=objects)
    path = folder / "catalog.duckdb"
    write_duckdb(path, [(table, pa.table(OBJECTS))])
    catalog = DuckdbCatalog(path, survey=survey)
    tiles = tiles_with([TILE, NEIGHBOUR], "gri")
    service = CutoutService(
        survey=survey,
        tiles=tiles,
        renderer=FileRenderer(),
        objects=ObjectPositions(catalog, survey),
        files=LocalPositionFiles(),
        chart_objects=None,
        drafts=FolderDrafts(folder / "drafts"),
        names=FakeNames(),
        wait_seconds=0.1,
    )
    try:
        yield CutoutDesk(service=service, survey=survey, tiles=tiles, catalog=catalog, drafts_folder=folder / "drafts")
    finally:
        catalog.close()
