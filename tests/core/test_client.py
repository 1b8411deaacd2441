import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr
from pathlib import Path

import httpx
import pytest

import skydesk
from skydesk.client import SkyDesk
from skydesk.errors import (
    Cancelled,
    Conflict,
    DeadlineExceeded,
    InvalidQuery,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    ServiceUnavailable,
    SkydeskError,
    Unauthenticated,
    UsageError,
)
from skydesk.jobs.model import Phase
from skydesk.transport import HttpTransport, LocalTransport
from tests.ports import free_port
from tests.server.processes import Lab, clean_environment, jupyter_server, process, wait_for_answer
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey

ENDLESS = "SELECT COUNT(*) FROM STARS a, STARS b, STARS c, STARS d WHERE a.RA + b.RA + c.RA > d.RA"
ENDLESS_ROWS = "SELECT a.ID FROM STARS a, STARS b, STARS c"
ADDRESSES = ("SKYDESK_URL", "SKYDESK_TOKEN", "SKYDESK_SERVICE_URL", "JUPYTERHUB_API_TOKEN", "SKYDESK_SURVEY")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, survey: Path) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_server(folder, SKYDESK_SURVEY=str(survey), SKYDESK_DATA_FOLDER=str(folder / "skydesk"), SKYDESK_WORKERS="2") as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code != 503, seconds=60, what="the start of the services")
        yield lab


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, survey: Path) -> Iterator[SkyDesk]:
    """Services in this process, as `connect` makes them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ADDRESSES:
            patch.delenv(name, raising=False)
        patch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path_factory.mktemp("here")))
        patch.setenv("SKYDESK_WORKERS", "2")
        sky = skydesk.connect(survey=survey)
    with sky:
        yield sky


@pytest.fixture(params=["in this process", "over http"])
def sky(request: pytest.FixtureRequest) -> Iterator[SkyDesk]:
    if request.param == "in this process":
        yield request.getfixturevalue("here")
        return
    lab = request.getfixturevalue("lab")
    with skydesk.connect(lab.base, token=lab.token) as sky:
        yield sky


def outcomes(sky: SkyDesk, sql: str) -> list[str]:
    answer = sky.transport.request("GET", "query/history").require_json()
    return [entry["outcome"] for entry in answer["history"] if entry["sql"] == sql]


def test_without_a_service_the_survey_is_served_here(here: SkyDesk) -> None:
    assert isinstance(here.transport, LocalTransport)
    assert not here.outlives_this_process
    assert here.session()["survey"]["name"] == "small"


def test_the_survey_of_the_environment_is_served_here(survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_SURVEY", str(survey))
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path))
    with skydesk.connect() as sky:
        assert sky.session()["survey"]["name"] == "small"


def test_a_kernel_of_a_jupyter_server_finds_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_URL", lab.base)
    monkeypatch.setenv("SKYDESK_TOKEN", lab.token)
    with skydesk.connect() as sky:
        assert isinstance(sky.transport, HttpTransport)
        assert sky.session()["mode"] == "embedded"


def test_a_lab_of_a_hub_finds_its_service(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_SERVICE_URL", lab.base)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", lab.token)
    with skydesk.connect() as sky:
        assert sky.outlives_this_process
        assert sky.session()["survey"]["name"] == "small"


def test_a_survey_that_is_named_is_served_here_whatever_else_there_is(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYDESK_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path))
    with skydesk.connect(survey=survey) as sky:
        assert isinstance(sky.transport, LocalTransport)


def test_a_wrong_token_is_refused(lab: Lab) -> None:
    with skydesk.connect(lab.base, token="wrong") as sky, pytest.raises(Unauthenticated):
        sky.tables()


def test_a_query_gives_rows_with_units(sky: SkyDesk) -> None:
    result = sky.query("SELECT ID, RA, MAG_AUTO_R, REMARK FROM STARS ORDER BY ID")
    assert len(result) == STARS
    table = result.to_astropy()
    assert str(table["RA"].unit) == "deg"
    assert table["ID"][:3].tolist() == [1, 2, 3]
    assert table["REMARK"].mask[:2].tolist() == [False, True]
    assert result.to_pandas()["MAG_AUTO_R"].dtype == "float32"
    assert result.to_arrow().num_rows == STARS


def test_rows_are_read_batch_by_batch(sky: SkyDesk) -> None:
    with sky.stream(ENDLESS_ROWS) as reader:
        first = next(iter(reader))
        assert first.num_rows > 0
        assert reader.schema.names == ["ID"]
    wait_until(lambda: outcomes(sky, ENDLESS_ROWS) == ["cancelled"], seconds=20, what="the end of the statement")
    sky.transport.request("DELETE", "query/history").require_json()


def test_rows_and_seconds_can_be_limited(sky: SkyDesk) -> None:
    assert len(sky.query("SELECT ID FROM STARS", max_rows=7)) == 7
    assert len(sky.query("SELECT ID FROM STARS", max_rows=0)) == 0
    with pytest.raises(DeadlineExceeded):
        sky.query(ENDLESS, limit_seconds=0.5)
    with pytest.raises(DeadlineExceeded, match="after 1 s"):
        sky.query(ENDLESS_ROWS, limit_seconds=1)
    with pytest.raises(InvalidRequest, match="max_rows"):
        sky.query("SELECT ID FROM STARS", max_rows=-1)


def test_a_wrong_statement_says_where(sky: SkyDesk) -> None:
    for call in (sky.query, sky.check, sky.explain, sky.submit):
        with pytest.raises(InvalidQuery) as caught:
            call("SELECT ID,\n  RAA FROM STARS")
        assert (caught.value.line, caught.value.column) == (2, 3)


def test_a_statement_is_checked_and_explained(sky: SkyDesk) -> None:
    assert [(column.name, column.unit) for column in sky.check("SELECT ID, RA FROM STARS")] == [("ID", None), ("RA", "deg")]
    explained = sky.explain("SELECT ID FROM STARS")
    assert explained.plan
    assert "STARS" in explained.statement


def test_tables_have_columns(sky: SkyDesk) -> None:
    assert [(table.name, table.row_count) for table in sky.tables()] == [("STARS", STARS)]
    assert [column.name for column in sky.table("stars").columns][:2] == ["ID", "RA"]
    with pytest.raises(NotFound, match="did you mean STARS"):
        sky.table("STRAS")
    for name in ("", "..", "a/b", "x?y"):
        with pytest.raises(NotFound):
            sky.table(name)


@pytest.mark.parametrize("file_name", ["a.csv", "a.csv.gz", "a.tab", "a.fits", "a.h5", "a.parquet", "a.vot", "a.ecsv", "a.arrow"])
def test_a_jobs_result_is_read_from_every_format(here: SkyDesk, file_name: str) -> None:
    job = here.submit("SELECT ID, RA, REMARK FROM STARS ORDER BY ID", file_name=file_name, allow_duplicate=True)
    table = job.wait(60, progress=False).result().to_astropy()
    assert len(table) == STARS
    assert table["ID"].tolist() == list(range(1, STARS + 1))
    assert table["REMARK"][0] == "<script>alert(1)</script>"
    # astropy's reader of VOTables gives a NULL text as an empty one
    assert table["REMARK"][1] == "" if file_name == "a.vot" else table["REMARK"].mask[1]


def test_a_job_is_followed_and_steered(sky: SkyDesk, tmp_path: Path) -> None:
    job = sky.submit("SELECT ID FROM STARS", file_name="ids.csv", name="all of <b>them</b>", allow_duplicate=True)
    with pytest.raises(UsageError, match="has no result"):
        sky.submit(ENDLESS, allow_duplicate=True).cancel().result()
    assert job.wait(60, progress=False) is job
    assert job.phase is Phase.COMPLETED
    assert job.info["rows"] == STARS
    assert job.name == "all of <b>them</b>"
    assert job.sql == "SELECT ID FROM STARS"
    assert job.log
    assert [file["name"] for file in job.files] == ["ids.csv"]
    assert job.download(tmp_path) == [tmp_path / "ids.csv"]
    assert (tmp_path / "ids.csv").read_text().count("\n") == STARS + 1
    for names in (["../manifest.json"], ["nothing"], [".."]):
        with pytest.raises(NotFound, match="has no file"):
            job.download(tmp_path, names)
    with pytest.raises(UsageError, match="no folder"):
        job.download(tmp_path / "none")
    assert list(tmp_path.iterdir()) == [tmp_path / "ids.csv"]
    assert job.rename("mine").name == "mine"
    before = job.destruction_at
    assert job.renew().destruction_at > before
    with pytest.raises(Conflict):
        job.cancel()
    again = job.rerun()
    assert again.id != job.id
    assert again.wait(60, progress=False).sql == job.sql
    assert {each.id for each in sky.jobs(phase="COMPLETED")} >= {job.id, again.id}
    assert [each.id for each in sky.jobs(text=job.id)] == [job.id]
    assert len(sky.jobs(limit=1)) == 1
    assert sky.job(job.id).name == "mine"
    job.delete()
    with pytest.raises(NotFound):
        sky.job(job.id)
    with pytest.raises(NotFound):
        job.refresh()


@pytest.mark.parametrize("job_id", ["", ".", "..", "events", "0123456789abcdef", "a/b", "?", "X" * 16])
def test_a_job_that_is_not_there_is_not_found(sky: SkyDesk, job_id: str) -> None:
    with pytest.raises(NotFound):
        sky.job(job_id)


def test_the_same_statement_again_is_a_conflict_unless_wanted(sky: SkyDesk) -> None:
    sql = "SELECT ID FROM STARS WHERE ID = 17"
    sky.submit(sql)
    with pytest.raises(Conflict):
        sky.submit(sql)
    assert sky.submit(sql, allow_duplicate=True).wait(60, progress=False).result().to_arrow()["ID"].to_pylist() == [17]


def test_a_wrong_file_name_is_named(sky: SkyDesk) -> None:
    with pytest.raises(InvalidRequest, match=r"xyz.*does not tell the format"):
        sky.submit("SELECT ID FROM STARS", file_name="a.xyz")


def test_waiting_ends_when_the_time_is_up_and_the_job_goes_on(sky: SkyDesk) -> None:
    job = sky.submit(ENDLESS, allow_duplicate=True)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="it goes on"):
        job.wait(1.5, progress=False)
    assert time.monotonic() - began < 6
    assert job.refresh().phase in {Phase.QUEUED, Phase.EXECUTING}
    job.cancel()
    with pytest.raises(Cancelled):
        job.wait(60, progress=False)
    assert job.phase is Phase.ABORTED


def test_a_job_that_fails_says_why(sky: SkyDesk) -> None:
    job = sky.submit("SELECT 1 / (ID - ID) X FROM STARS", allow_duplicate=True)
    with pytest.raises(SkydeskError) as caught:
        job.wait(60, progress=False)
    assert job.phase is Phase.ERROR
    assert str(caught.value) == job.info["error"]["message"]
    assert caught.value.code == job.info["error"]["code"]


def test_a_job_that_is_deleted_while_it_is_waited_for_is_not_found(sky: SkyDesk) -> None:
    job = sky.submit(ENDLESS, allow_duplicate=True)
    timer = threading.Timer(1, sky.job(job.id).delete)
    timer.start()
    with pytest.raises((NotFound, Cancelled)):
        job.wait(60, progress=False)
    timer.join()


def test_a_bar_shows_the_progress_where_it_is_wanted(sky: SkyDesk) -> None:
    for shown in (True, False):
        said = io.StringIO()
        with redirect_stderr(said):
            sky.submit("SELECT ID FROM STARS", name="the bar", allow_duplicate=True).wait(60, progress=shown)
        assert ("the bar" in said.getvalue()) is shown


@pytest.fixture
def _hears_ctrl_c() -> Iterator[None]:
    """A background shell would have SIGINT ignored in all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_soon(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.usefixtures("_hears_ctrl_c")
@pytest.mark.parametrize("sql", [ENDLESS, ENDLESS_ROWS], ids=["before the first row", "after it"])
def test_ctrl_c_stops_the_statement_where_it_runs(sky: SkyDesk, sql: str) -> None:
    sky.transport.request("DELETE", "query/history").require_json()
    timer = interrupt_soon(1)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sky.query(sql)
    assert time.monotonic() - began < 8
    timer.join()
    wait_until(lambda: outcomes(sky, sql) == ["cancelled"], seconds=20, what="the end of the statement")


@pytest.mark.usefixtures("_hears_ctrl_c")
def test_ctrl_c_ends_the_wait_and_not_the_job(sky: SkyDesk) -> None:
    job = sky.submit(ENDLESS, allow_duplicate=True)
    timer = interrupt_soon(1.5)
    with pytest.raises(KeyboardInterrupt):
        job.wait(progress=False)
    timer.join()
    assert job.refresh().phase in {Phase.QUEUED, Phase.EXECUTING}
    job.delete()


def test_too_many_rows_are_refused_in_the_middle(tmp_path: Path, survey: Path) -> None:
    from dataclasses import replace

    from skydesk.settings import SkydeskSettings
    from skydesk.wiring import build_services, local_user

    settings = SkydeskSettings(survey_file=str(survey), data_folder=str(tmp_path))
    services = build_services(settings, mode="embedded", on_demand=True)
    user = local_user(settings)
    limits = replace(user.entitlements, query=replace(user.entitlements.query, max_rows=100_000))
    with SkyDesk(LocalTransport(services, replace(user, entitlements=limits))) as sky, pytest.raises(LimitExceeded, match="100,000"):
        sky.query(ENDLESS_ROWS)


def test_a_wait_outlives_a_restart_of_the_service(tmp_path: Path, survey: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    log = tmp_path / "jupyter.log"
    config = Path(__file__).parents[2] / "extensions" / "jupyter-config" / "server-config"
    environment = clean_environment(
        tmp_path / "home",
        SKYDESK_SURVEY=str(survey),
        SKYDESK_DATA_FOLDER=str(tmp_path / "skydesk"),
        SKYDESK_WORKERS="1",
        JUPYTER_CONFIG_PATH=str(config),
        JUPYTER_RUNTIME_DIR=str(tmp_path / "runtime"),
    )
    with httpx.Client(trust_env=False), ExitStack() as closing:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
        command += [
            f"--ServerApp.root_dir={root}",
            "--IdentityProvider.token=t",
            "--ServerApp.jpserver_extensions={'skydesk_server': True}",
        ]
        first = closing.enter_context(ExitStack())
        started = first.enter_context(process(command, environment=environment, folder=tmp_path, log=log))
        asked = {"Authorization": "token t"}
        wait_for_answer(f"{base}/skydesk/api/session", started, log, headers=asked)
        sky = closing.enter_context(skydesk.connect(base, token="t"))
        job = sky.submit("SELECT COUNT(*) N FROM STARS a, STARS b, STARS c WHERE a.RA + b.RA > c.RA AND c.ID < 800")
        wait_until(lambda: job.refresh().phase is Phase.EXECUTING, seconds=30, what="the start of the job")
        ended: list[object] = []

        def wait() -> None:
            try:
                ended.append(job.wait(180, progress=False).phase)
            except SkydeskError as error:
                ended.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        first.close()
        with pytest.raises(ServiceUnavailable):
            sky.tables()
        started = closing.enter_context(process(command, environment=environment, folder=tmp_path, log=log))
        wait_for_answer(f"{base}/skydesk/api/session", started, log, headers=asked)
        waiting.join(180)
        assert ended == [Phase.COMPLETED]
