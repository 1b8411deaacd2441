"""``cutout/jobs/{id}/...``: rows as they come, pictures, files, tars, and rows cut again."""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.cutout_results import JobResults
from skydesk.backends.position_files import positions_from_parquet
from skydesk.cutout.model import Outcome, RowOutcome
from skydesk.cutout.task import run_cutouts
from skydesk.errors import Conflict, InvalidRequest, LimitExceeded, NotAllowed, NotFound
from skydesk.jobs.model import Job, Phase
from skydesk.jobs.ports import ResumableTask
from skydesk.query.model import Cancellation
from skydesk.web.cutout_job import POSITIONS_FILE, request_from_json
from skydesk.web.http import BytesReply, JsonReply, StreamReply
from skydesk.worker import Execution
from tests.core.cutout.cutout_desk import ELSEWHERE, TILE, CutoutDesk, at, cutout_desk, limited
from tests.web.conftest import HENRIETTA, Desk

OPTIONS = {"x_size_arcmin": 4, "y_size_arcmin": 4, "products": ["fits", "lupton"], "fits_bands": ["i"]}
TEXT = (
    f"RA,DEC,XSIZE,note\n{TILE.ra_deg},{TILE.dec_deg},,a\n{at(TILE, 120, 220)},5,b\n"
    f"{TILE.ra_deg},{TILE.dec_deg},,c\n{at(ELSEWHERE, 200, 200)},,d\n"
)


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutoutDesk]:
    with cutout_desk(tmp_path_factory.mktemp("sky")) as made:
        yield made


@pytest.fixture
def cutouts(desk: Desk, sky: CutoutDesk) -> Desk:
    services = replace(desk.services, survey=sky.survey, catalog=sky.catalog, open_cutouts=lambda: sky.service)
    return Desk(services, desk.folders, desk.runner)


def submit(desk: Desk, text: str = TEXT) -> str:
    draft = desk.json("POST", "cutout/positions", {"text": text})
    job_id: str = desk.json("POST", "cutout/jobs", {"positions": draft["id"], "options": OPTIONS, "allow_duplicate": True})["id"]
    return job_id


def worker_services(sky: CutoutDesk) -> SimpleNamespace:
    return SimpleNamespace(
        survey=sky.survey,
        tiles=sky.tiles,
        renderer=FileRenderer(),
        chart_objects=None,
        read_cutout_job=lambda request, content: (request_from_json(request), positions_from_parquet(content)),
        open_results=lambda folder, job_id, _: JobResults(folder, job_id, survey=sky.survey, tiles=lambda: sky.tiles),
        threads=1,
    )


def run(desk: Desk, sky: CutoutDesk) -> Job:
    """Carry the oldest job out as a worker does."""
    job = desk.runner.claim()
    assert job is not None
    end: Mapping[str, Any] = Execution(job, desk.folders, Cancellation(), lambda _: None).carry_out(
        worker_services(sky), ResumableTask(run_cutouts)
    )
    assert end["phase"] is Phase.COMPLETED, end
    done = desk.runner.end(job, end["phase"], **{name: end[name] for name in ("rows", "files_count", "size_bytes")})
    assert done is not None
    return done


@pytest.fixture
def job(cutouts: Desk, sky: CutoutDesk) -> Job:
    submit(cutouts)
    return run(cutouts, sky)


def picture(desk: Desk, path: str) -> Image.Image:
    reply = desk.call("GET", path)
    assert isinstance(reply, BytesReply)
    assert reply.media_type == "image/png"
    return Image.open(io.BytesIO(reply.body))


def stream(desk: Desk, path: str) -> bytes:
    reply = desk.call("GET", path)
    assert isinstance(reply, StreamReply)
    return b"".join(reply.chunks)


# Rows


def test_every_row_is_given_with_its_place_and_its_files(cutouts: Desk, job: Job) -> None:
    page = cutouts.json("GET", f"cutout/jobs/{job.id}/rows")
    assert (page["total"], page["ended"], page["phase"]) == (4, True, "COMPLETED")
    rows = {row[0]: row for row in page["rows"]}
    assert [rows[number][1] for number in range(4)] == ["done", "done", "duplicate", "outside"]
    number, _, message, tile, name, ra, dec, object_id, folder, files, size_bytes, width, height = rows[1]
    assert (number, message, tile, object_id, folder) == (1, "", TILE.name, None, f"{TILE.name}/{name}")
    assert files == [f"{name}_i.fits", f"{name}_irg_lupton.png"]
    assert (width, height) == (5, 4)
    assert abs(ra - TILE.ra_deg) < 1
    assert abs(dec - TILE.dec_deg) < 1
    assert size_bytes == sum((cutouts.folders.path(job) / folder / file).stat().st_size for file in files)
    assert cutouts.json("GET", f"cutout/jobs/{job.id}/rows?since={page['next']}")["rows"] == []


def test_rows_come_while_the_job_runs_and_the_cursor_holds_over_its_end(cutouts: Desk, sky: CutoutDesk) -> None:
    job_id = submit(cutouts)
    begun = cutouts.json("GET", f"cutout/jobs/{job_id}/rows")
    assert (begun["rows"], begun["next"], begun["total"], begun["ended"], begun["phase"]) == ([], 0, 4, False, "QUEUED")
    job = cutouts.runner.claim()
    assert job is not None
    partial = cutouts.folders.begin(job, 1)
    results = JobResults(partial, job.id, survey=sky.survey, tiles=lambda: sky.tiles)
    results.write("T/a", "a_i.fits", b"pixels")
    results.add(RowOutcome(row=2, outcome=Outcome.DONE, tile="T", name="a", folder="T/a", files=("a_i.fits",), size_bytes=6))
    first = cutouts.json("GET", f"cutout/jobs/{job_id}/rows")
    assert [row[0] for row in first["rows"]] == [2]
    assert stream(cutouts, f"cutout/jobs/{job_id}/file/2?name=a_i.fits") == b"pixels"
    results.add(RowOutcome(row=0, outcome=Outcome.FAILED, message="the tile is broken"))
    partial.rename(cutouts.folders.path(job))
    second = cutouts.json("GET", f"cutout/jobs/{job_id}/rows?since={first['next']}")
    assert [(row[0], row[2]) for row in second["rows"]] == [(0, "the tile is broken")]
    assert second["next"] > first["next"]


@pytest.mark.parametrize("since", [7, 10_000_000])
def test_a_cursor_that_is_none_begins_anew(cutouts: Desk, job: Job, since: int) -> None:
    assert len(cutouts.json("GET", f"cutout/jobs/{job.id}/rows?since={since}")["rows"]) == 4


def test_a_row_has_its_object_and_the_cells_that_were_given(cutouts: Desk, job: Job) -> None:
    details = cutouts.json("GET", f"cutout/jobs/{job.id}/rows/0")
    assert details["row"][0] == 0
    assert details["object"]["object_id"] == "11"
    assert set(details["object"]["magnitudes"]) == set("grizY")
    assert dict(details["cells"])["note"] == "a"
    other = cutouts.json("GET", f"cutout/jobs/{job.id}/rows/1")
    assert (other["object"], other["object_problem"]) == (None, None)


# Pictures and files


def test_pictures_are_shown_in_the_size_that_is_asked_for(cutouts: Desk, job: Job) -> None:
    whole = picture(cutouts, f"cutout/jobs/{job.id}/picture/1")
    assert whole.mode == "RGB"
    small = picture(cutouts, f"cutout/jobs/{job.id}/picture/1?product=lupton&size=16")
    assert max(small.size) == 16
    assert abs(small.width / small.height - whole.width / whole.height) < 0.1
    grey = picture(cutouts, f"cutout/jobs/{job.id}/picture/1?product=fits")
    assert grey.mode == "L"
    assert grey.size == whole.size
    assert max(picture(cutouts, f"cutout/jobs/{job.id}/picture/1?product=fits&size=20").size) == 20
    assert picture(cutouts, f"cutout/jobs/{job.id}/picture/2").tobytes() == picture(cutouts, f"cutout/jobs/{job.id}/picture/0").tobytes()


def test_a_row_without_pictures_says_why(cutouts: Desk, job: Job) -> None:
    with pytest.raises(NotFound, match="no tile with images covers"):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/3")
    with pytest.raises(NotFound, match="no chart"):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/0?product=chart")
    with pytest.raises(NotFound, match="no row 99"):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/98")


@pytest.mark.parametrize("query", ["product=jpeg", "size=1", "size=100000", "colour=1"])
def test_a_picture_that_is_asked_for_in_a_wrong_way_is_refused(cutouts: Desk, job: Job, query: str) -> None:
    with pytest.raises(InvalidRequest):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/0?{query}")


def test_a_file_is_given_as_it_is(cutouts: Desk, job: Job) -> None:
    row = cutouts.json("GET", f"cutout/jobs/{job.id}/rows/0")["row"]
    for name in row[9]:
        assert stream(cutouts, f"cutout/jobs/{job.id}/file/0?name={name}") == (cutouts.folders.path(job) / row[8] / name).read_bytes()


def names_in(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return tar.getnames()


def test_a_tar_has_each_file_of_the_rows_once(cutouts: Desk, job: Job) -> None:
    rows = {row[0]: row for row in cutouts.json("GET", f"cutout/jobs/{job.id}/rows")["rows"]}
    paths = {number: [f"{job.id}/{row[8]}/{name}" for name in row[9]] for number, row in rows.items()}
    assert names_in(stream(cutouts, f"cutout/jobs/{job.id}/tar")) == paths[0] + paths[1]
    assert names_in(stream(cutouts, f"cutout/jobs/{job.id}/tar?rows=1,1-3")) == paths[1] + paths[2]
    assert names_in(stream(cutouts, f"cutout/jobs/{job.id}/tar?rows=3,7-9999999")) == []
    for wrong in ("", "x", "1-", "-1", "1;2", "9" * 10, ",".join(["1"] * 20_000)):
        if wrong:
            with pytest.raises(InvalidRequest, match="0-99,105"):
                cutouts.call("GET", f"cutout/jobs/{job.id}/tar?rows={wrong}")


def test_the_archive_and_the_files_of_the_job_know_the_images(cutouts: Desk, job: Job) -> None:
    row = cutouts.json("GET", f"cutout/jobs/{job.id}/rows/1")["row"]
    images = {f"{job.id}/{row[8]}/{name}" for name in row[9]}
    assert images < set(names_in(stream(cutouts, f"jobs/{job.id}/archive")))
    listed = [file["name"] for file in cutouts.json("GET", f"jobs/{job.id}/files")["files"]]
    assert listed == [f"positions_{job.id}.csv", "summary.json", "outcomes.jsonl"]
    assert job.files_count == 4 + 3
    assert cutouts.services.jobs.file(cutouts.user, job.id, f"{row[8]}/{row[9][0]}").is_file()


# Again


def test_rows_that_failed_are_cut_again_in_a_job_of_their_own(cutouts: Desk, sky: CutoutDesk) -> None:
    broken = job_with_failures(cutouts, sky)
    reply = cutouts.call("POST", f"cutout/jobs/{broken}/again", {})
    assert isinstance(reply, JsonReply)
    assert (reply.status, reply.value["name"][-8:]) == (201, " (again)")
    again = cutouts.services.jobs.get(cutouts.user, reply.value["id"])
    assert again.request["inputs"][POSITIONS_FILE]["rows"] == 2
    chosen = positions_from_parquet(cutouts.folders.input(again, POSITIONS_FILE))
    assert chosen.overrides == {0: {"XSIZE": 5.0}}
    done = run(cutouts, sky)
    rows = {row[0]: row for row in cutouts.json("GET", f"cutout/jobs/{done.id}/rows")["rows"]}
    assert [rows[number][1] for number in range(2)] == ["done", "done"]
    assert dict(cutouts.json("GET", f"cutout/jobs/{done.id}/rows/1")["cells"])["note"] == "c"


def job_with_failures(desk: Desk, sky: CutoutDesk) -> str:
    """A job of which rows 1 and 2 have failed."""
    job_id = submit(desk)
    job = desk.runner.claim()
    assert job is not None
    partial = desk.folders.begin(job, 1)
    results = JobResults(partial, job.id, survey=sky.survey, tiles=lambda: sky.tiles)
    for row, outcome in enumerate((Outcome.DONE, Outcome.FAILED, Outcome.PARTLY, Outcome.OUTSIDE)):
        results.add(RowOutcome(row=row, outcome=outcome, message="so it is"))
    desk.runner.end(job, Phase.COMPLETED)
    return job_id


def test_there_is_nothing_to_do_again_where_all_went_well(cutouts: Desk, job: Job) -> None:
    with pytest.raises(Conflict, match="nothing to do again"):
        cutouts.call("POST", f"cutout/jobs/{job.id}/again", {"outcomes": ["failed"]})
    with pytest.raises(InvalidRequest, match="outcomes"):
        cutouts.call("POST", f"cutout/jobs/{job.id}/again", {"outcomes": ["odd"]})


def test_a_whole_job_is_run_again_with_the_limits_of_today(cutouts: Desk, job: Job) -> None:
    again_id = cutouts.json("POST", f"jobs/{job.id}/rerun")["id"]
    again = cutouts.services.jobs.get(cutouts.user, again_id)
    assert (again.name, again.request["options"]) == (job.name, job.request["options"])
    assert cutouts.folders.input(again, POSITIONS_FILE) == cutouts.folders.input(job, POSITIONS_FILE)
    with pytest.raises(LimitExceeded, match="4 positions were given"):
        cutouts.by(limited(max_positions=1)).call("POST", f"jobs/{job.id}/rerun")


# What others may not, and what owners may have done to their folders


def every_path(job_id: str) -> list[tuple[str, str]]:
    below = ("rows", "rows/0", "picture/0", "file/0?name=x.fits", "tar")
    return [*(("GET", f"cutout/jobs/{job_id}/{path}") for path in below), ("POST", f"cutout/jobs/{job_id}/again")]


def test_nobody_gets_at_the_job_of_another(cutouts: Desk, job: Job) -> None:
    for method, path in every_path(job.id):
        with pytest.raises(NotFound, match="there is no job"):
            cutouts.by(HENRIETTA).call(method, path)


def test_who_may_not_have_cutouts_gets_none(cutouts: Desk, job: Job) -> None:
    services = frozenset({"query", "jobs"})
    nobody = cutouts.by(replace(cutouts.user, entitlements=replace(cutouts.user.entitlements, services=services)))
    for method, path in every_path(job.id):
        with pytest.raises(NotAllowed):
            nobody.call(method, path)


def test_other_jobs_have_no_gallery(cutouts: Desk) -> None:
    query = cutouts.services.jobs.submit(cutouts.user, "query", {"sql": "SELECT 1 FROM DUAL"})
    for method, path in every_path(query.id):
        with pytest.raises(NotFound, match="no cutout job"):
            cutouts.call(method, path)


@pytest.mark.parametrize("row", ["-1", "1.5", "x", "9" * 30, "..", "\u0663"])
def test_what_is_no_row_is_not_found(cutouts: Desk, job: Job, row: str) -> None:
    with pytest.raises(NotFound):
        cutouts.call("GET", f"cutout/jobs/{job.id}/rows/{row}")


@pytest.mark.parametrize("name", ["../../../summary.json", "/etc/passwd", "..", "x", "outcomes.jsonl", "a\x00", "a/b"])
def test_names_that_the_row_has_not_open_nothing(cutouts: Desk, job: Job, name: str) -> None:
    for path in ("file", "picture"):
        with pytest.raises(NotFound):
            cutouts.services.gallery.file(cutouts.user, job.id, cutouts.services.gallery.row(cutouts.user, job.id, 0), name)
        with pytest.raises(NotFound):
            cutouts.call("GET", f"cutout/jobs/{job.id}/{path}/0?name={name.replace(chr(0), '%00')}")


def edit(desk: Desk, job: Job, row: int, **values: Any) -> Path:
    """Have the owner write something else into a line of the outcomes."""
    file = desk.folders.path(job) / "outcomes.jsonl"
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    changed = [{**line, **values} if line["row"] == row else line for line in lines]
    file.write_text("".join(json.dumps(line) + "\n" for line in changed))
    return desk.folders.path(job)


@pytest.mark.parametrize("folder", ["../..", "..", "/etc", "T/../..", ".hidden/x", ""])
def test_a_line_that_leads_elsewhere_is_passed_over(cutouts: Desk, job: Job, folder: str) -> None:
    edit(cutouts, job, 0, folder=folder, files=["passwd"])
    assert 0 not in {row[0] for row in cutouts.json("GET", f"cutout/jobs/{job.id}/rows")["rows"]}
    with pytest.raises(NotFound):
        cutouts.call("GET", f"cutout/jobs/{job.id}/file/0?name=passwd")


def test_links_pipes_and_folders_are_not_opened(cutouts: Desk, job: Job, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file.png").write_bytes(b"secret")
    folder = edit(cutouts, job, 0, folder="T/a", files=["link.png", "pipe.png", "sub.png"])
    (folder / "T" / "a").mkdir(parents=True)
    (folder / "T" / "a" / "link.png").symlink_to(tmp_path / "secret" / "file.png")
    os.mkfifo(folder / "T" / "a" / "pipe.png")
    (folder / "T" / "a" / "sub.png").mkdir()
    for name in ("link.png", "pipe.png", "sub.png"):
        with pytest.raises(NotFound):
            cutouts.call("GET", f"cutout/jobs/{job.id}/file/0?name={name}")
    assert names_in(stream(cutouts, f"cutout/jobs/{job.id}/tar?rows=0")) == []
    edit(cutouts, job, 0, folder="T/linked", files=["file.png"])
    (folder / "T" / "linked").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        cutouts.call("GET", f"cutout/jobs/{job.id}/file/0?name=file.png")


HOSTILE = {
    "text.png": b"no picture at all",
    "empty.png": b"",
    "cut.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "text.fits": b"SIMPLE  =                    T",
    "cut.fits": b"".join(
        card.ljust(80) for card in (b"SIMPLE  = T", b"BITPIX  = -32", b"NAXIS   = 2", b"NAXIS1  = 4096", b"NAXIS2  = 4096", b"END")
    ).ljust(2880),
    "huge.fits": b"".join(
        card.ljust(80) for card in (b"SIMPLE  = T", b"BITPIX  = -32", b"NAXIS   = 2", b"NAXIS1  = 999999", b"NAXIS2  = 999999", b"END")
    ).ljust(2880),
    "table.csv": b"RA,DEC\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_are_no_pictures_end_in_words(cutouts: Desk, job: Job, name: str) -> None:
    folder = edit(cutouts, job, 0, folder="T/a", files=[name])
    (folder / "T" / "a").mkdir(parents=True)
    (folder / "T" / "a" / name).write_bytes(HOSTILE[name])
    with pytest.raises(InvalidRequest, match="name"):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/0?name={name}&size=64")
    assert stream(cutouts, f"cutout/jobs/{job.id}/file/0?name={name}") == HOSTILE[name]


def test_a_picture_of_billions_of_pixels_is_not_unpacked(cutouts: Desk, job: Job) -> None:
    folder = edit(cutouts, job, 0, folder="T/a", files=["bomb.png"])
    (folder / "T" / "a").mkdir(parents=True)
    Image.new("1", (9000, 9000)).save(folder / "T" / "a" / "bomb.png")
    with pytest.raises(InvalidRequest, match="too many"):
        cutouts.call("GET", f"cutout/jobs/{job.id}/picture/0?name=bomb.png&size=64")


def test_outcomes_that_were_deleted_leave_no_rows(cutouts: Desk, job: Job) -> None:
    (cutouts.folders.path(job) / "outcomes.jsonl").unlink()
    assert cutouts.json("GET", f"cutout/jobs/{job.id}/rows")["rows"] == []
    with pytest.raises(NotFound):
        cutouts.call("GET", f"cutout/jobs/{job.id}/rows/0")


def test_rows_that_were_written_anew_are_found_anew(cutouts: Desk, job: Job) -> None:
    assert cutouts.json("GET", f"cutout/jobs/{job.id}/rows/1")["row"][1] == "done"
    edit(cutouts, job, 0, message="x" * 3000)
    assert cutouts.json("GET", f"cutout/jobs/{job.id}/rows/1")["row"][1] == "done"
    assert cutouts.json("GET", f"cutout/jobs/{job.id}/rows/0")["row"][2] == "x" * 3000
