import json
import logging
import sys

import pytest

from skydesk_server.logs import JsonFormatter, current_request_id, request_id_from


def line(message: str, *arguments: object, fields: dict[str, object] | None = None, error: bool = False) -> dict[str, object]:
    record = logging.LogRecord("skydesk.test", logging.WARNING, __file__, 1, message, arguments, sys.exc_info() if error else None)
    if fields:
        record.fields = fields
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return json.loads(text)  # type: ignore[no-any-return]


def test_a_record_is_one_json_object_on_one_line() -> None:
    told = line("two\nlines of %s", "<b>é</b>", fields={"status": 200, "path": object()})
    assert (told["level"], told["logger"], told["message"], told["status"]) == ("warning", "skydesk.test", "two\nlines of <b>é</b>", 200)
    assert str(told["time"]).endswith("Z")
    assert "request_id" not in told


def test_a_record_of_a_request_has_its_id() -> None:
    token = current_request_id.set("abc-123")
    try:
        assert line("x")["request_id"] == "abc-123"
    finally:
        current_request_id.reset(token)


def test_an_exception_comes_with_its_traceback() -> None:
    try:
        int("broken")
    except ValueError:
        told = line("x", error=True)
    assert "ValueError: invalid literal" in str(told["traceback"])


@pytest.mark.parametrize("given", ["0123456789abcdef", "lab-42.x_y", "a" * 64])
def test_a_sane_request_id_is_kept(given: str) -> None:
    assert request_id_from(given) == given


@pytest.mark.parametrize(
    "given", [None, "", "short", "a" * 65, "has space in it", "new\nline-123", "-leading-dash", "<script>alert", "é" * 10]
)
def test_a_strange_request_id_is_replaced_by_a_new_one(given: str | None) -> None:
    made = request_id_from(given)
    assert made != given
    assert made.isalnum()
    assert request_id_from(given) != made
