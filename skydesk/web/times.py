"""Times as JSON has them."""

from datetime import UTC, datetime

from ..errors import Fault
from .fields import Fields

__all__ = ["time_from_json", "time_to_json"]


def time_to_json(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and a ``Z``; None for none."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_from_json(fields: Fields, name: str) -> datetime | None:
    """A time in ISO 8601 with its offset from UTC; None where it is missing or null."""
    text = fields.text_or_none(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text[:50])
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    fields.faults.append(Fault(field=name, message=f"must be a time like 2026-03-14T15:09:26Z, got {text[:50]!r}"))
    return None
