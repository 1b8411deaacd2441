"""Cutout jobs whose worker or service dies: they go on with the rows not done, and end as if nothing had happened."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skydesk.access import User
from skydesk.backends.local_runner import LocalRunner
from skydesk.backends.position_files import positions_to_parquet
from skydesk.cutout.model import NO_OBJECT, CutoutOptions, CutoutRequest, Positions
from skydesk.cutout.outcomes import outcome_of
from skydesk.jobs.model import Job, Phase
from skydesk.jobs.service import JobService
from skydesk.web.cutout_job import CUTOUT, POSITIONS_FILE, request_to_json
from tests.faults.stage import Stage, wait_until
from tests.views import VIEWS

ROWS, PAUSE_SECONDS = 120, 0.01
ANN = User(name="ann", entitlements=replace(VIEWS["default"], services=frozenset({"*"})))
TIMES = ("processing_time", "created_at", "job_id")


def options_of(survey_file: Path, folder: Path) -> dict[str, Any]:
    catalog = {"memory_bytes": 2**28, "threads": 1, "temp_bytes": 2**28, "connections": 1}
    cache = str(folder / "images")
    return {"survey_file": str(survey_file), "catalog": catalog, "image_cache": cache, "threads": 2, "pause_seconds": PAUSE_SECONDS}


def runner_of(stage: Stage, survey_file: Path) -> LocalRunner:
    options = options_of(survey_file, stage.folder)
    return stage.runner(
        services="tests.faults.cutouts:open_services", tasks="tests.faults.cutouts:tasks", options=options, workers=1, warm=1
    )


def submit(stage: Stage) -> Job:
    """A job of positions on four tiles, one of them twice and one outside."""
    random = np.random.default_rng(4)
    ra, dec = 323.36 + random.uniform(-0.3, 0.3, ROWS), -0.82 + random.uniform(-0.3, 0.3, ROWS)
    ra[7], dec[7], dec[9] = ra[3], dec[3], 80.0
    positions = Positions(ra_deg=ra, dec_deg=dec, object_id=np.full(ROWS, NO_OBJECT))
    request = CutoutRequest(release="DR2", options=CutoutOptions(x_size_arcmin=0.1, y_size_arcmin=0.1, fits_bands=("i",)))
    jobs = JobService(stage.store, stage.folders)
    inputs = {POSITIONS_FILE: positions_to_parquet(positions)}
    return jobs.submit(ANN, CUTOUT, request_to_json(request), inputs=inputs, allow_duplicate=True)


def lines_in(folder: Path) -> list[int]:
    """Rows of which the job has told what became of them, in order."""
    try:
        lines = (folder / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [outcome.row for line in lines if (outcome := outcome_of(line)) is not None]


def until_rows_are_done(stage: Stage, job: Job, count: int) -> Job:
    """Wait until some rows are finished, in whatever attempt."""
    wait_until(lambda: any(len(lines_in(partial)) >= count for partial in stage.partials()), 60, lambda: stage.job(job))
    return stage.job(job)


def contents(stage: Stage, job: Job) -> dict[str, str]:
    """Digests of all that a job has made, but for times and for what is called by its id."""
    folder = stage.folders.path(job)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    summary = json.loads(found.pop("summary.json"))
    kept = {name: content for name, content in found.items() if name not in {"job.log", "manifest.json", "request.json", "outcomes.jsonl"}}
    kept["summary"] = json.dumps({key: value for key, value in summary.items() if key not in TIMES}).encode()
    return {name.replace(job.id, "ID"): hashlib.sha256(content).hexdigest() for name, content in kept.items()}


@pytest.fixture(scope="module")
def undisturbed(tiny_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    stage = Stage(tmp_path_factory.mktemp("undisturbed"))
    try:
        job = submit(stage)
        runner_of(stage, tiny_survey).start()
        assert stage.until_final(job, 120).phase is Phase.COMPLETED
        return contents(stage, job)
    finally:
        stage.close()


def assert_ended_as_if_nothing_had_happened(stage: Stage, job: Job, undisturbed: dict[str, str]) -> None:
    done = stage.until_final(job, 120)
    assert (done.phase, done.error, done.rows) == (Phase.COMPLETED, None, ROWS)
    assert contents(stage, job) == undisturbed
    assert sorted(lines_in(stage.folders.path(job))) == list(range(ROWS))
    assert stage.partials() == []
    assert done.files_count == ROWS - 2 + 3
    log = stage.folders.log(done)
    assert "the job goes on" in log
    assert "were finished by an earlier attempt and are kept" in log
    rows_kept = int(log.split(" rows were finished")[0].split()[-1].replace(",", ""))
    assert 20 <= rows_kept < ROWS


def test_a_job_whose_worker_is_killed_goes_on_with_the_rows_not_done(stage: Stage, tiny_survey: Path, undisturbed: dict[str, str]) -> None:
    job = submit(stage)
    runner = runner_of(stage, tiny_survey)
    runner.start()
    until_rows_are_done(stage, job, 20)
    for pid in runner.worker_pids(busy=True):
        os.kill(pid, signal.SIGKILL)
    assert_ended_as_if_nothing_had_happened(stage, job, undisturbed)
    assert stage.job(job).attempt == 2


def test_a_job_whose_service_stops_goes_on_in_the_next(stage: Stage, tiny_survey: Path, undisturbed: dict[str, str]) -> None:
    job = submit(stage)
    runner = runner_of(stage, tiny_survey)
    runner.start()
    until_rows_are_done(stage, job, 20)
    runner.stop(grace_seconds=0)
    assert (stage.job(job).phase, stage.job(job).attempt) == (Phase.QUEUED, 0)
    runner_of(stage, tiny_survey).start()
    assert_ended_as_if_nothing_had_happened(stage, job, undisturbed)


@contextmanager
def service(stage: Stage, survey_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.faults.cutout_service", str(stage.folder), str(survey_file)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def test_a_job_whose_service_is_killed_goes_on_in_the_next(stage: Stage, tiny_survey: Path, undisturbed: dict[str, str]) -> None:
    job = submit(stage)
    with service(stage, tiny_survey):
        until_rows_are_done(stage, job, 20)
    runner_of(stage, tiny_survey).start()
    assert_ended_as_if_nothing_had_happened(stage, job, undisturbed)


def test_what_was_broken_in_between_is_made_again(stage: Stage, tiny_survey: Path, undisturbed: dict[str, str]) -> None:
    job = submit(stage)
    runner = runner_of(stage, tiny_survey)
    runner.start()
    until_rows_are_done(stage, job, 30)
    runner.stop(grace_seconds=0)
    (partial,) = stage.partials()
    with (partial / "outcomes.jsonl").open("ab") as file:
        file.write(b'{"row": 110, "outcome": "done", "fol')
    short, linked, *_ = partial.glob("*/*/*.fits")
    short.write_bytes(b"SIMPLE")
    linked.unlink()
    linked.symlink_to("/etc/hosts")
    runner_of(stage, tiny_survey).start()
    assert_ended_as_if_nothing_had_happened(stage, job, undisturbed)


def test_a_cancelled_job_keeps_no_images(stage: Stage, tiny_survey: Path) -> None:
    job = submit(stage)
    runner = runner_of(stage, tiny_survey)
    runner.start()
    until_rows_are_done(stage, job, 20)
    JobService(stage.store, stage.folders, runner=runner).cancel(ANN, job.id)
    done = stage.until_final(job)
    assert (done.phase, done.files_count) == (Phase.ABORTED, 0)
    assert sorted(path.name for path in stage.folders.path(done).iterdir()) == ["job.log", "manifest.json", "request.json"]
    assert stage.partials() == []
