"""A few of Oracle's rules reckoned in plain Python: what the manual says, without SQL."""

from calendar import monthrange
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

__all__ = ["add_months", "chosen", "joined", "junction", "months_between", "negation", "padded", "part", "position", "shown", "text_of"]

Truth = bool | None


def negation(value: Truth) -> Truth:
    return None if value is None else not value


def junction(word: str, values: list[Truth]) -> Truth:
    """AND and OR of three-valued logic (Logical Conditions, tables 6-4 and 6-5)."""
    decisive = word == "OR"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def text_of(text: str | None) -> str | None:
    """An empty string is NULL (Nulls)."""
    return text or None


def joined(left: str | None, right: str | None) -> str | None:
    """NULL adds nothing (Concatenation Operator)."""
    return text_of((left or "") + (right or ""))


def chosen(subject: object, pairs: list[tuple[object, object]], default: object) -> object:
    """DECODE: two NULLs are the same."""
    return next((result for search, result in pairs if search == subject), default)


def part(text: str | None, start: int, length: int | None) -> str | None:
    """SUBSTR: 0 is 1, below it is counted from the end, and less than one character is NULL."""
    if text is None or (length is not None and length < 1) or -start > len(text):
        return None
    first = len(text) + start if start < 0 else max(start, 1) - 1
    return text_of(text[first:] if length is None else text[first : first + length])


def position(text: str | None, wanted: str | None, start: int, occurrence: int) -> int | None:
    """INSTR: places where it begins, backwards from a negative start."""
    if text is None or wanted is None:
        return None
    places = [place for place in range(1, len(text) + 1) if text.startswith(wanted, place - 1)]
    if start > 0:
        found = [place for place in places if place >= start]
    else:
        found = [place for place in reversed(places) if start and place <= len(text) + start + 1]
    return found[occurrence - 1] if occurrence <= len(found) else 0


def padded(text: str | None, width: int, fill: str | None, *, left: bool) -> str | None:
    """LPAD and RPAD, which cut as well; nothing to fill with is NULL."""
    if text is None or fill is None or width < 1:
        return None
    filling = (fill * width)[: max(0, width - len(text))]
    return text_of((filling + text if left else text + filling) if filling else text[:width])


def add_months(date: datetime, months: int) -> datetime:
    """The last day of a month stays a last day, and no day is beyond it (ADD_MONTHS)."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    is_last = date.day == monthrange(date.year, date.month)[1]
    return date.replace(year=year, month=month + 1, day=last if is_last else min(date.day, last))


def months_between(one: datetime, other: datetime) -> Fraction:
    """Whole for equal days and for two last days, else with parts of a month of 31 days (MONTHS_BETWEEN)."""
    whole = (one.year - other.year) * 12 + one.month - other.month
    lasts = [date.day == monthrange(date.year, date.month)[1] for date in (one, other)]
    if one.day == other.day or all(lasts):
        return Fraction(whole)
    seconds = [Fraction((date - date.replace(day=1, hour=0, minute=0, second=0)) // timedelta(seconds=1)) for date in (one, other)]
    return whole + (seconds[0] - seconds[1]) / (31 * 86400)


def shown(number: Decimal, digits: int, places: int) -> str:
    """TO_CHAR with a format of so many nines, the last before the point a zero, and so many zeros after it."""
    rounded = abs(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    body = f"{rounded:.{places}f}"
    width = digits + (places + 1 if places else 0) + 1
    return "#" * width if len(body.partition(".")[0]) > digits else (("-" if number < 0 else "") + body).rjust(width)
