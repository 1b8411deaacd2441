"""The footprint's outside in memory: cells by the formulas of the scheme, maps as JSON, files as they are told."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from skydesk.errors import InvalidRequest, NotFound
from skydesk.footprint.moc import Moc
from skydesk.footprint.model import MocFormat, TileFile
from skydesk.footprint.regions import Region
from skydesk.grid import FloatArray, IntArray

__all__ = ["FakeHealpixSky", "FakeMocFiles", "FakeTileFiles"]

_RING = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
_ASIDE = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])
_MOST_BYTES = 16_000_000


class FakeHealpixSky:
    """Nested cells after Gorski et al. 2005, section 4 and 5; covers are of points, so coarse ones are quick enough."""

    def cells(self, ra_deg: FloatArray, dec_deg: FloatArray, order: int) -> IntArray:
        side = 2**order
        height, around = np.sin(np.radians(dec_deg)), np.asarray(ra_deg) % 360 / 90
        belt = np.abs(height) <= 2 / 3
        rising, falling = (np.floor(side * (0.5 + around + sign * height * 0.75)).astype(np.int64) for sign in (-1, 1))
        p, m = rising // side, falling // side
        face = np.where(p == m, p % 4 + 4, np.where(p < m, p % 4, m % 4 + 8))
        x, y = falling % side, side - 1 - rising % side
        quarter = np.minimum(3, np.floor(around)).astype(np.int64)
        # sqrt(3 (1 - |z|)) as half the angle's sine: exact where the pole is near
        width = side * np.sqrt(6.0) * np.sin(np.radians(90 - np.abs(dec_deg)) / 2)
        near, far = (np.minimum(side - 1, np.floor(part * width)).astype(np.int64) for part in (around - quarter, 1 - around + quarter))
        north = height > 0
        face = np.where(belt, face, quarter + np.where(north, 0, 8))
        x, y = (
            np.where(belt, of_belt, np.where(north, side - 1 - of_north, of_south))
            for of_belt, of_north, of_south in ((x, far, near), (y, near, far))
        )
        return np.asarray(face * side * side + _spread(x) + 2 * _spread(y))

    def centres(self, cells: IntArray, order: int) -> tuple[FloatArray, FloatArray]:
        side = 2**order
        face, within = np.divmod(np.asarray(cells, np.int64), side * side)
        x, y = _gathered(within), _gathered(within >> 1)
        ring = _RING[face] - (x + y + 1) / side
        width = np.where(ring < 1, ring, np.where(ring > 3, 4 - ring, 1.0))
        cap = np.where(ring < 1, 90 - np.degrees(2 * np.arcsin(width / np.sqrt(6))), np.degrees(2 * np.arcsin(width / np.sqrt(6))) - 90)
        dec = np.where((ring < 1) | (ring > 3), cap, np.degrees(np.arcsin(np.clip((2 - ring) * 2 / 3, -1, 1))))
        return np.asarray((_ASIDE[face] + (x - y) / side / width) * 45 % 360), np.asarray(dec)

    def covering(self, region: Region, order: int) -> Moc:
        order = min(order, 6)
        ra, dec = self.centres(np.arange(12 * 4 ** (order + 2)), order + 2)
        inside = np.unique(self.cells(ra, dec, order)[region.contains(ra, dec)])
        beside = [self.cells(*_moved(*self.centres(inside, order), step, order), order) for step in ((0, 1), (0, -1), (1, 0), (-1, 0))]
        return Moc.of_cells(order, np.unique(np.concatenate([inside, *beside])))


class FakeMocFiles:
    """Reads and writes JSON, whatever the format is called."""

    def read(self, content: bytes) -> Moc:
        if len(content) > _MOST_BYTES:
            raise InvalidRequest(f"the MOC has {len(content):,} bytes, {_MOST_BYTES:,} are the most")
        try:
            cells = [(int(order), numbers) for order, numbers in json.loads(content).items()]
            ranges = [(number << 58 - 2 * order, (number + 1) << 58 - 2 * order) for order, numbers in cells for number in numbers]
        except (ValueError, TypeError, AttributeError) as error:
            raise InvalidRequest("the file is no MOC") from error
        return Moc(max((order for order, _ in cells), default=0), ranges)

    def write(self, moc: Moc, format: MocFormat) -> bytes:  # noqa: A002
        return json.dumps({str(moc.order): [], **{str(order): cells for order, cells in moc.cells_by_order().items()}}).encode()


class FakeTileFiles:
    """Files of tiles that are in one folder: by tile and release, each with its kind, band and name."""

    def __init__(
        self, folder: Path, kinds: Sequence[tuple[str, str]], named: Mapping[tuple[str, str], Sequence[tuple[str, str, str]]]
    ) -> None:
        self._folder, self._named = folder, named
        self.kinds = tuple(kinds)

    def files(self, tile: str, release: str) -> tuple[TileFile, ...]:
        titles = dict(self.kinds)
        return tuple(
            TileFile(kind=kind, title=titles[kind], band=band, name=name, size_bytes=(self._folder / name).stat().st_size)
            for kind, band, name in self._named.get((tile, release), ())
        )

    def path(self, tile: str, release: str, name: str) -> Path:
        if name not in [file.name for file in self.files(tile, release)]:
            raise NotFound(f"the tile {tile} has no file {name!r}")
        return (self._folder / name).resolve()


def _moved(ra: FloatArray, dec: FloatArray, step: tuple[int, int], order: int) -> tuple[FloatArray, FloatArray]:
    """Positions a cell's width farther east and north."""
    width = 58.6 / 2**order
    return ra + step[0] * width / np.cos(np.radians(dec)), np.clip(dec + step[1] * width, -90, 90)


def _spread(values: IntArray) -> IntArray:
    """Each bit at twice its place."""
    found = np.zeros_like(values)
    for bit in range(30):
        found |= (values >> bit & 1) << 2 * bit
    return found


def _gathered(values: IntArray) -> IntArray:
    """Every second bit, together."""
    found = np.zeros_like(values)
    for bit in range(30):
        found |= (values >> 2 * bit & 1) << bit
    return found
