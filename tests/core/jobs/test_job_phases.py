"""Whatever is done to jobs in whatever order, none changes its phase in a way that is not allowed, and none is lost."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, precondition, rule

from skydesk.access import User
from skydesk.backends.jobstore import SqlJobStore
from skydesk.errors import Conflict, LimitExceeded, NotFound
from skydesk.jobs.model import ACTIVE, FINAL, Job, Phase
from skydesk.jobs.rules import TRANSITIONS
from tests.contracts.jobstore_contract import EXECUTING
from tests.core.jobs.desk import BOB, Desk, user

ADA = user("ada", concurrent=2, queued=4, max_renewals=1)


class Desks(RuleBasedStateMachine):
    """Two services, each with its runner, on one store; runners may die."""

    jobs = Bundle("jobs")
    claimed = Bundle("claimed")

    @initialize(sql=st.booleans())
    def open(self, sql: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        if sql:
            self.stores = [SqlJobStore(f"sqlite:///{root / 'jobs.sqlite'}") for _ in range(2)]
            one = Desk(root, self.stores[0])
            two = Desk(root, self.stores[1], clock=one.clock)
        else:
            self.stores = []
            one = Desk(root)
            two = Desk(root, one.watched, clock=one.clock)
        self.desks = [one, two]
        self.phases: dict[str, Phase] = {}
        self.accepted: set[str] = set()
        self.deleted: set[str] = set()

    def teardown(self) -> None:
        for store in getattr(self, "stores", []):
            store.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        try:
            yield
        except (Conflict, LimitExceeded, NotFound):
            return

    @rule(target=jobs, who=st.sampled_from([ADA, BOB]), n=st.integers(0, 1))
    def submit(self, who: User, n: int) -> Any:
        with self.refusals():
            job = self.desks[n].submit(who, email="a@b.c")
            self.accepted.add(job.id)
            return who, job.id
        return multiple()

    @rule(target=claimed, n=st.integers(0, 1))
    def claim(self, n: int) -> Any:
        job = self.desks[n].runner.claim()
        if job is None:
            return multiple()
        assert not job.cancel_requested
        assert job.id not in self.deleted
        return n, job

    @rule(taken=consumes(claimed), phase=st.sampled_from([Phase.COMPLETED, Phase.ERROR, Phase.ABORTED]))
    def end(self, taken: tuple[int, Job], phase: Phase) -> None:
        n, job = taken
        self.desks[n].runner.end(job, phase, ended_at=self.desks[n].clock())

    @rule(taken=consumes(claimed), is_cancelled=st.booleans())
    def die(self, taken: tuple[int, Job], is_cancelled: bool) -> None:
        n, job = taken
        with self.refusals():
            if is_cancelled:
                self.desks[n].jobs.cancel(ADA if job.owner == "ada" else BOB, job.id)
            self.desks[1 - n].watched.change(job.id, expect=EXECUTING, expect_runner=job.runner, phase=Phase.QUEUED, runner=None)

    @rule(job=jobs, n=st.integers(0, 1))
    def cancel(self, job: tuple[User, str], n: int) -> None:
        with self.refusals():
            cancelled = self.desks[n].jobs.cancel(job[0], job[1])
            assert cancelled.cancel_requested

    @rule(job=jobs, n=st.integers(0, 1))
    def delete(self, job: tuple[User, str], n: int) -> None:
        with self.refusals():
            self.desks[n].jobs.delete(job[0], job[1])
            self.deleted.add(job[1])

    @rule(job=jobs, n=st.integers(0, 1))
    def renew(self, job: tuple[User, str], n: int) -> None:
        with self.refusals():
            renewed = self.desks[n].jobs.renew(job[0], job[1])
            assert 0 < renewed.renewals <= renewed.max_renewals

    @rule(job=jobs, n=st.integers(0, 1))
    def rename(self, job: tuple[User, str], n: int) -> None:
        with self.refusals():
            self.desks[n].jobs.rename(job[0], job[1], "other")

    @rule(days=st.sampled_from([1, 10, 14]), n=st.integers(0, 1))
    def sweep(self, days: int, n: int) -> None:
        self.desks[n].clock.pass_(days=days)
        assert self.desks[n].jobs.sweep().failures == ()

    @precondition(lambda self: hasattr(self, "desks"))
    @invariant()
    def phases_follow_one_another(self) -> None:
        now = {job.id: job for job in self.desks[0].watched.jobs()}
        for job_id, job in now.items():
            before = self.phases.get(job_id, Phase.QUEUED)
            assert job.phase == before or _can_reach(before, job.phase), f"{before} became {job.phase}"
            assert (job.runner is not None) or job.phase is not Phase.EXECUTING
        self.phases = {job_id: job.phase for job_id, job in now.items()}

    @precondition(lambda self: hasattr(self, "desks"))
    @invariant()
    def nothing_is_lost_and_no_limit_is_passed(self) -> None:
        jobs = self.desks[1].watched.jobs()
        assert self.accepted - self.deleted <= {job.id for job in jobs}
        assert {job.id for job in jobs} <= self.accepted
        for owner, limits in (("ada", ADA.entitlements.jobs), ("bob", BOB.entitlements.jobs)):
            mine = [job for job in jobs if job.owner == owner]
            assert sum(job.phase is Phase.EXECUTING for job in mine) <= limits.concurrent
            assert sum(job.phase in ACTIVE for job in mine) <= limits.queued
        for job in jobs:
            if job.delete_requested and job.phase in FINAL:
                assert job.id in self.deleted
        for who in (ADA, BOB):
            visible = {job.id for job in self.desks[0].jobs.list(who)}
            assert not visible & self.deleted


def _can_reach(start: Phase, end: Phase) -> bool:
    """Tell whether one phase leads to another, since a rule may take several steps."""
    reached, found = {start}, {start}
    while found:
        found = {after for phase in found for after in TRANSITIONS[phase]} - reached
        reached |= found
    return end in reached


TestDesks = Desks.TestCase
TestDesks.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
