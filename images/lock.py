"""Write the locks of images: ``python images/lock.py [LOCK ...]``, where a lock is a path such as images/hub/requirements-jupyterhub6.txt.

Each ``requirements*.in`` beside its lock says what an image needs; pip resolves that for the images' Python on Linux, at the versions that
the environment has in which this runs, since those are the tested ones. Nothing is installed.
"""

import json
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

IMAGES = Path(__file__).parent.resolve()
PYTHON = "3.11.14"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
HEAD = "# Written by images/lock.py from {source}; not to be edited by hand.\n"
OWN = {"skydesk"}


def main(arguments: list[str]) -> None:
    """Write the named locks, or all."""
    sources = [Path(name).resolve().with_suffix(".in") for name in arguments] or sorted(IMAGES.glob("*/requirements*.in"))
    for source in sources:
        pins = resolved(source)
        source.with_suffix(".txt").write_text(HEAD.format(source=source.name) + "".join(f"{pin}\n" for pin in pins))
        print(f"{source.with_suffix('.txt').relative_to(IMAGES.parent)}: {len(pins)} packages")


def resolved(source: Path) -> list[str]:
    """Resolve one file; names in alphabetical order, each with its exact version."""
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder, "constraints.txt"), Path(folder, "report.json")
        wanted = {line.split("==")[0].strip().lower() for line in source.read_text().splitlines() if "==" in line}
        tested = {each.name: each.version for each in distributions() if each.name.lower() not in OWN | wanted}
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in sorted(tested.items()) if "+" not in version))
        command = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--only-binary=:all:"),
            *(f"--platform={platform}" for platform in PLATFORMS),
            *(f"--python-version={PYTHON}", "--implementation=cp", f"--target={folder}/none"),
            *(f"--constraint={constraints}", f"--report={report}", f"--requirement={source}"),
        ]
        subprocess.run(command, check=True)
        found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    return sorted(f"{each['name'].lower()}=={each['version']}" for each in found)


if __name__ == "__main__":
    main(sys.argv[1:])
