"""A jobs service with everything around it in memory, but for the folders."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from skydesk.access import JobLimits, User
from skydesk.backends.job_folders import LocalJobFolders
from skydesk.jobs.feed import WatchedJobStore
from skydesk.jobs.model import Job, JobOutcome, Phase
from skydesk.jobs.ports import JobStore
from skydesk.jobs.service import JobService
from tests.contracts.jobstore_contract import NOW
from tests.fakes.jobstore import FakeJobStore
from tests.fakes.mailer import FakeMailer
from tests.fakes.runner import FakeJobRunner
from tests.views import VIEWS

LIMITS = JobLimits(concurrent=2, queued=5, memory_bytes=2**30)


def user(name: str, **limits: Any) -> User:
    entitlements = replace(VIEWS["default"], jobs=replace(LIMITS, **limits))
    return User(name=name, entitlements=entitlements)


ADA, BOB = user("ada"), user("bob")


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Desk:
    root: Path
    store: JobStore | None = None
    clock: Clock = field(default_factory=Clock)
    mailer: FakeMailer = field(default_factory=FakeMailer)

    def __post_init__(self) -> None:
        self.watched = WatchedJobStore(self.store or FakeJobStore(clock=self.clock))
        self.folders = LocalJobFolders(self.root / "jobs")
        self.runner = FakeJobRunner(self.watched, on_end=self._ended)
        self.jobs = JobService(
            self.watched, self.folders, runner=self.runner, mailer=self.mailer, clock=self.clock, link_base="https://hub.example.org"
        )

    def _ended(self, job: Job) -> None:
        self.jobs.ended(job)

    def submit(self, who: User = ADA, **options: Any) -> Job:
        request = {"sql": f"select {self.watched.revision()} from dual", "output": None}
        return self.jobs.submit(who, "query", request, **options)

    def complete(self, job: Job) -> Job:
        """Run the oldest job to its end, with one file; it must be the given one."""
        claimed = self.runner.claim()
        assert claimed is not None
        assert claimed.id == job.id
        partial = self.folders.begin(claimed, claimed.attempt)
        (partial / "result.csv").write_text("RA\n1\n")
        (partial / "job.log").write_text("done\n")
        (file,) = self.folders.publish(claimed, partial, JobOutcome(files=("result.csv",), rows=1), {})
        ended = self.runner.end(claimed, rows=1, files_count=1, size_bytes=file.size_bytes, ended_at=self.clock())
        assert ended is not None
        return ended

    def phase(self, job: Job) -> Phase | None:
        found = self.watched.get(job.id)
        return None if found is None else found.phase
