"""Conditions that restrict statements to a region: ranges of HEALPix pixels, which indexes serve, and the exact test behind them."""

from dataclasses import dataclass

from ..errors import InvalidRequest
from ..query.model import Table
from .density import pixel_column_of
from .moc import Moc
from .ports import HealpixSky
from .regions import Region

__all__ = ["MOST_CONDITION_RANGES", "Condition", "condition_of"]

MOST_CONDITION_RANGES = 400
"""Ranges of one condition; a map in more pieces is made coarser where an exact test follows, and refused where none can."""

_COVER_ORDER = 12
_LONGEST_SQL = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition for a WHERE clause."""

    sql: str
    exact: bool
    """False where pixels at the rim of a map finer than the table's are taken whole."""

    ranges: int


def condition_of(table: Table, region: Region | Moc, sky: HealpixSky) -> Condition:
    """Write the condition of a region or a map for a table.

    Raises
    ------
    InvalidRequest
        The table has neither HEALPix pixels nor positions, or the map is in too many pieces.
    """
    column = pixel_column_of(table, finest=True)
    if isinstance(region, Moc):
        return _condition_of_moc(table, region, column)
    positions = _positions(table)
    if positions is None:
        raise InvalidRequest(f"{table.name} has no positions, the columns RA and DEC; a region cannot restrict it")
    exact = region.sql(*positions)
    if len(exact) > _LONGEST_SQL:
        raise InvalidRequest("the polygon has too many vertices for a condition; send it as a MOC, or take vertices out")
    if column is None:
        return Condition(sql=exact, exact=True, ranges=0)
    order = _order_of(column)
    cover = sky.covering(region, min(order, _COVER_ORDER)).coarse_enough(MOST_CONDITION_RANGES)
    ranges, count = _ranges(column, cover, order)
    return Condition(sql=f"({ranges} AND {exact})", exact=True, ranges=count)


def _condition_of_moc(table: Table, moc: Moc, column: str | None) -> Condition:
    if column is None:
        raise InvalidRequest(
            f"{table.name} has no HEALPix pixels, a column HPIX_<nside>; give a circle, a box or a polygon in place of a MOC"
        )
    order = _order_of(column)
    coarse = moc.at_order(order)
    if len(coarse.ranges) > MOST_CONDITION_RANGES:
        fitting = coarse.coarse_enough(MOST_CONDITION_RANGES).order
        pieces = f"{len(coarse.ranges):,} ranges of pixels, {MOST_CONDITION_RANGES} are the most"
        raise InvalidRequest(f"the MOC comes to {pieces}; send it at order {fitting}")
    ranges, count = _ranges(column, coarse, order)
    return Condition(sql=ranges, exact=coarse == moc, ranges=count)


def _ranges(column: str, moc: Moc, order: int) -> tuple[str, int]:
    pairs = moc.cell_ranges(order).tolist()
    terms = [f"{column} = {first}" if first == last else f"{column} BETWEEN {first} AND {last}" for first, last in pairs]
    return f"({' OR '.join(terms) or '1 = 0'})", len(pairs)


def _order_of(column: str) -> int:
    return int(column.removeprefix("HPIX_")).bit_length() - 1


def _positions(table: Table) -> tuple[str, str] | None:
    """The columns that tell positions at full precision, or else those that are indexed."""
    names = {column.name for column in table.columns}
    return next((pair for pair in (("ALPHAWIN_J2000", "DELTAWIN_J2000"), ("RA", "DEC")) if names >= set(pair)), None)
