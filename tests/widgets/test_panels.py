import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import skydesk
import skydesk_widgets
from skydesk.client import SkyDesk
from skydesk.errors import InvalidRequest, ServiceUnavailable
from skydesk.transport import Answer
from skydesk.web.http import ServerSentEvent
from skydesk_widgets import CutoutPanel, Gallery, JobsPanel, Panel, QueryPanel
from tests.fakes.widget_comm import FakeComm, fake_comms
from tests.server.serving import wait_until

TEN = "SELECT COADD_OBJECT_ID, RA, TILENAME FROM DR2_MAIN WHERE ROWNUM <= 10"


@pytest.fixture(scope="module")
def sky(tiny_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SkyDesk]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SKYDESK_URL", "SKYDESK_SERVICE_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path_factory.mktemp("skydesk")))
        patch.setenv("SKYDESK_WORKERS", "2")
        sky = skydesk.connect(survey=tiny_survey)
    with sky:
        yield sky


@pytest.fixture(autouse=True)
def _comms() -> Iterator[None]:
    with fake_comms():
        yield


@pytest.fixture
def panel(sky: SkyDesk) -> Iterator[QueryPanel]:
    panel = QueryPanel(sky)
    yield panel
    panel.close()


def comm_of(panel: Panel) -> FakeComm:
    assert isinstance(panel.comm, FakeComm)
    return panel.comm


def ask(panel: Panel, method: str, path: str, body: Any = None) -> tuple[dict[str, Any], list[bytes]]:
    request_id = uuid.uuid4().hex
    comm_of(panel).receive({"kind": "request", "id": request_id, "method": method, "path": path, "body": body})
    return comm_of(panel).reply_to(request_id)


def streams() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("skydesk-panel jobs/events")]


class FakeTransport:
    """Answers and events as a test says."""

    def __init__(self, *, events: list[Any]) -> None:
        self._events = events

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        raise RuntimeError(f"a bug in {method} {path}")

    def open(self, method: str, path: str, body: Any = None) -> Any:
        raise NotImplementedError

    def events(self, path: str, stop: threading.Event, *, seconds: float | None = None) -> Iterator[ServerSentEvent]:
        event = self._events.pop(0) if self._events else None
        if isinstance(event, ServerSentEvent):
            yield event
        raise ServiceUnavailable("lost")

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize("name", ["query", "jobs", "cutout", "gallery"])
def test_the_views_are_there_and_are_modules(name: str) -> None:
    folder = Path(skydesk_widgets.__file__).parent / "static"
    module = (folder / f"{name}.js").read_text(encoding="utf-8")
    assert "export" in module
    assert "render" in module
    assert (folder / f"{name}.css").stat().st_size > 0


@pytest.mark.parametrize("kind", [QueryPanel, JobsPanel, CutoutPanel, Gallery])
def test_a_panel_sends_its_view_to_the_page(sky: SkyDesk, kind: type[Panel]) -> None:
    panel = kind(sky=sky)
    state = panel.get_state()
    assert "export" in state["_esm"]
    assert state["_css"]
    assert state["host"] == []
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()[0]
    panel.close()


def test_a_request_is_answered_with_json(panel: QueryPanel) -> None:
    content, buffers = ask(panel, "GET", "session")
    assert content["status"] == 200
    assert content["json"]["user"]["name"] == "local"
    assert buffers == []


def test_rows_come_as_a_buffer(panel: QueryPanel) -> None:
    content, (body,) = ask(panel, "POST", "query/quick", {"sql": TEN})
    assert (content["status"], "json" in content) == (200, False)
    assert pa.ipc.open_stream(body).read_all().num_rows == 10


class FakeLineTransport(FakeTransport):
    """Answers line by line; the second line comes once a test lets it."""

    def __init__(self, lines: list[bytes]) -> None:
        super().__init__(events=[])
        self._lines = lines
        self.go_on = threading.Event()
        self.closed = threading.Event()

    @contextmanager
    def open(self, method: str, path: str, body: Any = None) -> Iterator[Any]:
        def pieces() -> Iterator[bytes]:
            yield self._lines[0]
            assert self.go_on.wait(20)
            yield from self._lines[1:]

        if path == "refused":
            raise InvalidRequest("that has no name")
        try:
            yield pieces()
        finally:
            self.closed.set()


def line_panel(transport: Any) -> QueryPanel:
    return QueryPanel(SkyDesk(transport))


def test_lines_are_told_as_they_come_and_then_the_reply() -> None:
    transport = FakeLineTransport([b'{"rows": 1}\n', b'{"table": {}}\n'])
    panel = line_panel(transport)
    comm_of(panel).receive({"kind": "request", "id": "r1", "method": "POST", "path": "tables", "body": {}, "lines": True})
    first, _ = comm_of(panel).wait_for(lambda content: content.get("kind") == "line")
    assert first == {"kind": "line", "id": "r1", "json": {"rows": 1}}
    transport.go_on.set()
    content, buffers = comm_of(panel).reply_to("r1")
    assert (content, buffers) == ({"kind": "reply", "id": "r1", "status": 200}, [])
    assert comm_of(panel).messages[-2][0]["json"] == {"table": {}}
    panel.close()


def test_lines_that_nobody_waits_for_are_broken_off() -> None:
    transport = FakeLineTransport([b'{"rows": 1}\n', b'{"rows": 2}\n'])
    panel = line_panel(transport)
    comm_of(panel).receive({"kind": "request", "id": "r1", "method": "POST", "path": "tables", "body": {}, "lines": True})
    comm_of(panel).wait_for(lambda content: content.get("kind") == "line")
    comm_of(panel).receive({"kind": "cancel", "id": "r1"})
    transport.go_on.set()
    assert transport.closed.wait(20)
    assert [content["kind"] for content, _ in comm_of(panel).messages] == ["line"]
    panel.close()


def test_lines_of_a_panel_that_is_closed_are_broken_off() -> None:
    transport = FakeLineTransport([b'{"rows": 1}\n', b'{"rows": 2}\n'])
    panel = line_panel(transport)
    comm = comm_of(panel)
    comm.receive({"kind": "request", "id": "r1", "method": "POST", "path": "tables", "body": {}, "lines": True})
    comm.wait_for(lambda content: content.get("kind") == "line")
    panel.close()
    transport.go_on.set()
    assert transport.closed.wait(20)
    assert [content["kind"] for content, _ in comm.messages] == ["line"]


def test_a_refusal_of_lines_is_an_answer_like_any_other() -> None:
    panel = line_panel(FakeLineTransport([]))
    comm_of(panel).receive({"kind": "request", "id": "r1", "method": "POST", "path": "refused", "body": {}, "lines": True})
    content, _ = comm_of(panel).reply_to("r1")
    assert (content["status"], content["json"]["error"]["message"]) == (400, "that has no name")
    panel.close()


def test_errors_are_answers_with_their_place(panel: QueryPanel) -> None:
    content, _ = ask(panel, "POST", "query/check", {"sql": "SELECT RAA FROM DR2_MAIN"})
    assert content["status"] == 400
    assert content["json"]["error"]["code"] == "invalid_query"
    assert content["json"]["error"]["detail"]["column"] == 8


def test_a_path_that_is_none_is_not_found(panel: QueryPanel) -> None:
    assert ask(panel, "GET", "no/such")[0]["status"] == 404


@pytest.mark.parametrize(("method", "path", "body"), [(None, "session", None), ("GET", None, None), ("GET", "session", [1]), (1, 2, 3)])
def test_a_malformed_request_is_answered_too(panel: QueryPanel, method: Any, path: Any, body: Any) -> None:
    content, _ = ask(panel, method, path, body)
    assert content["status"] == 400
    assert content["json"]["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("content", ["text", None, 7, [], {}, {"kind": "nonsense"}, {"kind": "request"}, {"kind": "subscribe"}])
def test_what_is_no_message_changes_nothing(panel: QueryPanel, content: Any) -> None:
    comm_of(panel).receive(content)
    assert ask(panel, "GET", "session")[0]["status"] == 200
    assert len(comm_of(panel).messages) == 1


def test_a_bug_is_answered_as_an_internal_error_without_its_words() -> None:
    panel = QueryPanel(SkyDesk(FakeTransport(events=[])))
    content, _ = ask(panel, "GET", "session")
    assert content["status"] == 500
    assert content["json"]["error"]["code"] == "internal_error"
    assert "a bug in" not in content["json"]["error"]["message"]
    panel.close()


def test_text_of_the_data_arrives_as_it_is(panel: QueryPanel, sky: SkyDesk) -> None:
    name = "<img src=x onerror=alert(1)> \"&' é"
    job = sky.submit(TEN, name=name, allow_duplicate=True)
    assert ask(panel, "GET", f"jobs/{job.id}")[0]["json"]["name"] == name
    _, (body,) = ask(panel, "POST", "query/quick", {"sql": "SELECT '<script>alert(1)</script>' X FROM DUAL"})
    assert pa.ipc.open_stream(body).read_all()["X"].to_pylist() == ["<script>alert(1)</script>"]


def test_the_result_follows_the_last_quick_query_and_can_be_observed(panel: QueryPanel) -> None:
    seen: list[int] = []
    assert panel.result is None
    panel.observe(lambda change: seen.append(len(change["new"])), names="result")
    ask(panel, "POST", "query/quick", {"sql": TEN})
    ask(panel, "POST", "query/quick", {"sql": "SELECT RAA FROM DR2_MAIN"})
    ask(panel, "POST", "query/quick", {"sql": "SELECT RA FROM DR2_MAIN WHERE ROWNUM <= 3"})
    assert seen == [10, 3]
    assert panel.result is not None
    assert str(panel.result.to_astropy()["RA"].unit) == "deg"
    assert panel.result.sql == "SELECT RA FROM DR2_MAIN WHERE ROWNUM <= 3"
    assert panel.result.truncated is False


def test_the_statement_can_be_set_and_is_told_to_the_view(sky: SkyDesk) -> None:
    panel = QueryPanel(sky, sql=TEN)
    assert panel.get_state()["sql"] == TEN
    panel.sql = "SELECT 1 FROM DUAL"
    assert comm_of(panel).states[-1] == {"sql": "SELECT 1 FROM DUAL"}
    assert "result" not in panel.get_state()
    panel.close()


def test_the_selected_job_is_at_hand(sky: SkyDesk) -> None:
    panel = JobsPanel(sky)
    assert panel.job is None
    panel.selected_job = sky.submit(TEN, allow_duplicate=True).id
    assert panel.job is not None
    assert panel.job.sql == TEN
    panel.close()


def test_positions_can_be_set_and_the_submitted_job_is_at_hand(sky: SkyDesk) -> None:
    panel = CutoutPanel(sky, positions_text="34.8 -5.7")
    assert panel.get_state()["positions_text"] == "34.8 -5.7"
    assert panel.job is None
    panel.positions_text = "M 2"
    assert comm_of(panel).states[-1] == {"positions_text": "M 2"}
    panel.job_id = sky.submit(TEN, allow_duplicate=True).id
    assert panel.job is not None
    panel.close()


@pytest.mark.parametrize("by_id", [True, False], ids=["by its id", "by itself"])
def test_a_gallery_shows_a_job_over_the_jobs_own_connection(sky: SkyDesk, *, by_id: bool) -> None:
    job = sky.submit(TEN, allow_duplicate=True)
    gallery = Gallery(job.id, sky) if by_id else Gallery(job)
    assert gallery.get_state()["job_id"] == job.id
    assert gallery.sky.transport is sky.transport
    assert gallery.job is not None
    assert gallery.job.id == job.id
    gallery.close()
    assert sky.session()["user"]["name"] == "local"


def test_a_gallery_without_a_job_has_none(sky: SkyDesk) -> None:
    gallery = Gallery(sky=sky)
    assert gallery.job is None
    gallery.close()


def test_what_the_view_waits_for_no_more_is_not_a_message_of_trouble(panel: QueryPanel) -> None:
    comm_of(panel).receive({"kind": "cancel", "id": "nobody"})
    assert ask(panel, "GET", "session")[0]["status"] == 200


def test_events_reach_the_view_until_it_unsubscribes(sky: SkyDesk) -> None:
    panel = JobsPanel(sky)
    comm_of(panel).receive({"kind": "subscribe", "path": "jobs/events"})
    hello, _ = comm_of(panel).wait_for(lambda content: content.get("event") == "hello")
    assert hello["kind"] == "event"
    assert hello["path"] == "jobs/events"
    assert "revision" in hello["data"]
    job = sky.submit(TEN, allow_duplicate=True)
    told, _ = comm_of(panel).wait_for(lambda content: content.get("event") == "changed" and content["data"]["id"] == job.id)
    assert told["data"]["phase"] in {"QUEUED", "EXECUTING", "COMPLETED"}
    comm_of(panel).receive({"kind": "unsubscribe", "path": "jobs/events"})
    wait_until(lambda: not streams(), what="the end of the stream")
    panel.close()


def test_who_subscribes_again_hears_hello_again(sky: SkyDesk) -> None:
    panel = JobsPanel(sky)
    for count in (1, 2):
        comm_of(panel).receive({"kind": "subscribe", "path": "jobs/events"})
        wait_until(lambda wanted=count: sum(m[0].get("event") == "hello" for m in comm_of(panel).messages) == wanted, what="hello")
    wait_until(lambda: len(streams()) == 1, what="the end of the first stream")
    panel.close()
    wait_until(lambda: not streams(), what="the end of the second")


def test_a_lost_stream_is_told_and_taken_up_again() -> None:
    hello = ServerSentEvent(event="hello", data={"revision": 1})
    panel = JobsPanel(SkyDesk(FakeTransport(events=[hello, None, hello])))
    comm_of(panel).receive({"kind": "subscribe", "path": "jobs/events"})
    wait_until(lambda: len(comm_of(panel).messages) >= 5, seconds=15, what="the second hello")
    assert [message["event"] for message, _ in comm_of(panel).messages][:5] == ["hello", "lost", "lost", "hello", "lost"]
    panel.close()
    wait_until(lambda: not streams(), what="the end of the stream")


def test_many_panels_share_a_connection_and_leave_no_thread(sky: SkyDesk) -> None:
    panels = [JobsPanel(sky) for _ in range(20)]
    for panel in panels:
        comm_of(panel).receive({"kind": "subscribe", "path": "jobs/events"})
    for panel in panels:
        comm_of(panel).wait_for(lambda content: content.get("event") == "hello")
        assert ask(panel, "GET", "jobs?limit=1")[0]["status"] == 200
    for panel in panels:
        panel.close()
        panel.close()
    wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("skydesk-panel")], what="the end of the threads")
    assert sky.session()["user"]["name"] == "local"


def test_a_panel_closes_the_connection_that_it_made(tiny_survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_SURVEY", str(tiny_survey))
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path))
    panel = QueryPanel()
    assert ask(panel, "POST", "query/quick", {"sql": TEN})[0]["status"] == 200
    panel.close()
    assert panel.result is not None
    assert len(panel.result) == 10
    with pytest.raises(RuntimeError):
        panel.sky.transport._threads.submit(print)  # type: ignore[attr-defined]


def test_without_a_connection_there_is_no_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_URL", "nonsense")
    with pytest.raises(skydesk.errors.UsageError):
        QueryPanel()
