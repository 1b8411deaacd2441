"""Stopping a statement at its deadline or when somebody asks, and nothing but that statement."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event
from types import TracebackType
from typing import Self

from ...errors import Cancelled, DeadlineExceeded, SkydeskError
from ...query.model import Cancellation

__all__ = ["StopWatch"]

_REPEAT_SECONDS = 0.02


class StopWatch:
    """Watches over one statement from before it starts until after it has ended.

    DuckDB forgets an interrupt that comes just before a statement begins, so the interrupt is repeated until the
    statement has ended; and the watch has ended before the connection goes to the next statement, so that no late
    interrupt can hit that one.

    Parameters
    ----------
    interrupt
        Stops what runs on the connection; safe from any thread.
    limit_seconds
        Seconds from entering after which to stop; None for no limit.
    cancellation
        Who else may ask to stop.
    watchers
        Has a thread free to watch in; to start one takes longer than many a look-up.
    """

    def __init__(
        self, interrupt: Callable[[], None], *, limit_seconds: float | None, cancellation: Cancellation | None, watchers: Executor
    ) -> None:
        self._interrupt = interrupt
        self._limit_seconds = limit_seconds
        self._cancellation = cancellation
        self._wake = Event()
        self._ended = Event()
        self._reason: SkydeskError | None = None
        self._watchers = watchers
        self._watching: Future[None]

    def reason(self) -> SkydeskError | None:
        """The error that the statement is stopped with; None while it may run."""
        return self._reason

    def check(self) -> None:
        """Raise `reason` where there is one."""
        if self._cancellation is not None:
            self._cancellation.check()
        if self._reason is not None:
            raise self._reason

    def __enter__(self) -> Self:
        self._watching = self._watchers.submit(self._watch)
        if self._cancellation is not None:
            self._cancellation.on_cancel(self._wake.set)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._wake.set()
        if self._cancellation is not None:
            self._cancellation.forget(self._wake.set)
        self._watching.result()

    def _watch(self) -> None:
        self._wake.wait(self._limit_seconds)
        if self._ended.is_set():
            return
        self._reason = self._why()
        while not self._ended.wait(_REPEAT_SECONDS):
            self._interrupt()

    def _why(self) -> SkydeskError:
        try:
            if self._cancellation is not None:
                self._cancellation.check()
        except Cancelled as cancelled:
            return cancelled
        limit = f"{self._limit_seconds:g} s"
        return DeadlineExceeded(f"stopped after {limit}, the limit of this run; narrow the statement down, or submit it as a job")
