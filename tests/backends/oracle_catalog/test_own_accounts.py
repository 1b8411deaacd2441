"""People who log on with Oracle accounts of their own, through the wire fake."""

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from skydesk.backends.oracle_catalog import Account, CredentialStore, OracleCatalog
from skydesk.errors import InvalidRequest, NotAllowed, NotFound, ServiceUnavailable, SkydeskError
from skydesk.query.acting import acting_for
from tests.contracts.catalog_contract import STAR_COUNT, read
from tests.fakes.duckdb_file import FakeSurvey
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
SQL = "SELECT ID FROM STARS"
VERAS = "night-Owl-2!"


@pytest.fixture(scope="module")
def own_wire(survey_path: tuple[FakeSurvey, Path]) -> Iterator[WireFake]:
    survey, path = survey_path
    refusals = {"expired": 28001, "expiring": 28002, "locked": 28000}
    with WireFake(path, survey.tables, users={"vrubin": VERAS}, refusals=refusals) as wire:
        yield wire


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(Fernet.generate_key().decode() + "\n")
    return path


@pytest.fixture
def store(tmp_path: Path, key_file: Path) -> CredentialStore:
    return CredentialStore(tmp_path / "credentials", key_file)


@pytest.fixture
def own_catalog(own_wire: WireFake, account: Account, store: CredentialStore, open_catalog: Callable[..., OracleCatalog]) -> OracleCatalog:
    return open_catalog(replace(account, dsn=own_wire.dsn, credentials=store))


def test_each_person_is_asked_for_as_themselves_and_the_dictionary_as_the_service(own_catalog: OracleCatalog, own_wire: WireFake) -> None:
    kept = own_catalog.keep_account("vera", "vrubin", VERAS)
    assert own_catalog.account_of("vera") == kept
    assert (kept.user, kept.warning) == ("vrubin", None)
    own_wire.log()
    with acting_for("vera"):
        assert read(own_catalog, SQL).num_rows == STAR_COUNT
    assert {what["user"] for kind, what in own_wire.log() if kind == "execute"} == {"vrubin"}
    own_catalog.tables()
    assert {what["user"] for kind, what in own_wire.log() if kind == "execute"} == {USER}


def test_who_has_stored_nothing_is_told_so_and_cannot_use_the_account_of_another(own_catalog: OracleCatalog) -> None:
    own_catalog.keep_account("vera", "vrubin", VERAS)
    for person in ("cecilia", "VERA"):
        assert own_catalog.account_of(person) is None
        with acting_for(person), pytest.raises(NotAllowed, match="store its name and password first"):
            read(own_catalog, SQL)


@pytest.mark.parametrize(
    ("user", "password", "field", "words"),
    [
        ("vrubin", "wrong", "password", "does not take the name or password of your Oracle account.*ORA-01017"),
        ("expired", PASSWORD, "user", "has expired; set a new one in the database, then store it here.*ORA-28001"),
        ("locked", PASSWORD, "user", "is locked; ask the database's administrator.*ORA-28000"),
        ("desk[vera]", "x", "user", "must be letters"),
        ("vrubin", "", "password", "must have 1 to 1024 characters"),
    ],
)
def test_what_the_database_does_not_let_in_is_not_stored(
    own_catalog: OracleCatalog, user: str, password: str, field: str, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        own_catalog.keep_account("vera", user, password)
    assert [fault.field for fault in caught.value.faults] == [field]
    assert own_catalog.account_of("vera") is None


def test_a_password_that_will_soon_expire_is_stored_and_told_of(own_catalog: OracleCatalog) -> None:
    warning = own_catalog.keep_account("vera", "expiring", PASSWORD).warning
    assert warning is not None
    assert "will soon expire" in warning
    assert "ORA-28002" in warning
    with acting_for("vera"):
        assert read(own_catalog, SQL).num_rows == STAR_COUNT


def test_a_database_that_is_down_changes_nothing(own_catalog: OracleCatalog, own_wire: WireFake) -> None:
    own_wire.go_down()
    with pytest.raises(ServiceUnavailable, match="down or cannot be reached"):
        own_catalog.keep_account("vera", "vrubin", VERAS)
    own_wire.clear()
    assert own_catalog.account_of("vera") is None


def test_a_password_changed_in_the_database_is_told_of_kept_and_mended_by_storing_it(
    own_catalog: OracleCatalog, store: CredentialStore, own_wire: WireFake
) -> None:
    store.put("vera", "vrubin", "of-last-year")
    own_wire.log()
    for _ in range(3):
        with acting_for("vera"), pytest.raises(NotAllowed, match=r"store the right ones \(ORA-01017\)"):
            read(own_catalog, SQL)
    assert [kind for kind, _ in own_wire.log()].count("attempt") == 1
    assert own_catalog.account_of("vera") is not None
    own_catalog.keep_account("vera", "vrubin", VERAS)
    with acting_for("vera"):
        assert read(own_catalog, SQL).num_rows == STAR_COUNT


def test_what_is_forgotten_opens_no_further_session(own_catalog: OracleCatalog) -> None:
    own_catalog.keep_account("vera", "vrubin", VERAS)
    with acting_for("vera"):
        read(own_catalog, SQL)
    own_catalog.forget_account("vera")
    own_catalog.forget_account("vera")
    with acting_for("vera"), pytest.raises(NotAllowed):
        read(own_catalog, SQL)


def test_the_password_is_in_nothing_that_anybody_reads(
    own_catalog: OracleCatalog, own_wire: WireFake, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(own_catalog.keep_account("vera", "vrubin", VERAS)), repr(vars(own_catalog))]
    own_wire.fault("drop", "execute", times=3)
    for sql in (SQL, "SELECT NOPE FROM STARS", SQL):
        with acting_for("vera"):
            try:
                read(own_catalog, sql, limit_seconds=5)
            except SkydeskError as error:
                said += [str(error), repr(error.detail), "".join(traceback.format_exception(error)), str(pickle.dumps(error))]
    own_wire.clear()
    try:
        own_catalog.keep_account("vera", "nobody", VERAS)
    except InvalidRequest as error:
        said += [str(error), "".join(traceback.format_exception(error))]
    said += [caplog.text, *capfd.readouterr()]
    assert len(said) > 8
    assert not [text for text in said if VERAS in text]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if VERAS.encode() in path.read_bytes() or b"vrubin" in path.read_bytes()]
    (token,) = [path for path in written if path.suffix == ".token"]
    assert token.stat().st_mode & 0o077 == 0


def test_a_new_key_encrypts_anew_and_the_old_one_can_go(store: CredentialStore, key_file: Path, tmp_path: Path) -> None:
    kept = store.put("vera", "vrubin", VERAS)
    (path,) = (tmp_path / "credentials").iterdir()
    before, old, new = path.read_bytes(), key_file.read_text(), Fernet.generate_key().decode()
    assert store.encrypt_anew() == 0
    key_file.write_text(f"{new}\n{old}")
    assert store.get("vera") == kept
    assert store.encrypt_anew() == 1
    assert path.read_bytes() != before
    key_file.write_text(new)
    assert store.get("vera") == kept
    key_file.write_text(Fernet.generate_key().decode())
    for lost in (lambda: store.get("vera"), store.encrypt_anew):
        with pytest.raises(InvalidRequest, match="opens not all that is stored"):
            lost()


def test_a_file_under_the_name_of_another_opens_nothing(store: CredentialStore, tmp_path: Path) -> None:
    store.put("vera", "vrubin", VERAS)
    (veras,) = (tmp_path / "credentials").iterdir()
    store.put("cecilia", "cecilia", "x")
    (other,) = set((tmp_path / "credentials").iterdir()) - {veras}
    other.write_bytes(veras.read_bytes())
    with pytest.raises(InvalidRequest, match="opens not all"):
        store.get("cecilia")


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("", "is empty"), ("abc", "holds what is no key")])
def test_keys_that_are_none_are_said_to_be(store: CredentialStore, key_file: Path, content: str | None, words: str) -> None:
    key_file.unlink()
    if content is not None:
        key_file.write_text(content)
    with pytest.raises(InvalidRequest, match=f"oracle_credentials_key_file.*{words}.*generate_key"):
        store.put("vera", "vrubin", VERAS)


def test_a_catalogue_without_own_accounts_says_so(catalog: OracleCatalog) -> None:
    for call in (
        lambda: catalog.account_of("vera"),
        lambda: catalog.keep_account("vera", "a", "b"),
        lambda: catalog.forget_account("vera"),
    ):
        with pytest.raises(NotFound, match="not asked with accounts of people's own"):
            call()
