"""Objects of the smallest demo survey, asked for by place and number."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.cutout.field_objects import FieldObjects
from skydesk.survey import ObjectTable, Survey, load_survey

OBJECTS = ObjectTable(
    table="{release}_MAIN",
    id="COADD_OBJECT_ID",
    ra="ALPHAWIN_J2000",
    dec="DELTAWIN_J2000",
    magnitude="MAG_AUTO_{band}",
    star_magnitude="WAVG_MAG_PSF_{band}",
)


@pytest.fixture(scope="module")
def survey(tiny_survey: Path) -> Survey:
    return replace(load_survey(tiny_survey), objects=OBJECTS)


@pytest.fixture(scope="module")
def catalog(survey: Survey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckdbCatalog]:
    assert survey.catalogue.path is not None
    # A copy, since DuckDB opens one file in one process with one configuration only.
    path = tmp_path_factory.mktemp("catalogue") / "copy.duckdb"
    path.write_bytes(survey.catalogue.path.read_bytes())
    opened = DuckdbCatalog(path, survey=survey)
    yield opened
    opened.close()


@pytest.fixture
def objects(catalog: DuckdbCatalog, survey: Survey) -> FieldObjects:
    return FieldObjects(catalog, survey)


def test_a_box_has_the_objects_inside_and_no_others(objects: FieldObjects) -> None:
    few = objects.in_field(323.36, -0.82, 1.0, 1.0, "i", "DR2")
    many = objects.in_field(323.36, -0.82, 2.0, 2.0, "i", "DR2")
    assert 0 < len(few) < len(many)
    assert {each.object_id for each in few} <= {each.object_id for each in many}
    for each in few:
        assert abs(each.ra_deg - 323.36) < 0.0084
        assert abs(each.dec_deg + 0.82) < 0.0084
    assert any(10 < each.mag < 30 for each in few)


def test_an_object_is_found_by_number_and_by_place_with_its_magnitudes(objects: FieldObjects, survey: Survey) -> None:
    some = objects.in_field(323.36, -0.82, 1.0, 1.0, "i", "DR2")[0]
    found = objects.numbered(some.object_id, "DR2")
    assert found is not None
    assert (found.ra_deg, found.dec_deg) == (some.ra_deg, some.dec_deg)
    assert tuple(found.magnitudes) == survey.bands
    assert any(value is not None and 10 < value < 30 for value in found.magnitudes.values())
    assert objects.nearest(some.ra_deg, some.dec_deg, "DR2") == found


def test_where_there_is_none_there_is_none(objects: FieldObjects) -> None:
    assert objects.numbered(1, "DR2") is None
    assert objects.nearest(0.0001, 0.0, "DR2") is None
    assert objects.nearest(359.9999, -90.0, "DR2") is None
    assert objects.nearest(float("nan"), 0.0, "DR2") is None
    assert objects.in_field(0.0, 90.0, 12.0, 12.0, "i", "DR2") == []


def test_columns_that_the_table_has_not_give_nothing(catalog: DuckdbCatalog, survey: Survey) -> None:
    objects = FieldObjects(catalog, replace(survey, objects=replace(OBJECTS, magnitude="MAG_NONE_{band}", star_magnitude="")))
    some = objects.in_field(323.36, -0.82, 1.0, 1.0, "i", "DR2")[0]
    assert some.mag != some.mag  # NaN
    found = objects.numbered(some.object_id, "DR2")
    assert found is not None
    assert set(found.magnitudes.values()) == {None}


def test_a_survey_that_does_not_say_where_its_objects_are_has_none(catalog: DuckdbCatalog, survey: Survey) -> None:
    objects = FieldObjects(catalog, replace(survey, objects=None))
    assert objects.in_field(323.36, -0.82, 1.0, 1.0, "i", "DR2") == ()
    assert objects.numbered(1, "DR2") is None
    assert objects.nearest(323.36, -0.82, "DR2") is None
