"""``skydesk cutout`` and ``sky.cutouts``: every way in gives the same images."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from skydesk.client import Cutouts, JobHandle, SkyDesk, connect
from skydesk.errors import InvalidRequest, LimitExceeded, NotFound
from tests.core.command_line import Command, command_of, use_own_folders

POSITIONS = "RA,DEC,XSIZE,note\n323.3626,-0.8233,,M2\n323.33,-0.842,0.7,cluster\n323.3626,-0.8233,,again\n10,20,,out\n"
PRODUCTS = ["--fits", "--lupton", "--stiff", "gri", "--size-arcmin", "0.5", "0.4", "--planes", "SCI,WGT"]
OPTIONS = {"stiff_bands": ["gri"], "planes": ["SCI", "WGT"]}


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, tiny_survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_folders(monkeypatch, tmp_path, tiny_survey, workers=1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text(POSITIONS)


@pytest.fixture
def skydesk(capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(capsys)


@pytest.fixture
def sky() -> Iterator[SkyDesk]:
    with connect() as made:
        yield made


def images(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*/*"))}


def test_the_command_the_notebook_and_a_job_give_the_same_bytes(skydesk: Command, sky: SkyDesk, tmp_path: Path) -> None:
    status, out, _ = skydesk("cutout", "p.csv", "-o", "here", *PRODUCTS, "--workers", "2", "--json")
    told = json.loads(out)
    assert (status, told["rows"], told["outcomes"], told["files"]) == (0, 4, {"outside": 1, "done": 2, "duplicate": 1}, 10)
    by_command = images(tmp_path / "here")
    assert len(by_command) == 10

    options = {"size_arcmin": (0.5, 0.4), "products": ("fits", "lupton", "stiff"), **OPTIONS}
    at_once = sky.cutouts(POSITIONS, **options)
    assert isinstance(at_once, Cutouts)
    assert {f"{each.folder}/{name}": each.open_file(name) for each in at_once for name in each.file_names} == by_command

    job = sky.cutouts(tmp_path / "p.csv", **options, as_job=True)
    assert isinstance(job, JobHandle)
    fetched = sky.fetch_cutouts(job.wait(120, progress=False), tmp_path / "by-job")
    assert [each.outcome for each in fetched] == ["done", "done", "duplicate", "outside"]
    assert images(tmp_path / "by-job") == by_command
    for table in (next((tmp_path / "here").glob("positions_*.csv")), tmp_path / "by-job" / f"positions_{job.id}.csv"):
        with table.open(newline="") as file:
            assert [(row["note"], row["OUTCOME"]) for row in csv.DictReader(file)] == [
                ("M2", "done"), ("cluster", "done"), ("again", "duplicate"), ("out", "outside"),
            ]  # fmt: skip

    (tmp_path / "all").mkdir()
    downloaded = job.download(tmp_path / "all")
    assert images(tmp_path / "all") == by_command
    assert set(downloaded) == {path for path in (tmp_path / "all").rglob("*") if path.is_file()}
    assert {path.name for path in downloaded} >= {each["name"] for each in job.files}
    assert job.download(tmp_path, ["summary.json"]) == [tmp_path / "summary.json"]


def test_a_command_that_was_stopped_goes_on_where_it_was(skydesk: Command, tmp_path: Path) -> None:
    assert skydesk("cutout", "p.csv", "-o", "out", "--size-arcmin", "0.5")[0] == 0
    made = images(tmp_path / "out")
    lines = (tmp_path / "out" / "outcomes.jsonl").read_text().splitlines(keepends=True)
    kept = next(line for line in lines if '"row": 0' in line)
    (tmp_path / "out" / "outcomes.jsonl").write_text(kept + '{"row": 1, "outc')
    first = next(path for path in (tmp_path / "out").glob("*/*/*_g.fits") if json.loads(kept)["name"] in path.name)
    before = first.stat().st_mtime_ns
    for path in (tmp_path / "out").glob("*/*/*"):
        if json.loads(kept)["name"] not in path.name:
            path.unlink()
    assert skydesk("cutout", "p.csv", "-o", "out", "--size-arcmin", "0.5")[0] == 0
    assert images(tmp_path / "out") == made
    assert first.stat().st_mtime_ns == before
    status, _, said = skydesk("cutout", "p.csv", "-o", "out", "--size-arcmin", "0.6")
    assert status == 2
    assert "cutouts of other positions or options in it" in said


def test_every_fault_is_said_and_nothing_is_cut(skydesk: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("RA,DEC,XSIZE\nx,1,99\n1,2,3\n1,95,1\n")
    status, _, said = skydesk("cutout", "bad.csv", "-o", "out", "--bands", "gq")
    assert status == 2
    for part in ("fits_bands: names 'q'", "row 1, RA", "row 1, XSIZE", "row 3, DEC"):
        assert part in said
    assert list((tmp_path / "out").iterdir()) == []


def test_positions_may_come_from_standard_input(skydesk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"323.3626 -0.8233\n")))
    assert skydesk("cutout", "-", "-o", "out", "--bands", "i", "--size-arcmin", "0.3")[0] == 0
    assert [path.name for path in (tmp_path / "out").glob("*/*/*")] == ["DESJ213327.0240-004923.8800_i.fits"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["none.csv", "-o", "out"], "cannot read none.csv: no such file"),
        (["p.csv"], "the following arguments are required: -o"),
        (["p.csv", "-o", "p.csv"], "cannot make the folder p.csv"),
        (["p.csv", "-o", "out", "--size-arcmin", "1", "2", "3"], "takes a width and maybe a height"),
        (["p.csv", "-o", "out", "--release", "DR9"], "'DR9' is no release; there are DR1, DR2"),
        (["p.csv", "-o", "out", "--lupton", "ir"], "exactly three bands"),
        (["p.csv", "-o", "out", "--workers", "0"], "must be a whole number, 1 or more"),
    ],
    ids=["no file", "no folder", "a file for a folder", "three sizes", "no release", "two bands", "no workers"],
)
def test_a_wrong_command_is_refused_in_one_line(skydesk: Command, argv: list[str], said: str) -> None:
    status, out, error = skydesk("cutout", *argv)
    assert (status, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


def test_images_in_memory_have_arrays_header_and_wcs(sky: SkyDesk) -> None:
    made = sky.cutouts((323.3626, -0.8233), size_arcmin=0.5)
    assert isinstance(made, Cutouts)
    [cutout] = made
    assert cutout.bands == ("g", "r", "i")
    assert cutout.array.shape == cutout.mask.shape == cutout.weight.shape == (114, 114)
    assert cutout.band("i").header["BAND"] == "i" if "BAND" in cutout.band("i").header else cutout.band("i").array.shape == (114, 114)
    ra, dec = cutout.wcs.all_pix2world([[56.5, 56.5]], 0)[0]
    assert (ra, dec) == pytest.approx((323.3626, -0.8233), abs=2e-4)
    assert cutout.rgb().shape == (114, 114, 3)
    assert cutout.rgb(("g", "r", "i"), q=3).std() > 0
    assert cutout._repr_png_()[:4] == b"\x89PNG"
    assert "<img" in made._repr_html_()
    assert repr(made) == "<Cutouts 1 done>"
    with pytest.raises(NotFound, match="no image in z; it has g, r, i"):
        cutout.band("z")
    with pytest.raises(NotFound, match="no lupton picture"):
        cutout.picture()


def test_the_picture_of_the_notebook_is_that_of_the_service(sky: SkyDesk) -> None:
    from PIL import Image

    made = sky.cutouts((323.3626, -0.8233), size_arcmin=0.5, products=("fits", "lupton"))
    assert isinstance(made, Cutouts)
    by_service = np.asarray(Image.open(io.BytesIO(made[0].picture())))
    assert np.abs(by_service.astype(int) - made[0].rgb(("i", "r", "g")).astype(int)).max() <= 1


def test_what_lies_outside_says_so_and_shows_no_picture(sky: SkyDesk) -> None:
    made = sky.cutouts([[323.3626, -0.8233], [10, 20]], size_arcmin=0.5, bands="i")
    assert isinstance(made, Cutouts)
    assert [each.outcome for each in made[1:]] == ["outside"]
    assert made[1]._repr_png_() is None
    assert "outside" in repr(made[1])
    assert made[0]._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(NotFound, match="it has none"):
        _ = made[1].array


def test_faults_and_limits_are_raised_before_anything_is_cut(sky: SkyDesk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        sky.cutouts("RA,DEC\nx,1\n1,99\n")
    assert [fault.row for fault in caught.value.faults] == [1, 2]
    with pytest.raises(InvalidRequest, match="x_size_arcmin"):
        sky.cutouts((1, 2), size_arcmin=99)
    with pytest.raises(LimitExceeded, match="are cut at once; submit a job"):
        sky.cutouts((np.full(300, 323.3626), np.linspace(-0.83, -0.82, 300)), as_job=False)


def test_a_fits_file_is_one_that_astropy_reads(sky: SkyDesk) -> None:
    made = sky.cutouts((323.3626, -0.8233), size_arcmin=0.5, bands="g")
    assert isinstance(made, Cutouts)
    with fits.open(io.BytesIO(made[0].open_file(made[0].file_names[0]))) as hdus:
        assert [hdu.data.shape for hdu in hdus] == [(114, 114)] * 3
