"""Reads positions out of text: tables with a header, and bare lines of coordinates, ids or names."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidRequest
from .columns import canonical_name
from .naming import position_of_name
from .sexagesimal import pair_of

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "NAME_COLUMN", "PositionTable", "table_of_text"]

MAX_ROWS = 1_000_000
"""Most rows that a table of positions may have, whatever a user's limit."""

MAX_COLUMNS = 1000
"""Most columns that it may have: catalogue tables have some hundreds."""

NAME_COLUMN = "NAME"
"""Column of names that stand for positions."""

_SEPARATORS = (",", "\t", ";", "|")
_LONGEST_CELL = 1000
_NUMBER = re.compile(r"[\s+-]*[\d.]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PositionTable:
    """A table of positions as it came: nothing is checked yet."""

    columns: tuple[str, ...]
    """Names as given."""

    values: tuple[Any, ...]
    """One Arrow array a column, of one length: texts or numbers."""

    broken: dict[int, str] = field(default_factory=dict)
    """What is wrong with whole rows, by row from 0: too few or too many cells."""

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0

    def part(self, first: int, count: int) -> "PositionTable":
        """Some of the rows; faults of whole rows are counted from the first of them."""
        broken = {row - first: message for row, message in self.broken.items() if first <= row < first + count}
        return PositionTable(columns=self.columns, values=tuple(v.slice(first, count) for v in self.values), broken=broken)


def table_of_text(text: str) -> PositionTable:
    """Read a table, or lines without a header.

    Cells are parted by commas, tabs, semicolons, bars or spaces; quotes, a byte order mark, line ends of every kind, blank lines
    and lines that begin with ``#`` are understood.

    Raises
    ------
    InvalidRequest
        It is no table at all: empty, binary, too large, or without a column that says where.
    """
    lines = _lines(text)
    header, separator = _header(lines[0])
    if header is None:
        lines = [line for line in lines if not line.startswith("#")]
        if not lines:
            raise InvalidRequest("there are only comments; give a header that names RA and DEC, and a line a position")
        return _bare(lines)
    rows = _cells([line for line in lines[1:] if not line.startswith("#")], separator)
    return _table(header, rows)


def _lines(text: str) -> list[str]:
    if "\0" in text:
        raise InvalidRequest("this is no text: it has zero bytes in it; name the file by its format's ending, or save it as CSV")
    text = text.removeprefix("\N{BYTE ORDER MARK}").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if not lines:
        raise InvalidRequest("there are no positions; give a header that names RA and DEC, and a line a position")
    if len(lines) > MAX_ROWS + 1:
        raise InvalidRequest(f"there are {len(lines):,} lines; at most {MAX_ROWS:,} positions are read")
    return lines


def _header(line: str) -> tuple[list[str] | None, str | None]:
    """The names of the columns, and what parts cells, None for spaces; no names where the line is no header."""
    line = line.lstrip("#").strip("\n") if line.startswith("#") else line
    most = 0
    found: tuple[list[str] | None, str | None] = (None, None)
    for separator in (*_SEPARATORS, None):
        names = [name.strip() for name in _cells([line], separator)[0]]
        known = sum(canonical_name(name) is not None for name in names)
        if known > most:
            most, found = known, (names, separator)
    if found[0] is None and _looks_like_header(line):
        raise InvalidRequest(
            f"no column says where: the header has {line.strip()[:100]!r}; name columns RA and DEC, or COADD_OBJECT_ID, or {NAME_COLUMN}"
        )
    if found[0] is not None and len(found[0]) > MAX_COLUMNS:
        raise InvalidRequest(f"the header has {len(found[0]):,} columns; at most {MAX_COLUMNS:,} are read")
    return found


def _looks_like_header(line: str) -> bool:
    """Tell whether a line names several columns: words that are no numbers, parted by something other than spaces."""
    words = [word for word in re.split(r"[,\t;|]", line) if word.strip()]
    return len(words) > 1 and not any(_NUMBER.match(word) or position_of_name(word) for word in words)


def _cells(lines: Sequence[str], separator: str | None) -> list[list[str]]:
    if separator is None:
        return [line.split() for line in lines]
    if not any('"' in line for line in lines):
        return [line.split(separator) for line in lines]
    try:
        return list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise InvalidRequest(f"the table cannot be read: {error}; look for a quote without its partner") from error


def _table(header: list[str], rows: list[list[str]]) -> PositionTable:
    width = len(header)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    broken = {}
    for row in np.flatnonzero(lengths != width).tolist():
        cells = rows[row]
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != width:
            broken[row] = f"has {len(cells)} cell{'s' * (len(cells) != 1)}, but the header has {width} column{'s' * (width != 1)}"
        rows[row] = (cells + [""] * width)[:width]
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return PositionTable(columns=tuple(header), values=tuple(_strings(column) for column in columns), broken=broken)


def _bare(lines: list[str]) -> PositionTable:
    """Lines without a header: all of coordinates, all of ids, or each of them something that says where."""
    words = [line.strip() for line in lines]
    if all(word.isascii() and word.isdigit() for word in words):
        return PositionTable(columns=("COADD_OBJECT_ID",), values=(_strings(words),))
    pairs = [_pair(word) for word in words]
    if None not in pairs:
        ra, dec = zip_longest(*(pair for pair in pairs if pair is not None))
        return PositionTable(columns=("RA", "DEC"), values=(_strings(ra), _strings(dec)))
    ids = [word if word.isascii() and word.isdigit() else None for word in words]
    if all(pair is None for pair in pairs) and not any(ids):
        return PositionTable(columns=(NAME_COLUMN,), values=(_strings(words),))
    mixed = [
        (None if pair or number else word, pair[0] if pair else None, pair[1] if pair else None, number)
        for word, pair, number in zip(words, pairs, ids, strict=True)
    ]
    columns = zip(*mixed, strict=True)
    return PositionTable(columns=(NAME_COLUMN, "RA", "DEC", "COADD_OBJECT_ID"), values=tuple(_strings(column) for column in columns))


def _pair(line: str) -> tuple[str, str] | None:
    if position_of_name(line) is not None:
        return None
    pair = pair_of(line)
    return pair if pair is not None and _NUMBER.match(pair[0]) and _NUMBER.match(pair[1]) else None


def _strings(cells: Sequence[str | None]) -> Any:
    """An Arrow column of texts; cells that are longer than any number are cut, and what is no Unicode is marked."""
    try:
        column = pa.array(cells, pa.string())
    except (UnicodeError, pa.ArrowInvalid):
        column = pa.array([cell and cell.encode("utf-8", "replace").decode() for cell in cells], pa.string())
    return pc.utf8_slice_codeunits(column, 0, _LONGEST_CELL)
