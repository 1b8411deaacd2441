"""Cutout jobs as pods: their images stand in the owner's folder, and what a killed pod has finished is not done again."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from skydesk.access import User
from skydesk.backends.position_files import positions_to_parquet
from skydesk.cutout.model import NO_OBJECT, CutoutOptions, CutoutRequest, Positions
from skydesk.jobs.model import FINAL, Job, Phase
from skydesk.web.cutout_job import CUTOUT, POSITIONS_FILE, request_to_json
from skydesk.wiring import Services
from tests.cluster.kube import Kube
from tests.cluster.stage import JOBS_USER
from tests.cluster.test_query_jobs import services, survey_volume  # noqa: F401 (fixtures)
from tests.faults.stage import wait_until
from tests.views import VIEWS

ANN = User(name="Ann O'Neill", entitlements=replace(VIEWS["default"], services=frozenset({"*"})))
SECONDS = 180
"""A pod without a cache compiles what it needs, which takes its time on a busy machine."""


def submit(services: Services, rows: int) -> Job:  # noqa: F811
    random = np.random.default_rng(5)
    positions = Positions(
        ra_deg=323.36 + random.uniform(-0.3, 0.3, rows),
        dec_deg=-0.82 + random.uniform(-0.3, 0.3, rows),
        object_id=np.full(rows, NO_OBJECT),
    )
    options = CutoutOptions(x_size_arcmin=0.1, y_size_arcmin=0.1, fits_bands=("i",))
    inputs = {POSITIONS_FILE: positions_to_parquet(positions)}
    return services.jobs.submit(ANN, CUTOUT, request_to_json(CutoutRequest(release="DR2", options=options)), inputs=inputs)


def done_rows(services: Services, job: Job) -> int:  # noqa: F811
    return len(services.gallery.page(ANN, job.id).rows)


def until_final(services: Services, job: Job) -> Job:  # noqa: F811
    wait_until(lambda: services.jobs.get(ANN, job.id).phase in FINAL, SECONDS, lambda: services.jobs.get(ANN, job.id))
    return services.jobs.get(ANN, job.id)


@pytest.mark.parametrize("rows", [40])
def test_images_of_a_cutout_job_stand_in_the_owner_s_folder(services: Services, rows: int) -> None:  # noqa: F811
    job = submit(services, rows)
    done = until_final(services, job)
    assert (done.phase, done.error, done.rows, done.files_count) == (Phase.COMPLETED, None, rows, rows + 3), services.jobs.log(ANN, job.id)
    folder = services.jobs_folder / "-41nn-20-4f-27-4eeill" / job.id  # what a lab of this owner has as ~/jobs/<id>
    images = list(folder.glob("*/*/*_i.fits"))
    assert len(images) == rows
    assert all(image.stat().st_uid == JOBS_USER and os.access(image, os.R_OK) for image in images)
    page = services.gallery.page(ANN, job.id)
    assert sorted(row.outcome.row for row in page.rows) == list(range(rows))
    assert services.jobs.file(ANN, job.id, f"{images[0].parent.parent.name}/{images[0].parent.name}/{images[0].name}") == images[0]


def test_a_job_whose_pod_is_killed_goes_on_with_the_rows_not_done(services: Services, kube: Kube) -> None:  # noqa: F811
    rows = 4000
    job = submit(services, rows)
    wait_until(lambda: done_rows(services, job) >= 30 or services.jobs.get(ANN, job.id).phase in FINAL, SECONDS)
    [pod] = kube.get("pods", f"skydesk/job-id={job.id}")
    kube.delete("pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    done = until_final(services, job)
    log = services.jobs.log(ANN, job.id)
    assert (done.phase, done.error, done.rows, done.attempt) == (Phase.COMPLETED, None, rows, 2), log
    assert "were finished by an earlier attempt and are kept" in log
    folder = services.jobs_folder / "-41nn-20-4f-27-4eeill" / job.id
    lines = [json.loads(line) for line in (folder / "outcomes.jsonl").read_bytes().splitlines() if line.strip()]
    assert sorted(line["row"] for line in lines) == list(range(rows))
    assert len(list(folder.glob("*/*/*_i.fits"))) == rows
