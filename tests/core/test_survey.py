"""Survey files: the two that ship, and what is said of wrong ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from skydesk.errors import InvalidSurvey, NotFound
from skydesk.query.model import Column, ColumnType
from skydesk.survey import Survey, load_survey, shipped_survey
from tests.survey_text import CATALOGUE_AND_TILES

GOOD = (
    """
name = "small"
title = "A small survey"
bands = ["g", "Y"]
pixel_scale_arcsec = 0.263
zero_point_mag = 30.0

[band_ucds]
g = "em.opt.B"

[[releases]]
name = "R1"
title = "First"

[[releases]]
name = "R2"
title = "Second"
default = true

"""
    + CATALOGUE_AND_TILES
    + """\

[images]
path = "tiles/{release}/{tile}/{tile}_r{reqnum}p{attnum}_{band}.fits.fz"

[[tables]]
name = "{release}_MAIN"
releases = ["R1", "R2"]
samples = ["R2"]
description = "Objects"
columns = ["ID", "MAG_{1-2}_{band}", "NEW"]

[columns]
"ID" = { type = "int64", ucd = "meta.id", description = "Number" }
"MAG_{1-2}_{band}" = { type = "float32", unit = "mag", ucd = "phot.mag;{band_ucd}", description = "Aperture {value} in {band}" }
"NEW" = { type = "string", releases = ["R2"] }

[[examples]]
title = "All"
description = "Everything"
sql = "SELECT * FROM R2_MAIN"
"""
)

PUBLISHED = {
    "DR2_MAIN": 215,
    "DR2_MAGNITUDE": 179,
    "DR2_FLUX": 179,
    "DR2_TILE_INFO": 53,
    "DR2_COVERAGE": 6,
    "DR2_MAIN_SAMPLE": 215,
    "DR2_MAGNITUDE_SAMPLE": 179,
    "DR2_FLUX_SAMPLE": 179,
    "DR1_MAIN": 213,
    "DR1_MAGNITUDE": 179,
    "DR1_FLUX": 179,
    "DR1_TILE_INFO": 46,
}
"""Columns of each table by the release page of DES."""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "survey.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(params=["des", "demo"])
def shipped(request: pytest.FixtureRequest) -> Survey:
    return load_survey(shipped_survey(request.param))


def test_shipped_surveys_have_the_published_tables(shipped: Survey) -> None:
    assert {table.name: len(table.columns) for table in shipped.tables} == PUBLISHED


def test_every_shipped_column_is_described_and_none_is_left_unfilled(shipped: Survey) -> None:
    for table in shipped.tables:
        assert table.description
        for column in table.columns:
            assert column.description, column.name
            assert "{" not in f"{column.name}{column.ucd}{column.unit}{column.description}", column.name
            assert not (column.ucd or "").endswith(";"), column.name


def test_shipped_units_are_vounits_that_astropy_reads(shipped: Survey) -> None:
    from astropy.units import Unit

    units = {column.unit for table in shipped.tables for column in table.columns if column.unit}
    assert units >= {"deg", "mag", "pix", "pix**2", "adu"}
    assert [Unit(unit, format="vounit") for unit in sorted(units)]


def test_shipped_ucds_are_words_of_ucd1(shipped: Survey) -> None:
    from astropy.io.votable.ucd import check_ucd

    ucds = {column.ucd for table in shipped.tables for column in table.columns if column.ucd}
    assert [ucd for ucd in sorted(ucds) if not check_ucd(ucd, check_controlled_vocabulary=True)] == []


@pytest.mark.parametrize(
    ("table", "column", "kind", "unit", "ucd"),
    [
        ("DR2_MAIN", "RA", ColumnType.FLOAT64, "deg", "pos.eq.ra;meta.main"),
        ("DR2_MAIN", "MAG_AUTO_Y_DERED", ColumnType.FLOAT32, "mag", "phot.mag;em.IR.J"),
        ("DR1_MAIN", "COADD_OBJECT_ID", ColumnType.INT64, None, "meta.id;meta.main"),
        ("DR2_MAGNITUDE", "MAG_APER_12_G", ColumnType.FLOAT32, "mag", "phot.mag;em.opt.B"),
        ("DR2_TILE_INFO", "FITS_DR2_MAIN", ColumnType.STRING, None, "meta.id;meta.file"),
    ],
)
def test_shipped_columns_carry_type_unit_and_ucd(
    shipped: Survey, table: str, column: str, kind: ColumnType, unit: str | None, ucd: str
) -> None:
    found = next(item for item in shipped.table(table).columns if item.name == column)
    assert (found.type, found.unit, found.ucd) == (kind, unit, ucd)


def test_dr1_lacks_only_what_the_release_page_says() -> None:
    survey = load_survey(shipped_survey("des"))
    new = {column.name for column in survey.table("DR2_MAIN").columns} - {column.name for column in survey.table("DR1_MAIN").columns}
    assert new == {"EXTENDED_CLASS_COADD", "EXTENDED_CLASS_WAVG"}


def test_shipped_surveys_have_the_seven_examples_and_dr2_by_default(shipped: Survey) -> None:
    assert len(shipped.examples) == 7
    assert shipped.default_release.name == "DR2"
    assert shipped.bands == ("g", "r", "i", "z", "Y")
    assert (shipped.grid.tile(50, 167).name, shipped.zero_point_mag) == ("DES0219-0541", 30.0)


def test_the_des_catalogue_has_no_place_and_the_demo_s_lies_beside_its_file() -> None:
    assert load_survey(shipped_survey("des")).catalogue.path is None
    demo = shipped_survey("demo")
    assert load_survey(demo).catalogue.path == demo.with_name("catalog.duckdb")


def test_a_survey_that_does_not_ship_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="'sdss'"):
        shipped_survey("sdss")


def test_patterns_are_written_out_for_bands_lists_and_releases(written: Callable[[str], Path]) -> None:
    survey = load_survey(written(GOOD))
    assert [table.name for table in survey.tables] == ["R1_MAIN", "R2_MAIN", "R2_MAIN_SAMPLE"]
    assert [column.name for column in survey.table("r2_main").columns] == ["ID", "MAG_1_G", "MAG_1_Y", "MAG_2_G", "MAG_2_Y", "NEW"]
    assert [column.name for column in survey.table("R1_MAIN").columns][-1] == "MAG_2_Y"
    assert survey.table("R1_MAIN").columns[1] == Column(
        name="MAG_1_G", type=ColumnType.FLOAT32, unit="mag", ucd="phot.mag;em.opt.B", description="Aperture 1 in g"
    )
    assert survey.table("R1_MAIN").columns[2].ucd == "phot.mag"


def test_image_patterns_leave_unknown_numbers_open(written: Callable[[str], Path]) -> None:
    survey = load_survey(written(GOOD))
    assert survey.image_glob("DES2134-0041", "Y") == "tiles/r2/DES2134-0041/DES2134-0041_r*p*_Y.fits.fz"
    assert survey.image_glob("DES2134-0041", "g", "R1").startswith("tiles/r1/")


def test_releases_and_tables_are_found_by_name(written: Callable[[str], Path]) -> None:
    survey = load_survey(written(GOOD))
    assert survey.release().name == "R2"
    assert survey.release("R1").title == "First"
    with pytest.raises(NotFound, match="R1, R2"):
        survey.release("R3")
    with pytest.raises(NotFound, match="R3_MAIN"):
        survey.table("R3_MAIN")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('name = "small"', "", "name: is missing"),
        ('name = "small"', 'name = "Small Survey"', "name: must be lower-case"),
        ('name = "small"', "name = 7", "name: must be a text that is not empty, got 7"),
        ('name = "small"', 'name = "small"\nnmae = "x"', "nmae: is not a key of this table"),
        ('bands = ["g", "Y"]', 'bands = ["g", "Ks"]', "bands: item 2 must be a single letter, got 'Ks'"),
        ('bands = ["g", "Y"]', 'bands = ["g", "Y", "g"]', "bands: item 3 repeats 'g'"),
        ('bands = ["g", "Y"]', 'bands = ["g", "Y", "y"]', "bands: must differ in more than letter case"),
        ('bands = ["g", "Y"]', "bands = []", "bands: must be a list of texts that is not empty"),
        ('bands = ["g", "Y"]', 'bands = "gY"', "bands: must be a list of texts"),
        ("pixel_scale_arcsec = 0.263", "pixel_scale_arcsec = -0.263", "pixel_scale_arcsec: must be a number above 0, got -0.263"),
        ("zero_point_mag = 30.0", "zero_point_mag = nan", "zero_point_mag: must be a number, got nan"),
        ("zero_point_mag = 30.0", "zero_point_mag = true", "zero_point_mag: must be a number, got True"),
        ('g = "em.opt.B"', 'q = "em.opt.B"', "band_ucds.q: is no band of the survey"),
        ('title = "First"', 'title = "First"\ndefault = true', "releases: exactly one must have default = true, got R1 and R2"),
        ("default = true", "default = false", "releases: exactly one must have default = true, got none"),
        ("default = true", 'default = "yes"', "row 2, releases.default: must be true or false, got 'yes'"),
        ('name = "R2"', 'name = "r1"', "row 2, releases.name: repeats 'r1'"),
        ('name = "R2"', 'name = "R 2"', "row 2, releases.name: must be letters"),
        ('path = "catalog.duckdb"', "", "catalogue.path: is missing; a duckdb catalogue needs"),
        ('kind = "duckdb"', 'kind = "oracle"', "catalogue.path: does not go with oracle"),
        ('kind = "duckdb"', 'kind = "mysql"', "catalogue.kind: must be one of duckdb, oracle, got 'mysql'"),
        ("step_arcsec = 2570.0", "step_arcsec = 5.0", "tiles: step_arcsec must be from 60 to 36000, got 5.0"),
        ("size_pixels = 10000", "size_pixels = 1.5", "tiles.size_pixels: must be a whole number from 1 up, got 1.5"),
        ("/{tile}_r{reqnum}", "/{tiel}_r{reqnum}", "images.path: {tiel} is no placeholder of an image path"),
        ("_{band}.fits.fz", "_.fits.fz", "images.path: must have {band} in it"),
        ("_{band}.fits.fz", "_{band.fits.fz", "images.path: 'tiles"),
        ('path = "tiles/', 'path = "../tiles/', "images.path: must lie below the survey file's folder"),
        ('path = "tiles/', 'path = "/tiles/', "images.path: must lie below the survey file's folder"),
        ('releases = ["R1", "R2"]\nsamples', 'releases = ["R1", "R3"]\nsamples', "row 1, tables.releases: 'R3' is no release"),
        ('name = "{release}_MAIN"', 'name = "MAIN"', "row 1, tables.name: repeats the table MAIN"),
        ('name = "{release}_MAIN"', 'name = "{band}_MAIN"', "row 1, tables.name: must be upper-case letters"),
        ('"NEW"]', '"NEWER"]', "row 1, tables.columns: 'NEWER' has no entry under [columns]"),
        ('"NEW"]', '"NEWER"]', "columns.NEW: is in no table"),
        ('"ID", "MAG', '"ID", "ID", "MAG', "row 1, tables.columns: item 2 repeats 'ID'"),
        ('type = "int64"', 'type = "integer"', "columns.ID.type: must be one of boolean, int16"),
        ('type = "int64"', 'typ = "int64"', "columns.ID.type: is missing"),
        ('type = "int64"', 'typ = "int64"', "columns.ID.typ: is not a key of this table; it takes"),
        ("[columns]", '[columns]\n"X{9-1}" = { type = "int16" }', "columns.X{9-1}: 'X{9-1}' has the placeholder {9-1}"),
        ("[columns]", '[columns]\n"X{1-2" = { type = "int16" }', "columns.X{1-2: 'X{1-2' has a brace without its partner"),
        ("[columns]", '[columns]\n"X Y" = { type = "int16" }', "columns.X Y: column name 'X Y' must be letters"),
        ("[columns]", "[columns]\nX = 5", "columns.X: must be a table of keys, got 5"),
        ("[[examples]]", "[[examples]]\nquery = 1", "row 1, examples.query: is not a key"),
        ('sql = "SELECT * FROM R2_MAIN"', "", "row 1, examples.sql: is missing"),
        ("[band_ucds]", '[row_counts]\nNOWHERE = 5\n[band_ucds]', "row_counts.NOWHERE: is the name of no table"),
        ("[band_ucds]", "[row_counts]\nR1_MAIN = -5\n[band_ucds]", "row_counts.R1_MAIN: must be a whole number from 0 up, got -5"),
        ('name = "small"', 'name = "small"\ninclude = "../x.toml"', "include: must be the name of a file beside"),
        ('name = "small"', 'name = "small"\ninclude = "x.toml"', "tables: stands here and in the included x.toml"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_place_and_what_would_do(written: Callable[[str], Path], old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidSurvey) as caught:
        load_survey(written(GOOD.replace(old, new, 1)))
    assert any(str(found).startswith(fault) for found in caught.value.faults), [str(found) for found in caught.value.faults]


def test_every_fault_is_named_at_once(written: Callable[[str], Path]) -> None:
    text = GOOD.replace('title = "A small survey"', "").replace('"Y"]', '"YY"]').replace("int64", "integer").replace("0.263", '"0.263"')
    with pytest.raises(InvalidSurvey) as caught:
        load_survey(written(text))
    fields = {fault.field for fault in caught.value.faults}
    assert {"title", "bands", "columns.ID.type", "pixel_scale_arcsec"} <= fields


def test_an_empty_file_lacks_every_key_that_is_required(written: Callable[[str], Path]) -> None:
    with pytest.raises(InvalidSurvey) as caught:
        load_survey(written(""))
    fields = {fault.field for fault in caught.value.faults}
    assert fields == {
        "name", "title", "bands", "releases", "pixel_scale_arcsec", "zero_point_mag", "tiles", "catalogue", "images", "tables", "columns",
    }  # fmt: skip


def test_a_missing_file_is_named_with_what_would_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidSurvey, match=r"no file .*survey\.toml; .*skydesk survey make"):
        load_survey(tmp_path / "survey.toml")


def test_a_missing_included_file_is_named(written: Callable[[str], Path]) -> None:
    text = GOOD[: GOOD.index("[[tables]]")].replace('name = "small"', 'name = "small"\ninclude = "tables.toml"', 1)
    with pytest.raises(InvalidSurvey, match=r"no file .*tables\.toml"):
        load_survey(written(text))


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSurvey, match=r"cannot read .*: is a directory"):
        load_survey(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name = "small', "is not TOML"),
        (b'name = "a"\nname = "b"', "is not TOML"),
        (b'name = "\xff"', "is not UTF-8 text: byte 8 is 0xff"),
        (b"\x00", "is not TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deep|is not TOML"),
        (b"#" * 10_000_001, "larger than 10 MB"),
    ],
    ids=["unfinished", "key twice", "not UTF-8", "binary", "deep", "huge"],
)
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "survey.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidSurvey, match=message):
        load_survey(path)
