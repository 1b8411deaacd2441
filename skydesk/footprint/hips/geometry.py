"""Where the pixels of a pyramid's cells lie on the sky (Gorski et al. 2005; HiPS 1.0, section 4.2), and which cells tiles reach."""

import math

import numpy as np
from numpy.typing import ArrayLike

from ...grid import FloatArray, IntArray
from ..membership import TileSet
from ..ports import HealpixSky

__all__ = ["FIRST_ORDER", "TILE_WIDTH", "cell_width_deg", "cells_reached", "positions"]

FIRST_ORDER = 3
"""Order of the coarsest cells that a pyramid has."""

TILE_WIDTH = 512
"""Pixels along the side of a cell's picture."""

_RING = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
"""Rows of the twelve base cells' southern corners, in their sides from the north pole."""

_EIGHTH = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])
"""Longitudes of the base cells' centres, in eighths of a turn."""

_ROUND_CELLS = 1.05
"""By how much a radius is enlarged against rounding."""


def positions(order: int, cell: int, rows: ArrayLike, columns: ArrayLike, width: int = TILE_WIDTH) -> tuple[FloatArray, FloatArray]:
    """Find the positions of a cell's pixels.

    Row and column are the nested scheme's two directions: rows run from the southern corner to the eastern one, columns from the
    southern one to the western one. So has it a PNG or JPEG of the standard, top row first; a FITS image has its rows the other way.

    Parameters
    ----------
    order, cell
        Number of the cell among the nested ones of its order.
    rows, columns
        Places in the picture, of shapes that go together: the centre of the first pixel is (0, 0), its corner (-0.5, -0.5).
    width
        Pixels along the cell's side.

    Returns
    -------
    tuple of FloatArray
        ICRS right ascension, 0 <= ra < 360, and declination, degrees.
    """
    face, x, y = _face_and_corner(order, cell)
    side = 1 / 2**order
    along_x = x * side + (np.asarray(rows, np.float64) + 0.5) * (side / width)
    along_y = y * side + (np.asarray(columns, np.float64) + 0.5) * (side / width)
    ring = _RING[face] - along_x - along_y
    from_pole = np.minimum(ring, 4 - ring)
    part = np.clip(from_pole, 1e-300, 1.0)
    turn = 45 * (_EIGHTH[face] + (along_x - along_y) / part)
    polar = 90 - 2 * np.degrees(np.arcsin(np.clip(from_pole, 0, 1) / math.sqrt(6)))
    belt = np.degrees(np.arcsin(np.clip((2 - ring) * (2 / 3), -1, 1)))
    ra = turn % 360
    return np.where(ra == 360, 0.0, ra), np.where(from_pole < 1, np.copysign(polar, 2 - ring), belt)


def cell_width_deg(order: int) -> float:
    """Give the side of a square of a cell's area, degrees; 512 times a pixel's."""
    return math.degrees(math.sqrt(math.pi / 3) / 2**order)


def cells_reached(tiles: TileSet, order: int, sky: HealpixSky) -> IntArray:
    """Number the cells of an order that tiles may reach, in order: every one that does, and few that only come near.

    The search begins with cells as large as a tile; from order to order those go whose centre is farther from all tiles than
    their corners are.
    """
    at = 0
    while at < order and _largest_radius_deg(at + 1) >= tiles.grid.step_deg:
        at += 1
    cells = _cells_near(tiles, at, sky)
    while at < order:
        at += 1
        cells = (cells[:, None] * 4 + np.arange(4)).ravel()
        edge_deg = tiles.edge_arcmin(*sky.centres(cells, at)) / 60
        cells = cells[edge_deg > -_largest_radius_deg(at)]
    return cells


def _cells_near(tiles: TileSet, order: int, sky: HealpixSky) -> IntArray:
    """Cells, no smaller than a tile, that tiles reach: those of a net of points that goes a third of a tile beyond each.

    A cell that only touches a tile has its corner there, a right angle or nearly so, and so a point of the net not far within.
    """
    offsets = np.linspace(-0.8, 0.8, 15) * tiles.grid.step_deg
    ra, dec = tiles.grid.centres_of(tiles.rows, tiles.columns)
    north = np.clip(dec[:, None, None] + offsets[:, None], -90, 90)
    east = (ra[:, None, None] + offsets / np.cos(np.radians(dec))[:, None, None]) % 360
    every = np.broadcast_arrays(east, north)
    return np.unique(sky.cells(every[0].ravel(), every[1].ravel(), order))


def _face_and_corner(order: int, cell: int) -> tuple[int, int, int]:
    """Base cell, and the place in it along its two directions: the even and the odd bits of the number."""
    face, inside = divmod(cell, 4**order)
    x = sum((inside >> 2 * bit & 1) << bit for bit in range(order))
    y = sum((inside >> (2 * bit + 1) & 1) << bit for bit in range(order))
    return face, x, y


def _largest_radius_deg(order: int) -> float:
    """A distance that no corner is from its cell's centre: cells are at the most twice as long as their area's square is wide."""
    return cell_width_deg(order) * _ROUND_CELLS
