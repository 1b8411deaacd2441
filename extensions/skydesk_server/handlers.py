"""What every handler does before and after the call itself: who asks, is it well formed, errors, headers, log, metrics."""

import logging
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from skydesk.access import User
from skydesk.errors import InvalidRequest, NotFound, Unauthenticated
from skydesk.query.model import Cancellation
from skydesk.web.errors import error_to_json, http_status
from skydesk.web.http import Call

from .entrance import Entrance, MethodNotAllowed
from .guard import is_json, refuse_foreign
from .logs import current_request_id, request_id_from
from .replies import send

__all__ = ["CallHandler", "RouteHandler"]

_DRAINED_BYTES = 64 * 2**20
"""A body up to this size, bytes, is read to its end and thrown away, so that the refusal reaches a client that is still sending."""

_CODES = {401: "unauthenticated", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_CODES |= {415: "unsupported_media_type"}

_log = logging.getLogger("skydesk.server")


@stream_request_body
class CallHandler(RequestHandler):
    """A call to the API. Subclasses say who asks (`known`, `by_token`) and carry it out (`answer`)."""

    entrance: Entrance
    prefix: str

    def initialize(self, entrance: Entrance, prefix: str) -> None:
        """Take what all handlers share, and the path below which the API hangs, with a slash at the end."""
        self.entrance = entrance
        self.prefix = prefix
        self.cancellation = Cancellation()
        self.route_path = ""
        self._body = bytearray()
        self._body_bytes = 0
        self._refusal: Exception | None = None
        self._closes = False

    @property
    def by_token(self) -> bool:
        """True if the call carries a token, which no browser adds by itself."""
        raise NotImplementedError

    @property
    def known(self) -> bool:
        """True if it is known who asks."""
        return bool(self.current_user)

    async def answer(self) -> None:
        """Carry the call out."""
        raise NotImplementedError

    @property
    def request_id(self) -> str:
        """The id that the reply and the log carry."""
        if not hasattr(self, "_request_id"):
            self._request_id = request_id_from(self.request.headers.get("X-Request-ID"))
        return self._request_id

    @property
    def call_path(self) -> str:
        """The path below the API's address, as it came: still percent-encoded, without a slash at either end."""
        return self.request.path.removeprefix(self.prefix).strip("/")

    @cached_property
    def max_body_bytes(self) -> int:
        """Most bytes of this call's body."""
        return self.entrance.max_body_bytes(self.request.method or "", self.call_path)

    @property
    def body(self) -> bytes:
        """The whole body.

        Raises
        ------
        HTTPError
            It is too large, or not JSON.
        """
        if self._body_bytes > self.max_body_bytes:
            raise HTTPError(413, f"the body is larger than {self.max_body_bytes} bytes")
        content_type = self.request.headers.get("Content-Type", "")
        if self._body_bytes and not is_json(content_type):
            raise HTTPError(
                415, f"the body must be application/json, not {content_type[:100] or 'of an unnamed type'!r}".replace("%", "%%")
            )
        return bytes(self._body)

    async def prepare(self) -> None:
        """Let the call in, or keep the refusal until the body has been read.

        An answer before that would make tornado close the connection, on which a client that sends its next call would fail.
        """
        current_request_id.set(self.request_id)
        if int(self.request.headers.get("Content-Length") or 0) > _DRAINED_BYTES:
            self._closes = True
            raise HTTPError(413, f"the body is larger than {self.max_body_bytes} bytes")
        try:
            await self.admit()
        except Exception as refusal:
            self._refusal = refusal

    async def admit(self) -> None:
        """Find out who asks, and look at the request's outside; raises what is wrong."""
        preparing = super().prepare()
        if preparing is not None:
            await preparing
        if not self.known:
            raise Unauthenticated("nobody is logged in, or the token is not known here, or X-XSRFToken is missing")
        if not self.by_token:
            refuse_foreign(self.request)

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, as long as it is wanted and not too large."""
        self._body_bytes += len(chunk)
        if self._refusal is None and self._body_bytes <= self.max_body_bytes:
            self._body += chunk

    def on_connection_close(self) -> None:
        """The client has gone: stop what is done for it."""
        super().on_connection_close()
        self.cancellation.cancel("the client has gone")

    async def _carry_out(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        try:
            with self.entrance.live(self.cancellation):
                await self.answer()
        except StreamClosedError:
            _log.info("the client has gone")

    async def get(self, *_: str) -> None:
        """Answer."""
        await self._carry_out()

    post = patch = delete = put = get

    def set_default_headers(self) -> None:
        """Say that a reply is data: not to be kept, shown as a page, guessed at or embedded."""
        super().set_default_headers()
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Request-ID", self.request_id)
        self.clear_header("Server")

    def compute_etag(self) -> None:
        """No ETag: nothing is to be kept."""
        return

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors are JSON, whoever raised them."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else HTTPError(status_code)
        if isinstance(error, HTTPError):
            status, code = error.status_code, _CODES.get(error.status_code, "invalid_request")
            if status == 403 and not self.known:
                status, code = 401, "unauthenticated"
            message = (error.log_message or error.reason or "refused") % (error.args or ())
            body: Any = {"error": {"code": code, "message": message, "detail": {}, "id": self.request_id}}
        else:
            status, body = http_status(error), error_to_json(error, self.request_id)
        if isinstance(error, MethodNotAllowed):
            status = 405
            self.set_header("Allow", ", ".join(error.allowed))
        if status == 401:
            self.set_header("WWW-Authenticate", "token")
        if self._closes:
            self.set_header("Connection", "close")
        if status == 503:
            self.set_header("Retry-After", "2")
        self.set_status(status)
        self.finish(body)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Nothing for errors raised on purpose; what is not ours, `error_to_json` logs with its id."""
        if isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def on_finish(self) -> None:
        """Count the call, and log it without its query string."""
        super().on_finish()
        seconds = self.request.request_time()
        method, status = self.request.method or "", self.get_status()
        self.entrance.metrics.observe(method, self.route_path, status, seconds)
        fields = {
            "method": method,
            "path": self.request.path[:500],
            "route": self.route_path,
            "status": status,
            "seconds": round(seconds, 4),
        }
        _log.info("%s %s %d", method, self.route_path or "?", status, extra={"fields": fields | {"user": self.user_name}})

    @property
    def user_name(self) -> str | None:
        """For the log."""
        return None


class RouteHandler(CallHandler):
    """Carries a call to its route in this process."""

    def skydesk_user(self) -> User:
        """Who asks, with what they are entitled to."""
        raise NotImplementedError

    @property
    def user_name(self) -> str | None:
        """Name of who asks."""
        return self.skydesk_user().name if self.known else None

    async def answer(self) -> None:
        """Find the route, call it in a thread, send its reply."""
        route, arguments = self.entrance.route(self.request.method or "", self.call_path)
        self.route_path = route.path
        user = self.skydesk_user()
        user.require_service(route.service)
        call = Call(
            services=self.entrance.services(),
            user=user,
            method=route.method,
            path=self.call_path,
            # JupyterLab's ServerConnection adds the time, a bare number, to every address so that no cache answers
            query={name: _decoded(values[-1], name) for name, values in self.request.query_arguments.items() if not name.isdigit()},
            body=self.body,
            arguments={name: _unquoted(value) for name, value in arguments.items()},
            last_event_id=self.request.headers.get("Last-Event-ID"),
            cancellation=self.cancellation,
            address=self.request.remote_ip or "",
        )
        with self.entrance.metrics.running(route.method, route.path):
            reply = await self.entrance.run(route.service, route.handle, call)
            await send(self, reply, route.service)


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise NotFound(f"there is nothing at {text[:200]!r}") from error


def _decoded(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"parameter {name[:50]!r} is not UTF-8") from error
