"""Cut an Oracle statement into words, with the place of each in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InvalidQuery, QueryRefused

__all__ = ["RESERVED", "Span", "Token", "fault", "literal_list", "refusal", "tokens"]

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMMENT COMPRESS CONNECT CREATE CURRENT DATE
    DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN
    INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY NOAUDIT
    NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW
    ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION
    UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH
    """,
    )
)
"""Words that name nothing unless quoted (Oracle SQL Language Reference, appendix E)."""

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<q>[nN]?[qQ]')
    |(?P<string>[nN]?'(?:[^']|'')*')
    |(?P<quoted>"[^"\0]*")
    |(?P<number>(?:[0-9]+\.(?!\.)[0-9]*|[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?:[fFdD](?![\w$\#]))?)
    |(?P<word>[^\W\d_][\w$\#]*)
    |(?P<bind>:\s*\w+)
    |(?P<op>\|\||<=|>=|<>|!=|\^=|=>|\*\*|[(),.;+\-*/<>=@&?\[\]:|!^~%{}\\\#$])""",
    re.VERBOSE | re.DOTALL,
)
_LITERALS = {
    "number": re.compile(r"\s*+[0-9]{1,18}\s*+(?:,\s*+[0-9]{1,18}\s*+){49,}+(?=\))"),
    "string": re.compile(r"\s*+'(?:[^'\0]|'')++'\s*+(?:,\s*+'(?:[^'\0]|'')++'\s*+){49,}+(?=\))"),
}
"""Lists that are read in one go, up to their closing parenthesis: 50 or more whole numbers, or strings that are not empty."""

_MESSAGE_LIMIT = 300
_CLOSING = {"[": "]", "{": "}", "(": ")", "<": ">"}


@dataclass(slots=True)
class Span:
    """A piece of the statement, as offsets from its first character."""

    start: int
    end: int


@dataclass(slots=True)
class Token(Span):
    """One word, literal or sign."""

    kind: str
    """``word``, ``quoted``, ``string``, ``number``, ``bind``, ``op`` or ``end``."""

    text: str
    """Words in upper case, strings and quoted names without their quotes, the rest as written."""


def place(text: str, span: Span) -> dict[str, int]:
    """Give line, column (both counted from 1) and length of a piece of the text."""
    line_start = text.rfind("\n", 0, span.start) + 1
    end = min(span.end, text.find("\n", span.start) if "\n" in text[span.start : span.end] else span.end)
    return {"line": text.count("\n", 0, span.start) + 1, "column": span.start - line_start + 1, "length": max(1, end - span.start)}


def fault(text: str, span: Span, message: str, hint: str | None = None) -> InvalidQuery:
    """Make the error for a statement that is wrong at ``span``."""
    return InvalidQuery(_short(message), hint=hint, **place(text, span))


def refusal(text: str, span: Span, message: str, hint: str) -> QueryRefused:
    """Make the error for what is understood but not carried out."""
    return QueryRefused(_short(message), hint=hint, **place(text, span))


def _short(message: str) -> str:
    return message if len(message) <= _MESSAGE_LIMIT else f"{message[:_MESSAGE_LIMIT]}..."


def literal_list(text: str, offset: int) -> tuple[str, int] | None:
    """Find where a long list of plain literals that begins at ``offset`` ends, and of which kind of `Token` they are.

    Pasted identifiers make statements of a megabyte; one word for all of them takes a hundredth of the time.
    """
    for kind, pattern in _LITERALS.items():
        match = pattern.match(text, offset)
        if match is not None:
            return kind, match.end()
    return None


def tokens(text: str, offset: int = 0) -> Iterator[Token]:
    """Cut a statement into tokens from ``offset`` on, one at a time; comments and hints are dropped, ``end`` is the last.

    Raises
    ------
    InvalidQuery
        A string, a quoted name or a comment does not end, or a character has no meaning in SQL.
    QueryRefused
        A comment that calls a Python function of easyaccess.
    """
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None or (text.startswith("/*", offset) and match.lastgroup == "op"):
            raise _unreadable(text, offset)
        kind, start, offset = match.lastgroup or "", offset, match.end()
        value = match.group()
        if kind == "space":
            if value.startswith("/*p:"):
                raise refusal(text, Span(start, offset), "/*p: ...*/ calls a Python function of easyaccess", "apply it in a notebook")
            continue
        if kind == "q":
            value, offset = _quoted_string(text, start, offset)
            kind = "string"
        elif kind == "string":
            value = value[value.index("'") + 1 : -1].replace("''", "'")
        elif kind == "quoted":
            value = value[1:-1]
        elif kind == "word":
            value = value.upper()
        yield Token(start, offset, kind, value)
    yield Token(offset, offset, "end", "")


def _quoted_string(text: str, start: int, offset: int) -> tuple[str, int]:
    """Read ``q'[it's]'`` after its first quote; give its text and where it ends."""
    opening = text[offset : offset + 1]
    end = text.find(_CLOSING.get(opening, opening) + "'", offset + 1) if opening.strip() else -1
    if end < 0:
        raise fault(text, Span(start, start + 2), "this quoted string has no end", "close it as it was opened, as in q'[...]'")
    return text[offset + 1 : end], end + 2


def _unreadable(text: str, offset: int) -> InvalidQuery:
    here = Span(offset, offset + 1)
    if text.startswith("/*", offset):
        return fault(text, here, "this comment has no end", "close it with */")
    if text[offset] == "'":
        return fault(text, here, "this string has no end", "close it with ', and write '' for a quote inside it")
    if text[offset] == '"':
        if text.find('"', offset + 1) >= 0:
            return fault(text, here, "a name cannot hold the character NUL")
        return fault(text, here, "this quoted name has no end", 'close it with "')
    return fault(text, here, f"character {text[offset]!r} has no meaning in SQL")
