"""Opens what stands on a survey's images: tiles, cutouts, galleries and footprints."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import SkydeskSettings
from .places import image_cache_of

if TYPE_CHECKING:
    from ..cutout.chart import ChartObjects
    from ..cutout.gallery import Gallery
    from ..cutout.model import CutoutRequest, Positions
    from ..cutout.ports import CutoutRenderer, TileStore
    from ..cutout.position_text import PositionTable
    from ..cutout.service import CutoutService
    from ..footprint.hips.service import PyramidService
    from ..footprint.ports import TileFiles
    from ..footprint.service import FootprintService
    from ..jobs.service import JobService
    from ..query.ports import Catalog
    from ..survey import Survey

__all__ = [
    "chart_objects_of",
    "once",
    "open_cutouts",
    "open_footprints",
    "open_gallery",
    "open_images",
    "open_pyramids",
    "open_renderer",
    "open_tile_files",
    "preload_cutouts",
    "pyramids_folder",
]


def open_images(survey: "Survey", image_cache: Path | None, image_cache_bytes: int | None) -> "TileStore":
    """Open the survey's images; seek indexes in memory only where there is no folder for them."""
    from ..backends.tiles import open_tiles

    return open_tiles(survey, cache_folder=image_cache, cache_bytes=image_cache_bytes)


def open_tile_files(survey: "Survey") -> "TileFiles":
    """Open the files of the survey's tiles."""
    from ..backends.tile_files import SurveyTileFiles

    return SurveyTileFiles(survey)


def open_renderer() -> "CutoutRenderer":
    """Make what makes pictures; loads libraries that take a second."""
    from ..backends.cutout_files import FileRenderer

    return FileRenderer()


def chart_objects_of(catalog: "Catalog", survey: "Survey") -> "ChartObjects | None":
    """Make what asks the catalogue for the objects of finding charts; None for a survey without objects."""
    from ..cutout.field_objects import FieldObjects

    return None if survey.objects is None else FieldObjects(catalog, survey).in_field


def preload_cutouts() -> None:
    """Load what cutouts need, compiled code included, so that workers forked afterwards have it; nothing where it is not installed."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        return
    import numpy as np

    from ..backends.tiles import floats, kernels  # noqa: F401 (compiled when they are imported)
    from ..cutout.model import LuptonOptions

    pixels = np.zeros((8, 8), np.float32)
    renderer = open_renderer()
    renderer.lupton(pixels, pixels, pixels, LuptonOptions())
    renderer.stiff(pixels, pixels, pixels)


def open_cutouts(settings: SkydeskSettings, survey: "Survey", catalog: "Catalog") -> "CutoutService":
    """Make the service behind cutouts."""
    from ..backends.cutout_drafts import FolderDrafts
    from ..backends.local_runner.limits import core_count
    from ..backends.object_names import OpenNgcNames
    from ..backends.position_files import LocalPositionFiles
    from ..cutout.object_positions import ObjectPositions
    from ..cutout.service import CutoutService

    return CutoutService(
        survey=survey,
        tiles=open_images(survey, image_cache_of(settings), settings.image_cache_bytes),
        renderer=open_renderer(),
        objects=ObjectPositions(catalog, survey),
        files=LocalPositionFiles(),
        chart_objects=chart_objects_of(catalog, survey),
        drafts=FolderDrafts(Path(settings.data_folder).resolve() / "cutout-drafts"),
        names=OpenNgcNames(),
        threads=settings.cutout_threads or core_count(),
    )


def once(make: "Callable[[], CutoutService]") -> "Callable[[], CutoutService]":
    """Let something be made when it is first asked for, by whichever thread, and no second time."""
    lock, made = threading.Lock(), list["CutoutService"]()

    def get() -> "CutoutService":
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def open_gallery(jobs: "JobService", catalog: "Catalog", survey: "Survey") -> "Gallery":
    """Make what shows the images of cutout jobs."""
    from ..cutout.field_objects import FieldObjects
    from ..cutout.gallery import Gallery

    return Gallery(jobs, read_job=_read_gallery_job, objects=FieldObjects(catalog, survey))


def _read_gallery_job(request: Mapping[str, Any], content: bytes) -> "tuple[CutoutRequest, Positions, PositionTable | None]":
    from ..backends.position_files import given_from_parquet, positions_from_parquet
    from ..web.cutout_job import request_from_json

    return request_from_json(request), positions_from_parquet(content), given_from_parquet(content)


def open_footprints(survey: "Survey", catalog: "Catalog") -> "FootprintService":
    """Make the service behind the footprint."""
    from ..backends.healpix_sky import AstropyHealpixSky
    from ..backends.moc_files import MocpyFiles
    from ..backends.object_names import OpenNgcNames
    from ..footprint.service import FootprintService

    files = open_tile_files(survey)
    return FootprintService(survey, catalog, sky=AstropyHealpixSky(), mocs=MocpyFiles(), files=files, names=OpenNgcNames())


def pyramids_folder(survey: "Survey", image_cache: Path | None) -> Path | None:
    """Name the folder of a survey's colour pyramids, whether it exists or not; None where nothing is cached."""
    from ..footprint.hips.model import place_of

    return None if image_cache is None else image_cache / "hips" / place_of(survey)


def open_pyramids(footprints: "FootprintService", jobs: "JobService", image_cache: Path | None, *, alone: bool) -> "PyramidService":
    """Make the service behind colour pyramids."""
    from ..backends.hips.shelf import PyramidShelf
    from ..footprint.hips.service import PyramidService

    return PyramidService(footprints, jobs, PyramidShelf(pyramids_folder(footprints.survey, image_cache)), alone=alone)
