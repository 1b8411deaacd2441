"""Tiles in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydesk.errors import SkydeskError
from skydesk.grid import Tile

__all__ = ["FakeImage", "FakePlane", "FakeTiles", "cards_of", "sky_header"]


def sky_header(tile: Tile) -> fits.Header:
    """The gnomonic projection of a tile's images, as the survey writes it."""
    middle, scale = (tile.size_pixels + 1) / 2, tile.pixel_scale_arcsec / 3600
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = tile.ra_deg, tile.dec_deg
    header["CRPIX1"], header["CRPIX2"] = middle, middle
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -scale, 0.0, 0.0, scale
    header["CUNIT1"], header["CUNIT2"] = "deg", "deg"
    return header


def cards_of(name: str, pixels: NDArray[Any], header: fits.Header | None = None) -> tuple[bytes, ...]:
    """The cards of an image extension as astropy makes it, without END."""
    text = fits.ImageHDU(pixels, header, name=name).header.tostring(endcard=False, padding=False).encode("ascii")
    return tuple(text[at : at + 80] for at in range(0, len(text), 80))


class FakePlane:
    """One array with its header; keeps in ``reads`` what was asked for: column, row, rows, columns."""

    def __init__(self, name: str, pixels: NDArray[Any], header: fits.Header | None = None) -> None:
        self.name = name
        self.height, self.width = pixels.shape
        self.dtype = pixels.dtype.newbyteorder("=")
        self.cards = cards_of(name, pixels, header)
        self.reads: list[tuple[int, int, int, int]] = []
        self.error: SkydeskError | None = None
        self._pixels = pixels

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        rows, columns = out.shape
        if x < 0 or y < 0 or y + rows > self.height or x + columns > self.width:
            raise ValueError(f"columns {x} to {x + columns} and rows {y} to {y + rows} leave {self.width} x {self.height} pixels")
        if out.dtype != self.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out must be {self.dtype} in C order, got {out.dtype}")
        self.reads.append((x, y, rows, columns))
        if self.error is not None:
            raise self.error
        out[:] = self._pixels[y : y + rows, x : x + columns]


class FakeImage:
    """The planes of one tile in one band."""

    def __init__(self, path: Path, planes: tuple[FakePlane, ...]) -> None:
        self.path = path
        self.planes = planes


class FakeTiles:
    """Gives the images that were added; errors on demand. What was opened is in ``opened``, in order."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str, str], FakeImage | SkydeskError] = {}
        self.opened: list[tuple[str, str, str]] = []
        self.closed = False

    def add(self, tile: str, band: str, release: str, planes: Mapping[str, NDArray[Any]], header: fits.Header | None = None) -> FakeImage:
        """Add an image; every plane gets the header."""
        path = Path("tiles") / release.lower() / tile / f"{tile}_r1p01_{band}.fits.fz"
        image = FakeImage(path, tuple(FakePlane(name, pixels, header) for name, pixels in planes.items()))
        self._images[tile, band, release] = image
        return image

    def add_sky(self, tile: Tile, band: str, release: str, sci: NDArray[np.float32]) -> FakeImage:
        """Add an image of a grid's tile with SCI, a mask of zeros and weights of one, all with the tile's projection."""
        planes = {"SCI": sci, "MSK": np.zeros(sci.shape, np.int32), "WGT": np.ones(sci.shape, np.float32)}
        return self.add(tile.name, band, release, planes, sky_header(tile))

    def add_broken(self, tile: str, band: str, release: str, error: SkydeskError) -> None:
        """Let the opening of an image end in an error."""
        self._images[tile, band, release] = error

    def image(self, tile: str, band: str, release: str) -> FakeImage | None:
        self.opened.append((tile, band, release))
        image = self._images.get((tile, band, release))
        if isinstance(image, SkydeskError):
            raise image
        return image

    def has_images(self, tile: str, release: str) -> bool:
        return any(key[0] == tile and key[2] == release for key in self._images)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> "FakeTiles":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
