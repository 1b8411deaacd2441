"""How the table of statements is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["INF", "NAN", "Group", "_", "day"]

_ = None
"""NULL."""

NAN = float("nan")
INF = float("inf")

Row = tuple[object, ...]


def day(year: int, month: int, number: int, *time: int) -> datetime:
    return datetime(year, month, number, *time)


@dataclass(frozen=True, slots=True)
class Group:
    """Statements of which one section of Oracle's manual says what they give.

    What does not begin with SELECT or WITH is an expression, and stands for ``select <expression> from dual``.
    """

    section: str
    """Heading in the manual."""

    source: str
    """Manual and chapter."""

    values: Sequence[tuple[str, object]] = field(default=())
    """Expressions with their values."""

    answers: Sequence[tuple[str, list[Row]]] = field(default=())
    """Statements with their rows: in this order where the statement sorts, in any where it does not."""

    faults: Sequence[tuple[str, str]] = field(default=())
    """What is an error in Oracle, with its code, and what we refuse only when a row shows it, with words of our message."""

    refusals: Sequence[tuple[str, str, str]] = field(default=())
    """What Oracle carries out and we refuse, with words of the message and of the way out."""
