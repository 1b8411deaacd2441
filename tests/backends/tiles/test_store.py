"""The store on real files."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from skydesk.backends.tiles import SurveyTiles, open_tiles
from skydesk.errors import InvalidImage, ServiceUnavailable
from skydesk.survey import Survey
from tests.backends.tiles.files import image_file, survey_in, write_planes
from tests.contracts.tile_store_contract import BROKEN, CONTENT, RELEASE, TILE, TileStoreContract


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[SurveyTiles]:
    survey = survey_in(tmp_path_factory.mktemp("survey"))
    for (tile, band, _), planes in CONTENT.items():
        write_planes(image_file(survey, tile, band), planes)
    image_file(survey, *BROKEN[:2]).write_bytes(b"no image at all " * 400)
    with open_tiles(survey, cache_folder=cache_folder) as store:
        yield store


class TestSurveyTiles(TileStoreContract):
    pass


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    return survey_in(tmp_path)


def write_level(path: Path, level: int) -> None:
    write_planes(path, {"SCI": np.full((20, 30), level, np.float32)})


def level_of(store: SurveyTiles) -> float:
    image = store.image(TILE, "g", RELEASE)
    assert image is not None
    out = np.empty((1, 1), np.float32)
    image.planes[0].read(3, 4, out)
    return float(out[0, 0])


def test_the_newest_attempt_of_a_tile_is_taken_by_number(survey: Survey) -> None:
    for level, attempt in enumerate(["r900p02", "r2590p01", "r2590p10", "r2590p9", "r2590pX1"]):
        write_level(image_file(survey, TILE, "g", attempt), level)
    with open_tiles(survey, cache_folder=None) as store:
        assert level_of(store) == 2


def test_images_of_another_kind_are_not_taken_for_a_band(survey: Survey) -> None:
    write_level(image_file(survey, TILE, "g_nobkg"), 1)
    write_level(image_file(survey, TILE, "det"), 2)
    with open_tiles(survey, cache_folder=None) as store:
        assert store.image(TILE, "g", RELEASE) is None
        assert not store.has_images(TILE, RELEASE)


def test_numbers_in_the_names_of_folders_are_found(tmp_path: Path) -> None:
    survey = survey_in(tmp_path, "multiepoch/r{reqnum}/{tile}/p{attnum}/coadd/{tile}_r{reqnum}p{attnum}_{band}.fits.fz")
    for level, (request, attempt) in enumerate([(2624, "02"), (2624, "01"), (99, "03")]):
        path = tmp_path / f"multiepoch/r{request}/{TILE}/p{attempt}/coadd/{TILE}_r{request}p{attempt}_g.fits.fz"
        path.parent.mkdir(parents=True)
        write_level(path, level)
    with open_tiles(survey, cache_folder=None) as store:
        assert level_of(store) == 0


def test_a_file_that_changes_is_read_anew(survey: Survey, tmp_path: Path) -> None:
    path = image_file(survey, TILE, "g")
    write_level(path, 5)
    with open_tiles(survey, cache_folder=tmp_path / "cache") as store:
        assert level_of(store) == 5
        write_level(tmp_path / "new.fits.fz", 6)
        (tmp_path / "new.fits.fz").replace(path)
        assert level_of(store) == 6


def test_a_file_that_goes_away_is_none_and_one_that_comes_back_is_found(survey: Survey, tmp_path: Path) -> None:
    path = image_file(survey, TILE, "g")
    write_level(path, 5)
    with open_tiles(survey, cache_folder=None) as store:
        assert level_of(store) == 5
        path.rename(tmp_path / "away")
        assert store.image(TILE, "g", RELEASE) is None
        (tmp_path / "away").rename(path)
        store.close()
        assert level_of(store) == 5


def test_no_more_files_are_open_than_told(survey: Survey) -> None:
    paths = {band: image_file(survey, TILE, band) for band in "griz"}
    for path in paths.values():
        write_level(path, 1)
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc/self/fd to see which files are open")
    with open_tiles(survey, cache_folder=None, open_files=2) as store:
        for band in "griz":
            assert store.image(TILE, band, RELEASE) is not None
        open_now = {link.resolve() for link in folder.iterdir() if link.is_symlink()}
        assert {band for band, path in paths.items() if path in open_now} == {"i", "z"}
    assert not {path for path in paths.values() if path in {link.resolve() for link in folder.iterdir()}}


def test_a_file_without_leave_to_read_is_unavailable(survey: Survey) -> None:
    path = image_file(survey, TILE, "g")
    write_level(path, 1)
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.unlink()
        path.symlink_to(path)  # a circle, which not even root can read
    with open_tiles(survey, cache_folder=None) as store, pytest.raises(ServiceUnavailable, match=path.name):
        store.image(TILE, "g", RELEASE)


def test_a_folder_in_the_place_of_an_image_is_told(survey: Survey) -> None:
    image_file(survey, TILE, "g").mkdir()
    with open_tiles(survey, cache_folder=None) as store, pytest.raises((ServiceUnavailable, InvalidImage), match=r"_g\.fits\.fz"):
        store.image(TILE, "g", RELEASE)


def test_a_store_without_room_for_a_file_is_a_mistake(survey: Survey) -> None:
    with pytest.raises(ValueError, match="open_files must be 1 or more, got 0"):
        open_tiles(survey, cache_folder=None, open_files=0)


def test_a_cache_folder_is_held_to_its_size(survey: Survey, tmp_path: Path) -> None:
    for band in "griz":
        write_level(image_file(survey, TILE, band), 1)
    with open_tiles(survey, cache_folder=tmp_path / "cache", cache_bytes=1) as store:
        for band in "griz":
            image = store.image(TILE, band, RELEASE)
            assert image is not None
            image.planes[0].read(3, 4, np.empty((1, 1), np.float32))
            assert len(list((tmp_path / "cache").iterdir())) == 1
