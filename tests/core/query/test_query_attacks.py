"""What an attacker sends, through the service to a real catalogue."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.access import Entitlements, QueryLimits, User
from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.errors import DeadlineExceeded, InvalidQuery, InvalidRequest, LimitExceeded
from skydesk.query.model import Format, Output, QueryRequest
from skydesk.query.service import QueryService
from tests.contracts.catalog_contract import CONTENT, ENDLESS_ROWS, ENDLESS_WITHOUT_ROWS
from tests.fakes.duckdb_file import write_duckdb
from tests.fakes.query_history import FakeQueryHistory
from tests.views import VIEWS

EVE = User(name="eve", entitlements=VIEWS["advanced"])


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueryService]:
    path = tmp_path_factory.mktemp("attacked") / "catalog.duckdb"
    survey = write_duckdb(path, CONTENT)
    catalog = DuckdbCatalog(path, survey=survey, memory_bytes=256 << 20)
    yield QueryService(catalog, survey=survey, history=FakeQueryHistory())
    catalog.close()


ATTACKS = {
    "several statements": "SELECT ID FROM GALAXIES; SELECT ID FROM STARS",
    "drop behind a semicolon": "SELECT ID FROM GALAXIES; DROP TABLE GALAXIES",
    "drop behind a comment": "SELECT ID FROM GALAXIES -- x\n; DROP TABLE GALAXIES",
    "drop in an open comment": "SELECT ID FROM GALAXIES /* ; DROP TABLE GALAXIES",
    "comment that hides nothing": "/* SELECT */ DROP TABLE GALAXIES",
    "nothing": "",
    "only a comment": "-- DROP TABLE GALAXIES",
    "only semicolons": ";;;",
    "delete": "DELETE FROM GALAXIES",
    "delete in a CTE": "WITH gone AS (DELETE FROM GALAXIES RETURNING *) SELECT * FROM gone",
    "insert in a CTE": "WITH new AS (INSERT INTO GALAXIES VALUES (3, 3.5) RETURNING *) SELECT * FROM new",
    "merge": "MERGE INTO GALAXIES USING STARS ON (1 = 1) WHEN MATCHED THEN DELETE",
    "create as": "CREATE TABLE MINE AS SELECT * FROM STARS",
    "select into": "SELECT * INTO MINE FROM STARS",
    "for update": "SELECT ID FROM GALAXIES FOR UPDATE",
    "copy to": "COPY GALAXIES TO '{folder}/out.csv'",
    "copy a select to": "COPY (SELECT * FROM GALAXIES) TO '{folder}/out.csv'",
    "export": "EXPORT DATABASE '{folder}/out'",
    "attach": "ATTACH '{folder}/other.duckdb' AS other",
    "detach": "DETACH catalog",
    "install": "INSTALL httpfs",
    "load": "LOAD httpfs",
    "pragma": "PRAGMA database_list",
    "pragma as function": "SELECT * FROM pragma_database_list",
    "set": "SET memory_limit = '100GB'",
    "reset": "RESET memory_limit",
    "set role": "SET ROLE ALL",
    "alter session": "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY'",
    "call": "CALL pragma_version()",
    "block": "BEGIN DBMS_LOCK.SLEEP(100); END;",
    "explain analyze": "EXPLAIN ANALYZE SELECT ID FROM GALAXIES",
    "describe": "DESCRIBE GALAXIES",
    "show": "SHOW TABLES",
    "read_csv": "SELECT * FROM read_csv('/etc/passwd')",
    "read_csv in TABLE()": "SELECT * FROM TABLE(read_csv('/etc/passwd'))",
    "read_text": "SELECT * FROM read_text('/etc/passwd')",
    "read_blob": "SELECT content FROM read_blob('/etc/passwd')",
    "file as a table": "SELECT * FROM '/etc/passwd'",
    "file as a quoted table": 'SELECT * FROM "/etc/passwd"',
    "glob": "SELECT * FROM glob('/*')",
    "glob as a value": "SELECT glob('/*') FROM DUAL",
    "getenv": "SELECT getenv('HOME') FROM DUAL",
    "current_setting": "SELECT current_setting('temp_directory') FROM DUAL",
    "secrets": "SELECT * FROM duckdb_secrets()",
    "settings": "SELECT * FROM duckdb_settings()",
    "tables of the database": "SELECT * FROM duckdb_tables()",
    "information schema": "SELECT * FROM information_schema.tables",
    "sqlite master": "SELECT * FROM sqlite_master",
    "query function": "SELECT * FROM query('SELECT 1')",
    "query_table function": "SELECT * FROM query_table('GALAXIES')",
    "range without end": "SELECT * FROM range(1000000000000)",
    "database link": "SELECT * FROM GALAXIES@elsewhere",
    "package": "SELECT UTL_HTTP.REQUEST('http://127.0.0.1/') FROM DUAL",
    "file package": "SELECT UTL_FILE.FOPEN('/etc', 'passwd', 'r') FROM DUAL",
    "quote that ends the statement": "SELECT ID FROM GALAXIES WHERE 'x' = 'x''; DROP TABLE GALAXIES; --",
    "paren that ends the wrapping": "SELECT ID FROM GALAXIES) AS result(c1); DROP TABLE GALAXIES; SELECT * FROM (SELECT 1",
    "nul character": "SELECT ID FROM GALAXIES\0; DROP TABLE GALAXIES",
    "lone surrogate": "SELECT '\ud800' FROM DUAL",
    "ten megabytes": "SELECT ID FROM GALAXIES WHERE ID IN (" + "1," * 5_000_000 + "1)",
    "ten megabytes of parentheses": "SELECT " + "(" * 5_000_000 + "1" + ")" * 5_000_000 + " FROM DUAL",
    "deep parentheses": "SELECT " + "(" * 20_000 + "1" + ")" * 20_000 + " FROM DUAL",
    "deep subqueries": "SELECT * FROM (" * 20_000 + "SELECT 1 X FROM DUAL" + ")" * 20_000,
    "deep CASE": "SELECT " + "CASE WHEN 1 = 1 THEN " * 20_000 + "1" + " END" * 20_000 + " FROM DUAL",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_everywhere_within_a_few_seconds(queries: QueryService, tmp_path: Path, attack: str) -> None:
    sql = ATTACKS[attack].replace("{folder}", str(tmp_path))
    begin = time.monotonic()
    for call in (queries.check, queries.explain, queries.quick):
        with pytest.raises(InvalidQuery) as caught:
            call(EVE, sql)
        assert "root:" not in str(caught.value)
        assert len(str(caught.value)) < 2000
    with pytest.raises(InvalidQuery), queries.stream(EVE, sql) as rows:
        list(rows)
    with pytest.raises(InvalidQuery):
        queries.validate_job(EVE, QueryRequest(sql=sql))
    assert time.monotonic() - begin < 20
    assert list(tmp_path.iterdir()) == []
    assert queries.quick(EVE, "SELECT ID FROM GALAXIES ORDER BY ID").table["ID"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ID FROM GALAXIES -- the end",
        "/* first */ SELECT /* middle */ ID FROM GALAXIES",
        "SELECT ID FROM GALAXIES;",
        "SELECT ID\n-- ;\nFROM GALAXIES",
    ],
)
def test_comments_and_one_semicolon_are_no_attack(queries: QueryService, sql: str) -> None:
    assert queries.quick(EVE, sql).rows == 2


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 X FROM DUAL WHERE " + "NOT " * 100_000 + "1 = 1",
        "SELECT " + "- " * 100_000 + "1 X FROM DUAL",
        "SELECT 1 X FROM DUAL WHERE " + "1 = 1 AND " * 20_000 + "1 = 1",
        "SELECT 1" + " + 1" * 20_000 + " X FROM DUAL",
        "SELECT 1 X FROM DUAL WHERE 1 IN (" + "1, " * 50_000 + "1)",
        " UNION ALL ".join(["SELECT 1 X FROM DUAL"] * 1000),
        "SELECT " + ", ".join(f"1 C{number}" for number in range(5000)) + " FROM DUAL",
    ],
    ids=["NOT", "minus", "AND", "plus", "IN", "UNION ALL", "columns"],
)
def test_a_very_long_statement_is_answered_or_refused_and_the_service_lives_on(queries: QueryService, sql: str) -> None:
    begin = time.monotonic()
    try:
        answered = queries.quick(EVE, sql).rows >= 0
    except (InvalidQuery, LimitExceeded, DeadlineExceeded) as error:
        answered = bool(str(error))
    assert answered
    assert time.monotonic() - begin < 60
    assert queries.quick(EVE, "SELECT ID FROM GALAXIES ORDER BY ID").table["ID"].to_pylist() == [1, 2]


def test_a_text_that_looks_like_an_attack_is_a_text(queries: QueryService) -> None:
    page = queries.quick(EVE, "SELECT '; DROP TABLE GALAXIES; --' X, '<script>alert(1)</script>' Y FROM DUAL")
    assert page.table.to_pylist() == [{"X": "; DROP TABLE GALAXIES; --", "Y": "<script>alert(1)</script>"}]


@pytest.mark.parametrize("sql", [ENDLESS_WITHOUT_ROWS, f"{ENDLESS_ROWS} ORDER BY A.N + B.N"], ids=["count", "sort"])
def test_a_cross_join_without_end_is_stopped_within_a_second_of_its_limit(queries: QueryService, sql: str) -> None:
    hurried = User(
        name="eve",
        entitlements=Entitlements(
            services=frozenset({"*"}),
            releases=frozenset({"*"}),
            query=QueryLimits(max_rows=10, max_result_bytes=1 << 30, max_seconds=1, quick_seconds=1),
        ),
    )
    begin = time.monotonic()
    with pytest.raises((DeadlineExceeded, LimitExceeded)):
        queries.quick(hurried, sql)
    assert time.monotonic() - begin < 10


def test_a_cross_join_with_rows_without_end_gives_its_first_page_at_once(queries: QueryService) -> None:
    begin = time.monotonic()
    page = queries.quick(EVE, ENDLESS_ROWS)
    assert (page.rows, page.truncated) == (1000, True)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "x\n.csv", "'.csv", "request.json", "manifest.json", "job.log"])
def test_a_file_name_that_leads_elsewhere_is_refused(queries: QueryService, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        queries.validate_job(EVE, QueryRequest(sql="SELECT ID FROM GALAXIES", output=Output(file_name=name, format=Format.CSV)))
    assert {fault.field for fault in caught.value.faults} == {"file_name"}
