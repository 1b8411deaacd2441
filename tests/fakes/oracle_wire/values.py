"""How the wire fake writes values: Oracle's types, their numbers on the wire and their bytes."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from .packets import long_bytes

__all__ = ["WireType", "as_value", "encoded", "wire_type"]

VARCHAR, NUMBER, DATE, RAW, CHAR, FLOAT, DOUBLE = 1, 2, 12, 23, 96, 100, 101
TIMESTAMP, TIMESTAMP_ZONED, TIMESTAMP_LOCAL = 180, 181, 231
CLOB = 112
_NUMBER_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WireType:
    """A column's type as a description on the wire says it."""

    code: int
    size_bytes: int = 22
    precision: int = 0
    scale: int = 0

    @property
    def is_text(self) -> bool:
        return self.code in {VARCHAR, CHAR, CLOB}

    @property
    def is_long(self) -> bool:
        """True where rows come only once the client has said as what it wants the column."""
        return self.code == CLOB


_PLAIN = {
    "NUMBER": WireType(code=NUMBER, scale=-127),
    "BINARY_FLOAT": WireType(code=FLOAT, size_bytes=4),
    "BINARY_DOUBLE": WireType(code=DOUBLE, size_bytes=8),
    "CLOB": WireType(code=CLOB, size_bytes=4000),
    "DATE": WireType(code=DATE, size_bytes=7),
    "TIMESTAMP(6)": WireType(code=TIMESTAMP, size_bytes=11, scale=6),
    "TIMESTAMP(9)": WireType(code=TIMESTAMP, size_bytes=11, scale=9),
    "TIMESTAMP(6) WITH TIME ZONE": WireType(code=TIMESTAMP_ZONED, size_bytes=13, scale=6),
    "TIMESTAMP(6) WITH LOCAL TIME ZONE": WireType(code=TIMESTAMP_LOCAL, size_bytes=11, scale=6),
}


def wire_type(name: str) -> WireType:
    """Find the type that is written ``NUMBER(9,6)``, ``CHAR(12)``, ``RAW(8)`` and so on."""
    if name in _PLAIN:
        return _PLAIN[name]
    found = re.fullmatch(r"(NUMBER|VARCHAR2|CHAR|RAW)\((\d+)(?:,(-?\d+))?\)", name)
    if found is None:
        raise ValueError(f"the wire fake has no type {name}")
    kind, size, scale = found[1], int(found[2]), int(found[3] or 0)
    if kind == "NUMBER":
        return WireType(code=NUMBER, precision=size, scale=scale)
    return WireType(code={"VARCHAR2": VARCHAR, "CHAR": CHAR, "RAW": RAW}[kind], size_bytes=size)


def encoded(kind: WireType, value: Any) -> bytes:
    """Write one value with its length; Oracle has no empty text, so that is NULL."""
    if kind.is_long:  # as LONG, which it was defined as: with a null indicator and a return code
        return long_bytes(_text(value or "")) + b"\0\0"
    if value is None or value in ("", b""):
        return b"\0"
    if kind.code == CHAR:
        value = str(value).ljust(kind.size_bytes)
    return long_bytes(_WRITERS.get(kind.code, _text)(value))


def as_value(code: int, content: bytes | None) -> str | int | float | Decimal | None:
    """Read the value of a bind."""
    if content is None:
        return None
    if code == NUMBER:
        return _read_number(content)
    return content.decode()


def _text(value: Any) -> bytes:
    return str(value).encode()


def _number(value: Any) -> bytes:
    sign, digits, exponent = Decimal(repr(value) if isinstance(value, float) else value).as_tuple()
    assert isinstance(exponent, int), "NUMBER has neither NaN nor infinity"
    if not any(digits):
        return b"\x80"
    if exponent % 2:
        digits, exponent = (*digits, 0), exponent - 1
    if len(digits) % 2:
        digits = (0, *digits)
    pairs = [digits[at] * 10 + digits[at + 1] for at in range(0, len(digits), 2)]
    power = exponent // 2 + len(pairs) - 1
    while pairs[0] == 0:
        pairs, power = pairs[1:], power - 1
    while pairs[-1] == 0:
        pairs.pop()
    pairs = pairs[:_NUMBER_BYTES]
    if not sign:
        return bytes([193 + power, *(pair + 1 for pair in pairs)])
    return bytes([62 - power, *(101 - pair for pair in pairs), *([102] if len(pairs) < _NUMBER_BYTES else [])])


def _read_number(content: bytes) -> int | Decimal:
    if content == b"\x80":
        return 0
    positive = bool(content[0] & 0x80)
    power = content[0] - 193 if positive else 62 - content[0]
    pairs = [byte - 1 for byte in content[1:]] if positive else [101 - byte for byte in content[1:] if byte != 102]
    value = sum(Decimal(pair) * Decimal(100) ** (power - at) for at, pair in enumerate(pairs))
    value = Decimal(value if positive else -value)
    return int(value) if value == value.to_integral_value() else value


def _ordered(content: bytes) -> bytes:
    """Flip bits as Oracle does, so that IEEE numbers sort as bytes do."""
    return bytes(byte ^ 0xFF for byte in content) if content[0] & 0x80 else bytes([content[0] | 0x80]) + content[1:]


def _float(value: float) -> bytes:
    return _ordered(struct.pack(">f", value))


def _double(value: float) -> bytes:
    return _ordered(struct.pack(">d", value))


def _date(value: date) -> bytes:
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    century = [moment.year // 100 + 100, moment.year % 100 + 100]
    return bytes([*century, moment.month, moment.day, moment.hour + 1, moment.minute + 1, moment.second + 1])


def _timestamp(value: datetime) -> bytes:
    moment = value.astimezone(UTC) if value.tzinfo is not None else value
    return _date(moment) + struct.pack(">I", moment.microsecond * 1000)


def _zoned(value: datetime) -> bytes:
    return _timestamp(value) + bytes([22, 60])


_WRITERS: dict[int, Callable[[Any], bytes]] = {
    NUMBER: _number,
    FLOAT: _float,
    DOUBLE: _double,
    DATE: _date,
    TIMESTAMP: _timestamp,
    TIMESTAMP_LOCAL: _timestamp,
    TIMESTAMP_ZONED: _zoned,
    RAW: bytes,
}
