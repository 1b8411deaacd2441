"""What a worker does for a cutout job, on a coarse sky and a disk of its own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skydesk.backends.cutout_files import FileRenderer
from skydesk.backends.cutout_results import JobResults
from skydesk.backends.position_files import positions_from_parquet, positions_to_parquet
from skydesk.cutout.model import Outcome
from skydesk.cutout.outcomes import lines_of, outcome_of
from skydesk.cutout.task import POSITIONS_INPUT, run_cutouts
from skydesk.errors import Cancelled, Conflict, InvalidImage, InvalidRequest, LimitExceeded, NotFound
from skydesk.web.cutout_job import request_from_json
from tests.core.cutout.coarse_sky import tiles_with
from tests.core.cutout.cutout_desk import ELSEWHERE, NEIGHBOUR, TILE, CutoutDesk, at, cutout_desk
from tests.fakes.task_context import FakeTaskContext

OPTIONS = {"x_size_arcmin": 4, "y_size_arcmin": 4, "products": ["fits"], "fits_bands": ["i"]}
REQUEST = {"release": "DR2", "options": OPTIONS, "max_positions": 100, "max_result_bytes": 10**9}
TEXT = f"RA,DEC\n{TILE.ra_deg},{TILE.dec_deg}\n{NEIGHBOUR.ra_deg},{NEIGHBOUR.dec_deg}\n{at(TILE, 200, 200)}\n{at(ELSEWHERE, 200, 200)}\n"


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutoutDesk]:
    with cutout_desk(tmp_path_factory.mktemp("sky")) as made:
        yield made


@pytest.fixture
def services(sky: CutoutDesk) -> SimpleNamespace:
    return SimpleNamespace(
        survey=sky.survey,
        tiles=tiles_with([TILE, NEIGHBOUR], "i"),
        renderer=FileRenderer(),
        chart_objects=None,
        read_cutout_job=lambda request, content: (request_from_json(request), positions_from_parquet(content)),
        open_results=lambda folder, job_id, _: JobResults(folder, job_id, survey=sky.survey, tiles=lambda: sky.tiles),
        threads=1,
    )


@pytest.fixture
def context(sky: CutoutDesk, tmp_path: Path) -> FakeTaskContext:
    return FakeTaskContext(tmp_path, inputs={POSITIONS_INPUT: positions_to_parquet(sky.read(TEXT).positions)})


def rows_in(folder: Path) -> dict[int, Outcome]:
    with (folder / "outcomes.jsonl").open("rb") as file:
        outcomes = [outcome_of(line) for _, _, line in lines_of(file)]
    return {outcome.row: outcome.outcome for outcome in outcomes if outcome is not None}


def test_a_job_makes_images_outcomes_and_tables(services: SimpleNamespace, context: FakeTaskContext) -> None:
    made = run_cutouts(services, REQUEST, context)
    assert rows_in(context.folder) == {0: Outcome.DONE, 1: Outcome.DONE, 2: Outcome.DONE, 3: Outcome.OUTSIDE}
    images = list(context.folder.glob("*/*/*.fits"))
    assert (made.rows, made.listing, made.listed_files) == (4, "outcomes.jsonl", len(images))
    assert made.listed_bytes == sum(image.stat().st_size for image in images)
    assert made.files == (f"positions_{context.job_id}.csv", "summary.json", "outcomes.jsonl")
    assert made.summary["outcomes"] == {"done": 3, "outside": 1}
    assert all((context.folder / name).is_file() for name in made.files)


def test_progress_is_told_in_positions(services: SimpleNamespace, context: FakeTaskContext) -> None:
    run_cutouts(services, REQUEST, context)
    assert [(report.done, report.total, report.unit) for report in context.reports] == [(done, 4, "positions") for done in range(5)]


def test_what_an_earlier_attempt_has_finished_is_not_cut_again(services: SimpleNamespace, context: FakeTaskContext) -> None:
    run_cutouts(services, REQUEST, context)
    before = {path: path.stat().st_ino for path in context.folder.glob("*/*/*.fits")}
    again = FakeTaskContext(context.folder, inputs=context.inputs)
    made = run_cutouts(services, REQUEST, again)
    assert made.summary["resumed_rows"] == 4
    assert {path: path.stat().st_ino for path in context.folder.glob("*/*/*.fits")} == before
    assert [report.done for report in again.reports] == [4]
    assert any("finished by an earlier attempt" in line for line in again.lines)


def test_files_of_earlier_attempts_count_towards_the_limit(services: SimpleNamespace, context: FakeTaskContext) -> None:
    size_bytes = run_cutouts(services, REQUEST, context).listed_bytes
    (context.folder / "outcomes.jsonl").write_bytes(
        b"".join((context.folder / "outcomes.jsonl").read_bytes().splitlines(keepends=True)[:3])
    )
    with pytest.raises(LimitExceeded, match="a job may make"):
        run_cutouts(services, {**REQUEST, "max_result_bytes": size_bytes - 1}, FakeTaskContext(context.folder, inputs=context.inputs))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_result_that_grows_too_large_ends_the_job_while_it_runs(
    services: SimpleNamespace, context: FakeTaskContext, threads: int
) -> None:
    services.threads = threads
    with pytest.raises(LimitExceeded, match=r"of 4 positions already take .* a job may make 1; ask for fewer"):
        run_cutouts(services, {**REQUEST, "max_result_bytes": 1}, context)
    assert context.cancellation.requested
    assert not (context.folder / "summary.json").exists()


def test_more_positions_than_the_owner_may_have_are_refused(services: SimpleNamespace, context: FakeTaskContext) -> None:
    with pytest.raises(LimitExceeded, match="4 positions, and a job may have 3"):
        run_cutouts(services, {**REQUEST, "max_positions": 3}, context)


def test_a_cancelled_job_stops(services: SimpleNamespace, context: FakeTaskContext) -> None:
    context.cancellation.cancel()
    with pytest.raises(Cancelled):
        run_cutouts(services, REQUEST, context)


def test_a_broken_tile_fails_its_rows_and_not_the_job(services: SimpleNamespace, context: FakeTaskContext) -> None:
    services.tiles.add_broken(NEIGHBOUR.name, "i", "DR2", InvalidImage("the file is cut short"))
    made = run_cutouts(services, REQUEST, context)
    assert made.summary["outcomes"] == {"done": 2, "failed": 1, "outside": 1}
    assert any(line.startswith("row 2: ") and "cut short" in line for line in context.lines)


def test_a_folder_that_was_taken_over_ends_the_attempt(services: SimpleNamespace, context: FakeTaskContext) -> None:
    class Thief:
        """Takes the folder away in the middle of the work."""

        def fits(self, *arguments: Any) -> bytes:
            if context.folder.exists():
                context.folder.rename(context.folder.with_name("next"))
            return FileRenderer().fits(*arguments)

    services.renderer = Thief()
    with pytest.raises(Conflict, match="is gone"):
        run_cutouts(services, REQUEST, context)
    assert not context.folder.exists()


@pytest.mark.parametrize("value", [-1, "many", 1.5, True])
def test_limits_that_are_none_are_named(services: SimpleNamespace, context: FakeTaskContext, value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"max_positions.*max_result_bytes"):
        run_cutouts(services, {**REQUEST, "max_positions": value, "max_result_bytes": value}, context)


def test_a_job_without_its_positions_ends_in_words(services: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="submit it again"):
        run_cutouts(services, REQUEST, FakeTaskContext(tmp_path))


def test_a_table_without_overrides_and_one_with_are_both_carried_out(services: SimpleNamespace, context: FakeTaskContext) -> None:
    positions = positions_from_parquet(context.inputs[POSITIONS_INPUT])
    own = replace(positions, overrides={0: {"XSIZE": 2.0}, 2: {"MAKE_FITS": True}})
    context.inputs[POSITIONS_INPUT] = positions_to_parquet(own)
    assert run_cutouts(services, REQUEST, context).summary["outcomes"] == {"done": 3, "outside": 1}
