"""A runner that runs nothing."""

from collections.abc import Callable
from typing import Any

from skydesk.errors import Conflict, NotFound
from skydesk.jobs.model import Job, Phase
from skydesk.jobs.ports import JobStore


class FakeJobRunner:
    """Claims and ends jobs only when it is told to; what it was asked to cancel stands in ``cancelled``."""

    def __init__(self, store: JobStore, *, name: str = "fake", on_end: Callable[[Job], None] = lambda job: None) -> None:
        self._store = store
        self._name = name
        self._on_end = on_end
        self.woken = 0
        self.cancelled: list[str] = []
        self.running = False

    def start(self) -> None:
        self.running = True

    def wake(self) -> None:
        self.woken += 1

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)

    def stop(self, *, grace_seconds: float = 3) -> None:
        self.running = False

    def claim(self) -> Job | None:
        """Take the next job, as a running runner would."""
        return self._store.claim(self._name)

    def end(self, job: Job, phase: Phase = Phase.COMPLETED, **fields: Any) -> Job | None:
        """End a job that was claimed; None where it is no longer this runner's."""
        try:
            ended = self._store.change(job.id, expect=frozenset({Phase.EXECUTING}), expect_runner=self._name, phase=phase, **fields)
        except (Conflict, NotFound):
            return None
        self._on_end(ended)
        return ended
