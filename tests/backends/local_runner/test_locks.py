"""Locks that live as long as the process that holds them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skydesk.backends.local_runner.locks import LivenessLocks

HOLDER = """
import os, sys, time
from pathlib import Path
from skydesk.backends.local_runner.locks import LivenessLocks
locks = LivenessLocks(Path(sys.argv[1]))
for name in sys.argv[2:]:
    kind, _, name = name.partition(":")
    locks.lock_runner(name) if kind == "runner" else locks.lock_job(name)
print("held", flush=True)
sys.stdin.read()
"""


def hold(folder: Path, *names: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", HOLDER, str(folder), *names]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def test_a_runner_is_alive_until_its_process_is_killed(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    process = hold(tmp_path, "runner:local-1")
    assert locks.runner_is_alive("local-1")
    with pytest.raises(BlockingIOError, match="local-1"):
        locks.lock_runner("local-1")
    end(process)
    assert not locks.runner_is_alive("local-1")


def test_a_runner_that_never_was_is_not_alive(tmp_path: Path) -> None:
    assert not LivenessLocks(tmp_path).runner_is_alive("local-2")


def test_a_job_is_locked_by_one_only(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    descriptor = locks.lock_job("job1")
    assert descriptor is not None
    assert LivenessLocks(tmp_path).lock_job("job1", wait_seconds=0) is None
    assert locks.job_is_held("job1")
    os.close(descriptor)
    assert not locks.job_is_held("job1")


def test_a_lock_outlives_its_file_s_removal_without_being_taken_for_the_new_file_s(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    old = locks.lock_job("job1")
    locks.forget_job("job1")
    new = locks.lock_job("job1")
    assert new is not None
    assert not os.path.samestat(os.fstat(old), os.fstat(new))
    os.close(old)
    assert locks.job_is_held("job1")
    os.close(new)


def test_what_holds_an_orphan_s_lock_is_killed(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    process = hold(tmp_path, "job:job1")
    descriptor = locks.lock_orphan("job1")
    assert descriptor is not None
    assert process.wait(5) == -9
    process.communicate()
    os.close(descriptor)


def test_a_living_service_that_has_an_orphan_s_lock_file_open_is_spared(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    process = hold(tmp_path, "runner:local-1", "job:job1")
    assert locks.lock_orphan("job1") is None
    assert process.poll() is None
    end(process)


def test_all_that_use_one_folder_call_it_by_one_name(tmp_path: Path) -> None:
    assert LivenessLocks(tmp_path / "a").place == LivenessLocks(tmp_path / "a").place
    assert LivenessLocks(tmp_path / "a").place != LivenessLocks(tmp_path / "b").place


def test_lock_files_of_dead_runners_are_removed_unless_still_needed(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path)
    for name in ("dead", "needed", "alive"):
        descriptor = locks.lock_runner(name)
        if name != "alive":
            os.close(descriptor)
    locks.forget_dead_runners(keep={"needed", None})
    assert sorted(path.name for path in (tmp_path / "runners").iterdir()) == ["alive", "needed"]
    os.close(descriptor)


def test_a_lock_file_is_removed_by_its_holder_only(tmp_path: Path) -> None:
    """Else a service that starts between the look and the removal holds a lock that nobody sees, and its jobs are taken from it."""
    program = """
import sys
from pathlib import Path
from skydesk.backends.local_runner.locks import LivenessLocks
locks = LivenessLocks(Path(sys.argv[1]))
def look(event, arguments):
    if event == "os.remove" and str(arguments[0]).endswith("/dead"):
        print("held" if locks.runner_is_alive("dead") else "free", flush=True)
sys.addaudithook(look)
locks.forget_dead_runners(keep=set())
"""
    locks = LivenessLocks(tmp_path)
    os.close(locks.lock_runner("dead"))
    command = [sys.executable, "-c", program, str(tmp_path)]
    told = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    assert told.stdout == "held\n"
    assert list((tmp_path / "runners").iterdir()) == []


def test_a_runner_s_lock_is_taken_anew_when_somebody_deleted_the_files(tmp_path: Path) -> None:
    locks = LivenessLocks(tmp_path / "locks")
    descriptor = locks.lock_runner("local-1")
    assert locks.keep_runner("local-1", descriptor) == descriptor
    shutil.rmtree(tmp_path / "locks")
    again = locks.keep_runner("local-1", descriptor)
    assert locks.runner_is_alive("local-1")
    assert LivenessLocks(tmp_path / "locks").place == locks.place
    os.close(again)
    assert not locks.runner_is_alive("local-1")
