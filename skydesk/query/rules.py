"""What holds for every statement and number that a user sends."""

import re

from ..errors import Fault, InvalidQuery, InvalidRequest

__all__ = ["MAX_STATEMENT_CHARS", "number_faults", "require_numbers", "require_text"]

MAX_STATEMENT_CHARS = 1_000_000
"""Longest statement: room for some 50,000 identifiers in IN lists."""

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


def require_text(sql: str) -> None:
    """Refuse a statement that is too long, or holds what is no text.

    Raises
    ------
    InvalidQuery
        Says which, and where.
    """
    if len(sql) > MAX_STATEMENT_CHARS:
        raise InvalidQuery(
            f"the statement has {len(sql):,} characters; at most {MAX_STATEMENT_CHARS:,} are taken",
            hint="join with a table instead of listing values, or run it in parts",
        )
    found = _NOT_TEXT.search(sql)
    if found is not None:
        line, column = sql.count("\n", 0, found.start()) + 1, found.start() - sql.rfind("\n", 0, found.start())
        raise InvalidQuery("a character here is not text", line=line, column=column, length=1, hint="delete it")


def require_numbers(max_rows: int | None, limit_seconds: float | None) -> None:
    """Refuse numbers out of range.

    Raises
    ------
    InvalidRequest
        Names each.
    """
    faults = number_faults(max_rows, limit_seconds)
    if faults:
        raise InvalidRequest(faults)


def number_faults(max_rows: int | None, limit_seconds: float | None) -> list[Fault]:
    """Name the numbers that are out of range: rows below 0, seconds not above 0."""
    faults = []
    if max_rows is not None and max_rows < 0:
        faults.append(Fault(field="max_rows", message=f"must be 0 or more, got {max_rows}"))
    if limit_seconds is not None and not 0 < limit_seconds < float("inf"):
        faults.append(Fault(field="limit_seconds", message=f"must be above 0 s, got {limit_seconds:g}"))
    return faults
