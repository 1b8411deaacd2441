"""The footprint by the rules, over the shipped survey files and the tiny demo survey."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skydesk.access import User
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.healpix_sky import AstropyHealpixSky
from skydesk.backends.moc_files import MocpyFiles
from skydesk.backends.object_names import OpenNgcNames
from skydesk.backends.tile_files import SurveyTileFiles
from skydesk.errors import InvalidRequest, NotAllowed, NotFound
from skydesk.footprint.density import MOST_PIXELS, density_of_rows
from skydesk.footprint.moc import Moc
from skydesk.footprint.regions import Box, Circle, Polygon, Region
from skydesk.footprint.service import FootprintService
from skydesk.query.model import Column, ColumnType, Table
from skydesk.survey import Survey, load_survey, shipped_survey
from tests.fakes.catalog import FakeCatalog
from tests.views import VIEWS

VERA = User(name="vera", entitlements=VIEWS["default"])
SKY = AstropyHealpixSky()


def service_of(survey: Survey, catalog: FakeCatalog | DuckdbCatalog) -> FootprintService:
    return FootprintService(survey, catalog, sky=SKY, mocs=MocpyFiles(), files=SurveyTileFiles(survey), names=OpenNgcNames())


@pytest.fixture(scope="module")
def survey(tiny_survey: Path) -> Survey:
    return load_survey(tiny_survey)


@pytest.fixture(scope="module")
def demo(survey: Survey) -> Iterator[FootprintService]:
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    yield service_of(survey, catalog)
    catalog.close()


@pytest.fixture(scope="module")
def des() -> FootprintService:
    """The Dark Energy Survey without its catalogue: only the outline is known."""
    return service_of(load_survey(shipped_survey("des")), FakeCatalog([]))


@pytest.fixture(scope="module")
def positions(survey: Survey) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    with catalog.stream("SELECT ALPHAWIN_J2000, DELTAWIN_J2000 FROM DR2_MAIN") as stream:
        table = pa.Table.from_batches(list(stream))
    yield table.column(0).to_numpy(), table.column(1).to_numpy()
    catalog.close()


def test_the_outline_of_the_survey_stands_in_where_no_list_of_tiles_is(des: FootprintService) -> None:
    layer = des.layer(VERA, "DR2")
    assert layer.tiles.approximate
    assert len(layer.tiles) == pytest.approx(10_345, abs=10)
    assert layer.tiles.area_deg2 == pytest.approx(5270, abs=10)
    assert {"DES0219-0541", "DES0126+0335", "DES2331-5248"} <= set(layer.tiles.names)
    assert (len(layer.outline), layer.objects) == (1, None)
    moc = des.moc(VERA, "DR2", 11)
    assert moc.area_deg2 == pytest.approx(layer.tiles.area_deg2, rel=1e-3)


def test_a_list_of_tiles_in_the_catalogue_goes_before_the_outline() -> None:
    columns = (Column(name="TILENAME", type=ColumnType.STRING), Column(name="COUNT", type=ColumnType.INT32))
    columns += (Column(name="NEPOCHS_G", type=ColumnType.FLOAT64),)
    table = Table(name="DR2_TILE_INFO", release="DR2", columns=columns)
    rows = {"TILENAME": ["DES0219-0541", "DES0126+0335", "DES9999+9999"], "COUNT": [70_000, 60_000, 1], "NEPOCHS_G": [7.0, None, 1.0]}
    data = pa.table({"TILENAME": rows["TILENAME"], "COUNT": pa.array(rows["COUNT"], pa.int32()), "NEPOCHS_G": rows["NEPOCHS_G"]})
    service = service_of(load_survey(shipped_survey("des")), FakeCatalog([(table, data)]))
    layer = service.layer(VERA, "DR2")
    assert (layer.tiles.names, layer.tiles.approximate) == (("DES0126+0335", "DES0219-0541"), False)
    assert layer.objects is not None
    assert layer.objects.tolist() == [60_000, 70_000]
    assert service.layer(VERA, "DR1").tiles.approximate
    told = {each.release: each for each in service.tile(VERA, "DES0219-0541").releases}
    assert (told["DR2"].objects, told["DR2"].bands[0].epochs, told["DR1"].objects) == (70_000, 7.0, None)


def test_a_survey_that_tells_nothing_of_its_footprint_says_so(survey: Survey) -> None:
    service = service_of(survey, FakeCatalog([]))
    assert service.releases(VERA) == ()
    with pytest.raises(NotFound, match="no list of tiles, and its survey file no outline"):
        service.layer(VERA)


@pytest.mark.parametrize(("text", "tile"), [("M 2", "DES2134-0041"), ("DES2131-0041", "DES2131-0041"), ("(323.30, -1.10)", "DES2134-0124")])
def test_a_search_finds_the_tile(demo: FootprintService, text: str, tile: str) -> None:
    place = demo.search(VERA, text)
    assert (place.tile, place.nearest_tile, place.distance_deg) == (tile, tile, 0.0)


def test_an_object_is_found_by_its_number(demo: FootprintService, survey: Survey) -> None:
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    with catalog.stream("SELECT COADD_OBJECT_ID, ALPHAWIN_J2000 FROM DR2_MAIN FETCH FIRST 1 ROWS ONLY") as stream:
        ((number, ra),) = [tuple(column[0].as_py() for column in batch.columns) for batch in stream]
    catalog.close()
    place = demo.search(VERA, str(number))
    assert (place.kind, place.ra_deg) == ("object", pytest.approx(ra))


def test_outside_the_survey_not_found_and_unparsable_are_different_answers(demo: FootprintService) -> None:
    outside = demo.search(VERA, "10 10")
    assert outside.tile is None
    assert outside.nearest_tile == "DES2134-0041"
    assert outside.distance_deg == pytest.approx(47.0, abs=0.1)
    with pytest.raises(NotFound, match="tile not found: the grid has no tile named 'DES9999-9999'"):
        demo.search(VERA, "DES9999-9999")
    with pytest.raises(NotFound, match="DR2 has no object 12345"):
        demo.search(VERA, "12345")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        demo.search(VERA, "somewhere nice")
    with pytest.raises(NotFound, match=r"of no release that you may read; the nearest that is, DES2134-0124, begins 70\.8"):
        demo.tile(VERA, "DES0219-0541")


def test_a_tile_tells_its_objects_depth_seeing_epochs_and_files(demo: FootprintService) -> None:
    properties = demo.tile(VERA, "des2134-0041")
    dr2 = {each.release: each for each in properties.releases}["DR2"]
    assert dr2.objects is not None
    assert dr2.objects > 5000
    green = dr2.bands[0]
    assert (green.band, green.seeing_arcsec) == ("g", pytest.approx(1.11, abs=0.02))
    assert green.depth_mag == pytest.approx(23.9, abs=0.3)
    assert green.epochs
    assert [file.band for file in dr2.files] == ["g", "r", "i", "z", "Y"]
    assert all(file.size_bytes > 100_000 and file.kind == "image" for file in dr2.files)


@pytest.mark.parametrize(
    "name", ["../../survey.toml", "catalog.duckdb", "..", "", "DES2134-0041_r4907p01_g.fits.fz/..", "/etc/passwd", "*"]
)
def test_a_hostile_name_of_a_file_is_not_found(demo: FootprintService, name: str) -> None:
    with pytest.raises(NotFound, match="has no file"):
        demo.file(VERA, "DES2134-0041", "DR2", name)


@pytest.mark.parametrize("tile", ["../DES2134-0041", "DES2134-0041/..", "*", "", "x" * 5000, "DES2134-0041'--"])
def test_a_hostile_name_of_a_tile_is_not_found(demo: FootprintService, tile: str) -> None:
    with pytest.raises(NotFound, match="tile not found"):
        demo.file(VERA, tile, "DR2", "DES2134-0041_r4907p01_g.fits.fz")


def test_who_may_not_read_a_release_sees_nothing_of_it(demo: FootprintService) -> None:
    closed = replace(VERA, entitlements=replace(VERA.entitlements, releases=frozenset({"DR1"})))
    assert demo.releases(closed) == ("DR1",)
    with pytest.raises(NotAllowed):
        demo.layer(closed, "DR2")
    with pytest.raises(NotAllowed):
        demo.file(closed, "DES2134-0041", "DR2", "DES2134-0041_r4907p01_g.fits.fz")
    with pytest.raises(NotAllowed):
        demo.condition(closed, "DR2_MAIN", Circle(ra_deg=323, dec_deg=-1, radius_deg=1))
    assert [each.release for each in demo.tile(closed, "DES2134-0041").releases] == ["DR1"]
    nobody = replace(VERA, entitlements=replace(VERA.entitlements, services=frozenset({"query"})))
    for ask in (demo.releases, demo.layer, lambda user: demo.search(user, "M 2"), lambda user: demo.tile(user, "DES2134-0041")):
        with pytest.raises(NotAllowed, match="footprint"):
            ask(nobody)


REGIONS = {
    "circle": Circle(ra_deg=323.36, dec_deg=-0.82, radius_deg=0.03),
    "box": Box(west_ra_deg=323.33, east_ra_deg=323.36, south_dec_deg=-0.85, north_dec_deg=-0.80),
    "polygon": Polygon(vertices=((323.32, -0.86), (323.38, -0.86), (323.36, -0.82), (323.38, -0.79), (323.33, -0.79))),
    "moc": SKY.covering(Circle(ra_deg=323.36, dec_deg=-0.82, radius_deg=0.03), 13),
}


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS.keys())
def test_a_condition_gives_just_the_objects_that_lie_in_its_region(
    demo: FootprintService, survey: Survey, positions: tuple[np.ndarray, np.ndarray], region: Region | Moc
) -> None:
    condition = demo.condition(VERA, "dr2_main", region)
    assert condition.exact
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    with catalog.stream(f"SELECT COUNT(*) FROM DR2_MAIN WHERE {condition.sql}") as stream:
        counted = next(iter(stream)).column(0)[0].as_py()
    catalog.close()
    inside = demo.inside(*positions, region)
    assert counted == int(inside.sum())
    assert 100 < counted < len(inside) - 100


def test_a_condition_that_cannot_be_had_says_what_would_do(demo: FootprintService) -> None:
    speckled = Moc.of_cells(14, np.arange(0, 4000, 2))
    with pytest.raises(InvalidRequest, match="2,000 ranges of pixels, 400 are the most; send it at order 13"):
        demo.condition(VERA, "DR2_MAIN", speckled)
    fine = demo.condition(VERA, "DR2_MAIN", Moc.of_cells(18, [5]))
    assert (fine.exact, fine.sql) == (False, "(HPIX_16384 = 0)")
    with pytest.raises(InvalidRequest, match="no HEALPix pixels"):
        demo.condition(VERA, "DR2_TILE_INFO", speckled)
    with pytest.raises(InvalidRequest, match="DR2_TILE_INFO has no positions"):
        demo.condition(VERA, "DR2_TILE_INFO", Circle(ra_deg=323, dec_deg=-1, radius_deg=1))
    with pytest.raises(NotFound, match="no table 'NOWHERE'"):
        demo.condition(VERA, "NOWHERE", speckled)


def test_positions_are_checked_against_releases_and_a_region(demo: FootprintService) -> None:
    ra, dec = np.array([323.36, 10.0, np.nan, 323.9]), np.array([-0.82, 10.0, 0.0, -0.7])
    found = demo.check(VERA, ra, dec, region=Circle(ra_deg=323.36, dec_deg=-0.82, radius_deg=0.1))
    assert {name: inside.tolist() for name, inside in found.inside.items()} == {key: [True, False, False, True] for key in ("DR1", "DR2")}
    assert found.tiles.tolist() == ["DES2134-0041", "", "", "DES2134-0041"]
    assert found.in_region is not None
    assert found.in_region.tolist() == [True, False, False, False]
    assert found.edge_arcmin[0] > 20
    assert 0 < found.edge_arcmin[3] < 1
    with pytest.raises(InvalidRequest, match="same length, got 4 and 3"):
        demo.check(VERA, ra, dec[:3])
    with pytest.raises(InvalidRequest, match="at most 1,000,000 positions"):
        demo.check(VERA, np.zeros(1_000_001), np.zeros(1_000_001))


def test_a_map_selects_the_tiles_that_it_reaches(demo: FootprintService) -> None:
    around = Circle(ra_deg=323.19, dec_deg=-1.05, radius_deg=0.1)
    assert set(demo.tiles(VERA, "DR2", around).names) == set(demo.layer(VERA).tiles.names)
    assert set(demo.tiles(VERA, "DR2", SKY.covering(around, 13)).names) == set(demo.layer(VERA).tiles.names)
    assert demo.tiles(VERA, "DR2", SKY.covering(Circle(ra_deg=10, dec_deg=-1.05, radius_deg=1), 9)).names == ()


def test_a_density_map_counts_every_object_once(demo: FootprintService, positions: tuple[np.ndarray, np.ndarray]) -> None:
    counts = demo.density(VERA, "DR2", "count")
    area_arcmin2 = 4 * np.pi * (180 * 60 / np.pi) ** 2 / (12 * counts.nside**2)
    assert counts.values.sum() * area_arcmin2 == pytest.approx(len(positions[0]))
    assert set(counts.pixels.tolist()) == set(np.unique(SKY.cells(*positions, 10)).tolist())
    coverage = demo.density(VERA, "DR2", "coverage_g")
    assert 0 < coverage.values.min() <= coverage.values.max() <= 1
    assert demo.density(VERA, "DR2", "depth_i").values.mean() == pytest.approx(23.3, abs=0.5)
    with pytest.raises(NotFound, match="DR1 has no density map 'coverage_g'; there are count"):
        demo.density(VERA, "DR1", "coverage_g")


def test_a_fine_map_is_summed_up_until_it_is_small() -> None:
    pixels = np.arange(400_000)
    density = density_of_rows(pa.table({"HPIX_1024": pixels, "MEAN": pixels % 4 * 1.0}), "DR2")
    assert (density.nside, len(density.pixels)) == (128, 6250)
    assert len(density.pixels) <= MOST_PIXELS
    assert set(density.values.tolist()) == {1.5}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"HPIX_1024": [1]}, "two columns"),
        ({"PIXEL": [1], "N": [2]}, "called HPIX_<nside>"),
        ({"HPIX_1000": [1], "N": [2]}, "power of two"),
        ({"HPIX_32": [12288], "N": [2]}, "from 0 to 12287"),
        ({"HPIX_32": [-1], "N": [2]}, "from 0 to 12287"),
        ({"HPIX_32": ["a"], "N": [2]}, "whole numbers of pixels"),
        ({"HPIX_32": [1], "N": ["b"]}, "whole numbers of pixels"),
    ],
)
def test_rows_that_are_no_density_map_are_refused(table: dict[str, list[object]], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        density_of_rows(pa.table(table), "DR2")
