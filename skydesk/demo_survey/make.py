"""Make a demo survey: its images, its catalogue and its survey file."""

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import Conflict
from ..grid import FloatArray, Tile, TileGrid
from ..query.model import Table
from ..survey import Survey, load_survey, shipped_survey
from .catalogue import Columns, Measured, object_columns, positions
from .database import write_catalogue
from .images import ImageJob, ImageResult, image_name, make_image
from .objects import Objects, find_objects
from .recipe import BANDS, MASK_NO_DATA, MASK_TRAIL, PIXEL_SCALE_ARCSEC, Disc, preset_named
from .sky import Sources, make_sky
from .tile_tables import coverage_columns, coverage_probes, tile_columns

__all__ = ["Progress", "make"]

Progress = Callable[[float, str], None]
"""Called with the part done, 0 to 1, and what is being done."""

_PROCESSES = 2
_SAMPLE_PART, _SAMPLE_LEAST = 0.01, 1000


def make(folder: Path, preset_name: str, seed: int, on_progress: Progress) -> Path:
    """Make the survey in an empty or absent folder; see `skydesk.demo_survey.make_survey`."""
    preset = preset_named(preset_name)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty; name a new folder for the survey")
    folder.mkdir(parents=True, exist_ok=True)
    file = _survey_file(folder)
    survey = load_survey(file)
    on_progress(0.0, "making the sky")
    sources = make_sky(seed)
    objects = find_objects(sources, preset.discs)
    tiles = _tiles(survey.grid, preset.discs)
    field = sources.only(_near(sources, preset.discs))
    pixels, ra, dec = coverage_probes(preset.discs)
    measured, observed = _images(folder, tiles, preset.discs, field, objects, (ra, dec), seed, on_progress, survey)
    on_progress(0.9, "writing the catalogue")
    content = _content(survey, objects, measured, tiles, coverage_columns(pixels, observed), seed)
    counts = write_catalogue(folder / "catalog.duckdb", content)
    with file.open("a", encoding="utf-8") as text:
        text.write("\n[row_counts]\n" + "".join(f"{name} = {count}\n" for name, count in counts.items()))
    on_progress(1.0, "done")
    return file


def _survey_file(folder: Path) -> Path:
    shipped = shipped_survey("demo")
    shutil.copyfile(shipped.with_name("des-tables.toml"), folder / "des-tables.toml")
    return Path(shutil.copyfile(shipped, folder / "survey.toml"))


def _tiles(grid: TileGrid, discs: Sequence[Disc]) -> list[Tile]:
    """Every tile whose unique area a disc reaches."""
    angle = np.linspace(0, 2 * np.pi, 3600)
    names = {
        str(name)
        for disc in discs
        for part in (0.0, 0.5, 1.0)
        for name in np.unique(
            grid.names(
                disc.ra_deg + part * disc.radius_deg * np.cos(angle) / np.cos(np.radians(disc.dec_deg)),
                disc.dec_deg + part * disc.radius_deg * np.sin(angle),
            )
        )
    }
    return [grid.named(name) for name in sorted(names)]


def _near(sources: Sources, discs: Sequence[Disc]) -> NDArray[np.bool_]:
    margin = 80 * PIXEL_SCALE_ARCSEC / 3600
    wider = [Disc(ra_deg=disc.ra_deg, dec_deg=disc.dec_deg, radius_deg=disc.radius_deg + margin) for disc in discs]
    return np.asarray(np.logical_or.reduce([disc.contains(sources.ra_deg, sources.dec_deg) for disc in wider]))


def _images(
    folder: Path,
    tiles: Sequence[Tile],
    discs: tuple[Disc, ...],
    sources: Sources,
    objects: Objects,
    probes: tuple[FloatArray, FloatArray],
    seed: int,
    on_progress: Progress,
    survey: Survey,
) -> tuple[Measured, NDArray[np.bool_]]:
    """Write every image and gather what was measured on them."""
    truth = objects.sources
    owner, probe_owner = survey.grid.names(truth.ra_deg, truth.dec_deg), survey.grid.names(*probes)
    flux, bits = np.zeros((len(objects), len(BANDS), 12), np.float32), np.zeros((len(objects), len(BANDS)), np.int32)
    observed = np.zeros((*probes[0].shape, len(BANDS)), np.bool_)
    reach = np.sqrt(objects.detection_area_pixels / np.pi).clip(2, 40)
    jobs, places = [], []
    for tile in sorted(tiles, key=lambda tile: -np.count_nonzero(owner == tile.name)):
        mine, probe = owner == tile.name, probe_owner == tile.name
        x, y = tile.pixels_of(truth.ra_deg[mine], truth.dec_deg[mine])
        probe_x, probe_y = tile.pixels_of(probes[0][probe], probes[1][probe])
        for band, name in enumerate(BANDS):
            path = folder / "tiles" / tile.name / image_name(tile.name, name)
            numbers = {"x": x, "y": y, "reach": reach[mine], "probe_x": probe_x, "probe_y": probe_y}
            jobs.append(ImageJob(path=path, tile=tile, band=band, discs=discs, seed=seed, **numbers))
            places.append((mine, probe, band))
    for done, (result, (mine, probe, band)) in enumerate(zip(_run(jobs, sources), places, strict=True), 1):
        flux[mine, band], bits[mine, band] = result.flux, result.mask_bits
        observed[probe, band] = (result.probe_bits & (MASK_NO_DATA | MASK_TRAIL)) == 0
        on_progress(0.03 + 0.87 * done / len(jobs), f"drawing images, {done} of {len(jobs)}")
    return Measured(aperture_flux=flux, mask_bits=bits), observed


def _run(jobs: Sequence[ImageJob], sources: Sources) -> Iterator[ImageResult]:
    """Do the jobs in two processes; results come in the order of the jobs."""
    context = multiprocessing.get_context("spawn")
    with _threads_held(), ProcessPoolExecutor(_PROCESSES, mp_context=context, initializer=_begin_worker, initargs=(sources,)) as pool:
        yield from pool.map(_work, jobs)


_sources: list[Sources] = []
"""What the jobs of this worker process draw; filled when it starts."""


def _begin_worker(sources: Sources) -> None:
    _sources[:] = [sources]


def _work(job: ImageJob) -> ImageResult:
    return make_image(job, _sources[0])


@contextmanager
def _threads_held() -> Iterator[None]:
    """Have each worker use one thread: numba and the array libraries read these when they start."""
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _content(
    survey: Survey, objects: Objects, measured: Measured, tiles: Sequence[Tile], coverage: Columns, seed: int
) -> Iterator[tuple[Table, Columns]]:
    """Give each table of the survey with its columns."""
    columns: dict[str, Columns] = {"DR2_COVERAGE": coverage}
    for release in ("DR1", "DR2"):
        listed = object_columns(objects, measured, positions(objects, survey.grid, release, seed), release, seed)
        columns[release] = listed
        columns[f"{release}_TILE_INFO"] = tile_columns(tiles, release, listed["TILENAME"])
        size = len(listed["RA"])
        part = max(_SAMPLE_PART, min(1.0, _SAMPLE_LEAST / size))
        chosen = np.random.default_rng([seed, size]).random(size) < part
        columns[f"{release}_SAMPLE"] = {name: values[chosen] for name, values in listed.items()}
    for table in survey.tables:
        kind = "SAMPLE" if table.name.endswith("_SAMPLE") else ""
        yield table, columns.get(table.name) or columns[f"{table.release}_{kind}".strip("_")]
