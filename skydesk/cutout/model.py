"""What is asked of the images and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..grid import FloatArray, IntArray

__all__ = [
    "LARGEST_ARCMIN",
    "NO_OBJECT",
    "POSITION_COLUMNS",
    "SMALLEST_ARCMIN",
    "ChartOptions",
    "CutoutOptions",
    "CutoutRequest",
    "Estimate",
    "LuptonOptions",
    "Outcome",
    "Positions",
    "Product",
    "RowOutcome",
]

SMALLEST_ARCMIN, LARGEST_ARCMIN = 0.1, 12.0
"""Bounds of a cutout's sides, arcmin."""

NO_OBJECT = -1
"""Stands in `Positions.object_id` for a row that was given by its position."""

POSITION_COLUMNS = (
    "RA",
    "DEC",
    "COADD_OBJECT_ID",
    "XSIZE",
    "YSIZE",
    "COLORS_FITS",
    "RGB_STIFF_COLORS",
    "RGB_LUPTON_COLORS",
    "RGB_MINIMUM",
    "RGB_STRETCH",
    "RGB_ASINH",
    "MAKE_FITS",
    "MAKE_RGB_STIFF",
    "MAKE_RGB_LUPTON",
    "DISCARD_FITS_FILES",
)
"""The columns that a table of positions may have, in any order and letter case; those after the third override the form row by row."""


class Product(StrEnum):
    """Kinds of files that are made of one position."""

    FITS = "fits"
    """One file a band with every plane of the tile."""

    LUPTON = "lupton"
    """A colour PNG of three bands (Lupton et al. 2004)."""

    STIFF = "stiff"
    """A colour PNG of three bands with the levels that STIFF chooses."""

    CHART = "chart"
    """A finding chart: one PNG a band, and the objects of the field as CSV."""


class Outcome(StrEnum):
    """What became of one row."""

    DONE = "done"
    """Every file was made, and every pixel is of a tile."""

    PARTLY = "partly"
    """Files were made, but pixels that no tile covers are blank, or a band has no image."""

    OUTSIDE = "outside"
    """No tile with images covers the position."""

    FAILED = "failed"
    """Something went wrong; the message says what."""

    DUPLICATE = "duplicate"
    """The same position with the same options stands in an earlier row, whose files are this row's as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LuptonOptions:
    """The three numbers of the asinh stretch (`astropy.visualization.make_lupton_rgb`)."""

    minimum: float = 1.0
    """Flux that is black, ADU."""

    stretch: float = 50.0
    """Flux range of the linear part, ADU."""

    q: float = 10.0
    """Softening; the column RGB_ASINH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartOptions:
    """What a finding chart shows."""

    bands: tuple[str, ...] = ("i",)
    faintest_helper_mag: float = 20.0
    """AB magnitude (WAVG_MAG_PSF) that a helper star must not pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutOptions:
    """What is made of a position; the form's, or one row's after its own columns have won."""

    x_size_arcmin: float = 1.0
    y_size_arcmin: float = 1.0
    products: frozenset[Product] = frozenset({Product.FITS})
    fits_bands: tuple[str, ...] = ("g", "r", "i")
    lupton_bands: tuple[tuple[str, str, str], ...] = (("i", "r", "g"),)
    """Triplets of bands for red, green and blue."""

    stiff_bands: tuple[tuple[str, str, str], ...] = (("i", "r", "g"),)
    lupton: LuptonOptions = field(default_factory=LuptonOptions)
    discard_fits: bool = False
    """Keep no FITS files once the pictures are made of them."""

    planes: tuple[str, ...] = ("SCI", "MSK", "WGT")
    """Planes of the FITS files; SCI is always among them."""

    resample: bool = False
    """Interpolate pixels that come from a neighbouring tile (Lanczos, 3 lobes); else the nearest pixel is taken as it is."""

    chart: ChartOptions = field(default_factory=ChartOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutRequest:
    """Cutouts of many positions. With the positions' file, this is the whole payload of a cutout job."""

    release: str
    options: CutoutOptions = field(default_factory=CutoutOptions)
    include_matched_csv: bool = False
    """Write ``matched_<job id>.csv``: each position with the tile that covers it and that tile's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The table of positions after reading and checking: columns of one length, row n being line n of what was given.

    Overrides are sparse: most tables have none.
    """

    ra_deg: FloatArray
    """ICRS, degrees, 0 <= ra < 360; NaN for an object whose position is still to be looked up or was not found."""

    dec_deg: FloatArray
    """ICRS, degrees."""

    object_id: IntArray
    """COADD_OBJECT_ID, `NO_OBJECT` where the row was given by its position."""

    overrides: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """By row (from 0): checked values by the names of `POSITION_COLUMNS`, XSIZE to DISCARD_FITS_FILES."""

    def __len__(self) -> int:
        return len(self.ra_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a request will come to."""

    rows: int
    """Rows that will be cut: inside the survey, and no duplicates."""

    files: int
    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOutcome:
    """What became of one row, as ``outcomes.jsonl`` of a job's folder has it: one JSON object a line, in the order of the work."""

    row: int
    """Row of the table of positions, from 0."""

    outcome: Outcome
    message: str = ""
    tile: str = ""
    name: str = ""
    """``DESJ021914.5649-054140.0000``; also the folder below the tile's, unless that is taken."""

    folder: str = ""
    """Where the row's files are, relative to the job's folder: ``DES0219-0541/DESJ021914.5649-054140.0000``."""

    files: tuple[str, ...] = ()
    """Plain names of the files in `folder`."""

    size_bytes: int = 0
    blank_pixels: int = 0
    """Pixels of one plane that no tile covers."""

    stitched: Mapping[str, int] = field(default_factory=dict)
    """Pixels of one plane that came from other tiles, by tile name."""
