"""Formats of dates: TO_CHAR(d, 'YYYY-MM-DD'), TO_DATE('...', '...')."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from . import tree
from .emitter import Emitter
from .values import Kind, Value, quote_text

__all__ = ["parsed_date", "written_date"]

_ELEMENT = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<element>FM|SYYYY|YYYY|YYY|YY|RRRR|RR|YEAR|IYYY|MONTH|MON|MM|DDD|DD|DAY|DY|HH24|HH12|HH|MI|SSSSS|SS'
    r"|FF[1-9]?|AM|PM|A\.M\.|P\.M\.|IW|WW|[QJDWY])|(?P<sign>[-/,.;: ])",
    re.IGNORECASE,
)
_NUMBERS: Mapping[str, str] = {
    "YYYY": "lpad(CAST(year({0}) AS VARCHAR), 4, '0')",
    "YY": "lpad(CAST(year({0}) % 100 AS VARCHAR), 2, '0')",
    "MM": "strftime({0}, '%m')",
    "DDD": "strftime({0}, '%j')",
    "DD": "strftime({0}, '%d')",
    "HH24": "strftime({0}, '%H')",
    "HH12": "strftime({0}, '%I')",
    "HH": "strftime({0}, '%I')",
    "MI": "strftime({0}, '%M')",
    "SS": "strftime({0}, '%S')",
    "SSSSS": "lpad(CAST((epoch_us({0}) // 1000000) % 86400 AS VARCHAR), 5, '0')",
    "IW": "strftime({0}, '%V')",
    "IYYY": "strftime({0}, '%G')",
    "WW": "lpad(CAST((dayofyear({0}) - 1) // 7 + 1 AS VARCHAR), 2, '0')",
    "W": "CAST((day({0}) - 1) // 7 + 1 AS VARCHAR)",
    "Q": "CAST(quarter({0}) AS VARCHAR)",
    "J": "CAST(CAST(floor(julian(date_trunc('day', {0}))) AS BIGINT) AS VARCHAR)",
}
_NAMES: Mapping[str, str] = {
    "MONTH": "rpad(strftime({0}, '%B'), 9, ' ')",
    "MON": "strftime({0}, '%b')",
    "DAY": "rpad(strftime({0}, '%A'), 9, ' ')",
    "DY": "strftime({0}, '%a')",
}
_PARSED: Mapping[str, str] = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<name>[A-Za-z]{3})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})",
    "FF": r"(?P<fraction>\d{1,6})",
}
_STRPTIME: Mapping[str, str] = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WAY_OUT = "take YYYY, MM, MON, DD, HH24, MI, SS and signs between them"


def _pieces(emitter: Emitter, layout: str, node: tree.Node) -> Iterator[tuple[str, str]]:
    """Yield ``element`` or ``text`` and what it is."""
    offset = 0
    while offset < len(layout):
        match = _ELEMENT.match(layout, offset)
        if match is None:
            raise emitter.context.fault(node, f"{layout[offset:]!r} is no element of a date format (ORA-01821)", _WAY_OUT)
        offset = match.end()
        if match["element"]:
            yield "element", match["element"]
        else:
            yield "text", match["sign"] or match["quoted"] or ""


def written_date(emitter: Emitter, value: Value, layout: str, node: tree.Node) -> Value:
    """Translate TO_CHAR of a date; names are in English."""
    texts = list[str]()
    for kind, piece in _pieces(emitter, layout, node):
        texts.append(quote_text(piece) if kind == "text" else _written_element(emitter, value, piece, node))
    return Value(f"nullif({' || '.join(texts)}, '')", Kind.TEXT, value.loose)


def _written_element(emitter: Emitter, value: Value, piece: str, node: tree.Node) -> str:
    element = piece.upper()
    if element in _NUMBERS:
        return _NUMBERS[element].format(value.sql)
    if element in _NAMES:
        text = _NAMES[element].format(value.sql)
        return f"upper({text})" if piece[:2].isupper() else text if piece[0].isupper() else f"lower({text})"
    if element in {"AM", "PM"}:
        text = f"strftime({value.sql}, '%p')"
        return text if piece[0].isupper() else f"lower({text})"
    if element.startswith("FF") and value.kind is Kind.TIMESTAMP and element[2:] in {"", *"123456"}:
        return f"substr(strftime({value.sql}, '%f'), 1, {element[2:] or 6})"
    raise emitter.context.refuse(
        node, f"the format element {piece} in TO_CHAR of a date", "take YYYY, MM, MON, MONTH, DD, DY, HH24, MI, SS, Q, IW"
    )


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
    pieces = list(_pieces(emitter, layout, call.arguments[1]))
    _check_parsed(emitter, pieces, kind, call.arguments[1])
    if text.constant is not None:
        return _converted(emitter, text.constant, layout, pieces, kind, call)
    if any(piece.upper() not in _STRPTIME for each, piece in pieces if each == "element"):
        raise emitter.context.refuse(call, f"{name} of a column in this format", "take YYYY, MM, DD, HH24, MI and SS")
    form = "".join(_STRPTIME[piece.upper()] if each == "element" else piece for each, piece in pieces)
    return Value(f"strptime({text.sql}, {quote_text(form)})", kind, text.loose)


def _check_parsed(emitter: Emitter, pieces: list[tuple[str, str]], kind: Kind, node: tree.Node) -> None:
    elements = [piece.upper() for each, piece in pieces if each == "element"]
    for element in elements:
        if element.rstrip("123456789") not in _PARSED and element not in _PARSED:
            hint = "write the year with four digits: YYYY" if element in {"YY", "RR", "YYY", "Y", "RRRR"} else _WAY_OUT
            raise emitter.context.refuse(node, f"the format element {element} in {kind.name.lower()}s", hint)
    if not {"YYYY", "DD"} <= set(elements) or not {"MM", "MON"} & set(elements):
        hint = "give YYYY, MM and DD; Oracle takes what is missing from today's date"
        raise emitter.context.refuse(node, "a format without year, month and day", hint)
    if len(set(elements)) < len(elements):
        raise emitter.context.fault(node, "an element stands twice in this format (ORA-01810)")
    if kind is Kind.DATE and any(element.startswith("FF") for element in elements):
        raise emitter.context.fault(node, "a date has no fractions of a second (ORA-01821)", "take TO_TIMESTAMP")


def _converted(emitter: Emitter, text: str, layout: str, pieces: list[tuple[str, str]], kind: Kind, call: tree.Call) -> Value:
    def pattern_of(each: str, piece: str) -> str:
        return re.escape(piece) if each == "text" else _PARSED.get(piece.upper()) or _PARSED["FF"]

    match = re.fullmatch("".join(pattern_of(each, piece) for each, piece in pieces), text)
    if match is None:
        raise emitter.context.refuse(call.arguments[0], f"{text!r} is not written as {layout!r}", "write it exactly as the format says")
    found = match.groupdict()
    month = found.get("month")
    if found.get("name"):
        if found["name"].upper() not in _MONTHS:
            raise emitter.context.fault(call.arguments[0], f"{found['name']!r} is no month (ORA-01843)", "take JAN to DEC")
        month = str(_MONTHS.index(found["name"].upper()) + 1)
    numbers = [found["year"], month or "1", found["day"], *(found.get(each) or "0" for each in ("hour", "minute", "second"))]
    try:
        moment = datetime(*map(int, numbers))  # type: ignore[arg-type]
    except ValueError as error:
        raise emitter.context.fault(call.arguments[0], f"{text!r} is no date: {error}") from error
    fraction = found.get("fraction") or ""
    shown = f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}{'.' + fraction if fraction else ''}"
    return Value(f"TIMESTAMP '{shown}'", kind)
