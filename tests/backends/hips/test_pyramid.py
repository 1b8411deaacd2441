"""Pyramids as files: held to the standard one by one, where a star lies, what is broken, what is interrupted."""

import multiprocessing
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude
from astropy.io import fits
from cdshealpix.nested import lonlat_to_healpix
from mocpy import MOC
from numpy.typing import NDArray
from PIL import Image

from skydesk.backends.hips import PyramidFolder, PyramidShelf
from skydesk.errors import Cancelled, Conflict, LimitExceeded, NotFound
from skydesk.footprint.hips.names import cell_path, known_path
from skydesk.footprint.hips.properties import read_properties
from skydesk.footprint.hips.task import run_hips
from skydesk.footprint.membership import TileSet
from tests.fakes.task_context import FakeTaskContext
from tests.fakes.tiles import FakeTiles

from .small_sky import FIRST, GRID, STAR, TILES, SmallWorker, small_tiles, wish

ORDER = 6
MANDATORY = [
    "creator_did",
    "obs_title",
    "dataproduct_type",
    "hips_version",
    "hips_release_date",
    "hips_status",
    "hips_tile_format",
    "hips_order",
    "hips_frame",
    "dataproduct_subtype",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pyramid that was made without a break."""
    folder = tmp_path_factory.mktemp("whole")
    outcome = run_hips(SmallWorker(folder, threads=2), wish(), FakeTaskContext(folder))
    assert outcome.rows is not None
    assert outcome.summary["release"] == "DR2"
    return folder / "small-0123456789" / "DR2"


def picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGBA")
        return np.asarray(image)


def cells(folder: Path, order: int) -> set[int]:
    return {int(path.stem.removeprefix("Npix")) for path in folder.glob(f"Norder{order}/Dir*/Npix*.png")}


def test_every_file_is_one_of_the_standard_and_none_is_missing(whole: Path) -> None:
    files = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}
    assert files >= {"properties", "Moc.fits", "Norder3/Allsky.png"}
    assert all(known_path(name) == name for name in files)
    for name in files - {"properties", "Moc.fits", "Norder3/Allsky.png"}:
        found = re.fullmatch(r"Norder(\d+)/Dir(\d+)/Npix(\d+)\.png", name)
        assert found is not None
        order, folder, cell = map(int, found.groups())
        assert 3 <= order <= ORDER
        assert folder == cell // 10_000 * 10_000
        assert 0 <= cell < 12 * 4**order
        pixels = picture(whole / name)
        assert pixels.shape == (512, 512, 4)
        assert pixels[..., 3].any()
    for order in range(3, ORDER):
        assert cells(whole, order) == {cell >> 2 for cell in cells(whole, order + 1)}
    assert sorted(path.name for path in whole.parent.iterdir()) == ["DR2", "DR2.lock"]


def test_the_properties_have_every_mandatory_keyword_in_the_form_that_the_standard_wants(whole: Path) -> None:
    text = (whole / "properties").read_text(encoding="utf-8")
    assert all(re.fullmatch(r"[a-z0-9_]+ += \S.*", line) for line in text.splitlines())
    known = read_properties(text)
    assert [name for name in MANDATORY if name not in known] == []
    assert (known["hips_version"], known["hips_frame"], known["dataproduct_type"]) == ("1.4", "equatorial", "image")
    assert (known["dataproduct_subtype"], known["hips_tile_format"]) == ("color", "png")
    assert (known["hips_order"], known["hips_order_min"], known["hips_tile_width"]) == (str(ORDER), "3", "512")
    assert re.fullmatch(r"ivo://[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+", known["creator_did"])
    for name in ("hips_release_date", "hips_creation_date"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", known[name])
    privacy, origin, cloning = known["hips_status"].split()
    assert (privacy in {"public", "private"}, origin, cloning in {"clonable", "unclonable", "clonableOnce"}) == (True, "master", True)
    assert float(known["hips_pixel_scale"]) == pytest.approx(6.442 / 3600, rel=1e-3)
    assert float(known["hips_initial_dec"]) == pytest.approx(FIRST.dec_deg, abs=0.01)
    assert (float(known["hips_initial_ra"]) + 180) % 360 == pytest.approx(180, abs=0.5)
    assert 0.5 <= float(known["hips_initial_fov"]) < 2


def test_the_moc_has_just_the_cells_that_have_a_picture(whole: Path) -> None:
    moc = MOC.load(whole / "Moc.fits", format="fits")
    assert moc.max_order == ORDER
    assert set(moc.flatten().tolist()) == cells(whole, ORDER)
    assert float(read_properties((whole / "properties").read_text())["moc_sky_fraction"]) == pytest.approx(moc.sky_fraction, rel=1e-5)
    with fits.open(whole / "Moc.fits") as hdus:
        assert hdus[1].header["COORDSYS"] == "C"


def test_a_star_lies_on_the_pixel_that_another_library_says(whole: Path) -> None:
    for order in (6, 5, 4):
        (number,) = lonlat_to_healpix(Longitude(STAR[0], "deg"), Latitude(STAR[1], "deg"), depth=order + 9).astype(np.int64).tolist()
        cell, inside = divmod(number, 4**9)
        bits = f"{inside:018b}"
        row, column = int(bits[1::2], 2), int(bits[0::2], 2)
        pixels = picture(whole / cell_path(order, cell))
        light = pixels[..., :3].astype(int).sum(axis=2) * pixels[..., 3]
        around = light[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7].astype(float)
        around -= np.median(light[light > 0])
        weight = around.clip(0)
        down, along = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]]
        assert weight.sum() > 0
        assert (weight * down).sum() / weight.sum() + max(0, row - 6) == pytest.approx(row, abs=1)
        assert (weight * along).sum() / weight.sum() + max(0, column - 6) == pytest.approx(column, abs=1)
        assert light.max() == around.max() + np.median(light[light > 0])


def test_what_is_opaque_is_what_the_tiles_cover(whole: Path) -> None:
    area = sum((picture(whole / cell_path(ORDER, cell))[..., 3] == 255).sum() for cell in cells(whole, ORDER))
    assert area * 41252.96124941928 / (12 * 4 ** (ORDER + 9)) == pytest.approx(TILES.area_deg2, rel=5e-3)


def test_the_coarser_picture_is_the_mean_of_the_finer_ones(whole: Path) -> None:
    (cell,) = list(cells(whole, 4))[:1]
    parent = picture(whole / cell_path(4, cell))
    for child, (rows, columns) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        path = whole / cell_path(5, 4 * cell + child)
        part = parent[256 * rows : 256 * rows + 256, 256 * columns : 256 * columns + 256]
        if not path.exists():
            assert not part.any()
            continue
        opaque = picture(path)[..., 3].reshape(256, 2, 256, 2)
        whole_there = (opaque == 255).all(axis=(1, 3))
        assert np.array_equal(part[..., 3] == 255, whole_there)
        colours = picture(path)[..., :3].reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
        assert np.abs(part[whole_there][:, :3] - colours[whole_there]).max(initial=0) <= 0.5


def test_the_preview_of_the_sky_has_each_cell_in_its_place(whole: Path) -> None:
    sky = picture(whole / "Norder3/Allsky.png")
    assert sky.shape == (29 * 64, 27 * 64, 4)
    there = {(row // 64) * 27 + column // 64 for row, column in zip(*np.nonzero(sky[..., 3]), strict=True)}
    assert there == cells(whole, 3)


def test_a_broken_image_leaves_its_tile_transparent_and_is_told_once(tmp_path: Path, whole: Path) -> None:
    context = FakeTaskContext(tmp_path)
    run_hips(SmallWorker(tmp_path, small_tiles(broken=FIRST.name)), wish(), context)
    folder = tmp_path / "small-0123456789" / "DR2"
    assert [line for line in context.lines if "is broken" in line] == [f"{FIRST.name} is left out: {FIRST.name}_r.fits.fz is broken"]
    half = sum((picture(folder / cell_path(ORDER, cell))[..., 3] == 255).sum() for cell in cells(folder, ORDER))
    all_of_it = sum((picture(whole / cell_path(ORDER, cell))[..., 3] == 255).sum() for cell in cells(whole, ORDER))
    assert half / all_of_it == pytest.approx(0.5, abs=0.01)


def test_a_part_that_cannot_be_read_is_transparent_and_blank_pixels_are_too(tmp_path: Path) -> None:
    tiles = small_tiles()
    for band in "gri":
        image = tiles.image(FIRST.name, band, "DR2")
        assert image is not None
        image.planes[1]._pixels[:100] = 1
    run_hips(SmallWorker(tmp_path, tiles), wish(), FakeTaskContext(tmp_path))
    folder = tmp_path / "small-0123456789" / "DR2"
    area = sum((picture(folder / cell_path(ORDER, cell))[..., 3] == 255).sum() for cell in cells(folder, ORDER))
    assert area * 41252.96124941928 / (12 * 4 ** (ORDER + 9)) == pytest.approx(0.75 * TILES.area_deg2, rel=0.01)


def test_small_pixels_are_averaged_before_they_become_those_of_a_coarse_cell(tmp_path: Path) -> None:
    tiles = FakeTiles()
    rng = np.random.default_rng(3)
    for tile in TILES:
        for band in "gri":
            tiles.add_sky(tile, band, "DR2", rng.normal(40, 20, (200, 200)).astype(np.float32))
    spread = {}
    for order in (4, 6):
        run_hips(SmallWorker(tmp_path, tiles), wish(order), FakeTaskContext(tmp_path))
        folder = tmp_path / "small-0123456789" / "DR2"
        found = [picture(folder / cell_path(order, cell)) for cell in sorted(cells(folder, order))]
        spread[order] = np.concatenate([each[each[..., 3] == 255][:, 1] for each in found]).std()
    assert spread[4] < spread[6] / 2


def _make_until_stopped(folder: Path, gate: Path) -> None:
    def before(_: int) -> None:
        if len(worker.painted) == 2:
            gate.touch()
            signal.pause()

    worker = SmallWorker(folder, before=before)
    run_hips(worker, wish(7), FakeTaskContext(folder))


def test_what_a_killed_job_has_finished_is_kept_by_the_next(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_make_until_stopped, args=(tmp_path / "cut", tmp_path / "gate"))
    (tmp_path / "cut").mkdir()
    process.start()
    while not (tmp_path / "gate").exists():
        assert process.is_alive()
        process.join(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    place = tmp_path / "cut" / "small-0123456789"
    assert PyramidShelf(place).state("DR2") is None
    with (place / "DR2.unfinished" / "cells.journal").open("ab") as journal:
        journal.write(b"7 12")
    worker, context = SmallWorker(tmp_path / "cut"), FakeTaskContext(tmp_path)
    run_hips(worker, wish(7), context)
    unbroken = SmallWorker(tmp_path / "unbroken")
    run_hips(unbroken, wish(7), FakeTaskContext(tmp_path))
    assert worker.painted == unbroken.painted[2:]
    assert "2 cells were finished earlier and are kept" in context.lines
    other = tmp_path / "unbroken" / "small-0123456789" / "DR2"
    names = sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(place / "DR2").as_posix() for path in (place / "DR2").rglob("*") if path.is_file())
    assert all((place / "DR2" / name).read_bytes() == (other / name).read_bytes() for name in names if name != "properties")


def test_a_finished_cell_whose_picture_is_gone_is_painted_again(tmp_path: Path) -> None:
    def stop(_: int) -> None:
        if len(worker.painted) == 3:
            raise Cancelled("stopped")

    worker = SmallWorker(tmp_path, before=stop)
    with pytest.raises(Cancelled):
        run_hips(worker, wish(7), FakeTaskContext(tmp_path))
    kept = sorted((tmp_path / "small-0123456789" / "DR2.unfinished").rglob("Npix*.png"))
    kept[0].unlink()
    again = SmallWorker(tmp_path)
    run_hips(again, wish(7), FakeTaskContext(tmp_path))
    assert int(kept[0].stem.removeprefix("Npix")) in again.painted
    assert len(kept) == 1 or int(kept[1].stem.removeprefix("Npix")) not in again.painted


def test_a_pyramid_of_another_order_is_begun_anew_and_replaces_the_first_at_once(tmp_path: Path, whole: Path) -> None:
    run_hips(SmallWorker(tmp_path), wish(5), FakeTaskContext(tmp_path))
    shelf = PyramidShelf(tmp_path / "small-0123456789")
    first = shelf.state("DR2")
    run_hips(SmallWorker(tmp_path), wish(6), FakeTaskContext(tmp_path))
    second = shelf.state("DR2")
    assert first is not None
    assert second is not None
    assert (first.order, second.order, first.version != second.version) == (5, 6, True)
    assert cells(tmp_path / "small-0123456789" / "DR2", 6) == cells(whole, 6)


def test_one_job_at_a_time_makes_a_pyramid(tmp_path: Path) -> None:
    with (
        PyramidFolder(tmp_path / "small-0123456789", "DR2"),
        pytest.raises(Conflict, match="is being made by another job"),
    ):
        run_hips(SmallWorker(tmp_path), wish(), FakeTaskContext(tmp_path))


def test_a_job_stops_at_its_owner_s_limit_and_when_it_is_told_to(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="the job may make 1,000; ask for a smaller order"):
        run_hips(SmallWorker(tmp_path), wish(most_bytes=1000), FakeTaskContext(tmp_path))
    context = FakeTaskContext(tmp_path)
    context.cancellation.cancel()
    with pytest.raises(Cancelled):
        run_hips(SmallWorker(tmp_path), wish(), context)
    assert PyramidShelf(tmp_path / "small-0123456789").state("DR2") is None


def test_a_release_without_images_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no tile of DR2 has images in i, r, g"):
        run_hips(SmallWorker(tmp_path, FakeTiles()), wish(), FakeTaskContext(tmp_path))


def test_the_tiles_of_the_small_sky_lie_on_both_sides_of_0_h() -> None:
    assert len(TILES) == 2
    assert sorted(tile.ra_deg > 180 for tile in TILES) == [False, True]
    assert TileSet.of_runs(GRID, TILES.runs()).names == TILES.names
