"""What an embedded SkyDesk does at its start: services in the background, job folders where the file browser sees them."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from skydesk.errors import ServiceUnavailable, SkydeskError
from skydesk.wiring import Services

__all__ = ["LateServices", "link_jobs_folder"]

_log = logging.getLogger("skydesk.server")


class LateServices:
    """Services that are being made while the server already answers; called, it gives them.

    Parameters
    ----------
    make
        Makes the services; is given a function to tell how far it has come, 0 to 1.
    """

    def __init__(self, make: Callable[[Callable[[float], None]], Services]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._services: Services | None = None
        self._fraction: float | None = None
        self._error: SkydeskError | None = None
        self._closed = False

    def make(self) -> None:
        """Make and start the services; for a thread of its own."""
        try:
            services = self._make(self._told)
            with self._lock:
                if not self._closed:
                    services.start()
                    self._services = services
                    return
            services.close()
        except SkydeskError as error:
            _log.error("SkyDesk cannot start: %s", error)
            self._error = error
        except Exception:
            _log.exception("SkyDesk cannot start")
            self._error = ServiceUnavailable("SkyDesk could not start; the server's log says why")

    def __call__(self) -> Services:
        """The services.

        Raises
        ------
        ServiceUnavailable
            They are still being made, or could not be made; the message says which.
        """
        if self._services is not None:
            return self._services
        if self._error is not None:
            raise ServiceUnavailable(f"SkyDesk could not start: {self._error}")
        if self._fraction is not None:
            raise ServiceUnavailable(f"the demo survey is being made: {100 * self._fraction:.0f} %")
        raise ServiceUnavailable("SkyDesk is starting; ask again in a moment")

    def close(self) -> None:
        """Stop the services, now or as soon as they are made."""
        with self._lock:
            self._closed = True
            services, self._services = self._services, None
        self._error = ServiceUnavailable("SkyDesk has stopped")
        if services is not None:
            services.close()

    def _told(self, fraction: float) -> None:
        self._fraction = min(max(fraction, 0.0), 1.0)


def link_jobs_folder(root_dir: Path, folder: Path) -> str | None:
    """Make a user's job folders visible below the file browser's root.

    Parameters
    ----------
    root_dir
        The file browser's root.
    folder
        The user's job folders; made when missing.

    Returns
    -------
    str or None
        The path below ``root_dir``: where the folder already is, or a link ``jobs``, or ``skydesk-jobs`` where there is
        something else of that name; None where no link can be made.
    """
    root_dir = root_dir.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        if folder.is_relative_to(root_dir) and not any(part.startswith(".") for part in folder.relative_to(root_dir).parts):
            return folder.relative_to(root_dir).as_posix()
        for name in ("jobs", "skydesk-jobs"):
            link = root_dir / name
            if not os.path.lexists(link):
                link.symlink_to(folder, target_is_directory=True)
            if link.resolve() == folder:
                return name
    except OSError as error:
        _log.warning("the job folders cannot be shown in the file browser: %s", error)
    return None
