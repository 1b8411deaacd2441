"""The front end's end of a widget's comm, without a kernel."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import comm
from comm.base_comm import BaseComm

__all__ = ["FakeComm", "Message", "fake_comms"]

Message = tuple[dict[str, Any], list[bytes]]


class FakeComm(BaseComm):  # type: ignore[misc]
    """Keeps what a widget sends; `receive` plays the view."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._heard = threading.Condition()
        self.messages: list[Message] = []
        self.states: list[dict[str, Any]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any) -> None:
        """Keep a message, by what it is."""
        with self._heard:
            if (data or {}).get("method") == "custom":
                self.messages.append((data["content"], [bytes(buffer) for buffer in buffers or []]))
            elif "state" in (data or {}):
                self.states.append(data["state"])
            self._heard.notify_all()

    def receive(self, content: Any) -> None:
        """Let the widget hear a custom message of its view."""
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], *, seconds: float = 20) -> Message:
        """The first message of a kind, waited for."""
        deadline = time.monotonic() + seconds
        with self._heard:
            while True:
                for message in self.messages:
                    if wanted(message[0]):
                        return message
                assert self._heard.wait(max(0.0, deadline - time.monotonic())), f"no such message among {self.messages}"

    def reply_to(self, request_id: str, *, seconds: float = 20) -> Message:
        """The reply to a request, waited for."""
        return self.wait_for(lambda content: content.get("kind") == "reply" and content.get("id") == request_id, seconds=seconds)


@contextmanager
def fake_comms() -> Iterator[None]:
    """Give widgets that are made meanwhile a `FakeComm`."""
    before = comm.create_comm
    comm.create_comm = FakeComm
    try:
        yield
    finally:
        comm.create_comm = before
