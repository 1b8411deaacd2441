"""The folder of a cutout job: what an attempt leaves, and what of it the next one believes."""

import csv
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from skydesk.backends.cutout_results import JobResults
from skydesk.backends.position_files import given_from_parquet, positions_to_parquet
from skydesk.cutout.model import NO_OBJECT, CutoutOptions, CutoutRequest, Outcome, Positions, RowOutcome
from skydesk.cutout.outcomes import line_of
from skydesk.cutout.position_text import table_of_text
from skydesk.cutout.task import JobTables
from skydesk.errors import Cancelled, Conflict, ServiceUnavailable
from skydesk.query.model import Cancellation
from skydesk.survey import Survey, load_survey
from tests.fakes.tiles import FakeTiles

JOB_ID = "k7xy00000000000a"
POSITIONS = Positions(
    ra_deg=np.array([323.36, 323.40, 10.0, 323.36]),
    dec_deg=np.array([-0.82, -0.80, 89.0, -0.82]),
    object_id=np.array([NO_OBJECT, 1234, NO_OBJECT, NO_OBJECT]),
    overrides={1: {"XSIZE": 0.5, "COLORS_FITS": ("g", "r"), "RGB_LUPTON_COLORS": (("i", "r", "g"),), "MAKE_FITS": True}},
)
REQUEST = CutoutRequest(release="DR2", options=CutoutOptions())


@pytest.fixture
def survey(tiny_survey: Path) -> Survey:
    return load_survey(tiny_survey)


@pytest.fixture
def tiles() -> FakeTiles:
    return FakeTiles()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "partial"
    made.mkdir()
    return made


@pytest.fixture
def results(folder: Path, survey: Survey, tiles: FakeTiles) -> JobResults:
    clock = lambda: datetime(2026, 3, 14, tzinfo=UTC)  # noqa: E731
    return JobResults(folder, JOB_ID, survey=survey, tiles=lambda: tiles, clock=clock)


def done(row: int, *contents: bytes, results: JobResults | None = None, name: str = "") -> RowOutcome:
    """A row that is done, with files of some contents."""
    name = name or f"DESJ{row:06d}"
    files = tuple(f"{name}_{number}.fits" for number in range(len(contents)))
    outcome = RowOutcome(
        row=row,
        outcome=Outcome.DONE,
        tile="DES2134-0041",
        name=name,
        folder=f"DES2134-0041/{name}",
        files=files,
        size_bytes=sum(map(len, contents)),
    )
    if results is not None:
        for file, content in zip(files, contents, strict=True):
            results.write(outcome.folder, file, content)
        results.add(outcome)
    return outcome


def finish(results: JobResults, request: CutoutRequest = REQUEST, cancellation: Cancellation | None = None) -> JobTables:
    return results.finish(request, POSITIONS, options={"x_size_arcmin": 1.0}, seconds=2.5, cancellation=cancellation or Cancellation())


# Writing


def test_a_file_has_its_name_when_all_of_it_is_there(results: JobResults, folder: Path) -> None:
    results.write("DES2134-0041/a", "a_g.fits", b"pixels")
    results.write("DES2134-0041/a", "a_g.fits", b"other pixels")
    assert [path.name for path in (folder / "DES2134-0041" / "a").iterdir()] == ["a_g.fits"]
    assert (folder / "DES2134-0041" / "a" / "a_g.fits").read_bytes() == b"other pixels"


def test_what_a_kill_left_half_written_does_no_harm(results: JobResults, folder: Path) -> None:
    results.write("DES2134-0041/a", "a_g.fits", b"pixels")
    (folder / "DES2134-0041" / "a" / ".a_r.fits.partial").write_bytes(b"pix")
    results.write("DES2134-0041/a", "a_r.fits", b"pixels")
    assert sorted(path.name for path in (folder / "DES2134-0041" / "a").iterdir()) == ["a_g.fits", "a_r.fits"]


@pytest.mark.parametrize("where", ["DES2134-0041", "DES2134-0041/a", "DES2134-0041/a/.a_g.fits.partial"])
def test_nothing_is_written_through_a_link(results: JobResults, folder: Path, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"precious")
    link = folder / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "precious" if where.endswith(".partial") else outside)
    if where.endswith(".partial"):
        results.write("DES2134-0041/a", "a_g.fits", b"pixels")
    else:
        with pytest.raises(Conflict, match="replaced by a link"):
            results.write("DES2134-0041/a", "a_g.fits", b"pixels")
    assert [path.name for path in outside.rglob("*")] == ["precious"]
    assert (outside / "precious").read_bytes() == b"precious"


def test_an_attempt_whose_folder_was_taken_over_stops(results: JobResults, folder: Path) -> None:
    done(0, b"pixels", results=results)
    folder.rename(folder.with_name("next"))
    for use in (lambda: done(1, b"pixels", results=results), lambda: results.add(done(1))):
        with pytest.raises(Conflict, match="is gone"):
            use()
    assert not folder.exists()
    assert len((folder.with_name("next") / "outcomes.jsonl").read_bytes().splitlines()) == 1


def test_a_full_disk_is_said(results: JobResults, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skydesk.backends.cutout_results.place.os.rename", full)
    with pytest.raises(ServiceUnavailable, match="is full"):
        results.write("DES2134-0041/a", "a_g.fits", b"pixels")


# Going on


def test_rows_whose_files_are_whole_are_kept(results: JobResults) -> None:
    kept = [done(0, b"pixels", b"more", results=results), done(2, b"pixels", results=results)]
    assert results.earlier() == {outcome.row: outcome for outcome in kept}


def test_a_torn_last_line_is_cut_off(results: JobResults, folder: Path) -> None:
    kept = done(0, b"pixels", results=results)
    whole = (folder / "outcomes.jsonl").read_bytes()
    for length in (1, 50, len(whole) - 1):
        (folder / "outcomes.jsonl").write_bytes(whole + line_of(done(1))[:length].rstrip(b"\n"))
        assert results.earlier() == {0: kept}
        assert (folder / "outcomes.jsonl").read_bytes() == whole


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"pix"),
        lambda file: file.write_bytes(b""),
        lambda file: (file.unlink(), file.symlink_to("/etc/hosts")),
        lambda file: (file.unlink(), os.mkfifo(file)),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: (file.parent.rename(file.parent.with_name("real")), file.parent.symlink_to("real")),
    ],
    ids=["gone", "short", "empty", "link", "pipe", "folder", "linked folder"],
)
def test_a_row_whose_file_is_not_there_whole_is_done_again(results: JobResults, folder: Path, harm: object) -> None:
    done(0, b"pixels", b"more", results=results)
    kept = done(1, b"pixels", results=results)
    size_bytes = (folder / "outcomes.jsonl").stat().st_size
    harm(folder / "DES2134-0041" / "DESJ000000" / "DESJ000000_0.fits")  # type: ignore[operator]
    assert results.earlier() == {1: kept}
    # places of lines stay what they are for whoever reads the file meanwhile, and the row is in it once when it is done again
    assert (folder / "outcomes.jsonl").stat().st_size == size_bytes
    assert [json.loads(line)["row"] for line in (folder / "outcomes.jsonl").read_bytes().splitlines() if line.strip()] == [1]
    assert results.earlier() == {1: kept}


def test_lines_that_somebody_added_are_not_believed(results: JobResults, folder: Path) -> None:
    kept = done(0, b"pixels", results=results)
    with (folder / "outcomes.jsonl").open("ab") as file:
        file.write(b"x" * 200_000 + b"\n")
        file.write(b'{"row": 1, "outcome": "done", "folder": "../../..", "files": ["x"]}\n')
        file.write(line_of(done(0)))
        file.write(line_of(done(3, b"never written")))
    assert results.earlier() == {0: kept}
    assert [line for line in (folder / "outcomes.jsonl").read_bytes().splitlines() if line.strip()] == [line_of(kept).strip()]


def test_outcomes_that_are_a_link_are_refused(folder: Path, survey: Survey, tiles: FakeTiles, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / "outcomes.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(Conflict, match="replaced by a link"):
        JobResults(folder, JOB_ID, survey=survey, tiles=lambda: tiles)
    assert (tmp_path / "precious").read_bytes() == b"precious"


# Tables


def finish_all(results: JobResults, request: CutoutRequest = REQUEST) -> JobTables:
    done(1, b"pixels", b"more", results=results)
    results.add(RowOutcome(row=2, outcome=Outcome.OUTSIDE, message="the position is outside the survey's tiles"))
    first = done(0, b"pixels", results=results)
    same = RowOutcome(row=3, outcome=Outcome.DUPLICATE, tile=first.tile, name=first.name, folder=first.folder, files=first.files)
    results.add(same)
    return finish(results, request)


def test_the_tables_have_every_row_once_in_the_order_given(results: JobResults, folder: Path) -> None:
    tables = finish_all(results)
    assert tables.files == (f"positions_{JOB_ID}.csv", "summary.json", "outcomes.jsonl")
    assert (tables.listed_files, tables.listed_bytes) == (3, 16)
    assert tables.counts == {Outcome.DONE: 2, Outcome.OUTSIDE: 1, Outcome.DUPLICATE: 1}
    with (folder / f"positions_{JOB_ID}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["ROW"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1] == {
        "ROW": "2", "RA": "323.4", "DEC": "-0.8", "COADD_OBJECT_ID": "1234", "XSIZE": "0.5", "COLORS_FITS": "g,r",
        "RGB_LUPTON_COLORS": "irg", "MAKE_FITS": "1", "OUTCOME": "done", "MESSAGE": "", "TILENAME": "DES2134-0041",
        "FOLDER": "DES2134-0041/DESJ000001",
    }  # fmt: skip
    assert [row["OUTCOME"] for row in rows] == ["done", "done", "outside", "duplicate"]
    assert rows[2]["MESSAGE"] == "the position is outside the survey's tiles"


def test_rows_are_written_as_they_were_given_with_what_became_of_them(
    folder: Path, survey: Survey, tiles: FakeTiles, results: JobResults
) -> None:
    finish_all(results)
    text = (
        'NAME OF MINE,RA [deg],DEC,FLUX,TILENAME\n=1+1,21:33:26.4,-0.8200,1e-3,mine\n,323.40,-0.80,,\n@x,10,89,2,\n"a,b",323.36,-0.82,3,\n'
    )
    table = table_of_text(text)
    content = positions_to_parquet(POSITIONS, table)
    given = JobResults(folder, JOB_ID, survey=survey, tiles=lambda: tiles, given=lambda: given_from_parquet(content))
    finish(given)
    with (folder / f"positions_{JOB_ID}.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["ROW", "NAME OF MINE", "RA [deg]", "DEC", "FLUX", "TILENAME_GIVEN", "OUTCOME", "MESSAGE", "TILENAME", "FOLDER"]
    assert rows[0][:7] == ["1", "=1+1", "21:33:26.4", "-0.8200", "1e-3", "mine", "done"]
    assert rows[1] == ["2", "", "323.40", "-0.80", "", "", "done", "", "DES2134-0041", "DES2134-0041/DESJ000001"]
    assert [row[1] for row in rows] == ["=1+1", "", "@x", "a,b"]


def test_rows_that_were_given_by_id_have_the_positions_that_were_found(
    folder: Path, survey: Survey, tiles: FakeTiles, results: JobResults
) -> None:
    finish_all(results)
    table = table_of_text("COADD_OBJECT_ID,MINE\n1,a\n1234,b\n3,c\n4,d\n")
    finish(JobResults(folder, JOB_ID, survey=survey, tiles=lambda: tiles, given=lambda: table))
    with (folder / f"positions_{JOB_ID}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {key: rows[1][key] for key in ("COADD_OBJECT_ID", "MINE", "RA", "DEC")} == {
        "COADD_OBJECT_ID": "1234", "MINE": "b", "RA": "323.4", "DEC": "-0.8",
    }  # fmt: skip


def test_the_summary_has_the_keys_of_desaccess(results: JobResults, folder: Path) -> None:
    finish_all(results)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["options"] == {"x_size_arcmin": 1.0}
    assert (summary["job_id"], summary["release"], summary["created_at"]) == (JOB_ID, "DR2", "2026-03-14T00:00:00Z")
    assert summary["unmatched_positions"] == {"coord": [[10.0, 89.0]], "coadd": []}
    assert (summary["number_of_files"], summary["size_on_disk"], summary["processing_time"]) == (3, 16, 2.5)
    first, second, *_ = summary["cutouts"]
    assert (first["RA"], first["DEC"], first["COADD_OBJECT_ID"]) == (323.36, -0.82, None)
    assert (second["XSIZE"], second["YSIZE"], second["TILENAME"], second["TILEDIR"]) == (0.5, 1.0, "DES2134-0041", "tiles/DES2134-0041")
    assert (first["SEXAGECIMAL"], first["FILES"]) == ("DESJ000000", ["DES2134-0041/DESJ000000/DESJ000000_0.fits"])


def test_matched_tiles_are_written_where_they_were_asked_for(results: JobResults, folder: Path, tiles: FakeTiles) -> None:
    pixels = {"SCI": np.zeros((2, 2), np.float32)}
    tiles.add("DES2134-0041", "g", "DR2", pixels)
    tables = finish_all(results, CutoutRequest(release="DR2", include_matched_csv=True))
    assert f"matched_{JOB_ID}.csv" in tables.files
    with (folder / f"matched_{JOB_ID}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["TILENAME"], row["FITS_IMAGE_G"], row["FITS_IMAGE_R"]) for row in rows] == [
        ("DES2134-0041", "DES2134-0041_r1p01_g.fits.fz", ""),
        ("DES2134-0041", "DES2134-0041_r1p01_g.fits.fz", ""),
        ("", "", ""),
        ("DES2134-0041", "DES2134-0041_r1p01_g.fits.fz", ""),
    ]


def test_a_row_whose_line_was_taken_away_is_told_as_failed(results: JobResults, folder: Path) -> None:
    finish_all(results)
    lines = (folder / "outcomes.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "outcomes.jsonl").write_bytes(b"".join([*lines[:1], lines[0], *lines[2:]]))
    tables = finish(results)
    assert tables.counts[Outcome.FAILED] == 1
    with (folder / f"positions_{JOB_ID}.csv").open() as file:
        row = list(csv.DictReader(file))[2]
    assert "outcomes.jsonl was changed" in row["MESSAGE"]
    written = [json.loads(line)["row"] for line in (folder / "outcomes.jsonl").read_bytes().splitlines() if line.strip()]
    assert sorted(written) == [0, 1, 2, 3]


def test_tables_are_not_begun_by_a_job_that_was_cancelled(results: JobResults, folder: Path) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        finish(results, cancellation=cancellation)
    assert not (folder / "summary.json").exists()
