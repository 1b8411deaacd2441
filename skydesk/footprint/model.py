"""What is asked about the footprint and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray, IntArray, Tile
from .sphere import BoolArray

__all__ = [
    "BandQuality",
    "BulkRequest",
    "Checked",
    "Density",
    "MocFormat",
    "Place",
    "TileFile",
    "TileOfRelease",
    "TileProperties",
]


class MocFormat(StrEnum):
    """Serialisations of a coverage map (IVOA MOC 2.0, section 4)."""

    FITS = "fits"
    JSON = "json"
    ASCII = "ascii"


@dataclass(frozen=True, slots=True, kw_only=True)
class TileFile:
    """One file of a tile."""

    kind: str
    """``image``, or the kind that the survey file gives: ``nobkg``, ``detection``, ``colour``, ``main``."""

    title: str
    band: str
    """Empty for what is of no single band."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BandQuality:
    """How deep and how sharp a tile is in one band; None for what the survey's tables do not tell."""

    band: str
    depth_mag: float | None = None
    """AB magnitude at signal to noise 10."""

    seeing_arcsec: float | None = None
    """Full width at half maximum of point sources."""

    epochs: float | None = None
    """Exposures of the median object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileOfRelease:
    """What one release has of a tile."""

    release: str
    approximate: bool
    """True where the release's own list of tiles is not there, so that its outline decides."""

    objects: int | None = None
    """Objects of the catalogue that belong to the tile."""

    bands: tuple[BandQuality, ...] = ()
    files: tuple[TileFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TileProperties:
    """What is known of a tile."""

    tile: Tile
    releases: tuple[TileOfRelease, ...]
    """Those that have it and that the user may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a search has found."""

    kind: str
    """``position``, ``tile``, ``object`` or ``name``."""

    label: str
    """What was found, in the words of the survey or of the list: ``DES0219-0541``, ``NGC 7089``."""

    ra_deg: float
    dec_deg: float
    tile: str | None
    """The tile of the release that covers it; None for what lies outside."""

    nearest_tile: str | None
    """The tile itself, or the nearest one of the release; None where the release has none."""

    distance_deg: float | None
    """How far that is; 0 inside."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What lies where; columns of one length, row n being position n."""

    inside: Mapping[str, BoolArray]
    """By release."""

    tiles: NDArray[np.str_]
    """Name of the tile of the first release that covers the position; empty where there is none."""

    edge_arcmin: FloatArray
    """Distance to the edge of the first release named, positive inside; a step of the grid stands for anything farther."""

    in_region: BoolArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """Numbers on the sky, by nested HEALPix pixel."""

    release: str
    kind: str
    title: str
    unit: str
    nside: int
    pixels: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """Files of many tiles. With the kinds it is the whole payload of a footprint job."""

    release: str
    tiles: tuple[str, ...]
    kinds: tuple[str, ...] = field(default=("image",))
    bands: tuple[str, ...] = ()
    """Bands of what is of a band; none for all."""
