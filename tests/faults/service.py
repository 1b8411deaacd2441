"""A service that runs jobs, as a process of its own: ``python -m tests.faults.service FOLDER WORKERS``, until its input closes."""

import sys
from pathlib import Path

from tests.faults.stage import Stage


def main() -> None:
    """Run jobs until standard input is closed."""
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    stage = Stage(folder)
    runner = stage.runner(workers=workers, warm=workers)
    runner.start()
    sys.stdout.write(f"{runner.id}\n")
    sys.stdout.flush()
    sys.stdin.read()
    stage.close()


if __name__ == "__main__":
    main()
