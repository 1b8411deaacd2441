"""The tables about tiles and coverage."""

from collections import Counter
from collections.abc import Sequence

import astropy.units as u
import numpy as np
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix
from numpy.typing import NDArray

from ..grid import FloatArray, Tile
from .catalogue import Columns
from .images import image_name
from .recipe import BANDS, Disc

__all__ = ["coverage_columns", "coverage_probes", "tile_columns"]

_NSIDE, _PARTS = 4096, 8


def tile_columns(tiles: Sequence[Tile], release: str, names: NDArray[np.str_]) -> Columns:
    """Make the columns of a TILE_INFO table.

    Parameters
    ----------
    names
        Tile of each object of the release, for COUNT.

    Returns
    -------
    Columns
        Names of files that the demo survey does not make (detection image, colour picture, catalogue files) are missing values.
    """
    counts = Counter(names.tolist())
    rows = [_tile_row(tile, release, counts[tile.name], number) for number, tile in enumerate(tiles, 1)]
    return {name: np.array([row[name] for row in rows], dtype=object) for name in rows[0]}


def _tile_row(tile: Tile, release: str, count: int, number: int) -> dict[str, object]:
    scale, middle, corners = tile.pixel_scale_arcsec / 3600, (tile.size_pixels + 1) / 2, tile.corners_deg
    row: dict[str, object] = {"TILENAME": tile.name, "ID": number, "COUNT": count, "CROSSRA0": "Y" if tile.crosses_ra0 else "N"}
    row |= {"RA_CENT": tile.ra_deg, "DEC_CENT": tile.dec_deg, "CRVAL1": tile.ra_deg, "CRVAL2": tile.dec_deg}
    row |= {"CRPIX1": middle, "CRPIX2": middle, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
    row |= {"CD1_1": -scale, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale, "PIXELSCALE": tile.pixel_scale_arcsec}
    row |= {"NAXIS1": tile.size_pixels, "NAXIS2": tile.size_pixels}
    for corner, (ra, dec) in enumerate(corners, 1):
        row |= {f"RAC{corner}": ra, f"DECC{corner}": dec}
    (row["RACMIN"], row["RACMAX"]), (row["DECCMIN"], row["DECCMAX"]) = tile.ra_range_deg, tile.dec_range_deg
    row["RA_SIZE"] = (tile.ra_range_deg[1] - tile.ra_range_deg[0]) % 360
    row["DEC_SIZE"] = tile.dec_range_deg[1] - tile.dec_range_deg[0]
    (row["URAMIN"], row["URAMAX"]), (row["UDECMIN"], row["UDECMAX"]) = tile.unique_ra_deg, tile.unique_dec_deg
    row |= {f"FITS_IMAGE_{band.upper()}": image_name(tile.name, band) for band in BANDS}
    row |= {f"FITS_IMAGE_NOBKG_{band.upper()}": None for band in BANDS}
    row |= {f"FITS_{release}_{kind}": None for kind in ("MAIN", "MAGNITUDE", "FLUX")}
    return row | dict.fromkeys(("FITS_IMAGE_DET", "TIFF_COLOR_IMAGE", "TIFF_COLOR_IMAGE_NOBKG"))


def coverage_probes(discs: Sequence[Disc]) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Give points spread evenly over the HEALPix pixels that discs touch: 64 in each.

    Returns
    -------
    tuple
        Pixels of nside 4096, nested, shape (m,), and positions of their points, ICRS, degrees, shape (m, 64).
    """
    fine = _NSIDE * _PARTS
    pixels = []
    for disc in discs:
        offset = np.arange(-disc.radius_deg - 0.02, disc.radius_deg + 0.02, 0.003)
        ra, dec = np.meshgrid(disc.ra_deg + offset, disc.dec_deg + offset)
        pixels.append(lonlat_to_healpix(ra.ravel() * u.deg, dec.ravel() * u.deg, _NSIDE, order="nested"))
    unique = np.unique(np.concatenate(pixels))
    children = unique[:, None] * _PARTS**2 + np.arange(_PARTS**2)
    lon, lat = healpix_to_lonlat(children, fine, order="nested")
    ra, dec = lon.to_value("deg"), lat.to_value("deg")
    seen = np.logical_or.reduce([disc.contains(ra, dec) for disc in discs]).any(axis=1)
    return unique[seen], ra[seen], dec[seen]


def coverage_columns(pixels: NDArray[np.int64], observed: NDArray[np.bool_]) -> Columns:
    """Make the columns of a COVERAGE table from which points were observed, shape (m, 64, 5)."""
    fraction = observed.mean(axis=1)
    return {"HPIX_4096": pixels} | {f"FRAC_DET_{band.upper()}": fraction[:, number] for number, band in enumerate(BANDS)}
