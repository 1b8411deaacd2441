"""What must hold whatever people do, tried with many sequences of acts (hypothesis, fixed seed)."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from skydesk.access import Policy
from skydesk.errors import SkydeskError
from skydesk.leases.model import IN_PLACE, LIVE, RUNNING, EndReason, LeasePhase
from skydesk.leases.rules import rest_seconds, stop_wish
from tests.core.leases.desk import GPU, GROUPS, PAIR, SMALL, Clock, Desk, user

OWNERS = ("ada", "bob", "cyd", "dan", "eve")
BRIEF = replace(GPU, longest_seconds=600, idle_seconds=120, extension_seconds=300, hold_seconds=60)
POLICY = Policy(
    profiles={"small": replace(SMALL, longest_seconds=900), "gpu": BRIEF, "pair": replace(PAIR, longest_seconds=300)}, groups=GROUPS
)

acts = st.tuples(
    st.sampled_from(("admit", "admit", "admit", "started", "started", "end", "leave", "extend", "tick", "sync")),
    st.sampled_from(OWNERS),
    st.sampled_from(("gpu", "gpu", "pair", "small")),
    st.integers(0, 240),
)


def do(desk: Desk, act: str, owner: str, profile: str) -> None:
    """Carry one act out, as far as it is allowed."""
    mine = [lease for lease in desk.leases.running() if lease.owner == owner]
    try:
        match act:
            case "admit":
                desk.admit(owner, profile)
            case "started" if mine:
                desk.leases.started(mine[0].id)
            case "end" if mine:
                desk.leases.end(mine[0].id, EndReason.USER, None)
            case "leave":
                desk.leases.leave_queue(user(owner), profile)
            case "extend":
                desk.leases.extend(user(owner, "gpu"), "")
            case "tick" | "sync":
                desk.leases.tick()
                if act == "sync":
                    desk.leases.sync([])
    except SkydeskError:
        return


@seed(20260314)
@settings(max_examples=60, deadline=None)
@given(st.lists(acts, max_size=40))
def test_no_place_is_given_twice_and_no_server_has_two_labs(steps: list[tuple[str, str, str, int]]) -> None:
    desk = Desk(policy=POLICY, clock=Clock())
    for act, owner, profile, seconds in steps:
        do(desk, act, owner, profile)
        live = desk.store.read(lambda book: book.leases(phases=LIVE))
        taken = Counter(lease.profile for lease in live if lease.phase in IN_PLACE)
        assert taken["gpu"] <= 2
        assert taken["pair"] <= 1
        servers = Counter((lease.owner, lease.server) for lease in live if lease.phase in RUNNING)
        assert max(servers.values(), default=1) == 1
        wishes = Counter((lease.owner, lease.profile) for lease in live if lease.phase not in RUNNING)
        assert max(wishes.values(), default=1) == 1
        desk.pass_(seconds=seconds)


@seed(20260314)
@settings(max_examples=60, deadline=None)
@given(st.lists(acts, max_size=40))
def test_what_is_charged_is_what_ran(steps: list[tuple[str, str, str, int]]) -> None:
    desk = Desk(policy=POLICY, clock=Clock())
    for act, owner, profile, seconds in steps:
        do(desk, act, owner, profile)
        desk.pass_(seconds=seconds)
    for lease in desk.leases.running():
        desk.stop(lease)
    ran = 0.0
    for lease in desk.store.read(lambda book: book.leases()):
        seconds_run = 0.0 if lease.started_at is None or lease.ended_at is None else (lease.ended_at - lease.started_at).total_seconds()
        assert lease.gpu_seconds == lease.gpus * seconds_run
        ran += lease.gpus * seconds_run
    assert sum(desk.store.read(lambda book: book.gpu_seconds_by_group()).values()) == ran


@seed(20260314)
@settings(max_examples=60, deadline=None)
@given(st.lists(acts, max_size=40))
def test_who_asked_first_is_offered_first(steps: list[tuple[str, str, str, int]]) -> None:
    desk = Desk(policy=POLICY, clock=Clock())
    for act, owner, profile, seconds in steps:
        do(desk, act, owner, profile)
        desk.leases.tick()
        live = desk.store.read(lambda book: book.leases(phases=LIVE))
        for name in ("gpu", "pair"):
            waiting = [lease.number for lease in live if lease.profile == name and lease.phase is LeasePhase.QUEUED]
            offered = [lease.number for lease in live if lease.profile == name and lease.phase is LeasePhase.OFFERED]
            assert max(offered, default=0) < min(waiting, default=2**62)
            free = POLICY.profiles[name].holders
            assert free is not None
            if waiting:
                assert sum(lease.phase in IN_PLACE for lease in live if lease.profile == name) == free
        desk.pass_(seconds=seconds)


@seed(20260314)
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 119), st.booleans()), min_size=1, max_size=12))
def test_restarts_win_no_time(spans: list[tuple[int, int, bool]]) -> None:
    """With rests that are too short to count, all labs together last as long as one, and what was added to it."""
    desk = Desk(policy=POLICY, clock=Clock())
    ran_seconds, added_seconds = 0.0, 0.0
    for run_seconds, rest, extends in spans:
        assert rest < rest_seconds(BRIEF)
        try:
            lease = desk.start("ada", "gpu", groups=("rich",))
        except SkydeskError:
            break
        if extends:
            try:
                desk.leases.extend(user("ada", "rich"), "")
                added_seconds += BRIEF.extension_seconds
            except SkydeskError:
                pass
        left = desk.seconds_left(lease)
        desk.pass_(seconds=min(run_seconds, left))
        ran_seconds += min(run_seconds, left)
        assert (stop_wish(desk.lease(lease), desk.clock.now) is not None) == (run_seconds >= left)
        desk.stop(lease)
        desk.pass_(seconds=rest)
    assert added_seconds <= BRIEF.extensions * BRIEF.extension_seconds
    assert ran_seconds <= BRIEF.longest_seconds + added_seconds
