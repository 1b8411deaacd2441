"""The composition root: settings in, services out. The only module that knows which backend stands behind which port."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import __version__
from .access import ALL, LOCAL_USER, Policy, User, default_policy, read_policy
from .errors import Fault, InvalidRequest, ServiceUnavailable
from .registry import Service, all_services
from .settings import SkydeskSettings

if TYPE_CHECKING:
    from .cutout.chart import ChartObjects
    from .cutout.gallery import Gallery
    from .cutout.model import CutoutRequest, Positions
    from .cutout.ports import CutoutRenderer, TileStore
    from .cutout.position_text import PositionTable
    from .cutout.service import CutoutService
    from .cutout.task import CutoutResults
    from .footprint.ports import TileFiles
    from .footprint.service import FootprintService
    from .footprint.task import BulkFolder
    from .jobs.model import Job
    from .jobs.ports import JobFolders, JobRunner, JobStore, Mailer
    from .jobs.reports import ReportReceiver
    from .jobs.service import JobService
    from .leases.administration import Administration
    from .leases.feed import LeaseFeed
    from .leases.keeper import LeaseKeeper
    from .leases.service import LeaseService
    from .query.ports import Catalog, QueryHistory, ResultWriter
    from .query.service import QueryService
    from .survey import Survey
    from .transport import LocalTransport

__all__ = [
    "Services",
    "WorkerServices",
    "build_services",
    "embedded_transport",
    "jobs_folder_of",
    "local_user",
    "policy_of",
    "preload_cutouts",
    "worker_services",
]

_STOP_SECONDS = 1.5
"""How long running jobs may go on when the service stops, seconds; the runner needs up to a second more."""


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

    open_cutouts: "Callable[[], CutoutService] | None" = None
    """Makes the service behind cutouts, or gives the one that is made; what it needs is only loaded when it is asked for."""

    installed: Sequence[Service] = field(default_factory=all_services)
    version: str = __version__

    @property
    def cutouts(self) -> "CutoutService":
        """Cutouts by the rules."""
        if self.open_cutouts is None:
            raise ServiceUnavailable("this SkyDesk has no images")
        return self.open_cutouts()

    @cached_property
    def gallery(self) -> "Gallery":
        """What cutout jobs have made, made when it is first asked for."""
        return _gallery(self.jobs, self.catalog, self.survey)

    @cached_property
    def renderer(self) -> "CutoutRenderer":
        """What makes pictures, made when it is first asked for: it needs libraries that take a second to load."""
        return _renderer()

    @cached_property
    def footprints(self) -> "FootprintService":
        """What is known of the survey's tiles, made when it is first asked for."""
        return _footprints(self.survey, self.catalog)

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
        return _open_tiles(self.survey, self.image_cache, self.image_cache_bytes)

    @cached_property
    def renderer(self) -> "CutoutRenderer":
        """What makes the files of cutouts."""
        return _renderer()

    @cached_property
    def chart_objects(self) -> "ChartObjects | None":
        """What asks the catalogue for the objects of finding charts; None for a survey without objects."""
        return _chart_objects(self.catalog, self.survey)

    @cached_property
    def tile_files(self) -> "TileFiles":
        """The files of the survey's tiles."""
        return _tile_files(self.survey)

    def open_bulk(self, folder: Path, job_id: str) -> "BulkFolder":
        """Open the folder that a footprint job writes to."""
        from .backends.bulk_folder import CopyingFolder
        from .backends.cutout_results import JobResults

        return CopyingFolder(folder, JobResults(folder, job_id, survey=self.survey, tiles=lambda: self.tiles))

    def read_cutout_job(self, request: Mapping[str, Any], content: bytes) -> "tuple[CutoutRequest, Positions]":
        """Read a cutout job's request and its positions."""
        from .backends.position_files import positions_from_parquet
        from .web.cutout_job import request_from_json

        return request_from_json(request), positions_from_parquet(content)

    def open_results(self, folder: Path, job_id: str) -> "CutoutResults":
        """Open the folder that a cutout job writes to."""
        from .backends.cutout_results import JobResults

        return JobResults(folder, job_id, survey=self.survey, tiles=lambda: self.tiles)


def build_services(
    settings: SkydeskSettings, *, mode: str, on_demand: bool = False, on_survey_progress: Callable[[float], None] = lambda _: None
) -> Services:
    """Put together what a serving process needs; no job runs before `Services.start`.

    Parameters
    ----------
    mode
        ``embedded`` or ``hub``.
    on_demand
        True to run no job before one is submitted here: a command that only lists jobs is not to start and stop any.
    on_survey_progress
        Told how far the demo survey is, 0 to 1, where it is served and has yet to be made.

    Raises
    ------
    InvalidSurvey
        The survey file is wrong.
    InvalidPolicy
        The policy file is wrong.
    InvalidRequest
        A setting is wrong.
    ServiceUnavailable
        The catalogue or the database does not answer, or the demo survey cannot be made.
    """
    from .backends.job_folders import LocalJobFolders
    from .backends.jobstore import Database, SqlJobStore, SqlQueryHistory
    from .backends.leasestore import SqlLeaseStore
    from .jobs.feed import WatchedJobStore
    from .jobs.reports import ReportReceiver
    from .jobs.service import JobService
    from .leases.administration import Administration
    from .leases.feed import LeaseFeed
    from .leases.keeper import LeaseKeeper
    from .leases.service import LeaseService
    from .query.service import QueryService

    mailer, policy = _mailer(settings), policy_of(settings)
    survey_file = Path(settings.survey_file) if settings.survey_file else _demo_survey(on_survey_progress)
    with ExitStack() as opened:
        survey, catalog = _open_survey(survey_file, _catalog_options(settings), opened)
        Path(settings.data_folder).mkdir(parents=True, exist_ok=True)
        database = Database(settings.database_url)
        opened.callback(database.close)
        store, history = WatchedJobStore(SqlJobStore(database)), SqlQueryHistory(database)
        jobs_folder = _jobs_folder(settings)
        folders = LocalJobFolders(jobs_folder)

        def ended(job: "Job") -> None:
            jobs.ended(job)

        runner = _runner(settings, store, folders, survey_file, on_end=ended)
        worker_reports = runner if isinstance(runner, ReportReceiver) else None
        runner = _OnDemandRunner(runner) if on_demand else runner
        jobs = JobService(store, folders, runner=runner, mailer=mailer, link_base=settings.service_url or None)
        lease_store = SqlLeaseStore(database)
        leases = LeaseService(lease_store, policy=policy)
        days = settings.ended_leases_kept_days
        keeper = LeaseKeeper(leases, kept=None if days is None else timedelta(days=days))
        opened.callback(keeper.stop, 0.5)
        opened.callback(jobs.housekeeper.stop, 0.5)
        opened.callback(runner.stop, grace_seconds=_STOP_SECONDS)
        return Services(
            survey=survey,
            policy=policy,
            catalog=catalog,
            queries=QueryService(catalog, survey=survey, history=history),
            jobs=jobs,
            store=store,
            history=history,
            folders=folders,
            runner=runner,
            leases=leases,
            administration=Administration(leases),
            lease_feed=LeaseFeed(lease_store),
            lease_keeper=keeper,
            jobs_folder=jobs_folder,
            mode=mode,
            files_root=settings.files_root or None,
            housekeeping_seconds=settings.expiry_check_seconds,
            lease_tick_seconds=settings.lease_tick_seconds,
            worker_reports=worker_reports,
            open_cutouts=_once(lambda: _cutouts(settings, survey, catalog)),
            closing=opened.pop_all(),
        )


def worker_services(options: Mapping[str, Any]) -> WorkerServices:
    """Open what a task needs, in a worker process.

    Parameters
    ----------
    options
        ``survey_file``; ``catalog``, what the catalogue is opened with; ``image_cache``, the folder of the images' seek indexes;
        ``image_cache_bytes``, its size;
        ``threads``, with how many images are cut, 0 for as many as there are processors.
    """
    from .backends.local_runner.limits import core_count
    from .backends.writers import FileWriter

    survey, catalog = _open_survey(Path(options["survey_file"]), options["catalog"], ExitStack())
    cache = options.get("image_cache")
    return WorkerServices(
        survey=survey,
        catalog=catalog,
        writer=FileWriter(),
        image_cache=None if cache is None else Path(cache),
        image_cache_bytes=options.get("image_cache_bytes"),
        threads=options.get("threads") or core_count(),
    )


def preload_cutouts() -> None:
    """Load what cutouts need, compiled code included, so that workers forked afterwards have it; nothing where it is not installed."""
    from importlib.util import find_spec

    if find_spec("numba") is None:
        return
    import numpy as np

    from .backends.tiles import floats, kernels  # noqa: F401 (compiled when they are imported)
    from .cutout.model import LuptonOptions

    pixels = np.zeros((8, 8), np.float32)
    renderer = _renderer()
    renderer.lupton(pixels, pixels, pixels, LuptonOptions())
    renderer.stiff(pixels, pixels, pixels)


def local_user(settings: SkydeskSettings) -> User:
    """The one user of an embedded SkyDesk: all services and releases, as many jobs as the machine takes."""
    most = default_policy().entitlements(["advanced"])
    jobs = replace(most.jobs, concurrent=settings.workers, memory_bytes=settings.worker_memory_bytes)
    return User(name=LOCAL_USER, entitlements=replace(most, services=frozenset({ALL}), releases=frozenset({ALL}), jobs=jobs))


def policy_of(settings: SkydeskSettings) -> Policy:
    """The policy that the settings name, or the one that ships.

    Raises
    ------
    InvalidPolicy
        The file is wrong.
    """
    return read_policy(Path(settings.policy_file)) if settings.policy_file else default_policy()


def jobs_folder_of(settings: SkydeskSettings, owner: str) -> Path:
    """Where a user's job folders are, whether they exist or not."""
    from .backends.job_folders import owner_folder

    return _jobs_folder(settings) / owner_folder(owner)


def embedded_transport(survey_file: Path | None) -> "LocalTransport":
    """Serve a survey, the demo survey for None, in this very process; jobs only begin to run when one is submitted here."""
    from tqdm import tqdm

    from .transport import LocalTransport

    settings = SkydeskSettings()
    if survey_file is not None:
        settings.survey_file = str(survey_file)

    def show(fraction: float) -> None:
        bar.update(100 * fraction - bar.n)

    with tqdm(total=100, unit="%", desc="making the demo survey", disable=None, leave=False, delay=1) as bar:
        services = build_services(settings, mode="embedded", on_demand=True, on_survey_progress=show)
    services.start()
    return LocalTransport(services, local_user(settings))


def _open_survey(path: Path, options: Mapping[str, Any], opened: ExitStack) -> "tuple[Survey, Catalog]":
    from .survey import load_survey

    survey = load_survey(path)
    if survey.catalogue.kind != "duckdb" or survey.catalogue.path is None:
        raise ServiceUnavailable(f"a catalogue of the kind {survey.catalogue.kind!r} cannot be opened by this SkyDesk; it opens duckdb")
    from .backends.duckdb_catalog import DuckdbCatalog

    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey, **options)
    opened.callback(catalog.close)
    return survey, catalog


def _catalog_options(settings: SkydeskSettings) -> dict[str, Any]:
    return {
        "memory_bytes": settings.catalog_memory_bytes,
        "threads": settings.catalog_threads,
        "temp_bytes": settings.catalog_temp_bytes,
        "connections": settings.catalog_connections,
    }


def _runner(settings: SkydeskSettings, store: "JobStore", folders: Any, survey_file: Path, *, on_end: Callable[[Any], None]) -> "JobRunner":
    options = {
        "survey_file": str(survey_file.resolve()),
        "catalog": {**_catalog_options(settings), "connections": 2},
        "image_cache": None if (cache := _image_cache(settings)) is None else str(cache),
        "image_cache_bytes": settings.image_cache_bytes,
        "threads": settings.cutout_threads,
    }
    if settings.job_runner == "kubernetes":
        from .backends.kubernetes_runner.assembly import runner_from
        from .kubernetes_settings import KubernetesJobs

        kubernetes = KubernetesJobs(parent=settings)
        return runner_from(kubernetes, store, folders, options=options, workers=settings.workers, on_end=on_end)
    from .backends.local_runner import LocalRunner, WorkerSettings

    return LocalRunner(
        store,
        folders,
        worker_settings=WorkerSettings(jobs_root=str(_jobs_folder(settings)), options=options),
        locks_folder=Path(settings.data_folder).resolve() / "locks",
        workers=settings.workers,
        warm=settings.warm_workers,
        on_end=on_end,
    )


def _cutouts(settings: SkydeskSettings, survey: "Survey", catalog: "Catalog") -> "CutoutService":
    from .backends.cutout_drafts import FolderDrafts
    from .backends.local_runner.limits import core_count
    from .backends.object_names import OpenNgcNames
    from .backends.position_files import LocalPositionFiles
    from .cutout.object_positions import ObjectPositions
    from .cutout.service import CutoutService

    return CutoutService(
        survey=survey,
        tiles=_open_tiles(survey, _image_cache(settings), settings.image_cache_bytes),
        renderer=_renderer(),
        objects=ObjectPositions(catalog, survey),
        files=LocalPositionFiles(),
        chart_objects=_chart_objects(catalog, survey),
        drafts=FolderDrafts(Path(settings.data_folder).resolve() / "cutout-drafts"),
        names=OpenNgcNames(),
        threads=settings.cutout_threads or core_count(),
    )


def _once(make: "Callable[[], CutoutService]") -> "Callable[[], CutoutService]":
    """Let something be made when it is first asked for, by whichever thread, and no second time."""
    lock, made = threading.Lock(), list["CutoutService"]()

    def get() -> "CutoutService":
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def _gallery(jobs: "JobService", catalog: "Catalog", survey: "Survey") -> "Gallery":
    from .cutout.field_objects import FieldObjects
    from .cutout.gallery import Gallery

    return Gallery(jobs, read_job=_read_gallery_job, objects=FieldObjects(catalog, survey))


def _read_gallery_job(request: Mapping[str, Any], content: bytes) -> "tuple[CutoutRequest, Positions, PositionTable | None]":
    from .backends.position_files import given_from_parquet, positions_from_parquet
    from .web.cutout_job import request_from_json

    return request_from_json(request), positions_from_parquet(content), given_from_parquet(content)


def _open_tiles(survey: "Survey", image_cache: Path | None, image_cache_bytes: int | None) -> "TileStore":
    from .backends.tiles import open_tiles

    return open_tiles(survey, cache_folder=image_cache, cache_bytes=image_cache_bytes)


def _renderer() -> "CutoutRenderer":
    from .backends.cutout_files import FileRenderer

    return FileRenderer()


def _chart_objects(catalog: "Catalog", survey: "Survey") -> "ChartObjects | None":
    from .cutout.field_objects import FieldObjects

    return None if survey.objects is None else FieldObjects(catalog, survey).in_field


def _footprints(survey: "Survey", catalog: "Catalog") -> "FootprintService":
    from .backends.healpix_sky import AstropyHealpixSky
    from .backends.moc_files import MocpyFiles
    from .backends.object_names import OpenNgcNames
    from .footprint.service import FootprintService

    files = _tile_files(survey)
    return FootprintService(survey, catalog, sky=AstropyHealpixSky(), mocs=MocpyFiles(), files=files, names=OpenNgcNames())


def _tile_files(survey: "Survey") -> "TileFiles":
    from .backends.tile_files import SurveyTileFiles

    return SurveyTileFiles(survey)


def _image_cache(settings: SkydeskSettings) -> Path | None:
    return Path(settings.image_cache_folder).expanduser().resolve() if settings.image_cache_folder else None


def _jobs_folder(settings: SkydeskSettings) -> Path:
    return Path(settings.jobs_folder).expanduser().resolve()


def _mailer(settings: SkydeskSettings) -> "Mailer | None":
    if not settings.smtp_host:
        return None
    from .backends.mail import Security, SmtpMailer

    if not settings.mail_from:
        raise InvalidRequest([Fault(field="mail_from", message="is empty, but smtp_host is set; give the address that mails come from")])
    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        security=Security(settings.smtp_security),
        user=settings.smtp_user or None,
        password=_secret(settings.smtp_password_file) if settings.smtp_user else None,
    )


def _secret(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise InvalidRequest([Fault(field="smtp_password_file", message=f"{file!r} cannot be read: {error.strerror}")]) from error


def _demo_survey(on_progress: Callable[[float], None]) -> Path:
    from .demo_survey import cached_survey

    return cached_survey("demo", on_progress=lambda fraction, _: on_progress(fraction))


class _OnDemandRunner:
    """A runner that begins when it is first woken."""

    def __init__(self, runner: "JobRunner") -> None:
        self._runner = runner
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Wait until there is a job."""

    def wake(self) -> None:
        """Begin, if that is still to be done, and look for jobs."""
        with self._lock:
            if not self._started:
                self._runner.start()
                self._started = True
        self._runner.wake()

    def cancel(self, job_id: str) -> None:
        """Stop a job."""
        self._runner.cancel(job_id)

    def stop(self, *, grace_seconds: float = 3) -> None:
        """Stop, if it has begun."""
        with self._lock:
            if self._started:
                self._runner.stop(grace_seconds=grace_seconds)
