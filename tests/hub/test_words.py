"""Quantities as people say them."""

import pytest

from skydesk_hub.words import cores, duration, hours, memory


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (59, "59 s"), (60, "1 min"), (61, "2 min"), (3600, "1 h"), (9000, "2 h 30 min"), (86400, "24 h"), (7 * 86400, "7 days")],
)
def test_a_time_span_has_its_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("value", "words"), [(0, "0"), (0.2, "0.2"), (2.0, "2"), (12.4, "12"), (400, "400")])
def test_hours_have_a_digit_where_they_are_few(value: float, words: str) -> None:
    assert hours(value) == words


def test_sizes_say_what_is_sure_and_what_is_most() -> None:
    assert cores(0.5, 2) == "0.5 to 2 CPU"
    assert cores(2, 2) == "2 CPU"
    assert memory(2**29, 2**31) == "0.5 to 2 GiB memory"
    assert memory(2**31, 2**31) == "2 GiB memory"
