"""Puts together what a serving process needs."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ..access import Policy
from ..settings import SkydeskSettings
from .catalogues import catalog_options, demo_survey, open_survey
from .images import once, open_cutouts
from .mailing import open_mailer
from .own_tables import open_tables
from .places import image_cache_of, jobs_root_of, policy_of
from .runners import OnDemandRunner, open_runner
from .services import Services

if TYPE_CHECKING:
    from ..jobs.model import Job
    from ..jobs.ports import JobFolders, JobRunner, JobStore, Mailer
    from ..jobs.reports import ReportReceiver
    from ..jobs.service import JobService
    from ..leases.administration import Administration
    from ..leases.feed import LeaseFeed
    from ..leases.keeper import LeaseKeeper
    from ..leases.ports import LeaseStore
    from ..leases.service import LeaseService

__all__ = ["build_services"]

_STOP_SECONDS = 1.5
"""How long running jobs may go on when the service stops, seconds; the runner needs up to a second more."""


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
    from ..backends.jobstore import Database, SqlJobStore, SqlQueryHistory
    from ..backends.leasestore import SqlLeaseStore
    from ..query.service import QueryService

    mailer, policy = open_mailer(settings), policy_of(settings)
    survey_file = Path(settings.survey_file) if settings.survey_file else demo_survey(on_survey_progress)
    with ExitStack() as opened:
        survey, catalog = open_survey(survey_file, catalog_options(settings), opened)
        Path(settings.data_folder).mkdir(parents=True, exist_ok=True)
        database = Database(settings.database_url)
        opened.callback(database.close)
        history = SqlQueryHistory(database)
        queries = QueryService(catalog, survey=survey, history=history)
        leases = _open_leases(settings, SqlLeaseStore(database), policy, opened)
        jobs = _open_jobs(settings, SqlJobStore(database), survey_file, mailer, opened, on_demand=on_demand)
        return Services(
            survey=survey,
            policy=policy,
            catalog=catalog,
            queries=queries,
            own_tables=open_tables(settings, survey, catalog, queries),
            history=history,
            jobs_folder=jobs_root_of(settings),
            mode=mode,
            files_root=settings.files_root or None,
            housekeeping_seconds=settings.expiry_check_seconds,
            lease_tick_seconds=settings.lease_tick_seconds,
            open_cutouts=once(lambda: open_cutouts(settings, survey, catalog)),
            image_cache=image_cache_of(settings),
            closing=opened.pop_all(),
            **leases,
            **jobs,
        )


def _open_jobs(
    settings: SkydeskSettings, kept: "JobStore", survey_file: Path, mailer: "Mailer | None", opened: ExitStack, *, on_demand: bool
) -> "_Jobs":
    from ..backends.job_folders import LocalJobFolders
    from ..jobs.feed import WatchedJobStore
    from ..jobs.reports import ReportReceiver
    from ..jobs.service import JobService

    store, folders = WatchedJobStore(kept), LocalJobFolders(jobs_root_of(settings))

    def ended(job: "Job") -> None:
        jobs.ended(job)

    runner = open_runner(settings, store, folders, survey_file, on_end=ended)
    reports = runner if isinstance(runner, ReportReceiver) else None
    runner = OnDemandRunner(runner) if on_demand else runner
    jobs = JobService(store, folders, runner=runner, mailer=mailer, link_base=settings.service_url or None)
    opened.callback(jobs.housekeeper.stop, 0.5)
    opened.callback(runner.stop, grace_seconds=_STOP_SECONDS)
    return {"jobs": jobs, "store": store, "folders": folders, "runner": runner, "worker_reports": reports}


def _open_leases(settings: SkydeskSettings, store: "LeaseStore", policy: Policy, opened: ExitStack) -> "_Leases":
    from ..leases.administration import Administration
    from ..leases.feed import LeaseFeed
    from ..leases.keeper import LeaseKeeper
    from ..leases.service import LeaseService

    leases, days = LeaseService(store, policy=policy), settings.ended_leases_kept_days
    keeper = LeaseKeeper(leases, kept=None if days is None else timedelta(days=days))
    opened.callback(keeper.stop, 0.5)
    return {"leases": leases, "administration": Administration(leases), "lease_feed": LeaseFeed(store), "lease_keeper": keeper}


class _Jobs(TypedDict):
    jobs: "JobService"
    store: "JobStore"
    folders: "JobFolders"
    runner: "JobRunner"
    worker_reports: "ReportReceiver | None"


class _Leases(TypedDict):
    leases: "LeaseService"
    administration: "Administration"
    lease_feed: "LeaseFeed"
    lease_keeper: "LeaseKeeper"
