"""Formats of dates: TO_CHAR(d, 'YYYY-MM-DD'). Names are in English, as NLS_DATE_LANGUAGE has them unless a session says otherwise."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from . import tree
from .emitter import Emitter
from .values import Kind, Value, quote_text

__all__ = ["WAY_OUT", "check_calendar", "pieces", "written_date"]

_ELEMENT = re.compile(
    r'"(?P<quoted>[^"]*)"|(?P<element>FM|FX|SYYYY|SYEAR|YYYY|Y,YYY|YYY|YY|RRRR|RR|YEAR|IYYY|IYY|IY|MONTH|MON|MM|MI|DDD|DD|DAY|DY|DS|DL'
    r"|HH24|HH12|HH|SSSSS|SS|SCC|CC|FF[1-9]?|AM|PM|A\.M\.|P\.M\.|AD|BC|A\.D\.|B\.C\.|IW|WW|RM|TZH|TZM|TZR|TZD|TS|EE|[EQJDWYIX])"
    r"(?P<suffix>SPTH|THSP|TH|SP)?|(?P<sign>[-/,.;: ])",
    re.IGNORECASE,
)
_YEAR = "lpad(CAST(year({0}) AS VARCHAR), 4, '0')"
_NUMBERS: Mapping[str, str] = {
    "SYYYY": f"' ' || {_YEAR}",
    "YYYY": _YEAR,
    "RRRR": _YEAR,
    "Y,YYY": f"substr({_YEAR}, 1, 1) || ',' || substr({_YEAR}, 2)",
    "YYY": f"substr({_YEAR}, 2)",
    "YY": f"substr({_YEAR}, 3)",
    "RR": f"substr({_YEAR}, 3)",
    "Y": f"substr({_YEAR}, 4)",
    "CC": "lpad(CAST((year({0}) - 1) // 100 + 1 AS VARCHAR), 2, '0')",
    "SCC": "' ' || lpad(CAST((year({0}) - 1) // 100 + 1 AS VARCHAR), 2, '0')",
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
    "IYY": "substr(strftime({0}, '%G'), 2)",
    "IY": "substr(strftime({0}, '%G'), 3)",
    "I": "substr(strftime({0}, '%G'), 4)",
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
    "AM": "strftime({0}, '%p')",
    "PM": "strftime({0}, '%p')",
    "A.M.": "replace(strftime({0}, '%p'), 'M', '.M.')",
    "P.M.": "replace(strftime({0}, '%p'), 'M', '.M.')",
    "AD": "'AD'",
    "BC": "'AD'",
    "A.D.": "'A.D.'",
    "B.C.": "'A.D.'",
}
_REFUSED: Mapping[str, str] = {
    "D": "the number of the day depends on the country: take MOD(TRUNC(d) - TRUNC(d, 'IW'), 7) + 1, 1 for Monday",
    "DS": "it depends on the session: write the elements out",
    "DL": "it depends on the session: write the elements out",
    "TS": "it depends on the session: write the elements out",
    "X": "it depends on the session: write a point",
}
WAY_OUT = "take YYYY, RR, MM, MON, MONTH, DD, DDD, J, HH24, HH12 with AM, MI, SS and signs between them"


_GREGORIAN_SINCE = datetime(1582, 10, 15)


def check_calendar(emitter: Emitter, moment: datetime, node: tree.Node) -> None:
    """Refuse a date that Oracle counts in the Julian calendar and DuckDB in the Gregorian."""
    if moment < _GREGORIAN_SINCE:
        hint = "take a later one: Oracle counts these in the Julian calendar, and DuckDB in the Gregorian"
        raise emitter.context.refuse(node, "dates before 15 October 1582", hint)


def pieces(emitter: Emitter, layout: str, node: tree.Node) -> Iterator[tuple[str, str]]:
    """Yield ``element`` or ``text`` and what it is."""
    offset = 0
    while offset < len(layout):
        match = _ELEMENT.match(layout, offset)
        if match is None:
            raise emitter.context.fault(node, f"{layout[offset:]!r} is no element of a date format (ORA-01821)", WAY_OUT)
        if match["suffix"]:
            raise emitter.context.refuse(node, f"{match[0]}: numbers spelled out", "leave SP and TH out")
        offset = match.end()
        if match["element"]:
            yield "element", match["element"]
        else:
            yield "text", match["sign"] or match["quoted"] or ""


def written_date(emitter: Emitter, value: Value, layout: str, node: tree.Node) -> Value:
    """Translate TO_CHAR of a date (SQL Language Reference, Datetime Format Models)."""
    texts, fills = list[str](), True
    for kind, piece in pieces(emitter, layout, node):
        if piece.upper() == "FM" and kind == "element":
            fills = not fills
        else:
            texts.append(quote_text(piece) if kind == "text" else _written_element(emitter, value, piece, node, fills))
    return Value(f"nullif({' || '.join(texts) or 'NULL'}, '')", Kind.TEXT, value.loose)


def _written_element(emitter: Emitter, value: Value, piece: str, node: tree.Node, fills: bool) -> str:
    """Write one element; without fill (FM) numbers lose their zeros and names their blanks."""
    element = piece.upper()
    if element in _NUMBERS:
        text = _NUMBERS[element].format(value.sql)
        return f"({text})" if fills else f"coalesce(nullif(ltrim({text}, ' 0'), ''), '0')"
    if element in _NAMES:
        text = _NAMES[element].format(value.sql)
        text = text if fills else f"rtrim({text})"
        upper, title = piece.replace(".", "")[:2].isupper(), piece[0].isupper()
        if upper:
            return f"upper({text})"
        return f"(upper(substr({text}, 1, 1)) || lower(substr({text}, 2)))" if title else f"lower({text})"
    if element.startswith("FF") and value.kind is Kind.TIMESTAMP and fills:
        return f"substr(strftime({value.sql}, '%f') || '000', 1, {element[2:] or 6})"
    hint = _REFUSED.get(element, "take YYYY, MM, MON, MONTH, DD, DY, HH24, MI, SS, Q, IW")
    raise emitter.context.refuse(node, f"the format element {piece} in TO_CHAR of a date", hint)
