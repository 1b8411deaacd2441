"""REGEXP_LIKE and its like."""

import re
from collections.abc import Mapping

from . import tree
from .emitter import Emitter
from .patterns import checked_flags, checked_pattern, checked_replacement, compiled
from .signature import Function
from .values import Kind, Value, first_loose, quote_text

__all__ = ["REGULAR_FUNCTIONS"]


def _pattern(emitter: Emitter, call: tree.Call, flags_at: int) -> str:
    """Give the pattern with its flags, of a function for which the text that matched counts."""
    pattern = checked_pattern(emitter, call.arguments[1], alternatives=False)
    flags = checked_flags(emitter, call.arguments[flags_at]) if len(call.arguments) > flags_at else ""
    return f"(?{flags}){pattern}" if flags else pattern


def _number(emitter: Emitter, call: tree.Call, index: int, default: int, what: str) -> int:
    if len(call.arguments) <= index:
        return default
    number = emitter.integer(call.arguments[index], f"{call.name.text} with {what}")
    if number < (0 if default == 0 else 1):
        raise emitter.context.fault(call.arguments[index], f"{what} must be {min(default, 1)} or more (ORA-01428)")
    return number


def _text_from(emitter: Emitter, call: tree.Call, pattern: str) -> tuple[Value, int]:
    """Give the text from the position on at which the search begins, and the position."""
    text = emitter.text(call.arguments[0])
    position = _number(emitter, call, 2, 1, "a position")
    if position == 1:
        return text, 1
    if "^" in re.sub(r"\\.|\[\^", "", pattern):
        raise emitter.context.refuse(call.arguments[2], "^ beside a position", "cut the string with SUBSTR")
    return Value(f"ora_substr({text.sql}, {position})", Kind.TEXT, text.loose), position


def _no_empty_match(emitter: Emitter, call: tree.Call, pattern: str) -> None:
    if compiled(pattern).match(""):
        hint = "take + for *, so that a character is there"
        raise emitter.context.refuse(call.arguments[1], f"{call.name.text} of a pattern that matches nothing at all", hint)


def _like(emitter: Emitter, call: tree.Call) -> Value:
    text = emitter.text(call.arguments[0])
    pattern = checked_pattern(emitter, call.arguments[1], alternatives=True)
    flags = checked_flags(emitter, call.arguments[2]) if len(call.arguments) > 2 else ""
    written = quote_text(f"(?{flags}){pattern}" if flags else pattern)
    return Value(f"regexp_matches({text.sql}, {written})", Kind.CONDITION, text.loose)


def _substr(emitter: Emitter, call: tree.Call) -> Value:
    pattern = _pattern(emitter, call, 4)
    text, _ = _text_from(emitter, call, pattern)
    occurrence = _number(emitter, call, 3, 1, "an occurrence")
    group = _number(emitter, call, 5, 0, "a subexpression")
    if occurrence > 1:
        _no_empty_match(emitter, call, pattern)
    if group > compiled(pattern).groups:
        return Value("CAST(NULL AS VARCHAR)", Kind.TEXT, text.loose)
    found = f"regexp_extract_all({text.sql}, {quote_text(pattern)}, {group})[{occurrence}]"
    return Value(f"nullif({found}, '')", Kind.TEXT, text.loose)


def _instr(emitter: Emitter, call: tree.Call) -> Value:
    """Find where the n-th match begins: the length of the shortest text before it, where there are n matches."""
    pattern = _pattern(emitter, call, 5)
    _no_empty_match(emitter, call, pattern)
    text, position = _text_from(emitter, call, pattern)
    occurrence = _number(emitter, call, 3, 1, "an occurrence")
    flags, plain = re.fullmatch(r"(\(\?[a-z]+\))?(.*)", pattern, re.DOTALL).groups()  # type: ignore[union-attr]
    before = f"{flags or ''}^((?s:.*?){f'(?:(?:{plain})(?s:.*?)){{{occurrence - 1}}}' if occurrence > 1 else ''})(?:{plain})"
    count = f"len(regexp_extract_all({text.sql}, {quote_text(pattern)}))"
    start = f"length(regexp_extract({text.sql}, {quote_text(before)}, 1)) + {position}"
    if _number(emitter, call, 4, 0, "what is returned"):
        start += f" + length(regexp_extract_all({text.sql}, {quote_text(pattern)})[{occurrence}])"
    sql = f"CASE WHEN {count} >= {occurrence} THEN {start} WHEN {text.sql} IS NOT NULL THEN 0 END"
    return Value(sql, Kind.INTEGER, text.loose)


def _replace(emitter: Emitter, call: tree.Call) -> Value:
    pattern = _pattern(emitter, call, 5)
    _no_empty_match(emitter, call, pattern)
    text = emitter.text(call.arguments[0])
    replacement = checked_replacement(emitter, call.arguments[2]) if len(call.arguments) > 2 else ""
    if _number(emitter, call, 3, 1, "a position") != 1:
        raise emitter.context.refuse(call.arguments[3], "REGEXP_REPLACE from another position than 1", "cut the string with SUBSTR")
    occurrence = _number(emitter, call, 4, 0, "an occurrence")
    if occurrence > 1:
        raise emitter.context.refuse(call.arguments[4], "REGEXP_REPLACE of a later occurrence", "take 0 for all, or 1")
    every = ", 'g'" if occurrence == 0 else ""
    sql = f"nullif(regexp_replace({text.sql}, {quote_text(pattern)}, {quote_text(replacement)}{every}), '')"
    return Value(sql, Kind.TEXT, text.loose)


def _count(emitter: Emitter, call: tree.Call) -> Value:
    pattern = _pattern(emitter, call, 3)
    _no_empty_match(emitter, call, pattern)
    text, _ = _text_from(emitter, call, pattern)
    sql = f"len(regexp_extract_all({text.sql}, {quote_text(pattern)}))"
    whole = emitter.text(call.arguments[0])
    return Value(f"CASE WHEN {whole.sql} IS NOT NULL THEN coalesce({sql}, 0) END", Kind.INTEGER, first_loose(text, whole))


REGULAR_FUNCTIONS: Mapping[str, Function] = {
    "REGEXP_LIKE": Function(2, 3, _like),
    "REGEXP_SUBSTR": Function(2, 6, _substr),
    "REGEXP_INSTR": Function(2, 6, _instr),
    "REGEXP_REPLACE": Function(2, 6, _replace),
    "REGEXP_COUNT": Function(2, 4, _count),
}
"""Functions by name."""
