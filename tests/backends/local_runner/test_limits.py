"""What the kernel does to a process that passes its limits."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.stage import is_running, wait_until

ROOT = Path(__file__).parents[3]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


HOLD = "from skydesk.backends.local_runner.limits import *; hold_to(memory_bytes={memory}, cpu_seconds={cpu}, wall_seconds={wall}); "


def held(*, memory: int = 2**30, cpu: float = 100, wall: float = 100) -> str:
    return HOLD.format(memory=memory, cpu=cpu, wall=wall)


def test_processor_time_is_limited() -> None:
    assert run(held(cpu=1) + "\nwhile True: pass").returncode == -signal.SIGXCPU


def test_time_is_limited_for_a_process_that_sleeps() -> None:
    assert run(held(wall=1) + "import time; time.sleep(60)").returncode == -signal.SIGALRM


def test_memory_is_limited_and_a_little_more_is_there_to_tidy_up() -> None:
    program = (
        held(memory=32 * 2**20) + "\ntry: bytearray(40 * 2**20)\nexcept MemoryError: loosen_memory(); print(len(bytearray(40 * 2**20)))"
    )
    assert run(program).stdout == f"{40 * 2**20}\n"
    assert run(held(memory=2**31) + "print(len(bytearray(40 * 2**20)))").stdout == f"{40 * 2**20}\n"


@pytest.mark.parametrize("seconds", [-5, 0.001, 1e300], ids=str)
def test_times_out_of_all_reason_are_no_error(seconds: float) -> None:
    finished = run(held(cpu=seconds, wall=seconds) + "print('well')")
    assert (finished.returncode, finished.stdout) == (0, "well\n")


def test_a_worker_dies_with_its_parent(tmp_path: Path) -> None:
    program = f"""
import os, time
from skydesk.backends.local_runner.limits import become_worker
parent = os.getpid()
reading, writing = os.pipe()
if (pid := os.fork()) == 0:
    become_worker(parent)
    os.write(writing, b"x")
    time.sleep(600)
os.read(reading, 1)
open({str(tmp_path / "pid")!r}, "w").write(str(pid))
os.kill(parent, 9)
"""
    assert run(program).returncode == -signal.SIGKILL  # waits until the worker, too, has let go of standard output
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))


def test_a_worker_whose_parent_is_not_the_one_it_was_told_ends_at_once() -> None:
    program = "from skydesk.backends.local_runner.limits import become_worker; import os; pid = os.fork()\n"
    program += "if not pid: become_worker(1 if os.getppid() != 1 else 2); print('alive', flush=True); os._exit(0)\n"
    program += "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    assert run(program).stdout == "1\n"
