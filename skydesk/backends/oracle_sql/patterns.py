"""Regular expressions: those that mean the same to Oracle (POSIX, extended) and to DuckDB (RE2)."""

import re

from . import tree
from .emitter import Emitter

__all__ = ["checked_flags", "checked_pattern", "checked_replacement", "compiled"]

_BRACKET = r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]\[\\])*\]"
_SAFE = re.compile(rf"(?:{_BRACKET}|\\[.\\*+?()\[\]{{}}|^$dwDWsS]|[^\\\[\]])*")
_CLASS = re.compile(r"\\.|\[:[a-z]+:\]", re.DOTALL)
_UNICODE = {
    "[:alpha:]": r"\p{L}",
    "[:alnum:]": r"\p{L}\p{N}",
    "[:upper:]": r"\p{Lu}",
    "[:lower:]": r"\p{Ll}",
    r"\w": r"[\p{L}\p{N}_]",
    r"\W": r"[^\p{L}\p{N}_]",
}
"""Classes that Oracle fills by the character set and RE2 with ASCII alone."""

_BACKREFERENCE = re.compile(r"\\[1-9]")
_WAY_OUT = "take LIKE, INSTR, or a pattern of plain characters, [..], . * + ? ( ) ^ $"


def checked_pattern(emitter: Emitter, node: tree.Node, *, alternatives: bool) -> str:
    """Give a pattern that both understand alike.

    Parameters
    ----------
    alternatives
        False where the text that matched counts: Oracle and RE2 differ in which of several alternatives wins.

    Raises
    ------
    QueryRefused
        The pattern is computed, or holds what they understand differently.
    InvalidQuery
        It is no regular expression.
    """
    pattern = emitter.written_text(node, "a pattern")
    if _BACKREFERENCE.search(pattern) or "(?" in pattern or "[." in pattern or "[=" in pattern:
        raise emitter.context.refuse(node, "back-references, (?...) and collating elements in patterns", _WAY_OUT)
    if "|" in re.sub(_BRACKET, "", pattern) and not alternatives:
        raise emitter.context.refuse(node, "alternatives where the matching text counts", "match them one by one")
    if not _SAFE.fullmatch(pattern):
        raise emitter.context.refuse(node, f"the pattern {pattern!r}", _WAY_OUT)
    try:
        re.compile(re.sub(r"\[:[a-z]+:\]", "a", pattern))
    except re.error as error:
        raise emitter.context.fault(node, f"{pattern!r} is no regular expression: {error.msg}") from error
    return _CLASS.sub(lambda found: _UNICODE.get(found[0], found[0]), pattern)


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a checked pattern for Python, which knows no classes, to tell how it is built."""
    return re.compile(re.sub(r"\[:[a-z]+:\]|\\p\{\w+\}", "a", pattern))


def checked_flags(emitter: Emitter, node: tree.Node) -> str:
    """Give RE2's letters for Oracle's match parameter: of ``i`` and ``c`` the last counts; ``n`` lets a point match line ends."""
    flags = emitter.written_text(node, "a match parameter")
    if not set(flags) <= set("icn"):
        hint = "take 'i' (any case), 'c' (exact case) or 'n' (a point matches line ends)"
        raise emitter.context.refuse(node, f"the match parameter {flags!r}", hint)
    return ("i" if flags.rfind("i") > flags.rfind("c") else "") + ("s" if "n" in flags else "")


def checked_replacement(emitter: Emitter, node: tree.Node) -> str:
    """Give a replacement text that both understand alike."""
    value = emitter.value(node)
    if value.sql == "NULL":
        return ""
    text = emitter.written_text(node, "a replacement")
    if re.search(r"\\(?![1-9])", text):
        raise emitter.context.refuse(node, "a backslash in a replacement", r"only \1 to \9 are understood")
    return text
