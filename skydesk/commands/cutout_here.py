"""Cuts images in this very process, into a folder, and goes on where an earlier command was stopped."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ..backends.cutout_results import JobResults
from ..backends.position_files import given_from_parquet, positions_from_parquet
from ..cutout.model import CutoutRequest, Positions
from ..cutout.service import CutoutService
from ..cutout.task import CutoutResults, run_cutouts
from ..cutout_archive import told_of
from ..errors import NotFound, UsageError
from ..progress_bar import ProgressBar, progress_bar
from ..query.model import Cancellation
from ..web.cutout_job import POSITIONS_FILE, options_from_json, request_from_json, request_to_json

__all__ = ["cut_here"]

_REQUEST = "request.json"
_ID = "here"
"""Stands for a job's id in the names of tables."""


def cut_here(
    transport: Any, asked: Mapping[str, Any], folder: Path, *, threads: int | None, shown: bool, limit_seconds: float | None
) -> dict[str, Any]:
    """Cut a draft's positions with the services of this process, as a job would.

    Parameters
    ----------
    transport
        A `skydesk.transport.LocalTransport`.
    asked
        The body of ``POST cutout/jobs``.
    threads
        Rows that are cut at a time; None for as many as the settings say.
    shown
        True to draw a progress bar.

    Raises
    ------
    UsageError
        The folder has images of other positions or options in it.
    """
    cutouts, user = transport.services.cutouts, transport.user
    request = CutoutRequest(
        release=cutouts.release(user, asked.get("release")),
        options=options_from_json(asked["options"]),
        include_matched_csv=bool(asked["include_matched_csv"]),
    )
    made = cutouts.job_input(user, cutouts.draft(user, asked["positions"]), request)
    content = cutouts.files.pack(made.positions, made.table)
    payload = {**request_to_json(made.request), "max_positions": made.max_positions, "max_result_bytes": made.max_result_bytes}
    _require_same(folder, {**payload, "positions_sha256": hashlib.sha256(content).hexdigest()})
    services = _Services(cutouts=cutouts, threads=threads or cutouts.threads)
    with progress_bar("cutouts", shown=shown) as bar:
        context = _Context(
            folder=folder.resolve(), inputs={POSITIONS_FILE: content}, bar=bar, limit_seconds=limit_seconds or made.limit_seconds
        )
        timer = threading.Timer(context.limit_seconds, context.cancellation.cancel, ["the time is up"])
        timer.daemon = True
        timer.start()
        try:
            run_cutouts(services, payload, context)
        finally:
            timer.cancel()
    return told_of(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Services:
    """What the task needs of services, those of this process; a `skydesk.cutout.task.CutoutServices`."""

    cutouts: CutoutService
    threads: int

    @property
    def survey(self) -> Any:
        """Whose tiles are cut."""
        return self.cutouts.survey

    @property
    def tiles(self) -> Any:
        """Its images."""
        return self.cutouts.tiles

    @property
    def renderer(self) -> Any:
        """What makes files of pixels."""
        return self.cutouts.renderer

    @property
    def chart_objects(self) -> Any:
        """What asks the catalogue for the objects of a finding chart."""
        return self.cutouts.chart_objects

    def read_cutout_job(self, request: Mapping[str, Any], content: bytes) -> tuple[CutoutRequest, Positions]:
        """Read request and positions."""
        return request_from_json(request), positions_from_parquet(content)

    def open_results(self, folder: Path, job_id: str, content: bytes) -> CutoutResults:
        """Open the folder; `content` holds the positions as they were given."""
        given = partial(given_from_parquet, content)
        return JobResults(folder, job_id, survey=self.cutouts.survey, tiles=lambda: self.cutouts.tiles, given=given)


@dataclass(slots=True, kw_only=True)
class _Context:
    """What the task is given here; a `skydesk.jobs.ports.TaskContext`."""

    folder: Path
    inputs: Mapping[str, bytes]
    bar: ProgressBar
    limit_seconds: float
    cancellation: Cancellation = field(default_factory=Cancellation)

    @property
    def job_id(self) -> str:
        """Stands for the id of a job."""
        return _ID

    def input(self, name: str) -> bytes:
        """Give what the task works on."""
        if name not in self.inputs:
            raise NotFound(f"there is no {name}")
        return self.inputs[name]

    def report(self, done: int, total: int | None = None, unit: str = "rows", fraction: float | None = None) -> None:
        """Draw the bar."""
        self.bar.show({"done": done, "total": total, "unit": unit, "fraction": fraction})

    def log(self, message: str) -> None:
        """Add a line to the log in the folder."""
        with (self.folder / "job.log").open("a", encoding="utf-8") as file:
            file.write(f"{message}\n")


def _require_same(folder: Path, request: Mapping[str, Any]) -> None:
    """Refuse a folder with images of another request; note this one."""
    path = folder / _REQUEST
    text = json.dumps(dict(request), indent=2)
    try:
        if path.exists():
            if path.read_text(encoding="utf-8") != text:
                raise UsageError(f"{folder} has cutouts of other positions or options in it; choose another folder")
        else:
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write in {folder}: {(error.strerror or 'unknown reason').lower()}") from error
