"""Build the panels (widgets/views) and the lab extension: what is committed as their output, or the same elsewhere.

``python tools/build_frontend.py [--out DIR]``; needs node 20 and npm. The output depends on the sources and the lock files alone, not on
the folder.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "TARGETS", "Target", "build"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that node builds."""

    source: Path
    """Folder of its package.json, below the checkout."""

    output: Path
    """Where the built files are committed, below the checkout."""


VIEWS = Target(source=Path("widgets/views"), output=Path("widgets/skydesk_widgets/static"))
LAB = Target(source=Path("extensions/labextension"), output=Path("extensions/labextension/dist"))
TARGETS = (VIEWS, LAB)
MADE = ("dist", "lib", "tests")
"""What a build of the lab extension makes or does not need."""


def build(root: Path, out: Path) -> None:
    """Build every target of the checkout ``root`` into ``out``, each at its own path below it.

    Raises
    ------
    FileNotFoundError
        There is no npm.
    subprocess.CalledProcessError
        A step failed; it has said why.
    """
    for target in TARGETS:
        install(root / target.source)
    run(["node", "build.mjs", "--out", str((out / VIEWS.output).resolve())], root / VIEWS.source)
    build_lab_extension(root / LAB.source, out / LAB.output)


def install(folder: Path) -> None:
    """Install what the lock file names, where that has not been done since it changed."""
    stamp = folder / "node_modules" / ".package-lock.json"
    if not stamp.is_file() or stamp.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def build_lab_extension(source: Path, output: Path) -> None:
    """Build the extension in a copy of its folder, since its builder empties the folder that it writes to.

    The packages are copied too: where they are a link, names and so the order of modules are others.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "labextension"
        shutil.copytree(source, copy, symlinks=True, ignore=lambda folder, _: MADE if Path(folder) == source else ())
        run(["npm", "run", "--silent", "build"], copy)
        if not list((copy / "dist" / "static").glob("remoteEntry.*.js")):
            raise SystemExit(f"{source}: the build left no remoteEntry")
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(copy / "dist", output)


def run(command: list[str], folder: Path) -> None:
    """Run a program of node's in a folder; its words go to ours."""
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(f"{command[0]} is not on PATH; install node 20 with npm")
    subprocess.run([program, *command[1:]], cwd=folder, check=True, stdout=sys.stderr)


def main() -> None:
    """Build into the checkout, or into the folder that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to build into; the checkout where it is not given")
    try:
        build(ROOT, parser.parse_args().out)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"the front end was not built: {error}") from error


if __name__ == "__main__":
    main()
