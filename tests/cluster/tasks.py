"""Tasks for pods: those of `tests.faults.tasks`, and some that only a pod stands."""

import json
import mmap
import os
import signal
import ssl
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from skydesk.jobs.model import JobOutcome
from skydesk.jobs.ports import Task, TaskContext
from tests.faults import tasks as faults
from tests.faults.tasks import open_services, refuse_services

__all__ = ["open_services", "refuse_services", "tasks"]


def tasks() -> Mapping[str, Task]:
    """All tasks by their names."""
    return {**faults.tasks(), **{task.__name__: task for task in (share_memory, outlive_alarm, fill_scratch, look_around)}}


def share_memory(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Take memory that no limit of the process counts, only the pod's."""
    context.report(1)
    taken = []
    while True:
        piece = mmap.mmap(-1, 8 * 2**20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        piece.write(bytes(8 * 2**20))
        taken.append(piece)


def outlive_alarm(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Hear neither a cancellation nor the worker's own alarm."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    return faults.sleep_deaf(services, request, context)


def fill_scratch(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Write more scratch than a pod may have, and wait."""
    with (Path("/tmp") / "big").open("wb") as file:
        for _ in range(request["mebibytes"]):
            file.write(bytes(2**20))
    while True:
        context.cancellation.check()
        time.sleep(0.1)


def look_around(services: Any, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Write down what a pod can see and do."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    found = {
        "uid": os.getuid(),
        "capabilities": status["CapEff"],
        "no_new_privileges": status["NoNewPrivs"],
        "seccomp": status["Seccomp"],
        "writable": [place for place in ("/", "/etc", "/usr", "/opt/skydesk", "/tmp") if _can_write(Path(place))],
        "service_account": Path("/var/run/secrets/kubernetes.io").exists(),
        "job_folders": sorted(entry.name for entry in context.folder.parents[1].iterdir()),
        "environment": sorted(os.environ),
        "api": {path: _api_status(path) for path in request["paths"]},
    }
    (context.folder / "found.json").write_text(json.dumps(found))
    return JobOutcome(files=("found.json",))


def _can_write(folder: Path) -> bool:
    try:
        (folder / ".probe").touch()
        (folder / ".probe").unlink()
    except OSError:
        return False
    return True


def _api_status(path: str) -> int:
    """What the cluster's API answers to whoever a pod is."""
    address = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}{path}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(address, timeout=10, context=context) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
