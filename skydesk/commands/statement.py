"""The statement that a user gives: from the command line, a file or standard input, and easyaccess's habits told from SQL."""

import re
import sys
from pathlib import Path

from ..errors import InvalidQuery, UsageError

__all__ = ["read_statement", "with_place"]

_EASYACCESS_OUTPUT = re.compile(r"(?:;\s*>|\s>)\s*(?P<file>[\w./+~-]+\.(?:csv|tab|fits|h5)(?:\.gz)?)\s*;?\s*$", re.IGNORECASE)
_EASYACCESS_ACTION = re.compile(r";\s*<\s*(?P<action>check|explain|submit)\s*;?\s*$", re.IGNORECASE)
_ACTIONS = {"check": "--check", "explain": "--explain", "submit": "--as-job"}

_EASYACCESS_COMMANDS = {
    "describe_table": "skydesk tables NAME",
    "find_tables": "skydesk tables",
    "find_tables_with_column": "skydesk tables NAME --json",
    "loadsql": "skydesk query @FILE",
    "myquota": "skydesk jobs list",
    "mytables": "skydesk tables",
    "user_tables": "skydesk tables",
}
"""Commands of easyaccess's shell that people type where a statement belongs, and what does the same here."""


def read_statement(text: str) -> str:
    """The statement that an argument stands for: itself, ``@FILE`` or ``-`` for standard input.

    Raises
    ------
    UsageError
        It cannot be read, or it is a command of easyaccess's; the message says what to type instead.
    """
    _refuse_easyaccess(text)
    sql = _read(text)
    if not sql.strip():
        raise UsageError("there is no statement; give one SELECT, @FILE for a file that holds it, or - for standard input")
    if sql is not text:
        _refuse_easyaccess(sql)
    return sql


def with_place(error: InvalidQuery) -> UsageError:
    """The same error, with line, column and the way out in its words."""
    where = f"line {error.line}, column {error.column}: " if error.line is not None else ""
    hint = f"; {error.hint}" if error.hint else ""
    return UsageError(f"{where}{error}{hint}")


def _read(text: str) -> str:
    try:
        if text == "-":
            return sys.stdin.buffer.read().decode()
        if text.startswith("@"):
            return Path(text[1:]).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the statement in {_source(text)} is not UTF-8 text: byte {error.start} is not") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read the statement from {_source(text)}: {reason.lower()}") from error
    return text


def _source(text: str) -> str:
    return "standard input" if text == "-" else text[1:]


def _refuse_easyaccess(text: str) -> None:
    if found := _EASYACCESS_OUTPUT.search(text):
        raise UsageError(f"'> {found['file']}' is not part of the statement; to write a file add: -o {found['file']}")
    if found := _EASYACCESS_ACTION.search(text):
        raise UsageError(f"'< {found['action']}' is not part of the statement; add: {_ACTIONS[found['action'].lower()]}")
    words = text.split(maxsplit=1)
    if words and (instead := _EASYACCESS_COMMANDS.get(words[0].lower())):
        raise UsageError(f"{words[0]} is a command of easyaccess; the same here: {instead}")
