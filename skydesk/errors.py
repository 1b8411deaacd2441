"""Every error this project raises on purpose.

* SkydeskError
  x UsageError              the caller can mend it
    + InvalidRequest        one or more fields are wrong; every fault is named
    + InvalidSurvey         a survey file is wrong; every fault is named
    + InvalidPolicy         a policy file is wrong; every fault is named
    + InvalidQuery          the statement cannot be parsed or bound
      . QueryRefused        it could be run somewhere, but not here; says a way out
    + NotAllowed            the user's groups do not grant it
    + LimitExceeded         the user's limits do not allow so much
    + Conflict              the thing is in another state than the request assumes
      . Queued              no place is free; the user now stands in the queue
  x Unauthenticated         nobody is known to be asking
  x NotFound                no such thing, or none that this user may see
  x DeadlineExceeded        the work took longer than its limit
  x Cancelled               somebody asked for the work to stop
  x ServiceUnavailable      trying again may help
  x InvalidImage            an image file is broken; the rest of the survey is not
  x InternalError           a bug or broken data; details go to the log only
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

__all__ = [
    "Cancelled",
    "Conflict",
    "DeadlineExceeded",
    "Fault",
    "InternalError",
    "InvalidImage",
    "InvalidPolicy",
    "InvalidQuery",
    "InvalidRequest",
    "InvalidSurvey",
    "LimitExceeded",
    "NotAllowed",
    "NotFound",
    "QueryRefused",
    "Queued",
    "ServiceUnavailable",
    "SkydeskError",
    "Unauthenticated",
    "UsageError",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a request or a file."""

    message: str
    """What is wrong and what would do."""

    field: str | None = None
    """Name of the field, column or key, where there is one."""

    row: int | None = None
    """Row or line, counted from 1, where there is one."""

    def __str__(self) -> str:
        where = [f"row {self.row}"] if self.row is not None else []
        where += [self.field] if self.field else []
        return f"{', '.join(where)}: {self.message}" if where else self.message


class SkydeskError(Exception):
    """Base class of every error raised on purpose."""

    code: ClassVar[str] = "internal_error"
    """Stable, machine-readable name of the kind."""

    @property
    def detail(self) -> dict[str, Any]:
        """What a program may want to know beside the message; JSON values."""
        return {}


class UsageError(SkydeskError):
    """The request cannot be carried out as asked."""

    code = "usage_error"


_TOLD_FAULTS = 20


class _Faulty(UsageError):
    """An error that holds every fault found, not only the first; its text names the first twenty."""

    def __init__(self, faults: str | Iterable[Fault]) -> None:
        self.faults = (Fault(message=faults),) if isinstance(faults, str) else tuple(faults)
        more = len(self.faults) - _TOLD_FAULTS
        super().__init__("; ".join(map(str, self.faults[:_TOLD_FAULTS])) + (f"; and {more:,} more" if more > 0 else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)

    @property
    def detail(self) -> dict[str, Any]:
        """Every fault with its field and row."""
        return {"faults": [asdict(fault) for fault in self.faults]}


class InvalidRequest(_Faulty):
    """One or more fields of a request are wrong."""

    code = "invalid_request"


class InvalidSurvey(_Faulty):
    """A survey file is wrong."""

    code = "invalid_survey"


class InvalidPolicy(_Faulty):
    """A policy file is wrong."""

    code = "invalid_policy"


class InvalidQuery(UsageError):
    """A statement cannot be parsed, or names what does not exist.

    Parameters
    ----------
    message
        What is wrong.
    line, column
        Where, in the text as the user wrote it, both counted from 1; None where not known.
    length
        Number of characters at fault, at least 1 where a place is known.
    hint
        What would do instead.
    """

    code = "invalid_query"

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        length: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.length = length
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),), {**self.__dict__}

    @property
    def detail(self) -> dict[str, Any]:
        """The place in the text, counted from 1, and the hint."""
        return {"line": self.line, "column": self.column, "length": self.length, "hint": self.hint}


class QueryRefused(InvalidQuery):
    """The statement is understood but not carried out here; ``hint`` says a way out."""

    code = "query_refused"


class NotAllowed(UsageError):
    """The user's groups do not grant what was asked."""

    code = "not_allowed"


class LimitExceeded(UsageError):
    """The user's limits do not allow so much."""

    code = "limit_exceeded"


class Conflict(UsageError):
    """The thing is in another state than the request assumes."""

    code = "conflict"


class Queued(Conflict):
    """No place is free for a lab; who asked now stands in the queue.

    Parameters
    ----------
    message
        What the user is told.
    profile
        The lab profile that was asked for.
    place
        Place in the queue, counted from 1.
    length
        How many stand in it.
    estimate_seconds
        How long it may take at most, as things are; None where nobody can tell.
    """

    code = "queued"

    def __init__(self, message: str, *, profile: str = "", place: int = 1, length: int = 1, estimate_seconds: float | None = None) -> None:
        super().__init__(message)
        self.profile = profile
        self.place = place
        self.length = length
        self.estimate_seconds = estimate_seconds

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),), {**self.__dict__}

    @property
    def detail(self) -> dict[str, Any]:
        """Place, length and estimate, seconds."""
        return {"profile": self.profile, "place": self.place, "length": self.length, "estimate_seconds": self.estimate_seconds}


class Unauthenticated(SkydeskError):
    """Nobody is known to be asking."""

    code = "unauthenticated"


class NotFound(SkydeskError):
    """No such job, file or table, or none that this user may see."""

    code = "not_found"


class DeadlineExceeded(SkydeskError):
    """The work took longer than its limit and was stopped."""

    code = "deadline_exceeded"


class Cancelled(SkydeskError):
    """Somebody asked for the work to stop, and it did."""

    code = "cancelled"


class ServiceUnavailable(SkydeskError):
    """A backend did not answer; trying again may help."""

    code = "unavailable"


class InvalidImage(SkydeskError):
    """An image file of the survey is broken, or is not what it should be; the rest of the survey is not affected."""

    code = "invalid_image"


class InternalError(SkydeskError):
    """A bug or broken data; the log has the details."""

    code = "internal_error"
