"""The wheel: everything that Jupyter and SkyDesk look for, made on a machine without node."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = "share/jupyter/labextensions/skydesk-lab"
COPIED = ("skydesk", "hub_config", "extensions/skydesk_server", "extensions/jupyter-config", "widgets/skydesk_widgets", "tools")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", "lib")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made of."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=LEFT_OUT)
    shutil.copytree(
        ROOT / "extensions/labextension", copy / "extensions/labextension", ignore=shutil.ignore_patterns("node_modules", "lib")
    )
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy / name)
    readme = ROOT / "README.md"
    (copy / "README.md").write_text(readme.read_text() if readme.exists() else "SkyDesk")
    return copy


def make_wheel(checkout: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    """Make a wheel with a PATH that has no node."""
    (out / "bin").mkdir()
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
        "-w",
        str(out),
        ".",
    ]
    env = {**os.environ, "PATH": str(out / "bin"), "PIP_NO_INDEX": "1"}
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=240)


@pytest.mark.slow
def test_a_wheel_made_without_node_holds_the_lab_extension_and_the_panels(checkout: Path, tmp_path: Path) -> None:
    made = make_wheel(checkout, tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        data = {name.split(".data/data/", 1)[1]: name for name in names if ".data/data/" in name}
        package = json.loads(archive.read(data[f"{LAB}/package.json"]))
    assert f"{LAB}/{package['jupyterlab']['_build']['load']}" in data
    assert f"{LAB}/schemas/skydesk-lab/panels.json" in data
    assert f"{LAB}/install.json" in data
    assert "etc/jupyter/jupyter_server_config.d/skydesk_server.json" in data
    for name in ("query.js", "query.css", "result.js", "jobs.js", "jobs.css", "licenses.txt"):
        assert f"skydesk_widgets/static/{name}" in names
    for package_name in ("skydesk", "skydesk_hub", "skydesk_server", "skydesk_widgets"):
        assert f"{package_name}/__init__.py" in names
    assert "skydesk/surveys/demo.toml" in names
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


@pytest.mark.slow
def test_without_the_built_front_end_and_without_node_there_is_no_wheel(checkout: Path, tmp_path: Path) -> None:
    built = checkout / "extensions/labextension/dist"
    aside = built.rename(tmp_path / "dist")
    try:
        made = make_wheel(checkout, tmp_path)
    finally:
        aside.rename(built)
    assert made.returncode != 0
    assert "the panels must be built, which needs node 20 and npm on PATH" in made.stdout + made.stderr
    assert not list(tmp_path.glob("*.whl"))
