"""Services on fakes, and a desk that calls routes as an entrance would."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from skydesk.access import JobLimits, User, default_policy
from skydesk.backends.job_folders import LocalJobFolders
from skydesk.errors import Queued
from skydesk.jobs.feed import WatchedJobStore
from skydesk.jobs.model import Job, JobOutcome, Phase
from skydesk.jobs.service import JobService
from skydesk.leases.administration import Administration
from skydesk.leases.feed import LeaseFeed
from skydesk.leases.keeper import LeaseKeeper
from skydesk.leases.model import WAITING
from skydesk.leases.service import LeaseService
from skydesk.query.service import QueryService
from skydesk.registry import dispatch
from skydesk.survey import load_survey
from skydesk.web.http import Call, JsonReply, Reply
from skydesk.wiring import Services
from tests.contracts.catalog_contract import CONTENT
from tests.contracts.lease_store_contract import NOW
from tests.fakes.catalog import FakeCatalog
from tests.fakes.fake_lease_store import FakeLeaseStore
from tests.fakes.jobstore import FakeJobStore
from tests.fakes.query_history import FakeQueryHistory
from tests.fakes.runner import FakeJobRunner
from tests.server.small_survey import write_survey
from tests.views import VIEWS

VERA = User(name="vera", groups=frozenset({"default"}), entitlements=VIEWS["default"])
HENRIETTA = User(name="henrietta", groups=frozenset({"limited"}), entitlements=VIEWS["limited"])


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Desk:
    """Calls routes for a user."""

    def __init__(self, services: Services, folders: LocalJobFolders, runner: FakeJobRunner, user: User = VERA) -> None:
        self.services = services
        self.folders = folders
        self.runner = runner
        self.user = user

    def by(self, user: User) -> "Desk":
        return Desk(self.services, self.folders, self.runner, user)

    @property
    def clock(self) -> Clock:
        clock = self.services.leases.clock
        assert isinstance(clock, Clock)
        return clock

    def queue_up(self, name: str, *, groups: Sequence[str] = ("default", "gpu"), profile: str = "gpu") -> str:
        """Let somebody wait for a lab of a full profile; the id of their wish."""
        with pytest.raises(Queued):
            self.services.leases.admit(name, groups, "", profile)
        waiting = self.services.leases.store.read(lambda book: book.leases(owner=name, profile=profile, phases=WAITING))
        return str(waiting[-1].id)

    def with_jobs(self, **limits: Any) -> "Desk":
        jobs: JobLimits = replace(self.user.entitlements.jobs, **limits)
        return self.by(replace(self.user, entitlements=replace(self.user.entitlements, jobs=jobs)))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        parts = urlsplit(path)
        return dispatch(
            Call(
                services=self.services,
                user=self.user,
                method=method,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                body=b"" if body is None else json.dumps(body).encode(),
                **more,
            )
        )

    def json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        reply = self.call(method, path, body)
        assert isinstance(reply, JsonReply)
        return json.loads(json.dumps(reply.value, allow_nan=False))

    def run_next(self, files: Mapping[str, bytes], *, rows: int | None = None) -> Job:
        """Carry the next queued job out as a worker would; its result files have this content."""
        job = self.runner.claim()
        assert job is not None
        folder = self.folders.begin(job, job.attempt)
        (folder / "job.log").write_text("a line\n")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        published = self.folders.publish(job, folder, JobOutcome(files=tuple(files), rows=rows), {})
        size = sum(file.size_bytes for file in published)
        ended = self.runner.end(job, Phase.COMPLETED, rows=rows, files_count=len(published), size_bytes=size)
        assert ended is not None
        return ended


@pytest.fixture(scope="session")
def survey_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture
def desk(tmp_path: Path, survey_file: Path) -> Iterator[Desk]:
    catalog = FakeCatalog(CONTENT)
    folders = LocalJobFolders(tmp_path / "jobs")
    store = WatchedJobStore(FakeJobStore())
    runner = FakeJobRunner(store)
    survey = load_survey(survey_file)
    history = FakeQueryHistory()
    lease_store = FakeLeaseStore()
    leases = LeaseService(lease_store, policy=default_policy(), clock=Clock())
    services = Services(
        policy=default_policy(),
        survey=survey,
        catalog=catalog,
        queries=QueryService(catalog, survey=survey, history=history),
        jobs=JobService(store, folders, runner=runner),
        store=store,
        history=history,
        folders=folders,
        runner=runner,
        leases=leases,
        administration=Administration(leases),
        lease_feed=LeaseFeed(lease_store),
        lease_keeper=LeaseKeeper(leases),
        lease_tick_seconds=5,
        jobs_folder=tmp_path / "jobs",
        mode="embedded",
        files_root="jobs",
        housekeeping_seconds=600,
        closing=ExitStack(),
    )
    yield Desk(services, folders, runner)
    services.close()
