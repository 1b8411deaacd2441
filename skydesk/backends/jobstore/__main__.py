"""``python -m skydesk.backends.jobstore URL``: bring a database up to date before a service starts that uses it."""

import sys

from ...errors import SkydeskError
from .database import Database

__all__ = ["main"]

_PATIENCE_SECONDS = 120


def main(arguments: list[str]) -> int:
    """Apply the migrations that a database lacks, waiting up to two minutes for it.

    Returns
    -------
    int
        Exit status: 0, or 2 where it cannot be done, which is said on standard error.
    """
    if len(arguments) != 1:
        print("usage: python -m skydesk.backends.jobstore URL", file=sys.stderr)
        return 2
    try:
        Database(arguments[0], patience_seconds=_PATIENCE_SECONDS).close()
    except SkydeskError as error:
        print(f"the tables cannot be brought up to date: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
