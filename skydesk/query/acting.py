"""On whose behalf the catalogue is asked, for a database that wants to know."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["acting_for", "acting_person"]

_PERSON: ContextVar[str] = ContextVar("skydesk_acting_person", default="")


@contextmanager
def acting_for(person: str) -> Iterator[None]:
    """Ask the catalogue on behalf of a person while this context is open."""
    token = _PERSON.set(person)
    try:
        yield
    finally:
        _PERSON.reset(token)


def acting_person() -> str:
    """Name of the person on whose behalf this is done; empty for the service itself."""
    return _PERSON.get()
