"""What a worker does for a footprint job: gather the files of tiles."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..cutout.model import Outcome, RowOutcome
from ..cutout.outcomes import OUTCOMES_FILE
from ..errors import Fault, InvalidRequest, LimitExceeded
from ..jobs.model import JobOutcome
from ..jobs.ports import TaskContext
from ..query.model import Cancellation
from .bulk import wanted_files
from .model import BulkRequest
from .ports import TileFiles

__all__ = ["BulkFolder", "BulkServices", "request_from_json", "request_to_json", "run_bulk"]


class BulkFolder(Protocol):
    """The folder that a job writes to, with what an earlier attempt left in it."""

    def earlier(self) -> Mapping[int, RowOutcome]:
        """Outcomes of tiles whose files are all there, whole; the others are forgotten."""

    def copy(self, source: Path, folder: str, name: str, cancellation: Cancellation) -> int:
        """Copy one file, whole or not at all; gives its size, bytes.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written, or the file cannot be read.
        Cancelled
            The job was stopped.
        """

    def add(self, outcome: RowOutcome) -> None:
        """Keep what became of one tile whose files are there."""


class BulkServices(Protocol):
    """What the task needs of a worker's services."""

    @property
    def tile_files(self) -> TileFiles:
        """The files of the survey's tiles."""

    @property
    def open_bulk(self) -> Callable[[Path, str], BulkFolder]:
        """Opens the folder of a job, by its id."""


def run_bulk(services: BulkServices, request: Mapping[str, Any], context: TaskContext) -> JobOutcome:
    """Copy the files of a job's tiles into its folder, ``<release>/<tile>/<file>``; goes on where an earlier attempt was cut off.

    Copies, not links: the owner's lab may write to the folder, and a link would lead it to the survey's own files.

    Raises
    ------
    InvalidRequest
        The request is not one for files of tiles.
    LimitExceeded
        The files are larger than the owner's limits allow.
    Cancelled, ServiceUnavailable, Conflict
        The job was stopped; the disk takes no files; the folder was tampered with.
    """
    bulk, most_bytes = request_from_json(request), request.get("max_result_bytes")
    folder = services.open_bulk(context.folder, context.job_id)
    outcomes = {row: outcome for row, outcome in folder.earlier().items() if row < len(bulk.tiles)}
    if outcomes:
        context.log(f"{len(outcomes):,} tiles were finished by an earlier attempt and are kept")
    size = sum(outcome.size_bytes for outcome in outcomes.values())
    for row, tile in enumerate(bulk.tiles):
        context.report(len(outcomes), len(bulk.tiles), "tiles")
        if row in outcomes:
            continue
        context.cancellation.check()
        outcomes[row] = outcome = _gathered(services, bulk, row, tile, folder, context)
        folder.add(outcome)
        size += outcome.size_bytes
        if type(most_bytes) is int and size > most_bytes:
            raise LimitExceeded(
                f"the files of {len(outcomes):,} tiles take {size:,} bytes, and a job may make {most_bytes:,}; ask for fewer"
            )
    context.report(len(outcomes), len(bulk.tiles), "tiles")
    empty = [outcome.tile for outcome in outcomes.values() if not outcome.files]
    return JobOutcome(
        files=(OUTCOMES_FILE,),
        rows=len(bulk.tiles),
        summary={"tiles": len(bulk.tiles), "release": bulk.release, "kinds": list(bulk.kinds), "size_bytes": size, "without_files": empty},
        listing=OUTCOMES_FILE,
        listed_files=sum(len(outcome.files) for outcome in outcomes.values()),
        listed_bytes=size,
    )


def _gathered(services: BulkServices, bulk: BulkRequest, row: int, tile: str, folder: BulkFolder, context: TaskContext) -> RowOutcome:
    files, place = wanted_files(services.tile_files.files(tile, bulk.release), bulk), f"{bulk.release}/{tile}"
    sizes = []
    for file in files:
        path = services.tile_files.path(tile, bulk.release, file.name)
        sizes.append(folder.copy(path, place, file.name, context.cancellation))
    if not files:
        context.log(f"{tile} has no such files")
    return RowOutcome(
        row=row,
        outcome=Outcome.DONE if files else Outcome.OUTSIDE,
        message="" if files else f"{tile} has no such files in {bulk.release}",
        tile=tile,
        name=tile,
        folder=place if files else "",
        files=tuple(file.name for file in files),
        size_bytes=sum(sizes),
    )


def request_to_json(request: BulkRequest) -> dict[str, Any]:
    """A request as the job keeps it."""
    return {"release": request.release, "tiles": list(request.tiles), "kinds": list(request.kinds), "bands": list(request.bands)}


def request_from_json(value: Mapping[str, Any]) -> BulkRequest:
    """The request that a job keeps.

    Raises
    ------
    InvalidRequest
        It is none; every fault is named.
    """
    faults = []
    lists: dict[str, tuple[str, ...]] = {}
    for name in ("tiles", "kinds", "bands"):
        texts = value.get(name, [])
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            faults.append(Fault(field=name, message=f"must be a list of names, got {texts!r:.80}"))
            texts = ()
        lists[name] = tuple(texts)
    release = value.get("release")
    if not isinstance(release, str) or not release:
        faults.append(Fault(field="release", message=f"must be the name of a release, got {release!r:.80}"))
    if faults:
        raise InvalidRequest(faults)
    return BulkRequest(release=str(release), **lists)
