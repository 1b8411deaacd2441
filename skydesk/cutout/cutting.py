"""Cut boxes from tiles, and where a box crosses a tile's edge, fill it from the tiles beyond."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidImage
from ..grid import FloatArray, IntArray, Tile, TileGrid
from .lanczos import LOBES, interpolated
from .ports import BandCut, TileStore
from .sheet import SMOOTH_PLANES, Sheet, blank_plane

__all__ = ["Box", "Cutter", "pixel_count"]

_STRIP_PIXELS = 1 << 18
"""Pixels beyond the edge that are looked up at a time; bounds the memory of large boxes."""

BoolArray = NDArray[np.bool_]


def pixel_count(size_arcmin: float, pixel_scale_arcsec: float) -> int:
    """Round a side to whole pixels, halves upward, one at the least: 1 arcmin at 0.263 arcsec a pixel is 228."""
    return max(1, math.floor(size_arcmin * 60 / pixel_scale_arcsec + 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What is cut: a size about a position."""

    ra_deg: float
    """ICRS, degrees."""

    dec_deg: float
    width: int
    """Pixels."""

    height: int


class Cutter:
    """Cuts boxes of one release from a survey's tiles. Safe from several threads.

    Parameters
    ----------
    grid
        The survey's tiles.
    tiles
        Opens their images.
    release
        Name of the release.
    """

    def __init__(self, grid: TileGrid, tiles: TileStore, release: str) -> None:
        self._grid, self._tiles, self._release = grid, tiles, release

    def home(self, tile: Tile, box: Box) -> Tile | None:
        """Give the tile on whose pixels a position is cut.

        Parameters
        ----------
        tile
            The tile in whose unique area the position lies.

        Returns
        -------
        Tile or None
            That tile; where it has no images the nearest other one that covers the position and has; None where there is none.
        """
        if self._tiles.has_images(tile.name, self._release):
            return tile
        ra, dec = np.array([box.ra_deg]), np.array([box.dec_deg])
        return next((other for other in self._covering(ra, dec) if other.name != tile.name), None)

    def cut(self, home: Tile, band: str, box: Box, planes: Sequence[str], *, resample: bool = False) -> BandCut | None:
        """Cut a box in one band, on the pixel grid of its home tile.

        The box has the size that is asked for, whatever lies in it: the whole-pixel box whose middle is nearest to the position.
        The home tile gives every pixel that it has. Any other pixel is taken from the tile in whose unique area its centre lies, else
        from another tile that covers it: the nearest pixel as it is, or interpolated. What no tile covers is blank.

        Parameters
        ----------
        planes
            Names of the planes; those that the file has not are left out, SCI is always there.
        resample
            Interpolate pixels of other tiles, except those of MSK.

        Returns
        -------
        BandCut or None
            None where the home tile has no image in this band.

        Raises
        ------
        InvalidImage
            A file is broken or has no WCS that can be used; the message names it.
        ServiceUnavailable
            A file cannot be read now.
        """
        sheet = self._sheet(home.name, band)
        if sheet is None:
            return None
        names = sheet.chosen(planes)
        pixel_x, pixel_y = sheet.projection.pixel_of(box.ra_deg, box.dec_deg)
        if not (math.isfinite(pixel_x) and math.isfinite(pixel_y)):
            raise InvalidImage(f"{sheet.image.path.name}: the position lies more than 90 degrees from the image")
        x, y = _first(pixel_x, box.width), _first(pixel_y, box.height)
        if min(x, y) >= 0 and x + box.width <= sheet.width and y + box.height <= sheet.height:
            canvas = _Canvas(pixels={name: sheet.read(name, x, y, box.width, box.height) for name in names})
        else:
            canvas = self._filled(sheet, home, band, (x, y, box.width, box.height), names, resample)
        return BandCut(
            band=band,
            tile=home.name,
            path=sheet.image.path,
            ra_deg=box.ra_deg,
            dec_deg=box.dec_deg,
            x=x,
            y=y,
            planes=canvas.pixels,
            cards={name: sheet.planes[name].cards for name in names},
            blank_pixels=canvas.blank,
            stitched=canvas.stitched,
            resampled=canvas.resampled,
            offset_pixels=canvas.offset_pixels,
            release=self._release,
        )

    def _sheet(self, tile: str, band: str) -> Sheet | None:
        image = self._tiles.image(tile, band, self._release)
        return None if image is None else Sheet.of(image)

    def _filled(
        self, sheet: Sheet, home: Tile, band: str, part: tuple[int, int, int, int], names: tuple[str, ...], resample: bool
    ) -> "_Canvas":
        """Cut a part of which some lies beyond the image."""
        x, y, width, height = part
        canvas = _Canvas(pixels={name: blank_plane(name, sheet.planes[name], (height, width)) for name in names})
        lacking = np.ones((height, width), np.bool_)
        left, right, bottom, top = max(x, 0), min(x + width, sheet.width), max(y, 0), min(y + height, sheet.height)
        if left < right and bottom < top:
            inside = slice(bottom - y, top - y), slice(left - x, right - x)
            lacking[inside] = False
            for name in names:
                canvas.pixels[name][inside] = sheet.read(name, left, bottom, right - left, top - bottom)
        rows_at_a_time = max(1, _STRIP_PIXELS // width)
        for first in range(0, height, rows_at_a_time):
            rows, columns = np.nonzero(lacking[first : first + rows_at_a_time])
            if rows.size:
                rows += first
                places = _Places(rows, columns, *sheet.projection.sky_of(columns + (x + 1.0), rows + (y + 1.0)))
                self._fill(canvas, sheet, home, band, places, (x, y), resample)
        return canvas

    def _fill(
        self, canvas: "_Canvas", sheet: Sheet, home: Tile, band: str, places: "_Places", corner: tuple[int, int], resample: bool
    ) -> None:
        tried = {home.name}
        for tile, chosen in self._owners(places):
            if tile.name not in tried:
                self._take(canvas, sheet, tile, band, places.of(chosen), corner, resample)
        left = places.still_blank(canvas)
        if len(left):
            for tile in self._covering(left.ra_deg, left.dec_deg):
                if tile.name not in tried and len(left):
                    self._take(canvas, sheet, tile, band, left, corner, resample)
                    left = left.still_blank(canvas)
        canvas.blank += len(left)

    def _owners(self, places: "_Places") -> Iterator[tuple[Tile, BoolArray]]:
        """Give the tiles in whose unique areas pixels lie, each with its pixels."""
        rows, columns = self._grid.find(places.ra_deg, places.dec_deg)
        for row, column in sorted(set(zip(rows.tolist(), columns.tolist(), strict=True))):
            if row >= 0:
                yield self._grid.tile(row, column), (rows == row) & (columns == column)

    def _covering(self, ra_deg: FloatArray, dec_deg: FloatArray) -> list[Tile]:
        """Give the tiles with images that cover any of some positions, the nearest centre first."""
        grid = self._grid
        rows, _ = grid.find(np.zeros(2), np.clip([dec_deg.max(), dec_deg.min()], -89.9, 89.9))
        first = max(0, int(rows[0]) - 1) if rows[0] >= 0 else 0
        last = min(grid.rows - 1, int(rows[1]) + 1) if rows[1] >= 0 else grid.rows - 1
        found = []
        for row in range(first, last + 1) if last - first < _MOST_STRIPS else ():
            dec = grid.tile(row, 0).dec_deg
            step = grid.step_deg / math.cos(math.radians(dec))
            near = np.unique(grid.find((ra_deg[None, :] + np.array([[-step], [0.0], [step]])).ravel(), dec)[1])
            for column in near.tolist():
                tile = grid.tile(row, column)
                if _reaches(tile, ra_deg, dec_deg) and self._tiles.has_images(tile.name, self._release):
                    found.append(tile)
        ra, declination = float(ra_deg[0]), float(dec_deg[0])
        return sorted(found, key=lambda tile: (_squared_distance(tile, ra, declination), tile.name))

    def _take(
        self, canvas: "_Canvas", home: Sheet, tile: Tile, band: str, places: "_Places", corner: tuple[int, int], resample: bool
    ) -> None:
        """Fill the pixels that a tile has; the others stay as they are."""
        sheet = self._sheet(tile.name, band)
        if sheet is None:
            return
        shift = home.projection.whole_shift(sheet.projection)
        if shift is not None:
            pixel_x, pixel_y = places.columns + float(corner[0] + shift[0]), places.rows + float(corner[1] + shift[1])
        else:
            pixel_x, pixel_y = (value - 1 for value in sheet.projection.pixels_of(places.ra_deg, places.dec_deg))
        nearest_x, nearest_y = np.floor(pixel_x + 0.5), np.floor(pixel_y + 0.5)
        inside = (nearest_x >= 0) & (nearest_x < sheet.width) & (nearest_y >= 0) & (nearest_y < sheet.height)
        if not inside.any():
            return
        x, y, columns, rows = pixel_x[inside], pixel_y[inside], nearest_x[inside].astype(np.int64), nearest_y[inside].astype(np.int64)
        interpolate = resample and shift is None
        margin = LOBES if interpolate else 0
        left, bottom = max(0, int(columns.min()) - margin), max(0, int(rows.min()) - margin)
        right, top = min(sheet.width, int(columns.max()) + 1 + margin), min(sheet.height, int(rows.max()) + 1 + margin)
        to = places.rows[inside], places.columns[inside]
        for name, pixels in canvas.pixels.items():
            source = sheet.read(name, left, bottom, right - left, top - bottom)
            if interpolate and name in SMOOTH_PLANES:
                pixels[to] = interpolated(source, x - left, y - bottom, positive=name == "WGT")
            else:
                pixels[to] = source[rows - bottom, columns - left]
        offset = 0.0 if interpolate else float(max(np.abs(x - columns).max(), np.abs(y - rows).max()))
        canvas.note(tile.name, to, offset, interpolate)


@dataclass(slots=True)
class _Canvas:
    """Pixels of the planes, and where they came from."""

    pixels: dict[str, NDArray[Any]]
    taken: BoolArray | None = None
    stitched: dict[str, int] = field(default_factory=dict)
    blank: int = 0
    offset_pixels: float = 0.0
    resampled: bool = False

    def note(self, tile: str, to: tuple[IntArray, IntArray], offset_pixels: float, resampled: bool) -> None:
        if self.taken is None:
            self.taken = np.zeros(self.pixels["SCI"].shape, np.bool_)
        self.taken[to] = True
        self.stitched[tile] = self.stitched.get(tile, 0) + len(to[0])
        self.offset_pixels = max(self.offset_pixels, offset_pixels)
        self.resampled |= resampled


@dataclass(frozen=True, slots=True)
class _Places:
    """Pixels of a canvas with their positions."""

    rows: IntArray
    columns: IntArray
    ra_deg: FloatArray
    dec_deg: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, chosen: BoolArray) -> "_Places":
        return _Places(self.rows[chosen], self.columns[chosen], self.ra_deg[chosen], self.dec_deg[chosen])

    def still_blank(self, canvas: _Canvas) -> "_Places":
        return self if canvas.taken is None else self.of(~canvas.taken[self.rows, self.columns])


_MOST_STRIPS = 64


def _first(pixel: float, size: int) -> int:
    """Give the first pixel, from 0, of the box of a size whose middle is nearest to a pixel, from 1."""
    return math.floor(pixel - 1 - (size - 1) / 2 + 0.5)


def _reaches(tile: Tile, ra_deg: FloatArray, dec_deg: FloatArray) -> bool:
    """Tell whether any position lies on a tile's image, give or take two pixels."""
    away = np.abs((ra_deg - tile.ra_deg + 180) % 360 - 180)
    near = (away < 90) & (np.abs(dec_deg - tile.dec_deg) < 45)
    if not near.any():
        return False
    x, y = tile.pixels_of(ra_deg[near], dec_deg[near])
    last = tile.size_pixels + 2.5
    return bool(((x > -1.5) & (x < last) & (y > -1.5) & (y < last)).any())


def _squared_distance(tile: Tile, ra_deg: float, dec_deg: float) -> float:
    east = ((tile.ra_deg - ra_deg + 180) % 360 - 180) * math.cos(math.radians(dec_deg))
    return east * east + (tile.dec_deg - dec_deg) ** 2
