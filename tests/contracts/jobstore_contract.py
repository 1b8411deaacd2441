"""What every job store does: inherit `JobStoreContract` and give the fixture ``store``."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skydesk.errors import Conflict, LimitExceeded, NotFound
from skydesk.jobs.model import ACTIVE, FINAL, Job, JobError, Phase, Progress
from skydesk.jobs.ports import JobStore
from skydesk.jobs.rules import CHANGEABLE, TRANSITIONS

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
QUEUED, EXECUTING = frozenset({Phase.QUEUED}), frozenset({Phase.EXECUTING})


def make_job(job_id: str, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": job_id,
        "owner": "ada",
        "type": "query",
        "name": f"job {job_id}",
        "phase": Phase.QUEUED,
        "request": {"sql": "select 1 from dual"},
        "created_at": NOW,
        "destruction_at": NOW + timedelta(days=14),
        "warning_at": NOW + timedelta(days=10),
        "limit_seconds": 600.0,
        "memory_bytes": 2**31,
        "concurrent": 2,
    }
    return Job(**{**values, **fields})


FULL_JOB = make_job(
    "full",
    phase=Phase.COMPLETED,
    request={"sql": "select 'it''s' from dual -- \n\t\"q\" <b>é🌌</b> \x00 \ud800", "output": None, "n": [1, 2.5, True]},
    name="quotes ' \" ; -- emoji 🔭 <script>alert(1)</script> %_\\",
    started_at=NOW + timedelta(seconds=1),
    ended_at=NOW + timedelta(seconds=2),
    progress=Progress(done=10, total=20, unit="positions", fraction=0.5),
    error=JobError(code="x", message="line 1\nline 2 \x00 <b>"),
    rows=2**40,
    files_count=3,
    size_bytes=2**41,
    email="ada@example.org",
    run_id="run 7",
    lifetime_seconds=86400.5,
    max_renewals=7,
    renewals=1,
    warned_at=NOW,
    attempt=2,
    runner="host:1",
    cancel_requested=True,
    delete_requested=True,
    mailed_at=NOW,
    note="it waits for a node with room: 1 Insufficient memory 🔭",
)


class JobStoreContract:
    """Tests that hold for every `JobStore`."""

    def test_a_job_comes_back_as_it_went_in(self, store: JobStore) -> None:
        added = store.add(FULL_JOB, max_active=1)
        assert added == replace(FULL_JOB, revision=added.revision)
        assert store.get("full") == added
        assert store.jobs("ada") == (added,)

    def test_times_come_back_aware_and_equal_whatever_zone_they_had(self, store: JobStore) -> None:
        elsewhere = NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo)
        store.add(make_job("a", created_at=elsewhere), max_active=1)
        found = store.get("a")
        assert found is not None
        assert found.created_at == NOW
        assert found.created_at.tzinfo is not None

    def test_a_naive_time_is_refused(self, store: JobStore) -> None:
        with pytest.raises(Exception, match="aware"):
            store.add(make_job("a", created_at=NOW.replace(tzinfo=None)), max_active=1)
        assert store.get("a") is None

    def test_a_request_of_10_kb_and_strange_characters_survives(self, store: JobStore) -> None:
        request = {"sql": "select '" + "<é🌌\n'\"\\>" * 2000 + "'"}
        store.add(make_job("big", request=request), max_active=1)
        found = store.get("big")
        assert found is not None
        assert found.request == request

    @pytest.mark.parametrize("job_id", ["nothing", "", "a\x00b", "\ud800", "' or 1=1 --", "a" * 100_000])
    def test_a_job_that_is_not_there_is_none(self, store: JobStore, job_id: str) -> None:
        store.add(make_job("a"), max_active=1)
        assert store.get(job_id) is None
        with pytest.raises(NotFound):
            store.change(job_id, name="x")
        with pytest.raises(NotFound):
            store.remove(job_id, expect=ACTIVE | FINAL)

    def test_the_same_id_twice_is_refused_and_the_first_stays(self, store: JobStore) -> None:
        first = store.add(make_job("a", name="first"), max_active=5)
        with pytest.raises(Conflict):
            store.add(make_job("a", name="second", owner="bob"), max_active=5)
        assert store.get("a") == first

    @pytest.mark.parametrize("phase", sorted(ACTIVE))
    def test_every_active_job_counts_against_the_limit(self, store: JobStore, phase: Phase) -> None:
        store.add(make_job("a", phase=phase), max_active=1)
        with pytest.raises(LimitExceeded, match="ada has 1"):
            store.add(make_job("b"), max_active=1)
        assert store.get("b") is None

    @pytest.mark.parametrize("phase", sorted(FINAL))
    def test_jobs_that_have_ended_and_those_of_others_do_not_count(self, store: JobStore, phase: Phase) -> None:
        store.add(make_job("a", phase=phase), max_active=1)
        store.add(make_job("b", owner="bob"), max_active=1)
        assert store.add(make_job("c"), max_active=1).id == "c"

    def test_the_limit_is_exact_when_many_add_at_once(self, store: JobStore) -> None:
        def add(n: int) -> bool:
            try:
                store.add(make_job(f"j{n}"), max_active=7)
            except LimitExceeded:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(add, range(24))) == 7
        assert len(store.jobs("ada")) == 7

    def test_jobs_are_listed_newest_first_even_when_made_at_the_same_time(self, store: JobStore) -> None:
        for name in "cab":
            store.add(make_job(name), max_active=9)
        assert [job.id for job in store.jobs("ada")] == ["b", "a", "c"]

    def test_lists_are_of_one_owner_or_of_all(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=9)
        store.add(make_job("b", owner="ADA"), max_active=9)
        assert [job.id for job in store.jobs("ada")] == ["a"]
        assert [job.id for job in store.jobs()] == ["b", "a"]
        assert store.jobs("") == ()

    def test_lists_can_be_of_some_phases(self, store: JobStore) -> None:
        for number, phase in enumerate(Phase):
            store.add(make_job(f"j{number}", phase=phase), max_active=99)
        assert {job.phase for job in store.jobs("ada", phases=FINAL)} == FINAL
        assert store.jobs("ada", phases=frozenset()) == ()

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("m2", ["a"]),
            ("M2 ST", ["a"]),
            ("%", ["b"]),
            ("_", ["b"]),
            ("\\", ["b"]),
            ("ÉTOILE", ["c"]),
            ("'", []),
            ("\x00", []),
            ("\ud800", []),
            ("", ["c", "b", "a"]),
        ],
        ids=repr,
    )
    def test_text_is_looked_for_as_it_stands_in_any_letter_case(self, store: JobStore, text: str, found: list[str]) -> None:
        store.add(make_job("a", name="M2 Stars"), max_active=9)
        store.add(make_job("b", name="100 %_\\"), max_active=9)
        store.add(make_job("c", name="étoile"), max_active=9)
        assert [job.id for job in store.jobs("ada", text=text)] == found

    def test_text_also_finds_ids_and_new_names(self, store: JobStore) -> None:
        store.add(make_job("k7xy", name="old"), max_active=9)
        store.change("k7xy", name="new")
        assert len(store.jobs("ada", text="7XY")) == 1
        assert len(store.jobs("ada", text="NEW")) == 1
        assert store.jobs("ada", text="old") == ()

    def test_pages_follow_one_another(self, store: JobStore) -> None:
        for number in range(5):
            store.add(make_job(f"j{number}"), max_active=9)
        first = store.jobs("ada", limit=2)
        second = store.jobs("ada", limit=2, before_id=first[-1].id)
        third = store.jobs("ada", limit=2, before_id=second[-1].id)
        assert [job.id for job in first + second + third] == ["j4", "j3", "j2", "j1", "j0"]
        assert store.jobs("ada", limit=0) == ()
        assert store.jobs("ada", before_id="unknown") == ()
        assert store.jobs("ada", before_id="\x00") == ()

    def test_paging_goes_on_below_a_job_that_was_deleted_meanwhile(self, store: JobStore) -> None:
        for number in range(3):
            store.add(make_job(f"j{number}"), max_active=9)
        store.remove("j1", expect=QUEUED)
        assert [job.id for job in store.jobs("ada", before_id="j1")] == ["j0"]

    def test_fields_change_and_nothing_else_does(self, store: JobStore) -> None:
        before = store.add(make_job("a"), max_active=1)
        progress = Progress(done=1, total=2)
        after = store.change("a", expect=QUEUED, name="new", progress=progress)
        assert after == replace(before, name="new", progress=progress, revision=after.revision)
        assert store.get("a") == after
        assert after.revision > before.revision

    def test_a_change_to_what_is_already_so_is_no_event(self, store: JobStore) -> None:
        before = store.add(make_job("a"), max_active=1)
        assert store.change("a", name=before.name) == before
        assert store.events_since(before.revision) == (before.revision, ())

    def test_a_change_from_another_phase_is_refused(self, store: JobStore) -> None:
        before = store.add(make_job("a"), max_active=1)
        with pytest.raises(Conflict, match="QUEUED"):
            store.change("a", expect=EXECUTING, name="new")
        assert store.get("a") == before

    def test_a_change_by_another_runner_is_refused(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        store.claim("r1")
        with pytest.raises(Conflict, match="r1"):
            store.change("a", expect=EXECUTING, expect_runner="r2", phase=Phase.COMPLETED)
        assert store.change("a", expect=EXECUTING, expect_runner="r1", phase=Phase.COMPLETED).phase is Phase.COMPLETED

    def test_a_change_of_what_has_changed_is_refused(self, store: JobStore) -> None:
        before = store.add(make_job("a"), max_active=1)
        store.change("a", expect_revision=before.revision, renewals=1)
        with pytest.raises(Conflict, match="meantime"):
            store.change("a", expect_revision=before.revision, renewals=1)

    @pytest.mark.parametrize("field", ["id", "owner", "type", "request", "created_at", "revision", "no_such_field", "number"])
    def test_what_never_changes_cannot_be_changed(self, store: JobStore, field: str) -> None:
        before = store.add(make_job("a"), max_active=1)
        with pytest.raises(TypeError, match=field):
            store.change("a", **{field: "x"})
        assert store.get("a") == before

    def test_every_other_field_can_be_changed(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        values = {name: getattr(FULL_JOB, name) for name in CHANGEABLE - {"phase"}}
        after = store.change("a", **values)
        assert after == store.get("a")
        assert {name: getattr(after, name) for name in values} == values

    @pytest.mark.parametrize("start", sorted(Phase))
    def test_only_phases_that_may_follow_do(self, store: JobStore, start: Phase) -> None:
        for number, end in enumerate(sorted(Phase)):
            store.add(make_job(f"j{number}", phase=start), max_active=99)
            if end in TRANSITIONS[start] | {start}:
                assert store.change(f"j{number}", phase=end).phase is end
            else:
                with pytest.raises(Conflict, match="cannot become"):
                    store.change(f"j{number}", phase=end)

    def test_a_claimed_job_executes_from_now_and_belongs_to_the_runner(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        job = store.claim("r1")
        assert job is not None
        assert (job.id, job.phase, job.runner, job.attempt) == ("a", Phase.EXECUTING, "r1", 1)
        assert job.started_at is not None
        assert store.get("a") == job
        assert store.claim("r2") is None

    def test_a_job_that_went_back_to_the_queue_is_attempted_again(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        store.claim("r1")
        store.change("a", expect=EXECUTING, expect_runner="r1", phase=Phase.QUEUED, runner=None)
        job = store.claim("r2")
        assert job is not None
        assert (job.attempt, job.runner) == (2, "r2")

    def test_the_oldest_is_claimed_first(self, store: JobStore) -> None:
        for name in "cab":
            store.add(make_job(name, concurrent=9), max_active=9)
        assert [getattr(store.claim("r"), "id", None) for _ in range(4)] == ["c", "a", "b", None]

    def test_no_owner_has_more_executing_than_allowed(self, store: JobStore) -> None:
        for number in range(4):
            store.add(make_job(f"a{number}", concurrent=2), max_active=9)
        store.add(make_job("b", owner="bob", concurrent=0), max_active=9)
        assert [getattr(store.claim("r"), "id", None) for _ in range(3)] == ["a0", "a1", None]
        store.change("a0", phase=Phase.COMPLETED)
        assert getattr(store.claim("r"), "id", None) == "a2"
        assert store.claim("r") is None

    def test_the_owner_with_fewer_executing_goes_first(self, store: JobStore) -> None:
        for number in range(3):
            store.add(make_job(f"a{number}", concurrent=9), max_active=9)
        for number in range(2):
            store.add(make_job(f"b{number}", owner="bob", concurrent=9), max_active=9)
        assert [getattr(store.claim("r"), "id", None) for _ in range(5)] == ["a0", "b0", "a1", "b1", "a2"]

    @pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.QUEUED}))
    def test_only_queued_jobs_are_claimed(self, store: JobStore, phase: Phase) -> None:
        store.add(make_job("a", phase=phase), max_active=1)
        assert store.claim("r") is None

    def test_a_job_whose_cancelling_was_requested_is_aborted_instead_of_claimed(self, store: JobStore) -> None:
        store.add(make_job("a", cancel_requested=True, concurrent=0), max_active=9)
        store.add(make_job("b"), max_active=9)
        assert getattr(store.claim("r"), "id", None) == "b"
        aborted = store.get("a")
        assert aborted is not None
        assert aborted.phase is Phase.ABORTED
        assert aborted.ended_at is not None

    def test_no_job_is_claimed_twice_and_none_beyond_the_limit_when_many_claim_at_once(self, store: JobStore) -> None:
        for number in range(30):
            store.add(make_job(f"j{number}", owner=f"user{number % 3}", concurrent=4), max_active=99)
        with ThreadPoolExecutor(8) as pool:
            claimed = [job for job in pool.map(lambda n: store.claim(f"r{n % 4}"), range(40)) if job is not None]
        assert len(claimed) == len({job.id for job in claimed}) == 12
        for owner in ("user0", "user1", "user2"):
            assert len(store.jobs(owner, phases=EXECUTING)) == 4

    def test_only_one_of_many_changes_of_phase_succeeds(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        store.claim("r")

        def end(phase: Phase) -> bool:
            try:
                store.change("a", expect=EXECUTING, phase=phase)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(end, [Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.QUEUED] * 4)) == 1

    def test_a_removed_job_is_gone_and_said_to_be(self, store: JobStore) -> None:
        job = store.add(make_job("a"), max_active=1)
        store.remove("a", expect=QUEUED)
        assert store.get("a") is None
        revision, (event,) = store.events_since(job.revision)
        assert (event.kind, event.job_id, event.owner, event.job, event.revision) == ("deleted", "a", "ada", None, revision)

    def test_a_job_in_another_phase_is_not_removed(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=1)
        with pytest.raises(Conflict):
            store.remove("a", expect=FINAL)
        assert store.get("a") is not None

    def test_revisions_only_grow_and_a_refused_change_takes_none(self, store: JobStore) -> None:
        seen = [store.add(make_job("a"), max_active=1).revision]
        seen.append(store.change("a", name="x").revision)
        with pytest.raises(Conflict):
            store.change("a", expect=EXECUTING, name="y")
        assert store.events_since(0)[0] == seen[-1]
        claimed = store.claim("r")
        assert claimed is not None
        seen.append(claimed.revision)
        assert seen == sorted(set(seen))
        assert store.events_since(0)[0] == seen[-1]

    def test_events_tell_each_job_as_it_is_now_in_the_order_of_the_changes(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=9)
        store.add(make_job("b"), max_active=9)
        store.add(make_job("c", owner="bob"), max_active=9)
        store.change("a", name="x")
        revision, events = store.events_since(0)
        assert [(event.kind, event.job_id) for event in events] == [("changed", "b"), ("changed", "c"), ("changed", "a")]
        assert [event.job for event in events] == [store.get(name) for name in "bca"]
        assert [event.revision for event in events] == sorted(event.revision for event in events)
        assert revision == events[-1].revision

    def test_events_can_be_of_one_owner(self, store: JobStore) -> None:
        store.add(make_job("a"), max_active=9)
        store.add(make_job("b", owner="bob"), max_active=9)
        store.remove("b", expect=QUEUED)
        revision, events = store.events_since(0, "ada")
        assert [event.job_id for event in events] == ["a"]
        assert store.events_since(revision, "ada") == (revision, ())
        assert [event.kind for event in store.events_since(0, "bob")[1]] == ["deleted"]

    def test_nothing_has_changed_since_a_revision_that_is_still_to_come(self, store: JobStore) -> None:
        job = store.add(make_job("a"), max_active=9)
        assert store.events_since(10**9) == (job.revision, ())

    def test_a_follower_misses_nothing_while_many_write(self, store: JobStore) -> None:
        def write(owner: str) -> None:
            for number in range(10):
                store.add(make_job(f"{owner}{number}", owner=owner), max_active=99)
                store.change(f"{owner}{number}", name="x")
                if number % 2:
                    store.remove(f"{owner}{number}", expect=QUEUED)

        alive: set[str] = set()
        revision = 0
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, owner) for owner in ("u", "v", "w")]
            done = False
            while not done:
                done = all(writer.done() for writer in writers)
                revision, events = store.events_since(revision)
                for event in events:
                    (alive.add if event.kind == "changed" else alive.discard)(event.job_id)
            for writer in writers:
                writer.result()
        assert alive == {job.id for job in store.jobs()}
        assert len(alive) == 15
