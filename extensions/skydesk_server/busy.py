"""A lab that computes is not idle, also when nobody looks and its kernel says nothing."""

from datetime import UTC, datetime
from typing import Any

from tornado.ioloop import PeriodicCallback

__all__ = ["BusyKernels"]

_SETTING = "skydesk_busy_kernel_last_activity"
"""Jupyter Server counts every setting whose name ends so as a time at which something happened."""


class BusyKernels:
    """Tells the Jupyter server every minute that it is active, as long as a kernel is busy.

    Jupyter Server notes when a kernel last said something; one that computes in silence has said nothing for hours.

    Parameters
    ----------
    server
        The ``ServerApp``.
    every_seconds
        How often to look, seconds.
    """

    def __init__(self, server: Any, *, every_seconds: float = 60) -> None:
        self._server = server
        self._looking = PeriodicCallback(self.look, 1000 * every_seconds)

    def start(self) -> None:
        """Begin to look."""
        self._looking.start()

    def stop(self) -> None:
        """Look no more."""
        self._looking.stop()

    def look(self) -> None:
        """Note that something happens now, if a kernel is busy."""
        if any(kernel["execution_state"] == "busy" for kernel in self._server.kernel_manager.list_kernels()):
            self._server.web_app.settings[_SETTING] = datetime.now(UTC)
