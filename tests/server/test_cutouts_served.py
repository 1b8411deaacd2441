"""Cutouts over HTTP: large tables pass, and the command gives what it gives without a server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.cli import main
from skydesk.client import connect
from tests.server.processes import Lab, jupyter_server
from tests.server.serving import wait_until

pytestmark = pytest.mark.slow

ROWS = 100_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, tiny_survey: Path) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_server(folder, SKYDESK_SURVEY=str(tiny_survey), SKYDESK_DATA_FOLDER=str(folder / "skydesk"), SKYDESK_WORKERS="1") as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code != 503, seconds=60, what="the start of the services")
        yield lab


def images(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*/*"))}


def test_the_command_gives_the_same_bytes_through_a_server(
    lab: Lab, tmp_path: Path, tiny_survey: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("RA,DEC,XSIZE\n323.3626,-0.8233,\n323.33,-0.842,0.7\n10,20,\n")
    argv = ["cutout", "p.csv", "--fits", "--lupton", "--size-arcmin", "0.5"]
    monkeypatch.setenv("SKYDESK_URL", lab.base)
    monkeypatch.setenv("SKYDESK_TOKEN", lab.token)
    assert main([*argv, "-o", "served"]) == 0
    assert "job " in capsys.readouterr().err
    monkeypatch.delenv("SKYDESK_URL")
    monkeypatch.setenv("SKYDESK_SURVEY", str(tiny_survey))
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path / "skydesk"))
    assert main([*argv, "-o", "here"]) == 0
    made = images(tmp_path / "served")
    assert len(made) == 8
    assert made == images(tmp_path / "here")


def test_a_table_of_a_hundred_thousand_rows_is_read(lab: Lab) -> None:
    text = "RA,DEC,XSIZE,YSIZE,COLORS_FITS,MAKE_RGB_LUPTON\n"
    text += "\n".join(f"{323 + row * 3e-6:.7f},{-0.9 + row * 1e-6:.7f},1.5,1.5,gri,1" for row in range(ROWS - 1)) + "\nx,1,,,,\n"
    assert len(text) > 3 << 20
    with connect(lab.base, token=lab.token) as sky:
        draft = sky.transport.request("POST", "cutout/positions", {"text": text}).require_json()
        assert (draft["rows"], draft["fault_count"]) == (ROWS, 1)
        assert draft["faults"][0]["row"] == ROWS
        assert len(draft["preview"]) == 200
