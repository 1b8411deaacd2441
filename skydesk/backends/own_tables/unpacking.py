"""Files as they come: gzip, bzip2, xz and Zstandard taken off, with a bound, so that a small file cannot fill the disk."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from ...errors import InvalidRequest

__all__ = ["unpacked", "write_upload"]

_CHUNK_BYTES = 1 << 20
_PACKED: tuple[tuple[bytes, str, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ\0", "xz", lzma.open),
    (b"\x28\xb5\x2f\xfd", "Zstandard", lambda path: pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")),
)
_FOLDERS = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}


def unpacked(source: Path, target: Path, max_bytes: int) -> Path:
    """Take compression off a file.

    Parameters
    ----------
    source
        The file.
    target
        Where to put it unpacked, if it is packed.
    max_bytes
        Largest file, unpacked or not, bytes.

    Returns
    -------
    Path
        `target`, or `source` where it is not packed.

    Raises
    ------
    InvalidRequest
        It is too large, broken, or a folder of several files.
    """
    with source.open("rb") as file:
        start = file.read(8)
    for mark, kind in _FOLDERS.items():
        if start.startswith(mark):
            raise InvalidRequest(f"this is a {kind} archive; unpack it and give the table that is in it")
    for mark, kind, open_ in _PACKED:
        if start.startswith(mark):
            try:
                with open_(source) as packed, target.open("wb") as plain:
                    _copy(packed, plain, max_bytes)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
                raise InvalidRequest(f"the {kind} file is broken or ends in the middle; give it again") from error
            return target
    if source.stat().st_size > max_bytes:
        raise _too_large(max_bytes)
    return source


def write_upload(content: bytes | Path, target: Path) -> Path:
    """Have a file on disk; a path is where it is already."""
    if isinstance(content, Path):
        return content
    target.write_bytes(content)
    return target


def _copy(packed: BinaryIO, plain: BinaryIO, max_bytes: int) -> None:
    size = 0
    while chunk := packed.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        plain.write(chunk)


def _too_large(max_bytes: int) -> InvalidRequest:
    return InvalidRequest(f"the file is larger than {max_bytes >> 20:,} MiB once it is unpacked; give fewer rows or columns")
