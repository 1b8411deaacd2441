"""Colour and grey pictures of images."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...cutout.model import LuptonOptions
from .kernels import ASINH_TABLE, GAMMA_STEPS, grey_lines, lupton_lines, table_lines
from .png import empty_lines, png_file

__all__ = ["Image", "grey_levels", "grey_picture", "lupton_picture", "lupton_pixels", "stiff_levels", "stiff_picture"]

Image = NDArray[np.float32]

_LUPTON_FRACTION = 0.1
"""Part of the stretch at which the slope of the asinh is that of a straight line (astropy's ``LuptonAsinhStretch``)."""

_SMALLEST_Q, _LARGEST_Q, _STRAIGHT_Q = 2.0**-23, 1e10, 0.1

_STIFF_GAMMA, _STIFF_SKY_GREY, _STIFF_WHITE_QUANTILE = 2.2, 0.001, 0.999
"""STIFF's defaults: GAMMA, MIN_LEVEL with MIN_TYPE GREYLEVEL, MAX_LEVEL with MAX_TYPE QUANTILE."""

_GREY_BELOW, _GREY_SOFTENING, _GREY_QUANTILE, _GREY_LEAST_RANGE = 1.5, 3.0, 0.998, 30.0
_SIGMA_OF_MAD = 1.4826


def lupton_picture(red: Image, green: Image, blue: Image, options: LuptonOptions) -> bytes:
    """Make a colour PNG, north up, after Lupton et al. 2004 (PASP 116, 133), as astropy's ``make_lupton_rgb`` has it to one count."""
    return png_file(lupton_pixels(red, green, blue, options), 3)


def lupton_pixels(red: Image, green: Image, blue: Image, options: LuptonOptions) -> NDArray[np.uint8]:
    """Give the lines of such a PNG, the top one first, each with its filter byte; black where a band is not finite."""
    q = _STRAIGHT_Q if abs(options.q) < _SMALLEST_Q else min(options.q, _LARGEST_Q)
    soften = q / options.stretch
    scale = 255 * _LUPTON_FRACTION / math.asinh(_LUPTON_FRACTION * q) * soften
    lines = empty_lines(red.shape, 3)
    red, green, blue = map(_plain, (red, green, blue))
    lupton_lines(red, green, blue, np.float32(options.minimum), np.float32(soften), np.float32(scale), ASINH_TABLE, lines)
    return lines


def stiff_picture(red: Image, green: Image, blue: Image) -> bytes:
    """Make a colour PNG, north up, with the levels that STIFF 2.4 (E. Bertin) chooses by default.

    As there, the part of a channel that lies below black lightens the pixel's other channels by a third of it: brightness is the mean of
    the channels without their negative parts, colour is what is left of them with these.
    """
    red, green, blue = map(_plain, (red, green, blue))
    ranges = [stiff_levels(image) for image in (red, green, blue)]
    levels = np.array([(black, 1 / (white - black)) for black, white in ranges], np.float32)
    lines = empty_lines(red.shape, 3)
    table_lines(red, green, blue, levels, _gamma_table(), lines)
    return png_file(lines, 3)


def grey_picture(image: Image) -> bytes:
    """Make a grey PNG, north up: asinh from 1.5 sigma below the sky to the brightest five hundredth of the pixels."""
    black, white, sigma = grey_levels(_plain(image))
    lines = empty_lines(image.shape, 1)
    table = _asinh_grey_table(round((white - black) / (_GREY_SOFTENING * sigma), 2))
    grey_lines(_plain(image), np.float32(black), np.float32(1 / (white - black)), table, lines)
    return png_file(lines, 1)


def stiff_levels(image: Image) -> tuple[float, float]:
    """Give the flux that is black and the flux that is white.

    The sky is the median; white is the 0.999 quantile of the pixels that are brighter than it (STIFF looks for the quantile in the
    half of its buffer that its median has left the brighter pixels in); black lies as far below the sky as leaves the sky a grey of 0.001.
    """
    values = np.sort(image[np.isfinite(image)], axis=None)
    if not values.size:
        return 0.0, 1.0
    half = values.size // 2
    sky = float(values[half]) if values.size % 2 else (float(values[half - 1]) + float(values[half])) / 2
    upper = values[half:]
    white = float(upper[int(_STIFF_WHITE_QUANTILE * max(0.0, upper.size - 0.5001))])
    black = (white * _STIFF_SKY_GREY - sky) / (_STIFF_SKY_GREY - 1)
    return black, white if white > black else black + max(abs(black), 1.0) * 1e-6


def grey_levels(image: Image) -> tuple[float, float, float]:
    """Give the flux that is black, the flux that is white, and the sky's noise: median and median absolute deviation."""
    values = image[np.isfinite(image)]
    if not values.size:
        return 0.0, 1.0, 1.0
    sky = float(np.median(values))
    sigma = _SIGMA_OF_MAD * float(np.median(np.abs(values - np.float32(sky))))
    if not sigma > 0:
        sigma = float(np.std(values, dtype=np.float64)) or max(abs(sky), 1.0) * 1e-6
    bright = float(np.partition(values, int(_GREY_QUANTILE * (values.size - 1)))[int(_GREY_QUANTILE * (values.size - 1))])
    return sky - _GREY_BELOW * sigma, max(bright, sky + _GREY_LEAST_RANGE * sigma), sigma


def _plain(image: Image) -> Image:
    return np.ascontiguousarray(image, np.float32)


@lru_cache(maxsize=1)
def _gamma_table() -> NDArray[np.uint8]:
    """Counts by the square root of the part of the range, whose near straight line to them wastes no entries."""
    part = np.linspace(0, 1, GAMMA_STEPS + 1) ** 2
    return (255 * part ** (1 / _STIFF_GAMMA) + 0.5).astype(np.uint8)


@lru_cache(maxsize=64)
def _asinh_grey_table(reach: float) -> NDArray[np.uint8]:
    part = np.linspace(0, 1, GAMMA_STEPS + 1) ** 2
    return np.minimum(255 * np.arcsinh(part * reach) / math.asinh(reach) + 0.5, 255).astype(np.uint8)
