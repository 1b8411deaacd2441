"""What people type into the search box."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydesk.backends.object_names import OpenNgcNames
from skydesk.errors import InvalidRequest
from skydesk.footprint.search import Kind, read_search

NAMES = OpenNgcNames()


@pytest.mark.parametrize(
    "text",
    [
        "34.810687 -5.694444",
        "34.810687,-5.694444",
        "(34.810687, -5.694444)",
        "[ 34.810687 , \N{MINUS SIGN}5.694444 ]",
        "02:19:14.5649 -05:41:40.0",
        "02h19m14.5649s -05d41m40.0s",
        "02 19 14.5649 -05 41 40.0",
        "(02:19:14.5649, -05:41:40.0)",
        "DESJ021914.5649-054140.0000",
        "l=171.1362 b=-60.0701",
        "gal 171.1362, -60.0701",
        "l 171.1362 -60.0701",
    ],
)
def test_a_position_is_read_in_every_form(text: str) -> None:
    wanted = read_search(text, prefix="DES", names=NAMES)
    assert wanted.kind is Kind.POSITION
    assert wanted.position == pytest.approx((34.810687, -5.694444), abs=2e-4 if text[0] in "lg" else 1e-5)


@pytest.mark.parametrize("text", ["DES0219-0541", "des0219-0541", "0219-0541", " DES0219 - 0541 ", "(DES0219\N{MINUS SIGN}0541)"])
def test_a_tile_is_read_with_and_without_its_prefix(text: str) -> None:
    wanted = read_search(text, prefix="DES", names=NAMES)
    assert (wanted.kind, wanted.text) == (Kind.TILE, "DES0219-0541")


@pytest.mark.parametrize("text", ["1040117377", "id 1040117377", "COADD_OBJECT_ID = 1040117377"])
def test_a_bare_number_is_an_object(text: str) -> None:
    wanted = read_search(text, prefix="DES", names=NAMES)
    assert (wanted.kind, wanted.text) == (Kind.OBJECT, "1040117377")


@pytest.mark.parametrize("text", ["M 2", "m2", "NGC 7089", "ngc7089", "Messier 2"])
def test_a_name_is_looked_up_without_a_network(text: str) -> None:
    wanted = read_search(text, prefix="DES", names=NAMES)
    assert wanted.kind is Kind.NAME
    assert wanted.position == pytest.approx((323.3626, -0.8233), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing to search for"),
        ("()", "nothing to search for"),
        ("nowhere", "'nowhere' cannot be read; give a position as in 34.81, -5.69"),
        ("10 95", "dec: must be from -90 to 90 deg, got '95'"),
        ("400 5", "ra: must be from 0 to 360 deg"),
        ("25:00:00 5:00:00", "ra: must be from 0 to 24 h"),
        ("10:61:00 5:00:00", "is no right ascension"),
        ("1 2 3", "cannot be read"),
        ("l=10 b=-95", "b from -90 to 90"),
        ("nan nan", "cannot be read"),
        ("x" * 300, "at most 200 characters"),
        ("NGC 99999", "names like M 2"),
        ("'; DROP TABLE DR2_MAIN --", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_would_do(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read_search(text, prefix="DES", names=NAMES)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_no_text_makes_the_search_fail_otherwise(text: str) -> None:
    try:
        wanted = read_search(text, prefix="DES")
    except InvalidRequest as error:
        words = str(error)
        assert words
    else:
        assert wanted.kind in Kind
