"""What every panel widget shares: it answers its view's requests from the kernel."""

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

import skydesk
from skydesk.client import SkyDesk
from skydesk.errors import InvalidRequest, SkydeskError
from skydesk.transport import Answer
from skydesk.web.errors import error_to_json, http_status

__all__ = ["Panel"]

_RECONNECT_SECONDS = 2.0
_REQUEST_THREADS = 4


class Panel(anywidget.AnyWidget):
    """A panel whose view talks to the API through this kernel; docs/api.md, "Panels", has the messages.

    Parameters
    ----------
    sky
        The connection to use; None to `skydesk.connect`, and to let go of that connection with `close`.
    **traits
        First values of the panel's traits.
    """

    _esm: str | Path = "export default { render() {} }"

    host = t.List(t.Unicode(), help="What the panel's surroundings can do for it; a notebook cell can do nothing.").tag(sync=True)

    def __init__(self, sky: SkyDesk | None = None, **traits: Any) -> None:
        self._streams: dict[str, threading.Event] = {}
        self._line_calls: dict[Any, threading.Event] = {}
        self._threads = ThreadPoolExecutor(_REQUEST_THREADS, thread_name_prefix="skydesk-panel")
        self._owns_connection = False
        super().__init__(**traits)
        if sky is None:
            try:
                sky = skydesk.connect()
            except BaseException:
                self.close()
                raise
            self._owns_connection = True
        self.sky = sky
        self.on_msg(self._receive)

    def close(self) -> None:
        """Stop the panel's streams, take it off the page and let go of the connection that it made."""
        for path in list(self._streams):
            self._unsubscribe(path)
        for stop in list(self._line_calls.values()):
            stop.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()
        if self._owns_connection:
            self._owns_connection = False
            self.sky.close()

    def answered(self, path: str, body: Mapping[str, Any], answer: Answer) -> None:
        """Look at an answer before the view gets it; for panels that keep results. Called in a thread of its own."""

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        """Take a message of the view; what is none of the protocol's is left alone."""
        match content:
            case {"kind": "request", "id": str(request_id), "lines": True}:
                stop = self._line_calls[request_id] = threading.Event()
                self._threads.submit(self._reply_in_lines, request_id, content, stop)
            case {"kind": "cancel", "id": str(request_id)} if request_id in self._line_calls:
                self._line_calls[request_id].set()
            case {"kind": "request", "id": request_id}:
                self._threads.submit(self._reply, request_id, content)
            case {"kind": "subscribe", "path": str(path)}:
                self._subscribe(path)
            case {"kind": "unsubscribe", "path": str(path)}:
                self._unsubscribe(path)

    def _reply(self, request_id: Any, content: Mapping[str, Any]) -> None:
        reply: dict[str, Any] = {"kind": "reply", "id": request_id}
        try:
            answer = self._answer(content)
        except Exception as error:  # whatever went wrong, the view must hear of it or it waits for ever
            self.send({**reply, "status": http_status(error), "json": error_to_json(error)})
            return
        if answer.media_type.startswith("application/json"):
            self.send({**reply, "status": answer.status, "json": answer.json})
        else:
            self.send({**reply, "status": answer.status}, buffers=[answer.body])

    def _reply_in_lines(self, request_id: Any, content: Mapping[str, Any], stop: threading.Event) -> None:
        """Tell each line of an answer as it comes; the call is broken off where nobody waits for it any more."""
        reply: dict[str, Any] = {"kind": "reply", "id": request_id}
        try:
            with self.sky.transport.open(*_call(content)) as lines:
                for line in lines:
                    if stop.is_set():
                        return
                    self.send({"kind": "line", "id": request_id, "json": json.loads(line)})
            self.send({**reply, "status": 200})
        except Exception as error:  # whatever went wrong, the view must hear of it or it waits for ever
            self.send({**reply, "status": http_status(error), "json": error_to_json(error)})
        finally:
            self._line_calls.pop(request_id, None)

    def _answer(self, content: Mapping[str, Any]) -> Answer:
        method, path, body = _call(content)
        answer = self.sky.transport.request(method, path, body)
        if answer.status < 400:
            self.answered(path, body or {}, answer)
        return answer

    def _subscribe(self, path: str) -> None:
        """Begin a stream, or begin it anew, so that whoever subscribes hears ``hello``."""
        self._unsubscribe(path)
        stop = self._streams[path] = threading.Event()
        threading.Thread(target=self._follow, args=(path, stop), name=f"skydesk-panel {path}", daemon=True).start()

    def _unsubscribe(self, path: str) -> None:
        if (stop := self._streams.pop(path, None)) is not None:
            stop.set()

    def _follow(self, path: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                for event in self.sky.transport.events(path, stop):
                    self.send({"kind": "event", "path": path, "event": event.event, "data": event.data})
            except SkydeskError:
                pass  # told to the view as `lost`, below
            if not stop.is_set():
                self.send({"kind": "event", "path": path, "event": "lost", "data": None})
                stop.wait(_RECONNECT_SECONDS)


def _call(content: Mapping[str, Any]) -> tuple[str, str, dict[str, Any] | None]:
    method, path, body = content.get("method"), content.get("path"), content.get("body")
    if not isinstance(method, str) or not isinstance(path, str) or not isinstance(body, dict | None):
        raise InvalidRequest("a request has a method and a path, which are text, and may have a body, which is an object")
    return method, path, body
