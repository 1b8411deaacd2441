"""The rules of jobs as pure functions: which phase may follow which, names, addresses, expiry and renewals."""

import re
import secrets
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from ..errors import Conflict, Fault
from .model import FINAL, Job, Phase

__all__ = [
    "CHANGEABLE",
    "TRANSITIONS",
    "changed",
    "email_faults",
    "is_expired",
    "is_expiring",
    "is_over",
    "line_faults",
    "new_id",
    "renewals_left",
    "renewed",
    "require",
]

TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset({Phase.QUEUED, Phase.HELD, Phase.ERROR, Phase.ABORTED}),
    Phase.QUEUED: frozenset({Phase.EXECUTING, Phase.HELD, Phase.ERROR, Phase.ABORTED}),
    Phase.HELD: frozenset({Phase.QUEUED, Phase.ERROR, Phase.ABORTED}),
    Phase.EXECUTING: frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.QUEUED, Phase.SUSPENDED, Phase.UNKNOWN}),
    Phase.SUSPENDED: frozenset({Phase.EXECUTING, Phase.QUEUED, Phase.ERROR, Phase.ABORTED}),
    Phase.UNKNOWN: frozenset({Phase.EXECUTING, Phase.QUEUED, Phase.COMPLETED, Phase.ERROR, Phase.ABORTED}),
    Phase.COMPLETED: frozenset({Phase.ARCHIVED}),
    Phase.ERROR: frozenset({Phase.ARCHIVED}),
    Phase.ABORTED: frozenset({Phase.ARCHIVED}),
    Phase.ARCHIVED: frozenset(),
}
"""The phases that may follow each phase (UWS 1.1, section 2.1.3; EXECUTING goes back to QUEUED when its runner has died)."""

CHANGEABLE = frozenset(f.name for f in fields(Job)) - {"id", "owner", "type", "request", "created_at", "revision"}
"""Fields of a job that may change after it was made."""

_ID_CHARACTERS = string.ascii_lowercase + string.digits
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def new_id() -> str:
    """Make an unguessable job id of 16 characters (82 bits)."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(16))


def require(
    job: Job,
    *,
    expect: frozenset[Phase] | None = None,
    expect_runner: str | None = None,
    expect_revision: int | None = None,
) -> None:
    """Check that a job is as a change expects it.

    Raises
    ------
    Conflict
        It is not.
    """
    if expect is not None and job.phase not in expect:
        wanted = " or ".join(sorted(expect)) or "none at all"
        raise Conflict(f"job {job.id} is {job.phase}, and this needs {wanted}; look at the job again")
    if expect_runner is not None and job.runner != expect_runner:
        raise Conflict(f"job {job.id} is held by the runner {job.runner}, not by {expect_runner}")
    if expect_revision is not None and job.revision != expect_revision:
        raise Conflict(f"job {job.id} was changed by someone else in the meantime; look at it again and repeat")


def changed(job: Job, values: Mapping[str, Any]) -> Job:
    """Give the job with some fields set, if that is a change a job can undergo.

    Raises
    ------
    TypeError
        A field does not exist or never changes.
    Conflict
        The new phase cannot follow the present one.
    """
    if unknown := values.keys() - CHANGEABLE:
        raise TypeError(f"fields of a job that cannot be changed: {', '.join(sorted(unknown))}")
    phase = values.get("phase", job.phase)
    if phase != job.phase and phase not in TRANSITIONS[job.phase]:
        raise Conflict(f"job {job.id} is {job.phase} and cannot become {phase}")
    return replace(job, **values)


def line_faults(field: str, text: str, max_characters: int = 128) -> list[Fault]:
    """Tell what keeps a text from being a name: one line, 1 to ``max_characters`` characters, no control characters."""
    if not text.strip():
        return [Fault(field=field, message=f"is empty; give 1 to {max_characters} characters")]
    if len(text) > max_characters:
        return [Fault(field=field, message=f"has {len(text)} characters; the most is {max_characters}")]
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        return [Fault(field=field, message=f"{text!r} holds a line break or another control character; write it on one line")]
    return []


def email_faults(address: str) -> list[Fault]:
    """Tell what keeps a text from being one plain e-mail address (dot-atom@domain of RFC 5321, without quoting)."""
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        return [Fault(field="email", message=f"{address[:100]!r} is not an e-mail address; give one like name@example.org")]
    return []


def is_expired(job: Job) -> bool:
    """Tell whether the job's files were removed at the end of their lifetime."""
    return job.phase is Phase.ARCHIVED


def is_expiring(job: Job, now: datetime) -> bool:
    """Tell whether the owner should be warned that the job's files will be removed."""
    return job.phase in FINAL and not is_expired(job) and now >= job.warning_at


def is_over(job: Job, now: datetime) -> bool:
    """Tell whether the job's lifetime has ended, so that nothing may be kept of its files."""
    return is_expired(job) or now >= job.destruction_at


def renewals_left(job: Job) -> int:
    """How often the job's lifetime may still be renewed."""
    return 0 if is_expired(job) else max(0, job.max_renewals - job.renewals)


def renewed(job: Job, now: datetime) -> dict[str, Any]:
    """Give the fields that one renewal changes: it adds one lifetime, and the owner is warned anew.

    Raises
    ------
    Conflict
        No renewal is left, or the lifetime has ended.
    """
    if is_over(job, now):
        raise Conflict(f"job {job.id} has expired and its files are gone; run it again instead")
    if not renewals_left(job):
        raise Conflict(f"job {job.id} was renewed {job.renewals} times, which is all there is; download its files or run it again")
    more = timedelta(seconds=job.lifetime_seconds)
    return {
        "destruction_at": job.destruction_at + more,
        "warning_at": job.warning_at + more,
        "renewals": job.renewals + 1,
        "warned_at": None,
    }
