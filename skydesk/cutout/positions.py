"""Checks a table of positions: every fault of every row and column, whole columns at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import Fault, InvalidRequest
from ..grid import FloatArray, IntArray
from .columns import canonical_name
from .model import NO_OBJECT, POSITION_COLUMNS, Positions
from .naming import position_of_name
from .override_columns import OVERRIDE_COLUMNS, read_override
from .position_faults import FaultList
from .position_text import NAME_COLUMN, PositionTable
from .sexagesimal import dec_fault, decs_deg, ra_fault, ras_deg

__all__ = ["CheckedPositions", "NameList", "check_positions"]

_MOST_FAULTS = 1000
_OBJECT, _RA, _DEC = "COADD_OBJECT_ID", "RA", "DEC"


class NameList(Protocol):
    """Positions of well-known objects by name."""

    def position(self, name: str) -> tuple[float, float] | None:
        """Right ascension and declination, ICRS, degrees; None for a name that is not in the list."""

    @property
    def advice(self) -> str:
        """Which names there are, and what would do in place of others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedPositions:
    """What a table of positions says, and everything that is wrong with it."""

    positions: Positions
    """A row that is wrong has NaN for what cannot be read."""

    faults: tuple[Fault, ...]
    """In the order of the rows, from row 1; at most the first 1000."""

    fault_count: int
    """How many there are in all."""

    notes: tuple[str, ...] = ()
    """What was done about columns that are not known or not needed."""


def check_positions(
    table: PositionTable, *, bands: Sequence[str], names: NameList | None = None, both: bool = False, most_faults: int = _MOST_FAULTS
) -> CheckedPositions:
    """Check a table of positions.

    Parameters
    ----------
    bands
        The survey's.
    names
        Where names of objects are looked up; None for names made of coordinates only.
    both
        True to take id and position where a row has both, as results of queries have; else that is a fault.
    most_faults
        How many faults are worded.

    Raises
    ------
    InvalidRequest
        No column says where, or a column that is needed is there twice.
    """
    columns = _Columns.of(table)
    faults = FaultList()
    for row, message in table.broken.items():
        faults.add_row(row, None, message)
    broken = np.zeros(len(table), np.bool_)
    broken[list(table.broken)] = True
    where = _Where(len(table), faults, skip=broken)
    where.read_positions(columns)
    where.read_objects(columns)
    where.read_names(columns, names)
    where.settle(both=both, has_names=NAME_COLUMN in columns.found)
    overrides = _overrides(columns, bands, faults, skip=broken)
    positions = Positions(ra_deg=where.ra_deg, dec_deg=where.dec_deg, object_id=where.object_id, overrides=overrides)
    return CheckedPositions(positions=positions, faults=faults.first(most_faults), fault_count=len(faults), notes=columns.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """The columns that mean something, by what they mean."""

    found: dict[str, Any]
    given: dict[str, str]
    """Names as given, for messages."""

    notes: tuple[str, ...]

    @staticmethod
    def of(table: PositionTable) -> "_Columns":
        """Find them; a column of exactly the right name goes before one that is called otherwise."""
        found: dict[str, Any] = {}
        given: dict[str, str] = {}
        aside: list[str] = []
        faults: list[Fault] = []
        for name, values in sorted(zip(table.columns, table.values, strict=True), key=lambda each: each[0].strip().upper() not in _EXACT):
            meaning = canonical_name(name)
            if meaning is None:
                aside.append(name)
            elif meaning not in found:
                found[meaning], given[meaning] = values, name
            elif name.strip().casefold() == given[meaning].strip().casefold():
                faults.append(Fault(field=name[:100], message="is there more than once in the header; keep one of them"))
            else:
                aside.append(name)
        if not ({_RA, _DEC} & found.keys() or found.keys() & {_OBJECT, NAME_COLUMN}):
            shown = ", ".join(table.columns[:10])[:200]
            faults.append(
                Fault(message=f"no column says where, there are {shown}; name columns RA and DEC, or {_OBJECT}, or {NAME_COLUMN}")
            )
        for one, other in ((_RA, _DEC), (_DEC, _RA)):
            if one in found and other not in found:
                faults.append(
                    Fault(field=other, message=f"is missing; there is a column {given[one][:100]}, so a column {other} is needed too")
                )
        if faults:
            raise InvalidRequest(faults[:100])
        if NAME_COLUMN in found and found.keys() & {_RA, _OBJECT} and table.columns != _MIXED:
            aside.append(given.pop(NAME_COLUMN))
            del found[NAME_COLUMN]
        return _Columns(found=found, given=given, notes=_aside_notes(aside))


_EXACT = frozenset(POSITION_COLUMNS)
_MIXED = (NAME_COLUMN, _RA, _DEC, _OBJECT)


def _aside_notes(aside: Sequence[str]) -> tuple[str, ...]:
    if not aside:
        return ()
    shown = ", ".join(name[:50] for name in aside[:10]) + (f" and {len(aside) - 10} more" if len(aside) > 10 else "")
    return (f"not used, and carried along as they are: {shown}",)


@dataclass(slots=True)
class _Where:
    """Reads where each row is, column by column."""

    rows: int
    faults: FaultList
    skip: Any
    """Rows that are wrong as a whole."""

    ra_deg: FloatArray = field(init=False)
    dec_deg: FloatArray = field(init=False)
    object_id: IntArray = field(init=False)
    ra_given: Any = field(init=False)
    dec_given: Any = field(init=False)
    id_given: Any = field(init=False)
    name_given: Any = field(init=False)

    def __post_init__(self) -> None:
        self.ra_deg, self.dec_deg = np.full(self.rows, np.nan), np.full(self.rows, np.nan)
        self.object_id = np.full(self.rows, NO_OBJECT, np.int64)
        self.ra_given, self.dec_given, self.id_given, self.name_given = (np.zeros(self.rows, np.bool_) for _ in range(4))

    def read_positions(self, columns: _Columns) -> None:
        """Read RA and DEC."""
        if _RA not in columns.found:
            return
        self.ra_deg, self.ra_given = self._angles(columns, _RA, ras_deg, ra_fault, 0, 360)
        self.ra_deg[self.ra_deg == 360] = 0
        self.dec_deg, self.dec_given = self._angles(columns, _DEC, decs_deg, dec_fault, -90, 90)
        for missing, there, name, other in ((self.dec_given, self.ra_given, _DEC, _RA), (self.ra_given, self.dec_given, _RA, _DEC)):
            message = f"is empty, but {other} is there; give both"
            self.faults.add(there & ~missing & ~self.skip, columns.given[name], partial(_always, message))

    def read_objects(self, columns: _Columns) -> None:
        """Read ids."""
        if _OBJECT not in columns.found:
            return
        values = columns.found[_OBJECT]
        texts = _texts(values)
        self.id_given = _filled(texts)
        digits = pc.match_substring_regex(texts, r"^\s*\d{1,18}(?:\.0*)?\s*$")
        plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"\.0*$", "")
        numbers = pc.cast(pc.if_else(digits, plain, None), pa.int64())
        good = _mask(pc.is_valid(numbers))
        self.object_id = np.where(good, pc.fill_null(numbers, NO_OBJECT).to_numpy(zero_copy_only=False), NO_OBJECT).astype(np.int64)
        wrong = self.id_given & ~good & ~self.skip
        self.faults.add(wrong, columns.given[_OBJECT], lambda row: f"must be a whole number as in 1083458023, got {_shown(texts, row)}")

    def read_names(self, columns: _Columns, names: NameList | None) -> None:
        """Look names up, each different one once."""
        if NAME_COLUMN not in columns.found:
            return
        texts = _texts(columns.found[NAME_COLUMN])
        self.name_given = _filled(texts)
        coded = pc.dictionary_encode(texts)
        known = [_position_named(name, names) for name in coded.dictionary.to_pylist()]
        table = np.array([position or (np.nan, np.nan) for position in known] + [(np.nan, np.nan)], float)
        index = pc.fill_null(coded.indices, len(known)).to_numpy(zero_copy_only=False)
        ra, dec = table[index, 0], table[index, 1]
        self.ra_deg, self.dec_deg = np.where(self.name_given, ra, self.ra_deg), np.where(self.name_given, dec, self.dec_deg)
        advice = "names like DESJ021914.5649-054140.0000 are known" if names is None else names.advice
        unknown = self.name_given & np.isnan(ra) & ~self.skip
        self.faults.add(
            unknown, columns.given[NAME_COLUMN], lambda row: f"{_shown(texts, row)} is no position, id or name known here; {advice}"
        )

    def settle(self, *, both: bool, has_names: bool) -> None:
        """Say which rows have nothing or too much."""
        placed = self.ra_given | self.dec_given | self.name_given
        neither = ~placed & ~self.id_given & ~self.skip
        wanted = "RA and DEC, or COADD_OBJECT_ID" + (f", or {NAME_COLUMN}" if has_names else "")
        self.faults.add(neither, None, lambda _: f"has no position; give {wanted}")
        doubled = placed & self.id_given & ~self.skip
        if not both:
            self.faults.add(doubled, None, lambda _: "has both COADD_OBJECT_ID and RA/DEC; give one of the two")

    def _angles(
        self, columns: _Columns, name: str, read: Callable[[Any], FloatArray], explain: Callable[[str], str], least: float, most: float
    ) -> tuple[FloatArray, Any]:
        values = columns.found[name]
        if _is_number(values.type):
            given = _mask(pc.is_valid(values))
            degrees = (
                pc.fill_null(pc.cast(values, pa.float64(), safe=False), float("nan")).to_numpy(zero_copy_only=False).astype(np.float64)
            )
            degrees = np.where((degrees >= least) & (degrees <= most), degrees, np.nan)
        else:
            values = _texts(values)
            given, degrees = _filled(values), read(values)
        wrong = given & np.isnan(degrees) & ~self.skip
        self.faults.add(wrong, columns.given[name], lambda row: explain(str(values[row].as_py())))
        return degrees, given


def _overrides(columns: _Columns, bands: Sequence[str], faults: FaultList, *, skip: Any) -> dict[int, dict[str, Any]]:
    """Values of the columns that override the form, by row; equal rows share one value."""
    parsed = []
    for name in OVERRIDE_COLUMNS:
        if name in columns.found:
            codes, values, wrong, message = read_override(name, _texts(columns.found[name]), bands)
            faults.add(wrong & ~skip, columns.given[name], message)
            parsed.append((name, codes, values))
    if not parsed:
        return {}
    table = np.stack([codes for _, codes, _ in parsed], axis=1)
    rows = np.flatnonzero((table >= 0).any(axis=1) & ~skip)
    distinct, inverse = np.unique(table[rows], axis=0, return_inverse=True)
    made = [
        {name: values[code] for code, (name, _, values) in zip(combination, parsed, strict=True) if code >= 0}
        for combination in distinct.tolist()
    ]
    return dict(zip(rows.tolist(), map(made.__getitem__, inverse.ravel().tolist()), strict=True))


def _always(message: str, _: int) -> str:
    return message


def _position_named(name: str | None, names: NameList | None) -> tuple[float, float] | None:
    if not name:
        return None
    return position_of_name(name) or (names.position(name) if names is not None else None)


def _texts(values: Any) -> Any:
    """A column as texts, empty where there is nothing."""
    try:
        return pc.fill_null(pc.utf8_trim_whitespace(pc.cast(values, pa.string())), "")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array(["" if each is None else str(each)[:100] for each in values.to_pylist()], pa.string())


def _filled(texts: Any) -> Any:
    return _mask(pc.not_equal(texts, ""))


def _mask(values: Any) -> Any:
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _shown(texts: Any, row: int) -> str:
    text = str(texts[row].as_py())
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
