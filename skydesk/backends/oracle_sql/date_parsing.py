"""TO_DATE and TO_TIMESTAMP: strings as dates."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from . import tree
from .date_formats import WAY_OUT, check_calendar, pieces
from .emitter import Emitter
from .values import Kind, Value, quote_text

__all__ = ["parsed_date"]

_MONTHS = ("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER")
_MERIDIAN = r"(?P<meridian>[AaPp]\.?[Mm]\.?)"
_PARSED: Mapping[str, str] = {
    "YYYY": r"(?P<year>\d{4})",
    "RRRR": r"(?P<round_year>\d{4}|\d{2})",
    "RR": r"(?P<round_year>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<short_name>[A-Za-z]{3})",
    "MONTH": r"(?P<name>[A-Za-z]{3,9}) *",
    "DDD": r"(?P<day_of_year>\d{1,3})",
    "DD": r"(?P<day>\d{1,2})",
    "J": r"(?P<julian>\d{1,7})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<half_hour>\d{1,2})",
    "HH": r"(?P<half_hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SSSSS": r"(?P<second_of_day>\d{1,5})",
    "SS": r"(?P<second>\d{1,2})",
    "FF": r"(?P<fraction>\d{1,6})",
    **dict.fromkeys(("AM", "PM", "A.M.", "P.M."), _MERIDIAN),
}
_STRPTIME: Mapping[str, str] = {"YYYY": "%Y", "MM": "%m", "MON": "%b", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}
_YEARS, _MONTH_WORDS, _HALVES = {"YYYY", "RR", "RRRR"}, {"MM", "MON", "MONTH"}, {"AM", "PM", "A.M.", "P.M."}
_DAY_BEFORE_YEAR_1 = 1_721_425
"""Julian day of the day before 1 January of the year 1 in Python's calendar (proleptic Gregorian)."""


def parsed_date(emitter: Emitter, call: tree.Call, kind: Kind) -> Value:
    """Translate TO_DATE and TO_TIMESTAMP; a string that is written out is converted here."""
    name = call.name.text
    if len(call.arguments) == 1:
        value = emitter.value(call.arguments[0])
        if value.kind is Kind.NULL:
            return Value("CAST(NULL AS TIMESTAMP)", kind)
        raise emitter.context.refuse(call, f"{name} without a format depends on the session", f"write {name}('...', 'YYYY-MM-DD')")
    if len(call.arguments) > 2:
        raise emitter.context.refuse(call.arguments[2], "NLS parameters", "leave them out")
    text = emitter.text(call.arguments[0])
    layout = emitter.written_text(call.arguments[1], "a format")
    found = list(pieces(emitter, layout, call.arguments[1]))
    _check(emitter, found, kind, call.arguments[1])
    if text.constant is not None:
        return _converted(emitter, text.constant, layout, found, kind, call)
    if any(piece.upper() not in _STRPTIME for each, piece in found if each == "element"):
        raise emitter.context.refuse(call, f"{name} of a column in this format", "take YYYY, MM, MON, DD, HH24, MI and SS")
    form = "".join(_STRPTIME[piece.upper()] if each == "element" else piece.replace("%", "%%") for each, piece in found)
    return Value(f"strptime({text.sql}, {quote_text(form)})", kind, text.loose)


def _check(emitter: Emitter, found: list[tuple[str, str]], kind: Kind, node: tree.Node) -> None:
    """Refuse formats whose date depends on today's, and those that Oracle has not either."""
    written = [piece.upper() for each, piece in found if each == "element"]
    elements = {element if element in _PARSED else element.rstrip("123456789") for element in written}
    for element in sorted(elements - set(_PARSED)):
        hint = "write the year with four digits: YYYY" if element in {"YY", "YYY", "Y"} else WAY_OUT
        raise emitter.context.refuse(node, f"the format element {element} in {kind.name.lower()}s", hint)
    groups = (_YEARS, _MONTH_WORDS, _HALVES, {"HH24", "HH12", "HH", "SSSSS"}, {"DD", "DDD"})
    if len(set(written)) < len(written) or any(len(elements & group) > 1 for group in groups) or (elements & _YEARS and "J" in elements):
        raise emitter.context.fault(node, "an element stands twice in this format, or two stand for the same (ORA-01810, ORA-01816)")
    if "J" not in elements and not (elements & _YEARS and (("DD" in elements and elements & _MONTH_WORDS) or "DDD" in elements)):
        hint = "give year, month and day; Oracle takes what is missing from today's date"
        raise emitter.context.refuse(node, "a format without year, month and day", hint)
    if elements & {"DDD", "J"} and elements & (_MONTH_WORDS | {"DD"}):
        raise emitter.context.refuse(node, "a format that gives the day twice", "take MM and DD, or DDD, or J")
    if bool(elements & {"HH12", "HH"}) != bool(elements & _HALVES):
        raise emitter.context.refuse(node, "HH12 without AM, or AM without HH12", "take HH24, or both")
    if kind is Kind.DATE and "FF" in elements:
        raise emitter.context.fault(node, "a date has no fractions of a second (ORA-01821)", "take TO_TIMESTAMP")


def _converted(emitter: Emitter, text: str, layout: str, found: list[tuple[str, str]], kind: Kind, call: tree.Call) -> Value:
    def pattern_of(each: str, piece: str) -> str:
        if each == "text":
            return re.escape(piece)
        return _PARSED.get(piece.upper()) or rf"(?P<fraction>\d{{1,{min(int(piece[2:]), 6)}}})"

    match = re.fullmatch("".join(pattern_of(each, piece) for each, piece in found), text)
    if match is None:
        raise emitter.context.refuse(call.arguments[0], f"{text!r} is not written as {layout!r}", "write it exactly as the format says")
    parts = {name: part for name, part in match.groupdict().items() if part}
    try:
        moment = _day(parts) + _time(parts)
    except (ValueError, OverflowError) as error:
        raise emitter.context.fault(call.arguments[0], f"{text!r} is no date: {error}") from error
    check_calendar(emitter, moment, call.arguments[0])
    fraction = parts.get("fraction", "")
    shown = f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}{'.' + fraction if fraction else ''}"
    return Value(f"TIMESTAMP '{shown}'", kind)


def _day(parts: Mapping[str, str]) -> datetime:
    if "julian" in parts:
        return datetime.fromordinal(int(parts["julian"]) - _DAY_BEFORE_YEAR_1)
    year = int(parts["year"]) if "year" in parts else _round_year(parts["round_year"])
    if "day_of_year" in parts:
        day = datetime(year, 1, 1) + timedelta(days=int(parts["day_of_year"]) - 1)
        if day.year != year:
            raise ValueError("the year has no such day (ORA-01848)")
        return day
    return datetime(year, _month(parts), int(parts["day"]))


def _round_year(digits: str) -> int:
    """Give the year that RR stands for: the one of these two digits that is nearest (SQL Language Reference, The RR Datetime Format)."""
    if len(digits) == 4:
        return int(digits)
    now = datetime.now(tz=UTC).year
    century = now // 100 * 100
    if int(digits) < 50 <= now % 100:
        century += 100
    elif now % 100 < 50 <= int(digits):
        century -= 100
    return century + int(digits)


def _month(parts: Mapping[str, str]) -> int:
    if "month" in parts:
        return int(parts["month"])
    name = (parts.get("name") or parts["short_name"]).upper()
    for number, month in enumerate(_MONTHS, 1):
        if name == month or ("short_name" in parts and name == month[:3]):
            return number
    raise ValueError(f"{name} is no month in English (ORA-01843)")


def _time(parts: Mapping[str, str]) -> timedelta:
    hour = int(parts.get("hour", 0))
    if "half_hour" in parts:
        half = int(parts["half_hour"])
        if not 1 <= half <= 12:
            raise ValueError("hour must be in 1..12 (ORA-01849)")
        hour = half % 12 + (12 if parts["meridian"][0] in "Pp" else 0)
    seconds = int(parts.get("second_of_day", 0))
    if seconds >= 86_400:
        raise ValueError("seconds of a day must be in 0..86399 (ORA-01853)")
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    start = datetime(2000, 1, 1)
    return datetime(2000, 1, 1, hour, minute, second) - start + timedelta(seconds=seconds)
