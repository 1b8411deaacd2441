"""Labs from admission to end: time, restarts, extensions, the hub's look around."""

from dataclasses import replace
from datetime import timedelta

import pytest

from skydesk.access import Policy
from skydesk.errors import Conflict, LimitExceeded, NotAllowed, NotFound, Queued
from skydesk.leases.model import BusyKernel, Ending, EndReason, Lease, LeasePhase
from skydesk.leases.rules import stop_wish, time_words
from skydesk.leases.service import RunningLab
from skydesk.leases.views import lab_of, offers_to
from tests.core.leases.desk import GROUPS, HOUR, PROFILES, SMALL, Desk, user

ADA = user("ada", "users", "gpu")


def test_a_lab_is_admitted_and_its_time_begins_when_it_runs(desk: Desk) -> None:
    lease = desk.admit()
    assert (lease.phase, lease.ends_at, lease.group) == (LeasePhase.STARTING, None, "")
    assert lease.longest_end_at == desk.clock.now + timedelta(hours=8 + 2 * 2)
    desk.pass_(minutes=3)
    running = desk.leases.started(lease.id)
    assert (running.phase, running.started_at) == (LeasePhase.ACTIVE, desk.clock.now)
    assert desk.seconds_left(running) == 8 * HOUR
    assert running.longest_end_at == desk.clock.now + timedelta(hours=8 + 2 * 2)


def test_a_profile_that_no_group_grants_is_refused(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="'gpu' is not open to ada; open are small"):
        desk.admit(profile="gpu", groups=("users",))
    with pytest.raises(NotAllowed, match="no group of ada grants a lab"):
        desk.admit(groups=())
    assert desk.live("gpu") == desk.live("small") == []


def test_the_same_wish_again_gives_the_same_lease(desk: Desk) -> None:
    first = desk.admit(profile="gpu")
    assert desk.admit(profile="gpu").id == first.id
    assert desk.live() == [("ada", "STARTING")]


def test_a_new_lab_under_the_same_name_ends_the_one_that_was_there(desk: Desk) -> None:
    old = desk.start(profile="gpu")
    new = desk.start(profile="small")
    assert (desk.lease(old).phase, desk.lease(old).end_reason) == (LeasePhase.ENDED, EndReason.LOST)
    assert desk.lease(new).phase is LeasePhase.ACTIVE


def test_two_servers_of_one_user_have_a_lease_each(desk: Desk) -> None:
    desk.start(server="")
    desk.start(server="second")
    assert len(desk.leases.running()) == 2


def test_starting_twice_or_ending_twice_changes_nothing_more(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=1)
    assert desk.leases.started(lease.id).started_at == lease.started_at
    over = desk.stop(lease)
    desk.pass_(hours=1)
    assert desk.stop(lease, EndReason.FAILED) == over
    with pytest.raises(Conflict, match="is ENDED, and only one that is STARTING can start"):
        desk.leases.started(lease.id)


@pytest.mark.parametrize("act", ["started", "end"])
def test_an_unknown_lease_is_not_found(desk: Desk, act: str) -> None:
    with pytest.raises(NotFound):
        desk.leases.started("x") if act == "started" else desk.leases.end("x", EndReason.USER, None)


def test_a_lab_is_to_be_stopped_when_its_time_is_over(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=8, seconds=-0.001)
    assert stop_wish(desk.lease(lease), desk.clock.now) is None
    desk.pass_(seconds=0.001)
    wish = stop_wish(desk.lease(lease), desk.clock.now)
    assert wish is not None
    assert wish.reason is EndReason.TIME


def test_a_lab_that_the_hub_stopped_in_time_ended_because_of_the_time(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=8, seconds=20)
    over = desk.stop(lease, EndReason.USER)
    assert (over.end_reason, over.end_message) == (EndReason.TIME, "the lab's time was over")


@pytest.mark.parametrize("reason", [EndReason.IDLE, EndReason.FAILED])
def test_what_the_hub_saw_itself_stays_the_reason(desk: Desk, reason: EndReason) -> None:
    lease = desk.start()
    over = desk.stop(lease, reason, "because")
    assert (over.end_reason, over.end_message) == (reason, "because")


# Restarts


def test_a_restart_goes_on_where_the_lab_was(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(hours=10)
    desk.stop(lease)
    desk.pass_(minutes=30)
    assert desk.seconds_left(desk.start(profile="gpu")) == 14 * HOUR


def test_a_rest_begins_the_time_anew(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(hours=10)
    desk.stop(lease)
    desk.pass_(minutes=45)
    assert desk.seconds_left(desk.start(profile="gpu")) == 24 * HOUR


def test_when_nothing_is_left_the_refusal_says_when_time_comes_again(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(hours=24)
    desk.stop(lease)
    with pytest.raises(LimitExceeded, match=r"the time of ada for Gpu, 24 h, is used up; it begins anew at 2026-03-15 15:54 UTC"):
        desk.admit(profile="gpu")
    desk.pass_(minutes=45)
    assert desk.admit(profile="gpu").phase is LeasePhase.STARTING


def test_a_lab_without_gpu_is_closed_for_five_minutes_at_most(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=8)
    desk.stop(lease)
    with pytest.raises(LimitExceeded):
        desk.admit()
    desk.pass_(minutes=5)
    assert desk.seconds_left(desk.start()) == 8 * HOUR


def desk_of_two_gpu_labs_each() -> Desk:
    two = replace(PROFILES["gpu"], gpu_labs_each=2)
    return Desk(policy=Policy(profiles={**PROFILES, "gpu": two}, groups=GROUPS))


def test_one_person_has_one_lab_with_a_gpu_at_a_time(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    sentence = "ada has a GPU on the default server already, and may have one lab with GPUs at a time; stop that first"
    for profile in ("gpu", "pair"):
        with pytest.raises(LimitExceeded) as caught:
            desk.admit(profile=profile, server="second")
        assert str(caught.value) == sentence
    assert [offer.refusal for offer in offers_to(desk.leases, "ada", ["users", "gpu"]).profiles] == [None, sentence, sentence]
    assert desk.live("gpu") == [("ada", "ACTIVE")], "nor does the wish stand in the queue"
    desk.start(profile="small", server="second")
    desk.stop(lease)
    desk.start(profile="pair", server="third")


def test_a_lab_with_a_gpu_is_started_again_on_its_own_server(desk: Desk) -> None:
    first = desk.start(profile="gpu")
    second = desk.start(profile="gpu")
    assert desk.lease(first).end_reason is EndReason.LOST
    assert desk.lease(second).phase is LeasePhase.ACTIVE


def test_a_policy_may_let_one_person_have_several_labs_with_gpus() -> None:
    desk = desk_of_two_gpu_labs_each()
    for server in ("one", "two"):
        desk.start(profile="gpu", server=server)
    with pytest.raises(LimitExceeded, match="on the server one and the server two already, and may have 2 labs with GPUs at a time"):
        desk.admit(profile="gpu", server="three")
    with pytest.raises(LimitExceeded, match="may have one lab with GPUs"):
        desk.admit(profile="pair", server="three")


def test_who_has_a_gpu_when_another_is_offered_leaves_it_to_the_next(desk: Desk) -> None:
    other = desk.start("bob", "pair")
    desk.queue_up("ada", "pair")
    desk.queue_up("cyd", "pair")
    desk.start("ada", "gpu")
    desk.stop(other)
    assert desk.live("pair") == [("ada", "OFFERED"), ("cyd", "QUEUED")]
    with pytest.raises(LimitExceeded, match="ada has a GPU"):
        desk.admit("ada", "pair", server="second")
    assert desk.live("pair") == [("cyd", "OFFERED")]


def test_a_second_server_wins_no_time_either() -> None:
    desk = desk_of_two_gpu_labs_each()
    first = desk.start(profile="gpu", server="one")
    desk.pass_(hours=20)
    second = desk.start(profile="gpu", server="two")
    assert desk.seconds_left(second) == desk.seconds_left(first) == 4 * HOUR
    desk.pass_(hours=4)
    desk.stop(first)
    with pytest.raises(LimitExceeded, match="end the Gpu lab that still runs first"):
        desk.admit(profile="gpu", server="three")


def test_extensions_are_those_of_the_whole_run_of_use(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.leases.extend(ADA, "")
    desk.pass_(hours=10)
    desk.stop(lease)
    again = desk.start(profile="gpu")
    assert desk.seconds_left(again) == 20 * HOUR
    with pytest.raises(Conflict, match="extended once already, as often as Gpu allows"):
        desk.leases.extend(ADA, "")


def test_every_restart_after_an_extension_knows_of_it(desk: Desk) -> None:
    desk.stop(desk.start(profile="gpu"))
    lease = desk.start(profile="gpu")
    desk.leases.extend(ADA, "")
    desk.stop(lease)
    assert desk.seconds_left(desk.start(profile="gpu")) == 30 * HOUR
    with pytest.raises(Conflict, match="extended once already"):
        desk.leases.extend(ADA, "")


def test_another_profile_has_its_own_time(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(hours=20)
    desk.stop(lease)
    assert desk.seconds_left(desk.start(profile="small")) == 8 * HOUR


def test_a_start_that_failed_costs_no_time(desk: Desk) -> None:
    lease = desk.admit(profile="gpu")
    desk.pass_(minutes=9)
    desk.stop(lease, EndReason.FAILED, "the image is not there")
    assert desk.seconds_left(desk.start(profile="gpu")) == 24 * HOUR


# Extensions


def test_an_extension_moves_the_end_as_often_as_allowed(desk: Desk) -> None:
    lease = desk.start()
    desk.leases.extend(ADA, "")
    desk.leases.extend(ADA, "")
    assert desk.seconds_left(lease) == 12 * HOUR
    with pytest.raises(Conflict, match="extended twice already"):
        desk.leases.extend(ADA, "")


def test_what_cannot_be_extended_says_why() -> None:
    plain = replace(SMALL, extensions=0)
    desk = Desk(policy=Policy(profiles={"small": plain}, groups=GROUPS))
    with pytest.raises(NotFound):
        desk.leases.extend(ADA, "")
    lease = desk.admit()
    with pytest.raises(Conflict, match="has not started yet"):
        desk.leases.extend(ADA, "")
    desk.leases.started(lease.id)
    with pytest.raises(Conflict, match="labs of the profile Small cannot be extended"):
        desk.leases.extend(ADA, "")
    desk.pass_(hours=8)
    with pytest.raises(Conflict, match="is being stopped: the lab's time was over"):
        desk.leases.extend(ADA, "")


def test_a_lab_that_is_being_ended_stays_so(desk: Desk) -> None:
    root = user("root", rights=frozenset({"admin"}))
    lease = desk.start(profile="gpu")
    desk.administration.end(root, lease.id, "the node is needed")
    desk.pass_(minutes=5, every_seconds=60)
    assert desk.seconds_left(lease) == -300
    with pytest.raises(Conflict, match="is being stopped: the node is needed"):
        desk.leases.extend(ADA, "")
    with pytest.raises(Conflict, match="being ended already"):
        desk.administration.extend(root, lease.id, HOUR)


def started_in_a_pod(desk: Desk, *, hours: float, profile: str = "small") -> Lease:
    """A lab whose pod the cluster ends so much later."""
    return desk.leases.started(desk.admit(profile=profile).id, desk.clock.now + timedelta(hours=hours))


def test_an_administrator_is_told_until_when_a_pod_can_go_on(desk: Desk) -> None:
    root = user("root", rights=frozenset({"admin"}))
    lease = started_in_a_pod(desk, hours=12.5)
    until = time_words(desk.clock.now + timedelta(hours=12.5))
    with pytest.raises(Conflict, match=f"the lab of ada can go on until {until} at the latest, when the cluster ends its pod"):
        desk.administration.extend(root, lease.id, 4.6 * HOUR)
    assert desk.seconds_left(lease) == 8 * HOUR
    desk.administration.extend(root, lease.id, 4.5 * HOUR)
    assert desk.seconds_left(lease) == 12.5 * HOUR
    with pytest.raises(Conflict, match=f"the cluster ends the lab at {until}, and nobody can put that off"):
        desk.leases.extend(ADA, "")


def test_a_lab_whose_pod_took_long_to_start_knows_its_real_end(desk: Desk) -> None:
    lease = started_in_a_pod(desk, hours=7.5)
    assert desk.seconds_left(lease) == 7.5 * HOUR
    assert desk.lease(lease).longest_end_at == desk.lease(lease).deadline_at


def test_an_owner_gets_what_the_pod_has_left_of_an_extension_and_pays_for_no_more(desk: Desk) -> None:
    lease = started_in_a_pod(desk, hours=9)
    desk.leases.extend(ADA, "")
    assert desk.seconds_left(lease) == 9 * HOUR
    assert desk.lease(lease).added_seconds == HOUR


def test_a_lab_that_the_culler_finds_idle_ends_as_idle_whatever_the_hub_sees(desk: Desk) -> None:
    lease = desk.start()
    desk.leases.idle(lease.id)
    wish = stop_wish(desk.lease(lease), desk.clock.now)
    assert wish is not None
    assert (wish.reason, wish.message) == (EndReason.IDLE, "nothing had happened in it for 1 h")
    assert desk.stop(lease).end_reason is EndReason.IDLE
    assert desk.leases.idle(lease.id).phase is LeasePhase.ENDED


def test_an_idle_lab_that_an_administrator_ends_was_ended_by_them(desk: Desk) -> None:
    lease = desk.start()
    desk.administration.end(user("root", rights=frozenset({"admin"})), lease.id, "the node is needed")
    desk.leases.idle(lease.id)
    over = desk.stop(lease, EndReason.IDLE)
    assert (over.end_reason, over.end_message) == (EndReason.ADMIN, "the node is needed")


def test_an_idle_lab_whose_time_is_over_ends_for_the_time(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=8)
    desk.leases.idle(lease.id)
    assert desk.stop(lease).end_reason is EndReason.TIME


def test_nobody_extends_the_lab_of_somebody_else(desk: Desk) -> None:
    desk.start()
    with pytest.raises(NotFound):
        desk.leases.extend(user("bob", "users"), "")


def test_the_lab_tells_how_many_wait(desk: Desk) -> None:
    desk.start("ada", "gpu")
    desk.start("bob", "gpu")
    desk.queue_up("cyd")
    view = lab_of(desk.leases, ADA, "")
    assert (view.waiting, view.no_extension) == (1, None)
    desk.leases.extend(ADA, "")


# A policy that changes while labs run


def test_a_profile_that_is_gone_from_the_policy_takes_nothing_with_it(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.start("bob", "gpu")
    desk.queue_up("cyd")
    without = Policy(profiles={"small": PROFILES["small"]}, groups=GROUPS)
    later = Desk(policy=without, store=desk.store, clock=desk.clock)
    later.leases.tick()
    assert later.live() == [("ada", "ACTIVE"), ("bob", "ACTIVE")]
    view = lab_of(later.leases, ADA, "")
    assert view.no_extension == "labs of the profile gpu cannot be extended"
    assert later.stop(lease).end_reason is EndReason.USER


def test_a_lab_whose_profile_vanished_before_it_started_is_refused(desk: Desk) -> None:
    lease = desk.admit()
    later = Desk(policy=Policy(profiles={"gpu": PROFILES["gpu"]}, groups=GROUPS), store=desk.store, clock=desk.clock)
    with pytest.raises(Conflict, match="no longer in the policy"):
        later.leases.started(lease.id)


# The hub looks around


def test_a_lab_that_is_gone_leaves_its_place(desk: Desk) -> None:
    lost, kept = desk.start("ada", "gpu"), desk.start("bob", "gpu")
    desk.queue_up("cyd")
    desk.pass_(minutes=1)
    ended = desk.leases.sync([RunningLab(owner="bob")])
    assert [lease.id for lease in ended] == [lost.id]
    assert (desk.lease(lost).end_reason, desk.lease(kept).phase) == (EndReason.LOST, LeasePhase.ACTIVE)
    assert desk.live() == [("bob", "ACTIVE"), ("cyd", "OFFERED")]


def test_a_lab_that_has_just_begun_is_not_taken_for_lost(desk: Desk) -> None:
    starting, running = desk.admit("ada"), desk.start("bob")
    assert desk.leases.sync([]) == ()
    desk.pass_(seconds=30)
    assert [lease.id for lease in desk.leases.sync([])] == [running.id]
    desk.pass_(minutes=1, seconds=29)
    assert desk.leases.sync([]) == ()
    desk.pass_(seconds=1)
    assert [lease.id for lease in desk.leases.sync([])] == [starting.id]


def test_the_server_counts_as_well_as_the_user(desk: Desk) -> None:
    lease = desk.start(server="one")
    desk.pass_(minutes=1)
    assert [lost.id for lost in desk.leases.sync([RunningLab(owner="ada", server="two")])] == [lease.id]


def test_a_look_around_is_remembered(desk: Desk) -> None:
    lease = desk.start()
    desk.leases.sync([RunningLab(owner="ada", node="n1", last_activity_at=desk.clock.now)])
    desk.leases.sync([RunningLab(owner="ada")])
    assert (desk.lease(lease).node, desk.lease(lease).last_activity_at) == ("n1", desk.clock.now)


# What is shown afterwards


def test_the_last_end_is_shown_with_what_the_lab_had_told(desk: Desk) -> None:
    lease = desk.start()
    desk.pass_(hours=8)
    ending = Ending(busy_kernels=(BusyKernel(name="fit", path="fit.ipynb"),), saved=("a.ipynb",), unsaved=("b.ipynb",))
    desk.leases.tell_ending(ADA, "", ending)
    desk.stop(lease, EndReason.TIME)
    last = offers_to(desk.leases, "ada", ["users"]).last_end
    assert last is not None
    assert (last.end_reason, last.ending) == (EndReason.TIME, ending)
    assert offers_to(desk.leases, "bob", ["users"]).last_end is None


def test_an_ending_may_be_told_after_the_end_but_not_without_a_lab(desk: Desk) -> None:
    desk.stop(desk.start())
    desk.leases.tell_ending(ADA, "", Ending(saved=("a",)))
    with pytest.raises(NotFound):
        desk.leases.tell_ending(ADA, "other", Ending())
    with pytest.raises(NotFound):
        desk.leases.tell_ending(user("bob"), "", Ending())


def test_the_later_of_two_ends_is_the_last(desk: Desk) -> None:
    early, late = desk.start(server="early"), desk.start(server="late")
    desk.pass_(minutes=1)
    desk.stop(late)
    desk.pass_(minutes=1)
    desk.stop(early)
    last = offers_to(desk.leases, "ada", ["users"]).last_end
    assert last is not None
    assert last.server == "early"


def test_a_lapsed_wish_is_no_end_of_a_lab(desk: Desk) -> None:
    desk.start("ada", "gpu")
    desk.start("bob", "gpu")
    desk.queue_up("cyd")
    desk.leases.leave_queue(user("cyd"), "gpu")
    assert offers_to(desk.leases, "cyd", ["gpu"]).last_end is None


def test_what_is_offered_follows_the_groups(desk: Desk) -> None:
    assert [offer.profile.name for offer in offers_to(desk.leases, "ada", ["USERS"]).profiles] == ["small"]
    nothing = offers_to(desk.leases, "ada", [])
    assert nothing.profiles == ()
    assert nothing.refusal is not None
    assert "no group of ada grants a lab" in nothing.refusal


def test_an_offer_says_why_not_and_how_many_are_free(desk: Desk) -> None:
    lease = desk.start(profile="gpu")
    desk.pass_(hours=24)
    desk.stop(lease)
    desk.start("bob", "gpu")
    small, gpu, _ = offers_to(desk.leases, "ada", ["users", "gpu"]).profiles
    assert (small.refusal, small.free, small.gpu_seconds_left, small.place) == (None, None, None, None)
    assert gpu.refusal is not None
    assert "is used up; it begins anew at" in gpu.refusal
    assert (gpu.free, gpu.queue_length, gpu.gpu_seconds_left) == (1, 0, 16 * HOUR)


def test_raising_in_the_queue_still_keeps_the_place(desk: Desk) -> None:
    desk.start("ada", "gpu")
    desk.start("bob", "gpu")
    with pytest.raises(Queued):
        desk.admit("cyd", "gpu")
    assert desk.live()[-1] == ("cyd", "QUEUED")
