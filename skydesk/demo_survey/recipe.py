"""What the demo survey is made of: places, depths, seeing and sizes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InvalidRequest
from ..grid import FloatArray

__all__ = [
    "ADU_PER_ELECTRON",
    "BANDS",
    "CENTRE",
    "DEPTH_MAG",
    "EXTINCTION",
    "FWHM_ARCSEC",
    "M2",
    "MASK_NO_DATA",
    "MASK_SATURATED",
    "MASK_TRAIL",
    "PRESETS",
    "RECIPE",
    "SATURATION_ADU",
    "SEED",
    "Disc",
    "Preset",
    "flux_of",
    "noise_adu",
    "preset_named",
]

RECIPE = 6
"""Grows with every change of what is made, so that an older survey in a cache is not taken for a new one."""

SEED = 1
BANDS = ("g", "r", "i", "z", "Y")

M2 = (323.3626, -0.8233)
"""Right ascension and declination of the globular cluster Messier 2, ICRS, degrees."""

CENTRE = (323.28, -0.90)
"""Middle of the demo survey, ICRS, degrees: near the point where four tiles meet."""

ZERO_POINT_MAG = 30.0
PIXEL_SCALE_ARCSEC = 0.263

DEPTH_MAG: Mapping[str, tuple[float, ...]] = {
    "DR1": (24.33, 24.08, 23.44, 22.69, 21.44),
    "DR2": (24.7, 24.4, 23.8, 23.1, 21.7),
}
"""Magnitude of signal to noise 10 in an aperture of 1.95 arcsec, by band (DES Collaboration 2018 and 2021)."""

FWHM_ARCSEC = (1.11, 0.95, 0.88, 0.83, 0.90)
"""Median seeing of DR2, by band (DES Collaboration 2021)."""

EXTINCTION = (3.184, 2.130, 1.568, 1.196, 1.048)
"""Extinction in magnitudes for E(B-V) = 1, by band (DES Collaboration 2018)."""

SATURATION_ADU = 300_000.0
"""Pixels do not rise above this."""

ADU_PER_ELECTRON = 1 / 200
"""What one photo-electron adds to a coadded pixel; sets the photon noise of sources."""

MASK_NO_DATA, MASK_SATURATED, MASK_TRAIL = 1, 2, 512
"""Bits of the mask plane: nothing observed, saturated, a satellite's trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A part of the sky that is filled."""

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def contains(self, ra_deg: FloatArray, dec_deg: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Tell which ICRS positions, degrees, lie inside; good to a part in a million for the small discs here."""
        across = (ra_deg - self.ra_deg) * math.cos(math.radians(self.dec_deg))
        return np.asarray(across**2 + (dec_deg - self.dec_deg) ** 2 < self.radius_deg**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One size of the demo survey; all show parts of the same sky."""

    name: str
    discs: tuple[Disc, ...]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(name="demo", discs=(Disc(ra_deg=CENTRE[0], dec_deg=CENTRE[1], radius_deg=0.24),)),
        Preset(
            name="tiny",
            discs=(
                Disc(ra_deg=M2[0] - 0.012, dec_deg=M2[1] - 0.006, radius_deg=0.05),
                Disc(ra_deg=323.197, dec_deg=-1.054, radius_deg=0.015),
            ),
        ),
    )
}
"""``demo``: a disc over the corner of four tiles. ``tiny``: a small one round M2 and a smaller one over that corner."""


def preset_named(name: str) -> Preset:
    """Give a preset.

    Raises
    ------
    InvalidRequest
        There is none of this name.
    """
    if name not in PRESETS:
        raise InvalidRequest(f"no preset {name!r}; there are {' and '.join(PRESETS)}")
    return PRESETS[name]


def flux_of(mag: FloatArray) -> FloatArray:
    """Turn AB magnitudes into fluxes, ADU."""
    return np.asarray(10 ** (0.4 * (ZERO_POINT_MAG - mag)))


def noise_adu(release: str) -> FloatArray:
    """Noise of one pixel of empty sky, ADU, by band."""
    pixels = math.pi * (1.95 / 2 / PIXEL_SCALE_ARCSEC) ** 2
    return flux_of(np.array(DEPTH_MAG[release])) / 10 / math.sqrt(pixels)
