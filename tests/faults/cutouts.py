"""Cutout jobs that take their time, for real worker processes."""

import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from skydesk.cutout.ports import BandCut, CutoutRenderer
from skydesk.cutout.task import run_cutouts
from skydesk.jobs.ports import ResumableTask, Task
from skydesk.wiring import worker_services

__all__ = ["open_services", "tasks"]


class SlowRenderer:
    """Makes FITS files, each after a pause."""

    def __init__(self, renderer: CutoutRenderer, pause_seconds: float) -> None:
        self._renderer, self._pause_seconds = renderer, pause_seconds

    def fits(self, cut: BandCut, planes: Sequence[str]) -> bytes:
        """A FITS file, a little later."""
        time.sleep(self._pause_seconds)
        return self._renderer.fits(cut, planes)


def open_services(options: Mapping[str, Any]) -> SimpleNamespace:
    """The services of a real worker, slowed down."""
    services = worker_services(options)
    return SimpleNamespace(
        survey=services.survey,
        tiles=services.tiles,
        renderer=SlowRenderer(services.renderer, options["pause_seconds"]),
        chart_objects=None,
        read_cutout_job=services.read_cutout_job,
        open_results=services.open_results,
        threads=services.threads,
    )


def tasks() -> Mapping[str, Task]:
    """The task of cutout jobs."""
    return {"cutout": ResumableTask(run_cutouts)}
