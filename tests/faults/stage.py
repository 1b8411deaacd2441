"""A job store, job folders and runners on a temporary disk, and jobs of the tasks in `tests.faults.tasks`."""

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.jobstore import Database, SqlJobStore
from skydesk.backends.local_runner import LocalRunner, WorkerSettings
from skydesk.jobs.model import FINAL, Job, Phase
from skydesk.jobs.rules import new_id

__all__ = ["Stage", "is_running", "ledger_runs", "wait_until"]

MIB = 2**20


class Stage:
    """What one or several services share."""

    seconds = 20
    """How long to wait for a job."""

    def __init__(self, folder: Path, *, patience_seconds: float = 5) -> None:
        self.folder = folder
        self.jobs_root = folder / "jobs"
        self.store = SqlJobStore(Database(f"sqlite:///{folder}/jobs.sqlite", patience_seconds=patience_seconds))
        self.folders = LocalJobFolders(self.jobs_root)
        self.ledger = folder / "ledger"
        self.gate = folder / "gate"
        self._runners: list[LocalRunner] = []

    def runner(
        self,
        *,
        services: str = "open_services",
        tasks: str = "tests.faults.tasks:tasks",
        options: dict[str, Any] | None = None,
        **settings: Any,
    ) -> LocalRunner:
        """A runner, not yet started; `close` stops it."""
        worker_settings = WorkerSettings(
            jobs_root=str(self.jobs_root),
            services=services if ":" in services else f"tests.faults.tasks:{services}",
            tasks=tasks,
            preload=(),
            options=options or {},
        )
        defaults = {"locks_folder": self.folder / "locks", "tick_seconds": 0.1, "cancel_grace_seconds": 0.5}
        runner = LocalRunner(self.store, self.folders, worker_settings=worker_settings, **{**defaults, **settings})
        self._runners.append(runner)
        return runner

    def submit(self, task: str, request: dict[str, Any] | None = None, **fields: Any) -> Job:
        """Put a job into the queue, as the jobs service would."""
        now = datetime.now(UTC)
        values = {
            "id": new_id(),
            "owner": "ann",
            "type": task,
            "name": task,
            "phase": Phase.QUEUED,
            "request": request or {},
            "created_at": now,
            "destruction_at": now + timedelta(days=1),
            "warning_at": now + timedelta(hours=20),
            "limit_seconds": 60,
            "memory_bytes": 256 * MIB,
            "concurrent": 100,
        }
        return self.store.add(Job(**{**values, **fields}), max_active=1000)

    def submit_ledger_jobs(self, count: int, **fields: Any) -> list[Job]:
        """Queue jobs that write to the ledger when they begin and end, and wait for the gate in between."""
        request = {"ledger": self.inside(self.ledger), "gate": self.inside(self.gate)}
        return [self.submit("ledger", request, **fields) for _ in range(count)]

    def inside(self, path: Path) -> str:
        """A path below `folder` as a worker sees it."""
        return str(path)

    def job(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.store.get(job.id)
        assert found is not None
        return found

    def phases(self) -> Counter[Phase]:
        """How many jobs are in each phase."""
        return Counter(job.phase for job in self.store.jobs())

    def until_phase(self, job: Job, *phases: Phase, seconds: float | None = None) -> Job:
        """Wait for a job to reach one of some phases."""
        wait_until(lambda: self.job(job).phase in phases, seconds or self.seconds, lambda: self.job(job))
        return self.job(job)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, as long as for a job."""
        wait_until(condition, self.seconds, self.phases)

    def until_final(self, job: Job, seconds: float | None = None) -> Job:
        """Wait for the end of a job."""
        return self.until_phase(job, *FINAL, seconds=seconds)

    def until_reported(self, job: Job) -> Job:
        """Wait until a job's task has reported progress, so that it surely runs."""
        wait_until(lambda: self.job(job).progress is not None, self.seconds, lambda: self.job(job))
        return self.job(job)

    def until_all_final(self, seconds: float = 60) -> Counter[Phase]:
        """Wait for the end of all jobs."""
        wait_until(lambda: set(self.phases()) <= FINAL, seconds, self.phases)
        return self.phases()

    def partials(self) -> list[Path]:
        """Folders that an attempt has left."""
        return list(self.jobs_root.glob("*/.*.partial"))

    def close(self) -> None:
        """Stop what was started."""
        for runner in self._runners:
            runner.stop(grace_seconds=0)
        self.store.close()


def wait_until(
    condition: Callable[[], bool], seconds: float = 20, tell: Callable[[], object] = lambda: "", *, pause_seconds: float = 0.01
) -> None:
    """Wait for a condition, which is looked at again after each pause, or fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {tell()}"
        time.sleep(pause_seconds)


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    with suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ledger_runs(ledger: Path) -> dict[str, list[tuple[str, int]]]:
    """What each job wrote to the ledger: (``begin`` or ``end``, process id), in order."""
    runs: dict[str, list[tuple[str, int]]] = {}
    for line in ledger.read_text().splitlines():
        word, job_id, pid = line.split()
        runs.setdefault(job_id, []).append((word, int(pid)))
    return runs
