"""Runs the installed `skydesk demo` as a person does in a terminal, and ends it as Ctrl-C does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

__all__ = ["Demo", "gone", "processes_of", "wait_until"]


class Demo:
    """A demo hub in a process group of its own, as a terminal makes one.

    Parameters
    ----------
    folder
        Where the demo keeps accounts, homes and jobs.
    home
        Stands in for the user's home.
    paths
        Folders with packages beside the environment's own.
    policy
        Which groups grant which labs; None for the demo's own.
    """

    def __init__(self, folder: Path, *, home: Path, port: int, paths: tuple[Path, ...] = (), policy: Path | None = None) -> None:
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{port}"
        self.password = ""
        self.terminal = folder.parent / f"{folder.name}-terminal.log"
        self.log = folder / "hub.log"
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME"}}
        # the survey that is made once for all tests lies in the user's own cache
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        self._environment = {**kept, "HOME": str(home), "XDG_CACHE_HOME": cache, "PYTHONPATH": os.pathsep.join(map(str, paths))}
        if policy is not None:
            self._environment["SKYDESK_POLICY"] = str(policy)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, seconds: float = 120) -> None:
        """Start it and read address and password off its greeting."""
        script = Path(sys.prefix) / "bin" / "skydesk"
        command = [str(script), "demo", "--preset", "tiny", "--folder", str(self.folder), "--port", str(self.port)]
        with self.terminal.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        started = self._process
        wait_until(
            lambda: "Ctrl-C stops everything" in self.said() or started.poll() is not None, seconds=seconds, what="the demo's greeting"
        )
        assert started.poll() is None, self.said()
        row = re.search(r"^\s*vera\s+(\S+)\s+default$", self.said(), re.MULTILINE)
        assert row, self.said()
        assert self.url in self.said()
        self.password = row[1]

    def said(self) -> str:
        """What stands in the terminal."""
        return self.terminal.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The demo's own process, which leads its group."""
        assert self._process is not None
        return self._process.pid

    def interrupt(self, *, seconds: float = 30) -> tuple[int, float]:
        """Press Ctrl-C: the whole group gets SIGINT. Gives the exit status and how many seconds the end took."""
        assert self._process is not None
        pressed_at = time.monotonic()
        os.killpg(self._process.pid, signal.SIGINT)
        status = self._process.wait(seconds)
        self._process = None
        return status, time.monotonic() - pressed_at

    def close(self) -> None:
        """End it, whatever has happened, and every process that it has left."""
        if self._process is None:
            return
        left = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        try:
            self.interrupt()
        finally:
            for process in left:
                if process.is_running():
                    process.kill()

    def client(self, token: str | None = None) -> httpx.Client:
        """An HTTP client that is nobody, or who the token says; it follows no redirect."""
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)


def processes_of(folder: Path) -> list[psutil.Process]:
    """Processes that have to do with a folder: by command line, working directory or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if process.pid != os.getpid() and any(str(folder) in word for word in words):
            found.append(process)
    return found


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, *, seconds: float, what: str) -> None:  # type: ignore[no-untyped-def]
    """Wait for a condition, and fail by its name. A look may cost much: the longer it takes, the more seldom one looks."""
    started_at = time.monotonic()
    while not condition():
        waited = time.monotonic() - started_at
        assert waited < seconds, f"{what} did not come within {seconds:g} s"
        time.sleep(min(0.25, max(0.02, waited / 10)))
