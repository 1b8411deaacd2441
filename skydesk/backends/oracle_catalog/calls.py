"""Calls of the driver that nobody waits for longer than was agreed, whatever the database does."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ...errors import Cancelled, DeadlineExceeded, SkydeskError
from ...query.model import Cancellation

__all__ = ["Caller", "Deadline"]

_log = logging.getLogger("skydesk.oracle")
_T = TypeVar("_T")
_STOP_SECONDS = 2.0
"""How long a call that was broken off may take to end."""


class Deadline:
    """When work must end, and who else may stop it.

    Parameters
    ----------
    limit_seconds
        Seconds from now; None for no limit.
    """

    def __init__(self, limit_seconds: float | None, cancellation: Cancellation | None = None) -> None:
        self._limit_seconds = limit_seconds
        self._end = None if limit_seconds is None else time.monotonic() + limit_seconds
        self.cancellation = cancellation

    def remaining_seconds(self, most: float | None = None) -> float | None:
        """Seconds left, ``most`` at the most; None for no limit."""
        left = None if self._end is None else max(0.0, self._end - time.monotonic())
        return left if most is None else most if left is None else min(left, most)

    def reason(self) -> SkydeskError | None:
        """The error to end with; None while the work may go on."""
        try:
            if self.cancellation is not None:
                self.cancellation.check()
        except Cancelled as cancelled:
            return cancelled
        if self._end is None or time.monotonic() < self._end:
            return None
        limit = f"{self._limit_seconds:g} s"
        return DeadlineExceeded(f"stopped after {limit}, the limit of this run; narrow the statement down, or submit it as a job")

    def pause(self, seconds: float) -> None:
        """Wait, until the end at most; raises `reason` where there is one then."""
        wake = threading.Event()
        if self.cancellation is not None:
            self.cancellation.on_cancel(wake.set)
        wake.wait(self.remaining_seconds(seconds))
        if self.cancellation is not None:
            self.cancellation.forget(wake.set)
        self.check()

    def check(self) -> None:
        """Raise `reason` where there is one."""
        reason = self.reason()
        if reason is not None:
            raise reason


class Caller:
    """A thread that makes one call after the other, and that can be left behind with one that never comes back.

    The driver's own time limit counts each round trip anew, and a database that hangs does not hear a break either. So whoever
    waits, waits here, and goes when it is time; the thread is no reason for a process not to end.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self.lost = False
        threading.Thread(target=self._serve, name="skydesk-oracle", daemon=True).start()

    def call(self, work: Callable[[], _T], deadline: Deadline, interrupt: Callable[[], None] | None = None) -> _T:
        """Do ``work`` on the thread.

        Parameters
        ----------
        interrupt
            Breaks the work off in the database.

        Raises
        ------
        DeadlineExceeded, Cancelled
            The work was stopped. Where it did not even hear of it, `lost` is True from now on.
        """
        deadline.check()
        future: Future[_T] = Future()
        wake = threading.Event()
        future.add_done_callback(lambda _: wake.set())
        if deadline.cancellation is not None:
            deadline.cancellation.on_cancel(wake.set)
        try:
            self._calls.put((work, future))
            wake.wait(deadline.remaining_seconds())
        finally:
            if deadline.cancellation is not None:
                deadline.cancellation.forget(wake.set)
        if future.done():
            return future.result()
        reason = deadline.reason() or DeadlineExceeded("stopped at its limit")
        self._break_off(future, interrupt)
        raise reason

    def leave(self, last: Callable[[], object] | None = None) -> None:
        """Let the thread end, after a last piece of work; nobody waits for it."""
        if last is not None:
            self._calls.put((last, Future()))
        self._calls.put(None)

    def _break_off(self, future: "Future[Any]", interrupt: Callable[[], None] | None) -> None:
        if interrupt is not None:
            threading.Thread(target=_quietly, args=(interrupt,), daemon=True).start()
        ended = threading.Event()
        future.add_done_callback(lambda _: ended.set())
        self.lost = not ended.wait(_STOP_SECONDS if interrupt is not None else 0)

    def _serve(self) -> None:
        while (given := self._calls.get()) is not None:
            work, future = given
            try:
                future.set_result(work())
            except BaseException as error:  # the one who waits is to have it, whatever it is
                future.set_exception(error)


def _quietly(interrupt: Callable[[], None]) -> None:
    try:
        interrupt()
    except Exception as error:
        _log.warning("a statement could not be broken off: %s", type(error).__name__)
