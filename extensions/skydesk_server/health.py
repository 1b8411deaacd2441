"""Whether the service can do its work."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from skydesk.wiring import Services

__all__ = ["Health"]

_FRESH_SECONDS = 5.0
_MIN_FREE_BYTES = 100 * 2**20

_log = logging.getLogger("skydesk.server")


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
                services = self._services()
                checks = {
                    "database": lambda: services.store.events_since(0, owner="") is not None,
                    "catalogue": lambda: bool(services.catalog.check("SELECT 1 FROM DUAL")),
                    "runner": lambda: getattr(services.runner, "problem", None) is None,
                    "disk": lambda: _free_bytes(services.jobs_folder) > _MIN_FREE_BYTES,
                }
                self._found = {name: _works(name, check) for name, check in checks.items()}
                self._checked_at = time.monotonic()
            return self._found


def _works(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        _log.exception("the %s does not work", name)
        return False


def _free_bytes(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free
