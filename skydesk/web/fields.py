"""Reads the fields of a call and names everything that is wrong with them, not only the first."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import Fault, InvalidRequest

__all__ = ["Fields"]

_SHOWN_CHARS = 80
_LONGEST_NAME = 4000


class Fields:
    """The fields of a JSON object or of a query string, read one by one; `finish` raises what was wrong.

    Parameters
    ----------
    values
        Names and values as they came.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._read: set[str] = set()
        self.faults: list[Fault] = []

    def text(self, name: str) -> str:
        """A text that must be there; empty after a fault."""
        value = self.text_or_none(name)
        if value is None and name not in {fault.field for fault in self.faults}:
            self._fault(name, "is missing")
        return value or ""

    def text_or_none(self, name: str) -> str | None:
        """A text; None where it is missing or null."""
        value = self._take(name)
        if value is None or isinstance(value, str):
            return value
        self._fault(name, f"must be a text, got {_shown(value)}")
        return None

    def flag(self, name: str) -> bool:
        """True or false; false where it is missing or null."""
        value = self._take(name)
        if value is not None and not isinstance(value, bool):
            self._fault(name, f"must be true or false, got {_shown(value)}")
        return value is True

    def count_or_none(self, name: str, *, least: int = 0) -> int | None:
        """A whole number, as a number or, in a query string, as digits; None where it is missing or null."""
        value = self._take(name)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
            value = int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
            self._fault(name, f"must be a whole number, {least} or more, got {_shown(value)}")
            return None
        return value

    def seconds_or_none(self, name: str) -> float | None:
        """A number of seconds above zero; None where it is missing or null."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            self._fault(name, f"must be a number of seconds above 0, got {_shown(value)}")
            return None
        return float(value)

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of texts that must be there."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most or not all(isinstance(item, str) for item in value):
            self._fault(name, f"must be a list of at most {most} texts, got {_shown(value)}")
            return ()
        return tuple(value)

    def storable(self, name: str, *, needed: bool = False) -> str:
        """A short text that a database can keep: a name; empty where it is missing or null."""
        value = (self.text(name) if needed else self.text_or_none(name)) or ""
        if needed and isinstance(self._values.get(name), str) and not value:
            self._fault(name, "is empty")
        self._require_storable(name, value)
        return value

    def storables(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of such texts that must be there."""
        values = self.texts(name, most=most)
        for value in values:
            self._require_storable(name, value)
        return values

    def objects(self, name: str, *, most: int) -> tuple[Mapping[str, Any], ...]:
        """A list of JSON objects that must be there."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most or not all(isinstance(item, dict) for item in value):
            self._fault(name, f"must be a list of at most {most} objects, got {_shown(value)}")
            return ()
        return tuple(value)

    def raw(self, name: str) -> Any:
        """Whatever is there, for who checks it themselves; None where it is missing."""
        return self._take(name)

    def finish(self) -> None:
        """End the reading.

        Raises
        ------
        InvalidRequest
            Fields are wrong, missing or unknown.
        """
        for name in sorted(self._values.keys() - self._read):
            self._fault(name[:_SHOWN_CHARS], f"is not known here; known are {', '.join(sorted(self._read)) or 'none'}")
        if self.faults:
            raise InvalidRequest(self.faults)

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def _require_storable(self, name: str, value: str) -> None:
        if len(value) > _LONGEST_NAME or any(c < " " or "\ud800" <= c <= "\udfff" for c in value):
            self._fault(name, f"must have at most {_LONGEST_NAME} characters and no control characters, got {_shown(value)}")

    def _fault(self, name: str, message: str) -> None:
        self.faults.append(Fault(field=name, message=message))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
