from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tornado.web import Application

from skydesk.errors import Conflict, ServiceUnavailable, SkydeskError, Unauthenticated
from skydesk.jobs.reports import WorkerReport
from skydesk_server.entrance import Entrance
from skydesk_server.worker_reports import WorkerReportHandler
from tests.server.serving import serve

STARTED = {"kind": "started", "pod": "uid"}


class FakeReceiver:
    """Keeps what it hears, or refuses it."""

    def __init__(self) -> None:
        self.heard: list[tuple[WorkerReport, str]] = []
        self.refusal: SkydeskError | None = None

    def hear(self, report: WorkerReport, token: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.heard.append((report, token))


@pytest.fixture
def services() -> SimpleNamespace:
    return SimpleNamespace(worker_reports=FakeReceiver())


@pytest.fixture
def address(services: SimpleNamespace) -> Iterator[str]:
    entrance = Entrance(lambda: services, routes=())
    with serve(lambda: Application([(r"/base/worker/([^/]+)/([^/]+)", WorkerReportHandler, {"entrance": entrance})])) as url:
        yield f"{url}/base/worker/k3v9/2"
    entrance.close()


def post(address: str, body: Any = STARTED, *, token: str | None = "secret") -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return httpx.post(address, headers=headers, **content)


def test_a_report_is_passed_on_with_its_token(address: str, services: SimpleNamespace) -> None:
    answer = post(address)
    assert (answer.status_code, answer.json()) == (200, {})
    [(report, token)] = services.worker_reports.heard
    assert (report.job_id, report.attempt, report.pod_uid, token) == ("k3v9", 2, "uid", "secret")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Unauthenticated("unknown"), 401), (Conflict("has ended"), 409), (ServiceUnavailable("in a moment"), 503)],
    ids=["wrong token", "has ended", "not now"],
)
def test_a_refusal_tells_the_worker_what_to_do(address: str, services: SimpleNamespace, refusal: SkydeskError, status: int) -> None:
    services.worker_reports.refusal = refusal
    answer = post(address)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, str(refusal))


@pytest.mark.parametrize("body", [b"", b"no json", b"[" * 100_000, b'{"kind": "gone"}'])
def test_what_is_no_report_is_refused(address: str, services: SimpleNamespace, body: bytes) -> None:
    assert post(address, body).status_code == 400
    assert services.worker_reports.heard == []


def test_without_a_token_nothing_is_heard(address: str, services: SimpleNamespace) -> None:
    assert post(address, token=None).status_code == 401
    assert services.worker_reports.heard == []


def test_where_no_pods_run_nobody_is_heard_and_there_is_nothing_to_get(address: str, services: SimpleNamespace) -> None:
    assert httpx.get(address).status_code == 405
    services.worker_reports = None
    assert post(address).status_code == 404
