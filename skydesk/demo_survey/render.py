"""Draw sources as sums of Gaussians, add noise, and measure on the result."""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray, Tile
from .recipe import ADU_PER_ELECTRON, FWHM_ARCSEC, PIXEL_SCALE_ARCSEC
from .sky import Sources

__all__ = ["APERTURE_PIXELS", "draw_sources", "measure", "noise_image"]

APERTURE_PIXELS = np.array([1.85, 3.70, 5.55, 7.41, 11.11, 14.81, 18.52, 22.22, 25.93, 29.63, 44.44, 66.67]) / 2
"""Radii of the twelve apertures, pixels (half of the diameters of DES)."""

# Part of the light and sigma of the round Gaussians whose sum comes nearest to a profile (own non-negative least squares):
# a Moffat profile of beta 2.8, sigma in FWHM; an exponential and a de Vaucouleurs profile, sigma in half-light radii.
_SEEING = np.array([(0.08313, 0.25), (0.65553, 0.5), (0.23493, 1.0), (0.02372, 2.0), (0.00269, 4.0)])
_DISC = np.array([(0.045, 0.252), (0.127, 0.447), (0.478, 0.794), (0.339, 1.409), (0.011, 2.5)])
_BULGE = np.array([(0.030, 0.04), (0.059, 0.097), (0.122, 0.213), (0.204, 0.469), (0.254, 1.032), (0.204, 2.272), (0.127, 5.0)])

_FAINTEST_PEAK = 0.03
"""Gaussians are drawn out to where they fall below this part of the noise."""

_MARGIN_PIXELS = 300
_STRIP_ROWS = 512


def draw_sources(
    tile: Tile, shape: tuple[int, int], corner: tuple[int, int], sources: Sources, flux: FloatArray, band: int, noise: float
) -> NDArray[np.float32]:
    """Draw sources onto a part of a tile.

    Parameters
    ----------
    shape
        Rows and columns of the part.
    corner
        Row and column of its first pixel in the tile, counted from 0.
    flux
        Flux of each source in this band, ADU.
    band
        Place of the band in `BANDS`.
    noise
        Noise of one pixel, ADU.

    Returns
    -------
    NDArray[np.float32]
        ADU in each pixel, without noise.
    """
    x, y = tile.pixels_of(sources.ra_deg, sources.dec_deg)
    x, y = x - 1 - corner[1], y - 1 - corner[0]
    near = (x > -_MARGIN_PIXELS) & (x < shape[1] + _MARGIN_PIXELS) & (y > -_MARGIN_PIXELS) & (y < shape[0] + _MARGIN_PIXELS)
    image = np.zeros(shape, np.float32)
    seeing = _SEEING * (1, FWHM_ARCSEC[band] / PIXEL_SCALE_ARCSEC)
    star = near & (sources.radius_arcsec == 0)
    for part, sigma in seeing:
        _draw(image, x[star], y[star], flux[star] * part, *_round(sigma, int(star.sum())), _FAINTEST_PEAK * noise)
    galaxy = near & ~star
    for profile, share in ((_DISC, 1 - sources.bulge[galaxy]), (_BULGE, sources.bulge[galaxy])):
        for light, radius in profile:
            ellipse = _ellipse(sources, galaxy, radius)
            for part, sigma in seeing:
                shapes = (ellipse[0] + sigma**2, ellipse[1], ellipse[2] + sigma**2)
                _draw(image, x[galaxy], y[galaxy], flux[galaxy] * share * light * part, *shapes, _FAINTEST_PEAK * noise)
    return image


def noise_image(image: NDArray[np.float32], noise: float, seed: list[int]) -> None:
    """Add the noise of the sky and of the photons to an image, in place."""
    rng = np.random.Generator(np.random.SFC64(seed))
    for first in range(0, image.shape[0], _STRIP_ROWS):
        strip = image[first : first + _STRIP_ROWS]
        strip += rng.standard_normal(strip.shape, np.float32) * np.sqrt(np.float32(noise**2) + strip * np.float32(ADU_PER_ELECTRON))


def measure(
    image: NDArray[np.float32], mask: NDArray[np.int32], x: FloatArray, y: FloatArray, reach: FloatArray
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Measure each object on an image.

    Parameters
    ----------
    x, y
        Places, pixels from 0.
    reach
        Radius of the circle in which mask bits count, pixels.

    Returns
    -------
    tuple
        Flux in `APERTURE_PIXELS`, ADU, shape (n, 12), and the mask bits of all pixels within reach, shape (n,).
    """
    flux = np.zeros((len(x), len(APERTURE_PIXELS)), np.float32)
    flags = np.zeros(len(x), np.int32)
    _measure(image, mask, x, y, reach, APERTURE_PIXELS, flux, flags)
    return flux, flags


def _round(sigma: float, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    return np.full(count, sigma**2), np.zeros(count), np.full(count, sigma**2)


def _ellipse(sources: Sources, chosen: NDArray[np.bool_], radius: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Second moments xx, xy and yy, square pixels, of a Gaussian of this sigma in half-light radii; x runs to the west."""
    major = (radius * sources.radius_arcsec[chosen] / PIXEL_SCALE_ARCSEC) ** 2
    minor = major * sources.axis_ratio[chosen] ** 2
    cosine, sine = np.cos(np.radians(sources.angle_deg[chosen])), np.sin(np.radians(sources.angle_deg[chosen]))
    return major * cosine**2 + minor * sine**2, (minor - major) * sine * cosine, major * sine**2 + minor * cosine**2


def _draw_gaussians(image: Any, x: Any, y: Any, flux: Any, xx: Any, xy: Any, yy: Any, faintest: float) -> None:
    """Add elliptical Gaussians; along a row each value follows from the last by two multiplications."""
    rows, columns = image.shape
    for k in range(len(x)):
        det = xx[k] * yy[k] - xy[k] * xy[k]
        peak = flux[k] / (2 * math.pi * math.sqrt(det))
        if peak <= faintest:
            continue
        limit = 2 * math.log(peak / faintest)
        a, b, c = yy[k] / det, -xy[k] / det, xx[k] / det
        half_height = math.sqrt(limit * yy[k])
        for row in range(max(0, math.ceil(y[k] - half_height)), min(rows - 1, math.floor(y[k] + half_height)) + 1):
            dy = row - y[k]
            left = limit - dy * dy * (c - b * b / a)
            if left <= 0:
                continue
            half_width, middle = math.sqrt(left / a), x[k] - b / a * dy
            first, last = max(0, math.ceil(middle - half_width)), min(columns - 1, math.floor(middle + half_width))
            dx = first - x[k]
            value = peak * math.exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + c * dy * dy))
            ratio, change = math.exp(-0.5 * (a * (2 * dx + 1) + 2 * b * dy)), math.exp(-a)
            for column in range(first, last + 1):
                image[row, column] += value
                value *= ratio
                ratio *= change


def _measure_objects(image: Any, mask: Any, x: Any, y: Any, reach: Any, radii: Any, flux: Any, flags: Any) -> None:
    """Sum pixels in circles; pixels that a circle cuts count by the part inside, sampled 9 x 9 where the circle is small."""
    rows, columns = image.shape
    count, largest = len(radii), radii[-1] + 0.75
    whole = np.zeros(count + 1)
    for k in range(len(x)):
        whole[:] = 0
        for row in range(max(0, math.ceil(y[k] - largest)), min(rows - 1, math.floor(y[k] + largest)) + 1):
            dy = row - y[k]
            half = math.sqrt(largest * largest - dy * dy)
            for column in range(max(0, math.ceil(x[k] - half)), min(columns - 1, math.floor(x[k] + half)) + 1):
                dx = column - x[k]
                distance = math.sqrt(dx * dx + dy * dy)
                if distance <= reach[k]:
                    flags[k] |= mask[row, column]
                first = count
                while first > 0 and distance <= radii[first - 1] - 0.75:
                    first -= 1
                whole[first] += image[row, column]
                n = first - 1
                while n >= 0 and distance < radii[n] + 0.75:
                    flux[k, n] += image[row, column] * _part_inside(dx, dy, distance, radii[n])
                    n -= 1
        total = 0.0
        for n in range(count):
            total += whole[n]
            flux[k, n] += total


def _part_of_pixel(dx: float, dy: float, distance: float, radius: float) -> float:
    """Part of a pixel that lies inside a circle."""
    if radius >= 6:
        return min(1.0, max(0.0, radius + 0.5 - distance))
    inside = 0
    for i in range(-4, 5):
        for j in range(-4, 5):
            inside += (dx + i / 9) ** 2 + (dy + j / 9) ** 2 < radius**2
    return inside / 81


_part_inside = numba.njit(cache=True, nogil=True)(_part_of_pixel)
_draw = numba.njit(cache=True, nogil=True)(_draw_gaussians)
_measure = numba.njit(cache=True, nogil=True)(_measure_objects)
