"""The service's own pages: who you are and what you may use, health for probes, metrics for Prometheus."""

import logging
from html import escape
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated
from prometheus_client import CONTENT_TYPE_LATEST
from tornado.web import HTTPError, RequestHandler, authenticated

from skydesk.access import ADMIN, User
from skydesk.errors import NotAllowed, SkydeskError
from skydesk.registry import all_services
from skydesk.web.errors import http_status

from .entrance import Entrance
from .health import Health
from .hub_auth import hub_user, user_from_model

__all__ = ["HealthHandler", "HomeHandler", "MetricsHandler", "Page", "StyleHandler"]

METRICS_SCOPE = "read:metrics"
"""The hub's own scope for its own metrics: one token serves Prometheus for both."""

_log = logging.getLogger("skydesk.server")

_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; }
dt { font-weight: 600; }
dd { margin: 0; }
li { margin: .5rem 0; }
"""


class Page(RequestHandler):
    """What all pages have: headers, and errors as one sentence."""

    def set_default_headers(self) -> None:
        """Nothing from elsewhere, no script, no frame."""
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One plain sentence; never what was asked for."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        message = str(error) if isinstance(error, SkydeskError) else self._reason
        self.set_status(http_status(error) if isinstance(error, SkydeskError) else status_code)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"SkyDesk: {message}\n")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Only what is not ours."""
        if not isinstance(value, SkydeskError):
            super().log_exception(typ, value, tb)


class HomeHandler(HubOAuthenticated, Page):
    """The page behind the hub's *Services* menu."""

    def initialize(self, entrance: Entrance, health: Health, prefix: str) -> None:
        """Take what the page tells of."""
        self.entrance, self.health, self.prefix = entrance, health, prefix

    async def prepare(self) -> None:
        """Ask the hub without holding up anybody else."""
        self.current_user = None
        self.current_user = await hub_user(self)

    @authenticated
    async def get(self) -> None:
        """Show the page; logs in through the hub first."""
        user = user_from_model(self.current_user, self.entrance.installed, self.entrance.services().policy)
        works = await self.entrance.run("", self.health.check)
        self.finish(_home(user, works, self.prefix))


class StyleHandler(Page):
    """The page's style sheet: the page's policy allows none inside it."""

    def get(self) -> None:
        """Send it."""
        self.set_header("Content-Type", "text/css; charset=utf-8")
        self.set_header("Cache-Control", "public, max-age=3600")
        self.finish(_STYLE)


class HealthHandler(Page):
    """Health for probes: open to all, and so without any detail."""

    def initialize(self, entrance: Entrance, health: Health) -> None:
        """Take who knows."""
        self.entrance, self.health = entrance, health

    async def get(self) -> None:
        """200 where all works, else 503."""
        works = await self.entrance.run("", self.health.check)
        well = all(works.values())
        self.set_status(200 if well else 503)
        self.finish({"status": "ok" if well else "failing", "checks": {name: "ok" if ok else "failing" for name, ok in works.items()}})


class MetricsHandler(HubOAuthenticated, Page):
    """Metrics, for a token with the hub's scope ``read:metrics``, or for everybody where the configuration says so."""

    def initialize(self, entrance: Entrance, open_to_all: bool) -> None:
        """Take what is counted and who may see it."""
        self.entrance, self.open_to_all = entrance, open_to_all

    async def get(self) -> None:
        """Send them in Prometheus' text format."""
        if not self.open_to_all:
            token = self.hub_auth.get_token(self, in_cookie=False)
            model = await self.hub_auth.user_for_token(token, sync=False) if token else None
            if model is None:
                raise HTTPError(401, reason="Unauthorized")
            if not self.hub_auth.check_scopes({METRICS_SCOPE}, model):
                raise NotAllowed(f"the token lacks the scope {METRICS_SCOPE}")
        text = await self.entrance.run("", self.entrance.metrics.text)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(text)


def _home(user: User, works: Any, prefix: str) -> str:
    granted = [service for service in all_services() if user.entitlements.allows_service(service.name)]
    items = "".join(f"<li><strong>{escape(service.title)}</strong>: {escape(service.description)}</li>" for service in granted)
    services = f"<ul>{items}</ul>" if granted else "<p>None yet: none of your groups grants one. Ask whoever runs this hub.</p>"
    groups = escape(", ".join(sorted(user.groups))) or "none"
    admin = f'<p><a href="{escape(prefix)}admin">Administration</a></p>' if user.entitlements.allows_service(ADMIN) else ""
    state = "all is well" if all(works.values()) else "trouble with " + ", ".join(name for name, ok in works.items() if not ok)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>SkyDesk</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{escape(prefix)}style.css"></head><body><main>'
        f"<h1>SkyDesk</h1><dl><dt>You are</dt><dd>{escape(user.name)}</dd><dt>Groups</dt><dd>{groups}</dd>"
        f"<dt>State</dt><dd>{escape(state)}</dd></dl>"
        f"<h2>Services open to you</h2>{services}<p>They are panels in your lab: start it from the hub's home page.</p>"
        f"{admin}</main></body></html>"
    )
