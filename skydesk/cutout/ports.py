"""What cutouts need from the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .model import LuptonOptions

__all__ = ["BandCut", "ChartObject", "ChartRequest", "CutoutRenderer", "CutoutSink", "TileImage", "TilePlane", "TileStore"]


class TilePlane(Protocol):
    """One image extension of a tile's file: SCI, MSK or WGT."""

    @property
    def name(self) -> str:
        """EXTNAME, upper case; ``SCI`` where the file names none, or IMAGE as older ones do, and it is the first."""

    @property
    def width(self) -> int:
        """NAXIS1, pixels."""

    @property
    def height(self) -> int:
        """NAXIS2, pixels."""

    @property
    def dtype(self) -> Any:
        """Native numpy type of the pixels: float32 or int32 for DES; whatever astropy gives for the uncompressed image."""

    @property
    def cards(self) -> tuple[bytes, ...]:
        """The cards, 80 bytes each, of the uncompressed image's header as astropy and cfitsio show it, structural ones first; no END."""

    def read(self, x: int, y: int, out: NDArray[Any]) -> None:
        """Fill ``out`` with the pixels from column ``x`` and row ``y`` on, each from 0; the whole of it lies inside the image.

        Parameters
        ----------
        out
            Shape (rows, columns), C order, of `dtype`.

        Raises
        ------
        InvalidImage
            The compressed data are broken there.
        """


class TileImage(Protocol):
    """One tile's image in one band. Safe from several threads."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def planes(self) -> tuple[TilePlane, ...]:
        """Every image of the file, in its order; the empty primary HDU is none."""


class TileStore(Protocol):
    """Finds and opens the image files of a survey's tiles. Safe from several threads; a context manager."""

    def image(self, tile: str, band: str, release: str) -> TileImage | None:
        """Open a tile's image in one band; kept open while it is among the latest used.

        Returns
        -------
        TileImage or None
            None where the survey has no such file.

        Raises
        ------
        InvalidImage
            The file is there but is no image that can be read.
        ServiceUnavailable
            It cannot be read now: the disk does not answer, or rights are missing.
        """

    def has_images(self, tile: str, release: str) -> bool:
        """Tell whether the tile has an image in any band; cheap, may be asked for every tile of a request."""

    def close(self) -> None:
        """Let go of the open files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCut:
    """One position in one band, cut and, where it crosses a tile's edge, stitched; on the pixel grid of the position's own tile."""

    band: str
    tile: str
    """The tile in whose unique area the position lies."""

    path: Path
    """That tile's file."""

    ra_deg: float
    """The position that was asked for, ICRS, degrees."""

    dec_deg: float
    x: int
    """Column of the tile's image, from 0, of the first pixel; negative where the cut begins outside."""

    y: int
    planes: Mapping[str, NDArray[Any]]
    """By EXTNAME: pixels of shape (rows, columns). Blank ones are NaN in SCI, 0 in WGT and have bit 1 set in MSK."""

    cards: Mapping[str, tuple[bytes, ...]]
    """By EXTNAME: the header cards of the tile's plane."""

    blank_pixels: int = 0
    stitched: Mapping[str, int] = field(default_factory=dict)
    """Pixels of one plane from other tiles, by tile name."""

    resampled: bool = False
    """True where pixels of other tiles were interpolated, false where the nearest was taken."""

    offset_pixels: float = 0.0
    """How far, in x or y, a pixel of another tile lies from the place that it was taken for; at most 0.5, and 0 where `resampled`."""

    release: str = ""
    """The release that the tile is of."""

    @property
    def sci(self) -> NDArray[np.float32]:
        """The image itself, ADU."""
        return self.planes["SCI"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartObject:
    """One object of the catalogue in the field of a finding chart."""

    object_id: int
    ra_deg: float
    dec_deg: float
    mag: float
    """WAVG_MAG_PSF in the chart's band, AB mag; NaN where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """What a finding chart shows."""

    title: str
    x_size_arcmin: float
    y_size_arcmin: float
    target: ChartObject | None
    """The catalogue's object nearest to the position; None where none is near."""

    helper: ChartObject | None
    """The brightest star that is bright enough to be found with; None where there is none."""

    objects: Sequence[ChartObject] = ()


class CutoutRenderer(Protocol):
    """Makes the bytes of files. Safe from several threads; the same input gives the same bytes."""

    def fits(self, cut: BandCut, planes: Sequence[str]) -> bytes:
        """A FITS file: the first plane primary, the others image extensions; headers kept, WCS moved, provenance added."""

    def lupton(self, red: NDArray[np.float32], green: NDArray[np.float32], blue: NDArray[np.float32], options: LuptonOptions) -> bytes:
        """A PNG, north up: equal to `astropy.visualization.make_lupton_rgb` to one count; blank pixels black."""

    def stiff(self, red: NDArray[np.float32], green: NDArray[np.float32], blue: NDArray[np.float32]) -> bytes:
        """A PNG, north up, with sky level, white level and gamma as STIFF chooses them by default."""

    def grey(self, sci: NDArray[np.float32]) -> bytes:
        """A grey PNG, north up, of one band: what a gallery shows of a FITS file."""

    def chart(self, cut: BandCut, request: ChartRequest) -> bytes:
        """A finding chart as PNG."""


class CutoutSink(Protocol):
    """Takes the files as they are made. Safe from several threads."""

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Keep one file, whole or not at all.

        Parameters
        ----------
        folder
            Relative, with ``/`` between its parts.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        """
