"""What the documentation names exists, what it shows runs, and it builds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from skydesk.errors import InvalidSurvey
from skydesk.settings import SkydeskSettings
from skydesk.survey import load_survey
from tests.docs.pages import PAGES, README, blocks, links, name_of, named_files, run
from tests.server.processes import ROOT

DOCS = ROOT / "docs"

EVERY_SECTION = """
unknown = 1
band_ucds.unknown = "x"
[[releases]]
unknown = 1
[catalogue]
unknown = 1
[tiles]
unknown = 1
[images]
unknown = 1
[[files]]
unknown = 1
[footprint]
unknown = 1
[objects]
unknown = 1
[[position_examples]]
unknown = 1
[[tables]]
unknown = 1
[[examples]]
unknown = 1
[columns.ID]
unknown = 1
"""
"""A survey file whose faults name the keys of every section."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_and_test_that_a_page_names_exists(page: Path) -> None:
    for path, test in named_files(page):
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"


@pytest.mark.parametrize("page", [page for page in PAGES if page != README], ids=name_of)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", ["getting-started.md", "python.md", "cutouts.md", "footprint.md"])
def test_the_python_of_a_page_runs(page: str, tmp_path: Path, tiny_survey: Path) -> None:
    for code in blocks(DOCS / page, "python"):
        run([sys.executable, "-c", code], tmp_path, tiny_survey)


def test_results_are_read_as_the_page_says(tmp_path: Path, tiny_survey: Path) -> None:
    [code] = blocks(DOCS / "formats.md", "python")
    names = re.findall(r'"(m2\.\w+)"', code)
    assert len(names) == 4
    for name in names:
        run(["skydesk", "query", "SELECT RA, DEC, TILENAME FROM DR2_MAIN WHERE ROWNUM <= 5", "-o", name], tmp_path, tiny_survey)
    shown = re.sub(r"^(Table\.read.*)$", r"print(len(\1))", code, flags=re.MULTILINE)
    assert run([sys.executable, "-W", "ignore", "-c", shown], tmp_path, tiny_survey).stdout.split() == ["5"] * 4


def test_the_page_on_survey_files_has_every_key_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "survey.toml"
    file.write_text(EVERY_SECTION)
    with pytest.raises(InvalidSurvey) as caught:
        load_survey(file)
    told = [fault for fault in caught.value.faults if "is not a key of this table" in fault.message]
    assert len(told) == 12  # every section says which keys it takes
    keys = {key for fault in told for key in fault.message.partition("it takes ")[2].split(", ")}
    text = (DOCS / "survey-file.md").read_text()
    rows = {key for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for key in re.findall(r"`\[*([\w-]+)\]*`", row)}
    headed = set(re.findall(r"^## `\[+(\w+)\]+`", text, re.MULTILINE))
    assert rows | headed == keys - {"unknown"}


def test_every_setting_that_a_page_sets_exists() -> None:
    named = [name for page in PAGES for name in re.findall(r"c\.SkydeskSettings\.(\w+)", page.read_text())]
    assert named
    assert set(named) <= set(SkydeskSettings.class_traits(config=True))


def test_decisions_are_numbered_without_a_gap() -> None:
    notes = sorted((DOCS / "decisions").glob("0*.md"))
    assert [int(note.name[:4]) for note in notes] == list(range(1, len(notes) + 1))
    assert [int(note.read_text().split(".")[0].removeprefix("# ")) for note in notes] == list(range(1, len(notes) + 1))


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-d",
        str(tmp_path / "doctrees"),
        str(DOCS),
        str(tmp_path / "html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    settings = (tmp_path / "html/settings.html").read_text()
    assert "SkydeskSettings.survey_file" in settings
    commands = (tmp_path / "html/command-line.html").read_text()
    assert "skydesk jobs renew" in commands
