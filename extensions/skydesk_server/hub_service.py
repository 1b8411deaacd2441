"""SkyDesk as a JupyterHub service: ``python -m skydesk_server.hub_service [--config FILE]``, started by the hub or beside it."""

import asyncio
import logging
import os
import re
import secrets
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from tornado.httpserver import HTTPServer
from tornado.web import Application as WebApplication
from tornado.web import RequestHandler
from traitlets import Bool, Int, Unicode, default
from traitlets.config import Application

from skydesk.errors import ServiceUnavailable, SkydeskError
from skydesk.kubernetes_settings import KubernetesJobs
from skydesk.settings import HubPlace, SkydeskSettings, hub_place
from skydesk.wiring import Services, build_services

from .admin_page import AdminFileHandler, AdminHandler
from .entrance import Entrance
from .health import Health
from .hub_auth import TOKEN_CACHE_SECONDS, HubRouteHandler
from .logs import log_as_json
from .pages import HealthHandler, HomeHandler, MetricsHandler, StyleHandler
from .worker_reports import WorkerReportHandler

__all__ = ["HubService", "main", "make_application"]

_STOP_SECONDS = 3.5

_log = logging.getLogger("skydesk.server")


class HubService(Application):
    """The SkyDesk service of a JupyterHub."""

    name = "skydesk-hub-service"
    description = "Serve SkyDesk's API to the labs of a JupyterHub, as one of its services."
    classes = [SkydeskSettings, KubernetesJobs]  # noqa: RUF012  (as traitlets' applications declare it)
    aliases = {"config": "HubService.config_file"}  # noqa: RUF012

    config_file = Unicode(help="""Configuration file (Python) with c.SkydeskSettings and c.HubService in it. Empty for none.""").tag(
        config=True
    )
    metrics_open = Bool(
        False, help="""Whether everybody may read /metrics. Otherwise it takes a hub token with the scope read:metrics."""
    ).tag(config=True)
    max_connections = Int(4096, min=16, help="""Connections that may wait to be accepted.""").tag(config=True)

    @default("log_level")
    def _log_level_default(self) -> int:
        return logging.INFO

    def initialize(self, argv: Any = None) -> None:
        """Read command line and configuration file; the command line wins."""
        self.parse_command_line(argv)
        if self.config_file:
            given = self.cli_config
            path = Path(self.config_file).resolve()
            self.load_config_file(path.name, path=str(path.parent))
            self.update_config(given)
        log_as_json(self.log_level)

    def start(self) -> None:
        """Serve until a signal says to stop; `SystemExit` where it cannot begin."""
        try:
            place = hub_place()
            services = build_services(SkydeskSettings(parent=self), mode="hub")
        except SkydeskError as error:
            _log.critical("the service cannot start: %s", error)
            raise SystemExit(2) from error
        asyncio.run(self._serve(place, services))
        logging.shutdown()
        # A statement that does not heed its cancellation would keep the interpreter waiting for its thread.
        os._exit(0)

    async def _serve(self, place: HubPlace, services: Services) -> None:
        entrance = Entrance(lambda: services)
        entrance.metrics.watch_jobs(lambda: services)
        server = HTTPServer(make_application(entrance, place.prefix, metrics_open=self.metrics_open), xheaders=True)
        parts = urlsplit(place.bind_url)
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        services.start()
        server.listen(parts.port or 80, parts.hostname or "127.0.0.1", backlog=self.max_connections)
        _log.info("serving at %s%s", place.bind_url, place.prefix)
        await stopped.wait()
        _log.info("stopping")
        await _stop(server, entrance, services)


def make_application(entrance: Entrance, prefix: str, *, metrics_open: bool = False) -> WebApplication:
    """The tornado application below a prefix that begins and ends with a slash."""
    pattern = re.escape(prefix)
    auth = HubOAuth.instance()
    auth.cache_max_age = TOKEN_CACHE_SECONDS
    health = Health(entrance.services)
    api = {"entrance": entrance, "prefix": f"{prefix}skydesk/api/"}
    return WebApplication(
        [
            (rf"{pattern}skydesk/api/.*", HubRouteHandler, api),
            (rf"{pattern}?", HomeHandler, {"entrance": entrance, "health": health, "prefix": prefix}),
            (rf"{pattern}admin/?", AdminHandler, {"entrance": entrance, "prefix": prefix}),
            (rf"{pattern}static/admin\.(js|css)", AdminFileHandler),
            (rf"{pattern}style\.css", StyleHandler),
            (rf"{pattern}health", HealthHandler, {"entrance": entrance, "health": health}),
            (rf"{pattern}metrics", MetricsHandler, {"entrance": entrance, "open_to_all": metrics_open}),
            (rf"{pattern}oauth_callback", HubOAuthCallbackHandler),
            (rf"{pattern}worker/([^/]+)/([^/]+)", WorkerReportHandler, {"entrance": entrance}),
        ],
        cookie_secret=secrets.token_bytes(32),
        log_function=_logged_elsewhere,
        autoreload=False,
    )


def _logged_elsewhere(handler: RequestHandler) -> None:
    """Nothing: handlers of the API log themselves, and the pages are not worth a line."""


async def _stop(server: HTTPServer, entrance: Entrance, services: Services) -> None:
    """Take no more calls, end those going on, put running jobs back into the queue; all within `_STOP_SECONDS`."""
    server.stop()
    entrance.stop()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await asyncio.to_thread(services.close)
            while entrance.live_count:
                await asyncio.sleep(0.02)
    except TimeoutError:
        _log.warning("%d calls did not end in time", entrance.live_count)
    entrance.close()


def main() -> None:
    """Run the service."""
    try:
        HubService.launch_instance()
    except ServiceUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
