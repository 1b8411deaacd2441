"""What every panel widget shares: it answers its view's requests from the kernel."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget
import skydesk
import traitlets as t
from skydesk.client import SkyDesk
from skydesk.errors import SkydeskError
from skydesk.transport import Answer
from skydesk.web.errors import error_to_json, http_status

__all__ = ["Panel"]

_RECONNECT_SECONDS = 2.0


class Panel(anywidget.AnyWidget):
    """A panel whose view talks to the API through this kernel; docs/api.md, "Panels", has the messages.

    Parameters
    ----------
    sky
        The connection to use; None to `skydesk.connect`.
    **traits
        First values of the panel's traits.
    """

    _esm = "export default { render() {} }"

    host = t.List(t.Unicode(), help="What the panel's surroundings can do for it; a notebook cell can do nothing.").tag(sync=True)

    def __init__(self, sky: SkyDesk | None = None, **traits: Any) -> None:
        super().__init__(**traits)
        self.sky = sky if sky is not None else skydesk.connect()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="skydesk-panel")
        self._streams: dict[str, threading.Event] = {}
        self.on_msg(self._receive)

    def close(self) -> None:
        """Stop the panel's streams and take it off the page."""
        for path in list(self._streams):
            self._unsubscribe(path)
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()

    def answered(self, path: str, body: Mapping[str, Any], answer: Answer) -> None:
        """Look at an answer before the view gets it; for panels that keep results. Called in a thread of its own."""

    def _receive(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        match content.get("kind"):
            case "request":
                self._threads.submit(self._reply, content)
            case "subscribe":
                self._subscribe(str(content["path"]))
            case "unsubscribe":
                self._unsubscribe(str(content["path"]))

    def _reply(self, content: Mapping[str, Any]) -> None:
        method, path, body = str(content["method"]), str(content["path"]), content.get("body")
        try:
            answer = self.sky.transport.request(method, path, body)
            if answer.status < 400:
                self.answered(path, body or {}, answer)
        except Exception as error:  # whatever went wrong, the view must hear of it or it waits for ever
            self.send({"kind": "reply", "id": content["id"], "status": http_status(error), "json": error_to_json(error)})
            return
        reply: dict[str, Any] = {"kind": "reply", "id": content["id"], "status": answer.status}
        if answer.media_type.startswith("application/json"):
            self.send({**reply, "json": answer.json})
        else:
            self.send(reply, buffers=[answer.body])

    def _subscribe(self, path: str) -> None:
        """Begin a stream, or begin it anew, so that whoever subscribes hears ``hello``."""
        self._unsubscribe(path)
        stop = self._streams[path] = threading.Event()
        threading.Thread(target=self._follow, args=(path, stop), name=f"skydesk {path}", daemon=True).start()

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
