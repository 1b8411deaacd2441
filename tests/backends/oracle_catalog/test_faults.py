"""What goes wrong in the database, one fault at a time, through the wire fake."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from skydesk.errors import DeadlineExceeded, InvalidQuery, LimitExceeded, NotAllowed, ServiceUnavailable, SkydeskError
from skydesk.query.model import Cancellation
from tests.contracts.catalog_contract import STAR_COUNT, read
from tests.fakes.oracle_wire import SERVICE, WireFake

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""The driver does not close the socket of a connection that it lost."""

SQL = "SELECT ID FROM STARS"
Opener = Callable[..., OracleCatalog]


@pytest.fixture(autouse=True)
def clear_faults(wire: WireFake) -> Iterator[None]:
    yield
    wire.clear()


@pytest.mark.parametrize("place", ["connect", "login", "parse", "execute"])
@pytest.mark.parametrize("kind", ["drop", "partial"])
def test_a_connection_lost_before_the_first_row_is_made_anew(
    open_catalog: Opener, account: Account, wire: WireFake, kind: str, place: str
) -> None:
    catalog = open_catalog(account)
    wire.fault(kind, place, sql="" if place in {"connect", "login"} else SQL)
    assert read(catalog, SQL, limit_seconds=30).num_rows == STAR_COUNT


@pytest.mark.parametrize("kind", ["drop", "partial"])
def test_a_connection_lost_among_the_rows_ends_in_words_and_the_next_statement_runs(
    catalog: OracleCatalog, wire: WireFake, kind: str
) -> None:
    wire.fault(kind, "fetch", sql=SQL)
    with pytest.raises(ServiceUnavailable, match=r"connection to the database was lost; run it again \(DPY-4011\)"):
        read(catalog, SQL, batch_rows=100, limit_seconds=30)
    assert read(catalog, SQL, batch_rows=100).num_rows == STAR_COUNT


def test_a_database_that_is_gone_for_two_connections_in_a_row_is_said_to_be(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    wire.fault("drop", "execute", sql=SQL, times=2)
    with pytest.raises(ServiceUnavailable, match="DPY-4011"):
        read(open_catalog(account), SQL, limit_seconds=30)


@pytest.mark.parametrize("place", ["connect", "login", "parse", "execute", "fetch"])
def test_nothing_that_hangs_outlives_its_deadline(open_catalog: Opener, account: Account, wire: WireFake, place: str) -> None:
    catalog = open_catalog(account)
    wire.fault("hang", place, sql="" if place in {"connect", "login"} else SQL, seconds=20)
    begin = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"stopped after 0\.4 s"):
        read(catalog, SQL, batch_rows=100, limit_seconds=0.4)
    assert time.monotonic() - begin < 4
    wire.clear()
    assert read(catalog, SQL).num_rows == STAR_COUNT


def test_a_hang_without_a_limit_is_left_by_cancelling(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.fault("hang", "execute", sql=SQL, seconds=20)
    cancellation = Cancellation()
    began = time.monotonic()
    timer = Timer(0.3, cancellation.cancel)
    timer.start()
    with pytest.raises(SkydeskError, match="cancelled by the user"):
        read(catalog, SQL, cancellation=cancellation)
    timer.join()
    assert time.monotonic() - began < 4


def test_slow_rows_arrive_where_there_is_time(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.fault("slow", "fetch", sql=SQL, seconds=0.1, times=3)
    assert read(catalog, SQL, batch_rows=500, limit_seconds=30).num_rows == STAR_COUNT


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        (1652, LimitExceeded, "working space"),
        (2391, LimitExceeded, "as many sessions as its profile allows"),
        (40, LimitExceeded, "resource manager"),
        (1031, NotAllowed, "may not do that"),
        (1722, InvalidQuery, "a text is no number"),
        (4031, LimitExceeded, "no memory left"),
        (12345, InvalidQuery, "the database did not take that"),
        (20, ServiceUnavailable, "as many sessions as it takes"),
    ],
)
def test_a_code_becomes_plain_words_with_the_code_kept(
    catalog: OracleCatalog, wire: WireFake, code: int, expected: type[SkydeskError], words: str
) -> None:
    wire.fault("error", "execute", sql=SQL, code=code, message="as Oracle says it")
    with pytest.raises(expected, match=words) as caught:
        read(catalog, SQL)
    assert f"(ORA-{code:05})" in str(caught.value)
    assert read(catalog, "SELECT COUNT(*) FROM STARS").num_rows == 1


def test_a_session_that_was_killed_is_replaced(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.fault("error", "execute", sql=SQL, code=28, message="your session has been killed")
    assert read(catalog, SQL).num_rows == STAR_COUNT


def test_a_session_killed_among_the_rows_says_so(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.fault("error", "fetch", sql=SQL, code=28, message="your session has been killed")
    with pytest.raises(ServiceUnavailable, match=r"ended by the database's administrator; run it again \(ORA-00028\)"):
        read(catalog, SQL, batch_rows=100)


@pytest.mark.parametrize(
    ("user", "words"),
    [("expired", r"password has expired.*ORA-28001"), ("locked", r"locked.*ORA-28000"), ("nobody", r"name or password.*ORA-01017")],
)
def test_a_refused_login_is_not_tried_again_at_once(open_catalog: Opener, account: Account, wire: WireFake, user: str, words: str) -> None:
    catalog = open_catalog(replace(account, user=user))
    for _ in range(3):
        with pytest.raises(ServiceUnavailable, match=words):
            catalog.check(SQL)
    assert "attempt" in [kind for kind, _ in wire.log()]
    with pytest.raises(ServiceUnavailable, match=words):
        read(catalog, SQL)
    assert "attempt" not in [kind for kind, _ in wire.log()]


def test_a_wrong_service_and_a_database_that_is_down_are_said_to_be(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    with pytest.raises(ServiceUnavailable, match=r"down or cannot be reached; try again in a few minutes"):
        open_catalog(replace(account, dsn=account.dsn.replace(SERVICE, "NOWHERE"))).check(SQL)
    with pytest.raises(ServiceUnavailable, match=r"down or cannot be reached"):
        open_catalog(replace(account, dsn=f"127.0.0.1:1/{SERVICE}")).check(SQL)
    catalog = open_catalog(account)
    wire.go_down()
    with pytest.raises(ServiceUnavailable, match=r"down or cannot be reached"):
        catalog.check(SQL)
    wire.clear()
    assert catalog.check(SQL)


def test_tables_are_listed_while_the_database_is_down_and_completed_when_it_is_back(
    open_catalog: Opener, account: Account, wire: WireFake
) -> None:
    catalog = open_catalog(account, refresh_seconds=0.1)
    wire.go_down()
    assert [table.row_count for table in catalog.tables()] == [None, None, None]
    wire.clear()
    end = time.monotonic() + 10
    while catalog.tables()[0].row_count != STAR_COUNT:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_statement_that_has_the_time_waits_for_a_database_that_is_down(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    catalog = open_catalog(account)
    wire.go_down()
    back = Timer(1, wire.clear)
    back.start()
    assert read(catalog, SQL).num_rows == STAR_COUNT
    back.join()


def test_one_that_has_not_or_that_waits_too_long_is_told_that_it_is_down(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    catalog = open_catalog(account, patience_seconds=0.2)
    wire.go_down()
    with pytest.raises(ServiceUnavailable, match=r"down or cannot be reached"):
        read(catalog, SQL, limit_seconds=0.3)
    with pytest.raises(ServiceUnavailable, match=r"down or cannot be reached"):
        read(catalog, SQL)


def test_who_waits_for_a_database_that_is_down_can_cancel(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    catalog, cancellation = open_catalog(account), Cancellation()
    wire.go_down()
    timer = Timer(0.3, cancellation.cancel)
    timer.start()
    with pytest.raises(SkydeskError, match="cancelled by the user"):
        read(catalog, SQL, cancellation=cancellation)
    timer.join()


def test_row_counts_are_kept_and_asked_for_again_when_they_are_old(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    def asked() -> int:
        return sum(kind == "execute" and "num_rows" in what["sql"] for kind, what in wire.log())

    kept = open_catalog(account)
    wire.log()
    assert [kept.tables()[0].row_count for _ in range(5)] == [STAR_COUNT] * 5
    assert asked() == 1
    aging, total = open_catalog(account, refresh_seconds=0.05), 0
    end = time.monotonic() + 20
    while total < 3:
        assert aging.tables()[0].row_count == STAR_COUNT
        total += asked()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_full_pool_is_waited_for_and_then_said_to_be(open_catalog: Opener, account: Account) -> None:
    catalog = open_catalog(account, connections=1)
    with catalog.stream(SQL, batch_rows=100), pytest.raises(DeadlineExceeded):
        read(catalog, SQL, limit_seconds=0.3)
    assert read(catalog, SQL).num_rows == STAR_COUNT


def test_a_password_file_that_is_missing_is_named_without_its_content(open_catalog: Opener, account: Account, tmp_path: Path) -> None:
    with pytest.raises(SkydeskError, match="oracle_password_file"):
        open_catalog(replace(account, password_file=tmp_path / "none")).check(SQL)
