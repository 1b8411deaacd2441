"""Notebooks, run by real kernels as a lab runs them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import skydesk
from skydesk.client import SkyDesk
from tests.server.processes import Lab, clean_environment, jupyter_server
from tests.server.serving import wait_until
from tests.server.small_survey import STARS, write_survey

pytestmark = pytest.mark.slow

MAGNITUDES = "SELECT ID, MAG_AUTO_R, MAG_AUTO_I, REMARK FROM STARS"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, survey: Path) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with jupyter_server(folder, SKYDESK_SURVEY=str(survey), SKYDESK_DATA_FOLDER=str(folder / "skydesk"), SKYDESK_WORKERS="2") as lab:
        with lab.client() as client:
            wait_until(lambda: client.get("session").status_code != 503, seconds=60, what="the start of the services")
        yield lab


@pytest.fixture(params=["in the kernel's process", "on the Jupyter server"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, survey: Path) -> dict[str, str]:
    """What the kernel is told, as by its server, or by nobody."""
    if request.param == "in the kernel's process":
        return clean_environment(tmp_path / "home", SKYDESK_SURVEY=str(survey), SKYDESK_DATA_FOLDER=str(tmp_path / "data"))
    lab = request.getfixturevalue("lab")
    return clean_environment(tmp_path / "home", SKYDESK_URL=lab.base, SKYDESK_TOKEN=lab.token)


@pytest.fixture
def sky(lab: Lab) -> Iterator[SkyDesk]:
    with skydesk.connect(lab.base, token=lab.token) as sky:
        yield sky


@pytest.fixture
def lab_environment(lab: Lab, tmp_path: Path) -> dict[str, str]:
    return clean_environment(tmp_path / "home", SKYDESK_URL=lab.base, SKYDESK_TOKEN=lab.token)


def run(notebook: Any, environment: dict[str, str], folder: Path) -> list[Any]:
    """Run all cells; gives the code cells."""
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute(env=environment)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def of_cells(*sources: str) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def texts(cell: Any) -> str:
    """What a cell has printed and shown, as text."""
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def shown(cell: Any, media_type: str) -> list[Any]:
    return [output["data"][media_type] for output in cell.outputs if media_type in output.get("data", {})]


def test_a_person_works_in_a_notebook(environment: dict[str, str], tmp_path: Path) -> None:
    cells = run(
        of_cells(
            "import skydesk\nsky = skydesk.connect()\nresult = sky.query('SELECT ID, RA, REMARK FROM STARS ORDER BY ID')\nresult",
            "table = result.to_astropy()\nprint(len(table), table['RA'].unit, table['REMARK'].mask[1])",
            "print(type(result.to_pandas()).__name__, type(result.to_arrow()).__name__)",
            "job = sky.submit('SELECT ID, RA FROM STARS', file_name='stars.fits', name='stars')\njob.wait(100)",
            "print([file['name'] for file in job.files], len(job.result().to_pandas()))",
            "print([path.name for path in job.download('.')])",
            "from skydesk_widgets import JobsPanel, QueryPanel\npanel = QueryPanel()\npanel",
            "JobsPanel()",
            "print(panel.result)",
            "try:\n    sky.check('SELECT RAA FROM STARS')\n"
            "except Exception as error:\n    print(type(error).__name__, error.line, error.column)",
        ),
        environment,
        tmp_path,
    )
    assert f"<Result: {STARS} rows of 3 columns>" in texts(cells[0])
    assert "&lt;script&gt;" in shown(cells[0], "text/html")[0]
    assert "<script>" not in shown(cells[0], "text/html")[0]
    assert texts(cells[1]).strip() == f"{STARS} deg True"
    assert texts(cells[2]).strip() == "DataFrame Table"
    assert "COMPLETED" in texts(cells[3])
    assert texts(cells[4]).strip() == f"['stars.fits'] {STARS}"
    assert texts(cells[5]).strip() == "['stars.fits']"
    assert (tmp_path / "stars.fits").is_file()
    assert shown(cells[6], WIDGET_VIEW)
    assert shown(cells[7], WIDGET_VIEW)
    assert texts(cells[8]).strip() == "None"
    assert texts(cells[9]).split() == ["InvalidQuery", "1", "8"]


def test_a_wrong_statement_ends_a_cell_with_its_reason(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="unknown column RAA"):
        run(of_cells("import skydesk\nskydesk.connect().query('SELECT RAA FROM STARS')"), environment, tmp_path)


def test_the_notebook_of_a_query_runs_as_it_is(sky: SkyDesk, lab: Lab, lab_environment: dict[str, str]) -> None:
    made = sky.transport.request("POST", "query/notebook", {"sql": MAGNITUDES}).require_json()
    cells = run(nbformat.from_dict(made["content"]), lab_environment, lab.root)
    assert f"{STARS} rows" in texts(cells[0])
    assert shown(cells[-1], "text/html")
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@pytest.mark.parametrize("file_name", ["m.parquet", "m.fits", "m.csv", "m.vot.gz"])
def test_the_notebook_of_a_job_runs_as_it_is(sky: SkyDesk, lab: Lab, lab_environment: dict[str, str], file_name: str) -> None:
    job = sky.submit(MAGNITUDES, file_name=file_name, name="two <b>magnitudes</b>", allow_duplicate=True).wait(60, progress=False)
    made = sky.transport.request("GET", f"jobs/{job.id}/notebook").require_json()
    cells = run(nbformat.from_dict(made["content"]), lab_environment, lab.root)
    assert file_name in texts(cells[0])
    assert f"{STARS} rows" in texts(cells[1])
    assert shown(cells[-1], "text/html")
