"""What a serving process is made of."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .. import __version__
from ..access import Policy
from ..errors import ServiceUnavailable
from ..registry import Service, all_services
from .images import open_footprints, open_gallery, open_pyramids, open_renderer

if TYPE_CHECKING:
    from ..cutout.gallery import Gallery
    from ..cutout.ports import CutoutRenderer
    from ..cutout.service import CutoutService
    from ..footprint.hips.service import PyramidService
    from ..footprint.service import FootprintService
    from ..jobs.ports import JobFolders, JobRunner, JobStore
    from ..jobs.reports import ReportReceiver
    from ..jobs.service import JobService
    from ..leases.administration import Administration
    from ..leases.feed import LeaseFeed
    from ..leases.keeper import LeaseKeeper
    from ..leases.service import LeaseService
    from ..query.ports import Catalog, QueryHistory
    from ..query.service import QueryService
    from ..survey import Survey
    from ..tables.service import TablesService

__all__ = ["Services"]


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that an entrance needs, for one survey. A context manager that closes itself."""

    survey: "Survey"
    policy: Policy
    catalog: "Catalog"
    queries: "QueryService"
    jobs: "JobService"
    store: "JobStore"
    history: "QueryHistory"
    folders: "JobFolders"
    runner: "JobRunner"
    leases: "LeaseService"
    administration: "Administration"
    lease_feed: "LeaseFeed"
    lease_keeper: "LeaseKeeper"
    jobs_folder: Path
    """Root of the job folders."""

    mode: str
    """``embedded`` or ``hub``."""

    files_root: str | None
    """Where a lab's file browser has its owner's job folders; None where it has not."""

    housekeeping_seconds: float
    """How often to look for jobs that have expired, seconds."""

    lease_tick_seconds: float
    """How often to charge labs and look after their queues, seconds."""

    closing: ExitStack
    """Lets go of what is open, in the order in which it has to be."""

    worker_reports: "ReportReceiver | None" = None
    """Who hears the pods of jobs; None where jobs run in processes of this machine."""

    own_tables: "TablesService | None" = None
    """Users' own tables; None where there are none."""

    open_cutouts: "Callable[[], CutoutService] | None" = None
    """Makes the service behind cutouts, or gives the one that is made; what it needs is only loaded when it is asked for."""

    installed: Sequence[Service] = field(default_factory=all_services)
    version: str = __version__
    image_cache: Path | None = None
    """Folder of what is made of images and may be deleted: seek indexes and colour pyramids; None where none is kept."""

    @property
    def cutouts(self) -> "CutoutService":
        """Cutouts by the rules."""
        if self.open_cutouts is None:
            raise ServiceUnavailable("this SkyDesk has no images")
        return self.open_cutouts()

    @property
    def tables(self) -> "TablesService":
        """Users' own tables by the rules."""
        if self.own_tables is None:
            raise ServiceUnavailable("this SkyDesk has no own tables")
        return self.own_tables

    @cached_property
    def gallery(self) -> "Gallery":
        """What cutout jobs have made, made when it is first asked for."""
        return open_gallery(self.jobs, self.catalog, self.survey)

    @cached_property
    def renderer(self) -> "CutoutRenderer":
        """What makes pictures, made when it is first asked for: it needs libraries that take a second to load."""
        return open_renderer()

    @cached_property
    def footprints(self) -> "FootprintService":
        """What is known of the survey's tiles, made when it is first asked for."""
        return open_footprints(self.survey, self.catalog)

    @cached_property
    def pyramids(self) -> "PyramidService":
        """Colour pyramids by the rules."""
        return open_pyramids(self.footprints, self.jobs, self.image_cache, alone=self.mode == "embedded")

    def start(self) -> None:
        """Begin to run jobs and to look after them and, with a hub, after labs."""
        self.runner.start()
        self.jobs.housekeeper.start(self.housekeeping_seconds)
        if self.mode == "hub":
            self.lease_keeper.start(self.lease_tick_seconds)

    def close(self) -> None:
        """Let go of everything; a second call does nothing. Jobs of this machine go back to the queue, pods go on."""
        self.closing.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
