import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tests.fakes.hub import FakeHub
from tests.ports import free_port
from tests.server.processes import clean_environment, process, wait_for_answer
from tests.server.serving import serve, wait_until
from tests.server.small_survey import STARS, write_survey

ALL_SCOPES = [
    "access:services!service=skydesk",
    "custom:skydesk:query",
    "custom:skydesk:cutout",
    "custom:skydesk:footprint",
    "custom:skydesk:jobs",
]


def person(name: str, *groups: str, scopes: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "groups": list(groups), "scopes": ALL_SCOPES if scopes is None else scopes}


PEOPLE = {
    "vera-token": person("vera", "default"),
    "vera-narrow-token": person("vera", "default", scopes=[*ALL_SCOPES[:1], "custom:skydesk:jobs"]),
    "henrietta-token": person("henrietta", "limited"),
    "groupless-token": person("george"),
    "outsider-token": person("olga", "default", scopes=["custom:skydesk:query"]),
    "filtered-token": person("vera", "default", scopes=["access:services!service=skydesk", "custom:skydesk:query!user=vera"]),
    "prometheus-token": {"kind": "service", "name": "prometheus", "scopes": ["read:metrics"]},
    "strange-token": person("<b>x</b>", "default"),
    "hub-token": {"kind": "service", "name": "skydesk-hub", "scopes": [*ALL_SCOPES, "custom:skydesk:hub", "custom:skydesk:admin"]},
    "half-hub-token": {"kind": "service", "name": "other", "scopes": ALL_SCOPES},
    "pretender-token": person("petra", "advanced", scopes=[*ALL_SCOPES, "custom:skydesk:hub", "custom:skydesk:admin"]),
    "admin-token": person("jocelyn", "admin", scopes=[*ALL_SCOPES, "custom:skydesk:admin"]),
    "admin-lab-token": person("jocelyn", "admin"),
    "gpu-token": person("vera", "default", "gpu"),
}


class Service:
    """A hub service that runs, and its hub."""

    def __init__(self, url: str, hub: FakeHub, started: subprocess.Popen[bytes], log: Path) -> None:
        self.url, self.hub, self.started, self.log = url, hub, started, log

    def client(self, token: str | None = "vera-token") -> httpx.Client:
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}skydesk/api/", headers=headers, trust_env=False, timeout=60)


def start_service(folder: Path, hub: FakeHub, hub_url: str, *, arguments: Sequence[str] = (), **variables: str) -> Any:
    port = free_port()
    survey = write_survey(folder / "survey") if not (folder / "survey").exists() else folder / "survey/survey.toml"
    environment = clean_environment(
        folder / "home",
        JUPYTERHUB_SERVICE_NAME="skydesk",
        JUPYTERHUB_SERVICE_PREFIX="/services/skydesk/",
        JUPYTERHUB_SERVICE_URL=f"http://127.0.0.1:{port}",
        JUPYTERHUB_API_TOKEN="service-token",
        JUPYTERHUB_API_URL=f"{hub_url}/hub/api",
        JUPYTERHUB_BASE_URL="/",
        JUPYTERHUB_CLIENT_ID="service-skydesk",
        JUPYTERHUB_OAUTH_ACCESS_SCOPES=json.dumps(["access:services", "access:services!service=skydesk"]),
        SKYDESK_SURVEY=str(survey),
        SKYDESK_DATA_FOLDER=str(folder / "data"),
        SKYDESK_WORKERS="2",
    )
    environment |= variables
    command = [sys.executable, "-m", "skydesk_server.hub_service", *arguments]
    return f"http://127.0.0.1:{port}/services/skydesk/", process(
        command, environment=environment, folder=folder, log=folder / "service.log"
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    hub = FakeHub(PEOPLE)
    with serve(hub.application) as hub_url:
        url, running = start_service(folder, hub, hub_url)
        with running as started:
            wait_for_answer(f"{url}health", started, folder / "service.log")
            yield Service(url, hub, started, folder / "service.log")


@pytest.fixture
def vera(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_a_hub_token_says_who_asks(vera: httpx.Client) -> None:
    session = vera.get("session").json()
    assert session["user"] == {"name": "vera", "groups": ["default"]}
    assert (session["mode"], session["files_root"]) == ("hub", "jobs")
    assert [service["name"] for service in session["services"]] == ["query", "cutout", "footprint", "jobs"]
    assert session["limits"]["jobs"]["concurrent"] == 2


def test_bearer_is_as_good_as_token(service: Service) -> None:
    with service.client(None) as client:
        assert client.get("session", headers={"Authorization": "Bearer vera-token"}).status_code == 200


@pytest.mark.parametrize("token", [None, "wrong-token", "service-token"])
def test_nobody_else_is_let_in(service: Service, token: str | None) -> None:
    with service.client(token) as client:
        assert code(client.get("session")) == (401, "unauthenticated")
        assert code(client.post("query/quick", json={"sql": "SELECT 1 FROM DUAL"})) == (401, "unauthenticated")


def test_a_token_in_the_address_is_not_taken(service: Service) -> None:
    with service.client(None) as client:
        assert code(client.get("session?token=vera-token")) == (401, "unauthenticated")


def test_who_may_not_use_the_hubs_service_is_told_so(service: Service) -> None:
    with service.client("outsider-token") as client:
        assert code(client.get("session")) == (403, "not_allowed")


def test_a_service_needs_the_group_and_the_scope(service: Service) -> None:
    with service.client("groupless-token") as client:
        assert client.get("session").json()["services"] == []
        assert code(client.get("query/schema")) == (403, "not_allowed")
    with service.client("vera-narrow-token") as client:
        assert [entry["name"] for entry in client.get("session").json()["services"]] == ["jobs"]
        assert code(client.post("query/check", json={"sql": "SELECT ID FROM STARS"})) == (403, "not_allowed")
        assert client.get("jobs").status_code == 200


def test_a_scope_that_is_narrowed_to_something_does_not_open_the_service(service: Service) -> None:
    with service.client("filtered-token") as client:
        assert code(client.get("query/schema")) == (403, "not_allowed")


def test_a_query_runs(vera: httpx.Client) -> None:
    reply = vera.post("query/quick", json={"sql": "SELECT ID FROM STARS"})
    assert pa.ipc.open_stream(reply.content).read_all().num_rows == 1000


def test_a_job_is_its_owners_alone(service: Service, vera: httpx.Client) -> None:
    job = vera.post("query/job", json={"sql": "SELECT ID FROM STARS", "file_name": "a.csv"}).json()
    wait_until(lambda: vera.get(f"jobs/{job['id']}").json()["phase"] == "COMPLETED", seconds=60, what="the end of the job")
    assert vera.get(f"jobs/{job['id']}").json()["rows"] == STARS
    with service.client("henrietta-token") as henrietta:
        for method, rest in [
            ("GET", ""),
            ("GET", "/files"),
            ("GET", "/files/a.csv"),
            ("GET", "/archive"),
            ("DELETE", ""),
            ("POST", "/cancel"),
        ]:
            assert code(henrietta.request(method, f"jobs/{job['id']}{rest}")) == (404, "not_found")
        assert henrietta.get("jobs").json()["jobs"] == []


def test_the_hubs_own_token_may_ask_for_leases_and_nothing_else(service: Service) -> None:
    with service.client("hub-token") as hub:
        assert hub.get("hub/leases").json() == {"leases": []}
        for path in ("session", "lab", "jobs", "query/schema", "admin/overview", "lab/events"):
            assert code(hub.get(path)) == (403, "not_allowed"), path


@pytest.mark.parametrize("token", ["vera-token", "pretender-token", "admin-token", "half-hub-token"])
def test_nobody_but_the_hub_asks_for_leases(service: Service, token: str) -> None:
    with service.client(token) as client:
        assert code(client.get("hub/leases")) == (403, "not_allowed")
        assert code(client.post("hub/leases", json={"user": "vera", "groups": ["gpu"], "server": "", "profile": "gpu"})) == (
            403,
            "not_allowed",
        )


def test_a_lab_is_lent_seen_from_inside_and_ended(service: Service) -> None:
    with service.client("hub-token") as hub, service.client("gpu-token") as lab, service.client("admin-token") as admin:
        wish = {"user": "vera", "groups": ["default", "gpu"], "server": "a-b", "profile": "gpu"}
        lease = hub.post("hub/leases", json=wish).raise_for_status().json()
        assert (lease["phase"], lease["gpus"], lease["group"]) == ("STARTING", 1, "gpu")
        hub.post(f"hub/leases/{lease['id']}/started", json={}).raise_for_status()
        assert lab.get("lab?server=a-b").json()["lease"]["phase"] == "ACTIVE"
        with lab.stream("GET", "lab/events?server=a-b") as events:
            lines = (line for line in events.iter_lines() if line.startswith("data:"))
            assert json.loads(next(lines)[5:])["lease"]["extensions_left"] == 1
            lab.post("lab/extend", json={"server": "a-b"}).raise_for_status()
            assert json.loads(next(lines)[5:])["lease"]["extensions_left"] == 0
        assert code(lab.post("lab/extend", json={"server": "a-b"})) == (409, "conflict")
        metrics = httpx.get(f"{service.url}metrics", headers={"Authorization": "token prometheus-token"}, trust_env=False).text
        assert 'skydesk_leases{phase="ACTIVE",profile="gpu"} 1.0' in metrics
        admin.post(f"admin/leases/{lease['id']}/end", json={"message": "bye"}).raise_for_status()
        assert hub.get("hub/leases").json()["leases"][0]["end"] == {"reason": "admin", "message": "bye"}
        hub.post(f"hub/leases/{lease['id']}/ended", json={"reason": "admin", "message": None}).raise_for_status()
        acts = admin.get("admin/audit").json()["audit"]
        assert [(act["what"], act["address"]) for act in acts] == [("lease.end", "127.0.0.1")]


def test_an_administrators_lab_has_no_rights_over_others(service: Service) -> None:
    with service.client("admin-lab-token") as client:
        assert code(client.get("admin/overview")) == (403, "not_allowed")


def test_the_hub_is_not_asked_for_every_call(service: Service, vera: httpx.Client) -> None:
    vera.get("session")
    before = service.hub.asked
    for _ in range(5):
        vera.get("session")
    assert service.hub.asked == before


def test_a_hub_that_is_down_is_said_in_words(service: Service) -> None:
    service.hub.down = True
    try:
        with service.client("never-seen-token") as client:
            reply = client.get("session")
    finally:
        service.hub.down = False
    assert code(reply) == (503, "unavailable")
    assert "hub" in reply.json()["error"]["message"]


def test_health_is_open_and_names_no_detail(service: Service) -> None:
    reply = httpx.get(f"{service.url}health", trust_env=False)
    assert reply.json() == {"status": "ok", "checks": {"database": "ok", "catalogue": "ok", "runner": "ok", "disk": "ok"}}
    assert reply.status_code == 200


def test_metrics_need_a_scope_and_tell_of_requests_jobs_and_latency(service: Service, vera: httpx.Client) -> None:
    vera.get("session")
    assert httpx.get(f"{service.url}metrics", trust_env=False).status_code == 401
    assert httpx.get(f"{service.url}metrics", headers={"Authorization": "token vera-token"}, trust_env=False).status_code == 403
    reply = httpx.get(f"{service.url}metrics", headers={"Authorization": "token prometheus-token"}, trust_env=False)
    assert reply.status_code == 200
    for wanted in (
        'skydesk_requests_total{method="GET",route="session",status="200"}',
        'skydesk_request_seconds_bucket{le="0.1",method="GET",route="session"}',
        'skydesk_jobs{phase="EXECUTING"}',
        'skydesk_jobs{phase="QUEUED"}',
        'skydesk_requests_running{method="GET",route="session"} 0.0',
    ):
        assert wanted in reply.text

    def starts() -> float:
        text = httpx.get(f"{service.url}metrics", headers={"Authorization": "token prometheus-token"}, trust_env=False).text
        return float(next(line for line in text.splitlines() if line.startswith("skydesk_worker_starts_total ")).split()[1])

    wait_until(lambda: starts() >= 1, seconds=30, what="the start of a worker")


def test_metrics_may_be_opened_in_a_configuration_file(tmp_path: Path) -> None:
    config = tmp_path / "service_config.py"
    config.write_text("c.HubService.metrics_open = True\nc.SkydeskSettings.files_root = 'results'\n")
    hub = FakeHub(PEOPLE)
    with serve(hub.application) as hub_url:
        url, running = start_service(tmp_path, hub, hub_url, arguments=["--config", str(config)])
        with running as started:
            wait_for_answer(f"{url}health", started, tmp_path / "service.log")
            assert "skydesk_jobs" in httpx.get(f"{url}metrics", trust_env=False).text
            headers = {"Authorization": "token vera-token"}
            assert httpx.get(f"{url}skydesk/api/session", headers=headers, trust_env=False).json()["files_root"] == "results"


def test_the_page_sends_strangers_to_the_hub(service: Service) -> None:
    reply = httpx.get(service.url, trust_env=False)
    assert reply.status_code == 302
    assert "/hub/api/oauth2/authorize" in reply.headers["location"]
    assert "client_id=service-skydesk" in reply.headers["location"]


def test_the_page_shows_text_as_text_and_runs_nothing(service: Service) -> None:
    reply = httpx.get(service.url, headers={"Authorization": "token strange-token"}, trust_env=False)
    assert reply.status_code == 200
    assert "&lt;b&gt;x&lt;/b&gt;" in reply.text
    assert "<b>x" not in reply.text
    assert "<script" not in reply.text
    assert "style=" not in reply.text
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_tells_who_may_use_nothing_what_to_do(service: Service) -> None:
    reply = httpx.get(service.url, headers={"Authorization": "token groupless-token"}, trust_env=False)
    assert "none of your groups grants one" in reply.text


def test_an_unknown_page_is_not_reflected(service: Service) -> None:
    reply = httpx.get(f"{service.url}<script>", trust_env=False)
    assert reply.status_code == 404
    assert "<script>" not in reply.text


def test_the_log_has_one_json_object_a_line_with_the_request_id(service: Service, vera: httpx.Client) -> None:
    vera.get("session?token=secret", headers={"X-Request-ID": "from-the-lab-0001"})

    def logged() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in service.log.read_text().splitlines()]
        return [line for line in lines if line.get("request_id") == "from-the-lab-0001"]

    wait_until(logged, what="the log's line")
    (line,) = logged()
    assert (line["method"], line["route"], line["status"], line["user"]) == ("GET", "session", 200, "vera")
    assert "secret" not in service.log.read_text()
    assert "vera-token" not in service.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_four_seconds_with_work_going_on(tmp_path: Path, number: signal.Signals) -> None:
    hub = FakeHub(PEOPLE)
    with serve(hub.application) as hub_url:
        url, running = start_service(tmp_path, hub, hub_url)
        with running as started, httpx.Client(headers={"Authorization": "token vera-token"}, trust_env=False, timeout=60) as client:
            wait_for_answer(f"{url}health", started, tmp_path / "service.log")
            endless = "SELECT COUNT(*) FROM STARS a, STARS b, STARS c, STARS d WHERE a.RA + b.RA + c.RA > d.RA"
            job = client.post(f"{url}skydesk/api/query/job", json={"sql": endless}).json()
            job_url = f"{url}skydesk/api/jobs/{job['id']}"
            wait_until(lambda: client.get(job_url).json()["phase"] == "EXECUTING", seconds=30, what="the start of the job")
            with client.stream("GET", f"{url}skydesk/api/jobs/events") as events:
                next(events.iter_raw())
                children = _children(started.pid)
                assert children
                begin = time.monotonic()
                started.send_signal(number)
                assert started.wait(10) == 0
                assert time.monotonic() - begin < 4
        wait_until(lambda: not any(_is_alive(pid) for pid in children), seconds=2, what="the end of all workers")
        url, running = start_service(tmp_path, hub, hub_url)
        with running as started, httpx.Client(headers={"Authorization": "token vera-token"}, trust_env=False, timeout=60) as client:
            wait_for_answer(f"{url}health", started, tmp_path / "service.log")
            job_url = f"{url}skydesk/api/jobs/{job['id']}"
            wait_until(lambda: client.get(job_url).json()["phase"] == "EXECUTING", seconds=30, what="the job's second start")
            client.post(f"{job_url}/cancel")
            wait_until(lambda: client.get(job_url).json()["phase"] == "ABORTED", seconds=15, what="the end of the job")


def test_without_a_hub_it_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "skydesk_server.hub_service"],
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "JUPYTERHUB_SERVICE_PREFIX: is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_survey_file_is_said_in_one_line(tmp_path: Path) -> None:
    hub = FakeHub(PEOPLE)
    (tmp_path / "survey").mkdir()
    (tmp_path / "survey/survey.toml").write_text("name = 3")
    _, running = start_service(tmp_path, hub, "http://127.0.0.1:9")
    with running as started:
        assert started.wait(60) == 2
    (line,) = (tmp_path / "service.log").read_text().splitlines()
    assert json.loads(line)["level"] == "critical"
    assert "name" in json.loads(line)["message"]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for task in tasks for child in task.read_text().split()]
    return found + [grandchild for child in found for grandchild in _children(child)]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
