import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from skydesk.query.model import Column, ColumnType
from skydesk.registry import dispatch
from skydesk.settings import SkydeskSettings
from skydesk.web.http import Call, JsonReply
from skydesk.web.notebook import magnitude_pair, query_notebook
from skydesk.web.times import time_to_json
from skydesk.wiring import Services, build_services, jobs_folder_of, local_user
from tests.server.processes import SOURCES
from tests.server.serving import wait_until
from tests.server.small_survey import STARS

MAGNITUDES = ["MAG_AUTO_G", "MAG_AUTO_R", "MAG_AUTO_I"]


def columns(*names: str, unit: str = "mag", kind: ColumnType = ColumnType.FLOAT32) -> list[Column]:
    return [Column(name=name, type=kind, unit=unit, ucd="phot.mag") for name in names]


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        (MAGNITUDES, ("MAG_AUTO_R", "MAG_AUTO_I")),
        (["MAG_AUTO_I", "MAG_AUTO_R"], ("MAG_AUTO_R", "MAG_AUTO_I")),
        (["G", "R", "G_PSF", "R_PSF"], ("G", "R")),
        (["MAG_AUTO_G", "WAVG_MAG_PSF_G", "WAVG_MAG_PSF_R", "MAG_AUTO_R"], ("MAG_AUTO_G", "MAG_AUTO_R")),
        (["MAG_AUTO_G", "WAVG_MAG_PSF_R"], ("MAG_AUTO_G", "WAVG_MAG_PSF_R")),
        (["BRIGHT", "FAINT"], ("BRIGHT", "FAINT")),
        (["MAG_AUTO_G_DERED", "MAG_AUTO_R_DERED"], ("MAG_AUTO_G_DERED", "MAG_AUTO_R_DERED")),
        (["MAG_AUTO_G", "MAGERR_AUTO_G", "EBV_SFD98"], None),
        ([], None),
    ],
    ids=str,
)
def test_two_magnitudes_measured_alike_are_drawn(names: list[str], pair: tuple[str, str] | None) -> None:
    assert magnitude_pair(columns(*names)) == pair


def test_what_has_no_unit_of_magnitudes_is_not_drawn() -> None:
    assert magnitude_pair(columns(*MAGNITUDES, unit="deg")) is None
    assert magnitude_pair(columns(*MAGNITUDES, kind=ColumnType.STRING)) is None


@pytest.mark.parametrize(
    "sql",
    ['SELECT """x""" FROM a\nWHERE b', "SELECT '\\'\nFROM a", "SELECT ````x``\nFROM `a`", "SELECT \x07\nFROM a", 'SELECT a\nFROM "b"'],
)
def test_any_statement_survives_in_markdown_and_code(sql: str) -> None:
    content = query_notebook(sql, (), survey="S", made_at=datetime(2026, 11, 22, tzinfo=UTC))["content"]
    nbformat.validate(nbformat.from_dict(content))
    found: dict[str, Any] = {}

    class Sky:
        def query(self, text: str) -> "Sky":
            found["sql"] = text
            return self

        def to_pandas(self) -> None:
            return None

    code = content["cells"][1]["source"].replace("import skydesk\n", "").replace("skydesk.connect()", "Sky()")
    exec(code, {"Sky": Sky})
    assert found["sql"].strip() == sql.strip()
    fence = content["cells"][0]["source"].splitlines()[2]
    assert fence.endswith("sql")
    assert fence.removesuffix("sql") not in sql


def test_times_are_utc_with_a_z() -> None:
    assert time_to_json(datetime.fromisoformat("2026-11-22T01:02:03.0049+05:00")) == "2026-11-21T20:02:03.004Z"
    assert time_to_json(None) is None


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def settings(root: Path, survey_file: Path) -> SkydeskSettings:
    return SkydeskSettings(survey_file=str(survey_file), data_folder=str(root.parent / "skydesk-data"), workers=2)


@pytest.fixture(scope="module")
def services(root: Path, settings: SkydeskSettings) -> Iterator[Services]:
    with build_services(settings, mode="embedded") as services:
        (root / "jobs").symlink_to(jobs_folder_of(settings, local_user(settings).name))
        yield services


def call(services: Services, settings: SkydeskSettings, method: str, path: str, body: bytes = b"") -> Any:
    reply = dispatch(Call(services=services, user=local_user(settings), method=method, path=path, body=body))
    assert isinstance(reply, JsonReply)
    return reply.value


def run(notebook: dict[str, Any], folder: Path, **variables: str) -> nbformat.NotebookNode:
    """Execute a notebook as a lab would; gives it with its outputs."""
    folder.mkdir(parents=True, exist_ok=True)
    node = nbformat.from_dict(notebook["content"])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), **variables}
    client = NotebookClient(node, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    return client.execute(env=environment)


def drawing(executed: nbformat.NotebookNode) -> str:
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)


@pytest.mark.slow
@pytest.mark.parametrize("file_name", ["stars.fits", "stars.parquet", "stars.csv.gz"])
def test_a_jobs_notebook_runs_as_it_is_and_draws_the_hexagons(
    services: Services, settings: SkydeskSettings, root: Path, file_name: str
) -> None:
    body = f'{{"sql": "SELECT ID, {", ".join(MAGNITUDES)}, REMARK FROM STARS", "file_name": "{file_name}", "allow_duplicate": true}}'
    job_id = call(services, settings, "POST", "query/job", body.encode())["id"]
    wait_until(
        lambda: call(services, settings, "GET", f"jobs/{job_id}")["phase"] not in {"QUEUED", "EXECUTING"}, seconds=60, what="the end"
    )
    assert call(services, settings, "GET", f"jobs/{job_id}")["phase"] == "COMPLETED"
    notebook = call(services, settings, "GET", f"jobs/{job_id}/notebook")
    executed = run(notebook, root / "notebooks" / "below")
    assert f"{STARS:,} rows" in str(executed.cells[2].outputs) or f"{STARS} rows" in str(executed.cells[2].outputs)
    assert '"MAG_AUTO_R"' in drawing(executed) or "MAG_AUTO_R [mag]" in drawing(executed)
    assert executed.metadata.skydesk.job_id == job_id


@pytest.mark.slow
def test_a_query_notebook_runs_as_it_is(services: Services, settings: SkydeskSettings, root: Path, survey_file: Path) -> None:
    notebook = call(services, settings, "POST", "query/notebook", b'{"sql": "SELECT MAG_AUTO_R, MAG_AUTO_I FROM STARS"}')
    executed = run(notebook, root, SKYDESK_SURVEY=str(survey_file), SKYDESK_DATA_FOLDER=str(root.parent / "kernel-data"))
    assert "MAG_AUTO_R [mag]" in drawing(executed)
