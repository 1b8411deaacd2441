"""On whose behalf the catalogue is asked, for a database that wants to know."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["acting_for", "acting_groups", "acting_person"]

_PERSON: ContextVar[str] = ContextVar("skydesk_acting_person", default="")
_GROUPS: ContextVar[frozenset[str]] = ContextVar("skydesk_acting_groups", default=frozenset())


@contextmanager
def acting_for(person: str, groups: Collection[str] = ()) -> Iterator[None]:
    """Ask the catalogue on behalf of a person, who is a member of some groups, while this context is open."""
    token, token_of_groups = _PERSON.set(person), _GROUPS.set(frozenset(groups))
    try:
        yield
    finally:
        _GROUPS.reset(token_of_groups)
        _PERSON.reset(token)


def acting_person() -> str:
    """Name of the person on whose behalf this is done; empty for the service itself."""
    return _PERSON.get()


def acting_groups() -> frozenset[str]:
    """Groups of the person on whose behalf this is done."""
    return _GROUPS.get()
