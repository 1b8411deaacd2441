import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.web import Application

from skydesk.access import User
from skydesk.errors import Conflict, InvalidQuery, LimitExceeded, ServiceUnavailable
from skydesk.web.http import BytesReply, Call, EventsReply, FileReply, JsonReply, Route, ServerSentEvent, StreamReply
from skydesk_server.entrance import MAX_BODY_BYTES, Entrance
from skydesk_server.handlers import RouteHandler
from tests.server.serving import serve, wait_until
from tests.views import VIEWS

PREFIX = "/base/skydesk/api/"


class OpenHandler(RouteHandler):
    """Lets in whoever names himself in a header, and takes it for a cookie unless it is a token."""

    @property
    def by_token(self) -> bool:
        return "Authorization" in self.request.headers

    async def admit(self) -> None:
        self.current_user = self.request.headers.get("X-User")
        await super().admit()

    def skydesk_user(self) -> User:
        return User(name=str(self.current_user), entitlements=VIEWS["limited"])


class Endless:
    """Streams that note how far they came and whether they were closed."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed = threading.Event()
        self.cancelled = threading.Event()

    def stream(self, call: Call) -> StreamReply:
        def chunks() -> Iterator[bytes]:
            call.cancellation.on_cancel(self.cancelled.set)
            try:
                while True:
                    self.sent += 1
                    yield b"x" * 100_000
            finally:
                self.closed.set()

        return StreamReply(chunks=chunks(), media_type="text/plain")

    def events(self, call: Call) -> EventsReply:
        def events() -> Iterator[ServerSentEvent | None]:
            call.cancellation.on_cancel(self.cancelled.set)
            try:
                yield ServerSentEvent(event="hello", data={"since": call.last_event_id}, id="7")
                while not self.cancelled.wait(0.05):
                    yield None
            finally:
                self.closed.set()

        return EventsReply(events=events())

    def blocked(self, call: Call) -> JsonReply:
        call.cancellation.on_cancel(self.cancelled.set)
        assert self.cancelled.wait(20)
        self.closed.set()
        return JsonReply(value={})


def echo(call: Call) -> JsonReply:
    value = {"user": call.user.name, "query": dict(call.query), "json": dict(call.json), "arguments": dict(call.arguments)}
    return JsonReply(value=value, status=201, location="things/1")


def fail(call: Call) -> JsonReply:
    raise {
        "query": InvalidQuery("no such column RAA", line=1, column=8, length=3, hint="RA"),
        "conflict": Conflict("job x is COMPLETED"),
        "limit": LimitExceeded("too many"),
        "unavailable": ServiceUnavailable("the demo survey is being made: 40 %"),
        "bug": ZeroDivisionError("secret detail"),
    }[call.arguments["how"]]


def break_in_the_middle(call: Call) -> StreamReply:
    def chunks() -> Iterator[bytes]:
        yield b"first"
        raise ServiceUnavailable("the disk went away")

    return StreamReply(chunks=chunks(), media_type="text/plain")


def fail_before_the_first(call: Call) -> StreamReply:
    def chunks() -> Iterator[bytes]:
        raise InvalidQuery("no")
        yield b""

    return StreamReply(chunks=chunks(), media_type="text/plain")


LARGE_BYTES = 3 * MAX_BODY_BYTES


@pytest.fixture
def endless() -> Endless:
    return Endless()


@pytest.fixture
def entrance(endless: Endless, tmp_path: Path) -> Iterator[Entrance]:
    (tmp_path / "file").write_bytes(b"0123456789" * 300_000)

    def file(call: Call) -> FileReply:
        return FileReply(path=tmp_path / "file", file_name=call.query["name"], media_type="application/fits")

    routes = [
        ("POST", "echo", echo, ""),
        ("GET", "echo/{name}/{other}", echo, ""),
        ("POST", "fail/{how}", fail, ""),
        ("GET", "closed", echo, "weather"),
        ("GET", "bytes", lambda call: BytesReply(body=b"\0\1", media_type="application/x-two"), ""),
        ("GET", "kept", lambda call: BytesReply(body=b"\0\1", media_type="image/png", kept_seconds=60), ""),
        ("GET", "file", file, ""),
        ("GET", "broken", break_in_the_middle, ""),
        ("GET", "refused", fail_before_the_first, ""),
        ("GET", "endless", endless.stream, ""),
        ("GET", "events", endless.events, ""),
        ("POST", "blocked", endless.blocked, ""),
    ]
    entrance = Entrance(
        lambda: None,  # type: ignore[arg-type,return-value]
        routes=[
            *(Route(method=method, path=path, handle=handle, service=service) for method, path, handle, service in routes),
            Route(method="POST", path="large", handle=echo, service="", max_body_bytes=LARGE_BYTES),
        ],
    )
    yield entrance
    entrance.stop()
    entrance.close()


@pytest.fixture
def url(entrance: Entrance) -> Iterator[str]:
    with serve(lambda: Application([(rf"{PREFIX}.*", OpenHandler, {"entrance": entrance, "prefix": PREFIX})])) as address:
        yield address + PREFIX


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"X-User": "vera"}, trust_env=False) as client:
        yield client


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_a_call_reaches_its_route_with_user_query_body_and_arguments(client: httpx.Client) -> None:
    reply = client.post("echo?a=1&a=2&b=%C3%A9", json={"sql": "SELECT 1"})
    assert reply.status_code == 201
    assert reply.headers["location"] == f"{PREFIX}things/1"
    assert reply.json() == {"user": "vera", "query": {"a": "2", "b": "é"}, "json": {"sql": "SELECT 1"}, "arguments": {}}


def test_arguments_are_decoded_after_the_path_is_taken_apart(client: httpx.Client) -> None:
    assert client.get("echo/a%2Fb%20c/..%2F..%2Fetc").json()["arguments"] == {"name": "a/b c", "other": "../../etc"}


def test_an_argument_that_is_not_utf8_is_not_found(client: httpx.Client) -> None:
    assert code(client.get("echo/%FF/x")) == (404, "not_found")


def test_a_parameter_that_is_not_utf8_is_refused(client: httpx.Client) -> None:
    assert code(client.post("echo?a=%FF", json={})) == (400, "invalid_request")


def test_every_reply_says_that_it_is_data_to_be_left_alone(client: httpx.Client) -> None:
    for reply in (client.post("echo"), client.get("nothing"), client.get("bytes")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in reply.headers
        assert "etag" not in reply.headers


@pytest.mark.parametrize(
    ("how", "status", "name"),
    [
        ("query", 400, "invalid_query"),
        ("conflict", 409, "conflict"),
        ("limit", 429, "limit_exceeded"),
        ("unavailable", 503, "unavailable"),
        ("bug", 500, "internal_error"),
    ],
)
def test_an_error_has_its_status_and_the_id_of_its_request(client: httpx.Client, how: str, status: int, name: str) -> None:
    reply = client.post(f"fail/{how}", headers={"X-Request-ID": "tester-0001"})
    assert code(reply) == (status, name)
    assert reply.json()["error"]["id"] == reply.headers["x-request-id"] == "tester-0001"
    assert "secret detail" not in reply.text


def test_a_faulty_statement_comes_with_its_place(client: httpx.Client) -> None:
    assert client.post("fail/query").json()["error"]["detail"] == {"line": 1, "column": 8, "length": 3, "hint": "RA"}


def test_what_may_be_tried_again_says_when(client: httpx.Client) -> None:
    assert client.post("fail/unavailable").headers["retry-after"] == "2"


def test_a_strange_request_id_is_replaced(client: httpx.Client) -> None:
    reply = client.post("echo", headers={"X-Request-ID": "a" * 500})
    assert len(reply.headers["x-request-id"]) == 16


def test_an_unknown_path_is_not_found_and_not_reflected_as_html(client: httpx.Client) -> None:
    reply = client.get("<script>alert(1)</script>")
    assert code(reply) == (404, "not_found")
    assert reply.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_known_path_with_another_method_is_405_and_names_the_right_one(client: httpx.Client, method: str) -> None:
    reply = client.request(method, "echo")
    assert code(reply) == (405, "method_not_allowed")
    assert reply.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_405(client: httpx.Client, method: str) -> None:
    assert client.request(method, "bytes").status_code == 405


def test_a_service_that_the_user_lacks_is_refused(client: httpx.Client) -> None:
    assert code(client.get("closed")) == (403, "not_allowed")


def test_nobody_is_let_in_without_a_name(client: httpx.Client) -> None:
    reply = client.post("echo", headers={"X-User": ""})
    assert code(reply) == (401, "unauthenticated")
    assert reply.headers["www-authenticate"] == "token"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/json; charset=utf-16"],
)
def test_a_body_of_another_type_is_415(client: httpx.Client, content_type: str) -> None:
    assert code(client.post("echo", content=b"{}", headers={"Content-Type": content_type})) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", 'Application/JSON;charset="utf-8"'])
def test_json_is_taken_however_it_is_spelt(client: httpx.Client, content_type: str) -> None:
    assert client.post("echo", content=b"{}", headers={"Content-Type": content_type}).status_code == 201


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000, b'"x"'])
def test_a_body_that_is_no_json_object_is_400(client: httpx.Client, body: bytes) -> None:
    assert code(client.post("echo", content=body, headers={"Content-Type": "application/json"})) == (400, "invalid_request")


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 10 * MAX_BODY_BYTES])
def test_an_oversized_body_is_413(client: httpx.Client, size: int) -> None:
    body = b'{"a": "' + b"x" * size + b'"}'
    assert code(client.post("echo", content=body, headers={"Content-Type": "application/json"})) == (413, "too_large")


def test_an_oversized_body_in_chunks_is_413_too(client: httpx.Client) -> None:
    chunks = (b" " * 100_000 for _ in range(50))
    assert code(client.post("echo", content=chunks, headers={"Content-Type": "application/json"})) == (413, "too_large")


def test_a_route_may_take_a_larger_body(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post("large", content=b'{"a": "' + b"x" * (LARGE_BYTES - 9) + b'"}', headers=headers).status_code == 201
    assert code(client.post("large", content=b'{"a": "' + b"x" * LARGE_BYTES + b'"}', headers=headers)) == (413, "too_large")


def test_an_enormous_body_is_refused_before_it_is_sent(url: str) -> None:
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"POST {PREFIX}echo HTTP/1.1\r\nHost: x\r\nX-User: vera\r\nContent-Length: 90000000\r\n\r\n".encode())
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 413 ")


FOREIGN = [
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://["},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_cannot_change_anything_with_a_cookie(client: httpx.Client, headers: dict[str, str]) -> None:
    assert code(client.post("echo", headers=headers)) == (403, "not_allowed")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_call_with_a_token_may_come_from_anywhere(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post("echo", headers={**headers, "Authorization": "token x"}).status_code == 201


def test_the_own_page_may_change_things(client: httpx.Client, url: str) -> None:
    origin = "/".join(url.split("/")[:3])
    headers = {"Origin": origin, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    assert client.post("echo", headers=headers).status_code == 201


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)])
def test_only_the_own_page_may_embed_a_reply(client: httpx.Client, site: str, status: int) -> None:
    assert client.get("bytes", headers={"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": site}).status_code == status


def test_bytes_have_their_own_type(client: httpx.Client) -> None:
    reply = client.get("bytes")
    assert (reply.content, reply.headers["content-type"], reply.headers["content-length"]) == (b"\0\1", "application/x-two", "2")


def test_a_file_that_became_a_link_meanwhile_is_gone(client: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("precious")
    (tmp_path / "file").unlink()
    (tmp_path / "file").symlink_to(tmp_path / "secret")
    reply = client.get("file", params={"name": "m2.fits"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


def test_what_may_be_kept_is_kept_by_its_user_s_browser_alone(client: httpx.Client) -> None:
    reply = client.get("kept")
    assert (reply.headers["cache-control"], reply.headers["content-type"]) == ("private, max-age=60", "image/png")


def test_a_file_is_an_attachment_under_its_name(client: httpx.Client) -> None:
    reply = client.get("file", params={"name": "m2.fits"})
    assert len(reply.content) == int(reply.headers["content-length"]) == 3_000_000
    assert reply.headers["content-type"] == "application/fits"
    assert reply.headers["content-disposition"] == "attachment; filename=\"m2.fits\"; filename*=UTF-8''m2.fits"


def test_a_strange_file_name_cannot_leave_its_header(client: httpx.Client) -> None:
    reply = client.get("file", params={"name": 'é"; x="\r\nSet-Cookie: a=b\n.fits'})
    assert "set-cookie" not in reply.headers
    assert reply.headers["content-disposition"].startswith('attachment; filename="____x____Set-Cookie__a_b_.fits"; ')
    assert reply.headers["content-disposition"].endswith("%C3%A9%22%3B%20x%3D%22%0D%0ASet-Cookie%3A%20a%3Db%0A.fits")


def test_a_stream_that_breaks_never_looks_whole(client: httpx.Client) -> None:
    with client.stream("GET", "broken") as reply, pytest.raises(httpx.RemoteProtocolError):
        reply.read()
    assert reply.status_code == 200


def test_a_stream_that_is_refused_at_once_has_a_status(client: httpx.Client) -> None:
    assert code(client.get("refused")) == (400, "invalid_query")


def test_a_slow_reader_holds_a_stream_up(client: httpx.Client, endless: Endless) -> None:
    with client.stream("GET", "endless") as reply:
        next(reply.iter_raw())
        settled = [-1, -2]

        def quiet() -> bool:
            settled.append(endless.sent)
            return len(set(settled[-30:])) == 1

        wait_until(quiet, what="the stream's stand-still")
        assert endless.sent < 300


def test_a_stream_stops_when_its_reader_goes(client: httpx.Client, endless: Endless) -> None:
    with client.stream("GET", "endless") as reply:
        next(reply.iter_raw())
    assert endless.closed.wait(5)
    assert endless.cancelled.is_set()


def test_a_blocked_call_hears_that_its_client_has_gone(url: str, endless: Endless, entrance: Entrance) -> None:
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST {PREFIX}blocked HTTP/1.1\r\nHost: x\r\nX-User: vera\r\nContent-Length: 0\r\n\r\n".encode())
        wait_until(lambda: entrance.live_count == 1, what="the call")
        assert not endless.cancelled.is_set()
    assert endless.closed.wait(5)
    wait_until(lambda: entrance.live_count == 0, what="the end of the call")


def test_events_come_as_server_sent_events(client: httpx.Client, endless: Endless) -> None:
    with client.stream("GET", "events", headers={"Last-Event-ID": "6"}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = reply.iter_lines()
        got = [next(lines) for _ in range(6)]
    assert got == [": skydesk", "", "event: hello", "id: 7", 'data: {"since":"6"}', ""]
    assert endless.closed.wait(5)


def test_a_stop_ends_event_streams_and_blocked_calls_and_lets_nobody_in(client: httpx.Client, endless: Endless, entrance: Entrance) -> None:
    with client.stream("GET", "events") as reply:
        lines = reply.iter_lines()
        next(lines)
        entrance.stop()
        assert list(lines)[-1] == ""
    assert code(client.post("echo")) == (503, "unavailable")


def test_requests_are_counted_by_route_and_status(client: httpx.Client, entrance: Entrance) -> None:
    client.get("echo/1/2")
    client.get("echo/3/4")
    client.get("nothing/here")
    unknown = 'skydesk_requests_total{method="any",route="unknown",status="404"} 1.0'
    wait_until(lambda: unknown in entrance.metrics.text().decode(), what="the count")
    text = entrance.metrics.text().decode()
    assert 'skydesk_requests_total{method="GET",route="echo/{name}/{other}",status="201"} 2.0' in text
    assert "nothing/here" not in text
    assert 'skydesk_request_seconds_count{method="GET",route="echo/{name}/{other}"} 2.0' in text


def test_a_request_is_logged_with_its_id_and_without_its_query_string(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="skydesk.server")
    client.get("echo/1/2?token=secret")
    wait_until(lambda: any(hasattr(record, "fields") for record in caplog.records), what="the log's line")
    record: Any = next(record for record in caplog.records if hasattr(record, "fields"))
    assert record.fields["route"] == "echo/{name}/{other}"
    assert (record.fields["user"], record.fields["status"]) == ("vera", 201)
    assert "secret" not in json.dumps(record.fields) + record.getMessage()
