"""The footprint over HTTP, served by a lab's own server over the tiny demo survey."""

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.processes import jupyter_server
from tests.server.serving import wait_until

TILE = "DES2134-0041"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, tiny_survey: Path) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("lab")
    variables = {"SKYDESK_SURVEY": str(tiny_survey), "SKYDESK_DATA_FOLDER": str(folder / "skydesk")}
    with jupyter_server(folder, **variables) as lab, lab.client() as client:
        wait_until(lambda: client.get("session").status_code != 503, seconds=60, what="the start of the services")
        yield client


def message(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["message"]


def test_a_file_of_a_tile_comes_whole_as_an_attachment(client: httpx.Client, tiny_survey: Path) -> None:
    tile = client.get(f"footprint/tiles/{TILE}").json()
    file = tile["releases"][1]["files"][0]
    reply = client.get(file["path"])
    assert reply.content == (tiny_survey.parent / "tiles" / TILE / file["name"]).read_bytes()
    assert file["name"] in reply.headers["content-disposition"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("footprint/tiles/DES9999-9999", 404, "tile not found"),
        ("footprint/tiles/DES0219-0541", 404, "of no release that you may read"),
        ("footprint/search?text=nowhere", 400, "cannot be read"),
        ("footprint/search?text=10%2095", 400, "must be from -90 to 90 deg"),
        ("footprint/layers/DR9", 404, "no release 'DR9'"),
        ("footprint/moc/DR2?order=29", 400, "from 0 to 14, got 29"),
        (f"footprint/tiles/{TILE}/files/DR2/..%2F..%2Fsurvey.toml", 404, "has no file"),
    ],
)
def test_what_cannot_be_had_is_told_with_a_status(client: httpx.Client, path: str, status: int, words: str) -> None:
    found, text = message(client.get(path))
    assert found == status
    assert words in text


def test_a_map_goes_up_and_comes_down(client: httpx.Client) -> None:
    whole = client.get("footprint/moc/DR2?order=10")
    assert whole.content.startswith(b"SIMPLE  =")
    within = {"moc_base64": base64.b64encode(whole.content).decode()}
    answer = client.post("footprint/moc", json={"order": 10, "tiles": [TILE], "within": within}).json()
    assert answer["area_deg2"] == pytest.approx(0.51, rel=0.05)
    huge = {"moc_base64": base64.b64encode(b"29/" + b"1 " * 9_000_000).decode()}
    status, text = message(client.post("footprint/tiles", json={"region": huge}))
    assert status == 400
    assert "16,000,000 are the most; send it at a lower order" in text
