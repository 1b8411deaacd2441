import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from skydesk.errors import Cancelled, Conflict, InvalidRequest, LimitExceeded, NotFound
from skydesk.query.running import RunningQueries, require_uuid


def an_id() -> str:
    return str(uuid.uuid4())


def test_a_running_query_hears_its_cancel() -> None:
    running, query_id = RunningQueries(per_user=1, total=1, wait_seconds=0), an_id()
    with running.admit("ada", query_id) as cancellation:
        running.cancel("ada", query_id)
        assert cancellation.requested


def test_nobody_cancels_what_is_another_users() -> None:
    running, query_id = RunningQueries(per_user=1, total=1, wait_seconds=0), an_id()
    with running.admit("ada", query_id) as cancellation:
        with pytest.raises(NotFound):
            running.cancel("eve", query_id)
        assert not cancellation.requested


def test_a_query_that_has_ended_is_not_found() -> None:
    running, query_id = RunningQueries(per_user=1, total=1, wait_seconds=0), an_id()
    with running.admit("ada", query_id):
        pass
    with pytest.raises(NotFound):
        running.cancel("ada", query_id)


def test_an_id_in_use_is_a_conflict_for_its_owner_only_and_free_again_afterwards() -> None:
    running, query_id = RunningQueries(per_user=2, total=4, wait_seconds=0), an_id()
    with running.admit("ada", query_id):
        with pytest.raises(Conflict), running.admit("ada", query_id.upper()):
            pass
        with running.admit("eve", query_id) as hers:
            assert not hers.requested
    with running.admit("ada", query_id) as again:
        assert not again.requested


@pytest.mark.parametrize(
    "text", ["", "1", "../x", "{" + str(uuid.UUID(int=7)) + "}", uuid.UUID(int=7).hex, f"urn:uuid:{uuid.UUID(int=7)}", "x" * 36]
)
def test_an_id_that_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="must be a UUID"):
        require_uuid(text)


@pytest.mark.parametrize(("per_user", "total", "other"), [(1, 9, "ada"), (9, 1, "eve")], ids=["of one user", "of all"])
def test_one_too_many_is_refused_after_the_wait(per_user: int, total: int, other: str) -> None:
    running = RunningQueries(per_user=per_user, total=total, wait_seconds=0.01)
    with running.admit("ada"), pytest.raises(LimitExceeded, match=r"1 (of your )?queries are running"), running.admit(other):
        pass
    with running.admit(other) as fine:
        assert not fine.requested


def test_one_too_many_runs_when_another_ends_in_time() -> None:
    running, begun, end = RunningQueries(per_user=1, total=1, wait_seconds=30), Event(), Event()

    def first() -> None:
        with running.admit("ada"):
            begun.set()
            assert end.wait(30)

    def second() -> str:
        with running.admit("ada"):
            return "ran"

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert begun.wait(30)
        other = pool.submit(second)
        end.set()
        assert other.result(30) == "ran"
        one.result(30)


def test_a_query_can_be_cancelled_while_it_waits() -> None:
    running, query_id, waiting = RunningQueries(per_user=1, total=1, wait_seconds=30), an_id(), Event()

    def second() -> None:
        waiting.set()
        with running.admit("ada", query_id):
            pytest.fail("ran although it was cancelled")

    with running.admit("ada"), ThreadPoolExecutor(1) as pool:
        future = pool.submit(second)
        assert waiting.wait(30)
        while not future.done():
            try:
                running.cancel("ada", query_id)
                break
            except NotFound:
                continue
        with pytest.raises(Cancelled):
            future.result(30)


def test_the_limit_is_exact_under_concurrency() -> None:
    running, together = RunningQueries(per_user=3, total=3, wait_seconds=0), Barrier(12)

    def one(_: int) -> bool:
        together.wait(30)
        try:
            with running.admit("ada"):
                together.wait(30)
        except LimitExceeded:
            together.wait(30)
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(one, range(12))) == 3
