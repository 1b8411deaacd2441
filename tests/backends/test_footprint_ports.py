"""Cells, coverage maps and files of tiles: what stands behind them, and what stands in for it, do the same."""

from pathlib import Path

import pytest

from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.backends.moc_files import MocpyFiles
from skydesk.backends.tile_files import SurveyTileFiles
from skydesk.footprint.ports import HealpixSky, MocFiles, TileFiles
from skydesk.survey import load_survey
from tests.contracts.footprint_contracts import CONTENT, RELEASE, TILE, HealpixSkyContract, MocFilesContract, TileFilesContract
from tests.fakes.footprint import FakeHealpixSky, FakeMocFiles, FakeTileFiles
from tests.survey_text import CATALOGUE_AND_TILES

SURVEY = f"""
name = "sketch"
title = "A sketch"
bands = ["g", "r"]
pixel_scale_arcsec = 0.263
zero_point_mag = 30.0

[[releases]]
name = "{RELEASE}"
title = "First"
default = true

{CATALOGUE_AND_TILES}

[images]
path = "{{tile}}/{{tile}}_{{band}}.fits"

[[tables]]
name = "{{release}}_MAIN"
releases = ["{RELEASE}"]
description = "Objects"
columns = ["ID"]

[columns]
"ID" = {{ type = "int64", description = "Number" }}

[[files]]
kind = "list"
title = "List"
path = "{{tile}}/{{tile}}.csv"
"""


class TestAstropyHealpixSky(HealpixSkyContract):
    @pytest.fixture
    def sky(self) -> HealpixSky:
        return AstropyHealpixSky()


class TestFakeHealpixSky(HealpixSkyContract):
    @pytest.fixture
    def sky(self) -> HealpixSky:
        return FakeHealpixSky()


class TestMocpyFiles(MocFilesContract):
    @pytest.fixture
    def mocs(self) -> MocFiles:
        return MocpyFiles()


class TestFakeMocFiles(MocFilesContract):
    @pytest.fixture
    def mocs(self) -> MocFiles:
        return FakeMocFiles()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the tile, of different sizes, and one that is none of its."""
    folder = tmp_path / TILE
    folder.mkdir()
    for number, name in enumerate([*CONTENT["image"], *CONTENT["list"], "notes.txt"], 1):
        (folder / name).write_bytes(b"x" * number)
    return folder


class TestSurveyTileFiles(TileFilesContract):
    @pytest.fixture
    def files(self, folder: Path) -> TileFiles:
        path = folder.parent / "survey.toml"
        path.write_text(SURVEY)
        return SurveyTileFiles(load_survey(path))


class TestFakeTileFiles(TileFilesContract):
    @pytest.fixture
    def files(self, folder: Path) -> TileFiles:
        named = [("image", name[-6], name) for name in CONTENT["image"]] + [("list", "", name) for name in CONTENT["list"]]
        return FakeTileFiles(folder, [("image", "Image"), ("list", "List")], {(TILE, RELEASE): named})
