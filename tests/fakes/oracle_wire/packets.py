"""Bytes of the wire fake: TNS packets, and the lengths and texts inside them."""

import socket
import struct

__all__ = ["DATA", "MARKER", "Packets", "Reader", "long_bytes", "number", "sized"]

CONNECT, ACCEPT, REFUSE, DATA, MARKER = 1, 2, 4, 6, 12
_LONGEST_SHORT = 252
_CHUNK = 32767


def number(value: int) -> bytes:
    """An unsigned number: how many bytes it has, then those."""
    digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([len(digits)]) + digits


def long_bytes(value: bytes) -> bytes:
    """Bytes with their length, in chunks where there are many; nothing stands for NULL."""
    if len(value) <= _LONGEST_SHORT:
        return bytes([len(value)]) + value
    chunks = [value[begin : begin + _CHUNK] for begin in range(0, len(value), _CHUNK)]
    return b"\xfe" + b"".join(number(len(chunk)) + chunk for chunk in chunks) + b"\0"


def sized(value: bytes) -> bytes:
    """A text of a login or a description: its length as a number before it."""
    return number(len(value)) + (long_bytes(value) if value else b"")


class Reader:
    """Reads what a message says, one thing after the other; IndexError where more is to come."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._content):
            raise IndexError
        return self._content[self._at - count : self._at]

    def number(self) -> int:
        return int.from_bytes(self.take(self.byte() & 0x7F), "big")

    def skip_numbers(self, count: int) -> None:
        for _ in range(count):
            self.number()

    def long_bytes(self) -> bytes | None:
        length = self.byte()
        if length in {0, 255}:
            return None
        if length != 254:
            return self.take(length)
        content = b""
        while size := self.number():
            content += self.take(size)
        return content

    def sized(self) -> bytes | None:
        return self.long_bytes() if self.number() else None


class Packets:
    """Packets on a socket; lengths have four bytes once the connection stands."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.unit_bytes = 8192
        self._large = False
        self.cut_next = False

    def receive(self) -> tuple[int, bytes]:
        """Kind and content of the next packet; EOFError at the end."""
        head = self._exactly(8)
        length = struct.unpack(">I", head[:4])[0] if self._large else struct.unpack(">H", head[:2])[0]
        return head[4], self._exactly(length - 8)

    def send(self, kind: int, content: bytes) -> None:
        size = len(content) + 8
        packet = (struct.pack(">I", size) if self._large else struct.pack(">HH", size, 0)) + bytes([kind, 0, 0, 0]) + content
        if self.cut_next:
            self.socket.sendall(packet[: len(packet) // 2])
            raise EOFError
        self.socket.sendall(packet)

    def send_data(self, content: bytes) -> None:
        """Send a message, in as many packets as it takes."""
        step = self.unit_bytes - 16
        for begin in range(0, len(content), step):
            self.send(DATA, b"\0\0" + content[begin : begin + step])

    def greet(self) -> str:
        """Take the connect packet; give the connect descriptor."""
        _, content = self.receive()
        length, offset = struct.unpack(">HH", content[16:20])
        descriptor = content[offset - 8 : offset - 8 + length]
        if len(descriptor) < length:
            descriptor = self.receive()[1][2:]
        return descriptor.decode()

    def accept(self) -> None:
        self.send(ACCEPT, struct.pack(">HH", 317, 0) + bytes(10) + b"\0" + bytes(9) + struct.pack(">I", self.unit_bytes))
        self._large = True

    def refuse(self, code: int) -> None:
        text = f"(DESCRIPTION=(ERR={code})(VSNNUM=318767104)(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
        self.send(REFUSE, b"\0\0" + struct.pack(">H", len(text)) + text)

    def acknowledge_break(self) -> None:
        """Go through the exchange of markers after the driver broke a call off."""
        self.send(MARKER, b"\x01\0\x01")
        while True:
            kind, content = self.receive()
            if kind == MARKER and content[2] == 2:
                break
        self.send(MARKER, b"\x01\0\x02")

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            part = self.socket.recv(count - len(content))
            if not part:
                raise EOFError
            content += part
        return content
