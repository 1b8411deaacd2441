"""Intervals, and what is added to and subtracted from dates."""

import re
from collections.abc import Mapping

from . import tree
from .emitter import Emitter, family
from .lexer import Span
from .signature import Function
from .values import INTERVALS, NUMERIC, TEMPORAL, Kind, Value, first_loose

__all__ = ["INTERVAL_FUNCTIONS", "combined", "interval_part", "period", "spanned"]

_MICROSECONDS = {"DAY": 86_400_000_000, "HOUR": 3_600_000_000, "MINUTE": 60_000_000, "SECOND": 1_000_000}
_DAY_UNITS = tuple(_MICROSECONDS)
_FIELD = {"DAY": r"\d+", "HOUR": r"\d+", "MINUTE": r"\d+", "SECOND": r"\d+(?:\.\d{1,6})?"}
_MOST = {"HOUR": 23, "MINUTE": 59, "SECOND": 59, "MONTH": 11}
_BETWEEN = {"HOUR": " ", "MINUTE": ":", "SECOND": ":"}


def period(emitter: Emitter, node: tree.Period) -> Value:
    """Translate ``INTERVAL '1 12:30' DAY TO MINUTE`` (SQL Language Reference, Interval Literals)."""
    if node.unit in {"YEAR", "MONTH"}:
        return _months(emitter, node, node.text, node.unit, node.to or node.unit, node.digits)
    if node.unit not in _MICROSECONDS or (node.to and node.to not in _DAY_UNITS[_DAY_UNITS.index(node.unit) + 1 :]):
        raise emitter.context.fault(node, f"there is no interval {node.unit}{' TO ' * bool(node.to)}{node.to}", "take DAY TO SECOND")
    return _days(emitter, node, node.text, node.unit, node.to or node.unit, node.digits)


def _days(emitter: Emitter, span: Span, text: str, first: str, last: str, digits: int) -> Value:
    units = _DAY_UNITS[_DAY_UNITS.index(first) : _DAY_UNITS.index(last) + 1]
    pattern = "".join(f"{_BETWEEN[unit] if number else ''}({_FIELD[unit]})" for number, unit in enumerate(units))
    match = re.fullmatch(rf"\s*([+-]?){pattern}\s*", text)
    if match is None:
        raise emitter.context.fault(
            span, f"{text!r} is no interval {first} TO {last} (ORA-01867)", "as in INTERVAL '1 12:30:00' DAY TO SECOND"
        )
    total = 0
    for number, (unit, written) in enumerate(zip(units, match.groups()[1:], strict=True)):
        whole, _, fraction = written.partition(".")
        _check_field(emitter, span, unit, int(whole), digits if number == 0 else None)
        total += int(whole) * _MICROSECONDS[unit] + int(fraction.ljust(6, "0"))
    return _constant(-total if match[1] == "-" else total, Kind.INTERVAL)


def _months(emitter: Emitter, span: Span, text: str, first: str, last: str, digits: int) -> Value:
    pattern = r"(\d+)-(\d+)" if (first, last) == ("YEAR", "MONTH") else r"(\d+)"
    match = re.fullmatch(rf"\s*([+-]?){pattern}\s*", text)
    if match is None or (first, last) == ("MONTH", "YEAR") or last not in {"YEAR", "MONTH"}:
        raise emitter.context.fault(span, f"{text!r} is no interval {first} TO {last} (ORA-01867)", "as in INTERVAL '1-6' YEAR TO MONTH")
    _check_field(emitter, span, first, int(match[2]), digits)
    total = int(match[2]) * (12 if first == "YEAR" else 1)
    if first != last:
        _check_field(emitter, span, "MONTH", int(match[3]), None)
        total += int(match[3])
    return _constant(-total if match[1] == "-" else total, Kind.MONTHS)


def _check_field(emitter: Emitter, span: Span, unit: str, value: int, digits: int | None) -> None:
    if digits is not None and len(str(value)) > digits:
        hint = f"give the number of digits: {unit}({min(len(str(value)), 9)})"
        raise emitter.context.fault(span, f"the {unit} of an interval has {digits} digits unless told otherwise (ORA-01873)", hint)
    if digits is None and value > _MOST[unit]:
        raise emitter.context.fault(span, f"the {unit} of an interval goes to {_MOST[unit]} (ORA-01850)")


def _constant(number: int, kind: Kind) -> Value:
    return Value(f"({number})" if number < 0 else str(number), kind, constant=str(number))


def combined(emitter: Emitter, left: Value, sign: str, right: Value, span: Span) -> Value:
    """Translate an operation in which a date or an interval takes part (SQL Language Reference, Datetime/Interval Arithmetic)."""
    loose = first_loose(left, right)
    if sign in "+*" and right.kind in TEMPORAL | INTERVALS and left.kind not in TEMPORAL:
        left, right = right, left
    if Kind.NULL in {left.kind, right.kind}:
        return _nothing(left, sign, right, loose)
    if sign in "*/":
        return _scaled(emitter, left, sign, right, span)
    if left.kind in TEMPORAL and right.kind in INTERVALS:
        return Value(spanned(left, sign, right), left.kind, loose)
    if left.kind is right.kind and left.kind in INTERVALS:
        return Value(f"({left.sql} {sign} {right.sql})", left.kind, loose)
    if sign == "-" and left.kind in TEMPORAL and right.kind in TEMPORAL:
        return _difference(left, right)
    return _with_days(emitter, left, sign, right, span)


def _difference(left: Value, right: Value) -> Value:
    """Subtract a moment from another: a number of days between two dates, else an interval."""
    if left.kind is right.kind is Kind.DATE:
        return Value(f"ora_days_between({left.sql}, {right.sql})", Kind.NUMBER, first_loose(left, right))
    return Value(f"(epoch_us({left.sql}) - epoch_us({right.sql}))", Kind.INTERVAL, first_loose(left, right))


def _nothing(left: Value, sign: str, right: Value, loose: Span | None) -> Value:
    kind = max(left.kind, right.kind)
    if sign == "-" and kind is Kind.DATE and right.kind is Kind.DATE:
        return Value("CAST(NULL AS DOUBLE)", Kind.NUMBER, loose)
    return Value("CAST(NULL AS BIGINT)" if kind in INTERVALS else "CAST(NULL AS TIMESTAMP)", kind, loose)


def _with_days(emitter: Emitter, left: Value, sign: str, right: Value, span: Span) -> Value:
    if left.kind is Kind.TIMESTAMP and right.kind in NUMERIC:
        hint = "add INTERVAL '1' DAY or NUMTODSINTERVAL(n, 'DAY'), or cut the time off with TRUNC(t)"
        raise emitter.context.refuse(
            span, "numbers of days added to a timestamp: what becomes of its fraction of a second is unclear", hint
        )
    if left.kind is Kind.DATE and right.kind in NUMERIC:
        days = right.sql if sign == "+" else f"(- {right.sql})"
        return Value(f"ora_add_days({left.sql}, {days})", Kind.DATE, first_loose(left, right))
    if Kind.TEXT in {left.kind, right.kind}:
        hint = "write the number of days, or convert with TO_NUMBER or TO_DATE"
        raise emitter.context.refuse(span, "a string added to or subtracted from a date", hint)
    raise emitter.context.fault(span, f"{family(left.kind)} {sign} {family(right.kind)} has no meaning (ORA-00932)")


def _scaled(emitter: Emitter, left: Value, sign: str, right: Value, span: Span) -> Value:
    if left.kind not in INTERVALS or right.kind not in NUMERIC:
        raise emitter.context.fault(span, f"{family(left.kind)} {sign} {family(right.kind)} has no meaning (ORA-00932)")
    if sign == "/" or right.kind is not Kind.INTEGER:
        hint = "take NUMTODSINTERVAL(n, 'SECOND') or NUMTOYMINTERVAL(n, 'MONTH')"
        raise emitter.context.refuse(span, "an interval divided, or times a number that is not whole", hint)
    return Value(f"({left.sql} * {right.sql})", left.kind, first_loose(left, right))


def spanned(moment: Value, sign: str, interval: Value) -> str:
    """Write a date or timestamp plus or minus an interval."""
    if interval.kind is Kind.MONTHS:
        return f"ora_plus_months({moment.sql}, {'- ' * (sign == '-')}{interval.sql})"
    whole = interval.constant is not None and int(interval.constant) % 1_000_000 == 0
    if moment.kind is Kind.TIMESTAMP or whole:
        return f"ora_calendar({moment.sql} {sign} to_microseconds({interval.sql}))"
    return f"ora_plus_seconds({moment.sql}, {'- ' * (sign == '-')}{interval.sql})"


def interval_part(emitter: Emitter, node: tree.Extract, value: Value) -> Value:
    """Translate ``EXTRACT(HOUR FROM interval)``; every part has the interval's sign."""
    sql = value.sql
    parts = {
        (Kind.INTERVAL, "DAY"): f"({sql} // 86400000000)",
        (Kind.INTERVAL, "HOUR"): f"({sql} // 3600000000 % 24)",
        (Kind.INTERVAL, "MINUTE"): f"({sql} // 60000000 % 60)",
        (Kind.INTERVAL, "SECOND"): f"(({sql} % 60000000) / 1000000.0)",
        (Kind.MONTHS, "YEAR"): f"({sql} // 12)",
        (Kind.MONTHS, "MONTH"): f"({sql} % 12)",
    }
    found = parts.get((value.kind, node.field))
    if found is None:
        raise emitter.context.fault(node, f"an {family(value.kind)} has no {node.field} (ORA-30076)", "take DAY, HOUR, MINUTE or SECOND")
    return Value(found, Kind.NUMBER if node.field == "SECOND" else Kind.INTEGER, value.loose)


def _from_number(units: Mapping[str, int], kind: Kind) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        number, unit = emitter.number(call.arguments[0]), emitter.written_text(call.arguments[1], "a unit").strip().upper()
        if unit not in units:
            raise emitter.context.fault(call.arguments[1], f"{unit!r} is no unit here", f"take one of {', '.join(units)}")
        if number.kind is Kind.INTEGER:
            return Value(f"(CAST({number.sql} AS BIGINT) * {units[unit]})", kind, number.loose)
        return Value(f"ora_span({number.sql}, {units[unit]}, '{call.name.text}')", kind, number.loose)

    return Function(2, 2, rule)


def _from_text(kind: Kind) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        text, span = emitter.written_text(call.arguments[0], "an interval"), call.arguments[0]
        if "P" in text.upper():
            raise emitter.context.refuse(span, "intervals in the ISO form", "write '1 12:00:00' or '1-6'")
        ends = ("YEAR", "MONTH") if kind is Kind.MONTHS else ("DAY", "SECOND")
        return (_months if kind is Kind.MONTHS else _days)(emitter, span, text, *ends, 9)

    return Function(1, 1, rule)


INTERVAL_FUNCTIONS: Mapping[str, Function] = {
    "NUMTODSINTERVAL": _from_number(_MICROSECONDS, Kind.INTERVAL),
    "NUMTOYMINTERVAL": _from_number({"YEAR": 12, "MONTH": 1}, Kind.MONTHS),
    "TO_DSINTERVAL": _from_text(Kind.INTERVAL),
    "TO_YMINTERVAL": _from_text(Kind.MONTHS),
}
"""Functions by name."""
