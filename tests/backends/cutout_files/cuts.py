"""Cuts as the files are made of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skydesk.cutout.ports import BandCut
from skydesk.grid import TileGrid
from tests.fakes.tiles import cards_of, sky_header

TILE = TileGrid().tile_at(34.81, -5.69)


def tile_header() -> fits.Header:
    """A header with everything that makes headers hard."""
    header = sky_header(TILE)
    header["TILENAME"] = TILE.name
    header["BAND"] = ("g", "it's / a band")
    header["LONGTEXT"] = ("a long value that goes on and on, " * 6, "continued")
    header["HIERARCH DES mean seeing"] = (0.95, "arcsec")
    header["CRPIX1A"], header["CRPIX2A"], header["CTYPE1A"], header["CTYPE2A"] = 10.0, 20.0, "LINEAR", "LINEAR"
    header["HIERARCH RA_CUTOUT"], header["CUTX1"], header["CUTFROM1"] = 1.0, 5, "old"
    header["CUTFILE"] = "an older cutout's file with a very long name that needs to go on in a second card.fits.fz"
    header["DATASUM"], header["CHECKSUM"] = "123", "abc"
    header["INHERIT"] = True
    header["DATAMAX"] = 3.0
    header["COMMENT"] = "a comment"
    header["COMMENT"] = "another"
    header["HISTORY"] = "what was done"
    return header


def noise(shape: tuple[int, int] = (40, 60), seed: int = 1) -> NDArray[np.float32]:
    """A sky with stars."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, 3, shape)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for flux, x0, y0 in zip(rng.exponential(300, 12), rng.uniform(0, shape[1], 12), rng.uniform(0, shape[0], 12), strict=True):
        image += flux * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 6)
    return image.astype(np.float32)


def cut_of(planes: Mapping[str, NDArray[Any]] | None = None, **changes: Any) -> BandCut:
    sci = noise()
    planes = planes or {
        "SCI": sci,
        "MSK": np.arange(sci.size, dtype=np.int32).reshape(sci.shape),
        "WGT": np.full(sci.shape, 0.1, np.float32),
    }
    header = tile_header()
    values: dict[str, Any] = {
        "band": "g",
        "tile": TILE.name,
        "path": Path(f"tiles/{TILE.name}_r2590p01_g.fits.fz"),
        "ra_deg": 34.9,
        "dec_deg": -5.6,
        "x": 3700,
        "y": 6200,
        "planes": planes,
        "cards": {name: cards_of(name, np.zeros((4, 4), pixels.dtype), header) for name, pixels in planes.items()},
        "release": "DR2",
    }
    return BandCut(**{**values, **changes})
