"""The README says what is so."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

from skydesk import __version__
from skydesk.demo import ACCOUNTS
from tests.docs.pages import README, blocks, links, run
from tests.server.processes import ROOT


def test_its_python_runs_and_gives_rows(tmp_path: Path, tiny_survey: Path) -> None:
    [code] = blocks(README, "python")
    done = run([sys.executable, "-c", f"{code}\nprint(len(stars), stars['RA'].unit, len(frame))"], tmp_path, tiny_survey)
    stars, unit, rows = done.stdout.split()
    assert int(stars) > 0
    assert unit == "deg"
    assert int(rows) > int(stars)


def test_its_commands_run_in_a_terminal(tmp_path: Path, tiny_survey: Path) -> None:
    [commands] = [block for block in blocks(README, "sh") if block.startswith("skydesk")]
    answers = [run(shlex.split(line), tmp_path, tiny_survey).stdout for line in commands.splitlines()]
    assert "DR2_MAIN" in answers[0]
    assert (tmp_path / "bright.fits").stat().st_size > 0
    [job] = answers[-1].splitlines()[1:]
    assert "COMPLETED" in job
    assert "magnitudes" in job


def test_the_query_to_paste_finds_the_stars_of_m2(tmp_path: Path, tiny_survey: Path) -> None:
    [sql] = blocks(README, "sql")
    done = run(["skydesk", "query", sql, "--json", "--max-rows", "1000"], tmp_path, tiny_survey)
    assert done.stdout.count("COADD_OBJECT_ID") > 100


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", README.read_text()))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_the_two_commands_come_before_everything_else() -> None:
    headings = re.findall(r"^## (.*)$", README.read_text(), re.MULTILINE)
    assert headings[0] == "Two commands"


def test_the_accounts_are_the_demos() -> None:
    text = README.read_text()
    for account, view in ACCOUNTS:
        assert re.search(rf"`{account}` \((view )?\*{view}\*\)", text), account


def test_the_wheel_has_the_name_and_the_extra_that_it_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [name, extra] = re.findall(r"dist/([\w.-]+\.whl)\[(\w+)\]", README.read_text())[0]
    assert name == f"{project['name']}-{__version__}-py3-none-any.whl"
    assert extra in project["optional-dependencies"]


def test_every_link_and_picture_leads_to_a_file() -> None:
    missing = [target for target in links(README) if not (ROOT / target).exists()]
    assert missing == []
