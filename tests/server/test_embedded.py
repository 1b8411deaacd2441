import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from tests.server.processes import Lab, jupyter_server
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    survey = write_survey(folder / "survey")
    with jupyter_server(folder, SKYDESK_SURVEY=str(survey), SKYDESK_DATA_FOLDER=str(folder / "skydesk"), SKYDESK_WORKERS="2") as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code != 503, seconds=30, what="the start of the services")
        yield lab


@pytest.fixture
def client(lab: Lab) -> Iterator[httpx.Client]:
    with lab.client() as client:
        yield client


@pytest.fixture
def browser(lab: Lab) -> Iterator[httpx.Client]:
    with lab.browser() as browser:
        assert browser.get("session").status_code == 200
        yield browser


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def finished(client: httpx.Client, job_id: str) -> dict[str, object]:
    def ended() -> bool:
        return client.get(f"jobs/{job_id}").json()["phase"] not in {"QUEUED", "EXECUTING"}

    wait_until(ended, seconds=60, what="the end of the job")
    return client.get(f"jobs/{job_id}").json()  # type: ignore[no-any-return]


def test_the_session_is_the_local_users(client: httpx.Client, lab: Lab) -> None:
    session = client.get("session").json()
    assert session["user"]["name"] == "local"
    assert session["mode"] == "embedded"
    assert {"query", "jobs"} <= {service["name"] for service in session["services"]}
    assert session["files_root"] == "jobs"
    assert (lab.root / "jobs").is_symlink()


def test_without_a_hub_no_lab_ends(client: httpx.Client) -> None:
    lab = client.get("lab?server=").json()
    assert (lab["server"], lab["lease"], lab["queue"], lab["messages"]) == ("", None, [], [])
    assert code(client.post("lab/extend", json={"server": ""})) == (404, "not_found")
    for path in ("hub/leases", "hub/profiles?user=local&groups=gpu", "admin/overview", "admin/labs"):
        assert code(client.get(path)) == (403, "not_allowed"), path


def test_looking_at_the_end_of_a_lab_does_not_keep_it_from_being_idle(client: httpx.Client, lab: Lab) -> None:
    def last_activity() -> str:
        return str(client.get(f"{lab.base}/api/status").json()["last_activity"])

    client.get("session").raise_for_status()
    before = last_activity()
    client.get("lab?server=").raise_for_status()
    assert last_activity() == before
    client.get("session").raise_for_status()
    assert last_activity() > before


def test_a_statement_is_checked_and_run(client: httpx.Client) -> None:
    columns = client.post("query/check", json={"sql": "SELECT ID, MAG_AUTO_R FROM STARS"}).json()["columns"]
    assert [(column["name"], column["unit"]) for column in columns] == [("ID", None), ("MAG_AUTO_R", "mag")]
    reply = client.post("query/quick", json={"sql": "SELECT * FROM STARS"})
    table = pa.ipc.open_stream(reply.content).read_all()
    assert table.num_rows == 1000
    assert json.loads(table.schema.metadata[b"skydesk"])["truncated"] is True


def test_a_wrong_statement_says_where(client: httpx.Client) -> None:
    reply = client.post("query/check", json={"sql": "SELECT ID,\n  RAA FROM STARS"})
    assert code(reply) == (400, "invalid_query")
    detail = reply.json()["error"]["detail"]
    assert (detail["line"], detail["column"], detail["length"]) == (2, 3, 3)


def test_a_stream_gives_every_row(client: httpx.Client) -> None:
    with client.stream("POST", "query/stream", json={"sql": "SELECT ID FROM STARS"}) as reply:
        assert pa.ipc.open_stream(b"".join(reply.iter_raw())).read_all().num_rows == STARS


def test_a_quick_query_is_stopped_when_its_client_goes(lab: Lab, client: httpx.Client) -> None:
    endless = "SELECT COUNT(*) FROM STARS a, STARS b, STARS c, STARS d WHERE a.RA + b.RA + c.RA > d.RA"
    with lab.client() as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post("query/quick", json={"sql": endless, "query_id": str(uuid.uuid4())}, timeout=1)

    def outcomes() -> list[str]:
        return [entry["outcome"] for entry in client.get("query/history").json()["history"] if entry["sql"] == endless]

    wait_until(lambda: outcomes() == ["cancelled"], seconds=10, what="the end of the statement")


def test_a_job_runs_and_its_files_are_in_the_file_browser(lab: Lab, client: httpx.Client) -> None:
    reply = client.post("query/job", json={"sql": "SELECT ID, RA FROM STARS", "file_name": "stars.csv"})
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/lab-base/skydesk/api/jobs/{reply.json()['id']}"
    job = finished(client, reply.json()["id"])
    assert (job["phase"], job["rows"], job["files_count"]) == ("COMPLETED", STARS, 1)
    folder = f"{lab.base}/api/contents/{job['folder']}"
    names = {entry["name"] for entry in client.get(folder).json()["content"]}
    assert {"stars.csv", "manifest.json", "request.json", "job.log"} <= names
    download = client.get(f"jobs/{job['id']}/files/stars.csv")
    assert download.content.count(b"\n") == STARS + 1
    assert download.headers["content-disposition"].startswith('attachment; filename="stars.csv"')
    assert "worker" in client.get(f"jobs/{job['id']}/log").text or "statement" in client.get(f"jobs/{job['id']}/log").text


def test_events_tell_of_a_job_as_it_runs(lab: Lab, client: httpx.Client) -> None:
    with client.stream("GET", "jobs/events") as events:
        lines = (line for line in events.iter_lines() if line)
        assert next(lines) == ": skydesk"
        assert next(lines) == "event: hello"
        with lab.client() as other:
            job = other.post("query/job", json={"sql": "SELECT ID FROM STARS", "allow_duplicate": True}).json()
        phases = []
        for line in lines:
            if line.startswith("data: {") and '"phase"' in line:
                told = json.loads(line.removeprefix("data: "))
                if told["id"] == job["id"]:
                    phases.append(told["phase"])
                if told["id"] == job["id"] and told["phase"] == "COMPLETED":
                    break
    assert phases[0] == "QUEUED"
    assert phases[-1] == "COMPLETED"


def test_the_archive_is_whole(client: httpx.Client) -> None:
    job = client.post("query/job", json={"sql": "SELECT DEC FROM STARS", "name": "all\nof".replace("\n", " ")}).json()
    finished(client, job["id"])
    reply = client.get(f"jobs/{job['id']}/archive")
    assert reply.headers["content-type"] == "application/x-tar"
    assert b"manifest.json" in reply.content


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Fskydesk.sqlite",
        "%2Fetc%2Fpasswd",
        "..%2Frequest.json",
        "request.json",
        "%2e%2e%2fjob.log",
        "a%00b",
        "%0d%0aSet-Cookie:a=b",
    ],
)
def test_no_other_file_can_be_reached_through_a_job(client: httpx.Client, name: str) -> None:
    job = client.post("query/job", json={"sql": "SELECT RA FROM STARS", "allow_duplicate": True}).json()
    finished(client, job["id"])
    assert code(client.get(f"jobs/{job['id']}/files/{name}")) == (404, "not_found")


def test_without_a_token_nothing_is_answered(lab: Lab) -> None:
    with lab.client(token="") as nobody:
        for method, path in [("GET", "session"), ("POST", "query/quick"), ("GET", "jobs/events"), ("DELETE", "query/history")]:
            assert code(nobody.request(method, path)) == (401, "unauthenticated")


def test_a_wrong_token_is_refused(lab: Lab) -> None:
    with lab.client(token="another users token".replace(" ", "-")) as other:
        assert code(other.get("session")) == (401, "unauthenticated")


def test_a_cookie_alone_cannot_change_anything(browser: httpx.Client) -> None:
    assert code(browser.post("query/check", json={"sql": "SELECT 1 FROM DUAL"})) == (403, "not_allowed")


def test_a_cookie_with_the_xsrf_token_can(browser: httpx.Client) -> None:
    headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
    assert browser.post("query/check", json={"sql": "SELECT ID FROM STARS"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Mode": "no-cors"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str
)
def test_a_foreign_page_is_refused_even_with_the_xsrf_token(browser: httpx.Client, headers: dict[str, str]) -> None:
    reply = browser.post("query/check", json={"sql": "SELECT ID FROM STARS"}, headers={"X-XSRFToken": browser.cookies["_xsrf"], **headers})
    assert reply.status_code in {403, 404}
    assert "columns" not in reply.text


def test_a_large_body_and_a_wrong_type_are_refused(client: httpx.Client) -> None:
    assert code(client.post("query/check", json={"sql": "x" * 3_000_000})) == (413, "too_large")
    assert code(client.post("query/check", content=b"sql=x", headers={"Content-Type": "application/x-www-form-urlencoded"})) == (
        415,
        "unsupported_media_type",
    )


def test_an_unknown_path_and_method_are_json_errors(client: httpx.Client) -> None:
    assert code(client.get("nothing")) == (404, "not_found")
    assert code(client.put("session")) == (405, "method_not_allowed")
    assert client.head("session").status_code == 405


def test_every_panel_of_an_installed_service_is_served_as_a_module(lab: Lab, client: httpx.Client) -> None:
    services = [service for service in client.get("session").json()["services"] if service["panel"]]
    assert services
    for service in services:
        reply = client.get(f"{lab.base}/skydesk/panels/{service['name']}.js")
        assert reply.headers["content-type"].startswith("text/javascript")
        assert reply.headers["cache-control"] == "no-cache"
        again = client.get(f"{lab.base}/skydesk/panels/{service['name']}.js", headers={"If-None-Match": reply.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["nothing.js", "query.map", "..%2Fquery.js", "QUERY.js"])
def test_nothing_else_is_served_beside_the_panels(lab: Lab, client: httpx.Client, path: str) -> None:
    assert client.get(f"{lab.base}/skydesk/panels/{path}").status_code == 404


def test_panels_need_a_login(lab: Lab) -> None:
    with lab.client(token="") as nobody:
        assert nobody.get(f"{lab.base}/skydesk/panels/query.js").status_code in {302, 401, 403}


def test_a_kernel_is_told_where_skydesk_is(lab: Lab, client: httpx.Client) -> None:
    terminal = client.post(f"{lab.base}/api/terminals", json={}, headers={"Content-Type": "application/json"})
    assert terminal.status_code == 200
    environments = [Path(f"/proc/{pid}/environ") for pid in os.listdir("/proc") if pid.isdecimal()]  # noqa: PTH208

    def told() -> bool:
        for path in environments + [Path(f"/proc/{pid}/environ") for pid in os.listdir("/proc") if pid.isdecimal()]:  # noqa: PTH208
            try:
                variables = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if f"SKYDESK_URL={lab.base}".encode() in variables:
                return b"SKYDESK_TOKEN=lab-token" in variables
        return False

    wait_until(told, what="the terminal's environment")


def test_the_servers_metrics_have_ours(lab: Lab, client: httpx.Client) -> None:
    client.get("session")
    assert 'skydesk_requests_total{method="GET",route="session",status="200"}' in client.get(f"{lab.base}/metrics").text
