"""Paints the deepest cells of a pyramid from the images of tiles."""

import math
from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ...cutout.model import LuptonOptions
from ...cutout.ports import TileStore
from ...cutout.projection import TanProjection
from ...cutout.sheet import MASK_BLANK, Sheet
from ...errors import InvalidImage
from ...footprint.hips.geometry import TILE_WIDTH, cell_width_deg, positions
from ...footprint.hips.pyramid import Picture
from ...footprint.membership import TileSet
from ...grid import FloatArray
from .kernels import block_means, interpolate

__all__ = ["TilePainter"]

_Flux = NDArray[np.float32]
_NET = 65
"""Points along a cell's side by which it is found out what lies on it."""

_MARGIN_PIXELS = 4
_STRIP_PIXELS = 1 << 21
"""Pixels of a plane that are read at a time."""


class TilePainter:
    """Paints cells in colour; a `skydesk.footprint.hips.task.Painter`. Safe from several threads.

    A pixel is taken from the tile in whose unique area it lies, between the tile's pixels; where these are smaller by a factor of
    two or more, between means of as many. Tiles that reach less than eight pixels into a cell count where others do as well.

    Parameters
    ----------
    tiles
        Those of the release.
    images
        Opens their images.
    release
        Its name.
    bands
        Those that are red, green and blue.
    order
        Order of the cells.
    options
        The stretch.
    log
        Told once of each image that is broken; what it should show stays transparent.
    """

    def __init__(
        self,
        tiles: TileSet,
        images: TileStore,
        *,
        release: str,
        bands: tuple[str, str, str],
        order: int,
        options: LuptonOptions,
        log: Callable[[str], None],
    ) -> None:
        self._tiles, self._images = tiles, images
        self._release, self._bands, self._order, self._options = release, bands, order, options
        self._log = log
        self._told: set[str] = set()
        self._lock = Lock()
        self._pixel_arcsec = cell_width_deg(order) * 3600 / TILE_WIDTH

    def picture(self, cell: int) -> Picture | None:
        """Paint a cell; None where no tile has anything on it.

        Raises
        ------
        ServiceUnavailable
            The disk does not answer.
        """
        net = np.linspace(-0.5, TILE_WIDTH - 0.5, _NET)
        reach = positions(self._order, cell, net[:, None], net)
        owners = np.unique(self._tiles.index_of(*reach))
        windows = {owner: found for owner in owners[owners >= 0].tolist() if (found := self._windows(owner, reach)) is not None}
        if not windows:
            return None
        along = np.arange(TILE_WIDTH)
        ra, dec = positions(self._order, cell, along[:, None], along)
        flux = np.full((3, TILE_WIDTH, TILE_WIDTH), np.nan, np.float32)
        if len(owners) == 1:
            _draw(windows[int(owners[0])], ra, dec, np.ones(ra.shape, np.bool_), flux)
            return self._coloured(flux)
        index = self._tiles.index_of(ra, dec)
        for owner in np.unique(index[index >= 0]).tolist():
            shown = windows.get(owner) if owner in owners else self._windows(owner, reach)
            if shown is not None:
                _draw(shown, ra, dec, index == owner, flux)
        return self._coloured(flux)

    def _windows(self, owner: int, reach: tuple[FloatArray, FloatArray]) -> "tuple[_Window, ...] | None":
        """What a tile has about some positions, band by band; None where it has nothing in one."""
        found: list[_Window] = []
        for sheet in self._sheets(owner) or ():
            window = self._window(sheet, reach)
            if window is None or np.isnan(window.image).all():
                return None
            found.append(window)
        return tuple(found) or None

    def _sheets(self, owner: int) -> tuple[Sheet, ...] | None:
        tile = self._tiles.grid.tile(int(self._tiles.rows[owner]), int(self._tiles.columns[owner])).name
        found: list[Sheet] = []
        for band in self._bands:
            try:
                image = self._images.image(tile, band, self._release)
                if image is None:
                    if found:
                        self._tell(f"{tile} has no image in {band} and is left out")
                    return None
                found.append(Sheet.of(image))
            except InvalidImage as error:
                self._tell(f"{tile} is left out: {error}")
                return None
        return tuple(found)

    def _window(self, sheet: Sheet, reach: tuple[FloatArray, FloatArray]) -> "_Window | None":
        """Read what an image has about some positions, as means of blocks where its pixels are small; None for nothing."""
        x, y = sheet.projection.pixels_of(*reach)
        block = max(1, math.floor(self._pixel_arcsec / sheet.projection.pixel_scale_arcsec))
        margin = _MARGIN_PIXELS * block
        bounds = []
        for places, size in ((x, sheet.width), (y, sheet.height)):
            if not np.isfinite(places).all():
                return None
            first = max(0, math.floor(places.min()) - 1 - margin) // block * block
            bounds.append((first, min(size, math.ceil(places.max()) + margin)))
        (left, right), (bottom, top) = bounds
        if left >= right or bottom >= top:
            return None
        try:
            return _Window(sheet.projection, _read_blocks(sheet, left, right, bottom, top, block), left, bottom, block)
        except InvalidImage as error:
            self._tell(f"a part is left out: {error}")
            return None

    def _coloured(self, flux: _Flux) -> Picture | None:
        from ..cutout_files.pictures import lupton_pixels

        known = np.isfinite(flux).all(axis=0)
        if not known.any():
            return None
        lines = lupton_pixels(flux[0], flux[1], flux[2], self._options)
        picture = np.empty((TILE_WIDTH, TILE_WIDTH, 4), np.uint8)
        picture[..., :3] = lines[::-1, 1:].reshape(TILE_WIDTH, TILE_WIDTH, 3)
        picture[..., 3] = np.where(known, 255, 0)
        picture[~known] = 0
        return picture

    def _tell(self, what: str) -> None:
        with self._lock:
            is_new = what not in self._told
            self._told.add(what)
        if is_new:
            self._log(what)


class _Window:
    """A part of an image, as means of blocks of pixels."""

    def __init__(self, projection: TanProjection, image: _Flux, x: int, y: int, block: int) -> None:
        self.projection, self.image, self.x, self.y, self._block = projection, image, x, y, block

    def places(self, pixels: FloatArray, first: int) -> FloatArray:
        """Turn pixels as FITS counts them into places of `image`, from 0."""
        return np.asarray((pixels - (first + 0.5)) * (1 / self._block) - 0.5)


def _draw(windows: "tuple[_Window, ...]", ra: FloatArray, dec: FloatArray, wanted: NDArray[np.bool_], flux: _Flux) -> None:
    """Fill in the pixels that are wanted of one tile."""
    projected: dict[TanProjection, tuple[FloatArray, FloatArray]] = {}
    for window, out in zip(windows, flux, strict=True):
        if window.projection not in projected:
            projected[window.projection] = window.projection.pixels_of(ra, dec)
        x, y = projected[window.projection]
        interpolate(window.image, window.places(x, window.x), window.places(y, window.y), wanted, out)


def _read_blocks(sheet: Sheet, left: int, right: int, bottom: int, top: int, block: int) -> _Flux:
    """Read a box in strips of whole blocks; pixels of which MSK says that there are no data are blank."""
    width, height = right - left, top - bottom
    made = np.empty((-(-height // block), -(-width // block)), np.float32)
    step = max(1, _STRIP_PIXELS // width // block) * block
    for begin in range(0, height, step):
        rows, first = min(step, height - begin), begin // block
        strip = made[first : first + -(-rows // block)]
        blank = _blank_pixels(sheet, left, bottom + begin, width, rows)
        if blank.all():
            strip[:] = np.nan
            continue
        pixels = np.ascontiguousarray(sheet.read("SCI", left, bottom + begin, width, rows), np.float32)
        if block == 1:
            strip[:] = np.where(blank, np.float32(np.nan), pixels)
        else:
            block_means(pixels, blank, block, strip)
    return made


def _blank_pixels(sheet: Sheet, left: int, bottom: int, width: int, rows: int) -> NDArray[np.bool_]:
    if "MSK" not in sheet.planes:
        return np.zeros((rows, width), np.bool_)
    return np.asarray((sheet.read("MSK", left, bottom, width, rows) & MASK_BLANK) != 0)
