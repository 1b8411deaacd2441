"""Formats of numbers: TO_CHAR(x, '9990.99'), TO_NUMBER('1,234.5', '9,999.9')."""

import re

from . import tree
from .emitter import Emitter, number_literal
from .values import Kind, Value, quote_text

__all__ = ["parsed_number", "written_number"]

_FORMAT = re.compile(r"(?P<fill>FM)?(?P<dollar>\$)?(?P<whole>[09](?:[09,G]*[09])?)?(?:(?P<point>[.D])(?P<places>[09]*))?", re.IGNORECASE)


def written_number(emitter: Emitter, value: Value, layout: str, node: tree.Node) -> Value:
    """Translate TO_CHAR of a number (SQL Language Reference, Number Format Models).

    Raises
    ------
    QueryRefused
        The format holds more than 0, 9, a point, groups of three digits, ``$`` and ``FM``.
    """
    match = _FORMAT.fullmatch(layout)
    whole = (match["whole"] or "").upper().replace("G", ",") if match else ""
    places = match["places"] or "" if match else ""
    if match is None or not (whole or places) or (match["dollar"] and match["fill"]):
        raise emitter.context.refuse(node, f"the number format {layout!r}", "take 0, 9, a point and commas, as in '999,990.99'")
    digits = whole.replace(",", "")
    if "," in whole and not re.fullmatch(r"[09]{1,3}(,[09]{3})+", whole):
        raise emitter.context.refuse(node, "groups of other than three digits", "put the commas three digits apart")
    if len(digits) + len(places) > 30 or (match["fill"] and "0" in places.rstrip("0")):
        raise emitter.context.refuse(node, f"the number format {layout!r}", "take fewer digits")
    least = len(digits) - digits.index("0") if "0" in digits else 0
    if least and "," in whole:
        raise emitter.context.refuse(node, "leading zeros beside commas", "take 9 before the comma and one 0 before the point")
    if value.kind is Kind.FLOAT or value.kind is Kind.NUMBER:
        value = Value(f"ora_finite(CAST({value.sql} AS DOUBLE), 'TO_CHAR')", value.kind, value.loose)
    return _written(value, whole, digits, places, least, match)


def _written(value: Value, whole: str, digits: str, places: str, least: int, match: re.Match[str]) -> Value:
    count = len(places)
    rounded = f"CAST(round({value.sql}, {count}) AS DECIMAL(38, {count}))"
    plain = f"CAST(abs({rounded}) AS VARCHAR)"
    integer = f"split_part({plain}, '.', 1)"
    width = len(digits)
    shown = f"lpad({integer}, {least}, '0')" if least > 1 else integer
    if least > 1:
        shown = f"CASE WHEN length({integer}) >= {least} THEN {integer} ELSE {shown} END"
    elif least == 0 and count:
        shown = f"CASE WHEN abs({rounded}) < 1 THEN '' ELSE {integer} END"
    if "," in whole:
        shown = rf"regexp_replace(reverse(regexp_replace(reverse({shown}), '([0-9]{{3}})', '\1,', 'g')), '^,', '')"
    fraction = f" || '.' || split_part({plain}, '.', 2)" if count else "" if match["point"] is None else " || '.'"
    if match["fill"] and count:
        kept = places.rindex("0") + 1 if "0" in places else 0
        decimals = f"split_part({plain}, '.', 2)"
        fraction = f" || '.' || substr({decimals}, 1, {kept}) || rtrim(substr({decimals}, {kept + 1}), '0')"
    dollar = "'$' || " if match["dollar"] else ""
    sign = f"CASE WHEN {value.sql} < 0 THEN '-' ELSE '' END"
    text = f"{sign} || {dollar}({shown}){fraction}"
    total = len(whole) + len(places) + (match["point"] is not None) + (match["dollar"] is not None)
    too_wide = f"abs({rounded}) >= CAST('1e{width}' AS DOUBLE)"
    filled = text if match["fill"] else f"lpad({text}, {total + 1}, ' ')"
    negative_zero = f"{value.sql} < 0 AND {rounded} = 0"
    way_out = quote_text("TO_CHAR of a negative number that rounds to zero: write TO_CHAR(ROUND(x, n), ...)")
    hashes = quote_text("#" * (total + 1))
    guards = f"WHEN {value.sql} IS NULL THEN NULL WHEN {negative_zero} THEN error({way_out}) WHEN {too_wide} THEN {hashes}"
    sql = f"CASE {guards} ELSE {filled} END"
    return Value(sql, Kind.TEXT, value.loose)


def parsed_number(emitter: Emitter, call: tree.Call) -> Value:
    """Translate TO_NUMBER with a format, of a string that is written out."""
    if len(call.arguments) > 2 or call.name.text != "TO_NUMBER":
        raise emitter.context.refuse(call, "NLS parameters", "leave them out")
    text = emitter.written_text(call.arguments[0], "TO_NUMBER with a format, of a string")
    layout = emitter.written_text(call.arguments[1], "a format").upper()
    if re.fullmatch("X{1,15}", layout):
        if not re.fullmatch(f"[0-9A-Fa-f]{{1,{len(layout)}}}", text):
            raise emitter.context.fault(call.arguments[0], f"{text!r} is not written as {layout!r} (ORA-01722)")
        return number_literal(str(int(text, 16)))
    match = _FORMAT.fullmatch(layout)
    if match is None or match["fill"] or match["dollar"]:
        raise emitter.context.refuse(call.arguments[1], f"the number format {layout!r}", "take 9, 0, a point and commas, or X")
    whole, places = match["whole"] or "", match["places"] or ""
    pattern = rf"\s*(-?)([0-9,]{{0,{len(whole)}}})(?:\.([0-9]{{0,{len(places)}}}))?"
    found = re.fullmatch(pattern, text)
    grouped = found and _groups_agree(found[2], whole.replace("G", ","))
    if not found or not grouped or not (found[2] or found[3]):
        raise emitter.context.fault(call.arguments[0], f"{text!r} is not written as {layout!r} (ORA-01722)")
    return number_literal(f"{found[1]}{found[2].replace(',', '') or '0'}{'.' + found[3] if found[3] else ''}")


def _groups_agree(written: str, layout: str) -> bool:
    """Tell whether the commas stand where the format has them, counted from the right."""
    expected = layout[len(layout) - len(written) :]
    return all((one == ",") == (other == ",") for one, other in zip(written, expected, strict=True))
