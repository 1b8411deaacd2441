"""The seek index of one plane: made on first use, kept in the cache folder, checked before it is believed.

A file in the cache folder has a head of 64 bytes (what it is, the key, the number of entries, a checksum), then the bit offsets as
``uint32`` and the pixels before them as ``int32``. Nothing of it stays in memory: a read takes the entries of its rows from the file, so
that memory does not grow with the number of open tiles.
"""

import hashlib
import os
import secrets
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .descriptor import Descriptor

__all__ = ["CACHE_BYTES", "Entries", "SeekIndex", "index_key", "index_name"]

Entries: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int32]]
"""Bit offsets, and the values of the pixels before."""

CACHE_BYTES = 16 * 2**30
"""Size of the cache folder where nobody says otherwise."""

_MAGIC = b"SKYDESK seek index 1\n   "
_HEAD = struct.Struct("<24s32sQ")
_SUM = struct.Struct("<I")
_BEGIN = _HEAD.size + _SUM.size
_CHUNK_BYTES = 1 << 20
_SUFFIX = ".seek"
_UNFINISHED_SECONDS = 3600.0


def index_key(path: Path, number: int, size: int, changed_ns: int, cards: tuple[bytes, ...]) -> bytes:
    """Give what an index depends on, as 32 bytes: the file's path, size and time of change, and the extension's number and header."""
    head = f"{path}\n{number}\n{size}\n{changed_ns}\n".encode("utf-8", "surrogateescape")
    return hashlib.sha256(head + b"".join(cards)).digest()


def index_name(path: Path, number: int) -> str:
    """Give the plain name under which an index of an extension is kept."""
    return index_key(path, number, 0, 0, ()).hex()[:32]


class SeekIndex:
    """The entries of one plane, in a file of the cache folder, or in memory where that cannot be."""

    def __init__(self, file: Descriptor | None, count: int, kept: Entries | None = None) -> None:
        self._file = file
        self._count = count
        self._kept = kept

    @classmethod
    def get(
        cls, folder: Path | None, name: str, key: bytes, count: int, build: Callable[[], Entries], *, most_bytes: int = CACHE_BYTES
    ) -> "SeekIndex":
        """Take the index from the folder where it is there and sound; else build it, and keep it where that can be done.

        Two processes may do so at once: each writes a file of its own and renames it.

        Parameters
        ----------
        folder
            The cache folder; None to keep nothing.
        name
            Plain name of the file.
        key
            32 bytes: what the index depends on.
        count
            Number of entries.
        build
            Makes the entries.
        most_bytes
            Size of the folder, bytes; past it the indexes go that were opened longest ago.
        """
        return cls.find(folder, name, key, count) or cls.keep(folder, name, key, build(), most_bytes=most_bytes)

    @classmethod
    def find(cls, folder: Path | None, name: str, key: bytes, count: int) -> "SeekIndex | None":
        """Take the index from the folder; None where it is not there, or not sound. Parameters are those of `get`."""
        found = _opened(folder / (name + _SUFFIX), key, count) if folder else None
        return None if found is None else cls(found, count)

    @classmethod
    def keep(cls, folder: Path | None, name: str, key: bytes, entries: Entries, *, most_bytes: int = CACHE_BYTES) -> "SeekIndex":
        """Keep entries in the folder, or in memory where that cannot be done. Parameters are those of `get`."""
        found = _kept(folder, name + _SUFFIX, key, entries) if folder else None
        if found is None:
            return cls(None, len(entries[0]), entries)
        _prune(found.path.parent, most_bytes)
        return cls(found, len(entries[0]))

    def entries(self, first: int, after: int) -> Entries | None:
        """Give the entries from ``first`` to before ``after``; None where the file has been tampered with and cannot give them."""
        if self._kept is not None:
            return self._kept[0][first:after], self._kept[1][first:after]
        if self._file is None:
            return None
        bits, values = np.empty(after - first, np.uint32), np.empty(after - first, np.int32)
        begin = _BEGIN + 4 * first
        sound = self._file.fill(begin, bits) and self._file.fill(begin + 4 * self._count, values)
        return (bits, values) if sound else None


def _opened(path: Path, key: bytes, count: int) -> Descriptor | None:
    """Open an index; None where there is none, it belongs to something else, or is broken."""
    try:
        file = Descriptor(path)
        if not _is_sound(file, key, count):
            return None
    except OSError:
        return None
    with suppress(OSError):
        os.utime(path)
    return file


def _is_sound(file: Descriptor, key: bytes, count: int) -> bool:
    head = file.read(0, _BEGIN)
    if file.size != _BEGIN + 8 * count or head[: _HEAD.size] != _HEAD.pack(_MAGIC, key, count):
        return False
    checksum = zlib.crc32(head[: _HEAD.size])
    for at in range(_BEGIN, file.size, _CHUNK_BYTES):
        checksum = zlib.crc32(file.read(at, min(_CHUNK_BYTES, file.size - at)), checksum)
    return bool(checksum == _SUM.unpack(head[_HEAD.size :])[0])


def _kept(folder: Path, name: str, key: bytes, entries: Entries) -> Descriptor | None:
    """Write an index and open it; None where the folder cannot be written."""
    unfinished = folder / f".{name}.{os.getpid()}-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        head = _HEAD.pack(_MAGIC, key, len(entries[0]))
        checksum = zlib.crc32(head)
        for column in entries:
            checksum = zlib.crc32(_bytes(column), checksum)
        with unfinished.open("xb") as file:
            file.write(head + _SUM.pack(checksum))
            for column in entries:
                file.write(_bytes(column))
        unfinished.replace(folder / name)
        return Descriptor(folder / name)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        return None


def _prune(folder: Path, most_bytes: int) -> None:
    """Remove the indexes that were opened longest ago until the rest are no larger than told, and what killed processes left behind.

    A process that has one of them open keeps it.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        found = [(entry.stat().st_mtime, entry.stat().st_size, entry) for entry in entries if _SUFFIX in entry.name]
        whole = sorted((changed, size, entry.path) for changed, size, entry in found if entry.name.endswith(_SUFFIX))
        for changed, _, entry in found:
            if not entry.name.endswith(_SUFFIX) and changed < time.time() - _UNFINISHED_SECONDS:
                Path(entry.path).unlink(missing_ok=True)
        total = sum(size for _, size, _ in whole)
        for _, size, path in whole[:-1]:
            if total <= most_bytes:
                return
            Path(path).unlink(missing_ok=True)
            total -= size


def _bytes(column: NDArray[Any]) -> memoryview:
    return column.data.cast("B")
