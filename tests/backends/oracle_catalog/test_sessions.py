"""Who the database sees, and what nobody ever sees: the password."""

import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skydesk.backends.oracle_catalog import Account, OracleCatalog
from skydesk.errors import InvalidRequest, QueryRefused, SkydeskError
from skydesk.query.acting import acting_for
from tests.contracts.catalog_contract import STAR_COUNT, read
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
Opener = Callable[..., OracleCatalog]


def test_sessions_say_who_asks_and_what_for(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.log()
    with acting_for("vera"):
        read(catalog, "SELECT ID FROM GALAXIES")
    tags = [what for kind, what in wire.log() if kind == "tags"]
    assert {"client_identifier": "vera", "module": "skydesk", "action": "query", "client_info": None, "dbop": "skydesk.query"} in tags


def test_sessions_say_what_each_act_is(catalog: OracleCatalog, open_catalog: Opener, account: Account, wire: WireFake) -> None:
    wire.log()
    with acting_for("vera"):
        catalog.check("SELECT ID FROM GALAXIES")
        catalog.explain("SELECT ID FROM GALAXIES")
    open_catalog(account).tables()
    tags = [(what["client_identifier"], what["module"], what["action"], what["dbop"]) for kind, what in wire.log() if kind == "tags"]
    assert {("vera", "skydesk", action, f"skydesk.{action}") for action in ("check", "explain")} <= set(tags)
    assert (None, "skydesk", "dictionary", "skydesk.dictionary") in tags


def test_the_next_who_asks_is_not_taken_for_the_last(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    catalog = open_catalog(account, connections=1)
    for person in ("vera", "cecilia"):
        with acting_for(person):
            catalog.check("SELECT ID FROM GALAXIES")
    people = [what["client_identifier"] for kind, what in wire.log() if kind == "tags" and what["client_identifier"]]
    assert people[-1] == "cecilia"


def test_the_users_own_text_goes_to_the_database_untouched_and_read_only(catalog: OracleCatalog, wire: WireFake) -> None:
    sql = "select  /*+ FULL(s) */ Id -- number\n from\tStars  s where ROWNUM<=3"
    wire.log()
    assert read(catalog, sql + " ;").num_rows == 3
    executed = [what["sql"] for kind, what in wire.log() if kind == "execute"]
    assert executed[-2:] == ["SET TRANSACTION READ ONLY", sql]


def test_with_proxy_authentication_each_person_logs_on_through_the_account(open_catalog: Opener, account: Account, wire: WireFake) -> None:
    catalog = open_catalog(replace(account, proxy=True))
    wire.log()
    with acting_for("vera"):
        assert read(catalog, "SELECT ID FROM STARS").num_rows == STAR_COUNT
    logins = [what for kind, what in wire.log() if kind == "login"]
    assert logins
    assert all(login == {"user": USER, "proxied": "vera"} for login in logins)


def test_the_password_is_in_nothing_that_anybody_reads(
    open_catalog: Opener, account: Account, wire: WireFake, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(account), str(pickle.dumps(account))]
    for broken in (account, replace(account, user="nobody"), replace(account, dsn="127.0.0.1:1/X"), replace(account, dsn="((")):
        catalog = open_catalog(broken)
        wire.fault("drop", "execute", times=3)
        for sql in ("SELECT ID FROM STARS", "SELECT NOPE FROM STARS", "nonsense"):
            try:
                read(catalog, sql, limit_seconds=5)
            except SkydeskError as error:
                said += [str(error), repr(error), str(error.detail), "".join(traceback.format_exception(error)), str(pickle.dumps(error))]
        said += [repr(catalog), repr(vars(catalog))]
        wire.clear()
    said += [caplog.text, *capfd.readouterr()]
    assert not [text for text in said if PASSWORD in text]
    assert len(said) > 10


def test_dictionary_views_are_for_those_who_may_read_every_release(catalog: OracleCatalog) -> None:
    sql = "SELECT TABLE_NAME FROM ALL_TABLES"
    with pytest.raises(QueryRefused, match="ALL_TABLES lists tables of every release"):
        catalog.check(sql, readable=frozenset({"R1"}))
    assert [column.name for column in catalog.check(sql, readable=frozenset({"R1", "R2"}))] == ["TABLE_NAME"]


def test_comments_of_the_dictionary_fill_what_the_survey_file_leaves_empty(catalog: OracleCatalog) -> None:
    stars, galaxies, _ = catalog.tables()
    assert stars.description == "some stars"
    assert galaxies.description == "GALAXIES as the dictionary says"


def test_faults_of_an_account_are_all_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Account(dsn=" ", user="a b", password_file=Path("x"), schema='x"; DROP')
    assert [fault.field for fault in caught.value.faults] == ["oracle_dsn", "oracle_user", "oracle_schema"]
