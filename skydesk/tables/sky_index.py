"""Which of many positions lie near which of many others.

The sky is cut into zones of declination, and each zone into cells of right ascension, after Gray, Nieto-Santisteban and Szalay 2006,
"The Zones Algorithm for Finding Points-Near-a-Point or Cross-Matching Spatial Datasets" (MSR-TR-2006-52). A position is entered into every
cell that its circle touches, so that another one has to be compared with those of a single cell. Most others are in no cell that is
entered, which a table of bits tells at once.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SkyIndex", "separation_deg"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST_HEIGHT_DEG = 10 / 3600
_SLACK_DEG = 1e-9
"""What rounding may put a position out by, many times over, degrees."""

_BELOW_ONE = 1e-14
"""By so little are cells wider, that no right ascension below 360 is rounded into a cell that is none; `_SLACK_DEG` is far more."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio, by which neighbouring cells are spread (Knuth, The Art of Computer Programming 3, section 6.4)."""

_MOST_BITS = 26


class SkyIndex:
    """Positions that others are compared with.

    Parameters
    ----------
    ra_deg, dec_deg
        ICRS, degrees, shape (n,), all finite, declinations within [-90, 90].
    radius_deg
        Up to where another position is near, degrees, above 0 and at most 1.
    """

    def __init__(self, ra_deg: FloatArray, dec_deg: FloatArray, radius_deg: float) -> None:
        self._ra, self._dec, self._radius = np.mod(ra_deg, 360.0), np.asarray(dec_deg, np.float64), radius_deg
        self._height = max(2 * radius_deg + 4 * _SLACK_DEG, _LEAST_HEIGHT_DEG)
        edges = np.minimum(np.arange(int(np.ceil(180 / self._height)) + 1) * self._height - 90, 90.0)
        farthest = np.maximum(np.abs(edges[:-1]), np.abs(edges[1:]))
        self._cells_of_zone = np.maximum(1, (360 * np.cos(np.radians(farthest)) / self._height).astype(np.int64))
        self._cells_per_deg = self._cells_of_zone / 360.0 * (1 - _BELOW_ONE)
        self._first_cell = np.concatenate(([0], np.cumsum(self._cells_of_zone)[:-1]))
        cells, owners = self._entries()
        order = np.argsort(cells, kind="stable")
        self._cells, self._owners = cells[order], owners[order]
        self._shift = np.uint64(64 - min(_MOST_BITS, max(10, len(cells).bit_length() + 5)))
        self._bits = np.zeros(1 << (64 - int(self._shift)), np.bool_)
        self._bits[self._hashed(self._cells)] = True

    def near(self, ra_deg: FloatArray, dec_deg: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Find all pairs within the radius.

        Parameters
        ----------
        ra_deg, dec_deg
            ICRS, degrees, shape (m,); what is not finite is near nothing.

        Returns
        -------
        mine, other, separation_deg
            Places of the index's own positions, places of these, and how far apart they are, degrees, each of shape (pairs,).
        """
        if not (np.isfinite(ra_deg).all() and np.isfinite(dec_deg).all()):
            known = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
            mine, other, apart = self.near(ra_deg[known], dec_deg[known])
            return mine, known[other], apart
        cells = self._cell_of(ra_deg, dec_deg)
        candidates = np.flatnonzero(self._bits.take(self._hashed(cells)))
        begin = np.searchsorted(self._cells, cells[candidates], "left")
        counts = np.searchsorted(self._cells, cells[candidates], "right") - begin
        other = np.repeat(candidates, counts)
        within = np.arange(len(other)) - np.repeat(np.cumsum(counts) - counts, counts)
        mine = self._owners[np.repeat(begin, counts) + within]
        apart = separation_deg(self._ra[mine], self._dec[mine], ra_deg[other], dec_deg[other])
        near = apart <= self._radius
        return mine[near], other[near], apart[near]

    def _cell_of(self, ra_deg: FloatArray, dec_deg: FloatArray) -> IntArray:
        if len(ra_deg) and (ra_deg.min() < 0 or ra_deg.max() >= 360):
            ra_deg = np.mod(ra_deg, 360.0)
        zone = ((dec_deg + 90) / self._height).astype(np.int32)
        along = self._cells_per_deg.take(zone, mode="clip")
        along *= ra_deg
        cell: IntArray = along.astype(np.int64)
        cell += self._first_cell.take(zone, mode="clip")
        return cell

    def _entries(self) -> tuple[IntArray, IntArray]:
        """Every cell that the circle of a position touches, with the position's place."""
        radius = self._radius + _SLACK_DEG
        last = len(self._cells_of_zone) - 1
        low = np.clip(((self._dec - radius + 90) / self._height).astype(np.int64), 0, last)
        high = np.clip(((self._dec + radius + 90) / self._height).astype(np.int64), 0, last)
        reach = _reach_deg(self._dec, radius)
        cells, owners = [], []
        for step in range(int((high - low).max(initial=0)) + 1):
            touched = np.flatnonzero(low + step <= high)
            found, owner = self._in_zone(touched, low[touched] + step, reach[touched])
            cells.append(found)
            owners.append(owner)
        return np.concatenate(cells), np.concatenate(owners)

    def _in_zone(self, owners: IntArray, zone: IntArray, reach: FloatArray) -> tuple[IntArray, IntArray]:
        count = self._cells_of_zone[zone]
        per_deg = self._cells_per_deg[zone]
        west = np.floor((self._ra[owners] - reach) * per_deg).astype(np.int64)
        span = np.minimum(np.floor((self._ra[owners] + reach) * per_deg).astype(np.int64) - west + 1, count)
        repeated = np.repeat(np.arange(len(owners)), span)
        step = np.arange(len(repeated)) - np.repeat(np.cumsum(span) - span, span)
        cells = self._first_cell[zone][repeated] + np.mod(west[repeated] + step, count[repeated])
        return cells, owners[repeated]

    def _hashed(self, cells: IntArray) -> NDArray[np.int64]:
        hashed = cells.view(np.uint64) * _SPREAD
        hashed >>= self._shift
        return hashed.view(np.int64)


def separation_deg(ra_deg: FloatArray, dec_deg: FloatArray, other_ra_deg: FloatArray, other_dec_deg: FloatArray) -> FloatArray:
    """Tell how far apart positions are on the great circle, degrees; all arguments in degrees and of shape (n,).

    The haversine formula, which is exact to rounding for small separations (Sinnott 1984, "Virtues of the Haversine", Sky and Telescope
    68, 159).
    """
    dec, other_dec = np.radians(dec_deg), np.radians(other_dec_deg)
    half_dec = np.sin((other_dec - dec) / 2)
    half_ra = np.sin(np.radians(other_ra_deg - ra_deg) / 2)
    square = half_dec * half_dec + np.cos(dec) * np.cos(other_dec) * half_ra * half_ra
    separation: FloatArray = np.degrees(2 * np.arcsin(np.sqrt(np.minimum(square, 1.0))))
    return separation


def _reach_deg(dec_deg: FloatArray, radius_deg: float) -> FloatArray:
    """How far east and west a circle reaches: sin(reach) = sin(radius) / cos(dec), and everywhere where it holds a pole."""
    holds_pole = np.abs(dec_deg) + radius_deg >= 90
    cosine = np.where(holds_pole, 1.0, np.cos(np.radians(dec_deg)))
    reach = np.degrees(np.arcsin(np.minimum(np.sin(np.radians(radius_deg)) / cosine, 1.0))) + _SLACK_DEG
    return np.where(holds_pole, 180.0, reach)
