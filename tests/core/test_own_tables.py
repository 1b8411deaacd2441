"""Own tables from a notebook and from the terminal, on the services of this process."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

import skydesk
from skydesk.client import Result, SkyDesk
from skydesk.errors import Conflict, InvalidRequest, NotFound, UsageError
from skydesk.jobs.model import Phase
from skydesk.own_tables import OwnTableInfo
from tests.core.command_line import Command, command_of, use_own_folders
from tests.server.small_survey import STARS, write_survey


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_folders(monkeypatch, tmp_path, survey, workers=1)


@pytest.fixture
def sky(survey: Path) -> Iterator[SkyDesk]:
    with skydesk.connect(survey=survey) as sky:
        yield sky


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    before = signal.getsignal(signal.SIGTERM)
    yield command_of(capsys)
    signal.signal(signal.SIGTERM, before)


def names(sky: SkyDesk) -> list[str]:
    return [table.name for table in sky.tables.list()]


def test_a_table_of_a_notebook_is_loaded_joined_and_dropped(sky: SkyDesk) -> None:
    frame = pd.DataFrame({"my id": [1, 2, 3], "weight": [0.5, None, 1.5], "note": ["=a", None, "c"], "extra": [1, 1, 1]})
    table = sky.tables.load("mine", frame, description="three", types={"my id": "int32"}, names={"my id": "n"}, leave_out=["extra"])
    assert (table.sql_name, table.rows, [column.name for column in table.columns]) == ("MINE", 3, ["N", "WEIGHT", "NOTE"])
    joined = sky.query("SELECT s.ID, m.NOTE, m.WEIGHT FROM MINE m JOIN STARS s ON s.ID = m.N ORDER BY 1").to_arrow().to_pydict()
    assert joined == {"ID": [1, 2, 3], "NOTE": ["=a", None, "c"], "WEIGHT": [0.5, None, 1.5]}
    assert sky.tables.get("mine") == table
    assert [each.name for each in sky.tables()] == ["STARS"]
    sky.tables.drop("mine")
    assert names(sky) == []
    with pytest.raises(NotFound):
        sky.tables.get("mine")


def test_a_job_reads_the_tables_of_its_owner(sky: SkyDesk) -> None:
    sky.tables.load("mine", {"ID": [1, 2, 3]})
    job = sky.submit("SELECT m.ID, s.RA FROM MINE m JOIN STARS s ON s.ID = m.ID", file_name="a.csv").wait(120, progress=False)
    assert job.phase is Phase.COMPLETED
    assert sky.tables.load("again", job).rows == 3


def test_what_sources_there_are(sky: SkyDesk, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ID,RA\n" + "".join(f"{n},{n / 7}\n" for n in range(100_000)))
    assert sky.tables.load("a", tmp_path / "a.csv").rows == 100_000
    assert sky.tables.load("b", "SELECT ID, RA FROM STARS WHERE ID <= 10").rows == 10
    assert sky.tables.append("b", sky.query("SELECT ID, RA FROM STARS WHERE ID <= 5")).rows == 15
    table = sky.tables.load("c", Table({"RA": [1.0, 2.0] * u.deg, "NAME": ["x", "y"]}))
    assert (table.columns[0].unit, sky.query("SELECT NAME FROM C WHERE RA = 2").to_arrow()["NAME"].to_pylist()) == ("deg", ["y"])
    assert sky.tables.inspect({"a b": [1]})["columns"][0]["name"] == "A_B"
    for wrong in (3, tmp_path / "none.csv"):
        with pytest.raises(UsageError):
            sky.tables.load("d", wrong)
    with pytest.raises(UsageError, match="a statement chooses"):
        sky.tables.load("d", "SELECT 1 A FROM DUAL", types={"A": "int16"})
    with pytest.raises(InvalidRequest, match="is no column of the source"):
        sky.tables.load("d", {"A": [1]}, types={"B": "int16"})
    with pytest.raises(Conflict):
        sky.tables.load("c", {"A": [1]})


def test_tables_are_renamed_described_indexed_and_granted(sky: SkyDesk) -> None:
    sky.tables.load("t", {"ID": [1], "RA": [2.5]})
    assert sky.tables.rename("t", "u").name == "U"
    table = sky.tables.describe("u", "what it is", columns={"ra": {"unit": "deg"}})
    assert (table.description, table.columns[1].unit) == ("what it is", "deg")
    assert sky.tables.index("u", ["ID"]).indexes == ("ID",)
    sky.tables.grant("u", users=["vera"], groups=["Dwarfs"])
    assert sky.tables.grant("u", users=["ann"]).grants == (("group", "dwarfs"), ("user", "ann"), ("user", "vera"))
    assert sky.tables.revoke("u", users=["vera"], groups=["dwarfs"]).grants == (("user", "ann"),)
    with pytest.raises(UsageError, match="lists of names"):
        sky.tables.grant("u", users="vera")
    assert sky.tables.quota()["tables"] == 1


def near_stars(sky: SkyDesk) -> Table:
    """Every tenth star, a little beside where the catalogue has it, and a place without a star."""
    stars = sky.query("SELECT ID, RA, DEC FROM STARS ORDER BY ID").to_astropy()[::10]
    shifted = SkyCoord(stars["RA"], stars["DEC"]).directional_offset_by(30 * u.deg, 0.4 * u.arcsec)
    return Table({"N": [*stars["ID"], 0], "RA": [*shifted.ra.deg, 100.0], "DEC": [*shifted.dec.deg, 80.0]})


def test_the_nearest_star_of_each_row_is_the_one_of_astropy(sky: SkyDesk) -> None:
    mine = near_stars(sky)
    result = sky.match(mine, "STARS", radius_arcsec=1, columns=["ID", "RA"])
    assert isinstance(result, Result)
    found = result.to_arrow().to_pydict()
    assert list(found) == ["N", "RA", "DEC", "ID", "RA_1", "SEPARATION_ARCSEC"]
    assert len(found["N"]) == STARS // 10
    stars = sky.query("SELECT ID, RA, DEC FROM STARS ORDER BY ID").to_astropy()
    places = SkyCoord(np.array(stars["RA"]), np.array(stars["DEC"]), unit="deg")
    for n in range(0, len(found["N"]), 50):
        apart = places.separation(SkyCoord(found["RA"][n], found["DEC"][n], unit="deg")).arcsec
        assert found["ID"][n] == stars["ID"][int(np.argmin(apart))]
        assert found["SEPARATION_ARCSEC"][n] == pytest.approx(apart.min(), abs=1e-6)
    assert names(sky) == []


def test_all_partners_are_kept_as_a_table_where_that_is_asked_for(sky: SkyDesk) -> None:
    sky.tables.load("mine", near_stars(sky))
    made = sky.match("mine", "STARS", radius_arcsec=20, nearest=False, columns=["ID"], into="pairs")
    assert isinstance(made, OwnTableInfo)
    pairs = sky.query("SELECT N, ID, SEPARATION_ARCSEC FROM PAIRS").to_arrow().to_pydict()
    mine, stars = near_stars(sky), sky.query("SELECT ID, RA, DEC FROM STARS ORDER BY ID").to_astropy()
    apart = SkyCoord(mine["RA"][:20], mine["DEC"][:20], unit="deg")[:, np.newaxis].separation(
        SkyCoord(np.array(stars["RA"]), np.array(stars["DEC"]), unit="deg")[np.newaxis]
    )
    expected = {(int(mine["N"][i]), int(stars["ID"][j])) for i, j in zip(*np.nonzero(apart.arcsec <= 20), strict=True)}
    first = {int(n) for n in mine["N"][:20]}
    assert {(n, id_) for n, id_ in zip(pairs["N"], pairs["ID"], strict=True) if n in first} == expected
    assert max(pairs["SEPARATION_ARCSEC"]) <= 20


def test_a_match_needs_positions(sky: SkyDesk) -> None:
    with pytest.raises(InvalidRequest, match="no numbers in a column RA and DEC"):
        sky.match({"A": [1]}, "STARS")
    assert names(sky) == []


def test_the_terminal_does_all_of_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("my id,RA,DEC,x\n1,323.4,-0.8,y\n")
    file = str(tmp_path / "a.csv")
    assert command("tables", "load", "t", file, "--as", "my id=n", "--types", "my id=int16", "--leave-out", "x")[0] == 0
    assert "2 rows, 3 columns" in command("tables", "append", "t", file, "--as", "my id=n", "--leave-out", "x")[2]
    assert json.loads(command("tables", "list", "--json")[1])[0]["columns"][0]["type"] == "int16"
    assert command("tables", "describe", "t", "--column", "ra", "--unit", "deg", "--description", "where")[0] == 0
    out = command("tables", "describe", "t", "--description", "two rows", "--index", "n")[1]
    assert ("two rows" in out, "where" in out) == (True, True)
    assert command("tables", "rename", "t", "u")[0] == 0
    assert command("tables", "grant", "u", "--users", "vera", "ann")[0] == 0
    assert command("tables", "revoke", "u", "--users", "ann")[0] == 0
    assert "user vera" in command("tables", "list")[1]
    assert command("tables", "match", "u", "STARS", "m", "--radius-arcsec", "3600", "--columns", "ID", "--all")[0] == 0
    assert command("tables", "load", "q", "SELECT ID FROM STARS WHERE ID < 4")[0] == 0
    assert "3 of 2,000 tables" in command("tables", "quota")[1]
    assert command("tables", "drop", "u", "m", "q")[0] == 0
    assert json.loads(command("tables", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("drop", "nope"), "you have no table NOPE"),
        (("load", "t", "none.csv"), "cannot read none.csv"),
        (("load", "select", "SELECT 1 A FROM DUAL"), "SELECT_ would do"),
        (("load", "t", "SELECT 1 A FROM DUAL", "--types", "A"), "--types takes COLUMN=..."),
        (("describe", "t", "--unit", "deg"), "name it with --column"),
        (("NOPE",), "there is no table 'NOPE'"),
    ],
    ids=["drop", "no file", "reserved", "types", "unit", "catalogue"],
)
def test_the_terminal_says_in_one_line_what_is_wrong(command: Command, arguments: tuple[str, ...], part: str) -> None:
    status, _, err = command("tables", *arguments)
    assert (status, err.count("\n"), part in err) == (2, 1, True), err
