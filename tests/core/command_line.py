"""Runs the command line in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from skydesk.cli import main

__all__ = ["Command", "command_of", "use_own_folders"]

Command = Callable[..., tuple[int, str, str]]
"""Runs a command; gives its status, standard output and standard error."""


def command_of(capsys: pytest.CaptureFixture[str]) -> Command:
    """Make what runs commands in this process."""

    def run(*argv: str) -> tuple[int, str, str]:
        try:
            status = main(argv)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def use_own_folders(monkeypatch: pytest.MonkeyPatch, folder: Path, survey: Path, *, workers: int) -> None:
    """Let commands serve a survey in this process, from a folder of the test's own."""
    for name in ("SKYDESK_URL", "SKYDESK_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(folder / "skydesk"))
    monkeypatch.setenv("SKYDESK_SURVEY", str(survey))
    monkeypatch.setenv("SKYDESK_WORKERS", str(workers))
