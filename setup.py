"""Packages from four source roots, and the files Jupyter looks for.

Everything else about the distribution is in pyproject.toml. What node builds - the lab extension and the panels - is committed, so that
installing needs no node. It is built where it is missing, or where SKYDESK_BUILD_JS=1 asks for it; a distribution without it is never made.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).parent.resolve()
ROOTS = {"skydesk": ".", "skydesk_hub": "hub_config", "skydesk_server": "extensions", "skydesk_widgets": "widgets"}
LAB = Path("extensions/labextension/dist")
VIEWS = Path("widgets/skydesk_widgets/static")
SERVER_CONFIG = Path("extensions/jupyter-config/server-config/skydesk_server.json")
BUILT = (LAB / "package.json", LAB / "static/style.js", VIEWS / "query.js", VIEWS / "jobs.js", VIEWS / "admin.js")


def missing() -> list[str]:
    """Name the built files that a distribution cannot do without and that are not there."""
    found = [path for path in BUILT if not (HERE / path).is_file()]
    entries = list((HERE / LAB / "static").glob("remoteEntry.*.js"))
    return [str(path) for path in found] + ([] if len(entries) == 1 else [f"{LAB}/static/remoteEntry.*.js"])


def build_front_end() -> None:
    """Build what node builds where it is missing or asked for; end the installation where that fails."""
    if not missing() and os.environ.get("SKYDESK_BUILD_JS") != "1":
        return
    if not shutil.which("npm"):
        raise SystemExit(f"{', '.join(missing()) or 'SKYDESK_BUILD_JS=1'}: the panels must be built, which needs node 20 and npm on PATH")
    subprocess.run([sys.executable, "tools/build_frontend.py"], cwd=HERE, check=True)
    if lacking := missing():
        raise SystemExit(f"the build of the panels left out {', '.join(lacking)}")


def tree(source: Path, target: str) -> list[tuple[str, list[str]]]:
    """Every file under ``source``, grouped by the folder it goes to."""
    folders = [path for path in (source, *sorted(source.rglob("*"))) if path.is_dir()]
    contents = {folder: sorted(str(path) for path in folder.iterdir() if path.is_file()) for folder in folders}
    return [(str(Path(target, folder.relative_to(source))), names) for folder, names in contents.items()]


def data_files() -> list[tuple[str, list[str]]]:
    """What goes below the environment's prefix; asked for after the build, since names of bundles hold a hash."""
    return [
        ("etc/jupyter/jupyter_server_config.d", [str(SERVER_CONFIG)]),
        *tree(LAB, "share/jupyter/labextensions/skydesk-lab"),
        ("share/jupyter/labextensions/skydesk-lab", ["extensions/labextension/install.json"]),
    ]


class BuildWithFrontEnd(build_py):
    """Build the Python packages, the front end first."""

    def run(self) -> None:
        """Make sure that there is a front end, and say which files it has."""
        build_front_end()
        self.distribution.data_files = data_files()
        self.data_files = self._get_data_files()
        super().run()


class SdistWithFrontEnd(sdist):
    """Pack the sources with the built front end, so that whoever installs them needs no node."""

    def run(self) -> None:
        """Make sure that there is a front end."""
        build_front_end()
        super().run()


def packages() -> list[str]:
    """Every package of every source root. Folders of data count as packages too, or setuptools warns that it may leave them out one day."""
    none = ["*.__pycache__", "*.__pycache__.*"]
    return [found for name, root in ROOTS.items() for found in find_namespace_packages(root, include=[name, f"{name}.*"], exclude=none)]


setup(
    packages=packages(),
    package_dir={name: name if root == "." else f"{root}/{name}" for name, root in ROOTS.items()},
    include_package_data=True,
    data_files=data_files(),
    cmdclass={"build_py": BuildWithFrontEnd, "sdist": SdistWithFrontEnd},
)
