"""Bringing a database up to date from outside."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from skydesk.backends.jobstore.__main__ import main


def test_an_empty_database_gets_its_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    done = subprocess.run([sys.executable, "-m", "skydesk.backends.jobstore", url], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert {"alembic_version", "jobs"} <= tables


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    assert [main([url]), main([url])] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "usage"), (["mysql://host/name"], "sqlite or a postgresql"), (["no url"], "cannot be read")],
    ids=["none", "another database", "no URL"],
)
def test_what_cannot_be_done_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err
