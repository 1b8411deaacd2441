"""JSON lines, and now and then a file descriptor, over a UNIX socket."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

__all__ = ["Channel", "ChannelClosed", "Message"]

Message = Mapping[str, Any]

_CHUNK_BYTES = 1 << 16
_MOST_DESCRIPTORS = 4


class ChannelClosed(Exception):
    """The other process has ended, or closed its side."""


class Channel:
    """One end of a socket pair; any thread may send, one thread receives.

    Parameters
    ----------
    sock
        A connected stream socket of the UNIX family. The channel owns it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = Lock()
        self._buffer = bytearray()
        self._descriptors: list[int] = []

    @classmethod
    def pair(cls) -> tuple["Channel", socket.socket]:
        """A channel, and the bare socket of the other end to give away."""
        ours, theirs = socket.socketpair()
        return cls(ours), theirs

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send one message; descriptors are duplicated into the other process.

        Raises
        ------
        ChannelClosed
            Nobody is there any more, and the message was not received: not all of it was sent.
        """
        data = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        with self._sending:
            try:
                sent = socket.send_fds(self._socket, [data], list(descriptors)) if descriptors else 0
                if sent < len(data):  # to send nothing is an error as soon as the other side, which may have heard it all, is gone
                    self._socket.sendall(data[sent:])
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    def receive(self, timeout_seconds: float | None = None) -> Message | None:
        """The next message; None if there is none within the time.

        Raises
        ------
        ChannelClosed
            The other side is gone and everything it sent was received.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while (end := self._buffer.find(b"\n")) < 0:
            if not self._read_more(None if deadline is None else max(0.0, deadline - time.monotonic())):
                return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message: Message = json.loads(line)
        return message

    def take_descriptors(self) -> list[int]:
        """The descriptors received so far, in order; the caller owns them now."""
        taken, self._descriptors = self._descriptors, []
        return taken

    def close(self) -> None:
        """Close this end, and descriptors that nobody took."""
        for descriptor in self.take_descriptors():
            os.close(descriptor)
        self.hang_up()
        self._socket.close()

    def hang_up(self) -> None:
        """End the conversation, also for a thread that waits in `receive`; `close` is still to be called."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Close this process's copy of a channel that a forked parent still uses."""
        self._socket.close()

    def _read_more(self, timeout_seconds: float | None) -> bool:
        """Wait for bytes; False when the time is over."""
        if not _readable(self._socket, timeout_seconds):
            return False
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, _CHUNK_BYTES, _MOST_DESCRIPTORS)
        except OSError as error:
            raise ChannelClosed(str(error)) from error
        self._descriptors += descriptors
        if not data:
            raise ChannelClosed("the other end was closed")
        self._buffer += data
        return True


def _readable(sock: socket.socket, timeout_seconds: float | None) -> bool:
    import select

    poll = select.poll()
    try:
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(None if timeout_seconds is None else timeout_seconds * 1000))
    except (OSError, ValueError) as error:
        raise ChannelClosed(str(error)) from error
