"""The folder in which a pyramid is made: what is finished stays, and the whole is shown by one renaming."""

import fcntl
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import wraps
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, BinaryIO, ParamSpec, Self, TypeVar

import numpy as np

from ...errors import Conflict, ServiceUnavailable
from ...footprint.hips.names import cell_path
from ...footprint.hips.pyramid import Picture
from ..cutout_files.png import empty_lines, png_file

__all__ = ["PyramidFolder"]

_JOURNAL, _RECIPE = "cells.journal", "recipe.json"
_P = ParamSpec("_P")
_T = TypeVar("_T")


def _on_disk(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Say in our words that the disk does not do as it is told."""

    @wraps(function)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ServiceUnavailable(f"the folder of colour pyramids cannot be written: {reason}; tell the operator") from error

    return guarded


class PyramidFolder:
    """Makes the pyramid of a release; a `skydesk.footprint.hips.task.PyramidPlace`. A context manager: one maker at a time.

    Parameters
    ----------
    folder
        Where the survey's pyramids are; made when it is missing.
    release
        Name of the release, and of the pyramid's folder once it is whole.
    """

    def __init__(self, folder: Path, release: str) -> None:
        self._whole = folder / release
        self._unfinished = folder / f"{release}.unfinished"
        self._lock_file = folder / f"{release}.lock"
        self._opened = ExitStack()
        self._lock = Lock()
        self._journal: BinaryIO | None = None
        self._cells: dict[tuple[int, int], int] = {}
        self.size_bytes = 0

    @_on_disk
    def __enter__(self) -> Self:
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = self._opened.enter_context(self._lock_file.open("ab"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._opened.close()
            raise Conflict(f"the colour pyramid of {self._whole.name} is being made by another job; wait for its end") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._opened.close()

    @_on_disk
    def begin(self, recipe: Mapping[str, Any]) -> int:
        """Go on with what an earlier maker left, if it had the same recipe; gives the number of cells that are finished."""
        told = json.dumps(recipe, sort_keys=True)
        kept = self._unfinished / _RECIPE
        if not kept.is_file() or kept.read_text() != told:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            self._unfinished.mkdir()
            self._put(_RECIPE, told.encode())
        self._read_journal()
        return len(self._cells)

    def finished(self, order: int) -> Mapping[int, bool]:
        """Tell of the cells of an order that are finished whether there is a picture."""
        return {cell: size > 0 for (at, cell), size in self._cells.items() if at == order}

    @_on_disk
    def add(self, order: int, cell: int, picture: Picture | None) -> None:
        """Keep a cell; None where it has no picture."""
        size = 0 if picture is None else self._put(cell_path(order, cell), _png(picture))
        with self._lock:
            if self._journal is None:
                raise RuntimeError("the folder was not begun")
            self._journal.write(f"{order} {cell} {size}\n".encode())
            self._journal.flush()
            self._cells[order, cell] = size
            self.size_bytes += size

    @_on_disk
    def picture(self, order: int, cell: int) -> Picture:
        """Read a cell's picture."""
        from PIL import Image

        with Image.open(self._unfinished / cell_path(order, cell)) as image:
            return np.asarray(image.convert("RGBA"), np.uint8)

    @_on_disk
    def add_picture(self, path: str, picture: Picture) -> None:
        """Keep a picture that is not a cell's."""
        self._put(path, _png(picture))

    @_on_disk
    def add_file(self, path: str, content: bytes) -> None:
        """Keep another file."""
        self._put(path, content)

    @_on_disk
    def finish(self) -> None:
        """Show the pyramid in the place of any earlier one."""
        self._close_journal()
        for name in (_JOURNAL, _RECIPE):
            (self._unfinished / name).unlink()
        earlier = self._whole.with_name(f"{self._whole.name}.earlier")
        shutil.rmtree(earlier, ignore_errors=True)
        with suppress(FileNotFoundError):
            self._whole.rename(earlier)
        self._unfinished.rename(self._whole)
        shutil.rmtree(earlier, ignore_errors=True)

    def _read_journal(self) -> None:
        path = self._unfinished / _JOURNAL
        text = path.read_bytes() if path.is_file() else b""
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.decode("ascii").splitlines():
            order, cell, size = map(int, line.split())
            if size == 0 or self._has(cell_path(order, cell), size):
                self._cells[order, cell] = size
        self.size_bytes = sum(self._cells.values())
        journal = self._opened.enter_context(path.open("ab"))
        journal.truncate(len(whole))
        self._journal = journal

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _has(self, path: str, size: int) -> bool:
        with suppress(FileNotFoundError):
            return (self._unfinished / path).stat().st_size == size
        return False

    def _put(self, path: str, content: bytes) -> int:
        """Write a file, whole or not at all."""
        target = self._unfinished / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.partial")
        partial.write_bytes(content)
        partial.replace(target)
        return len(content)


def _png(picture: Picture) -> bytes:
    lines = empty_lines(picture.shape[:2], 4)
    lines[:, 0] = 0
    lines[:, 1:] = picture.reshape(picture.shape[0], -1)
    return png_file(lines, 4)
