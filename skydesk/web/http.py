"""Calls, replies and routes: what every entrance that speaks HTTP shares.

A route is data: method, path, the service that it belongs to and a function from `Call` to `Reply`. The tornado app, the
in-process client and the widgets all dispatch the same routes (docs/decisions/0001-routes-are-data.md).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..access import User
from ..errors import InvalidRequest
from ..query.model import Cancellation

__all__ = ["BytesReply", "Call", "EventsReply", "FileReply", "JsonReply", "Reply", "Route", "ServerSentEvent", "StreamReply", "find_route"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReply:
    """A JSON document."""

    value: Any
    status: int = 200
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesReply:
    """A body that is already bytes."""

    body: bytes
    media_type: str
    status: int = 200
    kept_seconds: int = 0
    """How long a browser may keep it for its user; 0 for not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReply:
    """One file, sent as an attachment."""

    path: Path
    """Absolute and resolved: a file that is reached through a link is not sent."""

    file_name: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReply:
    """A body that is made while it is sent; ``file_name`` makes it an attachment."""

    chunks: Iterator[bytes]
    media_type: str
    file_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event of an event stream (HTML Living Standard, section 9.2)."""

    event: str
    data: Any
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsReply:
    """An event stream. The iterator blocks for at most a second and gives None when there was nothing."""

    events: Iterator[ServerSentEvent | None]


Reply = JsonReply | BytesReply | FileReply | StreamReply | EventsReply


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, whoever carried it."""

    services: Any
    """The `skydesk.wiring.Services`; not typed here, since wiring imports web."""

    user: User
    method: str
    path: str
    """Below ``skydesk/api/``, without a slash at either end: ``jobs/k3v9x0a1b2c3d4e5/files``."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What the path's ``{names}`` matched, percent-decoded."""

    last_event_id: str | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    """Requested when whoever called has gone: what runs for them alone is to stop."""

    address: str = ""
    """Where the call came from, as far as it is known: an IP address."""

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise InvalidRequest("body must be a JSON object")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way in."""

    method: str
    path: str
    """Pattern below ``skydesk/api/``; ``{name}`` matches one segment: ``jobs/{id}/files/{file}``."""

    handle: Callable[[Call], Reply]
    service: str
    """Name of the service that the user must be entitled to; empty for what everybody may ask."""

    max_body_bytes: int = 2 << 20
    """Most bytes of a call's body: room for the longest statement (1 MiB) in JSON's own escapes, and the rest of the call."""

    def match(self, path: str) -> Mapping[str, str] | None:
        """The path's arguments, still percent-encoded; None where it does not match."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()


def find_route(routes: tuple[Route, ...], method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The first route of this method that matches the path, and its arguments."""
    for route in routes:
        if route.method == method and (arguments := route.match(path)) is not None:
            return route, arguments
    return None
