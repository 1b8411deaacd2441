import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from skydesk.errors import NotFound
from skydesk_server.proxy import Upstream
from tests.server.processes import Lab, jupyter_server
from tests.server.serving import serve, wait_until

PREFIX = "/services/skydesk/skydesk/api"


class FarService:
    """Stands where the hub's service would; tells what came and what became of it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.sent = 0
        self.gone = threading.Event()

    def application(self) -> Application:
        handlers = {"echo": Echo, "stream": Endless, "events": Events, "file": File, "broken": Broken, "error": Error, "empty": Empty}
        return Application([(rf"{PREFIX}/{name}.*", handler, {"far": self}) for name, handler in handlers.items()])


class _Handler(RequestHandler):
    far: FarService

    def initialize(self, far: FarService) -> None:
        self.far = far


class Echo(_Handler):
    def get(self) -> None:
        self.far.requests.append(
            {
                "method": self.request.method,
                "uri": self.request.uri,
                "headers": {name.lower(): value for name, value in self.request.headers.get_all()},
                "body": self.request.body.decode(),
            }
        )
        self.set_header("Set-Cookie", "theirs=1")
        self.set_header("X-Theirs", "1")
        self.set_header("Location", "/services/skydesk/skydesk/api/things/1")
        self.set_status(201)
        self.finish({"ok": True})

    post = patch = delete = get


class Endless(_Handler):
    async def get(self) -> None:
        self.set_header("Content-Type", "application/vnd.apache.arrow.stream")
        try:
            while True:
                self.far.sent += 1
                self.write(b"x" * 100_000)
                await self.flush()
        except StreamClosedError:
            self.far.gone.set()


class Events(_Handler):
    async def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.write(f"event: hello\ndata: {json.dumps(self.request.headers.get('Last-Event-ID'))}\n\n")
        await self.flush()
        while not self.far.gone.is_set():
            await asyncio.sleep(0.02)

    def on_connection_close(self) -> None:
        self.far.gone.set()


class File(_Handler):
    def get(self) -> None:
        self.set_header("Content-Type", "application/fits")
        self.set_header("Cache-Control", "private, max-age=60")
        self.set_header("Content-Disposition", "attachment; filename=\"m2.fits\"; filename*=UTF-8''m2.fits")
        self.finish(b"0123456789" * 100_000)


class Broken(_Handler):
    async def get(self) -> None:
        self.write(b"first")
        await self.flush()
        self.request.connection.close()  # type: ignore[attr-defined]


class Error(_Handler):
    def post(self) -> None:
        self.set_status(400)
        self.finish({"error": {"code": "invalid_query", "message": "no such column", "detail": {"line": 1}, "id": "x"}})


class Empty(_Handler):
    def get(self) -> None:
        self.set_status(204)


@pytest.fixture(scope="module")
def far_of_module() -> FarService:
    return FarService()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, far_of_module: FarService) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with serve(far_of_module.application) as address:
        variables = {"SKYDESK_SERVICE_URL": f"{address}/services/skydesk", "JUPYTERHUB_API_TOKEN": "hub-token", "JUPYTERHUB_USER": "vera"}
        variables["SKYDESK_JOBS_FOLDER"] = str(folder / "all-jobs")
        with jupyter_server(folder, **variables) as lab:
            yield lab


@pytest.fixture
def far_now(far_of_module: FarService) -> FarService:
    far_of_module.requests.clear()
    far_of_module.gone.clear()
    far_of_module.sent = 0
    return far_of_module


@pytest.fixture
def client(lab: Lab) -> Iterator[httpx.Client]:
    with lab.client() as client:
        yield client


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_a_call_is_passed_on_with_the_labs_token_and_nothing_of_the_browsers(client: httpx.Client, far_now: FarService) -> None:
    reply = client.post(
        "echo/a%2Fb?x=1&x=2&y=%C3%A9&empty=&token=lab-token&_xsrf=abc",
        json={"sql": "SELECT 1"},
        headers={"Cookie": "secret=1", "X-Forwarded-For": "1.2.3.4", "X-Request-ID": "tester-0002", "Accept": "application/json"},
    )
    assert (reply.status_code, reply.json()) == (201, {"ok": True})
    (request,) = far_now.requests
    assert request["uri"] == f"{PREFIX}/echo/a%2Fb?x=1&x=2&y=%C3%A9&empty="
    assert json.loads(request["body"]) == {"sql": "SELECT 1"}
    headers = request["headers"]
    assert headers["authorization"] == "token hub-token"
    assert headers["x-request-id"] == "tester-0002"
    assert set(headers) == {"accept", "authorization", "connection", "content-length", "content-type", "host", "x-request-id"}


def test_only_meant_headers_come_back(client: httpx.Client, far_now: FarService) -> None:
    reply = client.post("echo", headers={"X-Request-ID": "tester-0003"})
    assert "theirs" not in reply.headers.get("set-cookie", "")
    assert "x-theirs" not in reply.headers
    assert reply.headers["x-request-id"] == "tester-0003"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_method_is_passed_on(client: httpx.Client, far_now: FarService, method: str) -> None:
    assert client.request(method, "echo").status_code == 201
    assert far_now.requests[0]["method"] == method


def test_errors_come_back_as_they_are(client: httpx.Client, far_now: FarService) -> None:
    reply = client.post("error", json={})
    assert code(reply) == (400, "invalid_query")
    assert reply.json()["error"]["detail"] == {"line": 1}


def test_an_empty_answer_stays_empty(client: httpx.Client, far_now: FarService) -> None:
    reply = client.get("empty")
    assert (reply.status_code, reply.content) == (204, b"")


def test_a_download_keeps_name_type_and_length(client: httpx.Client, far_now: FarService) -> None:
    reply = client.get("file")
    assert (len(reply.content), reply.headers["content-length"], reply.headers["content-type"]) == (
        1_000_000,
        "1000000",
        "application/fits",
    )
    assert reply.headers["content-disposition"].startswith('attachment; filename="m2.fits"')
    assert reply.headers["cache-control"] == "private, max-age=60"


def test_an_event_arrives_while_the_stream_is_open(client: httpx.Client, far_now: FarService) -> None:
    with client.stream("GET", "events", headers={"Last-Event-ID": "41"}) as reply:
        lines = reply.iter_lines()
        assert [next(lines), next(lines)] == ["event: hello", 'data: "41"']
        assert reply.headers["content-type"] == "text/event-stream"
        assert not far_now.gone.is_set()
    assert far_now.gone.wait(5)


def test_a_slow_reader_holds_the_service_up_and_leaving_stops_it(client: httpx.Client, far_now: FarService) -> None:
    with client.stream("GET", "stream") as reply:
        next(reply.iter_raw())
        seen = [-1, -2]

        def quiet() -> bool:
            seen.append(far_now.sent)
            return len(set(seen[-30:])) == 1

        wait_until(quiet, what="the stream's stand-still")
        assert far_now.sent < 500
    assert far_now.gone.wait(5)


def test_an_answer_that_breaks_never_looks_whole(client: httpx.Client, far_now: FarService) -> None:
    with client.stream("GET", "broken") as reply, pytest.raises(httpx.RemoteProtocolError):
        reply.read()


def test_without_the_labs_login_nothing_is_passed_on(lab: Lab, far_now: FarService) -> None:
    with lab.client(token="") as nobody:
        assert code(nobody.get("echo")) == (401, "unauthenticated")
        assert code(nobody.post("echo", json={})) == (401, "unauthenticated")
    with lab.browser() as browser:
        assert browser.get("echo").status_code == 201
        assert code(browser.post("echo", json={})) == (403, "not_allowed")
        xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
        assert code(browser.post("echo", json={}, headers={**xsrf, "Sec-Fetch-Mode": "no-cors"})) == (403, "not_allowed")
        assert browser.post("echo", json={}, headers=xsrf).status_code == 201
    assert [request["method"] for request in far_now.requests] == ["GET", "POST"]
    assert all("cookie" not in request["headers"] for request in far_now.requests)


@pytest.mark.parametrize("path", ["..%2F..%2F..%2Fhub/api/users", "echo/%2e%2e/%2e%2e/x", "echo/..%5Cx", "%2e%2e"])
def test_no_path_leads_out_of_the_api(client: httpx.Client, far_now: FarService, path: str) -> None:
    assert code(client.get(path)) == (404, "not_found")
    assert far_now.requests == []


@pytest.mark.parametrize("path", ["..", "a/../b", "a/%2e%2e/b", "a%2F..%2Fb", "a/./b", "a\\b", "..%5c"])
def test_an_upstream_refuses_to_climb(path: str) -> None:
    with pytest.raises(NotFound):
        Upstream(url="http://x", token="t").path(path, "")


def test_the_labs_files_show_the_owners_jobs_alone(lab: Lab) -> None:
    assert (lab.root / "jobs").resolve().name == "vera"


def test_a_large_body_is_refused_here(client: httpx.Client, far_now: FarService) -> None:
    assert code(client.post("echo", json={"sql": "x" * 3_000_000})) == (413, "too_large")
    assert far_now.requests == []


def test_a_service_that_is_down_is_said_in_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    variables = {"SKYDESK_SERVICE_URL": "http://127.0.0.1:9/services/skydesk", "JUPYTERHUB_API_TOKEN": "hub-token"}
    with jupyter_server(tmp_path_factory.mktemp("lab"), **variables) as lab, lab.client() as client:
        reply = client.get("session")
        assert code(reply) == (503, "unavailable")
        assert "does not answer" in reply.json()["error"]["message"]
        assert reply.headers["retry-after"]
