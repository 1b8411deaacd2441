"""How a client reaches the API: over HTTP, or in this very process."""

import io
import json
import re
import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from .access import User
from .backends.job_manifest import open_plain
from .errors import NotFound, ServiceUnavailable, Unauthenticated, UsageError
from .query.model import Cancellation
from .registry import dispatch
from .web.errors import error_from_json, error_to_json, http_status
from .web.http import BytesReply, Call, EventsReply, FileReply, JsonReply, Reply, ServerSentEvent, StreamReply

__all__ = ["Answer", "HttpTransport", "LocalTransport", "Transport", "parse_event_stream"]

P = ParamSpec("P")
T = TypeVar("T")

_CHUNK_BYTES = 1 << 20
_THREADS = 32
_STOP_SECONDS = 5.0
"""How long an interrupted call may take to stop, seconds."""

_SILENCE_SECONDS = 60.0
"""The service sends a comment every 15 s, so a minute of silence means that an event stream's connection is lost."""

_KEEP_ALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
_KEEP_ALIVE += [
    (socket.IPPROTO_TCP, getattr(socket, name), seconds)
    for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))
    if hasattr(socket, name)
]
"""A statement may take hours to its first row: only the network layer can tell a silent service from a lost one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one call."""

    status: int
    media_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        if not self.media_type.startswith("application/json"):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def raise_for_status(self) -> "Answer":
        """Raise the `SkydeskError` that the service reports, or give this answer back."""
        if self.status >= 400:
            raise error_from_json(self.status, self.json)
        if self.status >= 300:
            raise Unauthenticated("the service sends its callers to another page, as for a login; check its address and the token")
        return self

    def require_json(self) -> Mapping[str, Any]:
        """The JSON object of a good answer; raises what the service reports, or that this is no SkyDesk."""
        value = self.raise_for_status().json
        if not isinstance(value, dict):
            raise ServiceUnavailable("the answer is not that of a SkyDesk service; check its address")
        return value


class Transport(Protocol):
    """Carries calls to the API; paths are those of docs/api.md. Safe from several threads."""

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call, its answer read whole; raises `ServiceUnavailable` where nobody answers."""

    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> AbstractContextManager[io.BufferedReader]:
        """One call whose answer is read piece by piece; raises what the service reports."""

    def events(self, path: str, stop: Event, *, seconds: float | None = None) -> Iterator[ServerSentEvent]:
        """The events of a stream until ``stop`` is set, so many seconds have passed or the connection is lost."""

    def close(self) -> None:
        """Let go of connections and whatever runs in this process."""


class HttpTransport:
    """Talks to a SkyDesk service.

    Parameters
    ----------
    url
        Address above ``skydesk/api/``: a lab's own server, or ``https://hub/services/skydesk``.
    token
        JupyterHub or Jupyter Server token.

    Raises
    ------
    UsageError
        The address or the token cannot be one.
    """

    def __init__(self, url: str, token: str = "") -> None:
        host = _host(url)
        if not re.fullmatch(r"[\x21-\x7e]*", token):
            raise UsageError("a token has no spaces, line breaks or letters beyond ASCII; check that it was copied whole")
        self._base = f"{url.rstrip('/')}/skydesk/api/"
        self._http = httpx.Client(
            headers={"Authorization": f"token {token}"} if token else {},
            timeout=httpx.Timeout(10, read=120),
            transport=httpx.HTTPTransport(
                proxy=_proxy(urlsplit(url).scheme, host), socket_options=_KEEP_ALIVE, limits=httpx.Limits(max_connections=None)
            ),
        )
        self._host = host

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call; see `Transport.request`."""
        with self._plain_errors():
            reply = self._http.request(method, self._address(path), **_json(body))
            return Answer(status=reply.status_code, media_type=reply.headers.get("content-type", ""), body=reply.content)

    @contextmanager
    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[io.BufferedReader]:
        """One call, streamed; see `Transport.open`."""
        with self._stream(method, path, httpx.Timeout(10, read=None), **_json(body)) as reply:
            # pieces as they come: a fixed size would hold rows back, and lose them where the connection breaks
            yield _file(reply.iter_bytes())

    def events(self, path: str, stop: Event, *, seconds: float | None = None) -> Iterator[ServerSentEvent]:
        """An event stream; see `Transport.events`."""
        ends_at = float("inf") if seconds is None else time.monotonic() + seconds
        silence = _SILENCE_SECONDS if seconds is None else max(0.01, min(_SILENCE_SECONDS, seconds))
        try:
            with self._stream("GET", path, httpx.Timeout(10, read=silence)) as reply:
                if not reply.headers.get("content-type", "").startswith("text/event-stream"):
                    raise UsageError(f"{path} is no event stream")
                for event in parse_event_stream(reply.iter_lines()):
                    if stop.is_set() or time.monotonic() >= ends_at:
                        return
                    if event is not None:
                        yield event
        except ServiceUnavailable:
            if time.monotonic() < ends_at:
                raise

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def _stream(self, method: str, path: str, timeout: httpx.Timeout, **content: Any) -> Iterator[httpx.Response]:
        with self._plain_errors(), self._http.stream(method, self._address(path), timeout=timeout, **content) as reply:
            if reply.status_code >= 300:
                media_type = reply.headers.get("content-type", "")
                Answer(status=reply.status_code, media_type=media_type, body=reply.read()).raise_for_status()
            yield reply

    def _address(self, path: str) -> str:
        # dots would climb out of the API once the address is made, and a token is not for other places
        if any(part in {"", ".", ".."} for part in path.partition("?")[0].split("/")):
            raise NotFound(f"the API has no {path!r:.100}")
        return self._base + path

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise ServiceUnavailable(f"the SkyDesk service at {self._host} did not answer in time; try again") from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise ServiceUnavailable(f"the SkyDesk service at {self._host} broke off in the middle of its answer; try again") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise ServiceUnavailable(f"the SkyDesk service at {self._host} cannot be reached: {error}") from error
        except RuntimeError as error:
            if not self._http.is_closed:
                raise
            raise ServiceUnavailable("the connection was closed; connect() again") from error


class LocalTransport:
    """Answers calls from services in this process: embedded use without any server.

    Parameters
    ----------
    services
        The `skydesk.wiring.Services`, started.
    user
        The user of this process.
    """

    def __init__(self, services: Any, user: User) -> None:
        self._services = services
        self._user = user
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="skydesk-call")

    @property
    def services(self) -> Any:
        """The services of this process."""
        return self._services

    @property
    def user(self) -> User:
        """The user of this process."""
        return self._user

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call; see `Transport.request`."""
        cancellation = Cancellation()
        return self._run(cancellation, self._answer, method, path, body, cancellation)

    @contextmanager
    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[io.BufferedReader]:
        """One call, streamed; see `Transport.open`."""
        cancellation = Cancellation()
        chunks = _chunks(self._run(cancellation, self._dispatch, method, path, body, cancellation))
        try:
            yield _file(iter(lambda: self._run(cancellation, next, chunks, b""), b""))
        finally:
            self._run(cancellation, chunks.close)

    def events(self, path: str, stop: Event, *, seconds: float | None = None) -> Iterator[ServerSentEvent]:
        """An event stream; see `Transport.events`. Jobs that wait in the queue begin to run: who follows them wants that."""
        ends_at = float("inf") if seconds is None else time.monotonic() + seconds
        reply = self._dispatch("GET", path, None, Cancellation())
        if not isinstance(reply, EventsReply):
            raise UsageError(f"{path} is no event stream")
        self._services.runner.wake()
        for event in reply.events:
            if stop.is_set() or time.monotonic() >= ends_at:
                return
            if event is not None:
                yield event

    def close(self) -> None:
        """Stop the services."""
        self._services.close()
        self._threads.shutdown(wait=False)

    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None, cancellation: Cancellation) -> Answer:
        try:
            reply = self._dispatch(method, path, body, cancellation)
            media_type = "application/json" if isinstance(reply, JsonReply) else getattr(reply, "media_type", "")
            return Answer(status=getattr(reply, "status", 200), media_type=media_type, body=b"".join(_chunks(reply)))
        except Exception as error:
            text = json.dumps(error_to_json(error))
            return Answer(status=http_status(error), media_type="application/json", body=text.encode())

    def _dispatch(self, method: str, path: str, body: Mapping[str, Any] | None, cancellation: Cancellation) -> Reply:
        parts = urlsplit(path)
        return dispatch(
            Call(
                services=self._services,
                user=self._user,
                method=method,
                path=parts.path,
                query=dict(httpx.QueryParams(parts.query)),
                body=json.dumps(body).encode() if body is not None else b"",
                cancellation=cancellation,
            )
        )

    def _run(self, cancellation: Cancellation, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in another thread, so that Ctrl-C reaches this one, and through it the statement that runs.

        DuckDB notices a signal in the thread that runs it and reports it as an error of its own.
        """
        future = self._threads.submit(work, *args, **kwargs)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                cancellation.cancel("interrupted")
                wait([future], _STOP_SECONDS)
            raise


def parse_event_stream(lines: Iterator[str]) -> Iterator[ServerSentEvent | None]:
    """Events out of the lines of a stream (HTML Living Standard, section 9.2.6); None for a comment."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            yield None
        elif line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
        elif fields:
            data = fields.get("data")
            if data is not None:
                yield ServerSentEvent(event=fields.get("event", "message"), data=json.loads(data), id=fields.get("id"))
            fields = {}


def _json(body: Mapping[str, Any] | None) -> dict[str, Any]:
    if body is None:
        return {}
    return {"content": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise UsageError(f"{url!r:.200} is no address of a service; it is like https://hub.example.org/services/skydesk")
    return host


def _proxy(scheme: str, host: str) -> str | None:
    """The environment's proxy for an address, which is not asked for this machine's own."""
    if host in {"127.0.0.1", "localhost", "::1"} or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")


def _chunks(reply: Reply) -> Generator[bytes, None, None]:
    match reply:
        case JsonReply(value=value):
            yield json.dumps(value).encode()
        case BytesReply(body=body):
            yield body
        case FileReply(path=path):
            with open_plain(path) as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
        case StreamReply(chunks=chunks):
            yield from chunks
        case EventsReply():
            raise TypeError("an event stream has no end; use events()")


class _Chunked(io.RawIOBase):
    """A readable file over an iterator of byte strings."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _file(chunks: Iterator[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Chunked(chunks), _CHUNK_BYTES)
