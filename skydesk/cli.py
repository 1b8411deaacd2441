"""``skydesk``: the command line. Exit status 0 done, 2 the user is at fault (one line says how), 1 SkyDesk is."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .commands import survey
from .errors import Cancelled, DeadlineExceeded, NotFound, SkydeskError, Unauthenticated, UsageError
from .registry import all_services

__all__ = ["main"]

_USERS_FAULT = (UsageError, NotFound, Unauthenticated, Cancelled, DeadlineExceeded)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("skydesk: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader of a pipe has gone: nothing more to say, also not at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SkydeskError as error:
        text = " ".join(str(error).split())
        print(f"skydesk: {text}", file=sys.stderr)
        return 2 if isinstance(error, _USERS_FAULT) else 1


def _run(arguments: argparse.Namespace) -> int:
    if hasattr(arguments, "run_alone"):
        return int(arguments.run_alone(arguments))
    from .client import connect

    with connect(survey=arguments.survey) as sky:
        return int(arguments.run(arguments, sky))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"skydesk: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="skydesk", description="Survey astronomy from the terminal.")
    parser.add_argument("--version", action="version", version=f"skydesk {__version__}")
    parser.add_argument("--survey", type=Path, metavar="FILE", help="serve this survey file in this process (or set SKYDESK_SURVEY)")
    subparsers: Any = parser.add_subparsers(metavar="COMMAND", required=True)
    for service in all_services():
        if service.command is not None:
            service.command(subparsers)
    survey.add_commands(subparsers)
    from . import demo

    demo.add_command(subparsers)
    return parser
