import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.core.command_line import Command, command_of, use_own_folders
from tests.server.processes import clean_environment
from tests.server.serving import wait_until

TEN = "SELECT COADD_OBJECT_ID, RA, MAG_AUTO_G, TILENAME FROM DR2_MAIN WHERE ROWNUM <= 10"
ENDLESS = "SELECT COUNT(*) FROM DR2_MAIN a, DR2_MAIN b, DR2_MAIN c, DR2_MAIN d WHERE a.RA + b.RA + c.RA > d.RA"
MILLIONS = "SELECT a.RA, b.DEC FROM DR2_MAIN a, DR2_MAIN b"

Terminal = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, tiny_survey: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_folders(monkeypatch, tmp_path, tiny_survey, workers=2)


@pytest.fixture
def skydesk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run a command in this process; gives status, standard output and standard error."""
    before = signal.getsignal(signal.SIGTERM)
    yield command_of(capsys)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def terminal(tmp_path: Path, tiny_survey: Path) -> Iterator[Terminal]:
    """Start a command as a process of its own."""
    environment = clean_environment(
        tmp_path / "home", SKYDESK_DATA_FOLDER=str(tmp_path / "skydesk"), SKYDESK_SURVEY=str(tiny_survey), SKYDESK_WORKERS="2"
    )
    with ExitStack() as started:

        def start(*argv: str, **variables: str) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                [sys.executable, "-m", "skydesk", *argv],
                env={**environment, **variables},
                cwd=tmp_path,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=_hear_ctrl_c,  # noqa: PLW1509  (a background shell would have SIGINT ignored in all of it)
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield start


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def refused(said: tuple[int, str, str]) -> str:
    """The one line of a command that the user has to mend."""
    status, out, err = said
    assert (status, out) == (2, "")
    assert err.startswith("skydesk: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err.removeprefix("skydesk: ").strip()


def test_rows_are_shown_with_units_and_their_number(skydesk: Command) -> None:
    status, out, err = skydesk("query", TEN)
    header, *rows = out.splitlines()
    assert status == 0
    assert header.split("  ")[-3:] == ["RA [deg]", "MAG_AUTO_G [mag]", "TILENAME"]
    assert len(rows) == 10
    assert err == "10 rows\n"


def test_single_precision_has_no_made_up_digits(skydesk: Command) -> None:
    rows = json.loads(skydesk("query", TEN, "--json")[1])
    assert len(rows) == 10
    assert all(isinstance(row["COADD_OBJECT_ID"], int) for row in rows)
    assert all(len(str(row["MAG_AUTO_G"])) <= 9 for row in rows)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT CAST(NULL AS NUMBER) X FROM DUAL", None),
        ("SELECT 1d / 0d X FROM DUAL", None),
        ("SELECT 0d / 0d X FROM DUAL", None),
        ("SELECT DATE '2021-01-02' X FROM DUAL", "2021-01-02T00:00:00"),
        ("SELECT 'a \"quoted\" <b>é</b>' X FROM DUAL", 'a "quoted" <b>é</b>'),
        ("SELECT CHR(27) || '[31mred' X FROM DUAL", "\x1b[31mred"),
    ],
)
def test_rows_as_json_are_valid_json(skydesk: Command, sql: str, value: object) -> None:
    status, out, err = skydesk("query", sql, "--json")
    assert (status, err) == (0, "")

    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    assert json.loads(out, parse_constant=no_constant) == [{"X": value}]


def test_no_rows_are_an_empty_list(skydesk: Command) -> None:
    status, out, _ = skydesk("query", "SELECT RA FROM DR2_MAIN WHERE 1 = 0", "--json")
    assert (status, json.loads(out)) == (0, [])


def test_no_rows_still_have_a_header(skydesk: Command) -> None:
    status, out, err = skydesk("query", "SELECT RA FROM DR2_MAIN WHERE 1 = 0")
    assert (status, out, err) == (0, "RA [deg]\n", "0 rows\n")


def test_text_of_the_catalogue_does_not_steer_the_terminal(skydesk: Command) -> None:
    status, out, _ = skydesk("query", "SELECT CHR(27) || '[2J' || CHR(10) || 'é' X FROM DUAL")
    assert status == 0
    assert out == "X\n�[2J�é\n"


def test_a_screen_takes_so_many_rows_and_says_that_there_are_more(skydesk: Command) -> None:
    status, out, err = skydesk("query", MILLIONS)
    assert status == 0
    assert len(out.splitlines()) == 10_001
    assert "the first 10,000 rows" in err
    assert "-o" in err


def test_max_rows_is_what_is_shown(skydesk: Command) -> None:
    assert len(skydesk("query", "SELECT RA FROM DR2_MAIN", "--max-rows", "7")[1].splitlines()) == 8


def test_check_prints_the_columns(skydesk: Command) -> None:
    status, out, _ = skydesk("query", TEN, "--check")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()][:3] == [["COLUMN", "TYPE"], ["COADD_OBJECT_ID", "int64"], ["RA", "float64"]]
    columns = json.loads(skydesk("query", TEN, "--check", "--json")[1])
    assert [(column["name"], column["unit"]) for column in columns][1] == ("RA", "deg")


def test_explain_prints_statement_and_plan(skydesk: Command) -> None:
    status, out, _ = skydesk("query", TEN, "--explain")
    assert status == 0
    assert "DR2_MAIN" in out
    assert set(json.loads(skydesk("query", TEN, "--explain", "--json")[1])) == {"plan", "statement"}


def test_a_statement_comes_from_a_file(skydesk: Command, tmp_path: Path) -> None:
    (tmp_path / "é.sql").write_text("\ufeff" + TEN, encoding="utf-8")
    assert skydesk("query", f"@{tmp_path / 'é.sql'}")[2] == "10 rows\n"


def test_a_statement_comes_from_standard_input(terminal: Terminal) -> None:
    out, err = terminal("query", "-", "--json").communicate(TEN.encode(), timeout=60)
    assert len(json.loads(out)) == 10, err


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tab", "fits", "h5", "parquet", "vot", "ecsv", "arrow"])
def test_rows_are_written_in_the_format_of_the_ending(skydesk: Command, tmp_path: Path, ending: str) -> None:
    from skydesk.backends.readers import read_result

    path = tmp_path / f"stars.{ending}"
    status, out, err = skydesk("query", TEN, "-o", str(path))
    assert (status, out) == (0, "")
    assert err.startswith(f"{path}: 10 rows, ")
    assert read_result(path).num_rows == 10


def test_written_files_are_told_as_json(skydesk: Command, tmp_path: Path) -> None:
    out = skydesk("query", TEN, "-o", str(tmp_path / "stars.csv"), "--json")[1]
    assert json.loads(out) == [{"name": "stars.csv", "size_bytes": (tmp_path / "stars.csv").stat().st_size, "rows": 10}]


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(skydesk: Command, tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text("precious")
    assert refused(skydesk("query", MILLIONS, "-o", str(path), "--timeout-seconds", "0.3")) != ""
    assert [file.name for file in tmp_path.glob("*stars*")] == ["stars.csv"]
    assert path.read_text() == "precious"
    assert skydesk("query", TEN, "-o", str(path))[0] == 0
    assert len(path.read_text().splitlines()) == 11


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("query", "SELECT RA,\n  DECC FROM DR2_MAIN"), "line 2, column 3: unknown column DECC; did you mean DEC"),
        (("query", "SELECT RA FROM DR2_MIAN"), "did you mean DR2_MAIN"),
        (("query", "SELECT RA FROM"), "line 1"),
        (("query", "DELETE FROM DR2_MAIN"), "SELECT"),
        (("query", "SELECT 1 FROM DUAL; SELECT 2 FROM DUAL"), "one"),
        (("query", ""), "there is no statement"),
        (("query", TEN, "-o", "stars.xyz"), "'stars.xyz' does not tell the format; end it in one of"),
        (("query", TEN, "-o", "no/such/stars.csv"), "there is no folder no/such"),
        (("query", TEN, "-o", "a b.csv"), "not a plain name"),
        (("query", TEN, "--max-rows", "-1"), "--max-rows: must be a whole number, 0 or more, got '-1'"),
        (("query", TEN, "--max-rows", "many"), "got 'many'"),
        (("query", TEN, "--timeout-seconds", "0"), "must be a number of seconds above 0"),
        (("query", TEN, "--timeout-seconds", "nan"), "must be a number of seconds above 0"),
        (("query", TEN, "--check", "--explain"), "not allowed with argument"),
        (("query", ENDLESS, "--timeout-seconds", "0.5"), "0.5 s"),
        (("query", "@no-such.sql"), "cannot read the statement from no-such.sql: no such file or directory"),
        (("query", "SELECT RA FROM DR2_MAIN; > stars.csv"), "-o stars.csv"),
        (("query", "SELECT RA FROM DR2_MAIN ; < check"), "--check"),
        (("query", "SELECT RA FROM DR2_MAIN ; < submit"), "--as-job"),
        (("query", "@stars.sql > stars.fits"), "-o stars.fits"),
        (("query", "describe_table DR2_MAIN;"), "skydesk tables NAME"),
        (("tables", "DR2_MIAN"), "there is no table 'DR2_MIAN'; did you mean DR2_MAIN"),
        (("tables", ".."), "there is no table '..'"),
        (("tables", "\x1b[31m"), "there is no table"),
        (("jobs",), "ACTION"),
        (("jobs", "show", "nonsense"), "there is no job 'nonsense'"),
        (("jobs", "show", "0123456789abcdef"), "no job"),
        (("jobs", "show", "."), "there is no job '.'"),
        (("jobs", "show", "events"), "there is no job 'events'"),
        (("jobs", "list", "--phase", "DONE"), "COMPLETED"),
        (("jobs", "list", "--limit", "0"), "1 or more"),
        (("jobs", "cancel", "0123456789abcdef", "x"), "x: there is no job"),
        (("--survey", "no-such.toml", "tables"), "there is no survey file no-such.toml"),
        (("tables", "--survey", "no-such.toml"), "there is no survey file no-such.toml"),
        (("survey", "check", "no-such.toml"), "no-such.toml"),
        (("nonsense",), "invalid choice"),
        ((), "COMMAND"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, tuple) else "",
)
def test_a_users_mistake_is_one_line_and_status_2(
    skydesk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    line = refused(skydesk(*argv))
    assert words in line
    assert "\x1b" not in line


def test_a_folder_is_no_file_to_write(skydesk: Command, tmp_path: Path) -> None:
    (tmp_path / "stars.csv").mkdir()
    assert "is a folder" in refused(skydesk("query", TEN, "-o", str(tmp_path / "stars.csv")))


def test_a_survey_of_the_environment_that_is_missing_is_named(skydesk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_SURVEY", "no-such.toml")
    assert "no-such.toml" in refused(skydesk("tables"))


def test_a_service_that_does_not_answer_is_status_1(skydesk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYDESK_URL", "http://127.0.0.1:9")
    status, out, err = skydesk("tables")
    assert (status, out) == (1, "")
    assert err.startswith("skydesk: the SkyDesk service at 127.0.0.1 cannot be reached")
    assert err.count("\n") == 1


def test_what_nobody_expected_is_one_line_and_a_traceback_only_where_asked(
    skydesk: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SKYDESK_WORKERS", "2")
    monkeypatch.setenv("SKYDESK_DATA_FOLDER", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_text("not a folder")
    status, out, err = skydesk("tables")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "Traceback" in skydesk("tables", "--debug")[2]


def test_tables_are_listed_and_described(skydesk: Command) -> None:
    status, out, _ = skydesk("tables")
    assert status == 0
    assert "DR2_MAIN" in out
    assert {"name", "release", "row_count", "description"} == set(json.loads(skydesk("tables", "--json")[1])[0])
    assert "COADD_OBJECT_ID" in skydesk("tables", "dr2_main")[1]
    assert len(json.loads(skydesk("tables", "DR2_MAIN", "--json")[1])) == 215


def test_a_job_runs_here_until_it_is_done_and_can_be_managed(skydesk: Command, tmp_path: Path) -> None:
    status, out, _ = skydesk("query", TEN, "--as-job", "--name", "ten \x1b[31m stars".replace("\x1b[31m", "red"))
    job_id = out.strip()
    assert status == 0
    assert len(job_id) == 16

    assert f"{job_id}  COMPLETED" in skydesk("jobs", "list")[1]
    listed = json.loads(skydesk("jobs", "list", "--json", "--phase", "completed")[1])
    assert [job["id"] for job in listed] == [job_id]
    assert skydesk("jobs", "list", "--text", "nothing like it")[1].count("\n") == 1
    assert TEN in skydesk("jobs", "show", job_id)[1]
    shown = json.loads(skydesk("jobs", "show", job_id, "--json")[1])
    assert shown["rows"] == 10
    assert shown["log"]
    assert skydesk("jobs", "wait", job_id)[:2] == (0, "COMPLETED\n")
    assert json.loads(skydesk("jobs", "rename", job_id, "brightest", "--json")[1])["name"] == "brightest"
    renewed = json.loads(skydesk("jobs", "renew", job_id, "--json")[1])
    assert renewed[0]["destruction_at"] > shown["destruction_at"]
    assert "result.parquet" in skydesk("jobs", "files", job_id)[1]
    assert [file["name"] for file in json.loads(skydesk("jobs", "files", job_id, "--json")[1])] == ["result.parquet"]
    assert "there is no folder" in refused(skydesk("jobs", "files", job_id, "--download", str(tmp_path / "none")))
    assert skydesk("jobs", "files", job_id, "--download", str(tmp_path))[1] == f"{tmp_path / 'result.parquet'}\n"
    assert (tmp_path / "result.parquet").stat().st_size == shown["size_bytes"]
    assert "ended" in refused(skydesk("jobs", "cancel", job_id)) or "COMPLETED" in refused(skydesk("jobs", "cancel", job_id))
    assert json.loads(skydesk("jobs", "delete", job_id, "--json")[1]) == [job_id]
    assert job_id in refused(skydesk("jobs", "show", job_id))


def test_one_bad_id_does_not_keep_the_others_from_being_deleted(skydesk: Command) -> None:
    job_id = skydesk("query", TEN, "--as-job")[1].strip()
    status, _, err = skydesk("jobs", "delete", "nonsense", job_id)
    assert status == 2
    assert "nonsense" in err
    assert json.loads(skydesk("jobs", "list", "--json")[1]) == []


def test_a_jobs_file_is_fetched_where_it_was_asked_for(skydesk: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "stars.csv"
    path.write_text("old")
    status, out, _ = skydesk("query", TEN, "--as-job", "-o", str(path))
    assert status == 0
    assert len(out.strip()) == 16
    assert len(path.read_text().splitlines()) == 11
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["stars.csv"]


def test_a_job_that_takes_too_long_to_wait_for_is_status_2(skydesk: Command) -> None:
    began = time.monotonic()
    assert "still" in refused(skydesk("query", ENDLESS, "--as-job", "--timeout-seconds", "1"))
    assert time.monotonic() - began < 15


def test_a_job_that_waits_since_another_process_is_run_by_who_waits_for_it(skydesk: Command, tmp_path: Path) -> None:
    import skydesk as package

    with package.connect() as sky:
        sky.transport._services.runner.wake = lambda: None  # type: ignore[attr-defined]
        job_id = sky.submit(TEN).id
        sky.transport._services.store.change(job_id, note="it waits for a node with room")  # type: ignore[attr-defined]
    assert json.loads(skydesk("jobs", "show", job_id, "--json")[1])["phase"] == "QUEUED"
    assert "it waits for a node with room" in skydesk("jobs", "show", job_id)[1]
    assert skydesk("jobs", "wait", job_id, "--timeout-seconds", "60")[:2] == (0, "COMPLETED\n")


def test_a_survey_is_made_and_checked(skydesk: Command, tiny_survey: Path, tmp_path: Path) -> None:
    status, out, _ = skydesk("survey", "check", str(tiny_survey))
    assert (status, out) == (0, f"{tiny_survey}: no faults\n")
    assert json.loads(skydesk("survey", "check", str(tiny_survey), "--json")[1]) == []
    bad = tmp_path / "bad.toml"
    bad.write_text("name = 1\n")
    status, out, err = skydesk("survey", "check", str(bad))
    assert (status, out) == (2, "")
    assert "name" in err
    faults = json.loads(skydesk("survey", "check", str(bad), "--json")[1])
    assert all(set(fault) == {"message", "field", "row"} for fault in faults)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert "full" in refused(skydesk("survey", "make", str(tmp_path / "full"), "--preset", "tiny"))
    assert "big" in refused(skydesk("survey", "make", str(tmp_path / "new"), "--preset", "big"))


def test_ctrl_c_stops_a_statement_with_130_and_leaves_nothing(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal("query", MILLIONS, "-o", "stars.csv")
    wait_until(lambda: list(tmp_path.glob(".stars.csv*")), seconds=60, what="the first rows")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"skydesk: stopped\n")
    assert list(tmp_path.glob("*stars*")) == []


def test_ctrl_c_stops_a_statement_that_has_given_no_row(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal("query", ENDLESS)
    wait_until((tmp_path / "skydesk" / "skydesk.sqlite").exists, seconds=60, what="the start")
    # the statement leaves no trace outside the process but the time that it takes: what comes before it takes less than this
    worked_seconds = psutil.Process(process.pid).cpu_times().user
    wait_until(lambda: psutil.Process(process.pid).cpu_times().user > worked_seconds + 2, seconds=60, what="the statement at work")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"skydesk: stopped\n")


def test_sigterm_leaves_no_half_file(terminal: Terminal, tmp_path: Path) -> None:
    process = terminal("query", MILLIONS, "-o", "stars.csv")
    wait_until(lambda: list(tmp_path.glob(".stars.csv*")), seconds=60, what="the first rows")
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (143, b"")
    assert list(tmp_path.glob("*stars*")) == []


def test_a_reader_that_goes_is_no_error(terminal: Terminal) -> None:
    process = terminal("query", MILLIONS, "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"[\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


def test_a_terminal_without_the_letters_gets_escapes(terminal: Terminal) -> None:
    out, err = terminal("query", "SELECT 'é' X FROM DUAL", PYTHONIOENCODING="ascii").communicate(timeout=60)
    assert (out, err) == (b"X\n\\xe9\n", b"1 row\n")


def test_an_argument_that_is_no_text_is_refused(terminal: Terminal) -> None:
    process = terminal("query", os.fsdecode(b"SELECT '\xff' FROM DUAL"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == b"skydesk: line 1, column 9: a character here is not text; delete it\n"


def test_the_commands_and_their_help_need_no_heavy_library() -> None:
    script = "import sys; from skydesk.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    script += "print(*{'duckdb', 'astropy', 'sqlalchemy', 'pandas', 'httpx', 'sqlglot'} & set(sys.modules), sep=',')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "usage: skydesk" in done.stdout
    assert done.stdout.splitlines()[-1] == ""
