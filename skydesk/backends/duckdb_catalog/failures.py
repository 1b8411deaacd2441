"""DuckDB's errors as ours."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from ...errors import InternalError, InvalidQuery, LimitExceeded, QueryRefused, ServiceUnavailable, SkydeskError

__all__ = ["as_skydesk_error", "translated"]


@contextmanager
def translated(stopped: Callable[[], SkydeskError | None] = lambda: None) -> Iterator[None]:
    """Raise our errors in place of DuckDB's, which Arrow passes on as ``OSError`` while rows are read.

    Parameters
    ----------
    stopped
        Gives the error that a stopped statement ends with, None where nobody stopped it.
    """
    try:
        yield
    except (duckdb.Error, OSError, pa.ArrowException, MemoryError) as error:
        reason = stopped()
        if reason is not None:
            raise reason from error
        raise as_skydesk_error(error) from error


def as_skydesk_error(error: BaseException) -> SkydeskError:
    """Find our error for one of DuckDB's, by the kind that its text begins with (``Conversion Error: ...``)."""
    kind, _, message = str(error).partition(" Error: ")
    if isinstance(error, MemoryError):
        kind = "Out of Memory"
    return _KINDS.get(kind, _unknown)(_plain(message))


def _plain(message: str) -> str:
    first = message.partition("\n")[0]
    first = re.sub(r" when casting from source column \w+$", "", first)
    begins_a_sentence = first[:1].isupper() and not first[1:2].isupper()
    return (first[:1].lower() + first[1:] if begins_a_sentence else first).rstrip(".!")


def _memory(_: str) -> SkydeskError:
    return LimitExceeded(
        "the statement needs more memory and disk than one statement may take; "
        "narrow it down with WHERE, join fewer rows, or sort and group by fewer columns"
    )


def _number(message: str) -> SkydeskError:
    return InvalidQuery(f"number out of range: {message}", hint="multiply by 1.0 to reckon in floating point, or exclude the rows at fault")


def _value(message: str) -> SkydeskError:
    if "out of range" in message:
        return _number(message)
    return InvalidQuery(message, hint="compare like with like: numbers with numbers, texts with quoted texts")


def _input(message: str) -> SkydeskError:
    if message.startswith("division by zero"):
        message = "ORA-01476: divisor is equal to zero"
    if message.startswith("more than one row returned by a subquery"):
        message = "ORA-01427: a subquery used as a value gives more than one row"
    return InvalidQuery(message, hint=next((hint for code, hint in _HINTS.items() if code in message), None))


def _unsupported(message: str) -> SkydeskError:
    return QueryRefused(message, hint="write it another way; docs list what this catalogue carries out")


def _storage(_: str) -> SkydeskError:
    return ServiceUnavailable("the catalogue could not be read; try again, and tell the operator if it stays so")


def _unknown(_: str) -> SkydeskError:
    return InternalError("the database failed in a way that is not known; the log has the details")


_HINTS = {
    "ORA-01476": "write NULLIF(divisor, 0) for the divisor, or exclude the rows at fault",
    "ORA-01427": "use IN, an aggregate, or FETCH FIRST 1 ROW ONLY",
    "ORA-01722": "compare numbers with numbers, and texts with quoted texts",
    "ORA-01428": "exclude the rows at fault with WHERE or CASE",
}

_KINDS: dict[str, Callable[[str], SkydeskError]] = {
    "Out of Memory": _memory,
    "Out of Range": _number,
    "Conversion": _value,
    "Mismatch Type": _value,
    "Invalid Input": _input,
    "Binder": InvalidQuery,
    "Catalog": InvalidQuery,
    "Parser": InvalidQuery,
    "Syntax": InvalidQuery,
    "Invalid Type": InvalidQuery,
    "Not implemented": _unsupported,
    "Permission": _unsupported,
    "IO": _storage,
    "HTTP": _storage,
}
