"""The README and the documentation as text: their code, their links, what they name."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.server.processes import ROOT, clean_environment

README = ROOT / "README.md"
PAGES = (
    *(README, ROOT / "CONTRIBUTING.md", ROOT / "images/README.md", ROOT / "helm-values/README.md"),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
)

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_NAMED = re.compile(
    r"`((?:skydesk|hub_config|extensions|widgets|tests|docs|tools|bench|images|helm-values)/(?!_build)[\w./-]+)(?:::(\w+))?`"
)


def name_of(page: Path) -> str:
    """A page's path in the checkout."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a language, without their indentation."""
    found = _BLOCK.findall(page.read_text())
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, kind, code in found if kind == language]


def links(page: Path) -> Iterator[str]:
    """Links and pictures that lead to files."""
    return (target for target in _LINK.findall(page.read_text()) if not re.match(r"[a-z]+:", target))


def named_files(page: Path) -> list[tuple[str, str]]:
    """Paths in backticks, each with the test that it names behind two colons, or an empty text."""
    return _NAMED.findall(page.read_text())


def run(command: list[str], folder: Path, survey: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command on a survey with nothing of the user's, a failure being the test's."""
    variables = {
        "SKYDESK_SURVEY": str(survey),
        "SKYDESK_DATA_FOLDER": str(folder / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    environment = clean_environment(folder / "home", **variables)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done
