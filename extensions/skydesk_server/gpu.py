"""A lab says how busy its GPUs are, where NVIDIA's driver tells."""

import asyncio
import json
import logging
import shutil
from collections.abc import Sequence
from typing import Protocol

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop, PeriodicCallback

from skydesk.leases.gpu_loads import GpuLoad

from .proxy import Upstream

__all__ = ["GpuMeter", "GpuReports", "NvidiaSmi", "loads_of_csv"]

_QUERY = ("--query-gpu=utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")
_MIB = 2**20
_UNKNOWN = frozenset({"[N/A]", "N/A", "[Not Supported]", "[Unknown Error]"})

_log = logging.getLogger("skydesk.server")


class GpuMeter(Protocol):
    """Tells how busy the GPUs are."""

    async def read(self) -> tuple[GpuLoad, ...]:
        """Read once: one load a GPU; nothing where that cannot be told."""
        ...


class NvidiaSmi:
    """Asks ``nvidia-smi``, which comes with NVIDIA's driver; a `GpuMeter`.

    Parameters
    ----------
    command
        Path of the program.
    limit_seconds
        How long it may take, seconds; a driver that hangs is left alone.
    """

    def __init__(self, command: str, *, limit_seconds: float = 20) -> None:
        self._command = command
        self._limit_seconds = limit_seconds

    @classmethod
    def found(cls) -> "NvidiaSmi | None":
        """The one on the path; None where there is none."""
        path = shutil.which("nvidia-smi")
        return None if path is None else cls(path)

    async def read(self) -> tuple[GpuLoad, ...]:
        """Ask it; nothing where it fails, since a lab may be on a node without GPUs."""
        try:
            said = await self._said()
            return loads_of_csv(said)
        except (OSError, TimeoutError, ValueError) as error:
            _log.debug("nvidia-smi tells nothing of GPUs: %s", error)
            return ()

    async def _said(self) -> str:
        process = await asyncio.create_subprocess_exec(
            self._command, *_QUERY, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(self._limit_seconds):
                said, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise ValueError(f"it ended with status {process.returncode}")
        return said.decode(errors="replace")


def loads_of_csv(text: str) -> tuple[GpuLoad, ...]:
    """Read what ``nvidia-smi --format=csv,noheader,nounits`` prints: percent, MiB used, MiB in all.

    Raises
    ------
    ValueError
        It is something else.
    """
    return tuple(_load(line) for line in text.splitlines() if line.strip())


def _load(line: str) -> GpuLoad:
    percent, used, total = (cell.strip() for cell in line.split(","))
    return GpuLoad(
        utilization_percent=None if percent in _UNKNOWN else float(percent),
        memory_used_bytes=int(used) * _MIB,
        memory_total_bytes=int(total) * _MIB,
    )


class GpuReports:
    """Tells the hub's service every half minute how busy the lab's GPUs are.

    Parameters
    ----------
    meter
        What tells it here.
    upstream
        The service.
    server
        Name of the server that this lab is; empty for the default one.
    every_seconds
        How often, seconds.
    """

    def __init__(self, meter: GpuMeter, upstream: Upstream, server: str, *, every_seconds: float = 30) -> None:
        self._meter, self._upstream, self._server = meter, upstream, server
        self._telling = PeriodicCallback(self.tell, 1000 * every_seconds)
        self._last_problem = ""

    def start(self) -> None:
        """Begin to tell, now and then every so often."""
        IOLoop.current().add_callback(self.tell)
        self._telling.start()

    def stop(self) -> None:
        """Tell no more."""
        self._telling.stop()

    async def tell(self) -> None:
        """Read and tell once; what cannot be told is told the next time."""
        loads = await self._meter.read()
        if not loads:
            return
        try:
            await AsyncHTTPClient().fetch(self._request(loads))
        except (HTTPClientError, OSError) as error:
            if str(error) != self._last_problem:
                _log.warning("the service does not take how busy the GPUs are: %s", error)
            self._last_problem = str(error)
        else:
            self._last_problem = ""

    def _request(self, loads: Sequence[GpuLoad]) -> HTTPRequest:
        gpus = [
            {
                "utilization_percent": load.utilization_percent,
                "memory_used_bytes": load.memory_used_bytes,
                "memory_total_bytes": load.memory_total_bytes,
            }
            for load in loads
        ]
        return HTTPRequest(
            f"{self._upstream.url.rstrip('/')}/skydesk/api/lab/gpu",
            method="POST",
            headers={"Authorization": f"token {self._upstream.token}", "Content-Type": "application/json"},
            body=json.dumps({"server": self._server, "gpus": gpus}),
            connect_timeout=5,
            request_timeout=20,
        )
