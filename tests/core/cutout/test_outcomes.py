"""Lines of outcomes.jsonl: what we write is read again, and nothing else is."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydesk.cutout.model import Outcome, RowOutcome
from skydesk.cutout.outcomes import LONGEST_LINE_BYTES, line_of, lines_of, outcome_of

DONE = RowOutcome(
    row=7,
    outcome=Outcome.PARTLY,
    message='no tile covers 12 pixels; "they" are blank\n',
    tile="DES0219-0541",
    name="DESJ021914.5649-054140.0000",
    folder="DES0219-0541/DESJ021914.5649-054140.0000",
    files=("DESJ021914.5649-054140.0000_g.fits", "DESJ021914.5649-054140.0000_irg_lupton.png"),
    size_bytes=123456,
    blank_pixels=12,
    stitched={"DES0216-0541": 5},
)


def edited(**values: object) -> bytes:
    return json.dumps({**json.loads(line_of(DONE)), **values}).encode() + b"\n"


def test_an_outcome_is_one_line_that_is_read_again() -> None:
    line = line_of(DONE)
    assert line.count(b"\n") == 1
    assert outcome_of(line) == DONE


def test_an_outcome_without_files_has_no_folder() -> None:
    outside = RowOutcome(row=0, outcome=Outcome.OUTSIDE, message="the position is outside the survey's tiles")
    assert outcome_of(line_of(outside)) == outside


def test_a_very_long_message_is_cut() -> None:
    outcome = outcome_of(line_of(RowOutcome(row=0, outcome=Outcome.FAILED, message="x" * 100_000)))
    assert outcome is not None
    assert len(outcome.message) == 4000


@pytest.mark.parametrize(
    "line",
    [
        line_of(DONE)[:-1],
        line_of(DONE)[:100],
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"[" * 50_000 + b"\n",
        b"\xff\xfe\n",
        edited(row=-1),
        edited(row=True),
        edited(row="7"),
        edited(row=2**60),
        edited(outcome="fine"),
        edited(outcome=["done"]),
        edited(message=7),
        edited(message="x" * 5000),
        edited(folder="../../etc/cron.d"),
        edited(folder="/etc/cron.d"),
        edited(folder="DES0219-0541"),
        edited(folder="DES0219-0541/.."),
        edited(folder="DES0219-0541/.hidden"),
        edited(folder="DES0219-0541/a/b"),
        edited(folder="DES0219-0541//a"),
        edited(folder=""),
        edited(folder=None),
        edited(folder=["DES0219-0541", "a"]),
        edited(files=["../x.fits"]),
        edited(files=["a/b.fits"]),
        edited(files=[".x.fits.partial"]),
        edited(files=["a\x00.fits"]),
        edited(files=["\ud800.fits"]),
        edited(files=[""]),
        edited(files=[7]),
        edited(files="x.fits"),
        edited(files=["x.fits"] * 1000),
        edited(size_bytes=1.5),
        edited(size_bytes=-1),
        edited(stitched=[]),
        edited(stitched={"DES": "many"}),
        edited(stitched={str(n): 1 for n in range(1000)}),
    ],
    ids=lambda line: ascii(line)[:40],
)
def test_what_we_do_not_write_is_no_outcome(line: bytes) -> None:
    assert outcome_of(line) is None


@given(st.binary(max_size=300))
def test_no_bytes_at_all_do_harm(line: bytes) -> None:
    assert outcome_of(line) is None or line.endswith(b"\n")


def test_lines_are_given_with_their_places_and_a_torn_one_is_not() -> None:
    file = io.BytesIO(b"one\n\nthree\nfour")
    assert list(lines_of(file)) == [(0, 4, b"one\n"), (4, 5, b"\n"), (5, 11, b"three\n")]
    assert list(lines_of(file, 5)) == [(5, 11, b"three\n")]


def test_a_line_of_any_length_is_passed_over_without_being_kept() -> None:
    long = b"x" * (3 * LONGEST_LINE_BYTES) + b"\n"
    file = io.BytesIO(b"a\n" + long + b"b\n" + long[:-1])
    assert list(lines_of(file)) == [(0, 2, b"a\n"), (2, 2 + len(long), b""), (2 + len(long), 4 + len(long), b"b\n")]
