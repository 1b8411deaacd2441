"""The demo survey behind the real handlers, on the loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from skydesk.access import User
from skydesk.demo_survey import cached_survey
from skydesk.settings import SkydeskSettings
from skydesk.wiring import Services, build_services, local_user
from skydesk_server.entrance import Entrance
from skydesk_server.handlers import RouteHandler

__all__ = ["Served", "serve"]

_PREFIX = "/skydesk/api/"
_SECONDS = 30


class Served:
    """A server of the demo survey and one connection to it, kept alive as a lab keeps its own."""

    def __init__(self, services: Services, user: User, port: int) -> None:
        self.services = services
        self.user = user
        self.port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Make a call and read the whole reply.

        Raises
        ------
        RuntimeError
            The reply is an error.
        """
        headers = {"Content-Type": "application/json", "Authorization": "token bench"}
        self._connection.request(method, _PREFIX + path, body, headers)
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{method} {path}: {reply.status} {content[:300]!r}")
        return content

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Serve the demo survey, which is made the first time, to its one local user; jobs stay queued."""
    settings = SkydeskSettings(survey_file=str(cached_survey("demo")), data_folder=str(folder), jobs_folder="", database_url="")
    settings.jobs_folder, settings.database_url = str(folder / "jobs"), f"sqlite:///{folder}/skydesk.sqlite"
    services, user = build_services(settings, mode="embedded"), local_user(settings)
    with _listening(services, user) as port:
        served = Served(services, user, port)
        try:
            yield served
        finally:
            served.close()
            services.close()


@contextmanager
def _listening(services: Services, user: User) -> Iterator[int]:
    class _Handler(RouteHandler):
        """The real handler; who asks is settled."""

        @property
        def by_token(self) -> bool:
            return "Authorization" in self.request.headers

        def get_current_user(self) -> str:
            return user.name

        def skydesk_user(self) -> User:
            return user

    socket, port = bind_unused_port()
    entrance = Entrance(lambda: services)
    ready, loops, stop = threading.Event(), list[asyncio.AbstractEventLoop](), list[asyncio.Event]()

    async def run() -> None:
        server = HTTPServer(Application([(rf"{_PREFIX}.*", _Handler, {"entrance": entrance, "prefix": _PREFIX})]))
        server.add_socket(socket)
        loops.append(asyncio.get_running_loop())
        stop.append(asyncio.Event())
        ready.set()
        await stop[0].wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    if not ready.wait(_SECONDS):
        raise RuntimeError("the server did not start")
    try:
        yield port
    finally:
        loops[0].call_soon_threadsafe(stop[0].set)
        thread.join(_SECONDS)
        entrance.stop()
        entrance.close()
