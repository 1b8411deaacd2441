import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from skydesk.backends.kubernetes_runner.reporter import Reporter
from skydesk.errors import Conflict, ServiceUnavailable
from tests.faults.stage import wait_until


class Service:
    """Answers with the statuses that a test gives, the last one for ever, and keeps what it was told."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.heard: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                service.tokens.add(self.headers["Authorization"])
                service.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(service.statuses.pop(0) if len(service.statuses) > 1 else service.statuses[0])
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/worker/k3v9/1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        """Serve no more."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def reporter(service: Service) -> Iterator[Reporter]:
    made = Reporter(service.url, "secret", pod_uid="uid", pause_seconds=0.01)
    yield made
    made.close()


def test_the_start_is_told_until_somebody_listens(service: Service, reporter: Reporter) -> None:
    service.statuses = [503, 500, 200]
    reporter.started(10)
    assert service.heard == [{"kind": "started", "pod": "uid"}] * 3
    assert service.tokens == {"Bearer secret"}
    reporter.end({}, 1)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410])
def test_an_attempt_that_does_not_count_is_not_begun(service: Service, reporter: Reporter, status: int) -> None:
    service.statuses = [status]
    with pytest.raises(Conflict, match=str(status)):
        reporter.started(10)
    assert len(service.heard) == 1


def test_patience_with_a_silent_service_ends() -> None:
    reporter = Reporter("http://127.0.0.1:9/worker/k3v9/1", "secret", pod_uid="uid", pause_seconds=0.01)
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        reporter.started(0.05)
    assert reporter.may_publish(0.05) is None
    reporter.close()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (409, False), (401, False), (503, None)])
def test_whether_to_publish_is_asked(service: Service, reporter: Reporter, status: int, expected: bool | None) -> None:
    service.statuses = [status]
    assert reporter.may_publish(0.05) is expected


def test_progress_is_told_in_passing_and_the_latest_counts(service: Service, reporter: Reporter) -> None:
    reporter.started(10)
    for done in range(1000):
        reporter.progress({"kind": "progress", "done": done})
    wait_until(lambda: service.heard[-1].get("done") == 999, 5)
    told = [message["done"] for message in service.heard if message["kind"] == "progress"]
    assert len(told) <= 3
    reporter.end({"phase": "COMPLETED"}, 1)
    assert service.heard[-1] == {"kind": "end", "end": {"phase": "COMPLETED"}, "pod": "uid"}


def test_an_end_that_nobody_takes_is_let_go(service: Service, reporter: Reporter) -> None:
    service.statuses = [503]
    reporter.end({"phase": "COMPLETED"}, 0.05)
    assert {message["kind"] for message in service.heard} == {"end"}
