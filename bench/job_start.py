"""How long a job waits for its worker, beside a process started for the purpose.

``python -m bench.job_start`` prints the figures as JSON.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.jobstore import SqlJobStore
from skydesk.backends.local_runner import LocalRunner, WorkerSettings
from skydesk.jobs.model import FINAL, Job, JobOutcome, Phase
from skydesk.jobs.rules import new_id

__all__ = ["figures", "nothing_to_open", "tasks"]

ROUNDS = 30
PEER_ROUNDS = 3
FRESH_PROCESS = "import numpy, pyarrow, pyarrow.parquet, duckdb, skydesk.registry"
"""What a worker that was not warm would import before it could begin."""


def nothing_to_open(_options: Any) -> None:
    """Services of a worker whose task needs none."""


def tasks() -> dict[str, Any]:
    """One task, which does nothing."""
    return {"nothing": lambda _services, _request, _context: JobOutcome()}


def figures(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Measure submit to EXECUTING, and submit to COMPLETED, of a job that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        executing, completed = _measure_jobs(Path(folder), rounds)
    fresh = statistics.median(_fresh_process_ms() for _ in range(PEER_ROUNDS))
    return [
        _figure("submit to EXECUTING, median", executing, 50, fresh),
        _figure("submit to COMPLETED of a job that does nothing, median", completed, None, fresh),
    ]


def _figure(name: str, values_ms: list[float], target_ms: float | None, peer_ms: float) -> dict[str, Any]:
    value = statistics.median(values_ms)
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "ms",
        "target": target_ms,
        "peer": "fresh Python process",
        "peer_value": round(peer_ms, 1),
        "ratio": round(value / peer_ms, 4),
        "worst": round(max(values_ms), 2),
    }


def _measure_jobs(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    store = SqlJobStore(f"sqlite:///{folder}/jobs.sqlite")
    settings = WorkerSettings(jobs_root=str(folder / "jobs"), services="bench.job_start:nothing_to_open", tasks="bench.job_start:tasks")
    runner = LocalRunner(store, LocalJobFolders(folder / "jobs"), worker_settings=settings, locks_folder=folder / "locks")
    runner.start()
    try:
        _run_one(store, runner)  # waits for the first worker to be warm
        times = [_run_one(store, runner) for _ in range(rounds)]
    finally:
        runner.stop()
        store.close()
    return [executing for executing, _ in times], [completed for _, completed in times]


def _run_one(store: SqlJobStore, runner: LocalRunner) -> tuple[float, float]:
    """Milliseconds from before the job is added until it is seen EXECUTING, or later, and in a final phase."""
    job = _job()
    began = time.perf_counter()
    store.add(job, max_active=10)
    runner.wake()
    executing = _until(store, job, FINAL | {Phase.EXECUTING})
    completed = _until(store, job, FINAL)
    return (executing - began) * 1000, (completed - began) * 1000


def _until(store: SqlJobStore, job: Job, phases: frozenset[Phase]) -> float:
    deadline = time.monotonic() + 60
    while (found := store.get(job.id)) is None or found.phase not in phases:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the job is still {found.phase if found else 'not there'} after a minute")
        time.sleep(0.0005)
    return time.perf_counter()


def _fresh_process_ms() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", FRESH_PROCESS], check=True)
    return (time.perf_counter() - began) * 1000


def _job() -> Job:
    now = datetime.now(UTC)
    return Job(
        id=new_id(),
        owner="ann",
        type="nothing",
        name="nothing",
        phase=Phase.QUEUED,
        request={},
        created_at=now,
        destruction_at=now + timedelta(days=1),
        warning_at=now + timedelta(hours=20),
        limit_seconds=60,
        memory_bytes=2**30,
        concurrent=2,
    )


if __name__ == "__main__":
    print(json.dumps(figures(), indent=2))
