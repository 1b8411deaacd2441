"""The made-up sky: field stars, galaxies, two clusters of galaxies, and M2."""

import math
from dataclasses import dataclass, fields

import numpy as np

from ..grid import FloatArray
from . import m2
from .recipe import CENTRE, EXTINCTION, M2, Disc

__all__ = ["Sources", "make_sky", "reddening"]

_RADIUS_DEG = 0.25
"""The sky is made in a disc of this radius; a little more than any preset shows."""

_FAINTEST_I_MAG = 24.6
_CLUSTER = (323.330, -0.842, 0.25)
"""Right ascension, declination, degrees, and redshift of the rich cluster that the examples ask for."""

_REDSHIFTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5)
_EARLY = {
    "g-r": (0.75, 0.95, 1.25, 1.50, 1.70, 1.75, 1.75, 1.70, 1.65, 1.50, 1.40, 1.20),
    "r-i": (0.38, 0.42, 0.46, 0.55, 0.67, 0.85, 1.00, 1.10, 1.15, 1.15, 1.05, 0.95),
    "i-z": (0.28, 0.30, 0.32, 0.34, 0.36, 0.38, 0.42, 0.50, 0.60, 0.85, 0.95, 0.90),
    "z-Y": (0.08, 0.09, 0.10, 0.10, 0.12, 0.13, 0.15, 0.17, 0.20, 0.30, 0.42, 0.55),
}
_LATE = {
    "g-r": (0.35, 0.42, 0.52, 0.60, 0.66, 0.70, 0.66, 0.60, 0.52, 0.40, 0.32, 0.25),
    "r-i": (0.15, 0.16, 0.18, 0.20, 0.27, 0.35, 0.43, 0.50, 0.50, 0.45, 0.38, 0.30),
    "i-z": (0.08, 0.10, 0.12, 0.15, 0.15, 0.15, 0.17, 0.20, 0.28, 0.40, 0.40, 0.35),
    "z-Y": (0.02, 0.03, 0.04, 0.05, 0.05, 0.05, 0.06, 0.08, 0.10, 0.12, 0.16, 0.20),
}
"""Colours of old and of star-forming galaxies at these redshifts: round numbers after the templates of Coleman, Wu & Weedman (1980)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that shines, one element a source."""

    ra_deg: FloatArray
    dec_deg: FloatArray
    mag: FloatArray
    """AB magnitudes as observed, shape (n, 5), in order of `BANDS`."""

    radius_arcsec: FloatArray
    """Half-light radius along the major axis; 0 for a star."""

    axis_ratio: FloatArray
    angle_deg: FloatArray
    """Position angle of the major axis, from east towards north."""

    bulge: FloatArray
    """Part of the light with a de Vaucouleurs profile; the rest has an exponential one."""

    def __len__(self) -> int:
        return len(self.ra_deg)

    def only(self, chosen: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> "Sources":
        """Give some of the sources."""
        return Sources(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def make_sky(seed: int) -> Sources:
    """Make every source of the demo survey's sky; the same for every preset."""
    stars, field, clusters, giants = (np.random.default_rng([seed, number]) for number in range(4))
    parts = [_field_stars(stars), _field_galaxies(field), _cluster_galaxies(clusters), _bright_galaxies(clusters), _globular(giants)]
    return Sources(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Sources)})


def reddening(ra_deg: FloatArray, dec_deg: FloatArray) -> FloatArray:
    """E(B-V) of the dust in front, magnitudes: about 0.045 with a gentle slope, as there is near M2."""
    return np.asarray(0.045 + 0.012 * (ra_deg - M2[0]) + 0.008 * np.sin(40 * (dec_deg - M2[1])))


def _stars(ra: FloatArray, dec: FloatArray, mag: FloatArray) -> Sources:
    zero, one = np.zeros(len(ra)), np.ones(len(ra))
    return Sources(ra_deg=ra, dec_deg=dec, mag=mag, radius_arcsec=zero, axis_ratio=one, angle_deg=zero, bulge=zero)


def _everywhere(rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray]:
    radius, angle = _RADIUS_DEG * np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    return _offset(CENTRE, radius * np.cos(angle), radius * np.sin(angle))


def _offset(origin: tuple[float, float], east_deg: FloatArray, north_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    return origin[0] + east_deg / math.cos(math.radians(origin[1])), origin[1] + north_deg


def _magnitudes(rng: np.random.Generator, slope: float, at: float, per_deg2: float, brightest: float) -> FloatArray:
    """Draw magnitudes whose counts grow as ``10**(slope m)`` and are ``per_deg2`` a magnitude at magnitude ``at``."""
    low, high = 10 ** (slope * (brightest - at)), 10 ** (slope * (_FAINTEST_I_MAG - at))
    count = rng.poisson(math.pi * _RADIUS_DEG**2 * per_deg2 * (high - low) / (slope * math.log(10)))
    return np.asarray(at + np.log10(rng.uniform(low, high, count)) / slope)


def _field_stars(rng: np.random.Generator) -> Sources:
    i_mag = _magnitudes(rng, 0.13, 20, 1500, 13)
    halo = rng.random(len(i_mag)) < np.interp(i_mag, [15, 19, 23], [0.75, 0.5, 0.25])
    g_i = np.clip(np.where(halo, rng.normal(0.6, 0.22, len(i_mag)), rng.normal(2.3, 0.4, len(i_mag))), 0.1, 3.5)
    g_r = np.interp(g_i, [0.1, 0.6, 1.2, 1.8, 2.4, 3.5], [0.08, 0.43, 0.85, 1.22, 1.38, 1.55]) + rng.normal(0, 0.02, len(i_mag))
    i_z = np.interp(g_i, [0.1, 1, 2.2, 3.5], [-0.02, 0.10, 0.35, 0.85])
    z_y = np.interp(g_i, [0.1, 1, 2.2, 3.5], [0.0, 0.03, 0.08, 0.22])
    mag = np.stack([i_mag + g_i, i_mag + g_i - g_r, i_mag, i_mag - i_z, i_mag - i_z - z_y], axis=1)
    return _stars(*_everywhere(rng, len(i_mag)), mag)


def _galaxies(
    rng: np.random.Generator, place: tuple[FloatArray, FloatArray], i_mag: FloatArray, z: FloatArray, late: FloatArray
) -> Sources:
    """Give galaxies their colours, sizes and shapes; ``late`` runs from 0 for the oldest to 1 for the bluest."""
    count = len(i_mag)
    colour = {
        name: (1 - late) * np.interp(z, _REDSHIFTS, _EARLY[name])
        + late * np.interp(z, _REDSHIFTS, _LATE[name])
        + rng.normal(0, 0.03, count)
        for name in _EARLY
    }
    r_mag = i_mag + colour["r-i"]
    z_mag = i_mag - colour["i-z"]
    radius = np.clip(0.55 * np.exp(rng.normal(0, 0.38, count)) * 10 ** (-0.135 * (i_mag - 22)), 0.12, 12)
    old = late < 0.3
    disc = np.sqrt(0.04 + 0.96 * rng.random(count) ** 2)
    return Sources(
        ra_deg=place[0],
        dec_deg=place[1],
        mag=np.stack([r_mag + colour["g-r"], r_mag, i_mag, z_mag, z_mag - colour["z-Y"]], axis=1),
        radius_arcsec=radius,
        axis_ratio=np.where(old, rng.uniform(0.55, 1, count), disc),
        angle_deg=rng.uniform(0, 180, count),
        bulge=np.where(old, rng.uniform(0.65, 1, count), rng.beta(1.2, 5, count)),
    )


def _field_galaxies(rng: np.random.Generator) -> Sources:
    i_mag = _magnitudes(rng, 0.36, 21, 6200, 15)
    count = len(i_mag)
    z = np.clip(rng.gamma(2.2, 0.035 * 1.42 ** np.clip(i_mag - 17, 0, 8)), 0.003, 1.5)
    old = rng.random(count) < np.interp(i_mag, [16, 20, 24], [0.45, 0.35, 0.12])
    ra, dec = _everywhere(rng, count)
    groups = 150
    grouped = (rng.random(count) < 0.25) & (i_mag > 20)
    which = rng.integers(0, groups, count)
    group_ra, group_dec = _everywhere(rng, groups)
    distance, angle = 10 ** rng.uniform(-2.7, -1.4, count), rng.uniform(0, 2 * np.pi, count)
    near = _offset((0.0, 0.0), distance * np.cos(angle), distance * np.sin(angle))
    place = np.where(grouped, group_ra[which] + near[0], ra), np.where(grouped, group_dec[which] + near[1], dec)
    z = np.where(grouped, np.clip(rng.uniform(0.15, 0.9, groups)[which] + rng.normal(0, 0.005, count), 0.01, 1.5), z)
    late = np.where(old | (grouped & (rng.random(count) < 0.4)), rng.uniform(0, 0.08, count), rng.uniform(0.35, 1, count))
    return _galaxies(rng, place, i_mag, z, late)


def _cluster_galaxies(rng: np.random.Generator) -> Sources:
    count, z = 90, _CLUSTER[2]
    i_mag = np.minimum(17.2 + rng.gamma(2.5, 1.1, count), 24)
    i_mag[0] = 16.4
    distance = 0.004 * np.sqrt((1 - 0.93 * rng.random(count)) ** -1.3 - 1)
    distance[0] = 0
    angle = rng.uniform(0, 2 * np.pi, count)
    late = np.where(rng.random(count) < 0.85, rng.uniform(0, 0.05, count), rng.uniform(0.4, 0.9, count))
    late[0] = 0
    place = _offset(_CLUSTER[:2], distance * np.cos(angle), 0.75 * distance * np.sin(angle))
    return _galaxies(rng, place, i_mag, np.clip(z + rng.normal(0, 0.004, count), 0.01, 1.5), late)


def _bright_galaxies(rng: np.random.Generator) -> Sources:
    """A nearby group round M2's outskirts, so that even the smallest preset has bright galaxies."""
    count = 10
    distance, angle = rng.uniform(0.028, 0.045, count), np.arange(count) * 2 * np.pi / count + rng.normal(0, 0.1, count)
    place = _offset((M2[0] - 0.012, M2[1] - 0.006), distance * np.cos(angle), distance * np.sin(angle))
    late = np.where(rng.random(count) < 0.4, rng.uniform(0, 0.1, count), rng.uniform(0.4, 1, count))
    return _galaxies(rng, place, rng.uniform(15.2, 16.9, count), np.full(count, 0.035), late)


def _globular(rng: np.random.Generator) -> Sources:
    east, north, mag = m2.stars(rng, _FAINTEST_I_MAG)
    ra, dec = _offset(M2, east, north)
    mag = mag + reddening(ra, dec)[:, None] * np.array(EXTINCTION)
    return _stars(ra, dec, mag).only(Disc(ra_deg=CENTRE[0], dec_deg=CENTRE[1], radius_deg=_RADIUS_DEG).contains(ra, dec))
