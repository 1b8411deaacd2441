"""Formats of numbers: TO_CHAR(x, '9990.99'), TO_NUMBER('1,234.5', '9,999.9').

After the SQL Language Reference, Format Models, Number Format Models; the point is ``.`` and the comma ``,``, as
NLS_NUMERIC_CHARACTERS has them unless a session says otherwise.
"""

import re
from dataclasses import dataclass

from . import tree
from .emitter import Emitter, number_literal
from .values import Kind, Value, quote_text

__all__ = ["parsed_number", "written_number"]

_FORMAT = re.compile(
    r"(?P<fill>FM)?(?P<lead>S)?(?P<dollar>\$)?(?P<whole>[09](?:[09,G]*[09])?)?(?:(?P<point>[.D])(?P<places>[09]*))?"
    r"(?P<power>EEEE)?(?P<trail>MI|PR|S)?",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(r"(FM)?(0*)(X+|x+)")
_FOREIGN = {"L": "the currency of the session", "C": "the currency of the session", "U": "the currency of the session"}
_FOREIGN |= {"B": "blanks for zero", "V": "powers of ten", "TM": "the shortest text", "RN": "Roman numerals"}
_WAY_OUT = "take 0, 9, a point, commas, $, S, MI, PR, EEEE, X and FM, as in '999,990.99'"
_MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class _Layout:
    """A number format, taken apart."""

    fill: bool
    """True where FM leaves blanks and trailing zeros out."""

    sign: str
    """Nothing, ``lead`` or ``trail`` for S, ``MI`` or ``PR``."""

    dollar: bool
    whole: str
    """Digits and commas before the point."""

    point: bool
    places: str
    power: bool

    @property
    def digits(self) -> str:
        return self.whole.replace(",", "")

    @property
    def commas(self) -> list[int]:
        """How many digits stand after each comma, from left to right."""
        return [len(self.whole[place:].replace(",", "")) for place, sign in enumerate(self.whole) if sign == ","]

    @property
    def width(self) -> int:
        """Characters of a positive number that fills the format, the sign's own apart."""
        return len(self.whole) + len(self.places) + self.point + self.dollar


def _layout(emitter: Emitter, text: str, node: tree.Node) -> _Layout:
    match = _FORMAT.fullmatch(text)
    whole = (match["whole"] or "").upper().replace("G", ",") if match else ""
    places = match["places"] or "" if match else ""
    if match is None or not (whole or places) or (match["lead"] and match["trail"]):
        foreign = next((why for letters, why in _FOREIGN.items() if letters in text.upper()), None)
        raise emitter.context.refuse(node, f"the number format {text!r}{f': {foreign}' if foreign else ''}", _WAY_OUT)
    if len(whole) + len(places) > _MOST_DIGITS:
        raise emitter.context.refuse(node, f"the number format {text!r}", "take fewer digits")
    sign = "lead" if match["lead"] else {"S": "trail"}.get((match["trail"] or "").upper(), (match["trail"] or "").upper())
    layout = _Layout(bool(match["fill"]), sign, bool(match["dollar"]), whole, bool(match["point"]), places, bool(match["power"]))
    if layout.power and (layout.sign or layout.dollar or "," in whole or len(layout.digits) != 1 or len(places) > 14):
        raise emitter.context.refuse(node, f"the number format {text!r}", "take one digit before the point, as in '9.999EEEE'")
    if layout.dollar and layout.fill:
        raise emitter.context.refuse(node, f"the number format {text!r}", "write '$' || TO_CHAR(x, 'FM990.99')")
    return layout


def written_number(emitter: Emitter, value: Value, text: str, node: tree.Node) -> Value:
    """Translate TO_CHAR of a number.

    Raises
    ------
    QueryRefused
        The format holds what depends on the session, or what Oracle's manual leaves open.
    """
    hexadecimal = _HEXADECIMAL.fullmatch(text)
    finite = value
    if value.kind in {Kind.FLOAT, Kind.NUMBER}:
        value = Value(f"CAST({value.sql} AS DOUBLE)", value.kind, value.loose)
        finite = Value(f"ora_finite({value.sql}, 'TO_CHAR')", value.kind, value.loose)
    if hexadecimal:
        return _written_hexadecimal(finite, bool(hexadecimal[1]), hexadecimal[2], hexadecimal[3])
    layout = _layout(emitter, text, node)
    return _written_power(finite, layout) if layout.power else _written(value, layout)


def _written_hexadecimal(value: Value, fill: bool, zeros: str, letters: str) -> Value:
    width = len(zeros) + len(letters)
    number = value.sql if value.kind is Kind.INTEGER else f"round({value.sql})"
    digits = f"printf('%{letters[0]}', CAST({number} AS BIGINT))"
    shown = f"lpad({digits}, {width}, '0')" if zeros else digits
    filled = shown if fill else f"lpad({shown}, {width + 1}, ' ')"
    too_wide = f"{number} < 0 OR length({digits}) > {width}"
    sql = f"CASE WHEN {value.sql} IS NULL THEN NULL WHEN {too_wide} THEN {quote_text('#' * (width + 1))} ELSE {filled} END"
    return Value(sql, Kind.TEXT, value.loose)


def _written_power(value: Value, layout: _Layout) -> Value:
    """Write a number as ``1.2E+03``, in the width that an exponent of three digits takes."""
    text = f"ora_scientific(CAST({value.sql} AS DOUBLE), {len(layout.places)})"
    if layout.point and not layout.places:
        text = f"replace({text}, 'E', '.E')"
    return Value(text if layout.fill else f"lpad({text}, {layout.width + 6}, ' ')", Kind.TEXT, value.loose)


def _written(value: Value, layout: _Layout) -> Value:
    count = len(layout.places)
    rounded = f"CAST({_rounded(value, count)} AS DECIMAL(38, {count}))"
    plain = f"CAST(abs({rounded}) AS VARCHAR)"
    body = _whole(plain, rounded, layout) + _fraction(plain, layout)
    negative = f"{value.sql} < 0"
    sign = f"CASE WHEN {negative} THEN '-' ELSE '{'+' if layout.sign in {'lead', 'trail'} else ''}' END"
    dollar = "'$' || " if layout.dollar else ""
    room = layout.width
    if layout.sign in {"", "lead"}:
        text, room = f"{sign} || {dollar}{body}", room + 1
        filled = text if layout.fill else f"lpad({text}, {room}, ' ')"
    elif layout.sign == "PR":
        text = f"CASE WHEN {negative} THEN '<' ELSE {_blank(layout)} END || {dollar}{body}"
        closing, room = f"CASE WHEN {negative} THEN '>' ELSE {_blank(layout)} END", room + 2
        filled = f"{text} || {closing}" if layout.fill else f"lpad({text}, {room - 1}, ' ') || {closing}"
    else:
        after = sign if layout.sign == "trail" else f"CASE WHEN {negative} THEN '-' ELSE {_blank(layout)} END"
        text, room = f"{dollar}{body}", room + 1
        filled = f"{text} || {after}" if layout.fill else f"lpad({text}, {room - 1}, ' ') || {after}"
    guards = _guards(value, rounded, layout, room)
    return Value(f"CASE {guards} ELSE {filled} END", Kind.TEXT, value.loose)


def _blank(layout: _Layout) -> str:
    return "''" if layout.fill else "' '"


def _rounded(value: Value, places: int) -> str:
    if value.kind in {Kind.INTEGER, Kind.DECIMAL}:
        return f"round({value.sql}, {places})"
    return f"ora_round({value.sql}, {places})"


def _whole(plain: str, rounded: str, layout: _Layout) -> str:
    """Write what stands before the point."""
    integer = f"split_part({plain}, '.', 1)"
    least = len(layout.digits) - layout.digits.index("0") if "0" in layout.digits else 0
    shown = integer
    if least > 1:
        shown = f"CASE WHEN length({integer}) >= {least} THEN {integer} ELSE lpad({integer}, {least}, '0') END"
    elif least == 0 and layout.places:
        shown = f"CASE WHEN abs({rounded}) < 1 THEN '' ELSE {integer} END"
    for digits in layout.commas:
        shown = f"ora_comma({shown}, {digits})"
    return f"({shown})"


def _fraction(plain: str, layout: _Layout) -> str:
    if not layout.places:
        return " || '.'" if layout.point else ""
    decimals = f"split_part({plain}, '.', 2)"
    if not layout.fill:
        return f" || '.' || {decimals}"
    kept = layout.places.rindex("0") + 1 if "0" in layout.places else 0
    return f" || '.' || substr({decimals}, 1, {kept}) || rtrim(substr({decimals}, {kept + 1}), '0')"


def _guards(value: Value, rounded: str, layout: _Layout, room: int) -> str:
    """Write what comes before the number itself: NULL, what does not fit, and what Oracle's manual says nothing of."""
    way_out = quote_text("TO_CHAR of a negative number that rounds to zero: write TO_CHAR(ROUND(x, n), ...)")
    hashes = quote_text("#" * room)
    guards = f"WHEN {value.sql} IS NULL THEN NULL "
    if value.kind in {Kind.FLOAT, Kind.NUMBER}:
        guards += f"WHEN NOT isfinite({value.sql}) THEN {hashes} "
    guards += f"WHEN {value.sql} < 0 AND {rounded} = 0 THEN error({way_out}) "
    if layout.fill and layout.places and "0" not in layout.whole + layout.places:
        way_out = quote_text("TO_CHAR of a number that rounds to zero, with FM and without a 0 in the format: write 'FM990.99'")
        guards += f"WHEN {rounded} = 0 THEN error({way_out}) "
    return f"{guards}WHEN abs({rounded}) >= CAST('1e{len(layout.digits)}' AS DOUBLE) THEN {hashes}"


def parsed_number(emitter: Emitter, call: tree.Call) -> Value:
    """Translate TO_NUMBER with a format, of a string that is written out."""
    if len(call.arguments) > 2 or call.name.text != "TO_NUMBER":
        raise emitter.context.refuse(call, "NLS parameters", "leave them out")
    if emitter.value(call.arguments[0]).kind is Kind.NULL:
        return Value("CAST(NULL AS DOUBLE)", Kind.NUMBER)
    text = emitter.written_text(call.arguments[0], "TO_NUMBER with a format, of a string")
    written = emitter.written_text(call.arguments[1], "a format").upper()
    wrong = emitter.context.fault(call.arguments[0], f"{text!r} is not written as {written!r} (ORA-01722)")
    if re.fullmatch("X{1,15}", written):
        if not re.fullmatch(f"[0-9A-Fa-f]{{1,{len(written)}}}", text):
            raise wrong
        return number_literal(str(int(text, 16)))
    layout = _layout(emitter, written, call.arguments[1])
    if layout.fill or layout.power:
        raise emitter.context.refuse(call.arguments[1], f"the number format {written!r}", "leave FM out; numbers like 1E3 need no format")
    body = rf"{r'[$]' * layout.dollar}(?P<digits>[0-9,]{{0,{len(layout.whole)}}})(?:\.(?P<places>[0-9]{{0,{len(layout.places)}}}))?"
    found = re.fullmatch(_SIGNED[layout.sign].format(body), text)
    if not found or not (found["body"].strip("$")) or not _groups_agree(found["digits"], layout.whole):
        raise wrong
    minus = "-" if found["sign"] in {"-", "<"} else ""
    return number_literal(f"{minus}{found['digits'].replace(',', '') or '0'}{'.' + found['places'] if found['places'] else ''}")


_SIGNED = {
    "": r"\s*(?P<sign>-?)(?P<body>{})",
    "lead": r"\s*(?P<sign>[+-])(?P<body>{})",
    "trail": r"\s*(?P<body>{})(?P<sign>[+-])",
    "MI": r"\s*(?P<body>{})(?P<sign>[- ]?)",
    "PR": r"\s*(?P<sign><?)(?P<body>{})(?(sign)>?) ?",
}


def _groups_agree(written: str, layout: str) -> bool:
    """Tell whether the commas stand where the format has them, counted from the right."""
    expected = layout[len(layout) - len(written) :]
    return all((one == ",") == (other == ",") for one, other in zip(written, expected, strict=True))
