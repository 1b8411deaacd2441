"""Disks that are full, and folders that somebody deletes."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.jobs.model import Phase
from tests.faults.stage import MIB, Stage, wait_until


@pytest.fixture
def small_disk(stage: Stage) -> Iterator[Path]:
    stage.jobs_root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(stage.jobs_root)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    yield stage.jobs_root
    stage.close()
    subprocess.run(["umount", str(stage.jobs_root)], check=True)


def test_a_full_disk_ends_the_job_in_words_and_leaves_no_half_file(stage: Stage, small_disk: Path) -> None:
    job = stage.submit("fill_disk")
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ERROR, 1, "unavailable")
    assert "disk" in done.error.message
    assert "full" in done.error.message
    assert stage.folders.files(done) == ()
    assert list(small_disk.rglob("big.bin")) == []
    assert stage.partials() == []
    assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED


def test_a_disk_that_is_full_from_the_start_ends_the_job_in_words(stage: Stage, small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(2 * MIB))
    job = stage.submit("write", {"text": "x" * 10_000})
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.error.code) == (Phase.ERROR, "unavailable")
    assert stage.folders.files(done) == ()
    assert stage.partials() == []


def test_a_file_that_grows_beyond_what_the_disk_takes_ends_the_job_in_words(stage: Stage) -> None:
    job = stage.submit("fill_disk", {"largest_bytes": 1_000_000})
    stage.runner().start()
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ERROR, 1, "unavailable")
    assert "disk" in done.error.message
    assert stage.folders.files(done) == ()
    assert list(stage.jobs_root.rglob("big.bin")) == []
    assert stage.partials() == []


def test_a_folder_deleted_while_its_job_runs_ends_the_job_in_words(stage: Stage) -> None:
    job = stage.submit("go_on_without_folder")
    stage.runner().start()
    running = stage.until_reported(job)
    shutil.rmtree(stage.folders.partial_path(running, running.attempt))
    done = stage.until_final(job)
    assert (done.phase, done.attempt, done.error.code) == (Phase.ERROR, 1, "conflict")
    assert done.error.message == "its folder was deleted while it ran; run it again"
    assert stage.folders.files(done) == ()
    assert stage.partials() == []


def test_all_folders_deleted_while_jobs_run_do_not_stop_the_service(stage: Stage) -> None:
    job = stage.submit("go_on_without_folder")
    runner = stage.runner()
    runner.start()
    stage.until_reported(job)
    shutil.rmtree(stage.jobs_root)
    assert stage.until_final(job).phase is Phase.ERROR
    assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED


def test_a_folder_deleted_after_its_job_has_no_files_and_harms_nobody(stage: Stage) -> None:
    stage.runner().start()
    done = stage.until_final(stage.submit("write"))
    shutil.rmtree(stage.folders.path(done))
    assert stage.folders.files(done) == ()
    assert stage.job(done).phase is Phase.COMPLETED
    assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED


def test_lock_files_deleted_by_hand_do_not_stop_the_service(stage: Stage) -> None:
    runner = stage.runner()
    runner.start()
    job = stage.submit("wait")
    stage.until_reported(job)
    shutil.rmtree(stage.folder / "locks")
    assert stage.until_final(stage.submit("write")).phase is Phase.COMPLETED
    runner.cancel(job.id)
    assert stage.until_final(job).phase is Phase.ABORTED
    wait_until(lambda: runner.worker_pids(busy=True) == ())
