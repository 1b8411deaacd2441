"""Which tile each position is on, and where its files go: the grid's arithmetic, no table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import FloatArray, IntArray, TileGrid
from ..survey import Survey
from .model import NO_OBJECT, CutoutOptions, Positions
from .naming import position_name
from .options import effective_options

__all__ = ["BoolArray", "Plan", "duplicates_of", "folders_of", "name_prefix", "names_of", "row_options", "tiles_of"]

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Home tile of each position: the one in whose unique area it lies."""

    tile_names: tuple[str, ...]
    """Each tile once, in the grid's order: southward, in a strip eastward."""

    tile_rows: IntArray
    """Row in the grid of each of `tile_names`; `TileGrid.tile` takes it."""

    tile_columns: IntArray
    """Column in the grid of each of `tile_names`."""

    tile_index: IntArray
    """For each position the place of its tile in `tile_names`; -1 where the grid does not reach or the position is not known."""

    near_edge: BoolArray
    """For each position whether its box leaves the image of its home tile, so that other tiles are needed to fill it."""

    @cached_property
    def outside(self) -> BoolArray:
        """For each position whether it is on no tile of the grid."""
        return self.tile_index < 0

    @cached_property
    def order(self) -> IntArray:
        """Rows that are on a tile, in the order of their tiles; in the order given within a tile."""
        order = np.argsort(self.tile_index, kind="stable")
        return order[int(np.count_nonzero(self.outside)) :]

    @cached_property
    def counts(self) -> IntArray:
        """Number of positions on each of `tile_names`."""
        return np.bincount(self.tile_index[~self.outside], minlength=len(self.tile_names))

    def tile_of(self, row: int) -> str:
        """Name the home tile of a position; empty where there is none."""
        index = int(self.tile_index[row])
        return self.tile_names[index] if index >= 0 else ""


def tiles_of(survey: Survey, positions: Positions, options: CutoutOptions | None = None) -> Plan:
    """Find the home tile of each position and whether its box leaves it; nothing is opened.

    Parameters
    ----------
    options
        The form's, for the sizes of rows without their own; None for the default sizes.
    """
    grid = survey.grid
    rows, columns = grid.find(positions.ra_deg, positions.dec_deg)
    keys = np.where(rows < 0, -1, rows * _MOST_COLUMNS + columns)
    distinct, index = np.unique(keys, return_inverse=True)
    if distinct.size and distinct[0] < 0:
        distinct, index = distinct[1:], index - 1
    tile_rows, tile_columns = np.divmod(distinct, _MOST_COLUMNS)
    ra, dec = grid.centres_of(tile_rows, tile_columns)
    return Plan(
        tile_names=tuple(grid.names_of(tile_rows, tile_columns).tolist()),
        tile_rows=tile_rows,
        tile_columns=tile_columns,
        tile_index=index,
        near_edge=_near_edge(grid, positions, _sizes(positions, options or CutoutOptions()), index, ra, dec),
    )


def name_prefix(survey: Survey) -> str:
    """What names of positions begin with: the tiles' prefix and J, as in ``DESJ``."""
    return f"{survey.grid.prefix}J"


def names_of(positions: Positions, prefix: str = "DESJ") -> list[str]:
    """Name each position; empty where it is not known."""
    pairs = zip(positions.ra_deg.tolist(), positions.dec_deg.tolist(), strict=True)
    return ["" if math.isnan(ra) else position_name(ra, dec, prefix) for ra, dec in pairs]


def row_options(options: CutoutOptions, positions: Positions) -> dict[int, CutoutOptions]:
    """Options of the rows that have columns of their own, by row; equal columns share one value."""
    made: dict[tuple[tuple[str, Any], ...], CutoutOptions] = {}
    found = {}
    for row, overrides in positions.overrides.items():
        key = tuple(sorted(overrides.items()))
        if key not in made:
            made[key] = effective_options(options, overrides)
        found[row] = made[key]
    return found


def duplicates_of(positions: Positions, options: CutoutOptions) -> IntArray:
    """For each row the first row that asks for the very same: position, object and options; the row itself where there is none.

    Parameters
    ----------
    options
        The form's.
    """
    kinds = {options: 0}
    kind = np.zeros(len(positions), np.int64)
    for row, own in row_options(options, positions).items():
        kind[row] = kinds.setdefault(own, len(kinds))
    ra, dec = np.nan_to_num(positions.ra_deg, nan=-1.0), np.nan_to_num(positions.dec_deg, nan=-1.0)
    columns = (kind, positions.object_id, dec, ra)
    order = np.lexsort(columns)
    same = np.ones(max(0, len(order) - 1), np.bool_)
    for column in columns:
        same &= column[order][1:] == column[order][:-1]
    starts = np.concatenate(([True], ~same))[: len(order)]
    first = np.empty(len(order), np.int64)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first


def folders_of(plan: Plan, positions: Positions, duplicates: IntArray, names: Sequence[str]) -> list[str]:
    """Give each row its folder, ``<tile>/<name or object id>``; a folder that is taken gets ``_2``, ``_3`` and so on.

    Parameters
    ----------
    duplicates
        As `duplicates_of` gives them; a duplicate has the folder of the row that it repeats.
    names
        As `names_of` gives them.

    Returns
    -------
    list of str
        Empty for rows on no tile.
    """
    taken: dict[str, int] = {}
    folders: list[str] = []
    tiles = plan.tile_names
    for row, (tile, first, object_id) in enumerate(
        zip(plan.tile_index.tolist(), duplicates.tolist(), positions.object_id.tolist(), strict=True)
    ):
        if tile < 0:
            folders.append("")
        elif first != row:
            folders.append(folders[first])
        else:
            base = f"{tiles[tile]}/{names[row] if object_id == NO_OBJECT else object_id}"
            taken[base] = number = taken.get(base, 0) + 1
            folders.append(base if number == 1 else f"{base}_{number}")
    return folders


_MOST_COLUMNS = 1 << 20
"""More than a strip of any grid has."""


def _sizes(positions: Positions, options: CutoutOptions) -> tuple[FloatArray, FloatArray]:
    """Sides of each row's box, arcmin."""
    x = np.full(len(positions), options.x_size_arcmin)
    y = np.full(len(positions), options.y_size_arcmin)
    for row, overrides in positions.overrides.items():
        own: Mapping[str, Any] = overrides
        x[row], y[row] = own.get("XSIZE", options.x_size_arcmin), own.get("YSIZE", options.y_size_arcmin)
    return x, y


def _near_edge(
    grid: TileGrid, positions: Positions, sizes: tuple[FloatArray, FloatArray], index: IntArray, ra_deg: FloatArray, dec_deg: FloatArray
) -> BoolArray:
    """Tell which boxes leave the home tile's image (TAN; Calabretta & Greisen 2002, section 5.1.3)."""
    if not len(ra_deg):
        return np.zeros(len(index), np.bool_)
    dec0, dec = np.radians(dec_deg)[index], np.radians(positions.dec_deg)
    offset = np.radians(positions.ra_deg - ra_deg[index])
    sin0, cos0 = np.sin(dec0), np.cos(dec0)
    sin, cos, turned = np.sin(dec), np.cos(dec), np.cos(offset)
    below = sin * sin0 + cos * cos0 * turned
    scale = np.radians(grid.pixel_scale_arcsec / 3600)
    half_width, half_height = (size * 30 / grid.pixel_scale_arcsec for size in sizes)
    x = np.abs(cos * np.sin(offset) / below) / scale + half_width
    y = np.abs((sin * cos0 - cos * sin0 * turned) / below) / scale + half_height
    near = (x > grid.size_pixels / 2) | (y > grid.size_pixels / 2)
    return np.asarray(near & (index >= 0))
