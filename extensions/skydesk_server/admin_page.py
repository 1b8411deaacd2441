"""The page of the administrators: labs, queue, budgets, jobs and messages of all users, drawn by a view of the widgets package."""

from html import escape
from pathlib import Path

from jupyterhub.services.auth import HubOAuthenticated
from tornado.web import authenticated

from skydesk.access import ADMIN
from skydesk.errors import NotFound
from skydesk.services import panel_file

from .entrance import Entrance
from .hub_auth import hub_user, user_from_model
from .pages import Page
from .panels import read_panel

__all__ = ["AdminFileHandler", "AdminHandler"]

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)


class AdminHandler(HubOAuthenticated, Page):
    """The page itself: an element, and the script that fills it from the API."""

    def initialize(self, entrance: Entrance, prefix: str) -> None:
        """Take what all handlers share, and the service's path, with a slash at the end."""
        self.entrance, self.prefix = entrance, prefix

    def set_default_headers(self) -> None:
        """As every page, with the service's own script."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", _POLICY)

    async def prepare(self) -> None:
        """Ask the hub without holding up anybody else."""
        self.current_user = None
        self.current_user = await hub_user(self)

    @authenticated
    async def get(self) -> None:
        """Show the page to who may see any of it; logs in through the hub first."""
        user = user_from_model(self.current_user, self.entrance.installed, self.entrance.services().policy)
        user.require_service(ADMIN)
        _view_file("js")
        # asking for the token sets its cookie, which the script sends along with each call
        self.xsrf_token  # noqa: B018
        self.finish(_page(self.prefix, f"{self.hub_auth.hub_host}{self.hub_auth.hub_prefix}"))


class AdminFileHandler(Page):
    """The view's module and style sheet: code without data, the same for everybody; the browser asks each time whether it changed."""

    def get(self, ending: str) -> None:
        """Send it, or 304 where the browser has it."""
        panel = read_panel(_view_file(ending), ending)
        self.set_header("Content-Type", panel.media_type)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("ETag", panel.etag)
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
        else:
            self.finish(panel.body)

    def compute_etag(self) -> str | None:
        """The one that `get` set."""
        return self._headers.get("ETag")


def _view_file(ending: str) -> Path:
    path = panel_file(f"admin.{ending}")
    if path is None:
        raise NotFound("the view of the admin page is not installed; install SkyDesk with its widgets")
    return path


def _page(prefix: str, hub_url: str) -> str:
    base, hub = escape(prefix), escape(hub_url)
    return (
        '<!doctype html><html lang="en" class="sky-page"><head><meta charset="utf-8"><title>SkyDesk administration</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{base}static/admin.css">'
        f'<script type="module" src="{base}static/admin.js"></script></head><body>'
        f'<div id="skydesk-admin" data-api="{base}skydesk/api/" data-hub="{hub}"><noscript>This page needs JavaScript.</noscript></div>'
        "</body></html>"
    )
