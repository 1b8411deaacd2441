"""Which type a column of texts is: that of its values, as long as nearly all of them have one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import Fault
from ...query.model import ColumnType
from ...tables.casting import cast_values
from ...tables.model import MAX_FAULTS

__all__ = ["ColumnGuess", "type_of_arrow"]

_TOLERATED = 0.1
"""Part of the values of a batch that may be no numbers in a column of numbers; they are faults then."""

_SAMPLED = 200
_ORDER = (ColumnType.INT64, ColumnType.FLOAT64, ColumnType.BOOLEAN, ColumnType.TIMESTAMP)
_NUMBERS = frozenset({ColumnType.INT64, ColumnType.FLOAT64})


@dataclass(slots=True)
class ColumnGuess:
    """What one column of texts has been found to hold so far."""

    name: str
    kind: ColumnType | None = None
    """None while every cell was empty."""

    least: int | None = None
    most: int | None = None
    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    reason: str | None = None
    """Why it is text though it began with numbers."""

    def see(self, values: pa.Array) -> None:
        """Look at the next values."""
        if self.kind is not ColumnType.STRING and values.null_count < len(values):
            self._see(values)
        self.rows += len(values)

    def _see(self, values: pa.Array) -> None:
        likely = _likely(values, self._candidates())
        for kind in likely:
            made, misfits = cast_values(values, kind, most=1)
            if not misfits:
                self._take(kind, made)
                return
        number = self._nearly_numbers(values, likely)
        if number is None:
            self._give_up(values)
            return
        self.kind, misfits = number
        self.fault_count += len(misfits)
        self.least = self.most = None
        for place in misfits[: MAX_FAULTS - len(self.faults)]:
            message = f"{values[place].as_py()[:60]!r} is not a number; mend it, or take the column as text"
            self.faults.append(Fault(row=self.rows + place + 1, field=self.name, message=message))

    def _candidates(self) -> tuple[ColumnType, ...]:
        if self.kind is None:
            return _ORDER
        return (self.kind, ColumnType.FLOAT64) if self.kind is ColumnType.INT64 else (self.kind,)

    def _nearly_numbers(self, values: pa.Array, likely: Sequence[ColumnType]) -> tuple[ColumnType, list[int]] | None:
        """The type of numbers that nearly all of the values are, and places of the others; None where too many are no numbers."""
        allowed = int((len(values) - values.null_count) * _TOLERATED)
        found: tuple[ColumnType, list[int]] | None = None
        for kind in (each for each in likely if each in _NUMBERS):
            _, misfits = cast_values(values, kind, most=allowed + 1)
            if len(misfits) <= allowed and (found is None or len(misfits) < len(found[1])):
                found = kind, misfits
        return found

    def _take(self, kind: ColumnType, made: pa.Array) -> None:
        self.kind = kind
        if kind is ColumnType.INT64:
            range_ = pc.min_max(made).as_py()
            if range_["min"] is not None:
                self.least = range_["min"] if self.least is None else min(self.least, range_["min"])
                self.most = range_["max"] if self.most is None else max(self.most, range_["max"])

    def _give_up(self, values: pa.Array) -> None:
        if self.kind is not None:
            _, misfits = cast_values(values, self.kind, most=1)
            self.reason = f"text, because row {self.rows + misfits[0] + 1:,} has {values[misfits[0]].as_py()[:40]!r}"
        self.kind = ColumnType.STRING
        self.faults, self.fault_count = [], 0


def _likely(values: pa.Array, kinds: Sequence[ColumnType]) -> list[ColumnType]:
    """Those types that at least half of some of the values have; to look for misfits among all takes long where all are."""
    some = values.drop_null()
    some = some.take(pa.array(range(0, len(some), max(1, len(some) // _SAMPLED))))
    return [kind for kind in kinds if len(cast_values(some, kind, most=len(some))[1]) <= len(some) // 2]


def type_of_arrow(kind: pa.DataType) -> ColumnType | None:
    """The column type for values that have a type already; None for what a column cannot hold."""
    t = pa.types
    for test, found in (
        (t.is_boolean, ColumnType.BOOLEAN),
        (lambda k: t.is_int8(k) or t.is_int16(k) or t.is_uint8(k), ColumnType.INT16),
        (lambda k: t.is_int32(k) or t.is_uint16(k), ColumnType.INT32),
        (t.is_integer, ColumnType.INT64),
        (lambda k: t.is_float16(k) or t.is_float32(k), ColumnType.FLOAT32),
        (lambda k: t.is_floating(k) or t.is_decimal(k), ColumnType.FLOAT64),
        (lambda k: t.is_string(k) or t.is_large_string(k), ColumnType.STRING),
        (lambda k: t.is_timestamp(k) or t.is_date(k), ColumnType.TIMESTAMP),
    ):
        if test(kind):
            return found
    return None
