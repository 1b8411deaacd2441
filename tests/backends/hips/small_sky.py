"""A sky of two small tiles with one star, and what a worker gives the task that makes a pyramid of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.backends.hips import PyramidFolder, TilePainter
from skydesk.backends.moc_files import MocpyFiles
from skydesk.cutout.model import LuptonOptions
from skydesk.errors import InvalidImage
from skydesk.footprint.hips.model import PyramidRequest, request_to_json
from skydesk.footprint.hips.ports import Painter
from skydesk.footprint.hips.pyramid import Picture
from skydesk.footprint.membership import TileSet
from skydesk.grid import TileGrid
from skydesk.survey import Survey, load_survey, shipped_survey
from tests.fakes.tiles import FakeTiles

__all__ = ["GRID", "STAR", "TILES", "Counting", "SmallWorker", "small_tiles", "wish"]

GRID = TileGrid(step_arcsec=1100.0, size_pixels=200, pixel_scale_arcsec=6.0)
FIRST = GRID.tile_at(0.1, -41.7)
TILES, _ = TileSet.of_names(GRID, [FIRST.name, GRID.tile_at(359.7, -41.7).name])
STAR = (FIRST.ra_deg + 0.031, FIRST.dec_deg - 0.052)
"""At the declination where the cap of HEALPix meets its belt."""

_SKY_ADU, _STAR_ADU = 4.0, 5000.0


def small_tiles(*, broken: str | None = None) -> FakeTiles:
    """Images of both tiles in g, r and i: a level sky, and on the first one a star three pixels wide; one tile's r may be broken."""
    tiles = FakeTiles()
    for tile in TILES:
        pixels = np.full((200, 200), _SKY_ADU, np.float32)
        if tile.name == FIRST.name:
            x, y = (float(value) - 1 for value in tile.pixels_of(*STAR))
            down, along = np.mgrid[0:200, 0:200]
            pixels += _STAR_ADU * np.exp(-((along - x) ** 2 + (down - y) ** 2) / 4).astype(np.float32)
        for band in "gri":
            tiles.add_sky(tile, band, "DR2", pixels)
        if tile.name == broken:
            tiles.add_broken(tile.name, "r", "DR2", InvalidImage(f"{tile.name}_r.fits.fz is broken"))
    return tiles


def wish(order: int = 6, *, most_bytes: int = 10**9) -> dict[str, object]:
    """A job's request for the pyramid of both tiles."""
    runs = tuple(tuple(run) for run in TILES.runs())
    return request_to_json(PyramidRequest(place="small-0123456789", release="DR2", order=order, runs=runs, most_bytes=most_bytes))


@dataclass
class Counting:
    """Counts what a painter paints, and may be told to do something before each cell."""

    painter: Painter
    painted: list[int]
    before: Callable[[int], None]

    def picture(self, cell: int) -> Picture | None:
        self.before(cell)
        self.painted.append(cell)
        return self.painter.picture(cell)


@dataclass
class SmallWorker:
    """Services of a worker."""

    cache: Path
    tiles: FakeTiles = field(default_factory=small_tiles)
    before: Callable[[int], None] = lambda _: None
    threads: int = 1
    painted: list[int] = field(default_factory=list)
    sky: AstropyHealpixSky = field(default_factory=AstropyHealpixSky)
    mocs: MocpyFiles = field(default_factory=MocpyFiles)

    @property
    def survey(self) -> Survey:
        return replace(load_survey(shipped_survey("demo")), grid=GRID)

    def open_pyramid(self, request: PyramidRequest) -> PyramidFolder:
        return PyramidFolder(self.cache / request.place, request.release)

    def open_painter(self, tiles: TileSet, request: PyramidRequest, log: Callable[[str], None]) -> Counting:
        painter = TilePainter(
            tiles, self.tiles, release=request.release, bands=("i", "r", "g"), order=request.order, options=LuptonOptions(), log=log
        )
        return Counting(painter, self.painted, self.before)
