"""The stars of the globular cluster Messier 2: how bright, of which colour, how far from the middle."""

import numpy as np

from ..grid import FloatArray

__all__ = ["stars"]

_DISTANCE_MODULUS_MAG = 15.37
"""11.9 kpc; reddening is added apart. Harris (1996, edition 2010) has 11.5 kpc."""

_CORE_DEG, _TIDAL_DEG = 0.32 / 60, 12.45 / 60
"""Core and tidal radius of the King (1962) profile (Harris 1996, edition 2010)."""

# Absolute r magnitude against g - r for 12.5 Gyr and [Fe/H] = -1.65, and the number of stars a magnitude. Round numbers after
# published fiducial sequences and luminosity functions of M2; they draw the right picture and are not a measurement.
_R_ABS_OF_G_R = (
    *((-2.9, 1.20), (-2.4, 1.02), (-2.0, 0.92), (-1.5, 0.82), (-1.0, 0.74), (-0.5, 0.68), (0.0, 0.63), (0.5, 0.59), (1.0, 0.555)),
    *((1.5, 0.53), (2.0, 0.51), (2.5, 0.49), (2.9, 0.46), (3.2, 0.40), (3.4, 0.31), (3.6, 0.245), (3.9, 0.21), (4.3, 0.215)),
    *((4.8, 0.25), (5.3, 0.31), (5.8, 0.40), (6.3, 0.51), (6.8, 0.64), (7.4, 0.83), (8.0, 1.03), (8.6, 1.20)),
)
_R_ABS, _G_R = zip(*_R_ABS_OF_G_R, strict=True)
_COUNT_R_ABS = (-2.9, -2.0, -1.0, 0.0, 1.0, 2.0, 2.9, 3.4, 3.9, 5.0, 6.0, 7.0, 8.6)
_COUNT = (50, 100, 220, 460, 1000, 2000, 3300, 4800, 6000, 7000, 7000, 6500, 6000)

_BRANCH_G_R = (-0.36, -0.33, -0.28, -0.20, -0.10, 0.0, 0.10, 0.25)
_BRANCH_R_ABS = (2.80, 2.00, 1.40, 0.90, 0.62, 0.50, 0.45, 0.38)
_BRANCH_STARS, _STRAGGLERS, _BINARIES = 600, 60, 0.08

_LOCUS_G_R = (-0.4, 0.0, 0.5, 1.0, 1.3)
_LOCUS = {"r-i": (-0.30, -0.06, 0.18, 0.40, 0.62), "i-z": (-0.22, -0.08, 0.07, 0.18, 0.32), "z-Y": (-0.10, -0.04, 0.02, 0.05, 0.10)}


def stars(rng: np.random.Generator, faintest_i_mag: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw the cluster's stars.

    Parameters
    ----------
    faintest_i_mag
        Fainter stars are left out.

    Returns
    -------
    tuple of FloatArray
        Offsets from the middle to east and north, degrees on the sky, shape (n,), and AB magnitudes before reddening, shape (n, 5).
    """
    r_main, colour_main = _single_stars(rng)
    r_branch, colour_branch = _horizontal_branch(rng)
    r_blue = rng.uniform(1.8, 3.6, _STRAGGLERS)
    colour_blue = np.interp(r_blue, [1.8, 3.6], [-0.15, 0.12]) + rng.normal(0, 0.05, _STRAGGLERS)
    r_abs, g_r = np.concatenate([r_main, r_branch, r_blue]), np.concatenate([colour_main, colour_branch, colour_blue])
    mag = _bands(r_abs + _DISTANCE_MODULUS_MAG, g_r)
    mag = mag[mag[:, 2] < faintest_i_mag]
    east, north = _places(rng, len(mag))
    return east, north, mag


def _single_stars(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    grid = np.linspace(_R_ABS[0], _R_ABS[-1], 4000)
    sums = np.cumsum(np.interp(grid, _COUNT_R_ABS, _COUNT)) * (grid[1] - grid[0])
    r_abs = np.interp(rng.random(rng.poisson(sums[-1])) * sums[-1], sums, grid)
    g_r = np.interp(r_abs, _R_ABS, _G_R) + rng.normal(0, 0.012, len(r_abs))
    brighter = np.where((rng.random(len(r_abs)) < _BINARIES) & (r_abs > 4.4), 0.75 * rng.random(len(r_abs)), 0)
    return r_abs - brighter, g_r


def _horizontal_branch(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    g_r = np.clip(
        np.where(rng.random(_BRANCH_STARS) < 0.75, rng.normal(-0.14, 0.1, _BRANCH_STARS), rng.normal(0.05, 0.1, _BRANCH_STARS)), -0.36, 0.25
    )
    return np.interp(g_r, _BRANCH_G_R, _BRANCH_R_ABS) + rng.normal(0, 0.04, _BRANCH_STARS), g_r


def _bands(r_mag: FloatArray, g_r: FloatArray) -> FloatArray:
    i_mag = r_mag - np.interp(g_r, _LOCUS_G_R, _LOCUS["r-i"])
    z_mag = i_mag - np.interp(g_r, _LOCUS_G_R, _LOCUS["i-z"])
    return np.stack([r_mag + g_r, r_mag, i_mag, z_mag, z_mag - np.interp(g_r, _LOCUS_G_R, _LOCUS["z-Y"])], axis=1)


def _places(rng: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray]:
    radius = np.linspace(0, _TIDAL_DEG, 20_000)
    edge = 1 / np.sqrt(1 + (_TIDAL_DEG / _CORE_DEG) ** 2)
    density = (1 / np.sqrt(1 + (radius / _CORE_DEG) ** 2) - edge) ** 2
    sums = np.cumsum(density * radius)
    distance, angle = np.interp(rng.random(count) * sums[-1], sums, radius), rng.uniform(0, 2 * np.pi, count)
    return distance * np.cos(angle), distance * np.sin(angle)
