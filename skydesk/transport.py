"""How a client reaches the API: over HTTP, or in this very process."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

import httpx

from .access import User
from .errors import ServiceUnavailable, SkydeskError
from .registry import dispatch
from .web.errors import error_from_json, error_to_json, http_status
from .web.http import BytesReply, Call, EventsReply, FileReply, JsonReply, Reply, ServerSentEvent, StreamReply

__all__ = ["Answer", "HttpTransport", "LocalTransport", "Transport", "parse_event_stream"]

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one call."""

    status: int
    media_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        return json.loads(self.body) if self.media_type.startswith("application/json") and self.body else None

    def raise_for_status(self) -> "Answer":
        """Raise the `SkydeskError` that the service reports, or give this answer back."""
        if self.status >= 400:
            raise error_from_json(self.status, self.json)
        return self


class Transport(Protocol):
    """Carries calls to the API; paths are those of docs/api.md. Safe from several threads."""

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call, its answer read whole; raises `ServiceUnavailable` where nobody answers."""

    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> AbstractContextManager[BinaryIO]:
        """One call whose answer is read piece by piece; raises what the service reports."""

    def events(self, path: str, stop: Event) -> Iterator[ServerSentEvent]:
        """The events of a stream until ``stop`` is set or the connection is lost."""

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
    """

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"token {token}"} if token else {}
        base = f"{url.rstrip('/')}/skydesk/api/"
        # a proxy of the environment is not asked for this machine's own addresses
        loopback = urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}
        timeout = httpx.Timeout(10, read=120)
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout, trust_env=not loopback)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call; see `Transport.request`."""
        with _plain_errors(self._http):
            reply = self._http.request(method, path, **_json(body))
        return Answer(status=reply.status_code, media_type=reply.headers.get("content-type", ""), body=reply.content)

    @contextmanager
    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[BinaryIO]:
        """One call, streamed; see `Transport.open`."""
        with _plain_errors(self._http), self._http.stream(method, path, **_json(body)) as reply:
            if reply.status_code >= 400:
                media_type = reply.headers.get("content-type", "")
                Answer(status=reply.status_code, media_type=media_type, body=reply.read()).raise_for_status()
            yield _file(reply.iter_bytes(_CHUNK_BYTES))

    def events(self, path: str, stop: Event) -> Iterator[ServerSentEvent]:
        """An event stream; see `Transport.events`."""
        # the service sends a comment every 15 s, so a minute of silence is a lost connection
        timeout = httpx.Timeout(10, read=60)
        with _plain_errors(self._http), self._http.stream("GET", path, timeout=timeout) as reply:
            if reply.status_code >= 400:
                media_type = reply.headers.get("content-type", "")
                Answer(status=reply.status_code, media_type=media_type, body=reply.read()).raise_for_status()
            for event in parse_event_stream(reply.iter_lines()):
                if stop.is_set():
                    return
                if event is not None:
                    yield event

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


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

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """One call; see `Transport.request`."""
        try:
            reply = self._dispatch(method, path, body)
            media_type = "application/json" if isinstance(reply, JsonReply) else getattr(reply, "media_type", "")
            return Answer(status=getattr(reply, "status", 200), media_type=media_type, body=b"".join(_chunks(reply)))
        except Exception as error:
            text = json.dumps(error_to_json(error))
            return Answer(status=http_status(error), media_type="application/json", body=text.encode())

    @contextmanager
    def open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[BinaryIO]:
        """One call, streamed; see `Transport.open`."""
        chunks = _chunks(self._dispatch(method, path, body))
        try:
            yield _file(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def events(self, path: str, stop: Event) -> Iterator[ServerSentEvent]:
        """An event stream; see `Transport.events`."""
        reply = self._dispatch("GET", path, None)
        if not isinstance(reply, EventsReply):
            raise TypeError(f"{path} is no event stream")
        for event in reply.events:
            if stop.is_set():
                return
            if event is not None:
                yield event

    def close(self) -> None:
        """Stop the services."""
        self._services.close()

    def _dispatch(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        parts = urlsplit(path)
        query = dict(httpx.QueryParams(parts.query))
        payload = json.dumps(body).encode() if body is not None else b""
        call = Call(services=self._services, user=self._user, method=method, path=parts.path, query=query, body=payload)
        return dispatch(call)


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
    return {} if body is None else {"json": body}


@contextmanager
def _plain_errors(http: httpx.Client) -> Iterator[None]:
    try:
        yield
    except SkydeskError:
        raise
    except httpx.TimeoutException as error:
        raise ServiceUnavailable(f"the SkyDesk service at {http.base_url.host} did not answer in time; try again") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise ServiceUnavailable(f"the SkyDesk service at {http.base_url.host} cannot be reached: {error}") from error


def _chunks(reply: Reply) -> Iterator[bytes]:
    match reply:
        case JsonReply(value=value):
            yield json.dumps(value).encode()
        case BytesReply(body=body):
            yield body
        case FileReply(path=path):
            with path.open("rb") as file:
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


def _file(chunks: Iterator[bytes]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Chunked(chunks), _CHUNK_BYTES))
