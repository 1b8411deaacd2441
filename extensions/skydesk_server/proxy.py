"""Passes a lab's calls on to the hub's SkyDesk service, in both directions at the pace of the slower side."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from skydesk.errors import NotFound, ServiceUnavailable

from .handlers import CallHandler

__all__ = ["Upstream", "UpstreamHandler"]

_CONNECT_SECONDS = 5
_MAX_REPLY_BYTES = 2**50
_TO_SERVICE = ("Accept", "Content-Type", "Last-Event-ID")
_TO_CLIENT = (
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "Location",
    "Retry-After",
    "X-Accel-Buffering",
)
_OF_JUPYTER = frozenset({"token", "_xsrf", "no_track_activity"})

_log = logging.getLogger("skydesk.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """The one place that calls are passed on to."""

    url: str
    """Address of the service, above ``skydesk/api/``."""

    token: str
    """The lab's hub token."""

    def path(self, call_path: str, query: str) -> str:
        """Path and query of a call at the service; what is Jupyter's own is left out of the query.

        Raises
        ------
        NotFound
            The path has ``..`` or the like in it, with which it could leave the API.
        """
        decoded = unquote(call_path)
        if "\\" in decoded or not {".", ".."}.isdisjoint(decoded.split("/")):
            raise NotFound(f"there is nothing at {call_path[:200]!r}")
        kept = urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in _OF_JUPYTER])
        path = f"{urlsplit(self.url).path.rstrip('/')}/skydesk/api/{call_path}"
        return f"{path}?{kept}" if kept else path

    async def connect(self) -> IOStream:
        """Open a connection.

        Raises
        ------
        ServiceUnavailable
            Nobody listens.
        """
        parts = urlsplit(self.url)
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
        try:
            options: Any = {} if tls else None
            return await TCPClient().connect(parts.hostname or "", port, ssl_options=options, timeout=_CONNECT_SECONDS)
        except (OSError, TimeoutError, StreamClosedError) as error:
            _log.warning("the SkyDesk service at %s cannot be reached: %s", self.url, error)
            raise ServiceUnavailable("the hub's SkyDesk service does not answer; it may be starting, so try again in a minute") from error


class UpstreamHandler(CallHandler):
    """Answers a call with what the service answers."""

    upstream: Upstream

    def initialize(self, entrance: Any, prefix: str, upstream: Upstream | None = None) -> None:
        """Take what all handlers share, and where calls go."""
        super().initialize(entrance, prefix)
        if upstream is None:
            raise TypeError("an upstream is needed")
        self.upstream = upstream
        self.route_path = "(passed on)"

    async def answer(self) -> None:
        """Send the call, then hand each piece of the reply on as soon as the client has taken the one before."""
        path, body = self.upstream.path(self.call_path, self.request.query), self.body
        stream = await self.upstream.connect()
        # a client that goes away closes this connection too, by which the service learns it
        self.cancellation.on_cancel(_closer(stream))
        try:
            connection = HTTP1Connection(stream, True, HTTP1ConnectionParameters(no_keep_alive=True, max_body_size=_MAX_REPLY_BYTES))
            reply = _Reply(self)
            try:
                headers = self._forwarded_headers(body)
                await connection.write_headers(RequestStartLine(self.request.method or "", path, "HTTP/1.1"), headers, body or None)
                connection.finish()
                await connection.read_response(reply)
            except StreamClosedError:
                _log.info("the connection to the service was closed early")
            await self._end(reply)
        finally:
            stream.close()

    def _forwarded_headers(self, body: bytes) -> HTTPHeaders:
        """Only what the service needs: no cookie of the user, no header of this hop."""
        given: Mapping[str, str] = self.request.headers
        headers = HTTPHeaders({name: given[name] for name in _TO_SERVICE if name in given})
        headers["Host"] = urlsplit(self.upstream.url).netloc
        headers["Authorization"] = f"token {self.upstream.token}"
        headers["X-Request-ID"] = self.request_id
        headers["Content-Length"] = str(len(body))
        headers["Connection"] = "close"
        return headers

    async def _end(self, reply: "_Reply") -> None:
        if reply.complete:
            await self.finish()
        elif reply.begun or self.cancellation.requested:
            connection: Any = self.request.connection
            connection.close()
        else:
            raise ServiceUnavailable("the hub's SkyDesk service closed the connection without an answer; try again")


class _Reply(HTTPMessageDelegate):
    """Hands the service's reply on to a handler's client."""

    def __init__(self, handler: CallHandler) -> None:
        self._handler = handler
        self.begun = False
        self.complete = False

    async def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        """Take over status and the headers that are meant for the client."""
        if not isinstance(start_line, ResponseStartLine) or start_line.code < 200:
            return
        self.begun = True
        self._handler.set_status(start_line.code)
        for name in _TO_CLIENT:
            if name in headers:
                self._handler.set_header(name, headers[name])
        if start_line.code != 204 and headers.get("Content-Length") != "0":
            await self._handler.flush()

    async def data_received(self, chunk: bytes) -> None:
        """Send one piece; the next is only read when this one is out."""
        self._handler.write(chunk)
        await self._handler.flush()

    def finish(self) -> None:
        """The reply is whole."""
        self.complete = True

    def on_connection_close(self) -> None:
        """The service went away in the middle; `complete` stays false."""


def _closer(stream: IOStream) -> Callable[[], None]:
    loop = IOLoop.current()
    return lambda: loop.add_callback(stream.close)
