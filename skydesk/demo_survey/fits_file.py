"""Write tile-compressed FITS files of which only some rows hold data, in time and space that go with those rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
from numpy.typing import NDArray

__all__ = ["Plane", "write_planes"]

_BLOCK, _CARD = 2880, 80
_CHUNK_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """One image extension of a file."""

    name: str
    part: NDArray[Any]
    """The part of the image that holds data."""

    corner: tuple[int, int]
    """Row and column of its first pixel in the image, from 0."""

    size: int
    """Rows of the image, and columns."""

    header: Mapping[str, Any]
    empty: int = 0
    """Value of every other pixel."""

    step: float | None = None
    """Step in which floating-point values are kept (ZQUANTIZ); None for whole numbers, which are kept exactly."""

    dither: bool = False
    """True to dither the steps away as fpack does, zeros kept exactly."""


def write_planes(path: Path, planes: list[Plane]) -> None:
    """Write a file with an empty primary extension and one RICE-compressed image extension a plane, a row a tile.

    The empty rows are compressed once and share one place in the heap. Readers see whole images.
    """
    with path.open("wb") as file:
        for number, plane in enumerate(planes):
            primary, extension = _extension(plane)
            file.write((primary if number == 0 else b"") + extension)


def _extension(plane: Plane) -> tuple[bytes, bytes]:
    """Give a primary extension and the plane's own."""
    buffer = np.full((_CHUNK_ROWS, plane.size), plane.empty, plane.part.dtype)
    primary, cards, empty, heap = _compressed(plane, buffer[:1], 0)
    table, heaps, size = np.repeat(empty, plane.size, axis=0), [heap], len(heap)
    top, left = plane.corner
    for first, last in _runs(np.any(plane.part != plane.empty, axis=1)):
        buffer[: last - first, left : left + plane.part.shape[1]] = plane.part[first:last]
        _, cards, rows, heap = _compressed(plane, buffer[: last - first], top + first)
        _shift(cards, rows, size)
        table[top + first : top + last] = rows
        heaps.append(heap)
        size += len(heap)
    values = {"NAXIS2": plane.size, "ZNAXIS2": plane.size, "PCOUNT": size, "ZDITHER0": 1}
    header = _padded(b"".join(_with_value(card, values) for card in cards), b" ")
    return primary, header + _padded(table.tobytes() + b"".join(heaps), b"\0")


def _runs(chosen: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give the first and the one after the last of each run of chosen rows, long runs in pieces."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for begin in range(first, last, _CHUNK_ROWS):
            yield begin, min(last, begin + _CHUNK_ROWS)


def _compressed(plane: Plane, rows: NDArray[Any], first_row: int) -> tuple[bytes, list[bytes], NDArray[np.uint8], bytes]:
    """Compress rows in memory; give the primary extension, and the cards, table and heap of the compressed one."""
    options: dict[str, Any] = {"compress": "RICE", "header": dict(plane.header), "extname": plane.name}
    if plane.step is not None:
        # cfitsio's random offsets go by the number of the row plus the seed: this one makes them those of the row's place in the tile.
        options |= {
            "qlevel": -plane.step,
            "qmethod": "SUBTRACTIVE_DITHER_2" if plane.dither else "NO_DITHER",
            "dither_seed": first_row % 10_000 + 1,
        }
    with fitsio.FITS("mem://", "rw") as memory:
        memory.write(rows, **options)
        raw = memory.read_raw()
    cards, begin = _cards(raw, 0)
    primary, (cards, begin) = raw[:begin], _cards(raw, begin)
    width, count, heap_bytes = (int(_value(cards, key)) for key in ("NAXIS1", "NAXIS2", "PCOUNT"))
    table = np.frombuffer(raw, np.uint8, width * count, begin).reshape(count, width).copy()
    return primary, cards, table, raw[begin + width * count : begin + width * count + heap_bytes]


def _shift(cards: list[bytes], table: NDArray[np.uint8], bytes_on: int) -> None:
    """Move every descriptor of a variable-length column along the heap."""
    at = 0
    for number in range(1, int(_value(cards, "TFIELDS")) + 1):
        form = _value(cards, f"TFORM{number}").strip("' ")
        if "P" in form:
            descriptors = table[:, at : at + 8].copy().view(">i4")
            descriptors[:, 1] += np.where(descriptors[:, 0] > 0, bytes_on, 0)
            table[:, at : at + 8] = descriptors.view(np.uint8)
        at += 4 if form == "1J" else 8


def _cards(raw: bytes, begin: int) -> tuple[list[bytes], int]:
    """Give the cards of a header and the place of the first byte after it."""
    cards = []
    for at in range(begin, len(raw), _CARD):
        cards.append(raw[at : at + _CARD])
        if cards[-1].startswith(b"END     "):
            break
    return cards, begin + -(-len(cards) * _CARD // _BLOCK) * _BLOCK


def _value(cards: list[bytes], key: str) -> str:
    return next(card[10:].decode().split("/")[0].strip() for card in cards if card[:8].decode().strip() == key)


def _with_value(card: bytes, values: Mapping[str, int]) -> bytes:
    key = card[:8].decode().strip()
    return card[:10] + f"{values[key]:>20}".encode() + card[30:] if key in values else card


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)
