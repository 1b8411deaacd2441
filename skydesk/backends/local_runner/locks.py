"""Who is alive, told by the kernel: a lock on a file lasts exactly as long as the process that holds it.

``<folder>/place``             names this set of locks; runners that share it can judge one another
``<folder>/runners/<runner>``  held by a service for as long as it runs jobs
``<folder>/jobs/<job id>``     held by a worker, from before it hears of the job until it is dead

A job that a store shows as EXECUTING is an orphan if, and only if, its runner's lock and its own lock are both free. The locks
are flock(2)'s: they belong to the open file, so a descriptor handed to a worker carries the lock along.
"""

import contextlib
import fcntl
import os
import secrets
import signal
import time
from collections.abc import Set
from pathlib import Path

__all__ = ["LivenessLocks"]

_PROBE_SECONDS = 0.1
"""Somebody who only looks holds a shared lock for some microseconds."""


class LivenessLocks:
    """The lock files of runners and jobs below one folder.

    Parameters
    ----------
    folder
        Made where it is missing. Services that share a job store and a machine must share it.
    """

    def __init__(self, folder: Path) -> None:
        self._runners = folder / "runners"
        self._jobs = folder / "jobs"
        self._place_file = folder / "place"
        self._make_folders()
        self.place = _text_once(self._place_file, secrets.token_hex(4))
        """Random name of this folder of locks."""

    def lock_runner(self, runner: str) -> int:
        """Lock a runner's file; the descriptor, which the caller keeps open for as long as the runner lives.

        Raises
        ------
        BlockingIOError
            Another process runs under this name.
        """
        descriptor = _lock_in_time(self._runners / runner, _PROBE_SECONDS)
        if descriptor is None:
            raise BlockingIOError(f"a runner called {runner} is alive")
        return descriptor

    def keep_runner(self, runner: str, descriptor: int) -> int:
        """Lock a runner's file anew if somebody has deleted it; the descriptor that holds the lock now."""
        if _is_still(descriptor, self._runners / runner):
            return descriptor
        self._make_folders()
        _text_once(self._place_file, self.place)
        fresh = self.lock_runner(runner)
        os.close(descriptor)
        return fresh

    def runner_is_alive(self, runner: str) -> bool:
        """Tell whether the process of a runner still exists."""
        return not _free(self._runners / runner)

    def lock_job(self, job_id: str, *, wait_seconds: float = 0.1) -> int | None:
        """Lock a job's file, if need be after a while; the descriptor, or None while something of an earlier attempt lives."""
        return _lock_in_time(self._jobs / job_id, wait_seconds)

    def job_is_held(self, job_id: str) -> bool:
        """Tell whether a worker, or something that it forked, still holds a job."""
        return not _free(self._jobs / job_id)

    def kill_holders(self, job_id: str) -> None:
        """Kill what still holds a job's lock, such as a process that a dead worker forked.

        A service that only looks at the file at this moment is told by its runner's lock, and spared.
        """
        path = self._jobs / job_id
        try:
            wanted = path.stat()
        except FileNotFoundError:
            return
        for pid in _processes():
            open_files = _open_files(pid)
            if (wanted.st_dev, wanted.st_ino) in open_files and not open_files & self._runner_files():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _make_folders(self) -> None:
        for each in (self._runners, self._jobs):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _runner_files(self) -> set[tuple[int, int]]:
        found = (path.stat() for path in self._runners.iterdir())
        return {(each.st_dev, each.st_ino) for each in found}

    def lock_orphan(self, job_id: str) -> int | None:
        """Lock the file of a job that nobody may hold, killing what does; None if that does not die within a second."""
        descriptor = self.lock_job(job_id)
        if descriptor is None:
            self.kill_holders(job_id)
            descriptor = self.lock_job(job_id, wait_seconds=1)
        return descriptor

    def forget_job(self, job_id: str) -> None:
        """Remove the lock file of a job that has ended."""
        (self._jobs / job_id).unlink(missing_ok=True)

    def forget_runner(self, runner: str) -> None:
        """Remove the lock file of a runner that has ended."""
        (self._runners / runner).unlink(missing_ok=True)

    def forget_dead_runners(self, keep: Set[str | None]) -> None:
        """Remove the lock files of runners that have ended, except of those to keep."""
        for path in self._runners.iterdir():
            if path.name not in keep:
                _remove_free(path)


def _text_once(path: Path, text: str) -> str:
    """Write a file that is not there yet, at once and whole; its text, whoever wrote it."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_text(text)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
    return path.read_text()


def _lock_in_time(path: Path, wait_seconds: float) -> int | None:
    deadline = time.monotonic() + wait_seconds
    while (descriptor := _lock(path)) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return descriptor


def _lock(path: Path) -> int | None:
    """Lock a file that is made where it is missing; None if somebody holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_still(descriptor, path):
            return descriptor
        os.close(descriptor)


def _is_still(descriptor: int, path: Path) -> bool:
    """Tell whether the path still names the open file: it may have been removed, and made anew, before we had the lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _free(path: Path) -> bool:
    """Tell whether nobody holds a file's lock; a missing file is held by nobody."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove_free(path: Path) -> None:
    """Remove a lock file that nobody holds, while holding it: what starts at this moment must not end up with a removed file's lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(descriptor, path):
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def _processes() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()] if proc.is_dir() else []


def _open_files(pid: int) -> set[tuple[int, int]]:
    """Device and inode of the files that a process has open; none where it has ended or belongs to another user."""
    found: set[tuple[int, int]] = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = link.stat()
                found.add((status.st_dev, status.st_ino))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return found
    return found
