"""Refusals of a lab as JupyterHub shows them: a status and a sentence, on pages and in its API, in versions 5 and 6."""

from typing import Any

from skydesk.access import LabProfile

from .service_client import ServiceRefused
from .words import duration

try:
    from jupyterhub.spawner import SpawnException as _Base
except ImportError:  # JupyterHub 5 has no kind of its own for refusals
    from tornado.web import HTTPError as _Base

__all__ = ["CHECKS_ARE_FAILURES", "Rejection", "not_open", "not_placed", "refused", "unreachable"]

CHECKS_ARE_FAILURES = _Base.__name__ == "HTTPError"
"""True where JupyterHub counts a refusal as a failed start, of which some in a row end the hub."""


class Rejection(_Base):
    """A lab is refused.

    Parameters
    ----------
    status
        The HTTP status.
    sentence
        What the user reads.
    label
        A word for the hub's metrics.
    """

    def __init__(self, status: int, sentence: str, label: str) -> None:
        if CHECKS_ARE_FAILURES:
            super().__init__(status, sentence, reason=label)
        else:
            super().__init__(sentence, reason=label, status_code=status)
        self.jupyterhub_message = sentence

    def __str__(self) -> str:
        return str(self.jupyterhub_message)


def not_open(sentence: str) -> Rejection:
    """No group grants what was asked for."""
    return Rejection(403, sentence, "not_allowed")


def not_placed(sentence: str) -> Rejection:
    """The cluster does not take the lab."""
    return Rejection(503, sentence, "not_placed")


def unreachable() -> Rejection:
    """Nobody can say whether the lab is allowed, so it is not."""
    return Rejection(503, "the SkyDesk service does not answer, and without it no lab is let in; try again in a minute", "service_down")


def refused(refusal: ServiceRefused, profile: LabProfile) -> Rejection:
    """What the service said, with the place in the queue where the user now stands in one."""
    if refusal.code == "queued":
        return Rejection(409, _queued(refusal.detail, profile), "queued")
    return Rejection(refusal.status, refusal.message, refusal.code)


def _queued(detail: Any, profile: LabProfile) -> str:
    place, length, estimate = detail.get("place"), detail.get("length"), detail.get("estimate_seconds")
    wait = f"; your turn is expected in about {duration(estimate)}" if estimate is not None else ""
    return (
        f"no {profile.title} lab is free now; you are number {place} of {length} in the queue{wait}. "
        f"When your turn comes, a place is kept for you for {duration(profile.hold_seconds)}: come back to this page and start it then"
    )
