"""Who may import whom, by contract and by what is really loaded."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = os.pathsep.join(str(ROOT / folder) for folder in (".", "extensions", "widgets", "hub_config"))
WEB = ("tornado", "jupyter_server", "jupyterhub", "anywidget", "ipywidgets")
DATABASES = ("duckdb", "sqlalchemy", "alembic", "oracledb")
HEAVY = ("numpy", "pyarrow", "astropy", "pandas", "holoviews", "bokeh", "numba", "h5py", "fitsio")


def loaded_by(statement: str) -> frozenset[str]:
    """Top-level packages, and modules of ours, that are loaded once a statement has run in a new interpreter."""
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
        cwd=ROOT / "tests",
    )
    names = json.loads(done.stdout.splitlines()[-1])
    return frozenset(name if name.startswith("skydesk") else name.partition(".")[0] for name in names)


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import skydesk", (*WEB, *DATABASES, *HEAVY, "traitlets", "skydesk.client", "skydesk.registry")),
        (
            "import skydesk.access",
            (*WEB, *DATABASES, *HEAVY, "traitlets", "skydesk.query", "skydesk.jobs", "skydesk.web", "skydesk.backends"),
        ),
        ("import skydesk.errors", (*WEB, *DATABASES, *HEAVY)),
        ("import skydesk.jobs.service", (*WEB, *DATABASES, "skydesk.backends", "skydesk.web")),
        ("import skydesk.query.service", (*WEB, *DATABASES, "skydesk.backends", "skydesk.web", "skydesk.survey")),
        ("import skydesk.worker", (*WEB, "skydesk_server", "skydesk_widgets", "skydesk_hub")),
        ("from skydesk.worker import registered_tasks; registered_tasks()", (*WEB, "skydesk_widgets", "skydesk_server", "skydesk_hub")),
        (
            "from skydesk.registry import all_routes; all_routes()",
            (*WEB, *DATABASES, "skydesk.backends", "skydesk_widgets", "skydesk_server"),
        ),
        ("import skydesk.wiring", (*WEB, *DATABASES, "skydesk.backends.duckdb_catalog", "skydesk_server")),
        (
            "import skydesk_hub.config",  # tornado, SQLAlchemy and alembic are JupyterHub's own
            ("jupyter_server", "duckdb", "oracledb", *HEAVY, "skydesk.query", "skydesk.jobs", "skydesk.web", "skydesk.registry"),
        ),
        ("import skydesk_server", (*WEB, *DATABASES, *HEAVY)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_import_brings_nothing_that_it_should_not(statement: str, unwanted: tuple[str, ...]) -> None:
    assert loaded_by(statement).isdisjoint(unwanted), sorted(loaded_by(statement) & set(unwanted))


def test_the_guard_itself_sees_what_is_loaded() -> None:
    assert {"duckdb", "skydesk.backends.duckdb_catalog"} <= loaded_by("import skydesk.backends.duckdb_catalog")


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": SOURCES, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_query_and_jobs_register_themselves() -> None:
    assert {"query", "jobs"} <= {point.name for point in entry_points(group="skydesk.services")}
