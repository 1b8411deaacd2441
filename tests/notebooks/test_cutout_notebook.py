"""The notebook of a cutout job, run by a real kernel."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from skydesk.client import JobHandle, SkyDesk, connect
from tests.server.processes import clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def sky(tmp_path: Path, tiny_survey: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SkyDesk]:
    for name in ("SKYDESK_URL", "SKYDESK_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("SKYDESK_WORKERS", "1")
    with connect(survey=tiny_survey) as made:
        yield made


def test_a_cutout_jobs_notebook_shows_its_images_as_it_is(sky: SkyDesk, tmp_path: Path, tiny_survey: Path) -> None:
    job = sky.cutouts("323.3626 -0.8233\n323.33 -0.842\n10 20\n", size_arcmin=0.4, as_job=True, name="M2 <b>")
    assert isinstance(job, JobHandle)
    job.wait(120, progress=False)
    [mounted] = (tmp_path / "data" / "jobs").glob(f"*/{job.id}")
    (tmp_path / "jobs").symlink_to(mounted.parent)
    made = sky.transport.request("GET", f"jobs/{job.id}/notebook").require_json()
    notebook = nbformat.from_dict(made["content"])
    nbformat.validate(notebook)
    environment = clean_environment(
        tmp_path / "home", SKYDESK_SURVEY=str(tiny_survey), SKYDESK_DATA_FOLDER=str(tmp_path / "data"), SKYDESK_WORKERS="1"
    )
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute(env=environment)
    mosaic, rows, first = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert mosaic.outputs[-1].data["text/html"].count("<img") == 2
    assert "outside" in rows.outputs[-1].data["text/html"]
    assert "21h33m27" in first.outputs[0].text
    assert "image/png" in first.outputs[-1].data
