"""A lab that computes in silence counts as active: a real kernel, and Jupyter Server's own reckoning of activity."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_server.serverapp import ServerWebApplication
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from skydesk_server.busy import BusyKernels


async def _until(met: Callable[[], bool], *, ask: Callable[[], object] = lambda: None) -> None:
    async with asyncio.timeout(60):
        while not met():
            ask()
            await asyncio.sleep(0.05)


def test_a_busy_kernel_keeps_its_server_active_and_an_idle_one_does_not(tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=3)
    manager: Any = AsyncMappingKernelManager(root_dir=str(tmp_path))
    settings = {"started": long_ago, "kernel_manager": SimpleNamespace(last_kernel_activity=long_ago), "last_activity_times": {}}
    server = SimpleNamespace(kernel_manager=manager, web_app=SimpleNamespace(settings=settings))

    def last_activity() -> datetime:
        found: datetime = ServerWebApplication.last_activity(server.web_app)
        return found

    async def story() -> None:
        kernel_id = await manager.start_kernel()
        client = manager.get_kernel(kernel_id).client()
        client.start_channels()
        busy = BusyKernels(server)
        try:
            await client.wait_for_ready(timeout=60)
            # The manager's own channel may have opened after the kernel's first words, and a kernel repeats them only when asked.
            await _until(lambda: manager.kernel_model(kernel_id)["execution_state"] == "idle", ask=client.kernel_info)
            busy.look()
            assert last_activity() == long_ago

            client.execute("import time; time.sleep(600)")
            await _until(lambda: manager.kernel_model(kernel_id)["execution_state"] == "busy")
            busy.look()
            assert datetime.now(UTC) - last_activity() < timedelta(minutes=1)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(kernel_id, now=True)

    asyncio.run(story())
