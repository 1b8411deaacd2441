"""What tasks are given inside a worker process."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ServiceUnavailable
from .catalogues import open_survey
from .images import chart_objects_of, open_images, open_renderer, open_tile_files

if TYPE_CHECKING:
    from ..cutout.chart import ChartObjects
    from ..cutout.model import CutoutRequest, Positions
    from ..cutout.ports import CutoutRenderer, TileStore
    from ..cutout.task import CutoutResults
    from ..footprint.hips.model import PyramidRequest
    from ..footprint.hips.ports import Painter, PyramidPlace
    from ..footprint.membership import TileSet
    from ..footprint.ports import HealpixSky, MocFiles, TileFiles
    from ..footprint.task import BulkFolder
    from ..query.ports import Catalog, ResultWriter
    from ..survey import Survey

__all__ = ["WorkerServices", "worker_services"]


@dataclass(frozen=True, kw_only=True)
class WorkerServices:
    """What tasks are given inside a worker process."""

    survey: "Survey"
    catalog: "Catalog"
    writer: "ResultWriter"
    image_cache: Path | None = None
    """Folder of the images' seek indexes."""

    image_cache_bytes: int | None = None
    """Its size; None for as much as the backend thinks right."""

    threads: int = 1
    """How many rows of a cutout job are cut at a time."""

    @cached_property
    def tiles(self) -> "TileStore":
        """The survey's images, opened when they are first asked for."""
        return open_images(self.survey, self.image_cache, self.image_cache_bytes)

    @cached_property
    def renderer(self) -> "CutoutRenderer":
        """What makes the files of cutouts."""
        return open_renderer()

    @cached_property
    def chart_objects(self) -> "ChartObjects | None":
        """What asks the catalogue for the objects of finding charts; None for a survey without objects."""
        return chart_objects_of(self.catalog, self.survey)

    @cached_property
    def tile_files(self) -> "TileFiles":
        """The files of the survey's tiles."""
        return open_tile_files(self.survey)

    def open_bulk(self, folder: Path, job_id: str) -> "BulkFolder":
        """Open the folder that a footprint job writes to."""
        from ..backends.bulk_folder import CopyingFolder
        from ..backends.cutout_results import JobResults

        return CopyingFolder(folder, JobResults(folder, job_id, survey=self.survey, tiles=lambda: self.tiles))

    @cached_property
    def sky(self) -> "HealpixSky":
        """Positions and HEALPix cells."""
        from ..backends.healpix_sky import AstropyHealpixSky

        return AstropyHealpixSky()

    @cached_property
    def mocs(self) -> "MocFiles":
        """Coverage maps as files."""
        from ..backends.moc_files import MocpyFiles

        return MocpyFiles()

    def open_pyramid(self, request: "PyramidRequest") -> "AbstractContextManager[PyramidPlace]":
        """Open the folder in which a colour pyramid is made; `ServiceUnavailable` where nothing is cached."""
        from ..backends.hips.folder import PyramidFolder

        if self.image_cache is None:
            message = "jobs have no folder for colour pyramids; the operator sets image_cache_folder, on Kubernetes a claim for the cache"
            raise ServiceUnavailable(message)
        return PyramidFolder(self.image_cache / "hips" / request.place, request.release)

    def open_painter(self, tiles: "TileSet", request: "PyramidRequest", log: Callable[[str], None]) -> "Painter":
        """Make what paints a colour pyramid's deepest cells."""
        from ..backends.hips.painter import TilePainter
        from ..cutout.model import LuptonOptions
        from ..footprint.hips.model import colour_bands

        return TilePainter(
            tiles,
            self.tiles,
            release=request.release,
            bands=colour_bands(self.survey.bands),
            order=request.order,
            options=LuptonOptions(),
            log=log,
        )

    def read_cutout_job(self, request: Mapping[str, Any], content: bytes) -> "tuple[CutoutRequest, Positions]":
        """Read a cutout job's request and its positions."""
        from ..backends.position_files import positions_from_parquet
        from ..web.cutout_job import request_from_json

        return request_from_json(request), positions_from_parquet(content)

    def open_results(self, folder: Path, job_id: str, content: bytes) -> "CutoutResults":
        """Open the folder that a cutout job writes to; `content` is the input that holds the positions."""
        from ..backends.cutout_results import JobResults
        from ..backends.position_files import given_from_parquet

        given = partial(given_from_parquet, content)
        return JobResults(folder, job_id, survey=self.survey, tiles=lambda: self.tiles, given=given)


def worker_services(options: Mapping[str, Any]) -> WorkerServices:
    """Open what a task needs, in a worker process.

    Parameters
    ----------
    options
        ``survey_file``; ``catalog``, what the catalogue is opened with; ``image_cache``, the folder of the images' seek indexes;
        ``image_cache_bytes``, its size;
        ``threads``, with how many images are cut, 0 for as many as there are processors.
    """
    from ..backends.local_runner.limits import core_count
    from ..backends.writers import FileWriter

    survey, catalog = open_survey(Path(options["survey_file"]), options["catalog"], ExitStack())
    cache = options.get("image_cache")
    return WorkerServices(
        survey=survey,
        catalog=catalog,
        writer=FileWriter(),
        image_cache=None if cache is None else Path(cache),
        image_cache_bytes=options.get("image_cache_bytes"),
        threads=options.get("threads") or core_count(),
    )
