"""What a request will come to, from figures that were measured."""

from collections import Counter

import numpy as np

from ..grid import IntArray
from .model import CutoutOptions, Estimate, Positions, Product
from .plan import BoolArray, row_options

__all__ = ["estimate"]

_PLANE_BYTES_PER_PIXEL = 4
_HEADER_BYTES = 8064
"""Of one plane, with the padding of its data. This and the figures below were measured with the demo survey's tiles, fields of 1 and
6 arcmin, on one core of a busy machine of two: sizes hold anywhere, times are what a shared worker may expect."""

_PICTURE_BYTES_PER_PIXEL = 1.5
"""Colour PNG: 1.2 to 1.3 bytes for Lupton, 1.6 for STIFF-like; noise does not compress."""

_CHART_BYTES, _CHART_BYTES_PER_PIXEL = 190_000, 0.6
_SECONDS_PER_PLANE_MEGAPIXEL = 0.03
"""One plane decoded, cut and written: 0.012 s for small fields, 0.06 s where files of 20 MB go to the disk."""

_SECONDS_PER_PICTURE_MEGAPIXEL = 0.12
_SECONDS_PER_CHART, _SECONDS_PER_CHART_MEGAPIXEL = 0.23, 0.45
_SECONDS_PER_FILE = 0.0004
_SECONDS_PER_TILE_BAND = 0.35
"""First look at a tile's file in one band, which makes its seek index; later jobs find that."""


def estimate(
    positions: Positions, options: CutoutOptions, *, wanted: BoolArray, tile_index: IntArray, pixel_scale_arcsec: float, threads: int = 1
) -> Estimate:
    """Reckon what a request will come to.

    Parameters
    ----------
    options
        The form's.
    wanted
        Rows that will be cut.
    tile_index
        Number of each row's tile.
    threads
        Rows that are cut at a time.
    """
    rows = int(np.count_nonzero(wanted))
    kinds = Counter(own for row, own in row_options(options, positions).items() if wanted[row])
    kinds[options] += rows - kinds.total()
    files, size_bytes, seconds = 0, 0.0, 0.0
    for own, count in kinds.items():
        if count:
            own_files, own_bytes, own_seconds = _of_one(own, pixel_scale_arcsec)
            files, size_bytes, seconds = files + count * own_files, size_bytes + count * own_bytes, seconds + count * own_seconds
    bands = len({band for own, count in kinds.items() if count for band in _bands(own)})
    tiles = len(np.unique(tile_index[wanted]))
    seconds = (seconds + tiles * bands * _SECONDS_PER_TILE_BAND) / max(1, threads)
    return Estimate(rows=rows, files=files, size_bytes=round(size_bytes), seconds=round(seconds, 2))


def _of_one(options: CutoutOptions, pixel_scale_arcsec: float) -> tuple[int, float, float]:
    """Files, bytes and seconds of one row."""
    pixels = options.x_size_arcmin * options.y_size_arcmin * (60 / pixel_scale_arcsec) ** 2
    planes = len({*options.planes, "SCI"})
    products = options.products
    fits = len(options.fits_bands) if Product.FITS in products and not (options.discard_fits and products != {Product.FITS}) else 0
    pictures = len(options.lupton_bands) * (Product.LUPTON in products) + len(options.stiff_bands) * (Product.STIFF in products)
    charts = len(options.chart.bands) * (Product.CHART in products)
    files = fits + pictures + 2 * charts
    size_bytes = fits * planes * (pixels * _PLANE_BYTES_PER_PIXEL + _HEADER_BYTES) + pictures * pixels * _PICTURE_BYTES_PER_PIXEL
    size_bytes += charts * (_CHART_BYTES + pixels * _CHART_BYTES_PER_PIXEL)
    read_planes = fits * planes + len(_bands(options) - set(options.fits_bands if fits else ()))
    seconds = pixels / 1e6 * (read_planes * _SECONDS_PER_PLANE_MEGAPIXEL + pictures * _SECONDS_PER_PICTURE_MEGAPIXEL)
    seconds += charts * (_SECONDS_PER_CHART + pixels / 1e6 * _SECONDS_PER_CHART_MEGAPIXEL)
    return files, size_bytes, seconds + files * _SECONDS_PER_FILE


def _bands(options: CutoutOptions) -> set[str]:
    """Bands that are read."""
    products = options.products
    bands: set[str] = set(options.fits_bands) if Product.FITS in products else set()
    for product, triplets in ((Product.LUPTON, options.lupton_bands), (Product.STIFF, options.stiff_bands)):
        if product in products:
            bands.update(band for triplet in triplets for band in triplet)
    return bands | (set(options.chart.bands) if Product.CHART in products else set())
