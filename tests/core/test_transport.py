import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa
import pytest

from skydesk.client import SkyDesk, connect
from skydesk.errors import (
    Conflict,
    InvalidQuery,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    ServiceUnavailable,
    SkydeskError,
    Unauthenticated,
    UsageError,
)
from skydesk.query.model import Column, ColumnType
from skydesk.transport import HttpTransport, parse_event_stream
from skydesk.web.arrow import arrow_stream

ERROR = {"code": "invalid_query", "message": "no such column", "detail": {"line": 2, "column": 3, "length": 4, "hint": "try RA"}, "id": "x"}
COLUMNS = (Column(name="ID", type=ColumnType.INT64),)


@contextmanager
def raw_server(answer: Callable[[socket.socket, str], None]) -> Iterator[str]:
    """A server that sends exactly the bytes that a test says, then closes; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                head = b""
                while not _is_whole(head) and (piece := connection.recv(65536)):
                    head += piece
                answer(connection, head.decode(errors="replace"))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        done.set()
        thread.join(10)
        listening.close()


def _is_whole(request: bytes) -> bool:
    """A body that nobody has read would make the kernel reset the connection."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def reply(status: str, body: bytes, media_type: str = "application/json", **headers: str) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


@contextmanager
def answering(content: bytes) -> Iterator[SkyDesk]:
    with raw_server(lambda connection, _: connection.sendall(content)) as url, connect(url, token="t") as sky:
        yield sky


def chunked(pieces: list[bytes], *, whole: bool) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.apache.arrow.stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + body + (b"0\r\n\r\n" if whole else b"")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("400 Bad Request", "invalid_request", InvalidRequest),
        ("401 Unauthorized", "unauthenticated", Unauthenticated),
        ("404 Not Found", "not_found", NotFound),
        ("409 Conflict", "conflict", Conflict),
        ("429 Too Many Requests", "limit_exceeded", LimitExceeded),
        ("503 Service Unavailable", "unavailable", ServiceUnavailable),
    ],
)
def test_errors_come_back_as_what_they_were(status: str, code: str, kind: type[Exception]) -> None:
    body = json.dumps({"error": {"code": code, "message": "this is why", "detail": {}, "id": "x"}}).encode()
    with answering(reply(status, body)) as sky, pytest.raises(kind, match="this is why"):
        sky.tables()


def test_a_wrong_statement_has_its_place() -> None:
    with answering(reply("400 Bad Request", json.dumps({"error": ERROR}).encode())) as sky, pytest.raises(InvalidQuery) as caught:
        sky.query("SELECT")
    assert (caught.value.line, caught.value.column, caught.value.length, caught.value.hint) == (2, 3, 4, "try RA")


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (reply("200 OK", b"<html>hello</html>", "text/html"), ServiceUnavailable, "not that of a SkyDesk"),
        (reply("200 OK", b"{broken"), ServiceUnavailable, "not that of a SkyDesk"),
        (reply("200 OK", b"[1]"), ServiceUnavailable, "not that of a SkyDesk"),
        (reply("302 Found", b"", "text/html", Location="/hub/login"), Unauthenticated, "token"),
        (reply("502 Bad Gateway", b"<html>", "text/html"), ServiceUnavailable, "502"),
        (reply("500 Internal Server Error", b"{}"), ServiceUnavailable, "500"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", ServiceUnavailable, "broke off"),
        (b"", ServiceUnavailable, "broke off"),
        (b"nonsense\r\n\r\n", ServiceUnavailable, "broke off"),
    ],
    ids=["a page", "broken json", "a list", "a login page", "a proxy's page", "no reason", "cut off", "nothing", "no http"],
)
def test_what_is_no_answer_of_skydesk_is_said_to_be_none(content: bytes, kind: type[Exception], words: str) -> None:
    with answering(content) as sky, pytest.raises(kind, match=words):
        sky.session()


def pieces_of(count: int, error: Exception | None = None) -> list[bytes]:
    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(count):
            yield pa.RecordBatch.from_arrays([pa.array([number])], names=["ID"])
        if error is not None:
            raise error

    pieces: list[bytes] = []
    with suppress(SkydeskError):
        pieces.extend(arrow_stream(COLUMNS, batches()))
    return [piece for piece in pieces if piece]


def test_an_error_after_the_first_rows_is_raised_as_what_it_was() -> None:
    error = LimitExceeded("the result has more than 2 rows; narrow it down")
    seen: list[int] = []

    def read(sky: SkyDesk) -> None:
        with sky.stream("SELECT ID FROM STARS") as reader:
            seen.extend(value for batch in reader for value in batch["ID"].to_pylist())

    with answering(chunked(pieces_of(2, error), whole=False)) as sky, pytest.raises(LimitExceeded, match="more than 2 rows"):
        read(sky)
    assert seen == [0, 1]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_rows_that_break_off_are_never_taken_for_all(kept: int) -> None:
    with answering(chunked(pieces_of(3)[:kept], whole=False)) as sky, pytest.raises(ServiceUnavailable, match="broke off"):
        sky.query("SELECT ID FROM STARS")


def test_an_answer_that_is_no_rows_is_said_to_be_none() -> None:
    with answering(reply("200 OK", b"hello", "application/vnd.apache.arrow.stream")) as sky, pytest.raises(ServiceUnavailable):
        sky.query("SELECT ID FROM STARS")


def test_rows_are_there_as_soon_as_they_are_sent() -> None:
    go_on = threading.Event()
    pieces = pieces_of(2)

    def answer(connection: socket.socket, _: str) -> None:
        connection.sendall(chunked(pieces[:2], whole=False))
        assert go_on.wait(10)
        connection.sendall(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces[2:]) + b"0\r\n\r\n")

    with raw_server(answer) as url, connect(url) as sky, sky.stream("SELECT ID FROM STARS") as reader:
        batches = iter(reader)
        assert next(batches)["ID"].to_pylist() == [0]
        go_on.set()
        assert [batch["ID"].to_pylist() for batch in batches] == [[1]]


def test_leaving_before_the_last_row_closes_the_connection() -> None:
    closed = threading.Event()

    def answer(connection: socket.socket, _: str) -> None:
        connection.sendall(chunked(pieces_of(1)[:2], whole=False))
        connection.settimeout(10)
        if not connection.recv(1):
            closed.set()

    with raw_server(answer) as url, connect(url) as sky:
        with sky.stream("SELECT ID FROM STARS") as reader:
            next(iter(reader))
        assert closed.wait(10)


def test_a_token_goes_to_the_services_own_addresses_only() -> None:
    transport = HttpTransport("http://127.0.0.1:9/base/", "secret")
    for path in ("http://elsewhere.example/", "//elsewhere.example/", "/session", "jobs/../../../x", "jobs/.", "", "jobs//x"):
        with pytest.raises(NotFound):
            transport.request("GET", path)
    transport.close()


def test_the_token_is_sent_as_jupyter_wants_it() -> None:
    heads: list[str] = []

    def answer(connection: socket.socket, head: str) -> None:
        heads.append(head)
        connection.sendall(reply("200 OK", b"{}"))

    with raw_server(answer) as url, connect(f"{url}/base/", token="abc") as sky:
        sky.session()
    assert heads[0].startswith("GET /base/skydesk/api/session HTTP/1.1")
    assert "authorization: token abc" in heads[0].lower()


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/", "http://", "http://[::1", "http://host:port/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        connect(url)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="token"):
        connect("http://127.0.0.1:9", token=token)


def test_a_service_that_is_not_there_cannot_be_reached() -> None:
    with connect("http://127.0.0.1:9") as sky, pytest.raises(ServiceUnavailable, match="cannot be reached"):
        sky.tables()


def test_a_closed_connection_says_so() -> None:
    sky = connect("http://127.0.0.1:9")
    sky.close()
    with pytest.raises(ServiceUnavailable, match="closed"):
        sky.tables()


def test_events_end_when_the_time_is_up() -> None:
    stop = threading.Event()

    def answer(connection: socket.socket, _: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: hello\ndata: {}\n\n")
        stop.wait(10)

    with raw_server(answer) as url:
        transport = HttpTransport(url)
        began = time.monotonic()
        assert [event.event for event in transport.events("jobs/events", threading.Event(), seconds=0.5)] == ["hello"]
        assert 0.4 < time.monotonic() - began < 5
        stop.set()
        transport.close()


def test_a_lost_event_stream_is_an_error() -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    with answering(content) as sky, pytest.raises(ServiceUnavailable):
        list(sky.transport.events("jobs/events", threading.Event()))


def test_what_is_no_event_stream_is_refused() -> None:
    with answering(reply("200 OK", b"{}")) as sky, pytest.raises(UsageError, match="no event stream"):
        list(sky.transport.events("jobs", threading.Event()))


def test_event_streams_are_read_as_the_standard_says() -> None:
    lines = [": comment", "event: changed", "id: 7", 'data: {"a":', "data:1}", "", "data: 2", "", "event: nothing", "", "id: 8", ""]
    first, *events = list(parse_event_stream(iter(lines)))
    assert first is None
    assert [(event.event, event.data, event.id) for event in events if event] == [("changed", {"a": 1}, "7"), ("message", 2, None)]
