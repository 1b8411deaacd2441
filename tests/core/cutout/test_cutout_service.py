"""Cutouts by the rules."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skydesk.access import Entitlements, User
from skydesk.cutout.model import CutoutOptions, CutoutRequest, Outcome, Product
from skydesk.errors import InvalidRequest, LimitExceeded, NotAllowed, NotFound
from skydesk.query.model import Cancellation
from tests.core.cutout.cutout_desk import ELSEWHERE, HENRIETTA, NEIGHBOUR, TILE, VERA, CutoutDesk, at, cutout_desk, limited

SMALL = CutoutOptions(x_size_arcmin=5, y_size_arcmin=4, products=frozenset({Product.FITS, Product.LUPTON}))
REQUEST = CutoutRequest(release="DR2", options=SMALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutoutDesk]:
    with cutout_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


def test_a_draft_says_where_its_rows_are(desk: CutoutDesk) -> None:
    draft = desk.read(
        f"RA,DEC,XSIZE\n{at(TILE, 200, 200)},\n{at(TILE, 8, 200)},3\n{at(NEIGHBOUR, 200, 200)},\n{at(ELSEWHERE, 200, 200)},\n10,80,\n"
    )
    placed = desk.service.place(VERA, draft)
    assert placed.release == "DR2"
    assert placed.cut.tolist() == [True, True, True, False, False]
    assert placed.plan.outside.tolist() == [False, False, False, False, True]
    assert placed.plan.near_edge.tolist()[:3] == [False, True, False]


def test_objects_are_looked_up_in_the_catalogue_of_the_release(desk: CutoutDesk) -> None:
    draft = desk.read("COADD_OBJECT_ID\n12\n99\n11\n")
    placed = desk.service.place(VERA, draft)
    assert placed.unknown_ids.tolist() == [False, True, False]
    assert placed.positions.ra_deg[[0, 2]] == pytest.approx([TILE.ra_deg + 0.05, TILE.ra_deg])
    assert np.isnan(placed.positions.ra_deg[1])
    assert placed.positions.object_id.tolist() == [12, 99, 11]


def test_many_objects_are_asked_for_a_thousand_at_a_time(desk: CutoutDesk) -> None:
    draft = desk.read("COADD_OBJECT_ID\n" + "\n".join(str(number) for number in range(1, 2501)))
    placed = desk.service.place(VERA, draft)
    assert np.flatnonzero(~placed.unknown_ids).tolist() == [10, 11, 12]


def test_a_draft_outlives_the_service_and_belongs_to_its_user(desk: CutoutDesk, tmp_path: Path) -> None:
    draft = desk.read("RA,DEC,XSIZE,note\n1,2,3,a\nx,2,,b")
    with pytest.raises(NotFound, match="of yours"):
        desk.service.draft(HENRIETTA, draft.id)
    (tmp_path / "other").mkdir()
    with cutout_desk(tmp_path / "other") as other:
        service = type(desk.service)(
            survey=desk.survey,
            tiles=desk.tiles,
            renderer=other.service.renderer,
            objects=other.service._objects,
            files=desk.service.files,
            chart_objects=None,
            drafts=type(desk.service._drafts)(desk.drafts_folder),
        )
        again = service.draft(VERA, draft.id)
    assert (again.table.columns, again.faults, again.fault_count, again.notes) == (draft.table.columns, draft.faults, 1, draft.notes)
    assert again.positions.overrides == draft.positions.overrides
    desk.service.remove(VERA, draft.id)
    with pytest.raises(NotFound):
        desk.service.draft(VERA, draft.id)


@pytest.mark.parametrize("wrong", ["", "..", "../../etc", "0" * 32, "x" * 32, "\0"])
def test_a_draft_of_another_name_is_not_found(desk: CutoutDesk, wrong: str) -> None:
    with pytest.raises(NotFound):
        desk.service.draft(VERA, wrong)


def test_only_the_latest_drafts_are_kept(desk: CutoutDesk) -> None:
    carol = replace(VERA, name="carol")
    drafts = [desk.read(f"RA,DEC\n1,{place}", carol) for place in range(25)]
    kept = [draft for draft in drafts if any(desk.drafts_folder.glob(f"*/{draft.id}"))]
    assert kept == drafts[5:]
    with pytest.raises(NotFound):
        desk.service.draft(carol, drafts[0].id)
    assert desk.service.draft(carol, drafts[-1].id).positions.dec_deg[0] == 24


def test_drafts_of_users_who_have_gone_are_forgotten(desk: CutoutDesk) -> None:
    gone = desk.read("1 2", replace(VERA, name="gone"))
    [folder] = desk.drafts_folder.glob(f"*/{gone.id}")
    two_days_ago = time.time() - 2 * 86_400
    for path in (folder, folder.parent):
        os.utime(path, (two_days_ago, two_days_ago))
    desk.read("1 2")
    assert not folder.parent.exists()
    with pytest.raises(NotFound):
        desk.service.draft(replace(VERA, name="gone"), gone.id)


def test_every_fault_of_form_and_rows_is_named_before_a_job_is_made(desk: CutoutDesk) -> None:
    draft = desk.read("RA,DEC,XSIZE\nx,2,50\n")
    options = replace(SMALL, x_size_arcmin=99, fits_bands=("q",))
    prepared = desk.service.prepare(VERA, draft, replace(REQUEST, options=options))
    assert [(fault.row, fault.field) for fault in prepared.faults] == [
        (None, "x_size_arcmin"),
        (None, "fits_bands"),
        (1, "RA"),
        (1, "XSIZE"),
    ]
    with pytest.raises(InvalidRequest) as caught:
        desk.service.job_input(VERA, draft, replace(REQUEST, options=options))
    assert caught.value.faults == prepared.faults


def test_the_estimate_counts_rows_that_will_be_cut_once(desk: CutoutDesk) -> None:
    text = f"RA,DEC,XSIZE\n{at(TILE, 200, 200)},\n{at(TILE, 200, 200)},\n{at(TILE, 200, 200)},10\n10,80,\n"
    prepared = desk.service.prepare(VERA, desk.read(text), REQUEST)
    assert prepared.faults == ()
    assert prepared.refusal is None
    assert (prepared.estimate.rows, prepared.estimate.files) == (2, 8)
    assert prepared.estimate.size_bytes > 0
    assert prepared.estimate.seconds > 0


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_positions": 0}, "your groups grant no jobs of cutouts"),
        ({"max_positions": 1}, "2 positions were given, and your groups allow 1 in one job"),
        ({"max_result_bytes": 10_000}, "your groups allow 0.0 GiB in one job"),
        ({"max_seconds": 1e-6}, "your groups allow 0.0 h for one job"),
    ],
    ids=["none", "positions", "bytes", "seconds"],
)
def test_a_limit_that_is_passed_is_said_plainly(desk: CutoutDesk, limits: dict[str, float], sentence: str) -> None:
    draft, user = desk.read(f"RA,DEC\n{at(TILE, 200, 200)}\n{at(TILE, 100, 200)}\n"), limited(**limits)
    prepared = desk.service.prepare(user, draft, REQUEST)
    assert prepared.refusal is not None
    assert sentence in prepared.refusal
    with pytest.raises(LimitExceeded, match=sentence[:20]):
        desk.service.job_input(user, draft, REQUEST)


def test_a_job_is_made_of_looked_up_positions_and_the_users_limits(desk: CutoutDesk) -> None:
    made = desk.service.job_input(VERA, desk.read("COADD_OBJECT_ID,note\n11,a\n"), REQUEST)
    limits = VERA.entitlements.cutout
    assert (made.max_positions, made.max_result_bytes, made.limit_seconds) == (
        limits.max_positions,
        limits.max_result_bytes,
        limits.max_seconds,
    )
    assert made.positions.ra_deg.tolist() == [TILE.ra_deg]
    assert made.table.columns == ("COADD_OBJECT_ID", "note")


def test_finding_charts_need_their_service(desk: CutoutDesk) -> None:
    draft = desk.read(f"RA,DEC\n{at(TILE, 200, 200)}", HENRIETTA)
    options = replace(SMALL, products=frozenset({Product.CHART}))
    prepared = desk.service.prepare(HENRIETTA, draft, replace(REQUEST, options=options))
    assert [fault.field for fault in prepared.faults] == ["products"]
    assert desk.service.chart_allowed(VERA)


def test_a_release_must_be_there_and_open(desk: CutoutDesk) -> None:
    with pytest.raises(InvalidRequest, match="'DR9' is no release; there are DR1, DR2"):
        desk.service.release(VERA, "DR9")
    some = replace(VERA, entitlements=replace(VERA.entitlements, releases=frozenset({"DR1"})))
    with pytest.raises(NotAllowed, match="DR2 is not open to vera"):
        desk.service.release(some, "DR2")
    assert desk.service.release(some) == "DR1"
    assert [release.name for release in desk.service.releases(some)] == ["DR1"]


def test_nobody_without_the_service_gets_anything(desk: CutoutDesk) -> None:
    nobody = User(name="nobody", entitlements=Entitlements())
    draft = desk.read(f"RA,DEC\n{at(TILE, 200, 200)}")
    for ask in (
        lambda: desk.read("1 2", nobody),
        lambda: desk.service.draft(nobody, draft.id),
        lambda: desk.service.place(nobody, draft),
        lambda: desk.service.prepare(nobody, draft, REQUEST),
        lambda: desk.service.quick(nobody, draft, REQUEST, Cancellation()),
        lambda: desk.service.preview(nobody, draft, 0, REQUEST, "lupton", Cancellation()),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_a_small_request_is_cut_at_once(desk: CutoutDesk) -> None:
    draft = desk.read(f"RA,DEC\n{at(TILE, 200, 200)}\n{at(ELSEWHERE, 200, 200)}\n")
    pieces = list(desk.service.quick(VERA, draft, REQUEST, Cancellation()))
    files = [piece for piece in pieces if piece.outcome is None]
    outcomes = {piece.outcome.row: piece.outcome.outcome for piece in pieces if piece.outcome is not None}
    assert outcomes == {0: Outcome.DONE, 1: Outcome.OUTSIDE}
    assert [piece.name.rpartition("_")[2] for piece in files] == ["g.fits", "r.fits", "i.fits", "lupton.png"]
    assert all(piece.content and piece.folder.startswith(f"{TILE.name}/DESJ") for piece in files)


def test_a_request_that_is_too_large_for_at_once_is_sent_to_the_jobs(desk: CutoutDesk) -> None:
    draft = desk.read("RA,DEC\n" + f"{at(TILE, 200, 200)}\n" * 3)
    with pytest.raises(LimitExceeded, match="3 positions were given, and 2 are cut at once; submit a job"):
        desk.service.quick(limited(quick_positions=2), draft, REQUEST, Cancellation())


def test_whoever_stops_reading_stops_the_work(desk: CutoutDesk) -> None:
    draft = desk.read("RA,DEC\n" + "\n".join(at(TILE, 100 + x, 200) for x in range(40)))
    pieces = desk.service.quick(VERA, draft, REQUEST, Cancellation())
    assert next(pieces).name.endswith("_g.fits")
    pieces.close()  # type: ignore[attr-defined]
    assert list(desk.service.quick(VERA, desk.read(at(TILE, 200, 200)), REQUEST, Cancellation()))


def test_who_asks_for_too_much_at_once_is_told(desk: CutoutDesk) -> None:
    draft = desk.read("RA,DEC\n" + "\n".join(at(TILE, 100 + x, 200) for x in range(20)))
    opened = [desk.service.quick(VERA, draft, REQUEST, Cancellation()) for _ in range(4)]
    with pytest.raises(LimitExceeded, match="4 of your requests for images are running"):
        desk.service.quick(VERA, draft, REQUEST, Cancellation())
    for pieces in opened:
        assert next(pieces).content
        pieces.close()  # type: ignore[attr-defined]
    assert next(desk.service.quick(VERA, draft, REQUEST, Cancellation())).content


@pytest.mark.parametrize("kind", ["lupton", "stiff", "grey"])
def test_a_row_of_a_draft_is_previewed(desk: CutoutDesk, kind: str) -> None:
    draft = desk.read(f"{at(TILE, 200, 200)}\n{at(ELSEWHERE, 200, 200)}")
    picture = desk.service.preview(VERA, draft, 0, REQUEST, kind, Cancellation())
    assert picture.startswith(b"\x89PNG")
    with pytest.raises(NotFound, match="row 2"):
        desk.service.preview(VERA, draft, 1, REQUEST, kind, Cancellation())
    with pytest.raises(InvalidRequest, match="from 1 to 2, got 3"):
        desk.service.preview(VERA, draft, 2, REQUEST, kind, Cancellation())


def test_faults_of_rows_beyond_the_first_thousand_are_found(desk: CutoutDesk) -> None:
    draft = desk.read("RA,DEC\n" + "x,1\n" * 3000)
    assert (len(draft.faults), draft.fault_count) == (1000, 3000)
    assert [fault.row for fault in desk.service.faults_of_rows(draft, 2000, 3)] == [2001, 2002, 2003]
