"""``skydesk``: the command line. Exit status 0 done, 2 the user is at fault (one line says how), 1 SkyDesk is."""

import argparse
import contextlib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .commands import survey
from .commands.output import one_line
from .errors import Cancelled, DeadlineExceeded, NotFound, SkydeskError, Unauthenticated, UsageError
from .registry import all_services

__all__ = ["main"]

_USERS_FAULT = (UsageError, NotFound, Unauthenticated, Cancelled, DeadlineExceeded)
_INTERRUPTED, _TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the exit status."""
    _print_any_character()
    _clean_up_when_terminated()
    shows_traceback = False
    try:
        arguments = _parser().parse_args(argv)
        shows_traceback = arguments.debug
        status = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("skydesk: stopped", file=sys.stderr)
        return _end_now(_INTERRUPTED, is_program=argv is None)
    except _Terminated:
        return _end_now(_TERMINATED, is_program=argv is None)
    except BrokenPipeError:
        # the reader of a pipe has gone: nothing more to say, also not at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if shows_traceback:
            traceback.print_exc()
        return _report(error)
    return status


class _Terminated(BaseException):
    """SIGTERM has come."""


def _end_now(status: int, *, is_program: bool) -> int:
    """End the process of an interrupted command, whose files and services are closed by now.

    Arrow keeps an exception that it met while it called us, and with it a DuckDB connection, at whose sight DuckDB prints a
    page of warnings when the interpreter is taken down in order.
    """
    if is_program:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _report(error: Exception) -> int:
    """Say in one line what went wrong, and give the exit status."""
    if isinstance(error, SkydeskError):
        print(f"skydesk: {one_line(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, _USERS_FAULT) else 1
    what = one_line(f"{type(error).__name__}: {error}")
    print(f"skydesk: internal error, please report it with what --debug prints: {what}", file=sys.stderr)
    return 1


def _run(arguments: argparse.Namespace) -> int:
    if hasattr(arguments, "run_alone"):
        return int(arguments.run_alone(arguments))
    from .client import connect

    if arguments.survey is not None and not arguments.survey.is_file():
        raise UsageError(f"there is no survey file {arguments.survey}; make a survey with: skydesk survey make DIR")
    with connect(survey=arguments.survey) as sky:
        return int(arguments.run(arguments, sky))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and takes the options of all commands behind any of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.add_argument(
            "--survey",
            type=Path,
            metavar="FILE",
            default=argparse.SUPPRESS,
            help="serve this survey file in this process (or set SKYDESK_SURVEY)",
        )
        self.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="print the traceback of an error")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"skydesk: {one_line(message)}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="skydesk", description="Survey astronomy from the terminal.")
    parser.add_argument("--version", action="version", version=f"skydesk {__version__}")
    parser.set_defaults(survey=None, debug=False)
    subparsers: Any = parser.add_subparsers(metavar="COMMAND", required=True)
    for service in all_services():
        if service.command is not None:
            service.command(subparsers)
    survey.add_commands(subparsers)
    from . import demo

    demo.add_command(subparsers)
    return parser


def _print_any_character() -> None:
    """Print what the terminal has no letters for as escapes, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _clean_up_when_terminated() -> None:
    """Let SIGTERM end the command as an exception does, so that it leaves no half files and no worker behind."""

    def leave(*_: object) -> NoReturn:
        raise _Terminated

    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, leave)


if __name__ == "__main__":
    sys.exit(main())
