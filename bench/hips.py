"""The colour pyramid of the demo survey: how long it takes, and how many pixels a second, beside reproject where it is installed."""

import importlib
import importlib.util
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from skydesk.backends.hips import PyramidShelf
from skydesk.backends.local_runner.limits import core_count
from skydesk.demo_survey import cached_survey
from skydesk.footprint.hips.model import PyramidRequest, place_of, request_to_json
from skydesk.footprint.hips.names import MOC_FILE
from skydesk.footprint.hips.task import run_footprint
from skydesk.footprint.membership import TileSet
from skydesk.query.model import Cancellation
from skydesk.settings import SkydeskSettings
from skydesk.wiring import WorkerServices, preload_cutouts, worker_services
from skydesk.wiring.catalogues import catalog_options

from .measure import figure, seconds_of

__all__ = ["figures"]

ORDER = 10
PEER_SIDE = 2000
"""Pixels along the side of what the peer is given: a part of a tile, from memory."""


class _Context:
    """What a task is given; nobody listens."""

    job_id, limit_seconds = "0123456789abcdef", 3600.0

    def __init__(self, folder: Path) -> None:
        self.folder, self.cancellation = folder, Cancellation()

    def input(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        pass

    def log(self, message: str) -> None:
        print(message)


def figures() -> list[dict[str, Any]]:
    """Seconds of one pyramid down to order 10, seek indexes of the images made before; megapixels of the deepest cells a second."""
    survey_file = cached_survey("demo", 1)
    preload_cutouts()
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "survey_file": str(survey_file),
            "catalog": catalog_options(SkydeskSettings()),
            "image_cache": folder,
            "threads": core_count(),
        }
        services = worker_services(options)
        _make(services, Path(folder), 7)
        processor = time.process_time()
        seconds = seconds_of(lambda: _make(services, Path(folder), ORDER))
        processor = time.process_time() - processor
        shelf = PyramidShelf(Path(folder) / "hips" / place_of(services.survey))
        megapixels = _cells(shelf) * 512**2 / 1e6
        peer = _peer(services) if importlib.util.find_spec("reproject") else None
    return [
        figure("pyramid of the demo survey, order 10", seconds, "s", target=20),
        figure("its time on processors", processor, "s"),
        figure("its deepest cells, three bands to colour", megapixels / seconds, "Mpx/s", peer="reproject, one band", peer_value=peer),
    ]


def _make(services: WorkerServices, folder: Path, order: int) -> None:
    grid = services.survey.grid
    names = sorted(path.name for path in (services.survey.folder / "tiles").iterdir())
    runs = TileSet.of_names(grid, names)[0].runs()
    place = place_of(services.survey)
    request = PyramidRequest(place=place, release="DR2", order=order, runs=tuple(map(tuple, runs)), most_bytes=10**10)
    run_footprint(services, request_to_json(request), _Context(folder))


def _cells(shelf: PyramidShelf) -> int:
    """Cells of the deepest order that have a picture."""
    import io

    from mocpy import MOC

    with tempfile.NamedTemporaryFile(suffix=".fits") as file:
        file.write(io.BytesIO(shelf.content("DR2", MOC_FILE)).getvalue())
        file.flush()
        return len(MOC.load(file.name, format="fits").flatten())


def _peer(services: WorkerServices) -> float:
    """Megapixels a second of reproject on a part of one tile in one band, bilinear, FITS cells of the same order."""
    from astropy.wcs import WCS

    reproject_interp = importlib.import_module("reproject").reproject_interp
    reproject_to_hips = importlib.import_module("reproject.hips").reproject_to_hips
    tile = services.survey.grid.tile_at(323.3, -0.85)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [tile.ra_deg, tile.dec_deg]
    wcs.wcs.crpix, wcs.wcs.cdelt = [PEER_SIDE / 2, PEER_SIDE / 2], [-0.263 / 3600, 0.263 / 3600]
    image = np.random.default_rng(1).normal(size=(PEER_SIDE, PEER_SIDE)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Path(folder) / "peer"
        options = {"coord_system_out": "equatorial", "reproject_function": reproject_interp, "output_directory": str(made), "level": ORDER}
        seconds = seconds_of(lambda: reproject_to_hips((image, wcs), threads=core_count(), **options))
        return len(list(made.glob(f"Norder{ORDER}/*/*.fits"))) * 512**2 / 1e6 / seconds
