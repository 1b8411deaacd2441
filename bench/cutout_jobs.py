"""How soon the first image of a cutout job can be seen, and what a job of 100,000 positions takes; on the smallest demo survey.

``python -m bench.cutout_jobs`` prints the figures as JSON.
"""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from traitlets.config import Config

from skydesk.backends.position_files import positions_to_parquet
from skydesk.cutout.model import NO_OBJECT, CutoutOptions, CutoutRequest, Positions, Product
from skydesk.demo_survey import cached_survey
from skydesk.jobs.model import FINAL, Job, Phase
from skydesk.settings import SkydeskSettings
from skydesk.web.cutout_job import CUTOUT, POSITIONS_FILE, request_to_json
from skydesk.wiring import Services, build_services, local_user

from .measure import figure

__all__ = ["figures"]

FEW_ROWS, MANY_ROWS, REPEATS = 1000, 100_000, 3
PATIENCE_SECONDS = 1200
PICTURES = CutoutOptions(x_size_arcmin=1.0, y_size_arcmin=1.0, products=frozenset({Product.FITS, Product.LUPTON}))
SMALL = CutoutOptions(x_size_arcmin=0.1, y_size_arcmin=0.1, fits_bands=("i",), planes=("SCI",))


def figures() -> list[dict[str, Any]]:
    """Measure; the first job of the service finds no index of any image, and a worker that is still being made."""
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as services:
        cold = _first_image_seconds(services)
        first = statistics.median(_first_image_seconds(services) for _ in range(REPEATS))
        seconds, worker_bytes, delete_seconds = _large_job(services)
    return [
        figure(f"first image of a {FEW_ROWS:,}-row job after submit", round(first, 3), "s", target=1.5),
        figure("the same of a service just started, without indexes", round(cold, 3), "s"),
        figure(f"peak memory of a {MANY_ROWS:,}-row job's worker", round(worker_bytes / 2**20), "MiB", target=1024),
        figure(f"run of a {MANY_ROWS:,}-row job of one small FITS file a row", round(seconds, 1), "s"),
        figure(f"delete a job of {MANY_ROWS:,} files", round(delete_seconds, 3), "s", target=1.0),
    ]


@contextmanager
def _served(folder: Path) -> Iterator[Services]:
    survey_file = cached_survey("tiny", 1)
    names = {"survey_file": str(survey_file), "data_folder": str(folder), "jobs_folder": str(folder / "jobs")}
    settings = SkydeskSettings(config=Config({"SkydeskSettings": {**names, "image_cache_folder": str(folder / "images"), "workers": 1}}))
    with build_services(settings, mode="embedded") as services:
        yield services


def _submit(services: Services, rows: int, options: CutoutOptions) -> Job:
    random = np.random.default_rng(6)
    positions = Positions(
        ra_deg=323.36 + random.uniform(-0.4, 0.4, rows),
        dec_deg=-0.82 + random.uniform(-0.4, 0.4, rows),
        object_id=np.full(rows, NO_OBJECT),
    )
    request = request_to_json(CutoutRequest(release="DR2", options=options))
    inputs = {POSITIONS_FILE: positions_to_parquet(positions)}
    user = local_user(SkydeskSettings())
    return services.jobs.submit(user, CUTOUT, request, inputs=inputs, limit_seconds=PATIENCE_SECONDS, allow_duplicate=True)


def _first_image_seconds(services: Services) -> float:
    """Seconds from before the submission until the bytes of a picture are here, as a gallery asks for them."""
    user = local_user(SkydeskSettings())
    began = time.perf_counter()
    job = _submit(services, FEW_ROWS, PICTURES)
    while not (rows := services.gallery.page(user, job.id).rows):
        _require_time(began)
        time.sleep(0.005)
    name = next(name for name in rows[0].outcome.files if name.endswith(".png"))
    with services.gallery.file(user, job.id, rows[0], name) as file:
        file.read()
    seconds = time.perf_counter() - began
    services.jobs.cancel(user, job.id)
    _until_final(services, job)
    return seconds


def _large_job(services: Services) -> tuple[float, int, float]:
    """Run time, seconds; largest resident memory of its worker, bytes; time of its deletion, seconds."""
    user, peak, over = local_user(SkydeskSettings()), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for pid in services.runner.worker_pids(busy=True):  # type: ignore[attr-defined]
                peak[0] = max(peak[0], _peak_bytes(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        done = _until_final(services, _submit(services, MANY_ROWS, SMALL))
    finally:
        over.set()
        watcher.join()
    seconds = time.perf_counter() - began
    if done.phase is not Phase.COMPLETED or done.rows != MANY_ROWS:
        raise RuntimeError(f"the job ended as {done.phase}: {done.error}")
    began = time.perf_counter()
    services.jobs.delete(user, done.id)
    delete_seconds = time.perf_counter() - began
    while not services.folders.erase_removed(within_seconds=1):
        _require_time(began)
    return seconds, peak[0], delete_seconds


def _until_final(services: Services, job: Job) -> Job:
    began = time.perf_counter()
    while (found := services.store.get(job.id)) is None or found.phase not in FINAL:
        _require_time(began)
        time.sleep(0.02)
    return found


def _require_time(began: float) -> None:
    if time.perf_counter() - began > PATIENCE_SECONDS:
        raise TimeoutError("the job does not come to its end")


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    print(json.dumps(figures(), indent=2))
