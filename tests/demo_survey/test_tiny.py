"""The smallest demo survey: that its files, tables and images agree with one another and with DES's rules."""

import hashlib
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import duckdb
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from astropy_healpix import lonlat_to_healpix

from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.survey_check import check_survey
from skydesk.demo_survey import make_survey
from skydesk.demo_survey.recipe import BANDS, EXTINCTION, PRESETS
from skydesk.survey import Survey, load_survey, shipped_survey

DECK_QUERY = """
SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G G, MAG_AUTO_R R, WAVG_MAG_PSF_G G_PSF, WAVG_MAG_PSF_R R_PSF FROM DR1_MAIN
WHERE RA between 323.36-0.12 and 323.36+0.12 and DEC between -0.82-0.12 and -0.82+0.12
and WAVG_SPREAD_MODEL_I + 3.0*WAVG_SPREADERR_MODEL_I < 0.005 and WAVG_SPREAD_MODEL_I > -1
and IMAFLAGS_ISO_G = 0 and IMAFLAGS_ISO_R = 0 and FLAGS_G < 4 and FLAGS_R < 4
"""
TILES = ("DES2131-0041", "DES2131-0124", "DES2134-0041", "DES2134-0124")


@pytest.fixture(scope="module")
def survey(tiny_survey: Path) -> Survey:
    return load_survey(tiny_survey)


@pytest.fixture(scope="module")
def tables(survey: Survey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy, since DuckDB opens one file in one process with one configuration only."""
    assert survey.catalogue.path is not None
    copy = shutil.copy(survey.catalogue.path, tmp_path_factory.mktemp("catalogue"))
    with duckdb.connect(str(copy), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def catalog(survey: Survey) -> Iterator[DuckdbCatalog]:
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    yield catalog
    catalog.close()


def test_the_survey_agrees_with_its_files(tiny_survey: Path) -> None:
    assert check_survey(tiny_survey) == []


def test_its_tables_are_those_of_the_demo_file(survey: Survey) -> None:
    shipped = load_survey(shipped_survey("demo"))
    assert [(table.name, table.columns) for table in survey.tables] == [(table.name, table.columns) for table in shipped.tables]
    assert all(table.row_count for table in survey.tables)


def test_the_deck_s_query_draws_the_giant_branch_of_m2(catalog: DuckdbCatalog) -> None:
    rows = _rows(catalog, DECK_QUERY)
    g, r = np.array(rows["G_PSF"]), np.array(rows["R_PSF"])
    assert len(g) >= 300
    branch = (r > 15) & (r < 18) & (g - r > 0.4) & (g - r < 1.0)
    assert branch.sum() > 100
    bright, faint = branch & (r < 16), branch & (r > 17)
    assert np.median((g - r)[bright]) > np.median((g - r)[faint]) + 0.05
    assert ((r > 15.5) & (r < 16.8) & (g - r < 0.1)).sum() > 50, "the horizontal branch"


@pytest.mark.parametrize("number", range(7))
def test_every_example_returns_rows(survey: Survey, catalog: DuckdbCatalog, number: int) -> None:
    rows = _rows(catalog, survey.examples[number].sql)
    assert len(next(iter(rows.values()))) > 0


def test_rows_are_sorted_by_healpix_and_identifiers_are_unique(tables: duckdb.DuckDBPyConnection) -> None:
    for release in ("DR1", "DR2"):
        values = tables.execute(f"SELECT COADD_OBJECT_ID, HPIX_16384 FROM {release}_MAIN").fetchnumpy()
        assert len(np.unique(values["COADD_OBJECT_ID"])) == len(values["COADD_OBJECT_ID"])
        assert (np.diff(values["HPIX_16384"]) >= 0).all()


@pytest.mark.parametrize("nside", [32, 64, 1024, 4096, 16384])
def test_healpix_columns_are_those_of_the_position(tables: duckdb.DuckDBPyConnection, nside: int) -> None:
    values = tables.execute(f"SELECT RA, DEC, HPIX_{nside} PIXEL FROM DR2_MAIN").fetchnumpy()
    assert np.array_equal(lonlat_to_healpix(values["RA"] * u.deg, values["DEC"] * u.deg, nside, order="nested"), values["PIXEL"])


def test_the_tile_of_each_row_is_the_one_whose_unique_area_holds_it(tables: duckdb.DuckDBPyConnection) -> None:
    outside = """SELECT count(*) FROM DR2_MAIN m JOIN DR2_TILE_INFO t USING (TILENAME)
        WHERE NOT (m.RA BETWEEN URAMIN AND URAMAX AND m.DEC BETWEEN UDECMIN AND UDECMAX)"""
    assert tables.execute(outside).fetchall() == [(0,)]
    counted = tables.execute("SELECT TILENAME, COUNT FROM DR2_TILE_INFO ORDER BY 1").fetchall()
    assert tuple(name for name, _ in counted) == TILES
    assert counted == tables.execute("SELECT TILENAME, count(*) FROM DR2_MAIN GROUP BY 1 ORDER BY 1").fetchall()


def test_positions_and_pixels_agree_through_the_image_s_wcs(survey: Survey, tables: duckdb.DuckDBPyConnection) -> None:
    for tile in TILES:
        query = f"SELECT ALPHAWIN_J2000 RA, DELTAWIN_J2000 DEC, XWIN_IMAGE X, YWIN_IMAGE Y FROM DR2_MAIN WHERE TILENAME = '{tile}'"
        values = tables.execute(query).fetchnumpy()
        with fits.open(_image(survey, tile, "r")) as file:
            x, y = WCS(file["SCI"].header).all_world2pix(values["RA"], values["DEC"], 1)
        assert len(x) > 5
        assert max(np.abs(x - values["X"]).max(), np.abs(y - values["Y"]).max()) < 1e-3


@pytest.mark.parametrize("band", BANDS)
def test_stars_on_the_image_are_as_bright_as_in_the_catalogue(survey: Survey, tables: duckdb.DuckDBPyConnection, band: str) -> None:
    """Aperture photometry of lone stars on the written file, as an astronomer would do it, with the local background taken off."""
    b = band.upper()
    query = f"""SELECT RA, DEC, m.MAG_AUTO_{b} AUTO, m.WAVG_MAG_PSF_{b} PSF, a.MAG_APER_8_{b} APER, m.FLUX_AUTO_{b} FLUX, m.MAG_AUTO_I < 20
        AND EXTENDED_CLASS_COADD = 0 AND FLAGS_{b} = 0 AND IMAFLAGS_ISO_{b} = 0 AND WAVG_MAG_PSF_{b} < 90 STAR FROM DR2_MAIN m
        JOIN (SELECT COADD_OBJECT_ID, MAG_APER_8_{b} FROM DR2_MAGNITUDE) a USING (COADD_OBJECT_ID) WHERE TILENAME = 'DES2134-0041'"""
    values = tables.execute(query).fetchnumpy()
    lone = np.flatnonzero(values["STAR"])
    lone = lone[[_others_flux(values, star) < 0.02 * values["FLUX"][star] for star in lone]]
    with fits.open(_image(survey, "DES2134-0041", band)) as file:
        x, y = WCS(file["SCI"].header).all_world2pix(values["RA"][lone], values["DEC"][lone], 0)
        plain, above = np.array([_aperture(file["SCI"].data, *place, 22.22 / 2) for place in zip(x, y, strict=True)]).T
    assert len(lone) >= 20
    assert abs(np.median(30 - 2.5 * np.log10(plain) - values["APER"][lone])) < 0.02
    assert abs(np.median(30 - 2.5 * np.log10(above) - values["AUTO"][lone])) < 0.05
    assert abs(np.median(30 - 2.5 * np.log10(above) - values["PSF"][lone])) < 0.05


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("band", BANDS)
def test_each_image_has_the_planes_and_the_header_of_des(survey: Survey, tile: str, band: str) -> None:
    path = _image(survey, tile, band)
    assert path.name == f"{tile}_r4907p01_{band}.fits.fz"
    with fits.open(path) as file:
        assert [extension.name for extension in file] == ["PRIMARY", "SCI", "MSK", "WGT"]
        header, grid_tile = file["SCI"].header, survey.grid.named(tile)
        assert (header["NAXIS1"], header["NAXIS2"], header["BITPIX"], header["BAND"]) == (10_000, 10_000, -32, band)
        assert (header["CRVAL1"], header["CRVAL2"]) == pytest.approx((grid_tile.ra_deg, grid_tile.dec_deg), abs=1e-10)
        assert (header["MAGZERO"], header["CTYPE1"], header["CRPIX1"]) == (30.0, "RA---TAN", 5000.5)


def test_what_no_exposure_saw_is_zero_in_each_plane_and_said_by_the_mask(survey: Survey) -> None:
    with fits.open(_image(survey, "DES2134-0124", "z")) as file:
        science, mask, weight = (file[name].data for name in ("SCI", "MSK", "WGT"))
    dark = (mask & 1) > 0
    assert 0 < (~dark).sum() < 0.01 * dark.size
    assert not science[dark].any()
    assert not weight[dark].any()
    assert (weight[~dark] > 0).all()
    spread = 1.4826 * np.median(np.abs(science[~dark] - np.median(science[~dark])))
    assert spread == pytest.approx(1 / math.sqrt(weight.max()), rel=0.15)


def test_image_flags_are_those_of_the_mask(survey: Survey, tables: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT XWIN_IMAGE X, YWIN_IMAGE Y, IMAFLAGS_ISO_G FLAGS FROM DR2_MAIN WHERE TILENAME = 'DES2134-0041'"
    values = tables.execute(query).fetchnumpy()
    with fits.open(_image(survey, "DES2134-0041", "g")) as file:
        mask = file["MSK"].data
    at = mask[np.round(values["Y"]).astype(int) - 1, np.round(values["X"]).astype(int) - 1]
    assert (at & ~values["FLAGS"] == 0).all()
    assert 0.001 < (values["FLAGS"] > 0).mean() < 0.1


@pytest.mark.parametrize("band", BANDS)
def test_fluxes_and_magnitudes_agree_and_99_stands_for_not_measured(tables: duckdb.DuckDBPyConnection, band: str) -> None:
    b, factor = band.upper(), EXTINCTION[BANDS.index(band)]
    wrong = f"""SELECT count(*) FILTER (FLUX_AUTO_{b} > 1 AND abs(MAG_AUTO_{b} - (30 - 2.5 * log10(FLUX_AUTO_{b}))) > 0.02),
        count(*) FILTER (FLUX_AUTO_{b} < -0.01 AND MAG_AUTO_{b} <> 99), count(*) FILTER (MAG_AUTO_{b} > 99),
        count(*) FILTER (NEPOCHS_{b} = 0 AND WAVG_MAG_PSF_{b} <> 99), count(*) FILTER (NEPOCHS_{b} = 0 AND WAVG_SPREAD_MODEL_{b} <> -99),
        count(*) FILTER (MAG_AUTO_{b} < 90 AND abs(MAG_AUTO_{b} - MAG_AUTO_{b}_DERED - {factor} * EBV_SFD98) > 0.002),
        count(*) FILTER (MAG_AUTO_{b} = 99 AND MAG_AUTO_{b}_DERED <> 99) FROM DR2_MAIN"""
    assert tables.execute(wrong).fetchall() == [(0,) * 7]
    assert tables.execute(f"SELECT count(*) > 0 FROM DR2_MAIN WHERE WAVG_MAG_PSF_{b} = 99").fetchall() == [(True,)]


def test_classes_follow_from_the_spread_model(tables: duckdb.DuckDBPyConnection) -> None:
    wrong = """SELECT count(*) FROM DR2_MAIN WHERE EXTENDED_CLASS_COADD <>
        (SPREAD_MODEL_I + 3 * SPREADERR_MODEL_I > 0.005)::INT + (SPREAD_MODEL_I + SPREADERR_MODEL_I > 0.003)::INT
        + (SPREAD_MODEL_I - SPREADERR_MODEL_I > 0.003)::INT
        AND least(abs(SPREAD_MODEL_I + 3 * SPREADERR_MODEL_I - 0.005), abs(SPREAD_MODEL_I + SPREADERR_MODEL_I - 0.003),
        abs(SPREAD_MODEL_I - SPREADERR_MODEL_I - 0.003)) > 3e-6"""
    assert tables.execute(wrong).fetchall() == [(0,)]
    found = {kind for (kind,) in tables.execute("SELECT DISTINCT EXTENDED_CLASS_WAVG FROM DR2_MAIN").fetchall()}
    assert found == {-9, 0, 1, 2, 3}


def test_dr1_is_the_same_sky_with_larger_errors_and_its_own_identifiers(tables: duckdb.DuckDBPyConnection) -> None:
    joined = """SELECT median(a.MAGERR_AUTO_I / b.MAGERR_AUTO_I), count(*), count(*) FILTER (a.COADD_OBJECT_ID = b.COADD_OBJECT_ID)
        FROM DR1_MAIN a JOIN DR2_MAIN b ON a.HPIX_16384 = b.HPIX_16384 AND abs(a.RA - b.RA) < 1e-4 AND abs(a.DEC - b.DEC) < 1e-4
        WHERE b.MAG_AUTO_I BETWEEN 21 AND 23"""
    ratio, matched, same = tables.execute(joined).fetchall()[0]
    assert 1.2 < ratio < 1.6
    assert matched > 200
    assert same == 0
    first, second = (tables.execute(f"SELECT count(*) FROM {name}_MAIN").fetchall()[0][0] for name in ("DR1", "DR2"))
    assert first < second


def test_samples_are_some_of_the_rows_and_the_same_objects_in_each(tables: duckdb.DuckDBPyConnection) -> None:
    strangers = "SELECT count(*) FROM DR2_MAIN_SAMPLE s ANTI JOIN DR2_MAIN m USING (COADD_OBJECT_ID)"
    assert tables.execute(strangers).fetchall() == [(0,)]
    columns = "COADD_OBJECT_ID, MAG_AUTO_G"
    assert tables.execute(
        f"SELECT count(*) FROM (SELECT {columns} FROM DR2_MAIN_SAMPLE EXCEPT SELECT {columns} FROM DR2_MAGNITUDE_SAMPLE)"
    ).fetchall() == [(0,)]
    sampled, all_rows = (tables.execute(f"SELECT count(*) FROM DR2_FLUX{kind}").fetchall()[0][0] for kind in ("_SAMPLE", ""))
    assert 500 < sampled < all_rows


def test_coverage_is_a_fraction_and_whole_inside(tables: duckdb.DuckDBPyConnection) -> None:
    low, high, whole = tables.execute(
        "SELECT min(FRAC_DET_I), max(FRAC_DET_I), count(*) FILTER (FRAC_DET_G = 1) FROM DR2_COVERAGE"
    ).fetchall()[0]
    assert 0 < low < high == 1
    assert whole > 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_seed_makes_the_same_catalogue(tables: duckdb.DuckDBPyConnection, survey: Survey, tmp_path: Path) -> None:
    steps: list[float] = []
    again = load_survey(make_survey(tmp_path / "again", "tiny", seed=1, on_progress=lambda part, _: steps.append(part)))
    with duckdb.connect(str(again.catalogue.path), read_only=True) as other:
        assert {table.name: _digest(other, table.name) for table in again.tables} == {
            table.name: _digest(tables, table.name) for table in survey.tables
        }
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 1)


def test_presets_show_parts_of_one_sky() -> None:
    tiny, demo = PRESETS["tiny"].discs, PRESETS["demo"].discs[0]
    for disc in tiny:
        edge = math.hypot((disc.ra_deg - demo.ra_deg) * math.cos(math.radians(disc.dec_deg)), disc.dec_deg - demo.dec_deg) + disc.radius_deg
        assert edge < demo.radius_deg


def _image(survey: Survey, tile: str, band: str) -> Path:
    (path,) = survey.folder.glob(survey.image_glob(tile, band))
    return path


def _rows(catalog: DuckdbCatalog, sql: str) -> dict[str, list[object]]:
    with catalog.stream(sql) as stream:
        names = [column.name for column in stream.columns]
        rows: dict[str, list[object]] = {name: [] for name in names}
        for batch in stream:
            for name, values in zip(names, batch.columns, strict=True):
                rows[name] += values.to_pylist()
    return rows


def _digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    rows = connection.sql(f'SELECT * FROM "{table}"').to_arrow_table()
    return hashlib.sha256(b"".join(str(column.to_pylist()).encode() for column in rows.columns)).hexdigest()


def _others_flux(values: dict[str, np.ndarray], star: int) -> float:
    """Flux of the other objects whose light may fall into a star's aperture or the ring round it."""
    near = np.hypot(values["RA"] - values["RA"][star], values["DEC"] - values["DEC"][star]) * 3600 < 5.5
    return float(np.abs(values["FLUX"][near]).sum() - abs(values["FLUX"][star]))


def _aperture(image: np.ndarray, x: float, y: float, radius: float) -> tuple[float, float]:
    """Flux inside a circle, as it is and with the median of a ring round it taken off."""
    rows, columns = (slice(int(value) - 30, int(value) + 31) for value in (y, x))
    cut = image[rows, columns].astype(float)
    dy, dx = np.mgrid[rows, columns]
    distance = np.hypot(dx - x, dy - y)
    part = np.clip(radius + 0.5 - distance, 0, 1)
    background = np.median(cut[(distance > radius + 4) & (distance < radius + 14)])
    return float((cut * part).sum()), float(((cut - background) * part).sum())
