"""Watches what a browser asks for and complains of: nothing may leave the machine, and nothing may go wrong unseen."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

__all__ = ["Asked", "Watch"]

_INSIDE = {"data", "blob", "about"}
_REFUSED = re.compile(r"status of (\d{3})")
_NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
"""Chromium breaks off requests, to the loopback address too, when an interface of the machine comes or goes: a container's, a pod's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the page."""

    method: str
    url: str

    @property
    def path(self) -> str:
        """Path and query, without the address."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass
class Watch:
    """All requests, web sockets and complaints of a browser context."""

    asked: list[Asked] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    allowed: list[tuple[str, int]] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Begin with a context and every page that it will have."""
        context.on("request", self._request)
        context.on("page", self._page)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error in the page: {error.error}"))

    def allow(self, path: str, status: int) -> None:
        """Expect the browser's own complaint of a request that the server refuses."""
        self.allowed.append((path, status))

    def since(self, mark: int, part: str = "/skydesk/api/") -> list[str]:
        """What was asked of the API after so many requests: ``GET .../query/schema``."""
        return [f"{asked.method} {asked.path}" for asked in self.asked[mark:] if part in asked.path]

    @property
    def mark(self) -> int:
        """How many requests there were."""
        return len(self.asked)

    def outside(self) -> list[str]:
        """Requests that would have left this machine."""
        return [asked.url for asked in self.asked if not self._is_inside(asked.url)]

    @staticmethod
    def _is_inside(url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in _INSIDE or parts.hostname == "127.0.0.1"

    def _request(self, request: Request) -> None:
        self.asked.append(Asked(request.method, request.url))

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.asked.append(Asked("WEBSOCKET", socket.url)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or _NETWORK_CHANGED in message.text:
            return
        url = message.location.get("url", "")
        refused = _REFUSED.search(message.text)
        if refused and any(path in url and int(refused[1]) == status for path, status in self.allowed):
            return
        self.complaints.append(f"console: {message.text} ({url})")
