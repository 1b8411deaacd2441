"""Each kind of reply as tornado sends it, with the client's pace and without outliving the client."""

import json
import logging
import os
import re
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from skydesk.backends.job_manifest import open_plain
from skydesk.errors import Cancelled, NotFound
from skydesk.web.http import BytesReply, EventsReply, FileReply, JsonReply, Reply, ServerSentEvent, StreamReply

if TYPE_CHECKING:
    from .handlers import CallHandler

__all__ = ["attachment", "send"]

_CHUNK_BYTES = 2**20
_KEEP_ALIVE_SECONDS = 15.0

_log = logging.getLogger("skydesk.server")


async def send(handler: "CallHandler", reply: Reply, service: str) -> None:
    """Send a reply; what it takes from disk or from a generator is taken in the service's threads."""
    match reply:
        case JsonReply():
            handler.set_status(reply.status)
            if reply.location is not None:
                handler.set_header("Location", handler.prefix + reply.location)
            body = json.dumps(reply.value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            await handler.finish(body)
        case BytesReply():
            handler.set_status(reply.status)
            handler.set_header("Content-Type", reply.media_type)
            if reply.kept_seconds:
                handler.set_header("Cache-Control", f"private, max-age={reply.kept_seconds}")
            # tornado takes an empty body for one, which a 204 may not have
            await handler.finish(reply.body or None)
        case FileReply():
            await _send_file(handler, reply, service)
        case StreamReply():
            await _send_stream(handler, reply, service)
        case EventsReply():
            await _send_events(handler, reply.events)
        case _:
            assert_never(reply)


def attachment(file_name: str) -> str:
    """A ``Content-Disposition`` (RFC 6266) that saves a file under its name, whatever characters that has."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


async def _send_file(handler: "CallHandler", reply: FileReply, service: str) -> None:
    run = handler.entrance.run
    try:
        # Not by its name alone: its owner may have put a link in its place since it was found.
        file = await run(service, open_plain, reply.path)
    except OSError as error:
        raise NotFound(f"the file {reply.file_name!r} is gone") from error
    try:
        left = os.fstat(file.fileno()).st_size
        handler.set_header("Content-Type", reply.media_type)
        handler.set_header("Content-Disposition", attachment(reply.file_name))
        handler.set_header("Content-Length", str(left))
        while left and (chunk := await run(service, file.read, min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            handler.write(chunk)
            await handler.flush()
        if left:
            _break_off(handler, f"{reply.file_name} became shorter while it was sent")
            return
    finally:
        await run(service, file.close)
    await handler.finish()


async def _send_stream(handler: "CallHandler", reply: StreamReply, service: str) -> None:
    run = handler.entrance.run
    try:
        # the first piece comes before the headers, so that what is wrong at once still has a status of its own
        chunk = await run(service, next, reply.chunks, None)
        handler.set_header("Content-Type", reply.media_type)
        if reply.file_name is not None:
            handler.set_header("Content-Disposition", attachment(reply.file_name))
        try:
            while chunk is not None:
                handler.write(chunk)
                await handler.flush()
                chunk = await run(service, next, reply.chunks, None)
        except StreamClosedError:
            raise
        except Exception as error:
            _break_off(handler, "a reply ended early", error)
            return
    finally:
        await run(service, _close, reply.chunks)
    await handler.finish()


async def _send_events(handler: "CallHandler", events: Iterator[ServerSentEvent | None]) -> None:
    handler.set_header("Content-Type", "text/event-stream; charset=utf-8")
    handler.set_header("X-Accel-Buffering", "no")
    run = handler.entrance.run_events
    sent_at = time.monotonic()
    try:
        handler.write(": skydesk\n\n")
        await handler.flush()
        while not handler.cancellation.requested:
            event = await run(_next_event, events)
            if event is _END:
                break
            if isinstance(event, ServerSentEvent):
                handler.write(_event_text(event))
            elif time.monotonic() - sent_at > _KEEP_ALIVE_SECONDS:
                handler.write(": still here\n\n")
            else:
                continue
            await handler.flush()
            sent_at = time.monotonic()
    except StreamClosedError:
        raise
    except Exception as error:
        _break_off(handler, "an event stream ended early", error)
        return
    finally:
        await run(_close, events)
    await handler.finish()


_END = object()


def _next_event(events: Iterator[ServerSentEvent | None]) -> Any:
    return next(events, _END)


def _event_text(event: ServerSentEvent) -> str:
    lines = [f"event: {event.event}"]
    if event.id is not None:
        lines.append(f"id: {event.id}")
    # JSON without spaces or line breaks is one line, as `data:` must be
    lines.append(f"data: {json.dumps(event.data, separators=(',', ':'), allow_nan=False)}")
    return "\n".join(lines) + "\n\n"


def _close(chunks: Iterator[Any]) -> None:
    if isinstance(chunks, Generator):
        chunks.close()


def _break_off(handler: "CallHandler", what: str, error: Exception | None = None) -> None:
    """End the connection without the end of the body: the only way left to say that it is not whole."""
    if isinstance(error, Cancelled):
        _log.info("%s: %s", what, error)
    else:
        _log.error("%s", what, exc_info=error)
    connection: Any = handler.request.connection
    connection.close()
