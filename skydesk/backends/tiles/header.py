"""FITS headers, read with suspicion: cards, values, and how long the data after them are."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from ...errors import InvalidImage

__all__ = ["Extension", "Header", "Reader", "extensions"]

_BLOCK, _CARD = 2880, 80
_MOST_BLOCKS, _MOST_EXTENSIONS = 4096, 1000
_BITPIX = (8, 16, 32, 64, -32, -64)
_TEXT = re.compile(r"'((?:[^']|'')*)'")

Reader: TypeAlias = Callable[[int, int], bytes]
"""Gives ``size`` bytes of a file from ``offset`` on, fewer at its end."""


class Header:
    """The cards of one extension, 80 bytes each, without END."""

    def __init__(self, cards: tuple[bytes, ...], label: str) -> None:
        self.cards = cards
        self.label = label
        """What messages call it: the file and the number of the extension."""

    @cached_property
    def _values(self) -> dict[str, str]:
        """The text after ``= `` by keyword; of a keyword that is repeated, the first, as astropy and cfitsio have it."""
        found: dict[str, str] = {}
        for card in self.cards:
            if card[8:10] == b"= ":
                found.setdefault(card[:8].decode("latin-1").rstrip(), card[10:].decode("latin-1"))
        return found

    def __contains__(self, keyword: str) -> bool:
        return keyword in self._values

    def fault(self, message: str) -> InvalidImage:
        """Make the error that says what is wrong here."""
        return InvalidImage(f"{self.label} {message}")

    def text(self, keyword: str, otherwise: str = "") -> str:
        """Give a text without blanks at its end.

        Raises
        ------
        InvalidImage
            The value is no text.
        """
        if keyword not in self._values:
            return otherwise
        found = _TEXT.match(self._values[keyword].lstrip())
        if found is None:
            raise self.fault(f"has no text in {keyword}, got {self._raw(keyword)!r}")
        return found[1].replace("''", "'").rstrip()

    def integer(self, keyword: str, otherwise: int | None = None, *, least: int = -(2**63), most: int = 2**63 - 1) -> int:
        """Give a whole number within bounds.

        Raises
        ------
        InvalidImage
            It is missing and there is nothing to take instead, no whole number, or out of bounds.
        """
        if keyword not in self._values and otherwise is not None:
            return otherwise
        raw = self._raw(keyword)
        if not re.fullmatch(r"[+-]?\d{1,19}", raw) or not least <= int(raw) <= most:
            raise self.fault(f"needs a whole number from {least} to {most} in {keyword}, got {raw[:40]!r}")
        return int(raw)

    def number(self, keyword: str, otherwise: float) -> float:
        """Give a number.

        Raises
        ------
        InvalidImage
            It is none.
        """
        if keyword not in self._values:
            return otherwise
        try:
            return float(self._raw(keyword).upper().replace("D", "E"))
        except ValueError:
            raise self.fault(f"needs a number in {keyword}, got {self._raw(keyword)[:40]!r}") from None

    def true(self, keyword: str) -> bool:
        """Tell whether the keyword is there and is T."""
        return keyword in self._values and self._raw(keyword) == "T"

    def _raw(self, keyword: str) -> str:
        return self._values.get(keyword, "").split("/")[0].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One header and data unit of a file."""

    number: int
    """From 0, the primary one."""

    header: Header
    begin: int
    """Place of the first byte of the data."""

    size: int
    """Bytes of the data, without what fills the last block."""

    @property
    def is_image(self) -> bool:
        """True for an uncompressed image with pixels."""
        return (self.number == 0 or self.header.text("XTENSION") == "IMAGE") and self.size > 0

    @property
    def is_compressed_image(self) -> bool:
        """True for a table that stands for an image (FITS standard 4.0, section 10.1)."""
        return self.header.text("XTENSION") == "BINTABLE" and self.header.true("ZIMAGE")


def extensions(read: Reader, file_size: int, name: str) -> Iterator[Extension]:
    """Go through a file.

    Raises
    ------
    InvalidImage
        It is no FITS file, ends too early, or a header makes no sense.
    """
    at = 0
    for number in range(_MOST_EXTENSIONS):
        header, begin = _header(read, at, f"{name}, extension {number}", number)
        size = _data_size(header)
        if begin + size > file_size:
            raise header.fault(f"needs {begin + size} bytes of the file, but there are {file_size}; the file is cut off")
        at = begin + -(-size // _BLOCK) * _BLOCK
        if at > file_size:
            raise header.fault("ends before its last block is full; the file is cut off")
        yield Extension(number=number, header=header, begin=begin, size=size)
        if at == file_size or not read(at, _BLOCK).strip(b"\0 "):
            return
    raise InvalidImage(f"{name} has more than {_MOST_EXTENSIONS} extensions")


def _header(read: Reader, begin: int, label: str, number: int) -> tuple[Header, int]:
    """Read the header at a place; also the place after it."""
    cards: list[bytes] = []
    for count in range(_MOST_BLOCKS):
        block = read(begin + count * _BLOCK, _BLOCK)
        if count == 0:
            _check_begin(block, label, number)
        if len(block) < _BLOCK:
            raise InvalidImage(f"{label} has a header without an end; the file is cut off")
        for at in range(0, _BLOCK, _CARD):
            card = block[at : at + _CARD]
            if card.rstrip() == b"END":
                return Header(tuple(cards), label), begin + (count + 1) * _BLOCK
            cards.append(card)
    raise InvalidImage(f"{label} has a header of more than {_MOST_BLOCKS} blocks")


def _check_begin(block: bytes, label: str, number: int) -> None:
    if block[:2] == b"\x1f\x8b":
        raise InvalidImage(f"{label} is gzip-compressed as a whole; unpack it, or compress it with fpack, which can be read in parts")
    if not block.startswith(b"SIMPLE  =" if number == 0 else b"XTENSION="):
        raise InvalidImage(f"{label} does not begin as FITS does, got {block[:30]!r}")


def _data_size(header: Header) -> int:
    bits = header.integer("BITPIX")
    if bits not in _BITPIX:
        raise header.fault(f"has no known BITPIX, got {bits}")
    axes = header.integer("NAXIS", least=0, most=999)
    pixels = 1 if axes else 0
    for axis in range(1, axes + 1):
        pixels *= header.integer(f"NAXIS{axis}", least=0, most=2**47)
        if pixels > 2**56:
            raise header.fault("has more pixels than a file can hold")
    heap, groups = header.integer("PCOUNT", 0, least=0, most=2**56), header.integer("GCOUNT", 1, least=1, most=2**20)
    return abs(bits) // 8 * groups * (pixels + heap)
