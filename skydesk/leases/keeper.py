"""Ticks: a thread that has leases looked after every few seconds."""

import logging
import threading
import time
from datetime import timedelta

from ..errors import SkydeskError
from .service import LeaseService

__all__ = ["LeaseKeeper"]

_log = logging.getLogger("skydesk.leases")

_FORGET_EVERY_SECONDS = 3600


class LeaseKeeper:
    """Calls `LeaseService.tick` at intervals; what fails is logged, and made up for by the next tick.

    Parameters
    ----------
    leases
        What to look after.
    kept
        How long leases that have ended are kept; None for ever.
    """

    def __init__(self, leases: LeaseService, *, kept: timedelta | None = None) -> None:
        self._leases = leases
        self._kept = kept
        self._forget_at = 0.0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, every_seconds: float) -> None:
        """Begin, at once and then at intervals, in a thread."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, args=(every_seconds,), name="skydesk-leases", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 3) -> None:
        """Tick no more; a tick that is going on is finished, unless it takes longer than the time given."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            self._thread = None

    def _run(self, every_seconds: float) -> None:
        while True:
            try:
                self._leases.tick()
                self._forget()
            except SkydeskError as error:
                _log.warning("leases could not be looked after, which is tried again: %s", error)
            except Exception:
                _log.exception("leases could not be looked after")
            if self._stopped.wait(every_seconds):
                return

    def _forget(self) -> None:
        if self._kept is None or time.monotonic() < self._forget_at:
            return
        count = self._leases.forget_ended(self._kept)
        self._forget_at = time.monotonic() + _FORGET_EVERY_SECONDS
        if count:
            _log.info("%d leases that ended more than %d d ago are forgotten", count, self._kept.days)
