"""What the kernel holds a worker to, so that no bug of ours has to be trusted with it."""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

__all__ = ["become_worker", "core_count", "hold_to", "loosen_memory", "oom_kills"]

_PR_SET_PDEATHSIG = 1
_NICENESS = 5
_OOM_SCORE = 500
_LONGEST_SECONDS = 10 * 365 * 86400
_SPARE_BYTES = 64 * 2**20
"""Room beyond the memory limit for tidying up after it was hit."""


def become_worker(parent_pid: int) -> None:
    """Make this fresh process one that dies with its parent, leads a group of its own and yields to the service.

    Called before any thread is started: niceness belongs to threads, and those made later inherit it.
    """
    os.setsid()
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def hold_to(*, memory_bytes: int, cpu_seconds: float, wall_seconds: float) -> None:
    """Set the limits of one job on this process and what it forks.

    Parameters
    ----------
    memory_bytes
        Private writable memory beyond what the process has now (RLIMIT_DATA). Passing it is a `MemoryError`, not a kill.
    cpu_seconds
        Processor time of all threads; passing it is SIGXCPU.
    wall_seconds
        Time from now; passing it is SIGALRM. Meant as a backstop for a runner that does not do its work.
    """
    soft = _data_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (soft, soft + _SPARE_BYTES))
    cpu = round(min(max(1, cpu_seconds), _LONGEST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, min(max(1, wall_seconds), _LONGEST_SECONDS))


def loosen_memory() -> None:
    """Give the process the spare memory, to tell what went wrong and to tidy up."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def core_count() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else (os.cpu_count() or 1)


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where it does not tell."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _data_bytes() -> int:
    """Private writable memory of this process, as RLIMIT_DATA counts it, bytes."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
