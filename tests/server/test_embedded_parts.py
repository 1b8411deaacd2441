"""What an embedded SkyDesk does at its start, piece by piece."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from skydesk.errors import InvalidSurvey, ServiceUnavailable
from skydesk_server.embedded import LateServices, link_jobs_folder
from tests.server.processes import jupyter_server
from tests.server.serving import wait_until
from tests.server.small_survey import write_survey


class FakeServices:
    """Notes whether it was started and closed."""

    def __init__(self) -> None:
        self.started = self.closed = False

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.closed = True


def test_while_the_survey_is_made_it_says_how_far_it_is() -> None:
    told, go_on = threading.Event(), threading.Event()
    made = FakeServices()

    def make(tell: Any) -> Any:
        tell(0.4)
        told.set()
        assert go_on.wait(10)
        return made

    late = LateServices(make)
    with pytest.raises(ServiceUnavailable, match="is starting"):
        late()
    thread = threading.Thread(target=late.make)
    thread.start()
    assert told.wait(10)
    with pytest.raises(ServiceUnavailable, match="the demo survey is being made: 40 %"):
        late()
    go_on.set()
    thread.join(10)
    assert late() is made  # type: ignore[comparison-overlap]
    assert made.started
    late.close()
    assert made.closed
    with pytest.raises(ServiceUnavailable, match="stopped"):
        late()


def test_services_that_are_made_after_the_stop_are_closed_at_once() -> None:
    made = FakeServices()
    late = LateServices(lambda tell: made)  # type: ignore[arg-type,return-value]
    late.close()
    late.make()
    assert (made.started, made.closed) == (False, True)


@pytest.mark.parametrize(
    ("error", "message"),
    [(InvalidSurvey("name: is missing"), "name: is missing"), (ZeroDivisionError("secret"), "the server's log says why")],
)
def test_a_start_that_fails_says_why(error: Exception, message: str) -> None:
    def make(tell: Any) -> Any:
        raise error

    late = LateServices(make)
    late.make()
    with pytest.raises(ServiceUnavailable, match=message) as caught:
        late()
    assert "secret" not in str(caught.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "vera"


def test_the_job_folders_are_linked_as_jobs(root: Path, jobs: Path) -> None:
    assert link_jobs_folder(root, jobs) == "jobs"
    assert (root / "jobs").resolve() == jobs
    assert link_jobs_folder(root, jobs) == "jobs"


def test_what_a_user_has_there_is_left_alone(root: Path, jobs: Path) -> None:
    (root / "jobs").mkdir()
    assert link_jobs_folder(root, jobs) == "skydesk-jobs"
    assert not (root / "jobs").is_symlink()
    (root / "skydesk-jobs").unlink()
    (root / "skydesk-jobs").write_text("mine")
    assert link_jobs_folder(root, jobs) is None
    assert (root / "skydesk-jobs").read_text() == "mine"


def test_a_link_of_the_users_is_left_alone_even_if_it_leads_nowhere(root: Path, jobs: Path) -> None:
    (root / "jobs").symlink_to("/nowhere/at/all")
    assert link_jobs_folder(root, jobs) == "skydesk-jobs"


def test_folders_below_the_root_need_no_link(root: Path) -> None:
    assert link_jobs_folder(root, root / "data" / "jobs" / "local") == "data/jobs/local"
    assert link_jobs_folder(root, root / ".local" / "jobs" / "local") == "jobs"


def test_a_root_that_cannot_be_written_has_no_link(tmp_path: Path, jobs: Path) -> None:
    (tmp_path / "file").write_text("")
    assert link_jobs_folder(tmp_path / "file", jobs) is None


def test_a_server_with_a_password_gives_kernels_a_token_of_their_own(tmp_path: Path) -> None:
    from jupyter_server.auth import passwd

    survey = write_survey(tmp_path / "survey")
    with jupyter_server(
        tmp_path,
        token=None,
        arguments=[f"--PasswordIdentityProvider.hashed_password={passwd('x', algorithm='sha1')}"],
        SKYDESK_SURVEY=str(survey),
        SKYDESK_DATA_FOLDER=str(tmp_path / "data"),
    ) as lab:
        with httpx.Client(base_url=lab.base, trust_env=False) as client:
            assert client.get("/skydesk/api/session").status_code == 401
            client.get("/login")
            client.post("/login", data={"password": "x", "_xsrf": client.cookies["_xsrf"]})
            headers = {"X-XSRFToken": client.cookies["_xsrf"]}
            assert client.post("/api/terminals", headers=headers).status_code == 200
        variables = _environment_of_a_child(lab.base)
        with httpx.Client(headers={"Authorization": f"token {variables['SKYDESK_TOKEN']}"}, trust_env=False) as kernel:
            url = f"{variables['SKYDESK_URL']}/skydesk/api/session"
            wait_until(lambda: kernel.get(url).status_code == 200, seconds=30, what="the session")


def test_a_server_without_a_survey_that_can_be_made_says_so_and_stays_up(tmp_path: Path) -> None:
    variables = {"SKYDESK_SURVEY": str(tmp_path / "nothing.toml"), "SKYDESK_DATA_FOLDER": str(tmp_path / "data")}
    with jupyter_server(tmp_path, **variables) as lab, lab.client() as client:
        wait_until(lambda: "could not start" in client.get("session").text, seconds=30, what="the message")
        assert client.get("session").status_code == 503
        assert client.get(f"{lab.base}/api/status").status_code == 200


def test_the_end_of_the_server_ends_its_workers_and_puts_the_job_back(tmp_path: Path) -> None:
    survey = write_survey(tmp_path / "survey")
    data = tmp_path / "data"
    with jupyter_server(tmp_path / "one", SKYDESK_SURVEY=str(survey), SKYDESK_DATA_FOLDER=str(data)) as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code == 200, seconds=30, what="the session")
            endless = "SELECT COUNT(*) FROM STARS a, STARS b, STARS c, STARS d WHERE a.RA + b.RA + c.RA > d.RA"
            job = client.post("query/job", json={"sql": endless}).json()
            wait_until(lambda: client.get(f"jobs/{job['id']}").json()["phase"] == "EXECUTING", seconds=30, what="the job's start")
        assert _processes_with(f"SKYDESK_DATA_FOLDER={data}")
    wait_until(lambda: not _processes_with(f"SKYDESK_DATA_FOLDER={data}"), seconds=5, what="the end of all processes")
    stored = sqlite3.connect(data / "skydesk.sqlite")
    assert stored.execute("select phase, runner from jobs").fetchall() == [("QUEUED", None)]
    stored.close()


def _processes_with(variable: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _environment_of_a_child(base: str) -> dict[str, str]:
    found: list[dict[str, str]] = []

    def look() -> bool:
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                text = path.read_bytes().decode(errors="replace")
            except OSError:
                continue
            variables = dict(entry.partition("=")[::2] for entry in text.split("\0") if "=" in entry)
            if variables.get("SKYDESK_URL") == base:
                found.append(variables)
        return bool(found)

    wait_until(look, what="the terminal")
    return found[0]
