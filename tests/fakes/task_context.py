"""What a task is given, kept in memory."""

from collections.abc import Mapping
from pathlib import Path

from skydesk.errors import NotFound
from skydesk.jobs.model import Progress
from skydesk.query.model import Cancellation


class FakeTaskContext:
    """A `TaskContext` whose reports and log lines can be looked at."""

    def __init__(
        self, folder: Path, *, job_id: str = "0123456789abcdef", limit_seconds: float = 60, inputs: Mapping[str, bytes] | None = None
    ) -> None:
        self.job_id = job_id
        self.folder = folder
        self.cancellation = Cancellation()
        self.limit_seconds = limit_seconds
        self.reports: list[Progress] = []
        self.lines: list[str] = []
        self.inputs = dict(inputs or {})

    def input(self, name: str) -> bytes:
        if name not in self.inputs:
            raise NotFound(f"the {name} that the job was given is gone; submit it again")
        return self.inputs[name]

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        self.reports.append(Progress(done=done, total=total, unit=unit, fraction=fraction))

    def log(self, message: str) -> None:
        self.lines.append(message)
