"""A folder that somebody else may write to as well: everything is reached from its path anew, and through no link.

No descriptor is kept. When the folder is renamed, since another attempt has taken it over, whoever still writes finds it gone.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path

from ...errors import Conflict
from ..job_manifest import translated

__all__ = ["Place"]

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_LINKS = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EMLINK}


class Place:
    """One folder.

    Parameters
    ----------
    path
        Where it is; it exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def new_file(self, name: str, folder: str = "") -> Iterator[BufferedWriter]:
        """Write a file that has its name when all of it is there; folders are made.

        Parameters
        ----------
        folder
            Relative, with ``/`` between its parts.
        """
        with self._folder(folder, make=True) as descriptor:
            with os.fdopen(_new(descriptor, name), "wb") as file:
                yield file
            _named(descriptor, name)

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Write one file, whole or not at all."""
        with self._folder(folder, make=True) as descriptor:
            file = _new(descriptor, name)
            try:
                written = os.write(file, content)
                while written < len(content):
                    written += os.write(file, memoryview(content)[written:])
            finally:
                os.close(file)
            _named(descriptor, name)

    @contextmanager
    def opened(self, name: str, flags: int) -> Iterator[int]:
        """Open a file of the folder itself; its descriptor."""
        with self._folder() as descriptor:
            file = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=descriptor)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise OSError(errno.ELOOP, "not a plain file", name)
                yield file
            finally:
                os.close(file)

    @contextmanager
    def read(self, name: str) -> Iterator[BufferedReader]:
        """Open a file of the folder itself for reading."""
        with self.opened(name, os.O_RDONLY) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file

    def sizes(self, folder: str, names: tuple[str, ...]) -> list[int] | None:
        """Sizes of plain files, bytes; None unless all of them are there and reached through no link."""
        try:
            with self._folder(folder) as descriptor:
                found = [os.stat(name, dir_fd=descriptor, follow_symlinks=False) for name in names]
        except (FileNotFoundError, Conflict):
            return None
        return [each.st_size for each in found] if all(stat.S_ISREG(each.st_mode) for each in found) else None

    @contextmanager
    def _folder(self, folder: str = "", *, make: bool = False) -> Iterator[int]:
        """Go down to a folder step by step; what is no folder on the way, or missing, is no folder of ours."""
        with _told(self._path):
            descriptor = os.open(self._path, _FOLDER)
            try:
                for part in folder.split("/") if folder else ():
                    inner = _step(descriptor, part, make=make)
                    os.close(descriptor)
                    descriptor = inner
                yield descriptor
            finally:
                os.close(descriptor)


def _new(folder: int, name: str) -> int:
    """Open a new file under a temporary name; one that was left behind there, or a link, goes."""
    temporary = f".{name}.partial"
    try:
        return os.open(temporary, _NEW_FILE, 0o644, dir_fd=folder)
    except FileExistsError:
        os.unlink(temporary, dir_fd=folder)
    return os.open(temporary, _NEW_FILE, 0o644, dir_fd=folder)


def _named(folder: int, name: str) -> None:
    """Give a finished file its name."""
    os.rename(f".{name}.partial", name, src_dir_fd=folder, dst_dir_fd=folder)


def _step(parent: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another thread of ours was quicker
        os.mkdir(name, dir_fd=parent)
    return os.open(name, _FOLDER, dir_fd=parent)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in our words what went wrong with a folder."""
    try:
        with translated():
            yield
    except (FileNotFoundError, FileExistsError):
        if not path.is_dir():
            raise Conflict("the job's folder is gone: it was deleted, or another attempt was begun") from None
        raise
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _LINKS:
            raise Conflict(f"something in the job's folder was replaced by a link or a file of another kind ({cause.filename})") from cause
        raise
