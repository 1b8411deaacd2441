"""Serves a tornado application in a thread, and waits for things."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application


@contextmanager
def serve(make: Callable[[], Application]) -> Iterator[str]:
    """Serve what ``make`` gives, called in the server's own loop; gives the address, without a slash at the end."""
    socket, port = bind_unused_port()
    ready, done = threading.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    stop: list[asyncio.Event] = []

    async def run() -> None:
        server = HTTPServer(make())
        server.add_socket(socket)
        loops.append(asyncio.get_running_loop())
        stop.append(asyncio.Event())
        ready.set()
        await stop[0].wait()
        server.stop()
        await server.close_all_connections()

    def body() -> None:
        try:
            asyncio.run(run())
        finally:
            ready.set()
            done.set()

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loops[0].call_soon_threadsafe(stop[0].set)
        assert done.wait(10)
        thread.join(10)


def wait_until(true: Callable[[], object], *, seconds: float = 10, what: str = "it") -> None:
    """Wait for a condition; fails after the deadline. A look may cost much: the longer it takes, the more seldom one looks."""
    started_at = time.monotonic()
    while not true():
        waited = time.monotonic() - started_at
        assert waited < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(min(0.25, max(0.01, waited / 10)))
