"""Positional matches: partners of an own table's positions in a table of the catalogue, in one pass over the catalogue."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from ..cutout.columns import canonical_name
from ..errors import Fault, InvalidRequest, LimitExceeded
from ..query.arrow import schema_of
from ..query.model import Column, ColumnType
from ..query.ports import RowStream
from .model import MAX_COLUMNS, OwnTable
from .sky_index import FloatArray, IntArray, SkyIndex

__all__ = ["MAX_RADIUS_ARCSEC", "MAX_ROWS", "Match", "PositionColumns", "position_columns"]

MAX_RADIUS_ARCSEC = 3600.0
MAX_ROWS = 5_000_000
"""Most rows of the own table: its positions are held in memory."""

_BATCH_ROWS = 200_000
_SEPARATION = Column(
    name="SEPARATION_ARCSEC", type=ColumnType.FLOAT64, unit="arcsec", ucd="pos.angDistance", description="distance on the great circle"
)
_PLAIN = re.compile(r"[A-Z][A-Z0-9_$#]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionColumns:
    """Where a table has its positions: ICRS, degrees."""

    ra: str
    dec: str


def position_columns(table: str, columns: Sequence[Column]) -> PositionColumns:
    """Find the columns of right ascension and declination: by their UCDs, or by their names.

    Raises
    ------
    InvalidRequest
        There are none, or they hold no numbers.
    """
    found = [_position_column(columns, ucd, name) for ucd, name in (("pos.eq.ra", "RA"), ("pos.eq.dec", "DEC"))]
    missing = [name for name, column in zip(("RA", "DEC"), found, strict=True) if column is None]
    if missing:
        named = " and ".join(missing)
        message = f"{table} has no numbers in a column {named}, degrees; name them so, or give them the UCDs pos.eq.ra and pos.eq.dec"
        raise InvalidRequest([Fault(field="table", message=message)])
    ra, dec = (column for column in found if column is not None)
    return PositionColumns(ra=ra.name, dec=dec.name)


class Match:
    """One match, ready to be carried out.

    Parameters
    ----------
    mine
        All rows of the own table.
    table
        The own table.
    partner
        Name of the catalogue's table.
    partner_columns
        Its columns that are wanted, in order.
    partner_position
        Where its positions are.
    radius_arcsec
        Up to where a partner is near, arcsec.
    nearest
        True for the nearest partner of each row, False for all.

    Raises
    ------
    InvalidRequest
        The radius is out of range, the own table has no positions, or there would be too many columns.
    """

    def __init__(
        self,
        mine: pa.Table,
        table: OwnTable,
        partner: str,
        partner_columns: Sequence[Column],
        partner_position: PositionColumns,
        *,
        radius_arcsec: float,
        nearest: bool,
    ) -> None:
        position = position_columns(table.name, table.columns)
        ra, dec = (_floats(mine[name]) for name in (position.ra, position.dec))
        self._known = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90))
        self._mine = mine.combine_chunks()
        self._ra, self._dec = ra[self._known], dec[self._known]
        self._radius_deg = radius_arcsec / 3600
        self._index = SkyIndex(self._ra, self._dec, self._radius_deg)
        self._partner, self._position, self._nearest = partner, partner_position, nearest
        self._wanted = tuple(column.name for column in partner_columns)
        self.columns = _columns(table.columns, partner_columns)
        self._schema = schema_of(self.columns)

    @property
    def sql(self) -> str:
        """The statement whose rows `matches` goes through."""
        names = [self._position.ra, self._position.dec, *self._wanted]
        selected = ", ".join(f"{_quoted(name)} AS C{number}" for number, name in enumerate(names))
        return f"SELECT {selected} FROM {self._partner}{self._condition()}"

    def matches(self, open_stream: Callable[[], AbstractContextManager[RowStream]], max_rows: int) -> Iterator[pa.RecordBatch]:
        """Go through the partners once; give the new table's rows, and now and then none, so that others have a say.

        Parameters
        ----------
        open_stream
            Runs `sql`.
        max_rows
            Rows of the new table at the most.

        Raises
        ------
        LimitExceeded
            There are more.
        """
        best = np.full(len(self._known), np.inf)
        kept: list[tuple[IntArray, FloatArray, pa.RecordBatch]] = []
        rows = 0
        with open_stream() as stream:
            for batch in stream:
                mine, other, apart = self._index.near(_floats(batch.column(0)), _floats(batch.column(1)))
                if self._nearest:
                    mine, other, apart = _improving(mine, other, apart, best)
                    kept.append((mine, apart, batch.select(range(2, batch.num_columns)).take(pa.array(other))))
                    yield self._empty()
                    continue
                rows += len(mine)
                if rows > max_rows:
                    raise LimitExceeded(f"there are more than {max_rows:,} pairs, the most rows that you may have; take a smaller radius")
                yield self._rows(mine, apart, batch.select(range(2, batch.num_columns)).take(pa.array(other)))
        if self._nearest and kept:
            yield from self._nearest_rows(best, kept)

    def _nearest_rows(self, best: FloatArray, kept: list[tuple[IntArray, FloatArray, pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
        mine, apart = np.concatenate([each[0] for each in kept]), np.concatenate([each[1] for each in kept])
        right = np.flatnonzero(apart == best[mine])
        _, first = np.unique(mine[right], return_index=True)
        chosen = right[first]
        partners = pa.Table.from_batches([each[2] for each in kept]).take(pa.array(chosen)).combine_chunks()
        for start in range(0, len(chosen), _BATCH_ROWS):
            places = chosen[start : start + _BATCH_ROWS]
            part = partners.slice(start, _BATCH_ROWS).combine_chunks().to_batches()
            yield self._rows(mine[places], apart[places], part[0])

    def _rows(self, mine: IntArray, apart: FloatArray, partners: pa.RecordBatch) -> pa.RecordBatch:
        own = self._mine.take(pa.array(self._known[mine])).combine_chunks()
        arrays = [_one_array(column) for column in own.columns]
        return pa.RecordBatch.from_arrays([*arrays, *partners.columns, pa.array(apart * 3600)], schema=self._schema)

    def _empty(self) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in self._schema], schema=self._schema)

    def _condition(self) -> str:
        """Leave out at once what lies north or south, or east or west, of everything."""
        if not len(self._dec):
            return " WHERE 1 = 0"
        margin = self._radius_deg * 1.01 + 1e-6
        south, north = float(self._dec.min()) - margin, float(self._dec.max()) + margin
        ra, dec = _quoted(self._position.ra), _quoted(self._position.dec)
        condition = f" WHERE {dec} BETWEEN {south!r} AND {north!r}"
        farthest = max(abs(south), abs(north))
        west, east = float(self._ra.min()), float(self._ra.max())
        reach = 360.0 if farthest >= 89 else margin / math.cos(math.radians(farthest))
        if west - reach > 0 and east + reach < 360:
            condition += f" AND {ra} BETWEEN {west - reach!r} AND {east + reach!r}"
        return condition


def _improving(mine: IntArray, other: IntArray, apart: FloatArray, best: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """The nearest of these pairs for each row of mine, where it is nearer than what was found before; notes it in ``best``."""
    order = np.lexsort((other, apart, mine))
    mine, other, apart = mine[order], other[order], apart[order]
    first = np.ones(len(mine), np.bool_)
    first[1:] = mine[1:] != mine[:-1]
    chosen = np.flatnonzero(first & (apart < best[mine]))
    best[mine[chosen]] = apart[chosen]
    return mine[chosen], other[chosen], apart[chosen]


def _position_column(columns: Sequence[Column], ucd: str, name: str) -> Column | None:
    numbers = [column for column in columns if column.type in {ColumnType.FLOAT64, ColumnType.FLOAT32}]
    by_ucd = [column for column in numbers if column.ucd and ucd in column.ucd.split(";")]
    main = [column for column in by_ucd if column.ucd and "meta.main" in column.ucd.split(";")]
    by_name = [column for column in numbers if column.name == name] or [each for each in numbers if canonical_name(each.name) == name]
    return next(iter((*main, *by_name, *by_ucd)), None)


def _columns(mine: Sequence[Column], partners: Sequence[Column]) -> tuple[Column, ...]:
    taken = {column.name for column in mine} | {_SEPARATION.name}
    made = []
    for column in partners:
        number, name = 0, column.name
        while name in taken:
            number += 1
            name = f"{column.name[:120]}_{number}"
        taken.add(name)
        made.append(replace(column, name=name))
    columns = (*mine, *made, _SEPARATION)
    if len(columns) > MAX_COLUMNS:
        message = f"with them the table would have {len(columns):,} columns, and {MAX_COLUMNS:,} are the most; choose fewer"
        raise InvalidRequest([Fault(field="columns", message=message)])
    if _SEPARATION.name in {column.name for column in mine}:
        message = f"has a column {_SEPARATION.name} already; rename it by loading the table anew"
        raise InvalidRequest([Fault(field="table", message=message)])
    return columns


def _floats(values: Any) -> FloatArray:
    array = _one_array(values) if isinstance(values, pa.ChunkedArray) else values
    floats: FloatArray = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return floats


def _one_array(values: pa.ChunkedArray) -> pa.Array:
    joined = values.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{name}"'
