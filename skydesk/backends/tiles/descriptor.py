"""A file that is open for reading as long as anybody has it."""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

__all__ = ["Descriptor"]


class Descriptor:
    """An open file, read at places, never mapped: a mapped file that another process cuts off would end this one with SIGBUS.

    It is closed when the last reference to it is gone, so that no thread reads from a number that belongs to another file by then.

    Raises
    ------
    OSError
        The file is not there or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = -1
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        found = os.fstat(self.number)
        self.size = found.st_size
        self.changed_ns = found.st_mtime_ns
        self.identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def read(self, offset: int, size: int) -> bytes:
        """Give ``size`` bytes from ``offset`` on, fewer at the end of the file.

        Raises
        ------
        OSError
            The disk does not answer.
        """
        parts = []
        while size > 0:
            part = os.pread(self.number, size, offset)
            if not part:
                break
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def fill(self, offset: int, out: NDArray[Any]) -> bool:
        """Read into a C array from ``offset`` on; False where the file ends before.

        Raises
        ------
        OSError
            The disk does not answer.
        """
        return os.preadv(self.number, [out.data], offset) == out.nbytes

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)
