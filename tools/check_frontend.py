"""Tell whether the front end that is committed is what its sources give: build it anew and compare byte by byte.

``python tools/check_frontend.py`` ends with 1 and names the files that differ; ``tools/build_frontend.py`` mends that.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from build_frontend import ROOT, TARGETS, build

__all__ = ["differences", "main"]


def differences(committed: Path, built: Path) -> list[str]:
    """Name every file of two folders that is not the same in both, and in which way."""
    old, new = files(committed), files(built)
    return (
        [f"{name}: not committed" for name in sorted(new.keys() - old.keys())]
        + [f"{name}: no longer built" for name in sorted(old.keys() - new.keys())]
        + [f"{name}: differs" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    )


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> int:
    """Build into a folder of its own, compare, report."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            build(ROOT, Path(scratch))
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            print(f"the front end could not be built: {error}", file=sys.stderr)
            return 2
        pairs = [(target.output, ROOT / target.output, Path(scratch) / target.output) for target in TARGETS]
        found = [f"{name}/{line}" for name, committed, built in pairs for line in differences(committed, built)]
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print("what is committed is not what the sources give; run python tools/build_frontend.py and commit the result", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
