"""What a job's owner is told while the cluster has not begun it; pure functions."""

import re

from .verdict import Waiting, WaitingFor

__all__ = ["NOT_TAKEN", "note_of_no_place", "note_of_wait"]

NOT_TAKEN = "the cluster does not take it at present; it is tried again, and the operator is told"
"""Where the cluster does not answer or refuses the service: its words are for the operator."""

_QUOTA = re.compile(r"exceeded quota: ([^,\s]+)")
_PREEMPTION = re.compile(r"\s*preemption:.*", re.DOTALL)
_LONGEST = 300


def note_of_no_place(words: str) -> str:
    """Tell why a job is back in the queue, from the cluster's words: a quota's, or the scheduler's."""
    if quota := _QUOTA.search(words):
        return f"it waits for other jobs to end: the quota {quota[1]} of the cluster is used up"
    return f"it waits for a node with room{_in_brackets(_PREEMPTION.sub('', words))}"


def note_of_wait(wait: Waiting) -> str | None:
    """Tell what keeps a pod from its work; None where that is only the time that a start takes."""
    match wait.what:
        case WaitingFor.QUOTA | WaitingFor.PLACE:
            return note_of_no_place(wait.words)
        case WaitingFor.IMAGE:
            return "it waits for the image of job workers, which could not be fetched yet"
        case WaitingFor.POD:
            return f"it waits for the cluster to make its pod{_in_brackets(wait.words)}"
        case WaitingFor.START:
            return f"its pod does not start yet{_in_brackets(wait.words)}" if wait.words else None


def _in_brackets(words: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split()).rstrip(".")
    if not line:
        return ""
    return f" ({line if len(line) <= _LONGEST else f'{line[: _LONGEST - 1]}…'})"
