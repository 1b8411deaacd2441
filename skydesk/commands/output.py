"""What several commands print the same way."""

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

__all__ = ["age", "json_text", "one_line", "print_json", "print_rows", "print_text", "size"]

_KEPT = "\n\t"


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A JSON document (RFC 8259): what it has no number for, NaN and infinity, is null; times are ISO 8601."""
    return json.dumps(_plain_json(value), indent=indent, ensure_ascii=False, allow_nan=False)


def print_json(value: Any) -> None:
    """Print a JSON document for a script."""
    print(json_text(value, indent=2))


def print_text(text: str) -> None:
    """Print text of several lines that somebody else wrote; its control characters do not steer the terminal."""
    print("".join(c if c in _KEPT else _harmless(c) for c in text))


def one_line(text: str) -> str:
    """Text of somebody else's on one line."""
    return "".join(map(_harmless, " ".join(text.split())))


def print_rows(header: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> None:
    """Print rows in columns as wide as their widest cell; the columns in ``right`` are set flush right."""
    cells = [list(map(_cell, header)), *(list(map(_cell, row)) for row in rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(header))]
    flush_right = set(right)
    for row in cells:
        print("  ".join(_padded(text, width, i in flush_right) for i, (text, width) in enumerate(zip(row, widths, strict=True))).rstrip())


def size(size_bytes: int) -> str:
    """A size with a unit that a person reads at a glance: ``12.3 MB``."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def age(moment: str | None, now: datetime | None = None) -> str:
    """How long ago, or in how long, an ISO time is: ``3 h ago``, ``in 12 d``."""
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds()
    amount = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if amount >= length:
            text = f"{amount / length:.0f} {unit}"
            break
    else:
        text = f"{amount:.0f} s"
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def _plain_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_json(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    text = value.isoformat() if isinstance(value, date) else str(value)
    # what the terminal or the file system gave as bytes that are no text
    return text.encode(errors="replace").decode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return "".join(map(_harmless, json_text(value) if isinstance(value, Mapping) else str(value)))


def _harmless(character: str) -> str:
    """A character as it is, or, where it would steer the terminal or turn the text round, a mark in its place."""
    if character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int, flush_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if flush_right else text + space
