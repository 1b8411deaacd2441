"""Regions on the sky: circle, box, polygon. Each tells what lies in it, walks its boundary and writes itself as SQL."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors import InvalidRequest
from ..grid import FloatArray
from .sphere import BoolArray, separation, unit_vectors

__all__ = ["MOST_VERTICES", "Box", "Circle", "Polygon", "Region"]

MOST_VERTICES = 2000
"""Vertices of a polygon."""

_LONGEST_WALK = 2_000_000
"""Positions along a boundary; of a longer one they are farther apart."""

_RADIANS = math.radians(1)
_TOUCH = 1e-12
"""What is so near on the tangent plane, radians, is together: a millionth of an arcsecond."""


class Region(Protocol):
    """A part of the sky, ICRS."""

    def contains(self, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Tell which positions, degrees, lie inside; what is not finite does not."""

    def boundary(self, spacing_deg: float) -> tuple[FloatArray, FloatArray]:
        """Give positions along the boundary, degrees, neighbours at most so far apart."""

    def sql(self, ra: str, dec: str) -> str:
        """Write an exact condition on two columns that hold degrees, in Oracle's SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A small circle.

    Raises
    ------
    InvalidRequest
        A number is out of range.
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float

    def __post_init__(self) -> None:
        _require_position(self.ra_deg, self.dec_deg)
        if not 0 < self.radius_deg <= 90:
            raise InvalidRequest(f"the radius of a circle must be above 0 and at most 90 deg, got {self.radius_deg:g}")

    def contains(self, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Tell which positions lie inside; see `Region.contains`."""
        return np.asarray(separation(self.ra_deg, self.dec_deg, ra_deg, dec_deg) <= self.radius_deg)

    def boundary(self, spacing_deg: float) -> tuple[FloatArray, FloatArray]:
        """Give positions along the boundary; see `Region.boundary`."""
        count = _steps(360 * math.sin(math.radians(self.radius_deg)), spacing_deg)
        angle, radius, dec0 = np.linspace(0, 2 * np.pi, count, endpoint=False), math.radians(self.radius_deg), math.radians(self.dec_deg)
        sine = math.sin(dec0) * math.cos(radius) + math.cos(dec0) * math.sin(radius) * np.cos(angle)
        dec = np.arcsin(np.clip(sine, -1, 1))
        across = np.arctan2(np.sin(angle) * math.sin(radius) * math.cos(dec0), math.cos(radius) - math.sin(dec0) * np.sin(dec))
        return (self.ra_deg + np.degrees(across)) % 360, np.degrees(dec)

    def sql(self, ra: str, dec: str) -> str:
        """Write the haversine formula; see `Region.sql`."""
        half = _RADIANS / 2
        limit = math.sin(math.radians(self.radius_deg) / 2) ** 2
        along = f"POWER(SIN(({dec} - ({self.dec_deg!r})) * {half!r}), 2)"
        across = f"COS({dec} * {_RADIANS!r}) * POWER(SIN(({ra} - {self.ra_deg!r}) * {half!r}), 2)"
        return f"({along} + {math.cos(math.radians(self.dec_deg))!r} * {across} <= {limit!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Between two meridians, eastward from the first, and two parallels.

    Raises
    ------
    InvalidRequest
        A number is out of range, or the sides are the wrong way round.
    """

    west_ra_deg: float
    east_ra_deg: float
    """Less than `west_ra_deg` for a box across 0 h."""

    south_dec_deg: float
    north_dec_deg: float

    def __post_init__(self) -> None:
        _require_position(self.west_ra_deg, self.south_dec_deg)
        _require_position(self.east_ra_deg, self.north_dec_deg)
        if not self.south_dec_deg < self.north_dec_deg:
            raise InvalidRequest(f"a box needs south < north, got {self.south_dec_deg:g} and {self.north_dec_deg:g} deg")
        if self.west_ra_deg == self.east_ra_deg:
            raise InvalidRequest(f"a box needs two different right ascensions, got {self.west_ra_deg:g} deg twice")

    @property
    def width_deg(self) -> float:
        """Extent in right ascension, degrees."""
        return (self.east_ra_deg - self.west_ra_deg) % 360

    def contains(self, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Tell which positions lie inside; see `Region.contains`."""
        inside = (np.asarray(ra_deg, float) - self.west_ra_deg) % 360 <= self.width_deg
        return np.asarray(inside & (self.south_dec_deg <= np.asarray(dec_deg)) & (np.asarray(dec_deg) <= self.north_dec_deg))

    def boundary(self, spacing_deg: float) -> tuple[FloatArray, FloatArray]:
        """Give positions along the boundary; see `Region.boundary`."""
        across = np.linspace(0, self.width_deg, _steps(self.width_deg, spacing_deg))
        along = np.linspace(self.south_dec_deg, self.north_dec_deg, _steps(self.north_dec_deg - self.south_dec_deg, spacing_deg))
        ra = [across, np.full(len(along), self.width_deg), across[::-1], np.zeros(len(along))]
        dec = [np.full(len(across), self.south_dec_deg), along, np.full(len(across), self.north_dec_deg), along[::-1]]
        return (self.west_ra_deg + np.concatenate(ra)) % 360, np.concatenate(dec)

    def sql(self, ra: str, dec: str) -> str:
        """Write two ranges; see `Region.sql`."""
        between = f"{ra} BETWEEN {self.west_ra_deg!r} AND {self.east_ra_deg!r}"
        if self.west_ra_deg > self.east_ra_deg:
            between = f"({ra} >= {self.west_ra_deg!r} OR {ra} <= {self.east_ra_deg!r})"
        return f"({between} AND {dec} BETWEEN {self.south_dec_deg!r} AND {self.north_dec_deg!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """A spherical polygon: arcs of great circles from each vertex to the next and from the last to the first.

    Raises
    ------
    InvalidRequest
        It has too few or too many vertices, does not fit into half of the sky, or crosses itself.
    """

    vertices: tuple[tuple[float, float], ...]
    """Right ascension and declination, degrees; either way round."""

    def __post_init__(self) -> None:
        for ra, dec in self.vertices:
            _require_position(ra, dec)
        turned = tuple((ra % 360, dec) for ra, dec in self.vertices)
        kept = tuple(here for here, before in zip(turned, (turned[-1:] + turned)[:-1], strict=True) if here != before)
        object.__setattr__(self, "vertices", kept)
        if not 3 <= len(kept) <= MOST_VERTICES:
            raise InvalidRequest(f"a polygon needs 3 to {MOST_VERTICES} different vertices, got {len(kept)}; for a finer shape send a MOC")
        _refuse_crossings(_flat(unit_vectors(*self._columns)))

    @property
    def _columns(self) -> tuple[FloatArray, FloatArray]:
        ra, dec = np.array(self.vertices).T
        return ra, dec

    def contains(self, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Tell which positions lie inside, by the edges between each and the north pole; see `Region.contains`."""
        ra, dec = np.broadcast_arrays(np.asarray(ra_deg, float), np.asarray(dec_deg, float))
        outside = -unit_vectors(*self._columns).sum(axis=0)
        far = np.degrees([[math.atan2(outside[1], outside[0])], [math.atan2(outside[2], math.hypot(outside[0], outside[1]))]])
        parity = self._crossings(ra % 360, dec) != self._crossings(far[0] % 360, far[1])
        return np.asarray(parity & np.isfinite(ra) & np.isfinite(dec))

    def boundary(self, spacing_deg: float) -> tuple[FloatArray, FloatArray]:
        """Give positions along the boundary; see `Region.boundary`."""
        first = unit_vectors(*self._columns)
        second = np.roll(first, -1, axis=0)
        angles = np.arctan2(np.linalg.norm(np.cross(first, second), axis=1), (first * second).sum(axis=1))
        spacing_deg = max(spacing_deg, math.degrees(float(angles.sum())) / _LONGEST_WALK)
        parts = []
        for begin, end, angle in zip(first, second, angles.tolist(), strict=True):
            part = np.linspace(0, 1, _steps(math.degrees(angle), spacing_deg), endpoint=False)[:, None]
            parts.append((np.sin((1 - part) * angle) * begin + np.sin(part * angle) * end) / math.sin(angle))
        x, y, z = np.concatenate(parts).T
        return np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))

    def sql(self, ra: str, dec: str) -> str:
        """Count the edges between each position and the north pole; see `Region.sql`."""
        x, y = (f"COS({dec} * {_RADIANS!r}) * {turn}({ra} * {_RADIANS!r})" for turn in ("COS", "SIN"))
        z = f"SIN({dec} * {_RADIANS!r})"
        terms = []
        for (west, east), normal in self._edges():
            a, b, c = normal.tolist()
            between = f"{ra} >= {west!r} AND {ra} < {east!r}" if west < east else f"({ra} >= {west!r} OR {ra} < {east!r})"
            terms.append(f"CASE WHEN {between} AND ({a!r}) * {x} + ({b!r}) * {y} + ({c!r}) * {z} < 0 THEN 1 ELSE 0 END")
        outside = -unit_vectors(*self._columns).sum(axis=0)
        far = math.degrees(math.atan2(outside[1], outside[0])) % 360, math.degrees(math.atan2(outside[2], math.hypot(*outside[:2])))
        odd = 0 if bool(self._crossings(np.array([far[0]]), np.array([far[1]]))[0]) else 1
        return f"(MOD({' + '.join(terms)}, 2) = {odd})"

    def _crossings(self, ra_deg: FloatArray, dec_deg: FloatArray) -> BoolArray:
        """Whether an odd number of edges lies north of each position on its meridian."""
        odd = np.zeros(ra_deg.shape, np.bool_)
        for (west, east), normal in self._edges():
            between = np.asarray((ra_deg >= west) & (ra_deg < east) if west < east else (ra_deg >= west) | (ra_deg < east))
            odd[between] ^= unit_vectors(ra_deg[between], dec_deg[between]) @ normal < 0
        return odd

    def _edges(self) -> list[tuple[tuple[float, float], FloatArray]]:
        """Western and eastern end, degrees, of each edge that is on no single meridian, and the normal that points north of it."""
        found = []
        vectors = unit_vectors(*self._columns)
        for number, (begin, end) in enumerate(zip(self.vertices, self.vertices[1:] + self.vertices[:1], strict=True)):
            first, second = begin[0] % 360, end[0] % 360
            if first == second:
                continue
            eastward = (second - first) % 360 < 180
            normal = np.cross(vectors[number], vectors[(number + 1) % len(vectors)])
            found.append(((first, second) if eastward else (second, first), normal if eastward else -normal))
        return found


def _flat(vectors: FloatArray) -> FloatArray:
    """Vertices on the tangent plane (TAN) at their middle, where arcs of great circles are straight."""
    middle = vectors.sum(axis=0)
    length = float(np.linalg.norm(middle))
    middle = middle / length if length > 1e-9 else middle
    depth = vectors @ middle
    if depth.min() < 0.01:
        raise InvalidRequest("a polygon must fit into half of the sky; split it, or send a MOC")
    aside = np.cross(middle, [0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0])
    aside /= np.linalg.norm(aside)
    flat = vectors / depth[:, None]
    return np.stack([flat @ aside, flat @ np.cross(middle, aside)], axis=1)


def _refuse_crossings(points: FloatArray) -> None:
    """Raise where two edges that are no neighbours meet, or neighbours run back upon each other."""
    begin, end, count = points, np.roll(points, -1, axis=0), len(points)
    for number in range(count):
        others = np.setdiff1d(np.arange(number + 1, count), [number + 1, (number - 1) % count])
        meeting = others[_meets(begin[number], end[number], begin[others], end[others])]
        if len(meeting):
            edges = f"its edges {number + 1} and {int(meeting[0]) + 1} meet"
            raise InvalidRequest(f"the polygon crosses itself: {edges}; give the vertices in their order round it, or send two polygons")
        here, after = end[number] - begin[number], end[(number + 1) % count] - begin[(number + 1) % count]
        if abs(_cross(here, after)) <= _TOUCH and float(here @ after) < 0:
            raise InvalidRequest(f"the polygon runs back upon itself at vertex {(number + 1) % count + 1}; take that vertex out")


def _meets(begin: FloatArray, end: FloatArray, begins: FloatArray, ends: FloatArray) -> BoolArray:
    """Tell which of many pieces of straight lines cross or touch one."""
    crossing = (_cross(end - begin, begins - begin) * _cross(end - begin, ends - begin) < 0) & (
        _cross(ends - begins, begin - begins) * _cross(ends - begins, end - begins) < 0
    )
    touching = [_touches(begin, end, begins), _touches(begin, end, ends), _touches(begins, ends, begin), _touches(begins, ends, end)]
    return np.asarray(np.logical_or.reduce([crossing, *touching]))


def _touches(begin: FloatArray, end: FloatArray, point: FloatArray) -> BoolArray:
    line = end - begin
    part = np.clip(((point - begin) * line).sum(axis=-1) / (line * line).sum(axis=-1), 0, 1)
    return np.asarray(((begin + part[..., None] * line - point) ** 2).sum(axis=-1) < _TOUCH**2)


def _cross(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])


def _steps(length_deg: float, spacing_deg: float) -> int:
    return int(min(_LONGEST_WALK, max(8, math.ceil(length_deg / spacing_deg) + 1)))


def _require_position(ra_deg: float, dec_deg: float) -> None:
    if not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
        raise InvalidRequest(f"ra must be from 0 to 360 and dec from -90 to 90 deg, got {ra_deg:g}, {dec_deg:g}")
