"""Labs as processes of this machine, for the demo: lent for a time, their sizes not enforced."""

from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner

from .labs import SkydeskLabs
from .pods import End

__all__ = ["SkydeskLocalSpawner"]


class SkydeskLocalSpawner(SkydeskLabs, SimpleLocalProcessSpawner):
    """Starts a lab as a process of the hub's own account."""

    _status: int | None = None

    async def start(self) -> Any:
        """Take a lease and start the process."""
        self._status = None
        return await super().start()

    async def poll(self) -> int | None:
        """Give the exit status; None while the process runs."""
        status: int | None = await super().poll()
        if status is not None and self._status is None:
            self._status = status
        return status

    def seen_end(self) -> End | None:
        """Tell from the exit status why the process ended."""
        if self._status is None:
            return None
        if self._status == 0:
            return End(reason="user", message="it was shut down from inside")
        if self._status < 0:
            return End(reason="lost", message=f"its process was killed by signal {-self._status}")
        return End(reason="failed", message=f"its process ended with status {self._status}")
