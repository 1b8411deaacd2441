"""Where a survey file says that objects are, and which positions to begin with."""

from pathlib import Path

import pytest

from skydesk.errors import InvalidSurvey
from skydesk.survey import Survey, load_survey, shipped_survey
from tests.core.test_survey import GOOD

OBJECTS = """
[objects]
table = "{release}_MAIN"
id = "ID"
ra = "MAG_1_G"
dec = "MAG_2_G"
magnitude = "MAG_1_{band}"

[[position_examples]]
title = "Two"
text = "1 2\\n3 4"
"""


def survey_of(tmp_path: Path, text: str) -> Survey:
    path = tmp_path / "survey.toml"
    path.write_text(GOOD + text)
    return load_survey(path)


@pytest.mark.parametrize("name", ["des", "demo"])
def test_the_surveys_that_ship_say_where_their_objects_are(name: str) -> None:
    survey = load_survey(shipped_survey(name))
    assert survey.objects is not None
    for release in survey.releases:
        known = {column.name for column in survey.table(survey.objects.table_of(release.name)).columns}
        wanted = {survey.objects.id, survey.objects.ra, survey.objects.dec}
        wanted |= {name_of(band) for name_of in (survey.objects.magnitude_of, survey.objects.star_magnitude_of) for band in survey.bands}
        assert wanted <= known


def test_the_demo_survey_has_positions_to_begin_with() -> None:
    assert load_survey(shipped_survey("demo")).position_examples


def test_objects_and_positions_are_read(tmp_path: Path) -> None:
    survey = survey_of(tmp_path, OBJECTS)
    assert survey.objects is not None
    assert (survey.objects.table_of("R1"), survey.objects.magnitude_of("y")) == ("R1_MAIN", "MAG_1_Y")
    assert survey.objects.star_magnitude_of("g") == ""
    assert [(example.title, example.text) for example in survey.position_examples] == [("Two", "1 2\n3 4")]


def test_a_survey_without_objects_is_one_too(tmp_path: Path) -> None:
    assert survey_of(tmp_path, "").objects is None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"{release}_MAIN"', '"{release}_OTHER"', "objects.table: names no table of this file, got '{release}_OTHER'"),
        ('"ID"', '"NUMBER"', "objects.id: must name a column of {release}_MAIN, got 'NUMBER'"),
        ('"MAG_1_{band}"', '"MAG"', "objects.magnitude: must have {band} in it, got 'MAG'"),
        ('ra = "MAG_1_G"', "", "objects.ra: is missing"),
        ('title = "Two"', "", "position_examples.title: is missing"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(InvalidSurvey) as caught:
        survey_of(tmp_path, OBJECTS.replace(old, new, 1))
    assert fault in str(caught.value)
