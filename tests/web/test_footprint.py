"""``footprint/...`` over the tiny demo survey."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skydesk.access import User
from skydesk.backends.bulk_folder import CopyingFolder
from skydesk.backends.cutout_results import JobResults
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.moc_files import MocpyFiles
from skydesk.backends.tile_files import SurveyTileFiles
from skydesk.errors import Cancelled, InvalidRequest, LimitExceeded, NotAllowed, NotFound
from skydesk.footprint.moc import Moc
from skydesk.footprint.model import MocFormat
from skydesk.footprint.task import run_bulk
from skydesk.query.service import QueryService
from skydesk.survey import load_survey
from skydesk.web.http import BytesReply, FileReply, StreamReply
from tests.fakes.query_history import FakeQueryHistory
from tests.fakes.task_context import FakeTaskContext

from .conftest import Desk

TILE, CORNER = "DES2134-0041", "DES2131-0124"
GREEN = f"{TILE}_r4907p01_g.fits.fz"


@pytest.fixture
def at_desk(desk: Desk, tiny_survey: Path) -> Iterator[Desk]:
    """The desk, with the tiny demo survey on it."""
    survey = load_survey(tiny_survey)
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    queries = QueryService(catalog, survey=survey, history=FakeQueryHistory())
    yield Desk(replace(desk.services, survey=survey, catalog=catalog, queries=queries), desk.folders, desk.runner, desk.user)
    catalog.close()


def arrow(desk: Desk, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[pa.Table, Mapping[str, Any]]:
    reply = desk.call(method, path, body)
    assert isinstance(reply, BytesReply)
    table = pa.ipc.open_stream(reply.body).read_all()
    return table, json.loads(table.schema.metadata[b"skydesk"])


def with_limit(desk: Desk, max_result_bytes: int) -> Desk:
    limits = replace(desk.user.entitlements.cutout, max_result_bytes=max_result_bytes)
    return desk.by(replace(desk.user, entitlements=replace(desk.user.entitlements, cutout=limits)))


def test_releases_and_layers_give_the_tiles_in_a_few_hundred_bytes(at_desk: Desk) -> None:
    listed = at_desk.json("GET", "footprint/releases")
    assert [(each["release"], each["tiles"], each["default"]) for each in listed["releases"]] == [("DR1", 4, False), ("DR2", 4, True)]
    layer = at_desk.json("GET", "footprint/layers/DR2")
    assert layer["runs"] == [[43, 67, 2], [44, 67, 2]]
    assert not layer["approximate"]
    (outline,) = layer["outline"]
    assert min(dec for _, dec in outline) == pytest.approx(-1.768056, abs=1e-5)
    assert np.frombuffer(base64.b64decode(layer["objects"]), "<i4").sum() > 5000
    assert layer["area_deg2"] == pytest.approx(4 * 0.5095, abs=0.01)
    assert len(json.dumps(layer)) < 1500
    with pytest.raises(NotFound, match="no release 'DR9'"):
        at_desk.json("GET", "footprint/layers/DR9")


def test_the_layer_of_the_whole_survey_is_small(at_desk: Desk) -> None:
    from skydesk.survey import shipped_survey
    from tests.fakes.catalog import FakeCatalog

    des = Desk(
        replace(at_desk.services, survey=load_survey(shipped_survey("des")), catalog=FakeCatalog([])), at_desk.folders, at_desk.runner
    )
    layer = des.json("GET", "footprint/layers/DR2")
    assert (layer["tiles"] > 10_300, layer["approximate"]) == (True, True)
    assert len(json.dumps(layer)) < 30_000


def test_a_search_answers_with_a_place(at_desk: Desk) -> None:
    place = at_desk.json("GET", "footprint/search?text=M%202")
    assert (place["kind"], place["tile"], place["distance_deg"]) == ("name", TILE, 0.0)
    outside = at_desk.json("GET", "footprint/search?text=10%2010&release=DR1")
    assert outside["tile"] is None
    assert outside["distance_deg"] > 40
    with pytest.raises(InvalidRequest, match="text: is missing"):
        at_desk.json("GET", "footprint/search")


def test_a_tile_has_properties_and_files_that_can_be_fetched(at_desk: Desk, tiny_survey: Path) -> None:
    tile = at_desk.json("GET", f"footprint/tiles/{TILE}")
    assert (tile["name"], tile["crosses_ra0"], len(tile["corners_deg"])) == (TILE, False, 4)
    assert tile["unique"]["west_ra_deg"] < tile["ra_deg"] < tile["unique"]["east_ra_deg"]
    file = tile["releases"][1]["files"][0]
    assert (file["name"], file["band"]) == (GREEN, "g")
    reply = at_desk.call("GET", file["path"])
    assert isinstance(reply, FileReply)
    assert reply.path == (tiny_survey.parent / "tiles" / TILE / GREEN).resolve()
    assert reply.path.stat().st_size == file["size_bytes"]


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fsurvey.toml", "%2Fetc%2Fpasswd", "..", "survey.toml", "%00", "DES2134-0041_r%2Ap%2A_g.fits.fz"]
)
def test_no_name_leads_out_of_the_files_of_a_tile(at_desk: Desk, name: str) -> None:
    with pytest.raises(NotFound):
        at_desk.call("GET", f"footprint/tiles/{TILE}/files/DR2/{name}")


def test_a_region_names_its_tiles(at_desk: Desk) -> None:
    circle = {"circle": {"ra_deg": 323.19, "dec_deg": -1.05, "radius_arcmin": 6}}
    assert len(at_desk.json("POST", "footprint/tiles", {"region": circle})["tiles"]) == 4
    moc = base64.b64encode(MocpyFiles().write(Moc.of_cells(4, [0]), MocFormat.FITS)).decode()
    assert at_desk.json("POST", "footprint/tiles", {"region": {"moc_base64": moc}})["tiles"] == []


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (None, "region: is missing"),
        ({}, "must be an object with one of circle, box, polygon"),
        ({"circle": {}, "box": {}}, "must be an object with one of"),
        ({"blob": 1}, "must have one of circle"),
        ({"circle": {"ra_deg": 1}}, "must have the numbers ra_deg, dec_deg, radius_arcmin"),
        ({"circle": {"ra_deg": 1, "dec_deg": 95, "radius_arcmin": 1}}, "dec from -90 to 90"),
        ({"circle": {"ra_deg": 1, "dec_deg": "x", "radius_arcmin": 1}}, "dec_deg must be a number"),
        ({"circle": {"ra_deg": 1, "dec_deg": 1, "radius_arcmin": 1e308}}, "radius_arcmin must be a number"),
        ({"box": {"west_ra_deg": 1, "east_ra_deg": 2, "south_dec_deg": 3, "north_dec_deg": 3}}, "south < north"),
        ({"polygon": [[0, 0], [10, 10], [10, 0], [0, 10]]}, "crosses itself"),
        ({"polygon": [[0, 0, 0]]}, "list of pairs"),
        ({"polygon": 5}, "list of pairs"),
        ({"moc": "5/1-99999999"}, "of order 5; they go from 0 to 12287"),
        ({"moc": 7}, "given as text"),
        ({"moc_base64": "%%%"}, "is not base 64"),
        ({"moc_base64": base64.b64encode(b"hello").decode()}, "is no MOC"),
    ],
)
def test_a_wrong_region_is_refused_in_words(at_desk: Desk, region: object, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        at_desk.json("POST", "footprint/tiles", {} if region is None else {"region": region})


def test_a_coverage_map_comes_as_a_file_and_cut_by_another(at_desk: Desk) -> None:
    reply = at_desk.call("GET", "footprint/moc/DR2?order=12&format=json")
    assert isinstance(reply, StreamReply)
    assert reply.file_name == "footprint_DR2_12.json"
    whole = MocpyFiles().read(b"".join(reply.chunks))
    one = at_desk.json("POST", "footprint/moc", {"order": 12, "tiles": [TILE], "format": "ascii"})
    assert one["tiles_area_deg2"] == pytest.approx(0.509634, abs=1e-6)
    assert one["area_deg2"] == pytest.approx(one["tiles_area_deg2"], rel=1e-2)
    alone = MocpyFiles().read(base64.b64decode(one["content_base64"]))
    assert alone & whole == alone
    within = {"moc_base64": one["content_base64"]}
    assert at_desk.json("POST", "footprint/moc", {"order": 12, "within": within})["area_deg2"] == one["area_deg2"]
    with pytest.raises(InvalidRequest, match="from 0 to 14, got 29"):
        at_desk.json("POST", "footprint/moc", {"order": 29})
    with pytest.raises(InvalidRequest, match="no tile named 'nowhere'"):
        at_desk.json("POST", "footprint/moc", {"tiles": ["nowhere"]})
    with pytest.raises(InvalidRequest, match="format: must be one of fits, json, ascii"):
        at_desk.call("GET", "footprint/moc/DR2?format=xml")


def test_a_map_that_is_brought_is_told_of_as_cells_and_how_much_the_release_covers(at_desk: Desk) -> None:
    one = at_desk.json("POST", "footprint/moc", {"order": 12, "tiles": [TILE], "format": "json"})
    far = Moc.of_cells(5, [0])
    both = MocpyFiles().write(MocpyFiles().read(base64.b64decode(one["content_base64"])) | far, MocFormat.FITS)
    told = at_desk.json("POST", "footprint/map", {"map": {"moc_base64": base64.b64encode(both).decode()}})
    assert told["area_deg2"] == pytest.approx(one["area_deg2"] + far.area_deg2)
    assert told["covered_deg2"] == pytest.approx(one["area_deg2"], rel=1e-3)
    assert (told["order"], told["drawn_order"], told["drawn"]["5"]) == (12, 12, [0])
    with pytest.raises(InvalidRequest, match=r"map: .*looks like 5/1-3"):
        at_desk.json("POST", "footprint/map", {"map": {"moc": "a picture"}})
    with pytest.raises(InvalidRequest, match="map: must be a coverage map"):
        at_desk.json("POST", "footprint/map", {"map": {"circle": {"ra_deg": 1, "dec_deg": 1, "radius_arcmin": 1}}})


def test_positions_of_a_table_or_of_objects_come_as_columns(at_desk: Desk) -> None:
    table, told = arrow(at_desk, "POST", "footprint/positions", {"text": "ra,dec\n323.36,-0.82\nx,1\n"})
    assert (table.column("RA").to_pylist(), table.column("DEC").to_pylist()[0]) == ([323.36, None], -0.82)
    assert (told["rows"], "row 2, ra" in told["notes"][0]) == (2, True)
    number = next(iter(arrow_rows(at_desk, "SELECT COADD_OBJECT_ID FROM DR2_MAIN FETCH FIRST 1 ROWS ONLY")))
    table, _ = arrow(at_desk, "POST", "footprint/positions", {"text": f"COADD_OBJECT_ID\n{number}\n"})
    assert 320 < table.column("RA").to_pylist()[0] < 325


def test_positions_are_checked_as_text_and_as_packed_columns(at_desk: Desk) -> None:
    table, told = arrow(at_desk, "POST", "footprint/check", {"text": "ra,dec\n323.36,-0.82\n10,10\nx,1\n", "releases": ["DR2"]})
    assert table.column_names == ["in_DR2", "TILENAME", "edge_arcmin"]
    assert table.column("in_DR2").to_pylist() == [True, False, False]
    assert table.column("edge_arcmin").to_pylist()[2] is None
    assert (told["rows"], told["inside"]) == (3, {"DR2": 1})
    assert "row 3, ra" in told["notes"][0]
    packed = {
        f"{name}_base64": base64.b64encode(np.array(values).tobytes()).decode() for name, values in {"ra": [323.36], "dec": [-0.82]}.items()
    }
    circle = {"circle": {"ra_deg": 323.36, "dec_deg": -0.82, "radius_arcmin": 1}}
    table, told = arrow(at_desk, "POST", "footprint/check", {**packed, "region": circle})
    assert (table.column("in_region").to_pylist(), told["in_region"]) == ([True], 1)
    with pytest.raises(InvalidRequest, match="little-endian doubles"):
        at_desk.call("POST", "footprint/check", {"ra_base64": "abc", "dec_base64": "abcd"})


def test_objects_are_checked_by_their_numbers(at_desk: Desk) -> None:
    number = next(iter(arrow_rows(at_desk, "SELECT COADD_OBJECT_ID FROM DR2_MAIN FETCH FIRST 1 ROWS ONLY")))
    table, _ = arrow(at_desk, "POST", "footprint/check", {"text": f"COADD_OBJECT_ID\n{number}\n"})
    assert table.column("in_DR2").to_pylist() == [True]


def arrow_rows(desk: Desk, sql: str) -> list[Any]:
    with desk.services.catalog.stream(sql) as stream:
        return [value for batch in stream for value in batch.column(0).to_pylist()]


def test_densities_come_small_and_from_a_statement_too(at_desk: Desk) -> None:
    kinds = {each["kind"] for each in at_desk.json("GET", "footprint/densities/DR2")["kinds"]}
    assert {"count", "mag_g", "depth_i", "coverage_Y"} <= kinds
    table, told = arrow(at_desk, "GET", "footprint/density/DR2?kind=coverage_g")
    assert (told["nside"], told["rows"]) == (4096, table.num_rows)
    sql = "SELECT HPIX_1024, AVG(MAG_AUTO_I) MEAN_I FROM DR2_MAIN WHERE MAG_AUTO_I < 90 GROUP BY HPIX_1024"
    table, told = arrow(at_desk, "POST", "footprint/density", {"sql": sql})
    assert (told["nside"], told["title"]) == (1024, "MEAN_I")
    expected = arrow(at_desk, "GET", "footprint/density/DR2?kind=mag_i")[0]
    assert np.allclose(np.sort(table.column("value").to_numpy()), np.sort(expected.column("value").to_numpy()), atol=1e-3)
    (rows,) = arrow_rows(at_desk, "SELECT COUNT(*) FROM DR2_MAIN")
    table, told = arrow(at_desk, "POST", "footprint/density", {"sql": "SELECT RA, DEC FROM DR2_MAIN"})
    assert (told["nside"], sum(table.column("value").to_pylist())) == (512, rows)
    with pytest.raises(InvalidRequest, match="called HPIX_<nside>"):
        at_desk.call("POST", "footprint/density", {"sql": "SELECT COADD_OBJECT_ID, RA FROM DR2_MAIN"})


def test_a_condition_is_ready_for_a_statement(at_desk: Desk) -> None:
    circle = {"circle": {"ra_deg": 323.36, "dec_deg": -0.82, "radius_arcmin": 2}}
    condition = at_desk.json("POST", "footprint/condition", {"table": "DR2_MAIN", "region": circle})
    (counted,) = arrow_rows(at_desk, f"SELECT COUNT(*) FROM DR2_MAIN WHERE {condition['sql']}")
    assert counted > 100
    assert condition["exact"]


def test_files_of_tiles_are_parted_into_jobs_within_the_limits(at_desk: Desk) -> None:
    body = {"tiles": [CORNER, TILE], "bands": ["g", "r"]}
    estimate = at_desk.json("POST", "footprint/jobs/estimate", body)
    assert (estimate["files"], len(estimate["parts"]), estimate["without_files"]) == (4, 1, [])
    largest = max(at_desk.json("POST", "footprint/jobs/estimate", {**body, "tiles": [tile]})["size_bytes"] for tile in (TILE, CORNER))
    limited = with_limit(at_desk, largest)
    answer = limited.json("POST", "footprint/jobs", body)
    assert [job["type"] for job in answer["jobs"]] == ["footprint", "footprint"]
    assert {job["run_id"] for job in answer["jobs"]} == {answer["run_id"]}
    assert [job["request"]["tiles"] for job in answer["jobs"]] == [[TILE], [CORNER]]
    with pytest.raises(LimitExceeded, match="ask for fewer kinds or bands"):
        with_limit(at_desk, 1000).json("POST", "footprint/jobs", body)


def test_a_job_that_is_run_again_holds_to_the_limits_and_releases_of_today(at_desk: Desk) -> None:
    (job,) = at_desk.json("POST", "footprint/jobs", {"tiles": [TILE], "bands": ["g"]})["jobs"]
    again = at_desk.json("POST", f"jobs/{job['id']}/rerun")
    assert (again["type"], again["request"]["tiles"], again["id"] != job["id"]) == ("footprint", [TILE], True)
    closed = replace(at_desk.user, entitlements=replace(at_desk.user.entitlements, releases=frozenset({"DR1"})))
    with pytest.raises(NotAllowed, match="DR2 is not open"):
        at_desk.by(closed).json("POST", f"jobs/{job['id']}/rerun")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"tiles": []}, "must be 1 to 11,000 tiles"),
        ({"tiles": ["DES9999-9999"]}, "no tile named 'DES9999-9999'"),
        ({"tiles": [TILE, TILE]}, "more than once"),
        ({"tiles": [TILE], "kinds": ["movie"]}, "'movie' is none of image"),
        ({"tiles": [TILE], "bands": ["x"]}, "'x' is none of g, r, i, z, Y"),
        ({"tiles": [TILE], "kinds": []}, "is empty; choose some of image"),
        ({"tiles": "DES2134-0041"}, "must be a list"),
        ({"tiles": ["DES0219-0541"]}, "none of the tiles has such files"),
    ],
)
def test_a_wrong_wish_for_files_is_refused_in_words(at_desk: Desk, body: Mapping[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        at_desk.json("POST", "footprint/jobs", body)


def test_who_has_no_footprint_service_gets_nothing(at_desk: Desk) -> None:
    nobody = User(name="nobody", entitlements=replace(at_desk.user.entitlements, services=frozenset({"query", "jobs"})))
    for method, path in (("GET", "footprint/releases"), ("GET", f"footprint/tiles/{TILE}"), ("POST", "footprint/jobs")):
        with pytest.raises(NotAllowed):
            at_desk.by(nobody).call(method, path)


class BulkWorker:
    """What a worker gives the task."""

    def __init__(self, tiny_survey: Path) -> None:
        self.survey = load_survey(tiny_survey)
        self.tile_files = SurveyTileFiles(self.survey)

    def open_bulk(self, folder: Path, job_id: str) -> CopyingFolder:
        def no_tiles() -> Any:
            raise AssertionError("no image is opened")

        return CopyingFolder(folder, JobResults(folder, job_id, survey=self.survey, tiles=no_tiles))


def test_a_job_gathers_files_and_goes_on_where_it_was_cut_off(tiny_survey: Path, tmp_path: Path) -> None:
    worker, request = (
        BulkWorker(tiny_survey),
        {"release": "DR2", "tiles": [TILE, "DES0219-0541", CORNER], "kinds": ["image"], "bands": ["g"]},
    )
    context = FakeTaskContext(tmp_path)
    outcome = run_bulk(worker, request, context)
    original = tiny_survey.parent / "tiles" / TILE / GREEN
    copy = tmp_path / "DR2" / TILE / GREEN
    assert copy.read_bytes() == original.read_bytes()
    assert copy.stat().st_ino != original.stat().st_ino
    assert (outcome.listing, outcome.listed_files, outcome.rows) == ("outcomes.jsonl", 2, 3)
    assert outcome.summary["without_files"] == ["DES0219-0541"]
    made_at = copy.stat().st_mtime_ns
    lines = (tmp_path / "outcomes.jsonl").read_text().splitlines()
    (tmp_path / "outcomes.jsonl").write_text("\n".join(lines[:2]) + "\n" + lines[2][:20])
    again = run_bulk(worker, request, FakeTaskContext(tmp_path))
    assert copy.stat().st_mtime_ns == made_at
    assert (again.listed_files, again.listed_bytes) == (2, outcome.listed_bytes)
    assert len((tmp_path / "outcomes.jsonl").read_text().splitlines()) == 3


def test_a_job_stops_when_it_is_told_to_and_at_its_owner_s_limit(tiny_survey: Path, tmp_path: Path) -> None:
    worker, request = BulkWorker(tiny_survey), {"release": "DR2", "tiles": [TILE], "kinds": ["image"], "bands": ["g"]}
    with pytest.raises(LimitExceeded, match="a job may make 1,000"):
        run_bulk(worker, {**request, "max_result_bytes": 1000}, FakeTaskContext(tmp_path))
    context = FakeTaskContext(tmp_path / "other")
    context.folder.mkdir()
    context.cancellation.cancel()
    with pytest.raises(Cancelled):
        run_bulk(worker, request, context)
    assert not (context.folder / "DR2").exists()


@pytest.mark.parametrize(
    "request_", [{}, {"release": "DR2", "tiles": "x"}, {"release": 5, "tiles": ["x"]}, {"release": "DR2", "tiles": [1]}]
)
def test_a_request_that_is_none_is_refused(tiny_survey: Path, tmp_path: Path, request_: Mapping[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        run_bulk(BulkWorker(tiny_survey), request_, FakeTaskContext(tmp_path))
