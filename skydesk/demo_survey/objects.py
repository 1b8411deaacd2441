"""What a catalogue would find of the sources: those bright enough and not lost beside a brighter one."""

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray
from .recipe import ADU_PER_ELECTRON, CENTRE, FWHM_ARCSEC, PIXEL_SCALE_ARCSEC, Disc, flux_of, noise_adu
from .sky import Sources

__all__ = ["LEAST_SIGNAL_TO_NOISE", "Objects", "aperture_error", "find_objects"]

LEAST_SIGNAL_TO_NOISE = {"DR1": 11.0, "DR2": 7.0}
"""In r, i and z together: below this a release does not list an object."""

_CELL_ARCSEC, _WIDEST_ARCSEC = 4.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """The sources that a catalogue lists, and how each fared."""

    sources: Sources
    flux: FloatArray
    """True flux, ADU, shape (n, 5)."""

    area_pixels: FloatArray
    """Area over which the light of each spreads, square pixels, shape (n, 5)."""

    neighbour_arcsec: FloatArray
    """Distance of the nearest other object; `_WIDEST_ARCSEC` where it is farther."""

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def detection_area_pixels(self) -> FloatArray:
        """Area in the mean of r, i and z, square pixels, shape (n,)."""
        return np.asarray(self.area_pixels[:, 1:4].mean(axis=1))

    def signal_to_noise(self, release: str) -> FloatArray:
        """Signal to noise in each band, shape (n, 5)."""
        return self.flux / aperture_error(self.flux, self.area_pixels, release)


def aperture_error(flux: FloatArray, area_pixels: FloatArray, release: str) -> FloatArray:
    """Error of a flux summed over an area, ADU: noise of the sky and of the photons; both of shape (n, 5)."""
    return np.sqrt(noise_adu(release) ** 2 * area_pixels + np.maximum(flux, 0) * ADU_PER_ELECTRON)


def find_objects(sources: Sources, discs: tuple[Disc, ...]) -> Objects:
    """Choose the sources within some discs that DR2 would list."""
    inside = np.logical_or.reduce([disc.contains(sources.ra_deg, sources.dec_deg) for disc in discs])
    sources = sources.only(inside)
    flux = flux_of(sources.mag)
    area = math.pi * np.hypot(np.array(FWHM_ARCSEC), 1.5 * sources.radius_arcsec[:, None]) ** 2 / PIXEL_SCALE_ARCSEC**2
    strength = np.sqrt(((flux / aperture_error(flux, area, "DR2"))[:, 1:4] ** 2).sum(axis=1))
    bright = strength > LEAST_SIGNAL_TO_NOISE["DR2"]
    sources, flux, area = sources.only(bright), flux[bright], area[bright]
    order = np.argsort(-flux[:, 2], kind="stable")
    sources, flux, area = sources.only(order), flux[order], area[order]
    kept, nearest = _separate_objects(sources, flux[:, 2])
    return Objects(sources=sources.only(kept), flux=flux[kept], area_pixels=area[kept], neighbour_arcsec=nearest[kept])


def _separate_objects(sources: Sources, flux: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    x = (sources.ra_deg - CENTRE[0]) * math.cos(math.radians(CENTRE[1])) * 3600
    y = (sources.dec_deg - CENTRE[1]) * 3600
    column, row = (np.floor((value - value.min(initial=0)) / _CELL_ARCSEC).astype(np.int64) for value in (x, y))
    shape = (int(row.max(initial=0)) + 1, int(column.max(initial=0)) + 1)
    kept, nearest = np.zeros(len(x), np.bool_), np.full(len(x), _WIDEST_ARCSEC)
    _separate(x, y, row, column, np.log10(flux), sources.radius_arcsec, np.full(shape, -1), np.full(len(x), -1), kept, nearest)
    return kept, nearest


def _separate_sorted(
    x: Any, y: Any, row: Any, column: Any, log_flux: Any, radius: Any, latest: Any, before: Any, kept: Any, nearest: Any
) -> None:
    """Go from bright to faint; drop what lies within a brighter one's reach, and note the distance to the nearest that stays."""
    reach = int(_WIDEST_ARCSEC / _CELL_ARCSEC)
    for k in range(len(x)):
        lost = False
        for i in range(max(0, row[k] - reach), min(latest.shape[0], row[k] + reach + 1)):
            for j in range(max(0, column[k] - reach), min(latest.shape[1], column[k] + reach + 1)):
                n = latest[i, j]
                while n >= 0:
                    distance = math.hypot(x[k] - x[n], y[k] - y[n])
                    nearest[k] = min(nearest[k], distance)
                    if distance < 1.3 + 0.5 * (log_flux[n] - log_flux[k]) + 0.4 * radius[n]:
                        lost = True
                    n = before[n]
        if lost:
            continue
        kept[k] = True
        before[k] = latest[row[k], column[k]]
        latest[row[k], column[k]] = k
        for i in range(max(0, row[k] - reach), min(latest.shape[0], row[k] + reach + 1)):
            for j in range(max(0, column[k] - reach), min(latest.shape[1], column[k] + reach + 1)):
                n = latest[i, j]
                while n >= 0:
                    if n != k:
                        nearest[n] = min(nearest[n], math.hypot(x[k] - x[n], y[k] - y[n]))
                    n = before[n]


_separate = numba.njit(cache=True, nogil=True)(_separate_sorted)
