"""A tar of a job's files, made while it is sent."""

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import ServiceUnavailable
from .job_manifest import open_plain

__all__ = ["tar_stream"]

_CHUNK_BYTES = 1 << 18


def tar_stream(folder: Path, names: Iterable[str], *, prefix: str) -> Iterator[bytes]:
    """Give the bytes of a POSIX tar (pax), a quarter of a megabyte at a time.

    Parameters
    ----------
    names
        Files below the folder, which become ``<prefix>/<name>``.

    Raises
    ------
    ServiceUnavailable
        A file vanished or shrank while it was sent; what was sent is no whole tar.
    """
    for name in names:
        yield from _member(folder / name, f"{prefix}/{name}")
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(path: Path, name: str) -> Iterator[bytes]:
    try:
        with open_plain(path) as file:
            info = tarfile.TarInfo(name)
            info.size = left = file.seek(0, 2)
            info.mtime = int(path.stat().st_mtime)
            info.mode = 0o644
            yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            file.seek(0)
            while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise ServiceUnavailable(f"{name} cannot be read ({error.strerror}); try again") from error
    if left:
        raise ServiceUnavailable(f"{name} became shorter while it was sent; try again")
    yield bytes(-info.size % tarfile.BLOCKSIZE)
