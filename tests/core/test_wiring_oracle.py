"""A survey whose catalogue is in Oracle, from its settings to a job's file, through the wire fake."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from skydesk.client import SkyDesk
from skydesk.errors import InvalidRequest, NotAllowed, NotFound
from skydesk.jobs.model import Phase
from skydesk.query.model import QueryRequest
from skydesk.query.output import parse_output
from skydesk.settings import SkydeskSettings
from skydesk.survey import load_survey
from skydesk.transport import LocalTransport
from skydesk.web.http import Call, JsonReply, find_route
from skydesk.web.query import ROUTES
from skydesk.web.query_job import submit_query
from skydesk.wiring import build_services, jobs_folder_of, local_user
from tests.fakes.oracle_wire import PASSWORD, USER, WireFake
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey

OWN_PASSWORD = "night-Owl-2!"
SQL = "SELECT ID, MAG_AUTO_R FROM STARS"


@pytest.fixture(scope="module")
def survey_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_survey(tmp_path_factory.mktemp("survey"))
    text = path.read_text().replace('kind = "duckdb"\npath = "catalog.duckdb"', 'kind = "oracle"')
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def wire(survey_file: Path) -> Iterator[WireFake]:
    with WireFake(survey_file.parent / "catalog.duckdb", load_survey(survey_file).tables, users={"vrubin": OWN_PASSWORD}) as wire:
        yield wire


@pytest.fixture
def settings(tmp_path: Path, survey_file: Path, wire: WireFake) -> SkydeskSettings:
    (tmp_path / "password").write_text(PASSWORD)
    return SkydeskSettings(
        survey_file=str(survey_file),
        data_folder=str(tmp_path / "data"),
        workers=1,
        oracle_dsn=wire.dsn,
        oracle_user=USER,
        oracle_password_file=str(tmp_path / "password"),
        oracle_schema="DES_ADMIN",
    )


def test_queries_and_jobs_of_an_oracle_survey_run_and_leave_no_password_behind(
    settings: SkydeskSettings, wire: WireFake, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    user = local_user(settings)
    with build_services(settings, mode="embedded") as services:
        assert services.queries.quick(user, SQL).rows == min(STARS, user.entitlements.query.quick_rows)
        job = submit_query(services, user, QueryRequest(sql=SQL, output=parse_output("stars.csv")))
        wait_until(lambda: services.jobs.get(user, job.id).phase in {Phase.COMPLETED, Phase.ERROR}, seconds=60, what="the end of the job")
        done = services.jobs.get(user, job.id)
        assert done.phase is Phase.COMPLETED, done.error
        assert services.jobs.file(user, job.id, "stars.csv").read_bytes().count(b"\n") == STARS + 1
        assert PASSWORD not in json.dumps(dict(done.request))
    people = {what["client_identifier"] for kind, what in wire.log() if kind == "tags"}
    assert user.name in people
    assert jobs_folder_of(settings, user.name).is_dir()
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not [path for path in written if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in "".join(capfd.readouterr())


def test_people_with_accounts_of_their_own_leave_no_password_behind(
    settings: SkydeskSettings, wire: WireFake, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text(Fernet.generate_key().decode())
    settings.oracle_own_accounts, settings.oracle_credentials_key_file = True, str(tmp_path / "keys")
    user = local_user(settings)
    said = []
    with build_services(settings, mode="embedded") as services:

        def ask(method: str, path: str, body: dict[str, str] | None = None) -> object:
            route, arguments = find_route(ROUTES, method, path) or pytest.fail(f"no {method} {path}")
            call = Call(services=services, user=user, method=method, path=path, arguments=arguments, body=json.dumps(body or {}).encode())
            reply = route.handle(call)
            assert isinstance(reply, JsonReply)
            said.append(json.dumps(reply.value))
            return reply.value

        assert ask("GET", "query/credentials") == {"user": None, "stored_at": None, "warning": None}
        with pytest.raises(NotAllowed, match="your own Oracle account"):
            services.queries.quick(user, SQL)
        with pytest.raises(InvalidRequest, match="ORA-01017") as refused:
            ask("PUT", "query/credentials", {"user": "vrubin", "password": OWN_PASSWORD[::-1]})
        said.append(repr(refused.value.detail))
        ask("PUT", "query/credentials", {"user": "vrubin", "password": OWN_PASSWORD})
        wire.log()
        assert services.queries.quick(user, SQL).rows
        ask("POST", "query/notebook", {"sql": SQL})
        ask("GET", "query/history")
        job = submit_query(services, user, QueryRequest(sql=SQL, output=parse_output("own.csv")))
        wait_until(lambda: services.jobs.get(user, job.id).phase in {Phase.COMPLETED, Phase.ERROR}, seconds=60, what="the end of the job")
        done = services.jobs.get(user, job.id)
        assert done.phase is Phase.COMPLETED, done.error
        assert {what["user"] for kind, what in wire.log() if kind == "execute"} == {"vrubin"}
        said.append(json.dumps(dict(done.request)))
        assert ask("DELETE", "query/credentials") == {"user": None, "stored_at": None, "warning": None}
    said += capfd.readouterr()
    passwords = (OWN_PASSWORD, OWN_PASSWORD[::-1], PASSWORD)
    assert not [text for text in said if any(password in text for password in passwords)]
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not [path for path in written if any(password.encode() in path.read_bytes() for password in passwords)]


def test_a_notebook_stores_an_account_with_a_password_that_it_asks_for(
    settings: SkydeskSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text(Fernet.generate_key().decode())
    settings.oracle_own_accounts, settings.oracle_credentials_key_file = True, str(tmp_path / "keys")
    monkeypatch.setattr("skydesk.account_handle.getpass", lambda _: OWN_PASSWORD)
    with SkyDesk(LocalTransport(build_services(settings, mode="embedded"), local_user(settings))) as sky:
        assert sky.account.stored() is None
        kept = sky.account.store("vrubin")
        assert kept is not None
        assert kept == sky.account.stored()
        assert kept.user == "vrubin"
        assert OWN_PASSWORD not in repr(kept)
        sky.account.forget()
        assert sky.account.stored() is None
    assert OWN_PASSWORD not in "".join(capfd.readouterr())


def test_a_survey_without_own_accounts_says_so(settings: SkydeskSettings) -> None:
    with (
        SkyDesk(LocalTransport(build_services(settings, mode="embedded"), local_user(settings))) as sky,
        pytest.raises(NotFound, match="own"),
    ):
        sky.account.stored()


def test_what_an_oracle_survey_needs_is_named(settings: SkydeskSettings) -> None:
    settings.oracle_dsn = settings.oracle_password_file = ""
    with pytest.raises(InvalidRequest) as caught:
        build_services(settings, mode="embedded")
    assert [fault.field for fault in caught.value.faults] == ["oracle_dsn", "oracle_password_file"]


def test_accounts_of_peoples_own_need_a_key_and_no_proxy(settings: SkydeskSettings, tmp_path: Path) -> None:
    settings.oracle_own_accounts = settings.oracle_proxy = True
    with pytest.raises(InvalidRequest, match="oracle_credentials_key_file: is empty"):
        build_services(settings, mode="embedded")
    settings.oracle_credentials_key_file = str(tmp_path / "keys")
    with pytest.raises(InvalidRequest, match="oracle_own_accounts: does not go with oracle_proxy"):
        build_services(settings, mode="embedded")
    settings.oracle_proxy = False
    with pytest.raises(InvalidRequest, match="oracle_credentials_key_file: cannot be read"):
        build_services(settings, mode="embedded")
