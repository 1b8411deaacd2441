"""Reading what only cfitsio reads in processes of their own: it may crash on a damaged file, or never end, and only the helper is lost.

A helper ends with the process that started it: its standard input is at its end then, or its own alarm rings.
"""

import atexit
import json
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidImage, ServiceUnavailable

__all__ = ["FitsioHelpers", "Unreadable", "serve"]

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from skydesk.backends.tiles.fitsio_helper import serve; serve()"
"""Modules are found as this process finds them, whether installed or not, and never in the folder where we happen to be."""

_ROOT = Path(__file__).resolve().parents[3]
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONHOME")
_START_SECONDS, _DEATH_SECONDS = 60.0, 5.0
_MEMORY_BYTES = 2 * 2**30
_MOST_FILES = 8
_LENGTH = struct.Struct("<I")


class Unreadable(InvalidImage):
    """Reading a file ended a helper, or did not end."""


class FitsioHelpers:
    """Processes that read images with fitsio, started when they are needed and kept. Safe from several threads, and across a fork.

    Parameters
    ----------
    deadline_seconds
        How long one read may take; past it the helper is ended.
    most
        How many reads go on at a time; more wait.
    """

    def __init__(self, *, deadline_seconds: float = 15.0, most: int = 2) -> None:
        self._deadline_seconds = deadline_seconds
        self._most = most
        self._begin()
        _POOLS.add(self)

    def read(self, place: Mapping[str, Any], label: str, out: NDArray[Any] | None = None) -> Any:
        """Read a box of an image.

        Parameters
        ----------
        place
            ``path``, ``identity`` (device, inode, size, time of change in nanoseconds), ``number`` of the extension, and ``box``:
            column, row, rows, columns.
        label
            What messages call the image.
        out
            C-contiguous array to fill; None to be told the type only.

        Returns
        -------
        dtype
            Native type of the pixels.

        Raises
        ------
        Unreadable
            A helper crashed, twice, or took too long.
        InvalidImage
            fitsio cannot read it, or gives something else than fits ``out``.
        ServiceUnavailable
            No helper can be started, or the file was replaced.
        """
        request = {**place, "seconds": math.ceil(self._deadline_seconds) + 1}
        with self._places:
            for _ in range(2):
                helper = self._take()
                try:
                    answer = helper.ask(request, out, self._deadline_seconds)
                except TimeoutError:
                    self._drop(helper)
                    raise Unreadable(
                        f"{label} cannot be read: fitsio was not done with it after {self._deadline_seconds:g} s; the file may be damaged"
                    ) from None
                except (EOFError, OSError):
                    self._drop(helper)
                    continue
                except BaseException:
                    self._drop(helper)
                    raise
                self._free.append(helper)
                return _checked(answer, label, out)
        raise Unreadable(f"{label} cannot be read: fitsio crashed on it; the file may be damaged")

    def close(self) -> None:
        """End the helpers that have nothing to do; those that are needed again are started again."""
        while self._free:
            self._drop(self._free.pop())

    def __enter__(self) -> "FitsioHelpers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def leave_to_parent(self) -> None:
        """After a fork, in the child: let go of helpers that belong to the parent."""
        for helper in tuple(self._all):
            helper.leave()
        self._begin()

    def _begin(self) -> None:
        self._places = BoundedSemaphore(self._most)
        self._free: list[_Helper] = []
        self._all: set[_Helper] = set()

    def _take(self) -> "_Helper":
        """Give a helper that has nothing to do; a new one where there is none."""
        while self._free:
            helper = self._free.pop()
            if helper.is_alive():
                return helper
            self._drop(helper)
        return self._start()

    def _start(self) -> "_Helper":
        message = "the helper that reads such images does not start; the service's log says why"
        try:
            helper = _Helper()
        except OSError as error:
            raise ServiceUnavailable(message) from error
        self._all.add(helper)
        try:
            helper.wait_until_ready()
        except (EOFError, OSError) as error:
            self._drop(helper)
            raise ServiceUnavailable(message) from error
        return helper

    def _drop(self, helper: "_Helper") -> None:
        self._all.discard(helper)
        helper.end()


class _Helper:
    """One process, seen from the one that started it."""

    def __init__(self) -> None:
        path = json.dumps([str(_ROOT), *(entry for entry in sys.path if entry)])
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, path, "skydesk-fitsio"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("no pipes")
        self._input, self._output = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)

    def wait_until_ready(self) -> None:
        """Wait for its first word; `EOFError` or `TimeoutError` where it does not come."""
        self._message(time.monotonic() + _START_SECONDS)

    def ask(self, request: Mapping[str, Any], out: NDArray[Any] | None, seconds: float) -> Mapping[str, Any]:
        """Have something read; pixels go into ``out`` where they fit it. `TimeoutError`, `EOFError` and `OSError` where that fails."""
        until = time.monotonic() + seconds
        self._input.write(json.dumps(request).encode() + b"\n")
        answer = self._message(until)
        if "error" not in answer:
            shape = tuple(answer["shape"])
            fits = out is not None and out.shape == shape and out.dtype == answer["dtype"]
            self._fill(out if fits and out is not None else np.empty(shape, answer["dtype"]), until)
        return answer

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it and see it off."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DEATH_SECONDS)
        self._close()

    def leave(self) -> None:
        """Let go of another process's helper: one that is not our child counts as ended when it is asked for."""
        self._close()
        self._process.poll()

    def _close(self) -> None:
        self._input.close()
        self._output.close()

    def _message(self, until: float) -> Mapping[str, Any]:
        length = np.empty(_LENGTH.size, np.uint8)
        self._fill(length, until)
        content = np.empty(_LENGTH.unpack(length.tobytes())[0], np.uint8)
        self._fill(content, until)
        found: Mapping[str, Any] = json.loads(content.tobytes())
        return found

    def _fill(self, out: NDArray[Any], until: float) -> None:
        view, done = out.reshape(-1).view(np.uint8), 0
        while done < view.size:
            left = until - time.monotonic()
            if left <= 0 or not self._poll.poll(1000 * left):
                raise TimeoutError("a helper takes too long")
            got = os.readv(self._output.fileno(), [view[done:].data])
            if got == 0:
                raise EOFError("a helper has ended")
            done += got


def serve() -> None:
    """Be a helper: read what standard input asks for, until it ends."""
    answers = os.dup(1)
    os.dup2(2, 1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _MEMORY_BYTES if soft == resource.RLIM_INFINITY else min(soft, _MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import fitsio  # noqa: F401 (so that the time it takes is not the first image's)

    files = _OpenFiles()
    with suppress(BrokenPipeError):
        _answer(answers, {})
        for line in sys.stdin.buffer:
            request = json.loads(line)
            signal.alarm(request["seconds"])
            _answer(answers, *_read(files, request))
            signal.alarm(0)


def _read(files: "_OpenFiles", request: Mapping[str, Any]) -> tuple[Mapping[str, Any], NDArray[Any] | None]:
    try:
        found = files.pixels(request["path"], request["identity"], request["number"], request["box"])
    except (OSError, ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, MemoryError) as error:
        return {"error": (str(error).strip().splitlines() or [type(error).__name__])[-1]}, None
    if found is None:
        return {"error": "it was replaced", "again": True}, None
    return {"dtype": found.dtype.str, "shape": found.shape}, found


class _OpenFiles:
    """The files that a helper has open, those used last."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[Any, ...], tuple[int, Any]] = OrderedDict()

    def pixels(self, path: str, identity: list[int], number: int, box: tuple[int, int, int, int]) -> NDArray[Any] | None:
        """Read a box of an extension; None where another file is in its place. A file that makes trouble is closed."""
        key, (x, y, rows, columns) = (path, *identity), box
        descriptor, file = self._files.pop(key, None) or (os.open(path, os.O_RDONLY | os.O_CLOEXEC), None)
        found = None
        try:
            if _identity(descriptor) == identity:
                file = file or _fitsio_file(descriptor)
                found = np.ascontiguousarray(file[number][y : y + rows, x : x + columns])
        finally:
            if found is None:
                _close(descriptor, file)
        if found is None:
            return None
        self._files[key] = (descriptor, file)
        if len(self._files) > _MOST_FILES:
            _close(*self._files.popitem(last=False)[1])
        return found.astype(found.dtype.newbyteorder("="), copy=False)


def _identity(descriptor: int) -> list[int]:
    found = os.fstat(descriptor)
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]


def _fitsio_file(descriptor: int) -> Any:
    """Open by the descriptor: cfitsio would take some characters of a name for orders."""
    import fitsio

    return fitsio.FITS(f"/dev/fd/{descriptor}")


def _close(descriptor: int, file: Any) -> None:
    if file is not None:
        with suppress(OSError, RuntimeError):
            file.close()
    os.close(descriptor)


def _answer(answers: int, message: Mapping[str, Any], pixels: NDArray[Any] | None = None) -> None:
    content = json.dumps(message).encode()
    parts = [_LENGTH.pack(len(content)) + content, b"" if pixels is None else pixels.reshape(-1).view(np.uint8).data]
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(answers, view) :]


def _checked(answer: Mapping[str, Any], label: str, out: NDArray[Any] | None) -> Any:
    """Give the type of the pixels, or say what is wrong."""
    if "error" in answer:
        kind = ServiceUnavailable if "again" in answer else InvalidImage
        raise kind(f"{label} cannot be read: {answer['error']}")
    dtype, shape = np.dtype(answer["dtype"]), tuple(answer["shape"])
    if out is not None and (out.shape != shape or out.dtype != dtype):
        raise InvalidImage(f"{label} gives {shape} pixels of {dtype} where {out.shape} of {out.dtype} were asked for")
    return dtype


def _leave_to_parent() -> None:
    for pool in tuple(_POOLS):
        pool.leave_to_parent()


def _close_all() -> None:
    for pool in tuple(_POOLS):
        pool.close()


_POOLS: "WeakSet[FitsioHelpers]" = WeakSet()
os.register_at_fork(after_in_child=_leave_to_parent)
atexit.register(_close_all)
