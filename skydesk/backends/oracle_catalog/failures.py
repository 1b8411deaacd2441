"""The driver's errors as ours, each with the code it had."""

import logging
import re

import oracledb

from ...errors import (
    DeadlineExceeded,
    InternalError,
    InvalidQuery,
    LimitExceeded,
    NotAllowed,
    QueryRefused,
    ServiceUnavailable,
    SkydeskError,
)
from ..oracle_sql.lexer import Span, place
from .codes import CODES, OWN_ACCOUNT, Kind

__all__ = ["as_own_account_error", "as_skydesk_error", "code_of", "kind_of"]

_log = logging.getLogger("skydesk.oracle")
_CLASSES: dict[Kind, type[SkydeskError]] = {
    Kind.LIMIT: LimitExceeded,
    Kind.DEADLINE: DeadlineExceeded,
    Kind.RIGHTS: NotAllowed,
    Kind.LOGIN: ServiceUnavailable,
    Kind.LOST: ServiceUnavailable,
    Kind.BUSY: ServiceUnavailable,
    Kind.DOWN: ServiceUnavailable,
    Kind.BROKEN: InternalError,
}
_AT_FAULT = re.compile(r'(?:"[^"\n]*"|[\w$#]+)(?:\s*\.\s*(?:"[^"\n]*"|[\w$#]+))*|\'[^\'\n]*\'|\S')


def code_of(error: oracledb.Error) -> str:
    """Give the code, ``ORA-00942`` or ``DPY-4011``; of an error that wraps another, the one inside that we know."""
    codes: list[str] = re.findall(r"\b(?:ORA|DPY|DPI)-\d{4,5}\b", str(error))
    return next((code for code in reversed(codes) if code in CODES), codes[0] if codes else "")


def kind_of(error: oracledb.Error) -> Kind:
    """Tell which of our errors it becomes."""
    code = code_of(error)
    if code in CODES:
        return CODES[code].kind
    if getattr(error.args[0] if error.args else None, "is_session_dead", False):
        return Kind.LOST
    return Kind.STATEMENT if code.startswith("ORA-") else Kind.BUSY


def as_skydesk_error(error: oracledb.Error, sql: str = "") -> SkydeskError:
    """Find our error for one of the driver's.

    Parameters
    ----------
    sql
        The statement, in which the error's place is marked; empty where it is none of the user's.
    """
    code, kind = code_of(error), kind_of(error)
    meaning = CODES.get(code)
    words = meaning.words if meaning else "the database did not take that"
    advice = meaning.advice if meaning else "show the code to the operator if it stays so"
    if kind in {Kind.STATEMENT, Kind.REFUSED}:
        kept = QueryRefused if kind is Kind.REFUSED else InvalidQuery
        return kept(f"{words}{_said(error)} ({code})", hint=advice, **_place(error, sql))
    _log.warning("%s: %s", code or type(error).__name__, words)
    return _CLASSES[kind](f"{words}; {advice} ({code or 'no code'})")


def as_own_account_error(error: oracledb.Error) -> SkydeskError:
    """Find our error for one that came up when a person's own account logged on."""
    code = code_of(error)
    return NotAllowed(f"{OWN_ACCOUNT[code]} ({code})") if code in OWN_ACCOUNT else as_skydesk_error(error)


def _said(error: oracledb.Error) -> str:
    """What Oracle itself says, without code and help."""
    first = str(error).partition("\n")[0]
    text = re.sub(r"^(?:ORA|DPY)-\d+: ", "", first)
    return f": {text}" if text else ""


def _place(error: oracledb.Error, sql: str) -> dict[str, int]:
    """Line, column and length of what is at fault; the offset counts bytes of the statement as it was sent."""
    offset = getattr(error.args[0] if error.args else None, "offset", 0)
    if not sql or not isinstance(offset, int):
        return {}
    start = len(sql.encode()[: max(0, offset)].decode(errors="ignore"))
    start += len(sql[start:]) - len(sql[start:].lstrip())
    found = _AT_FAULT.match(sql, min(start, len(sql)))
    return place(sql, Span(start, found.end() if found else start + 1))
