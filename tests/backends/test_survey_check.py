"""Checking a survey against its files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from skydesk.backends.survey_check import check_survey
from skydesk.survey import shipped_survey
from tests.survey_text import CATALOGUE_AND_TILES

SURVEY = (
    """
name = "small"
title = "A small survey"
bands = ["g", "r"]
pixel_scale_arcsec = 0.263
zero_point_mag = 30.0
[[releases]]
name = "R1"
title = "First"
default = true
"""
    + CATALOGUE_AND_TILES
    + """\
[images]
path = "tiles/{tile}/{tile}_r{reqnum}p{attnum}_{band}.fits.fz"
[[tables]]
name = "R1_MAIN"
releases = ["R1"]
columns = ["ID", "MAG"]
[[tables]]
name = "R1_TILE_INFO"
releases = ["R1"]
columns = ["TILENAME"]
[columns]
ID = { type = "int64" }
MAG = { type = "float32" }
TILENAME = { type = "string" }
[row_counts]
R1_MAIN = 2
"""
)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    (tmp_path / "survey.toml").write_text(SURVEY)
    with duckdb.connect(str(tmp_path / "catalog.duckdb")) as catalogue:
        catalogue.execute("CREATE TABLE R1_MAIN (ID BIGINT, MAG FLOAT)")
        catalogue.execute("INSERT INTO R1_MAIN VALUES (1, 20.5), (2, 99)")
        catalogue.execute("CREATE TABLE R1_TILE_INFO AS SELECT 'DES2134-0041' TILENAME")
    folder = tmp_path / "tiles" / "DES2134-0041"
    folder.mkdir(parents=True)
    for band in "gr":
        (folder / f"DES2134-0041_r1p01_{band}.fits.fz").write_bytes(b"")
    return tmp_path / "survey.toml"


def _sql(statement: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with duckdb.connect(str(folder / "catalog.duckdb")) as catalogue:
            catalogue.execute(statement)

    return change


def test_a_whole_survey_has_no_fault(survey: Path) -> None:
    assert check_survey(survey) == []


def test_a_survey_whose_catalogue_is_elsewhere_is_checked_by_its_file_alone() -> None:
    assert check_survey(shipped_survey("des")) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_sql("DROP TABLE R1_MAIN"), "tables.R1_MAIN: the catalogue has no such table"),
        (_sql("DROP TABLE R1_TILE_INFO"), "tables.R1_TILE_INFO: the catalogue has no such table"),
        (_sql("ALTER TABLE R1_MAIN DROP MAG"), "tables.R1_MAIN.MAG: the catalogue's table has no such column"),
        (_sql("ALTER TABLE R1_MAIN ADD COLUMN Z FLOAT"), "tables.R1_MAIN.Z: is in the catalogue but not in the survey file"),
        (_sql("ALTER TABLE R1_MAIN ALTER MAG TYPE DOUBLE"), "tables.R1_MAIN.MAG: is DOUBLE in the catalogue, and float32 needs FLOAT"),
        (_sql("CREATE TABLE NOTES (A INTEGER)"), "tables.NOTES: is in the catalogue but not in the survey file"),
        (_sql("DELETE FROM R1_MAIN WHERE ID = 1"), "row_counts.R1_MAIN: the survey file says 2 rows and the catalogue has 1"),
        (lambda folder: (folder / "catalog.duckdb").unlink(), "catalogue.path: no file"),
        (lambda folder: (folder / "catalog.duckdb").write_bytes(b"text" * 5000), "catalogue.path: "),
        (lambda folder: shutil.rmtree(folder / "tiles"), "images.path: no image of tile DES2134-0041 in g: nothing matches"),
        (lambda folder: (folder / "survey.toml").write_text(SURVEY.replace("small", "Small")), "name: must be lower-case"),
    ],
    ids=["no table", "no tiles", "no column", "new column", "type", "new table", "rows", "no file", "not DuckDB", "images", "toml"],
)  # fmt: skip
def test_each_fault_is_named(survey: Path, change: Callable[[Path], None], fault: str) -> None:
    change(survey.parent)
    found = [str(item) for item in check_survey(survey)]
    assert any(text.startswith(fault) for text in found), found


def test_a_missing_image_is_named_by_its_band(survey: Path) -> None:
    (survey.parent / "tiles" / "DES2134-0041" / "DES2134-0041_r1p01_r.fits.fz").unlink()
    (fault,) = check_survey(survey)
    assert "in r" in fault.message
