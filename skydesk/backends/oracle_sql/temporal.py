"""Dates: functions, parts, CAST."""

from collections.abc import Mapping

from . import tree
from .date_formats import parsed_date
from .emitter import Emitter
from .signature import Function
from .values import NUMERIC, TEMPORAL, Kind, Value

__all__ = ["TEMPORAL_FUNCTIONS", "cast", "extracted", "truncated"]

_UNITS = {
    **dict.fromkeys(("DD", "DDD", "J"), "day"),
    **dict.fromkeys(("MM", "MON", "MONTH", "RM"), "month"),
    **dict.fromkeys(("YYYY", "YEAR", "SYYYY", "SYEAR", "YYY", "YY", "Y"), "year"),
    **dict.fromkeys(("HH", "HH12", "HH24"), "hour"),
    "Q": "quarter",
    "MI": "minute",
    "IW": "week",
}
_LANGUAGE = frozenset({"DAY", "DY", "D"})


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


def truncated(emitter: Emitter, call: tree.Call, value: Value) -> Value:
    """Translate TRUNC of a date."""
    layout = emitter.written_text(call.arguments[1], "a format").upper() if len(call.arguments) > 1 else "DD"
    if layout == "WW":
        return Value(f"ora_week({value.sql})", Kind.DATE, value.loose)
    if layout in _LANGUAGE:
        raise emitter.context.refuse(call.arguments[1], f"TRUNC to {layout} depends on the country", "take 'IW', the ISO week")
    if layout not in _UNITS:
        raise emitter.context.refuse(call.arguments[1], f"TRUNC to {layout!r}", f"take one of {', '.join(_UNITS)}")
    return Value(f"date_trunc('{_UNITS[layout]}', {value.sql})", Kind.DATE, value.loose)


def extracted(emitter: Emitter, node: tree.Extract) -> Value:
    """Translate ``EXTRACT(YEAR FROM d)``."""
    value = _temporal(emitter, emitter.value(node.operand), node.operand)
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


def _to_date(kind: Kind) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        return parsed_date(emitter, call, kind)

    return Function(1, 3, rule)


def cast(emitter: Emitter, node: tree.Cast) -> Value:
    """Translate CAST."""
    value, name, sizes = emitter.value(node.operand), node.type.name, node.type.sizes
    if name in {"NUMBER", "DECIMAL", "NUMERIC", "DEC"}:
        return _to_decimal(emitter, node, emitter.to_number(value, node.operand), sizes, name)
    if name in {"INTEGER", "INT", "SMALLINT"} and not sizes:
        return _to_whole(emitter.to_number(value, node.operand))
    if name in {"BINARY_DOUBLE", "BINARY_FLOAT"} and not sizes:
        number = emitter.to_number(value, node.operand)
        return Value(f"CAST({number.sql} AS {'DOUBLE' if name == 'BINARY_DOUBLE' else 'FLOAT'})", Kind.FLOAT, number.loose)
    if name in {"VARCHAR2", "VARCHAR", "NVARCHAR2"} and len(sizes) == 1:
        return _to_varchar(emitter, node, value, sizes[0])
    if name in {"DATE", "TIMESTAMP"} and not sizes and value.kind in {*TEMPORAL, Kind.NULL}:
        return _to_moment(emitter, node, value, name)
    hint = "take NUMBER(p,s), INTEGER, BINARY_FLOAT, BINARY_DOUBLE, VARCHAR2(n); for dates TO_DATE"
    raise emitter.context.refuse(node.type, f"CAST to {emitter.context.written(node.type)}", hint)


def _to_whole(value: Value) -> Value:
    if value.kind is Kind.INTEGER:
        return value
    return Value(f"CAST(round({value.sql}) AS BIGINT)", Kind.INTEGER, value.loose)


def _to_decimal(emitter: Emitter, node: tree.Cast, value: Value, sizes: list[int], name: str) -> Value:
    if not sizes:
        if name != "NUMBER":
            return _to_whole(value)
        return Value(f"CAST({value.sql} AS DOUBLE)", Kind.NUMBER, value.loose) if value.kind is Kind.FLOAT else value
    digits, places = sizes[0], sizes[1] if len(sizes) > 1 else 0
    if not (1 <= digits <= 38 and 0 <= places <= digits) or len(sizes) > 2:
        raise emitter.context.refuse(
            node.type, f"CAST to {emitter.context.written(node.type)}", "take NUMBER(p,s) with s from 0 to p, p to 38"
        )
    kind = Kind.DECIMAL if places else Kind.INTEGER
    return Value(f"CAST({value.sql} AS DECIMAL({digits}, {places}))", kind, value.loose)


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
    "TO_DATE": _to_date(Kind.DATE),
    "TO_TIMESTAMP": _to_date(Kind.TIMESTAMP),
}
"""Functions by name."""
