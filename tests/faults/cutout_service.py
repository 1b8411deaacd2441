"""A service that runs cutout jobs, as a process of its own: ``python -m tests.faults.cutout_service FOLDER SURVEY``."""

import sys
from pathlib import Path

from tests.faults.stage import Stage
from tests.faults.test_cutout_kills import runner_of


def main() -> None:
    """Run jobs until standard input is closed."""
    stage = Stage(Path(sys.argv[1]))
    runner_of(stage, Path(sys.argv[2])).start()
    sys.stdin.read()
    stage.close()


if __name__ == "__main__":
    main()
