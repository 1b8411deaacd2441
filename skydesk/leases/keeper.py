"""Ticks: a thread that has leases looked after every few seconds."""

import logging
import threading

from ..errors import SkydeskError
from .service import LeaseService

__all__ = ["LeaseKeeper"]

_log = logging.getLogger("skydesk.leases")


class LeaseKeeper:
    """Calls `LeaseService.tick` at intervals; what fails is logged, and made up for by the next tick.

    Parameters
    ----------
    leases
        What to look after.
    """

    def __init__(self, leases: LeaseService) -> None:
        self._leases = leases
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
            except SkydeskError as error:
                _log.warning("leases could not be looked after, which is tried again: %s", error)
            except Exception:
                _log.exception("leases could not be looked after")
            if self._stopped.wait(every_seconds):
                return
