"""Whether the service can do its work."""

import threading
import time
from collections.abc import Callable, Mapping

from skydesk.web.health import works
from skydesk.wiring import Services

__all__ = ["Health"]

_FRESH_SECONDS = 5.0


class Health:
    """Looks at what the service stands on; asked often, it looks at most every five seconds.

    Parameters
    ----------
    services
        Gives the services.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._checked_at = -_FRESH_SECONDS
        self._found: Mapping[str, bool] = {}

    def check(self) -> Mapping[str, bool]:
        """Tell of ``database``, ``catalogue``, ``runner`` and ``disk`` whether it works; for a thread."""
        with self._lock:
            if time.monotonic() - self._checked_at >= _FRESH_SECONDS:
                self._found = works(self._services())
                self._checked_at = time.monotonic()
            return self._found
