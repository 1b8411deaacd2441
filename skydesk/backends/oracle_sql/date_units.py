"""TRUNC and ROUND of dates, and NEXT_DAY (SQL Language Reference, ROUND and TRUNC Date Functions)."""

from collections.abc import Mapping

from . import tree
from .emitter import Emitter
from .values import Kind, Value

__all__ = ["next_weekday", "rounded_date", "truncated_date"]

_UNIT_OF = {
    **dict.fromkeys(("DD", "DDD", "J"), "day"),
    **dict.fromkeys(("MM", "MON", "MONTH", "RM"), "month"),
    **dict.fromkeys(("YYYY", "YEAR", "SYYYY", "SYEAR", "YYY", "YY", "Y"), "year"),
    **dict.fromkeys(("IYYY", "IYY", "IY", "I"), "iso_year"),
    **dict.fromkeys(("HH", "HH12", "HH24"), "hour"),
    **dict.fromkeys(("CC", "SCC"), "century"),
    "Q": "quarter",
    "MI": "minute",
    "IW": "iso_week",
    "WW": "week",
    "W": "week_of_month",
}
_LANGUAGE = frozenset({"DAY", "DY", "D"})
_TRUNCATED: Mapping[str, str] = {
    "iso_week": "date_trunc('week', {0})",
    "iso_year": "date_trunc('week', make_timestamp(isoyear({0}), 1, 4, 0, 0, 0))",
    "century": "make_timestamp((year({0}) - 1) // 100 * 100 + 1, 1, 1, 0, 0, 0)",
    "week": "ora_week({0})",
    "week_of_month": "(date_trunc('day', {0}) - to_days(CAST((day({0}) - 1) % 7 AS INTEGER)))",
}
_ROUNDED: Mapping[str, str] = {
    "day": "date_trunc('day', {0} + to_hours(12))",
    "hour": "date_trunc('hour', {0} + to_minutes(30))",
    "minute": "date_trunc('minute', {0} + to_seconds(30))",
    "month": "date_trunc('month', CASE WHEN day({0}) >= 16 THEN {0} + to_months(1) ELSE {0} END)",
    "year": "date_trunc('year', CASE WHEN month({0}) >= 7 THEN {0} + to_years(1) ELSE {0} END)",
    "quarter": "ora_round_quarter({0})",
}
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_FULL_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def _unit(emitter: Emitter, call: tree.Call) -> str:
    name = call.name.text
    layout = emitter.written_text(call.arguments[1], "a format").upper() if len(call.arguments) > 1 else "DD"
    if layout in _LANGUAGE:
        raise emitter.context.refuse(call.arguments[1], f"{name} to {layout} depends on the country", "take 'IW', the ISO week")
    if layout not in _UNIT_OF:
        raise emitter.context.fault(call.arguments[1], f"{name} to {layout!r} (ORA-01898)", f"take one of {', '.join(_UNIT_OF)}")
    return _UNIT_OF[layout]


def truncated_date(emitter: Emitter, call: tree.Call, value: Value) -> Value:
    """Translate TRUNC of a date."""
    unit = _unit(emitter, call)
    sql = _TRUNCATED.get(unit, f"date_trunc('{unit}', {{0}})").format(value.sql)
    return Value(sql, Kind.DATE, value.loose)


def rounded_date(emitter: Emitter, call: tree.Call, value: Value) -> Value:
    """Translate ROUND of a date to the units for which Oracle says what is half-way."""
    if value.kind is Kind.TIMESTAMP:
        hint = "write TRUNC(t), or ROUND(TRUNC(t, 'MI'), ...)"
        raise emitter.context.refuse(call, "ROUND of a timestamp: what becomes of its fraction of a second is unclear", hint)
    unit = _unit(emitter, call)
    if unit not in _ROUNDED:
        hint = "take DD, MM, Q, YYYY, HH or MI, or TRUNC"
        raise emitter.context.refuse(
            call.arguments[1], "ROUND to centuries, weeks and ISO years: Oracle does not say where half-way is", hint
        )
    return Value(_ROUNDED[unit].format(value.sql), Kind.DATE, value.loose)


def next_weekday(emitter: Emitter, call: tree.Call, date: Value) -> Value:
    """Translate ``NEXT_DAY(d, 'TUESDAY')``; names are in English, and more than the short name's letters are not looked at."""
    name = emitter.written_text(call.arguments[1], "a day of the week").strip().upper()
    if name not in {*_WEEKDAYS, *_FULL_WEEKDAYS}:
        raise emitter.context.fault(call.arguments[1], f"{name!r} is no day of the week in English (ORA-01846)", "take MONDAY to SUNDAY")
    day = _WEEKDAYS.index(name[:3]) + 1
    return Value(f"({date.sql} + to_days(CAST(({day + 6} - isodow({date.sql})) % 7 + 1 AS INTEGER)))", Kind.DATE, date.loose)
