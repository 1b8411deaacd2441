"""Times as JSON has them."""

from datetime import UTC, datetime

__all__ = ["time_to_json"]


def time_to_json(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and a ``Z``; None for none."""
    return None if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
