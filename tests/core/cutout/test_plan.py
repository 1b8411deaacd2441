"""Positions to tiles, folders and duplicates."""

import numpy as np
import pytest

from skydesk.cutout.model import NO_OBJECT, CutoutOptions, Positions
from skydesk.cutout.plan import duplicates_of, folders_of, name_prefix, names_of, tiles_of
from skydesk.survey import load_survey, shipped_survey


@pytest.fixture(scope="module")
def survey():
    return load_survey(shipped_survey("demo"))


def positions(ra, dec, object_id=None, overrides=None):
    ra = np.asarray(ra, float)
    ids = np.full(len(ra), NO_OBJECT) if object_id is None else np.asarray(object_id, np.int64)
    return Positions(ra_deg=ra, dec_deg=np.asarray(dec, float), object_id=ids, overrides=overrides or {})


def test_every_position_gets_the_tile_of_the_grid(survey):
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    plan = tiles_of(survey, positions(ra, dec))
    rows, columns = survey.grid.find(ra, dec)
    assert (plan.outside == (rows < 0)).all()
    assert (plan.tile_rows[plan.tile_index] == rows)[~plan.outside].all()
    assert (plan.tile_columns[plan.tile_index] == columns)[~plan.outside].all()
    tiles = [survey.grid.tile(int(row), int(column)) for row, column in zip(plan.tile_rows, plan.tile_columns, strict=True)]
    assert plan.tile_names == tuple(tile.name for tile in tiles)
    assert plan.counts.sum() + plan.outside.sum() == len(ra)
    assert (np.diff(plan.tile_index[plan.order]) >= 0).all()


def test_a_box_is_near_the_edge_when_its_corners_leave_the_image(survey):
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(320, 326, 2000), rng.uniform(-3, 3, 2000)
    sizes = rng.uniform(0.1, 12, 2000)
    plan = tiles_of(survey, positions(ra, dec, overrides={row: {"XSIZE": size, "YSIZE": size} for row, size in enumerate(sizes.tolist())}))
    for row in range(2000):
        tile = survey.grid.named(plan.tile_of(row))
        x, y = (float(each) for each in tile.pixels_of(ra[row], dec[row]))
        half = sizes[row] * 60 / tile.pixel_scale_arcsec / 2
        leaves = min(x, y) - half < 0.5 or max(x, y) + half > tile.size_pixels + 0.5
        assert plan.near_edge[row] == leaves
    assert 0.1 < plan.near_edge.mean() < 0.9


def test_positions_that_are_not_known_or_outside_have_no_tile(survey):
    plan = tiles_of(survey, positions([np.nan, 323.36, 10], [np.nan, -0.82, 80]))
    assert plan.outside.tolist() == [True, False, True]
    assert plan.order.tolist() == [1]
    assert [plan.tile_of(row) for row in range(3)] == ["", survey.grid.tile_at(323.36, -0.82).name, ""]
    assert not plan.near_edge[[0, 2]].any()


def test_no_positions_make_an_empty_plan(survey):
    nothing = positions([], [])
    plan = tiles_of(survey, nothing)
    assert plan.tile_names == ()
    assert len(plan.order) == len(duplicates_of(nothing, CutoutOptions())) == 0


def test_a_right_ascension_near_24_h_lies_on_a_tile_at_0_h(survey):
    plan = tiles_of(survey, positions([359.9999999, 0.0, 1e-9], [0.2, 0.2, 0.2]))
    assert len(plan.tile_names) == 1


def test_equal_rows_with_equal_options_repeat_the_first():
    options = CutoutOptions()
    rows = positions(
        [10, 10, 10, 10, 20, 10, 10],
        [1, 1, 1, 1, 1, 1, 1],
        [NO_OBJECT, NO_OBJECT, 5, 5, NO_OBJECT, NO_OBJECT, NO_OBJECT],
        {1: {"XSIZE": 2.0}, 5: {"XSIZE": 2.0}, 6: {"XSIZE": 1.0}},
    )
    assert duplicates_of(rows, options).tolist() == [0, 1, 2, 2, 4, 1, 0]


def test_objects_whose_positions_are_not_known_repeat_by_their_ids_alone():
    rows = positions([np.nan] * 3, [np.nan] * 3, [7, 8, 7])
    assert duplicates_of(rows, CutoutOptions()).tolist() == [0, 1, 0]


def test_one_position_in_two_sizes_has_two_folders(survey):
    rows = positions([323.36] * 4, [-0.82] * 4, [NO_OBJECT, NO_OBJECT, NO_OBJECT, 99], {1: {"XSIZE": 2.0}})
    plan, same = tiles_of(survey, rows), duplicates_of(rows, CutoutOptions())
    folders = folders_of(plan, rows, same, names_of(rows, name_prefix(survey)))
    tile = plan.tile_of(0)
    name = "DESJ213326.4000-004912.0000"
    assert folders == [f"{tile}/{name}", f"{tile}/{name}_2", f"{tile}/{name}", f"{tile}/99"]


def test_rows_outside_have_no_folder(survey):
    rows = positions([323.36, 1], [89, -0.5])
    plan = tiles_of(survey, rows)
    assert folders_of(plan, rows, duplicates_of(rows, CutoutOptions()), names_of(rows))[0] == ""
