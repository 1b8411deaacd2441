"""What several commands print the same way."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["age", "print_json", "print_rows", "size"]


def print_json(value: Any) -> None:
    """Print a JSON document for a script."""
    json.dump(value, sys.stdout, indent=2, default=str, ensure_ascii=False)
    print()


def print_rows(header: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> None:
    """Print rows in columns as wide as their widest cell; the columns in ``right`` are set flush right."""
    cells = [list(map(_cell, header)), *(list(map(_cell, row)) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    flush_right = set(right)
    for row in cells:
        print("  ".join(c.rjust(w) if i in flush_right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip())


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


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return json.dumps(value)
    # control characters of a name must not steer the terminal
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
