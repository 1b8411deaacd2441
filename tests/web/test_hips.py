"""``footprint/hips/...`` over a sky of two small tiles: what is there, the job that makes it, its files, and who may have them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skydesk.access import User
from skydesk.errors import Conflict, InvalidRequest, LimitExceeded, NotAllowed, NotFound, ServiceUnavailable
from skydesk.footprint.hips.model import place_of, request_from_json
from skydesk.footprint.hips.task import run_footprint
from skydesk.jobs.model import Phase
from skydesk.settings import SkydeskSettings
from skydesk.survey import load_survey
from skydesk.web.http import BytesReply, JsonReply
from skydesk.wiring import worker_services
from skydesk.wiring.catalogues import catalog_options
from tests.fakes.task_context import FakeTaskContext

from .conftest import Desk


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder that service and workers share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def at_desk(desk: Desk, tiny_survey: Path, cache: Path) -> Iterator[Desk]:
    """The desk, with the tiny demo survey on it."""
    from skydesk.backends.duckdb_catalog import DuckdbCatalog

    survey = load_survey(tiny_survey)
    assert survey.catalogue.path is not None
    catalog = DuckdbCatalog(survey.catalogue.path, survey=survey)
    services = replace(desk.services, survey=survey, catalog=catalog, image_cache=cache, mode="hub")
    yield Desk(services, desk.folders, desk.runner, desk.user)
    catalog.close()


@pytest.fixture(scope="module")
def made(cache: Path, tiny_survey: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pyramid of DR1, made by a worker's own services to order 6; where its files are."""
    options = {"survey_file": str(tiny_survey), "catalog": catalog_options(SkydeskSettings()), "image_cache": str(cache), "threads": 2}
    services = worker_services(options)
    runs = [[43, 68, 1]]
    place = place_of(services.survey)
    request = {"work": "hips", "place": place, "release": "DR1", "order": 6, "runs": runs, "most_bytes": 10**8}
    run_footprint(services, request, FakeTaskContext(tmp_path_factory.mktemp("job")))
    return "footprint/hips/DR1/files"


def other(desk: Desk, **changes: Any) -> Desk:
    return desk.by(replace(desk.user, name="somebody", **changes))


def test_a_pyramid_is_asked_for_once_and_followed(at_desk: Desk, cache: Path) -> None:
    path = "footprint/hips/DR2"
    before = at_desk.json("GET", path)
    assert before == {
        "available": False,
        "order": None,
        "first_order": 3,
        "tile_width": 512,
        "format": "png",
        "version": None,
        "made_at": None,
        "job_id": None,
        "job_phase": None,
    }
    reply = at_desk.call("POST", path, {})
    assert isinstance(reply, JsonReply)
    assert (reply.status, reply.location) == (201, f"jobs/{reply.value['id']}")
    assert (reply.value["type"], reply.value["name"]) == ("footprint", "colour pyramid of DR2")
    wanted = request_from_json(reply.value["request"])
    assert (wanted.release, wanted.order) == ("DR2", 10)
    shown = at_desk.json("GET", path)
    assert (shown["available"], shown["job_id"], shown["job_phase"]) == (False, reply.value["id"], "QUEUED")
    again = at_desk.call("POST", path)
    assert isinstance(again, JsonReply)
    assert (again.status, again.value["id"]) == (200, reply.value["id"])
    assert other(at_desk).json("GET", path)["job_id"] is None
    assert other(at_desk).json("GET", path)["job_phase"] == "QUEUED"
    with pytest.raises(Conflict, match="somebody else's job"):
        other(at_desk).call("POST", path)
    job = at_desk.runner.claim()
    assert job is not None
    at_desk.runner.end(job, Phase.ABORTED)
    assert at_desk.json("GET", path)["job_id"] is None
    assert at_desk.json("POST", f"jobs/{job.id}/rerun")["request"] == reply.value["request"]


def test_what_is_made_is_told_and_given_file_by_file(at_desk: Desk, made: str) -> None:
    shown = at_desk.json("GET", "footprint/hips/DR1")
    assert (shown["available"], shown["order"], shown["job_id"]) == (True, 6, None)
    assert shown["version"]
    assert shown["made_at"].endswith("Z")
    media = {
        "properties": "text/plain; charset=utf-8",
        "Moc.fits": "application/fits",
        "Norder3/Allsky.png": "image/png",
        "Norder3/Dir0/Npix298.png": "image/png",
    }
    begins = {"properties": b"creator_did", "Moc.fits": b"SIMPLE", "Norder3/Allsky.png": b"\x89PNG", "Norder3/Dir0/Npix298.png": b"\x89PNG"}
    for name, media_type in media.items():
        reply = at_desk.call("GET", f"{made}/{name}?v={shown['version']}")
        assert isinstance(reply, BytesReply)
        assert (reply.media_type, reply.kept_seconds) == (media_type, 86_400)
        assert reply.body.startswith(begins[name])
    with pytest.raises(NotFound, match="no tile has an image there"):
        at_desk.call("GET", f"{made}/Norder6/Dir0/Npix0.png")


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../properties",
        "..%2Fproperties",
        "..%2F..%2Fetc%2Fpasswd",
        "%2Fetc%2Fpasswd",
        "Norder3/..%2F..%2FDR1.lock/Npix1.png",
        "Norder3/../properties",
        "Norder3/Dir0/..",
        "Norder3/Dir0/..%2F..%2F..%2FDR1.lock",
        "Norder3/Dir0/Npix1.png%00.png",
        "Norder3/Dir0/Npix1.png%0A",
        "Norder3/Dir0/Npix01.png",
        "Norder03/Dir0/Npix1.png",
        "Norder3/Dir0/Npix768.png",
        "Norder3/Dir10000/Npix1.png",
        "Norder2/Dir0/Npix1.png",
        "Norder99/Dir0/Npix1.png",
        "Norder3/Dir0/Npix1.jpg",
        "Norder3/Dir0/Npix-1.png",
        "Norder3/Dir0/Npix\N{ARABIC-INDIC DIGIT ONE}.png",
        "cells.journal",
        "properties%2F",
        "Properties",
    ],
)
def test_no_name_leads_to_anything_but_a_pyramid_s_files(at_desk: Desk, made: str, name: str) -> None:
    with pytest.raises(NotFound, match=r"has no file|the API has no"):
        at_desk.call("GET", f"{made}/{name}")


@pytest.mark.parametrize("release", ["..", "..%2FDR1", "DR1.unfinished", "DR9", "%00"])
def test_no_release_leads_elsewhere(at_desk: Desk, made: str, release: str) -> None:
    assert made
    for path in ("", "/files/properties"):
        with pytest.raises(NotFound, match="no release"):
            at_desk.call("GET", f"footprint/hips/{release}{path}")


def test_who_may_not_read_a_release_does_not_see_it_either(at_desk: Desk, made: str) -> None:
    closed = at_desk.by(replace(at_desk.user, entitlements=replace(at_desk.user.entitlements, releases=frozenset({"DR2"}))))
    for method, path in (("GET", "footprint/hips/DR1"), ("POST", "footprint/hips/DR1"), ("GET", f"{made}/properties")):
        with pytest.raises(NotAllowed, match="DR1 is not open"):
            closed.call(method, path)
    nobody = User(name="nobody", entitlements=replace(at_desk.user.entitlements, services=frozenset({"query", "jobs"})))
    with pytest.raises(NotAllowed, match="footprint service"):
        at_desk.by(nobody).call("GET", f"{made}/properties")


def test_only_administrators_have_one_made_again(at_desk: Desk, made: str) -> None:
    assert made
    with pytest.raises(Conflict, match="is there already"):
        at_desk.call("POST", "footprint/hips/DR1")
    with pytest.raises(NotAllowed, match="only administrators"):
        at_desk.call("POST", "footprint/hips/DR1", {"again": True})
    reply = other(at_desk, rights=frozenset({"admin"})).call("POST", "footprint/hips/DR1", {"again": True, "order": 4})
    assert isinstance(reply, JsonReply)
    assert (reply.status, reply.value["request"]["order"]) == (201, 4)
    assert at_desk.json("GET", "footprint/hips/DR1")["available"]


def test_an_order_beyond_the_limits_is_refused_and_the_natural_one_made_to_fit(at_desk: Desk) -> None:
    limits = replace(at_desk.user.entitlements.cutout, max_result_bytes=200_000_000)
    small = at_desk.by(replace(at_desk.user, entitlements=replace(at_desk.user.entitlements, cutout=limits)))
    with pytest.raises(LimitExceeded, match="a job of yours may make 200,000,000"):
        small.call("POST", "footprint/hips/DR2", {"order": 10})
    for order in (2, 14):
        with pytest.raises(InvalidRequest, match=f"must be from 3 to 13, got {order}"):
            small.call("POST", "footprint/hips/DR2", {"order": order})
    assert 3 <= small.json("POST", "footprint/hips/DR2")["request"]["order"] < 10


def test_who_may_submit_no_jobs_has_none_made(at_desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        at_desk.with_jobs(queued=0, concurrent=0).call("POST", "footprint/hips/DR2")


def test_without_a_cache_folder_there_are_no_pyramids(at_desk: Desk) -> None:
    bare = Desk(replace(at_desk.services, image_cache=None), at_desk.folders, at_desk.runner, at_desk.user)
    assert bare.json("GET", "footprint/hips/DR2")["available"] is False
    with pytest.raises(ServiceUnavailable, match="image_cache_folder is empty"):
        bare.call("POST", "footprint/hips/DR2")
    with pytest.raises(NotFound, match="keeps no colour pyramids"):
        bare.call("GET", "footprint/hips/DR2/files/properties")


@pytest.mark.parametrize(
    "changes",
    [
        {"place": "../elsewhere"},
        {"place": ""},
        {"release": "DR1/../.."},
        {"order": 2},
        {"order": True},
        {"order": 30},
        {"runs": "x"},
        {"runs": [[]]},
        {"runs": [["a"]]},
        {"runs": [[43, 67]]},
        {"runs": [[999_999, 1, 1]]},
        {"most_bytes": -1},
        {"most_bytes": None},
    ],
    ids=str,
)
def test_a_job_whose_request_is_none_is_refused(cache: Path, tiny_survey: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    options = {"survey_file": str(tiny_survey), "catalog": catalog_options(SkydeskSettings()), "image_cache": str(cache), "threads": 1}
    request = {"work": "hips", "place": "demo-x", "release": "DR2", "order": 6, "runs": [[43, 67, 2]], "most_bytes": 1} | changes
    with pytest.raises(InvalidRequest):
        run_footprint(worker_services(options), request, FakeTaskContext(tmp_path))
