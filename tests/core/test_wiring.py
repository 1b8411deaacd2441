import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.access import User
from skydesk.errors import InvalidRequest, InvalidSurvey, ServiceUnavailable
from skydesk.jobs.model import Phase
from skydesk.leases.model import EndReason
from skydesk.query.model import QueryRequest
from skydesk.query.output import parse_output
from skydesk.settings import SkydeskSettings
from skydesk.web.query_job import request_from_json, request_to_json, submit_query
from skydesk.wiring import Services, build_services, embedded_transport, jobs_folder_of, local_user, worker_services
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey

SQL = "SELECT ID, MAG_AUTO_R FROM STARS"


@pytest.fixture(scope="module")
def survey_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture
def settings(tmp_path: Path, survey_file: Path) -> SkydeskSettings:
    return SkydeskSettings(survey_file=str(survey_file), data_folder=str(tmp_path / "data"), workers=2)


@pytest.fixture
def user(settings: SkydeskSettings) -> User:
    return local_user(settings)


@pytest.fixture
def services(settings: SkydeskSettings) -> Iterator[Services]:
    with build_services(settings, mode="embedded") as services:
        yield services


def test_a_job_goes_all_the_way_to_its_file(services: Services, settings: SkydeskSettings, user: User) -> None:
    job = submit_query(services, user, QueryRequest(sql=SQL, output=parse_output("stars.csv")))
    wait_until(lambda: services.jobs.get(user, job.id).phase is Phase.COMPLETED, seconds=60, what="the end of the job")
    path = services.jobs.file(user, job.id, "stars.csv")
    assert path == jobs_folder_of(settings, user.name) / job.id / "stars.csv"
    assert path.read_bytes().count(b"\n") == STARS + 1


def test_nothing_is_left_running_after_the_end(settings: SkydeskSettings, user: User) -> None:
    before = set(threading.enumerate())
    with build_services(settings, mode="embedded") as services:
        services.queries.quick(user, SQL)
    wait_until(lambda: not {thread for thread in threading.enumerate() if thread not in before and not thread.daemon}, what="the end")
    services.close()


def test_jobs_survive_a_restart(settings: SkydeskSettings, user: User) -> None:
    services = build_services(settings, mode="embedded")
    job = submit_query(services, user, QueryRequest(sql=SQL, output=parse_output("x.csv")))
    services.close()
    with build_services(settings, mode="embedded") as again:
        wait_until(lambda: again.jobs.get(user, job.id).phase is Phase.COMPLETED, seconds=60, what="the end of the job")
        assert [entry.sql for entry in again.queries.history(user)] == [SQL]


def test_with_a_hub_labs_are_charged_while_they_run(settings: SkydeskSettings) -> None:
    settings.lease_tick_seconds = 0.1
    with build_services(settings, mode="hub") as services:
        lease = services.leases.started(services.leases.admit("vera", ["gpu"], "", "gpu").id)

        def charged_seconds() -> float:
            return services.leases.store.read(lambda book: book.gpu_seconds_by_group())["gpu"]

        wait_until(lambda: charged_seconds() > 0, seconds=20, what="the first charge")
        assert services.leases.end(lease.id, EndReason.USER, None).gpu_seconds == charged_seconds()


def test_without_a_hub_nobody_looks_after_leases(services: Services) -> None:
    assert not [thread for thread in threading.enumerate() if thread.name == "skydesk-leases"]
    assert services.leases.running() == ()


def test_the_local_user_may_use_everything(settings: SkydeskSettings, user: User) -> None:
    assert user.entitlements.allows_service("anything")
    assert user.entitlements.allows_release("anything")
    assert user.entitlements.jobs.concurrent == settings.workers
    assert user.entitlements.jobs.memory_bytes == settings.worker_memory_bytes


def test_a_worker_opens_catalogue_and_writer_alone(survey_file: Path) -> None:
    worker = worker_services({"survey_file": str(survey_file), "catalog": {"memory_bytes": 2**28, "threads": 1}})
    assert worker.catalog.check(SQL)[0].name == "ID"
    assert worker.survey.name == "small"
    worker.catalog.close()  # type: ignore[attr-defined]


def test_a_process_without_a_server_answers_calls_and_starts_no_worker_before_a_job_comes(
    survey_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path / "data"))
    earlier = build_services(SkydeskSettings(survey_file=str(survey_file)), mode="embedded")
    user = local_user(SkydeskSettings())
    left = submit_query(earlier, user, QueryRequest(sql=SQL, output=parse_output("left.csv")))
    earlier.close()
    transport = embedded_transport(survey_file)
    try:
        assert transport.request("GET", "session").json["mode"] == "embedded"
        assert transport.request("GET", "jobs").json["jobs"][0]["phase"] == "QUEUED"
        assert transport.request("GET", f"jobs/{left.id}").json["attempt"] == 0
        body = {"sql": "SELECT RA FROM STARS", "file_name": "ra.csv"}
        job_id = transport.request("POST", "query/job", body).json["id"]
        wait_until(lambda: transport.request("GET", f"jobs/{job_id}").json["phase"] == "COMPLETED", seconds=60, what="the end of the job")
    finally:
        transport.close()


def test_a_wrong_survey_leaves_nothing_open(tmp_path: Path) -> None:
    with pytest.raises(InvalidSurvey):
        build_services(SkydeskSettings(survey_file=str(tmp_path / "none.toml"), data_folder=str(tmp_path / "data")), mode="hub")
    assert not (tmp_path / "data").exists()


def test_a_catalogue_in_oracle_without_its_settings_is_refused_in_words(tmp_path: Path, survey_file: Path) -> None:
    other = tmp_path / "survey.toml"
    other.write_text(survey_file.read_text().replace('kind = "duckdb"\npath = "catalog.duckdb"', 'kind = "oracle"'))
    with pytest.raises(InvalidRequest, match="oracle_dsn: is empty"):
        build_services(SkydeskSettings(survey_file=str(other), data_folder=str(tmp_path / "data")), mode="hub")


def test_a_broken_database_is_said_and_the_catalogue_closed_again(settings: SkydeskSettings, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "skydesk.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises((ServiceUnavailable, InvalidRequest)):
        build_services(settings, mode="hub")
    (tmp_path / "data" / "skydesk.sqlite").unlink()
    with build_services(settings, mode="hub"):
        assert sqlite3.connect(tmp_path / "data" / "skydesk.sqlite").execute("select count(*) from jobs").fetchone() == (0,)


def test_mail_needs_a_sender_and_a_password_that_can_be_read(settings: SkydeskSettings, tmp_path: Path) -> None:
    settings.smtp_host = "127.0.0.1"
    with pytest.raises(InvalidRequest, match="mail_from: is empty"):
        build_services(settings, mode="hub")
    settings.mail_from, settings.smtp_user, settings.smtp_password_file = "sky@example.org", "sky", str(tmp_path / "none")
    with pytest.raises(InvalidRequest, match="smtp_password_file"):
        build_services(settings, mode="hub")


def test_a_request_survives_the_job_store() -> None:
    request = QueryRequest(sql="SELECT 1 FROM DUAL", output=parse_output("a.csv.gz"), max_rows=7)
    assert request_from_json(request_to_json(request)) == request
    assert request_from_json({"sql": "x", "output": None}) == QueryRequest(sql="x")
