"""What a task is given, kept in memory."""

from pathlib import Path

from skydesk.jobs.model import Progress
from skydesk.query.model import Cancellation


class FakeTaskContext:
    """A `TaskContext` whose reports and log lines can be looked at."""

    def __init__(self, folder: Path, *, job_id: str = "0123456789abcdef", limit_seconds: float = 60) -> None:
        self.job_id = job_id
        self.folder = folder
        self.cancellation = Cancellation()
        self.limit_seconds = limit_seconds
        self.reports: list[Progress] = []
        self.lines: list[str] = []

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        self.reports.append(Progress(done=done, total=total, unit=unit, fraction=fraction))

    def log(self, message: str) -> None:
        self.lines.append(message)
