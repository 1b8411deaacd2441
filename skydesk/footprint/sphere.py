"""Spherical trigonometry on columns of positions, all in degrees."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..grid import FloatArray

__all__ = ["BoolArray", "galactic_to_icrs", "meridian_distance", "separation", "unit_vectors"]

BoolArray: TypeAlias = NDArray[np.bool_]

_POLE_RA, _POLE_DEC, _NODE_L = 192.85948, 27.12825, 122.93192
"""North galactic pole, ICRS, and galactic longitude of the north celestial pole, degrees (ESA SP-1200, vol. 1, section 1.5.3)."""


def unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> FloatArray:
    """Give unit vectors of shape (..., 3)."""
    ra, dec = np.radians(np.asarray(ra_deg, float)), np.radians(np.asarray(dec_deg, float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def separation(ra1: ArrayLike, dec1: ArrayLike, ra2: ArrayLike, dec2: ArrayLike) -> FloatArray:
    """Give angular distances; the haversine formula, exact to 1e-9 deg also for small ones."""
    first, second = np.radians(np.asarray(dec1, float)), np.radians(np.asarray(dec2, float))
    across = np.radians(np.asarray(ra2, float) - np.asarray(ra1, float))
    square = np.sin((second - first) / 2) ** 2 + np.cos(first) * np.cos(second) * np.sin(across / 2) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.clip(square, 0, 1)))))


def meridian_distance(dec_deg: ArrayLike, offset_deg: ArrayLike, south_deg: ArrayLike, north_deg: ArrayLike) -> FloatArray:
    """Give distances of positions from pieces of meridians.

    Parameters
    ----------
    dec_deg
        Declination of each position.
    offset_deg
        Right ascension of the meridian less that of the position.
    south_deg, north_deg
        Ends of each piece.
    """
    dec, offset = np.radians(np.asarray(dec_deg, float)), np.radians(np.asarray(offset_deg, float))
    foot = np.degrees(np.arctan2(np.sin(dec), np.cos(dec) * np.cos(offset)))
    nearest = np.clip(foot, south_deg, north_deg)
    return separation(0.0, dec_deg, offset_deg, nearest)


def galactic_to_icrs(l_deg: float, b_deg: float) -> tuple[float, float]:
    """Turn a galactic position into ICRS right ascension, 0 <= ra < 360, and declination."""
    pole, latitude, angle = math.radians(_POLE_DEC), math.radians(b_deg), math.radians(_NODE_L - l_deg)
    sine = math.sin(latitude) * math.sin(pole) + math.cos(latitude) * math.cos(pole) * math.cos(angle)
    across = math.cos(latitude) * math.sin(angle)
    along = math.sin(latitude) * math.cos(pole) - math.cos(latitude) * math.sin(pole) * math.cos(angle)
    ra = (_POLE_RA + math.degrees(math.atan2(across, along))) % 360
    return (0.0 if ra == 360 else ra), math.degrees(math.asin(max(-1.0, min(1.0, sine))))
