"""What every lease store does: inherit `LeaseStoreContract` and give the fixture ``store``."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skydesk.leases.model import (
    LIVE,
    RUNNING,
    WAITING,
    Act,
    BusyKernel,
    Charge,
    Ending,
    EndReason,
    Lease,
    LeasePhase,
    Message,
    StopWish,
)
from skydesk.leases.ports import LeaseBook, LeaseStore

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_lease(lease_id: str, **fields: Any) -> Lease:
    values: dict[str, Any] = {"owner": "ada", "profile": "small", "phase": LeasePhase.QUEUED, "requested_at": NOW}
    return Lease(id=lease_id, **{**values, **fields})


def make_message(message_id: str, **fields: Any) -> Message:
    return Message(id=message_id, **{"text": "hello", "sender": "root", "to_kind": "all", "made_at": NOW, **fields})


FULL_LEASE = make_lease(
    "full",
    server="named server-1",
    gpus=2,
    group="gpu",
    groups=frozenset({"gpu", "élèves 🔭", "it's; --"}),
    phase=LeasePhase.ENDED,
    offered_until=NOW + HOUR,
    admitted_at=NOW + HOUR,
    started_at=NOW + 2 * HOUR,
    time_ends_at=NOW + 5 * HOUR,
    ends_at=NOW + 4 * HOUR,
    longest_end_at=NOW + 9 * HOUR,
    deadline_at=NOW + 10 * HOUR,
    used_seconds=12.25,
    added_seconds=3600.5,
    extensions=3,
    gpu_seconds=7200.125,
    stop=StopWish(reason=EndReason.ADMIN, message="quotes ' \" \x00 \ud800 <b>"),
    ended_at=NOW + 3 * HOUR,
    end_reason=EndReason.BUDGET,
    end_message="line 1\nline 2 \x00 é🌌",
    ending=Ending(busy_kernels=(BusyKernel(name="fit \x00", path="a/b.ipynb"),), saved=("x \ud800.ipynb",), unsaved=("y", "z")),
    node="node-1",
    last_activity_at=NOW,
)
FULL_ACT = Act(
    at=NOW,
    who="root",
    what="lease.end",
    on_whom="ada",
    target="x",
    detail={"seconds": 1.5, "text": "é \x00", "none": None},
    outcome="no: \x00",
)


def add(store: LeaseStore, *leases: Lease) -> list[Lease]:
    return [store.write(lambda book, lease=lease: book.add(lease)) for lease in leases]  # type: ignore[misc]


class LeaseStoreContract:
    """Tests that hold for every `LeaseStore`."""

    def test_a_lease_comes_back_as_it_went_in(self, store: LeaseStore) -> None:
        for lease in (make_lease("plain"), FULL_LEASE):
            (added,) = add(store, lease)
            assert added == replace(lease, number=added.number)
            assert store.read(lambda book, lease=lease: book.lease(lease.id)) == added  # type: ignore[misc]

    def test_times_come_back_aware_and_equal_whatever_zone_they_had(self, store: LeaseStore) -> None:
        elsewhere = NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo)
        add(store, make_lease("a", requested_at=elsewhere))
        found = store.read(lambda book: book.lease("a"))
        assert found is not None
        assert found.requested_at == NOW
        assert found.requested_at.tzinfo is not None

    @pytest.mark.parametrize("lease_id", ["nothing", "", "a\x00b", "\ud800", "' or 1=1 --", "a" * 10_000])
    def test_a_lease_that_is_not_there_is_none(self, store: LeaseStore, lease_id: str) -> None:
        add(store, make_lease("a"))
        assert store.read(lambda book: book.lease(lease_id)) is None

    @pytest.mark.parametrize("name", ["a\x00b", "\ud800", "' or 1=1 --"])
    def test_strange_names_find_nothing(self, store: LeaseStore, name: str) -> None:
        add(store, make_lease("a"))
        assert store.read(lambda book: (book.leases(owner=name), book.leases(profile=name), book.groups_of(name))) == ((), (), frozenset())

    def test_leases_come_in_the_order_in_which_they_were_asked_for(self, store: LeaseStore) -> None:
        added = add(store, *(make_lease(name) for name in "cab"))
        assert [lease.number for lease in added] == sorted(lease.number for lease in added)
        assert store.read(lambda book: book.leases()) == tuple(added)
        assert [lease.id for lease in store.read(lambda book: book.leases(latest=2))] == ["a", "b"]
        assert store.read(lambda book: book.leases(latest=0)) == ()

    def test_leases_are_chosen(self, store: LeaseStore) -> None:
        add(
            store,
            make_lease("a", owner="ada", profile="small", phase=LeasePhase.ACTIVE),
            make_lease("b", owner="bob", profile="gpu", phase=LeasePhase.ACTIVE, group="gpu"),
            make_lease("c", owner="ada", profile="gpu", phase=LeasePhase.QUEUED),
            make_lease("d", owner="ada", profile="gpu", phase=LeasePhase.ENDED, ended_at=NOW, group="gpu"),
            make_lease("e", owner="ada", profile="gpu", phase=LeasePhase.ENDED, ended_at=NOW + HOUR),
        )

        def ids(**which: Any) -> str:
            return "".join(lease.id for lease in store.read(lambda book: book.leases(**which)))

        assert ids(owner="ada") == "acde"
        assert ids(owner="ada", profile="gpu") == "cde"
        assert ids(phases=RUNNING) == "ab"
        assert ids(phases=WAITING) == "c"
        assert ids(phases=LIVE, owner="ada") == "ac"
        assert ids(charged=True) == "bd"
        assert ids(phases=RUNNING, charged=True) == "b"
        assert ids(ended_after=NOW) == "abce"
        assert ids(ended_after=NOW - HOUR, owner="ada", profile="gpu", latest=2) == "de"
        assert ids(phases=frozenset()) == ""

    def test_a_change_is_kept(self, store: LeaseStore) -> None:
        (lease,) = add(store, make_lease("a"))
        changed = replace(FULL_LEASE, id="a", number=lease.number)
        store.write(lambda book: book.keep(changed))
        assert store.read(lambda book: book.lease("a")) == changed

    def test_what_fails_leaves_nothing(self, store: LeaseStore) -> None:
        (lease,) = add(store, make_lease("a"))
        before = store.news_since(0)

        def work(book: LeaseBook) -> None:
            book.keep(replace(lease, node="changed"))
            book.add(make_lease("b"))
            book.log(FULL_ACT)
            raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError):
            store.write(work)
        assert store.read(lambda book: book.leases()) == (lease,)
        assert store.read(lambda book: book.acts(limit=9)) == ()
        assert store.news_since(0) == before

    def test_what_is_written_is_read_within_the_transaction(self, store: LeaseStore) -> None:
        def work(book: LeaseBook) -> list[str]:
            book.add(make_lease("a"))
            book.keep_charge(Charge(lease_id="a", owner="ada", group="gpu", gpus=1, from_at=NOW, until_at=NOW + HOUR))
            return [lease.id for lease in book.leases()] + [charge.lease_id for charge in book.charges(NOW)]

        assert store.write(work) == ["a", "a"]

    def test_a_charge_grows_and_is_counted_once(self, store: LeaseStore) -> None:
        charge = Charge(lease_id="a", owner="ada", group="gpu", gpus=2, from_at=NOW, until_at=NOW)
        store.write(lambda book: book.keep_charge(charge))
        longer = replace(charge, until_at=NOW + HOUR)
        store.write(lambda book: book.keep_charge(longer))
        other = replace(longer, group="rich", from_at=NOW + HOUR, until_at=NOW + 1.5 * HOUR)
        store.write(lambda book: book.keep_charge(other))
        assert store.read(lambda book: book.charges_of("a")) == (longer, other)
        assert store.read(lambda book: book.charges_of("b")) == ()
        assert store.read(lambda book: book.charges(NOW + HOUR)) == (other,)
        assert dict(store.read(lambda book: book.gpu_seconds_by_group())) == {"gpu": 7200, "rich": 3600}

    def test_groups_are_remembered_as_they_last_were(self, store: LeaseStore) -> None:
        store.write(lambda book: book.remember_groups("ada", frozenset({"a", "élèves"})))
        store.write(lambda book: book.remember_groups("ada", frozenset({"b"})))
        store.write(lambda book: book.remember_groups("bob", frozenset()))
        assert store.read(lambda book: book.groups_of("ada")) == {"b"}
        assert dict(store.read(lambda book: book.owners())) == {"ada": {"b"}, "bob": frozenset()}
        assert store.read(lambda book: book.groups_of("cyd")) == frozenset()

    def test_messages_are_kept_read_and_removed(self, store: LeaseStore) -> None:
        first = make_message("m1", text="é🌌\n<b>", severity="warning", to_kind="group", to_name="gpu", until=NOW + HOUR)
        second = make_message("m0")
        store.write(lambda book: book.add_message(first))
        store.write(lambda book: book.add_message(second))
        assert store.read(lambda book: book.messages()) == (first, second)
        store.write(lambda book: book.mark_read("ada", "m1", NOW))
        store.write(lambda book: book.mark_read("ada", "m1", NOW + HOUR))
        assert store.read(lambda book: (book.read_by("ada"), book.read_by("bob"))) == ({"m1"}, frozenset())
        store.write(lambda book: book.remove_message("m1"))
        assert store.read(lambda book: (book.messages(), book.read_by("ada"))) == ((second,), frozenset())
        store.write(lambda book: book.remove_message("m1"))

    def test_leases_that_ended_long_ago_are_forgotten_and_their_charges_are_not(self, store: LeaseStore) -> None:
        add(
            store,
            make_lease("old", phase=LeasePhase.ENDED, ended_at=NOW - timedelta(seconds=1)),
            make_lease("late", phase=LeasePhase.ENDED, ended_at=NOW),
            make_lease("runs", phase=LeasePhase.ACTIVE, started_at=NOW - 9 * HOUR),
            make_lease("waits", phase=LeasePhase.QUEUED, requested_at=NOW - 9 * HOUR),
        )
        charge = Charge(lease_id="old", owner="ada", group="gpu", gpus=1, from_at=NOW - 2 * HOUR, until_at=NOW - HOUR)
        store.write(lambda book: book.keep_charge(charge))
        newest, _ = store.news_since(0)
        assert store.write(lambda book: book.forget_ended(NOW)) == 1
        assert {lease.id for lease in store.read(lambda book: book.leases())} == {"late", "runs", "waits"}
        assert store.read(lambda book: (book.charges_of("old"), book.gpu_seconds_by_group())) == ((charge,), {"gpu": 3600.0})
        assert store.news_since(newest) == (newest, frozenset())
        assert store.write(lambda book: book.forget_ended(NOW)) == 0

    def test_the_log_comes_latest_first_and_page_by_page(self, store: LeaseStore) -> None:
        for owner in ("ada", "bob", "ada"):
            store.write(lambda book, owner=owner: book.log(replace(FULL_ACT, on_whom=owner)))  # type: ignore[misc]
        acts = store.read(lambda book: book.acts(limit=9))
        assert [act.on_whom for act in acts] == ["ada", "bob", "ada"]
        assert acts[0].number > acts[1].number > acts[2].number
        assert replace(acts[2], number=0) == FULL_ACT
        assert store.read(lambda book: book.acts(limit=1, before=acts[0].number)) == acts[1:2]
        assert store.read(lambda book: book.acts(limit=9, on_whom={"bob"})) == acts[1:2]
        assert store.read(lambda book: book.acts(limit=9, on_whom=set())) == ()
        assert store.read(lambda book: book.acts(limit=0)) == ()

    def test_news_name_owner_and_profile(self, store: LeaseStore) -> None:
        before, _ = store.news_since(0)
        (lease,) = add(store, make_lease("a"))
        newest, topics = store.news_since(before)
        assert topics == {"owner:ada", "profile:small"}
        assert store.news_since(newest) == (newest, frozenset())
        store.write(lambda book: book.keep(replace(lease, node="n")))
        later, topics = store.news_since(newest)
        assert (later > newest, topics) == (True, {"owner:ada", "profile:small"})
        store.write(lambda book: book.note(replace(lease, node="quietly")))
        assert store.news_since(later) == (later, frozenset())
        found = store.read(lambda book: book.lease("a"))
        assert found is not None
        assert found.node == "quietly"

    def test_news_tell_of_messages_and_of_who_read_them(self, store: LeaseStore) -> None:
        store.write(lambda book: book.add_message(make_message("m")))
        newest, topics = store.news_since(0)
        assert topics == {"messages"}
        store.write(lambda book: book.mark_read("ada", "m", NOW))
        newest, topics = store.news_since(newest)
        assert topics == {"owner:ada"}
        store.write(lambda book: book.remove_message("m"))
        assert store.news_since(newest)[1] == {"messages"}

    def test_what_was_counted_still_holds_when_it_is_written(self, store: LeaseStore) -> None:
        def take_one_of_five(number: int) -> bool:
            def work(book: LeaseBook) -> bool:
                if len(book.leases(profile="gpu", phases=LIVE)) >= 5:
                    return False
                book.add(make_lease(f"l{number}", profile="gpu"))
                return True

            return store.write(work)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take_one_of_five, range(24))) == 5
        assert len(store.read(lambda book: book.leases(profile="gpu"))) == 5
