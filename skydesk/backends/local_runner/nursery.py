"""The process that forks warm workers, and how to talk to it.

A fresh Python process takes most of a second to import what a job needs. The nursery imports it once, stays single-threaded and
asleep, and forks a worker in some milliseconds when asked to. It answers two questions over its control channel: ``fork`` and
``reap``. A dead worker stays a zombie until it is reaped, so its process id, and that of its group, cannot come to mean
somebody else. When the control channel closes - the service stopped, or was killed - the nursery kills every group and exits.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from ...errors import ServiceUnavailable
from .channel import Channel, ChannelClosed, Message
from .settings import WorkerSettings

__all__ = ["Newborn", "Nursery", "serve"]

_log = logging.getLogger(__name__)

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from skydesk.worker import main; main()"
"""Modules are found as this process finds them, whether installed or not, and never in the folder where we happen to be."""

_FIRST_ANSWER_SECONDS = 600
"""A new nursery first loads what jobs need; right after an installation that is compiled, which takes a busy machine minutes."""

_ANSWER_SECONDS = 60
_DEATH_SECONDS = 5
_REAP_SECONDS = 0.003
_SECRETS = ("JUPYTERHUB_", "JUPYTER_TOKEN", "CONFIGPROXY_")
"""Beginnings of environment variables that are the service's and no worker's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newborn:
    """A worker process just forked."""

    pid: int
    """Also the id of its process group."""

    channel: Channel
    kill: Callable[[], None]
    """Kills the whole process group, unless it is buried already."""

    bury: Callable[[], int | None]
    """Kills the whole process group and gives the worker's exit code, negative for a signal; None where nobody knows it."""


class Nursery:
    """Starts the nursery process when it is needed first, and again if it dies. Safe from any thread."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Channel | None = None
        self._has_answered = False
        self._closed = False

    def fork(self) -> Newborn:
        """Make a worker.

        Raises
        ------
        ServiceUnavailable
            The nursery cannot be started, or was closed.
        """
        with self._lock:
            control = self._running()
            ours, theirs = Channel.pair()
            with theirs:
                patience_seconds = _ANSWER_SECONDS if self._has_answered else _FIRST_ANSWER_SECONDS
                reply = _ask(control, {"kind": "fork"}, [theirs.fileno()], patience_seconds)
            self._has_answered = reply is not None
            if reply is None:
                self._end_process()
                ours.close()
                raise ServiceUnavailable("worker processes cannot be started; the service's log says why")
        pid = int(reply["pid"])
        return Newborn(pid=pid, channel=ours, kill=lambda: self._kill(control, pid), bury=lambda: self._bury(control, pid))

    def close(self, *, wait_seconds: float = 1) -> None:
        """End the nursery and every worker that it made."""
        self._closed = True
        control = self._control
        if control is not None:
            control.hang_up()  # so that whoever waits for an answer lets go of the lock
        with self._lock:
            self._end_process(wait_seconds)

    def _kill(self, control: Channel, pid: int) -> None:
        process = self._process
        if control is self._control and process is not None and process.poll() is None:
            _end_group(pid)  # else the kernel has killed the worker with the nursery, and the id may be somebody else's

    def _bury(self, control: Channel, pid: int) -> int | None:
        deadline = time.monotonic() + _DEATH_SECONDS
        self._kill(control, pid)
        while time.monotonic() < deadline:
            with self._lock:
                if control is not self._control:
                    return None
                reply = _ask(control, {"kind": "reap", "pid": pid})
            if reply is None or reply["exit_code"] is not None:
                return None if reply is None else int(reply["exit_code"])
            time.sleep(_REAP_SECONDS)
        return None

    def _running(self) -> Channel:
        """The control channel of a nursery that lives."""
        if self._closed:
            raise ServiceUnavailable("the service is stopping")
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._end_process()
        self._has_answered = False
        control, theirs = Channel.pair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, json.dumps([entry for entry in sys.path if entry]), "skydesk-nursery"],
                stdin=theirs.fileno(),
                start_new_session=True,
                env=_environment(),
            )
        self._control = control
        with contextlib.suppress(ChannelClosed):
            control.send(self._settings.to_json())
        return control

    def _end_process(self, wait_seconds: float = 1) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(wait_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def serve(control: Channel, live: Callable[[Channel], None]) -> None:
    """Fork and reap workers for as long as the control channel is open; what the nursery process does.

    Parameters
    ----------
    live
        What a worker does with its channel; it is called in the forked process, which ends when it returns.
    """
    parent_pid = os.getppid()
    children: set[int] = set()
    with contextlib.suppress(ChannelClosed):
        while os.getppid() == parent_pid:
            message = control.receive(1)
            if message is None:
                continue
            if message["kind"] == "fork":
                pid = _fork(control, live)
                children.add(pid)
                control.send({"pid": pid})
            else:
                exit_code = _exit_code(int(message["pid"]), children)
                control.send({"exit_code": exit_code})
    for pid in children:
        _end_group(pid)
    for pid in children:
        os.waitpid(pid, 0)


def _end_group(pid: int) -> None:
    """Kill a worker and its whole process group. Only for workers not yet reaped, whose id is still theirs."""
    for kill in (os.killpg, os.kill):  # a worker just forked does not lead its group yet
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _ask(control: Channel, message: Message, descriptors: Sequence[int] = (), patience_seconds: float = _ANSWER_SECONDS) -> Message | None:
    """The nursery's answer; None if it is dead, or as good as dead."""
    try:
        control.send(message, descriptors)
        return control.receive(patience_seconds)
    except ChannelClosed:
        return None


def _fork(control: Channel, live: Callable[[Channel], None]) -> int:
    [descriptor] = control.take_descriptors()
    sock = socket.socket(fileno=descriptor)
    pid = os.fork()
    if pid:
        sock.close()
        return pid
    exit_code = 1
    try:
        control.forget()
        live(Channel(sock))
        exit_code = 0
    except BaseException:
        _log.exception("a worker failed")
    finally:
        os._exit(exit_code)


def _exit_code(pid: int, children: set[int]) -> int | None:
    if pid not in children:
        return None
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _environment() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
    return {**mine, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
