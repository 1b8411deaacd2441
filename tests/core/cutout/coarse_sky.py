"""A survey with the grid of DES in coarse pixels, and a smooth sky on its tiles: 10 arcmin are 91 px, a tile 400."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skydesk.cutout.cutting import Box
from skydesk.grid import Tile, TileGrid
from skydesk.survey import Survey, load_survey, shipped_survey
from tests.fakes.tiles import FakeTiles

SCALE_ARCSEC = 6.575
GRID = TileGrid(size_pixels=400, pixel_scale_arcsec=SCALE_ARCSEC)
RELEASE = "DR2"


def coarse_survey() -> Survey:
    return replace(load_survey(shipped_survey("demo")), grid=GRID, pixel_scale_arcsec=SCALE_ARCSEC)


def light(ra_deg: ArrayLike, dec_deg: ArrayLike, band: str = "g") -> NDArray[np.float32]:
    """The flux of a position, whichever tile it is on: it changes by less than 5 a pixel, in x and in y."""
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    waves = np.sin(1500 * ra) * np.cos(dec) + np.sin(1400 * dec)
    return np.asarray(100 * waves + 10 * "grizY".index(band), np.float32)


@cache
def sky_of_tile(tile: Tile, band: str = "g") -> NDArray[np.float32]:
    y, x = np.mgrid[1 : tile.size_pixels + 1, 1 : tile.size_pixels + 1]
    return light(*tile.sky_of(x, y), band)


def neighbours(tile: Tile, grid: TileGrid = GRID) -> list[Tile]:
    """The tile and those about it, each once."""
    around = {tile.name: tile}
    for step in (-1, 0, 1):
        dec = tile.dec_deg + step * tile.step_deg
        for side in (-1, 0, 1):
            ra = tile.ra_deg + side * tile.step_deg / np.cos(np.radians(tile.dec_deg))
            other = grid.tile_at(ra, dec)
            around[other.name] = other
    return list(around.values())


def tiles_with(chosen: Iterable[Tile], bands: str = "g") -> FakeTiles:
    tiles = FakeTiles()
    for tile in chosen:
        for band in bands:
            tiles.add_sky(tile, band, RELEASE, sky_of_tile(tile, band))
    return tiles


@cache
def tiles_about(tile: Tile) -> FakeTiles:
    """A tile and those about it in band g; shared by tests, which read it only."""
    return tiles_with(neighbours(tile))


def box_at(tile: Tile, x: float, y: float, width: int = 61, height: int = 41) -> Box:
    """A box about a pixel of a tile, as FITS counts them."""
    ra, dec = tile.sky_of(x, y)
    return Box(ra_deg=float(ra), dec_deg=float(dec), width=width, height=height)
