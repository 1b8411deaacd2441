"""Values of a file as values of a column's type; what does not fit is told by its place."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import Fault
from ..query.arrow import ARROW_TYPES, schema_of
from ..query.model import Column, ColumnType
from .model import MAX_FAULTS

__all__ = ["Caster", "cast_values"]

_WORDS = {
    ColumnType.BOOLEAN: "true or false",
    ColumnType.INT16: "a whole number from -32,768 to 32,767",
    ColumnType.INT32: "a whole number from -2,147,483,648 to 2,147,483,647",
    ColumnType.INT64: "a whole number of 64 bits",
    ColumnType.FLOAT32: "a number",
    ColumnType.FLOAT64: "a number",
    ColumnType.STRING: "text",
    ColumnType.TIMESTAMP: "a date or a time such as 2013-08-31T05:06:07",
}
_NOT_A_VALUE = ("NA", "N/A", "--", "None", "none", "")
_LARGEST = {ColumnType.FLOAT32: 3.4028235677973366e38}
_INTS = frozenset({ColumnType.INT16, ColumnType.INT32, ColumnType.INT64})


def cast_values(values: pa.Array, kind: ColumnType, most: int = MAX_FAULTS) -> tuple[pa.Array, list[int]]:
    """Make values those of a type.

    Parameters
    ----------
    values
        As a file has them: texts, or numbers of any type.
    most
        Misfits after which no more are looked for.

    Returns
    -------
    values, misfits
        With null for each misfit; places of the misfits, counted from 0, in order.
    """
    convert = _text_conversion(kind) if pa.types.is_string(values.type) else _conversion(kind)
    misfits: list[int] = []
    parts = _parts(values, 0, convert, pa.nulls(1, ARROW_TYPES[kind]), misfits, most)
    return pa.concat_arrays(parts) if parts else pa.nulls(0, ARROW_TYPES[kind]), misfits


class Caster:
    """Turns batches of a file into batches of a table, and gathers what does not fit.

    Parameters
    ----------
    places
        Which of the file's columns are wanted, counted from 0, in the order of `columns`.
    names
        What they are called in the file.
    columns
        What they are to be.
    """

    def __init__(self, places: Sequence[int], names: Sequence[str], columns: Sequence[Column]) -> None:
        self._places = tuple(places)
        self._names = tuple(names)
        self._columns = tuple(columns)
        self._schema = schema_of(columns)
        self._rows = 0
        self.faults: list[Fault] = []
        self.fault_count = 0

    def cast(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give a batch of the table's rows; misfits are null and named in `faults`."""
        arrays = []
        for number, name, column in zip(self._places, self._names, self._columns, strict=True):
            given = batch.column(number)
            values, misfits = cast_values(given, column.type, most=max(1, MAX_FAULTS - len(self.faults)))
            arrays.append(values)
            self.fault_count += len(misfits)
            for place in misfits[: MAX_FAULTS - len(self.faults)]:
                message = f"{_shown(given[place].as_py())} is not {_WORDS[column.type]}"
                self.faults.append(Fault(row=self._rows + place + 1, field=name, message=message))
        self._rows += batch.num_rows
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def _parts(
    values: pa.Array, start: int, convert: Callable[[pa.Array], pa.Array], misfit: pa.Array, misfits: list[int], most: int
) -> list[pa.Array]:
    """Convert what can be converted whole, and look for what cannot in halves."""
    try:
        return [convert(values)]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(misfits) >= most:
            return [pa.nulls(len(values), misfit.type)]
        if len(values) == 1:
            misfits.append(start)
            return [misfit]
    half = len(values) // 2
    return [
        *_parts(values[:half], start, convert, misfit, misfits, most),
        *_parts(values[half:], start + half, convert, misfit, misfits, most),
    ]


def _text_conversion(kind: ColumnType) -> Callable[[pa.Array], pa.Array]:
    if kind is ColumnType.STRING:
        return _text
    if kind is ColumnType.TIMESTAMP:
        return lambda values: pc.replace_substring_regex(_tidy(values), "(?:Z|[+]00:?00)$", "").cast(pa.timestamp("us"))
    if kind is ColumnType.BOOLEAN:
        return lambda values: _words_as_boolean(pc.utf8_lower(_tidy(values)))
    if kind in _INTS:
        return lambda values: _quick_or_tidy(values, lambda texts: pc.replace_substring_regex(texts, r"^[+]|[.]0*$", ""), kind)
    return lambda values: _finite(
        _quick_or_tidy(values, lambda texts: pc.replace_substring_regex(pc.replace_substring(texts, "D", "E"), "^[+]", ""), kind), kind
    )


def _conversion(kind: ColumnType) -> Callable[[pa.Array], pa.Array]:
    if kind is ColumnType.STRING:
        return lambda values: _text(values.cast(pa.string()))
    if kind in {ColumnType.FLOAT32, ColumnType.FLOAT64}:
        return lambda values: _finite(values.cast(pa.float64()) if kind is ColumnType.FLOAT32 else _wide(values), kind).cast(
            ARROW_TYPES[kind]
        )
    if kind is ColumnType.TIMESTAMP:
        return _times
    return lambda values: _not_nan(values).cast(ARROW_TYPES[kind])


def _quick_or_tidy(values: pa.Array, mend: Callable[[pa.Array], pa.Array], kind: ColumnType) -> pa.Array:
    wide = pa.float64() if kind is ColumnType.FLOAT32 else ARROW_TYPES[kind]
    try:
        return values.cast(wide)
    except pa.ArrowInvalid:
        return mend(_tidy(values)).cast(wide)


def _tidy(values: pa.Array) -> pa.Array:
    """Without space around, and null where a cell says that there is nothing."""
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.is_in(trimmed, pa.array(_NOT_A_VALUE)), pa.scalar(None, pa.string()), trimmed)


def _text(values: pa.Array) -> pa.Array:
    """Texts; an empty one is NULL, as in Oracle."""
    if pc.any(pc.match_substring(values, "\0")).as_py():
        raise pa.ArrowInvalid("NUL in a text")
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _words_as_boolean(words: pa.Array) -> pa.Array:
    true, false = pc.is_in(words, pa.array(["true", "t", "1", "yes"])), pc.is_in(words, pa.array(["false", "f", "0", "no"]))
    if not pc.all(pc.or_(pc.or_(true, false), pc.is_null(words)), min_count=0).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return pc.if_else(pc.is_null(words), pa.scalar(None, pa.bool_()), true)


def _finite(values: pa.Array, kind: ColumnType) -> pa.Array:
    """Numbers; one that is finite but beyond the type's range does not fit."""
    if kind is ColumnType.FLOAT32:
        beyond = pc.and_(pc.is_finite(values), pc.greater_equal(pc.abs(values), _LARGEST[kind]))
        if pc.any(beyond).as_py():
            raise pa.ArrowInvalid("out of range")
        return values.cast(pa.float32())
    return values


def _wide(values: pa.Array) -> pa.Array:
    return values.cast(pa.float64(), safe=False) if pa.types.is_integer(values.type) else values.cast(pa.float64())


def _not_nan(values: pa.Array) -> pa.Array:
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def _times(values: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        return values.cast(pa.timestamp("us", values.type.tz)).cast(pa.timestamp("us"))
    return values.cast(pa.timestamp("us"), safe=False) if pa.types.is_timestamp(values.type) else values.cast(pa.timestamp("us"))


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}..."
