"""The tile grid of a survey: which tile covers a position, and what a tile covers."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InvalidRequest, NotFound

__all__ = ["FloatArray", "IntArray", "Tile", "TileGrid"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: a square TAN image about a centre of the grid."""

    name: str
    """``DES0219-0541``: right ascension as HHMM and declination as DDMM of the centre, cut and not rounded."""

    row: int
    column: int
    ra_deg: float
    """Right ascension of the centre, ICRS, degrees, 0 <= ra < 360."""

    dec_deg: float
    """Declination of the centre, ICRS, degrees."""

    step_deg: float
    """Side of the unique area, degrees on the sky."""

    size_pixels: int
    """Side of the image, pixels."""

    pixel_scale_arcsec: float
    closing_deg: tuple[float, float] = (0.0, 0.0)
    """What the unique area lacks in the west and in the east, degrees of right ascension, where its strip closes upon itself."""

    @property
    def unique_ra_deg(self) -> tuple[float, float]:
        """Lower and upper right ascension of the unique area, degrees, each 0 <= ra < 360; the lower is larger where it crosses 0 h."""
        half = self.step_deg / math.cos(math.radians(self.dec_deg)) / 2
        return _wrap(self.ra_deg - half + self.closing_deg[0]), _wrap(self.ra_deg + half - self.closing_deg[1])

    @property
    def unique_dec_deg(self) -> tuple[float, float]:
        """Lower and upper declination of the unique area, degrees."""
        return self.dec_deg - self.step_deg / 2, self.dec_deg + self.step_deg / 2

    @property
    def unique_area_deg2(self) -> float:
        """Size of the unique area on the sphere, square degrees."""
        south, north = (math.sin(math.radians(dec)) for dec in self.unique_dec_deg)
        width = self.step_deg / math.cos(math.radians(self.dec_deg)) - sum(self.closing_deg)
        return width * math.degrees(north - south)

    @property
    def corners_deg(self) -> tuple[tuple[float, float], ...]:
        """Right ascension and declination, degrees, of the centres of the pixels (1,1), (N,1), (N,N) and (1,N)."""
        last = float(self.size_pixels)
        ra, dec = self.sky_of([1.0, last, last, 1.0], [1.0, 1.0, last, last])
        return tuple(zip(ra.tolist(), dec.tolist(), strict=True))

    @property
    def crosses_ra0(self) -> bool:
        """True where the image has both sides of 0 h in it."""
        ra = [corner[0] for corner in self.corners_deg]
        return max(ra) - min(ra) > 180

    @property
    def ra_range_deg(self) -> tuple[float, float]:
        """Western and eastern right ascension of the image, degrees; the first is larger where it crosses 0 h."""
        offsets = [(ra - self.ra_deg + 180) % 360 - 180 for ra, _ in self.corners_deg]
        return _wrap(self.ra_deg + min(offsets)), _wrap(self.ra_deg + max(offsets))

    @property
    def dec_range_deg(self) -> tuple[float, float]:
        """Southern and northern declination of the image's corners, degrees."""
        dec = [corner[1] for corner in self.corners_deg]
        return min(dec), max(dec)

    def pixels_of(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Project positions onto the image (TAN; Calabretta & Greisen 2002, section 5.1.3).

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS positions, degrees, of one shape; less than 90 degrees from the centre.

        Returns
        -------
        tuple of FloatArray
            Pixel x and y as FITS counts them: the centre of the first pixel is (1, 1). They may lie outside the image.
        """
        offset = np.radians(np.asarray(ra_deg, float) - self.ra_deg)
        dec, dec0 = np.radians(np.asarray(dec_deg, float)), math.radians(self.dec_deg)
        scale = math.radians(self.pixel_scale_arcsec / 3600)
        below = np.sin(dec) * math.sin(dec0) + np.cos(dec) * math.cos(dec0) * np.cos(offset)
        xi = np.cos(dec) * np.sin(offset) / below
        eta = (np.sin(dec) * math.cos(dec0) - np.cos(dec) * math.sin(dec0) * np.cos(offset)) / below
        middle = (self.size_pixels + 1) / 2
        return middle - xi / scale, middle + eta / scale

    def sky_of(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Find the positions of pixels: the inverse of `pixels_of`.

        Returns
        -------
        tuple of FloatArray
            ICRS right ascension, 0 <= ra < 360, and declination, degrees.
        """
        middle, scale = (self.size_pixels + 1) / 2, math.radians(self.pixel_scale_arcsec / 3600)
        xi, eta = (middle - np.asarray(x, float)) * scale, (np.asarray(y, float) - middle) * scale
        dec0 = math.radians(self.dec_deg)
        below = math.cos(dec0) - eta * math.sin(dec0)
        ra = np.degrees(np.arctan2(xi, below)) + self.ra_deg
        dec = np.degrees(np.arctan2(math.sin(dec0) + eta * math.cos(dec0), np.hypot(xi, below)))
        ra = ra % 360
        return np.where(ra == 360, 0.0, ra), dec


@dataclass(frozen=True, slots=True, kw_only=True)
class TileGrid:
    """Tiles in strips of constant declination, counted southward and, in a strip, eastward.

    Strip j lies at ``first_dec - j step``; in it tile i lies at ``first_ra + i step / cos(dec)``, for one turn of the sky. With the
    defaults this gives the name and the centre of each of 10,439 listed tiles of the Dark Energy Survey.

    Raises
    ------
    InvalidRequest
        A number is not finite or makes no grid.
    """

    prefix: str = "DES"
    first_ra_deg: float = 275.0
    first_dec_deg: float = 30.0
    last_dec_deg: float = -74.0
    """The grid ends above this declination, degrees (south of it the survey's tiles overlap by more)."""

    step_arcsec: float = 2570.0
    """Side of the unique area, arcsec on the sky: the tile's side less the overlap."""

    size_pixels: int = 10_000
    pixel_scale_arcsec: float = 0.263

    def __post_init__(self) -> None:
        if not 0 <= self.first_ra_deg < 360:
            raise InvalidRequest(f"first_ra_deg must be from 0 to less than 360, got {self.first_ra_deg}")
        if not -90 < self.last_dec_deg <= self.first_dec_deg < 90:
            raise InvalidRequest(f"-90 < last_dec_deg <= first_dec_deg < 90 must hold, got {self.last_dec_deg} and {self.first_dec_deg}")
        if not 60 <= self.step_arcsec <= 36_000:
            raise InvalidRequest(f"step_arcsec must be from 60 to 36000, got {self.step_arcsec}")
        if not 0 < self.pixel_scale_arcsec <= 60:
            raise InvalidRequest(f"pixel_scale_arcsec must be above 0 and at most 60, got {self.pixel_scale_arcsec}")
        if not self.step_arcsec <= self.size_pixels * self.pixel_scale_arcsec <= 72_000:
            raise InvalidRequest(f"size_pixels x pixel_scale_arcsec must be from step_arcsec to 72000, got {self.size_pixels} pixels")

    @property
    def step_deg(self) -> float:
        """Side of the unique area, degrees on the sky."""
        return self.step_arcsec / 3600

    @property
    def rows(self) -> int:
        """Number of strips."""
        return int((self.first_dec_deg - self.last_dec_deg) / self.step_deg + 1e-9) + 1

    @property
    def strip_columns(self) -> IntArray:
        """Number of tiles of every strip."""
        return _strips(self).columns

    def columns(self, row: int) -> int:
        """Count the tiles of a strip."""
        return int(self._columns(np.array([row]))[0])

    def find(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[IntArray, IntArray]:
        """Find the tile in whose unique area each position lies: two roundings.

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS positions, degrees, of one shape; any turn of right ascension.

        Returns
        -------
        tuple of IntArray
            Row and column of each tile, in the order given; -1 and -1 where the grid does not reach.
        """
        ra, dec = np.broadcast_arrays(np.asarray(ra_deg, float), np.asarray(dec_deg, float))
        rows, columns = np.empty(ra.shape, np.int64), np.empty(ra.shape, np.int64)
        flat_ra, flat_dec, flat_rows, flat_columns = ra.ravel(), dec.ravel(), rows.reshape(-1), columns.reshape(-1)
        for begin in range(0, ra.size, _CHUNK):
            part = slice(begin, begin + _CHUNK)
            self._find(flat_ra[part], flat_dec[part], flat_rows[part], flat_columns[part])
        return rows, columns

    def _find(self, ra: FloatArray, dec: FloatArray, rows: IntArray, columns: IntArray) -> None:
        """Fill in rows and columns; short arrays stay in the processor's cache."""
        strips = _strips(self)
        row = np.floor((self.first_dec_deg - dec) * (1 / self.step_deg) + 0.5)
        good = (row >= 0) & (row < self.rows) & (np.abs(ra) < np.inf)
        all_good = bool(good.all())
        if not all_good:
            row, ra = np.where(good, row, 0.0), np.where(good, ra, 0.0)
        rows[:] = row
        offset = ra - self.first_ra_deg
        offset -= 360.0 * np.floor(offset * (1 / 360.0))
        columns[:] = offset * strips.columns_per_deg[rows] + 0.5
        np.copyto(columns, 0, where=offset >= strips.closes_deg[rows])
        if not all_good:
            rows[~good], columns[~good] = -1, -1

    def tile(self, row: int, column: int) -> Tile:
        """Give one tile of the grid.

        Raises
        ------
        NotFound
            The grid has no such row or column.
        """
        if not (0 <= row < self.rows and 0 <= column < self.columns(row)):
            raise NotFound(f"the grid has no tile in row {row}, column {column}")
        dec = self.first_dec_deg - row * self.step_deg
        ra_step = float(self._ra_step_deg(np.array(row)))
        ra = _wrap(self.first_ra_deg + column * ra_step)
        both = self.columns(row) * ra_step - 360
        closing = (both / 2 if column == 0 else 0.0, both / 2 if column == self.columns(row) - 1 else 0.0)
        return Tile(
            name=tile_name(self.prefix, ra, dec),
            row=row,
            column=column,
            ra_deg=ra,
            dec_deg=dec,
            step_deg=self.step_deg,
            size_pixels=self.size_pixels,
            pixel_scale_arcsec=self.pixel_scale_arcsec,
            closing_deg=closing,
        )

    def tile_at(self, ra_deg: float, dec_deg: float) -> Tile:
        """Give the tile in whose unique area a position lies.

        Raises
        ------
        NotFound
            The grid does not reach there.
        """
        rows, columns = self.find(ra_deg, dec_deg)
        if int(rows) < 0:
            raise NotFound(f"no tile covers ra {ra_deg}, dec {dec_deg}")
        return self.tile(int(rows), int(columns))

    def names(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.str_]:
        """Name the tile in whose unique area each position lies; empty where the grid does not reach."""
        rows, columns = self.find(ra_deg, dec_deg)
        keys, index = np.unique(np.where(rows < 0, -1, rows * _MOST_COLUMNS + columns), return_inverse=True)
        names = self.names_of(*np.divmod(keys, _MOST_COLUMNS))
        return np.where(keys < 0, "", names)[index.reshape(rows.shape)]

    def centres_of(self, rows: IntArray, columns: IntArray) -> tuple[FloatArray, FloatArray]:
        """Give the centres of tiles that the grid has.

        Returns
        -------
        tuple of FloatArray
            ICRS right ascension, 0 <= ra < 360, and declination, degrees.
        """
        ra = (self.first_ra_deg + columns * self._ra_step_deg(rows)) % 360
        dec = self.first_dec_deg - np.asarray(rows, np.float64) * self.step_deg
        return np.where(ra == 360, 0.0, ra), dec

    def names_of(self, rows: IntArray, columns: IntArray) -> NDArray[np.str_]:
        """Name tiles that the grid has, each as `tile_name` would."""
        ra, dec = self.centres_of(rows, columns)
        ra_minutes, dec_minutes = (np.rint(value * 3_600_000).astype(np.int64) // 60_000 for value in (ra / 15, np.abs(dec)))
        letters = np.empty((len(ra), 9), np.uint32)
        for place, number in zip((0, 2, 5, 7), (ra_minutes // 60 % 24, ra_minutes % 60, dec_minutes // 60, dec_minutes % 60), strict=True):
            letters[:, place], letters[:, place + 1] = ord("0") + number // 10, ord("0") + number % 10
        letters[:, 4] = np.where(dec > 0, ord("+"), ord("-"))
        return np.char.add(self.prefix, letters.view("U9").ravel())

    def named(self, name: str) -> Tile:
        """Give the tile of a name.

        Raises
        ------
        NotFound
            The grid has no tile of this name.
        """
        digits = name.removeprefix(self.prefix)
        if len(digits) == 9 and digits.isascii() and digits[:4].isdigit() and digits[4] in "+-" and digits[5:].isdigit():
            sign = -1 if digits[4] == "-" else 1
            dec = sign * (int(digits[5:7]) + (int(digits[7:]) + 0.5) / 60)
            ra = (int(digits[:2]) + (int(digits[2:4]) + 0.5) / 60) * 15
            for row in np.unique(self.find(ra, dec + np.array([-1, 0, 1]) / 60)[0]).tolist():
                for column in self._columns_near(row, ra):
                    if (tile := self.tile(row, column)).name == name:
                        return tile
        raise NotFound(f"the grid has no tile named {name!r}")

    def _columns_near(self, row: int, ra_deg: float) -> set[int]:
        if row < 0:
            return set()
        count, near = self.columns(row), int((ra_deg - self.first_ra_deg) % 360 / float(self._ra_step_deg(np.array(row))))
        return {0, count - 1} | {column for column in (near - 1, near, near + 1) if 0 <= column < count}

    def _ra_step_deg(self, rows: IntArray) -> FloatArray:
        return np.asarray(self.step_deg / np.cos(np.radians(self.first_dec_deg - rows * self.step_deg)), dtype=np.float64)

    def _columns(self, rows: IntArray) -> IntArray:
        return np.ceil(360 / self._ra_step_deg(rows) - 1e-9).astype(np.int64)


_CHUNK = 1 << 14
_MOST_COLUMNS = 1 << 20
"""More than a strip of any grid has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Strips:
    """What `TileGrid.find` needs of each strip."""

    columns: IntArray
    columns_per_deg: FloatArray
    closes_deg: FloatArray
    """Degrees of right ascension from the first tile's centre, eastward, to where the first tile begins again: halfway to the last."""


@lru_cache(maxsize=16)
def _strips(grid: TileGrid) -> _Strips:
    rows = np.arange(grid.rows)
    ra_step = np.asarray(grid.step_deg / np.cos(np.radians(grid.first_dec_deg - rows * grid.step_deg)))
    columns = np.ceil(360 / ra_step - 1e-9)
    return _Strips(columns=columns.astype(np.int64), columns_per_deg=1 / ra_step, closes_deg=((columns - 1) * ra_step + 360) / 2)


def tile_name(prefix: str, ra_deg: float, dec_deg: float) -> str:
    """Name a tile by its centre: sexagesimal, rounded to a thousandth of a second, then cut to minutes."""
    hours, ra_minutes = _cut(ra_deg / 15)
    degrees, dec_minutes = _cut(abs(dec_deg))
    return f"{prefix}{hours % 24:02d}{ra_minutes:02d}{'+' if dec_deg > 0 else '-'}{degrees:02d}{dec_minutes:02d}"


def _cut(value: float) -> tuple[int, int]:
    minutes = round(value * 3_600_000) // 60_000
    return minutes // 60, minutes % 60


def _wrap(ra_deg: float) -> float:
    wrapped = ra_deg % 360
    return 0.0 if wrapped == 360 else wrapped
