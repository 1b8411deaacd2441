"""Tasks that behave well and badly, for real worker processes."""

import fcntl
import mmap
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from skydesk.errors import InvalidRequest
from skydesk.jobs.model import JobOutcome
from skydesk.jobs.ports import Task, TaskContext

__all__ = ["open_services", "refuse_services", "tasks"]


def open_services(options: Mapping[str, Any]) -> SimpleNamespace:
    """Services of no use but to be told from others."""
    return SimpleNamespace(**options)


def refuse_services(options: Mapping[str, Any]) -> SimpleNamespace:
    """Services that cannot be opened."""
    raise OSError(f"no catalogue at {options['catalogue']}")


def tasks() -> Mapping[str, Task]:
    """All tasks below by their names."""
    return {task.__name__: task for task in _TASKS}


def write(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Write the request's text to a file."""
    context.report(1, 2)
    (context.folder / "result.txt").write_text(request.get("text", "") + getattr(services, "suffix", ""))
    context.report(2, 2)
    return JobOutcome(files=("result.txt",), rows=2)


def ledger(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Tell a ledger when the work begins and ends; work until a gate file exists."""
    _note(request["ledger"], f"begin {context.job_id} {os.getpid()}")
    while "gate" in request and not Path(request["gate"]).exists():
        context.cancellation.check()
        time.sleep(0.01)
    (context.folder / "result.txt").write_text("done")
    _note(request["ledger"], f"end {context.job_id} {os.getpid()}")
    return JobOutcome(files=("result.txt",), rows=1)


def fail(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Fail as a task should."""
    raise InvalidRequest("row 3 lies outside the survey")


def crash(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Fail as no task should."""
    (context.folder / "half.txt").write_text("half")
    raise RuntimeError("the password is 1234")


def wait(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Wait to be cancelled."""
    context.report(1, 10)
    while True:
        context.cancellation.check()
        time.sleep(0.01)


def deaf(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Never stop, whatever anybody says."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    context.report(1)
    while True:
        time.sleep(0.01)


def fork_children(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Leave three children behind: one in the worker's group, one in a session of its own, and a program."""
    pids = []
    for escape in (False, True):
        pid = os.fork()
        if not pid:
            if escape:
                os.setsid()
            time.sleep(600)
            os._exit(0)
        pids.append(pid)
    pids.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
    partial = Path(request["pids"] + ".partial")
    partial.write_text(" ".join(map(str, pids)))
    partial.rename(request["pids"])
    return JobOutcome() if request.get("leave") else wait(services, request, context)


def hog(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Take ever more memory."""
    taken = []
    while True:
        taken.append(bytearray(8 * 2**20))


def map_memory(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Take memory as a database does, by mapping it."""
    taken = []
    while True:
        taken.append(mmap.mmap(-1, 8 * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def duckdb_hog(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Have a database collect more than fits."""
    connection = duckdb.connect(config={"memory_limit": "8GB", "threads": 2})
    connection.execute("SELECT list(i ORDER BY hash(i)) FROM range(100_000_000) t(i)").fetchall()
    return JobOutcome()


def use_memory(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Take and fill some memory."""
    return JobOutcome(rows=bytearray(request["size_bytes"]).count(0))


def tell_limits(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Write down what the worker is held to."""
    told = {
        "limit_seconds": context.limit_seconds,
        "cpu_seconds": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "alarm_seconds": signal.getitimer(signal.ITIMER_REAL)[0],
        "data_bytes": resource.getrlimit(resource.RLIMIT_DATA)[0],
        "core_bytes": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "niceness": os.nice(0),
        "group": os.getpgid(0),
        "session": os.getsid(0),
        "pid": os.getpid(),
    }
    (context.folder / "result.txt").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    return JobOutcome(files=("result.txt",))


def spin(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Work without end, but listen."""
    while True:
        context.cancellation.check()


def sleep_deaf(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Sleep through everything."""
    while True:
        time.sleep(60)


def die(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Be killed, the first ``times`` times."""
    _note(request["ledger"], f"begin {context.job_id} {os.getpid()}")
    begun = Path(request["ledger"]).read_text().count("begin")
    if begun <= request["times"]:
        (context.folder / "half.txt").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
    return JobOutcome()


def die_when_published(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Be killed as soon as the results stand in the job's folder, before anybody is told."""
    owner_folder, published = context.folder.parent, context.folder.with_name(context.job_id)

    def kill(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]) == str(owner_folder) and published.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    (context.folder / "result.txt").write_text("done")
    sys.addaudithook(kill)
    return JobOutcome(files=("result.txt",), rows=3)


def fill_disk(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Write until the disk is full, or a file must not grow any more."""
    if "largest_bytes" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest_bytes"], resource.RLIM_INFINITY))
    with (context.folder / "big.bin").open("wb") as file:
        while True:
            file.write(bytes(65536))


def crawl(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Report ten steps, slowly."""
    for done in range(1, 11):
        context.report(done, 10, unit="positions")
        time.sleep(0.05)
    return JobOutcome()


def chatter(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Report far too often."""
    for done in range(200_000):
        context.report(done, 200_000)
    return JobOutcome(rows=200_000)


def go_on_without_folder(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Go on once somebody has deleted the folder."""
    (context.folder / "result.txt").write_text("done")
    context.report(1)
    while context.folder.exists():
        context.cancellation.check()
        time.sleep(0.01)
    return JobOutcome(files=("result.txt",))


def _note(path: str, line: str) -> None:
    with Path(path).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(line + "\n")


_TASKS: tuple[Task, ...] = (
    write,
    ledger,
    fail,
    crash,
    wait,
    deaf,
    fork_children,
    hog,
    map_memory,
    duckdb_hog,
    use_memory,
    tell_limits,
    spin,
    sleep_deaf,
    die,
    die_when_published,
    fill_disk,
    crawl,
    chatter,
    go_on_without_folder,
)
