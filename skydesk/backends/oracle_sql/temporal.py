"""Dates: functions, parts, CAST."""

from collections.abc import Mapping

from . import tree
from .date_parsing import parsed_date
from .date_units import next_weekday
from .emitter import Emitter
from .intervals import interval_part
from .signature import Function
from .values import INTERVALS, NUMERIC, TEMPORAL, Kind, Value

__all__ = ["TEMPORAL_FUNCTIONS", "cast", "extracted"]


_NUMBER_TYPES = frozenset({"NUMBER", "DECIMAL", "NUMERIC", "DEC"})
_WHOLE_TYPES = frozenset({"INTEGER", "INT", "SMALLINT"})
_FLOAT_TYPES = frozenset({"FLOAT", "REAL", "DOUBLE PRECISION"})
"""NUMBER of 38 digits or more by other names."""

_BINARY_TYPES = {"BINARY_DOUBLE": "DOUBLE", "BINARY_FLOAT": "FLOAT"}


def date_value(emitter: Emitter, node: tree.Node) -> Value:
    """Translate what must be a date; strings are not converted."""
    value = emitter.value(node)
    if value.kind is Kind.TIMESTAMP:
        hint = "write TRUNC(t), or CAST(TRUNC(t) AS DATE)"
        raise emitter.context.refuse(node, "a timestamp where Oracle takes a date", hint)
    return _temporal(emitter, value, node)


def _temporal(emitter: Emitter, value: Value, node: tree.Node) -> Value:
    if value.kind is Kind.NULL:
        return Value("CAST(NULL AS TIMESTAMP)", Kind.DATE)
    if value.kind is Kind.TEXT:
        hint = "write DATE '2020-12-31' or TO_DATE('...', 'YYYY-MM-DD')"
        raise emitter.context.refuse(node, "a string as a date depends on the session's format", hint)
    if value.kind not in TEMPORAL:
        raise emitter.context.fault(node, "a date is expected (ORA-00932)")
    return value


def extracted(emitter: Emitter, node: tree.Extract) -> Value:
    """Translate ``EXTRACT(YEAR FROM d)``."""
    found = emitter.value(node.operand)
    if node.field.startswith("TIMEZONE"):
        raise emitter.context.refuse(node, "time zones", "moments are UTC here")
    if found.kind in INTERVALS:
        return interval_part(emitter, node, found)
    value = _temporal(emitter, found, node.operand)
    if node.field in {"YEAR", "MONTH", "DAY"}:
        return Value(f"{node.field.lower()}({value.sql})", Kind.INTEGER, value.loose)
    if node.field not in {"HOUR", "MINUTE", "SECOND"}:
        raise emitter.context.fault(node, f"EXTRACT knows no {node.field}", "take YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")
    if value.kind is not Kind.TIMESTAMP:
        raise emitter.context.fault(node, f"EXTRACT({node.field}) needs a timestamp (ORA-30076)", "write TO_NUMBER(TO_CHAR(d, 'HH24'))")
    if node.field == "SECOND":
        return Value(f"((epoch_us({value.sql}) % 60000000) / 1000000.0)", Kind.NUMBER, value.loose)
    return Value(f"{node.field.lower()}({value.sql})", Kind.INTEGER, value.loose)


def _add_months(emitter: Emitter, call: tree.Call) -> Value:
    date, months = date_value(emitter, call.arguments[0]), emitter.number(call.arguments[1])
    return emitter.function("ora_add_months", Kind.DATE, date, months)


def _months_between(emitter: Emitter, call: tree.Call) -> Value:
    dates = [date_value(emitter, node) for node in call.arguments]
    return emitter.function("ora_months_between", Kind.NUMBER, *dates)


def _last_day(emitter: Emitter, call: tree.Call) -> Value:
    return emitter.function("ora_last_day", Kind.DATE, date_value(emitter, call.arguments[0]))


def _next_day(emitter: Emitter, call: tree.Call) -> Value:
    return next_weekday(emitter, call, date_value(emitter, call.arguments[0]))


def _to_date(kind: Kind) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        return parsed_date(emitter, call, kind)

    return Function(1, 3, rule)


def cast(emitter: Emitter, node: tree.Cast) -> Value:
    """Translate CAST."""
    value, name, sizes = emitter.value(node.operand), node.type.name, node.type.sizes
    if name in _NUMBER_TYPES or (name in _WHOLE_TYPES | _FLOAT_TYPES | set(_BINARY_TYPES) and not sizes):
        return _to_number(emitter, node, emitter.to_number(value, node.operand))
    if name in {"VARCHAR2", "VARCHAR", "NVARCHAR2"} and len(sizes) == 1:
        return _to_varchar(emitter, node, value, sizes[0])
    if name in {"CHAR", "CHARACTER", "NCHAR"} and len(sizes) <= 1:
        size = sizes[0] if sizes else 1
        text = _to_varchar(emitter, node, value, size)
        return Value(f"rpad({text.sql}, {size}, ' ')", Kind.TEXT, text.loose, char_length=size)
    if name in {"DATE", "TIMESTAMP"} and not sizes and value.kind in {*TEMPORAL, Kind.NULL}:
        return _to_moment(emitter, node, value, name)
    hint = "take NUMBER(p,s), INTEGER, FLOAT, BINARY_FLOAT, BINARY_DOUBLE, VARCHAR2(n), CHAR(n); for dates TO_DATE"
    raise emitter.context.refuse(node.type, f"CAST to {emitter.context.written(node.type)}", hint)


def _to_number(emitter: Emitter, node: tree.Cast, value: Value) -> Value:
    name = node.type.name
    if name in _BINARY_TYPES:
        return Value(f"CAST({value.sql} AS {_BINARY_TYPES[name]})", Kind.FLOAT, value.loose, narrow=name == "BINARY_FLOAT")
    if value.kind is Kind.FLOAT:
        value = Value(f"ora_finite(CAST({value.sql} AS DOUBLE), 'CAST')", Kind.NUMBER, value.loose)
    if name in _FLOAT_TYPES:
        return Value(f"CAST({value.sql} AS DOUBLE)", Kind.NUMBER, value.loose)
    return _to_whole(value) if name in _WHOLE_TYPES else _to_decimal(emitter, node, value, node.type.sizes, name)


def _to_whole(value: Value) -> Value:
    if value.kind is Kind.INTEGER:
        return value
    rounded = f"ora_round({value.sql}, 0)" if value.kind is Kind.NUMBER else f"round({value.sql})"
    return Value(f"CAST({rounded} AS BIGINT)", Kind.INTEGER, value.loose)


def _to_decimal(emitter: Emitter, node: tree.Cast, value: Value, sizes: list[int], name: str) -> Value:
    if not sizes:
        if name != "NUMBER":
            return _to_whole(value)
        return value
    digits, places = sizes[0], sizes[1] if len(sizes) > 1 else 0
    if not (1 <= digits <= 38 and 0 <= places <= digits) or len(sizes) > 2:
        raise emitter.context.refuse(
            node.type, f"CAST to {emitter.context.written(node.type)}", "take NUMBER(p,s) with s from 0 to p, p to 38"
        )
    kind = Kind.DECIMAL if places else Kind.INTEGER
    sql = f"ora_round({value.sql}, {places})" if value.kind is Kind.NUMBER else value.sql
    kept = f"TRY_CAST({sql} AS DECIMAL({digits}, {places}))"
    too_large = f"error('ORA-01438: a value larger than NUMBER({digits},{places}) takes')"
    return Value(f"CASE WHEN {kept} IS NULL AND {sql} IS NOT NULL THEN {too_large} ELSE {kept} END", kind, value.loose)


def _to_varchar(emitter: Emitter, node: tree.Cast, value: Value, size: int) -> Value:
    if value.kind is Kind.TEXT:
        return Value(f"substr({value.sql}, 1, {size})", Kind.TEXT, value.loose)
    text = emitter.to_text(value, node.operand)
    if value.kind in NUMERIC:
        sql = f"CASE WHEN length({text.sql}) > {size} THEN error('ORA-25137: data value out of range') ELSE {text.sql} END"
        return Value(sql, Kind.TEXT, text.loose)
    return text


def _to_moment(emitter: Emitter, node: tree.Cast, value: Value, name: str) -> Value:
    kind = Kind[name]
    if value.kind is Kind.NULL:
        return Value("CAST(NULL AS TIMESTAMP)", kind)
    if kind is Kind.DATE and value.kind is Kind.TIMESTAMP:
        raise emitter.context.refuse(node, "CAST of a timestamp to DATE: the fraction of the second is unclear", "write TRUNC(t, 'MI')")
    return Value(value.sql, kind, value.loose)


TEMPORAL_FUNCTIONS: Mapping[str, Function] = {
    "ADD_MONTHS": Function(2, 2, _add_months),
    "MONTHS_BETWEEN": Function(2, 2, _months_between),
    "LAST_DAY": Function(1, 1, _last_day),
    "NEXT_DAY": Function(2, 2, _next_day),
    "TO_DATE": _to_date(Kind.DATE),
    "TO_TIMESTAMP": _to_date(Kind.TIMESTAMP),
}
"""Functions by name."""
