"""Handlers inside a Jupyter Server: it says who asks, checks XSRF tokens and counts activity as for its own API."""

from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.web import authenticated

from skydesk.access import User
from skydesk.errors import NotAllowed, SkydeskError
from skydesk.web.errors import error_to_json, http_status

from .handlers import CallHandler, RouteHandler
from .panels import find_panel
from .proxy import UpstreamHandler

__all__ = ["EmbeddedHandler", "LabUpstreamHandler", "PanelHandler"]

AUTH_RESOURCE = "skydesk"
"""What Jupyter Server's authorizer is asked about, with the actions ``read`` and ``write``."""


class _LabCall(CallHandler, APIHandler):
    """A call that the Jupyter Server has let in."""

    @property
    def by_token(self) -> bool:
        """As Jupyter Server sees it."""
        return bool(self.token_authenticated)

    async def prepare(self, **_: Any) -> None:
        """As every call; Jupyter Server's own preparation happens in `admit`."""
        await super().prepare()

    async def admit(self) -> None:
        """Let Jupyter Server's authorizer have its say too."""
        await super().admit()
        action = "read" if self.request.method in {"GET", "HEAD"} else "write"
        if not await _settled(self.authorizer.is_authorized(self, self.current_user, action, AUTH_RESOURCE)):
            raise NotAllowed(f"this Jupyter server does not let you {action} {AUTH_RESOURCE}")

    def update_api_activity(self) -> None:
        """Count as activity what a person does; what the lab's page asks by itself of events and of its own time is none."""
        looks = self.request.method == "GET" and self.call_path == "lab"
        if not looks and not self.call_path.endswith(("/events", "lab/ending")):
            super().update_api_activity()

    def finish(self, *args: Any, **kwargs: Any) -> Any:
        """Keep the reply's own media type, where Jupyter's API would make it JSON."""
        return super().finish(*args, set_content_type=self._headers.get("Content-Type"), **kwargs)


async def _settled(value: Any) -> Any:
    return await value if hasattr(value, "__await__") else value


class EmbeddedHandler(_LabCall, RouteHandler):
    """Answers in the Jupyter server's own process, for its one user."""

    def initialize(self, entrance: Any, prefix: str, user: User | None = None) -> None:
        """Take what all handlers share, and the user."""
        super().initialize(entrance, prefix)
        if user is None:
            raise TypeError("a user is needed")
        self._user = user

    def skydesk_user(self) -> User:
        """The local user."""
        return self._user


class LabUpstreamHandler(_LabCall, UpstreamHandler):
    """Passes a call on with the lab's token, whoever of those whom the lab lets in made it."""


class PanelHandler(JupyterHandler):
    """A panel's module or style sheet; the browser asks each time whether it changed."""

    auth_resource = AUTH_RESOURCE

    def set_default_headers(self) -> None:
        """Code for the lab's own pages only."""
        super().set_default_headers()
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Cache-Control", "no-cache")

    @authenticated
    @authorized
    def get(self, name: str, ending: str) -> None:
        """Send the file, or 304 where the browser has it."""
        panel = find_panel(name, ending)
        self.set_header("Content-Type", panel.media_type)
        self.set_header("ETag", panel.etag)
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
        else:
            self.finish(panel.body)

    def compute_etag(self) -> str | None:
        """The one that `get` set."""
        return self._headers.get("ETag")

    def get_login_url(self) -> str:
        """A module is never a login page."""
        raise NotAllowed("nobody is logged in")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors are JSON here too."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        self.set_header("Content-Type", "application/json")
        if isinstance(error, SkydeskError):
            self.set_status(http_status(error))
            self.finish(error_to_json(error))
        else:
            self.set_status(status_code)
            self.finish({"error": {"code": "invalid_request", "message": self._reason, "detail": {}, "id": ""}})
