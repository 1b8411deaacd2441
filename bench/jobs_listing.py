"""How long it takes to list 1000 queued jobs - over HTTP too -, to claim one of them, and to hear of it; SQLite, beside plain SQL."""

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from skydesk.access import User, default_policy
from skydesk.backends.job_folders import LocalJobFolders
from skydesk.backends.jobstore import SqlJobStore
from skydesk.jobs.model import Job, Phase
from skydesk.jobs.service import JobService

from .served import serve

JOBS = 1000
REPEATS = 15
TARGET_MS = 100.0
SQL = "select coadd_object_id, ra, dec, mag_auto_g from dr2_main where ra between 323.24 and 323.48 and dec between -0.94 and -0.7 -- {}"


def figures() -> list[dict[str, Any]]:
    """Measure; times in milliseconds, the median of several."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.sqlite"
        store = SqlJobStore(f"sqlite:///{path}")
        service = JobService(store, LocalJobFolders(Path(folder) / "jobs"))
        user = User(name="ada", entitlements=default_policy().entitlements(["advanced"]))
        for number in range(JOBS):
            store.add(_job(number), max_active=JOBS)
        begin = service.revision() - 1
        with sqlite3.connect(path) as peer:
            found = [
                _figure("list 1000 queued jobs", lambda: len(service.list(user)) == JOBS, lambda: len(_rows(peer)) == JOBS, TARGET_MS),
                _figure("list 50 of 1000 jobs", lambda: len(service.list(user, limit=50)) == 50, lambda: len(_rows(peer, 50)) == 50),
                _figure("hear of one change among 1000 jobs", lambda: len(store.events_since(begin)[1]) == 1, None),
                _figure("find jobs by name among 1000", lambda: len(service.list(user, text="STARS 99")) == 11, None),
                _figure("claim one of 1000 queued jobs", lambda: store.claim("bench") is not None, None),
            ]
        peer.close()
        store.close()
    return [_through_the_handler(), *found]


def _through_the_handler() -> dict[str, Any]:
    """What a panel waits for: all 1000 as JSON, from the real handler."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served, sqlite3.connect(f"{folder}/skydesk.sqlite") as peer:
        for number in range(JOBS):
            served.services.store.add(replace(_job(number), owner=served.user.name), max_active=JOBS)

        def listed() -> bool:
            return len(json.loads(served.call("GET", "jobs"))["jobs"]) == JOBS

        return _figure("list 1000 queued jobs over HTTP", listed, lambda: len(_rows(peer, owner=served.user.name)) == JOBS, TARGET_MS)


def _job(number: int) -> Job:
    now = datetime.now(UTC)
    return Job(
        id=f"{number:016d}",
        owner="ada",
        type="query",
        name=f"stars {number}",
        phase=Phase.QUEUED,
        request={"sql": SQL.format(number), "output": {"file_name": "m2.fits", "format": "fits"}, "max_rows": None},
        created_at=now,
        destruction_at=now + timedelta(days=14),
        warning_at=now + timedelta(days=10),
        limit_seconds=600,
        memory_bytes=2**31,
        concurrent=100,
    )


def _rows(connection: sqlite3.Connection, limit: int = -1, *, owner: str = "ada") -> list[tuple[Any, ...]]:
    """What the listing cannot do without: the rows, with their requests parsed."""
    rows = connection.execute("SELECT * FROM jobs WHERE owner = ? ORDER BY number DESC LIMIT ?", (owner, limit)).fetchall()
    place = [column[1] for column in connection.execute("PRAGMA table_info(jobs)")].index("request")
    return [(*row, json.loads(row[place])) for row in rows]


def _figure(name: str, measured: Callable[[], bool], peer: Callable[[], bool] | None, target: float | None = None) -> dict[str, Any]:
    value = _median_ms(measured)
    peer_value = None if peer is None else _median_ms(peer)
    return {
        "name": name,
        "value": value,
        "unit": "ms",
        "target": target,
        "peer": None if peer is None else "sqlite3 alone",
        "peer_value": peer_value,
        "ratio": None if peer_value is None else value / peer_value,
    }


def _median_ms(work: Callable[[], bool]) -> float:
    times = []
    for _ in range(REPEATS):
        began_at = time.perf_counter()
        is_right = work()
        times.append(1000 * (time.perf_counter() - began_at))
        if not is_right:
            raise RuntimeError("the answer is wrong; there is nothing to measure")
    return statistics.median(times)


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure))
