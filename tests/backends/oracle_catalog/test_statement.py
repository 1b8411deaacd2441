import pytest

from skydesk.backends.oracle_catalog.statement import read_statement
from skydesk.errors import InvalidQuery

TABLES = ("DR2_MAIN", "DR1_MAIN", "Y6_SECRET")


def tables_of(sql: str) -> set[str]:
    return set(read_statement(sql, TABLES, "DES_ADMIN").tables)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select ra from dr2_main", {"DR2_MAIN"}),
        ("SELECT a.ra FROM des_admin.dr2_main a, dr1_main b WHERE a.id = b.id(+)", {"DR2_MAIN", "DR1_MAIN"}),
        ('SELECT ra FROM "DR2_MAIN"', {"DR2_MAIN"}),
        ("SELECT 1 FROM dr2_main JOIN dr1_main USING (id, tile), y6_secret", set(TABLES)),
        ("SELECT (SELECT MAX(ra) FROM dr1_main) FROM dual", {"DR1_MAIN"}),
        (
            "SELECT EXTRACT(YEAR FROM d), TRIM(BOTH 'x' FROM n) FROM dr2_main WHERE id IN (SELECT id FROM dr1_main)",
            {"DR2_MAIN", "DR1_MAIN"},
        ),
        ("WITH a AS (SELECT * FROM dr2_main), b (x) AS (SELECT 1 FROM a) SELECT * FROM a, b", {"DR2_MAIN"}),
        ("SELECT * FROM (dr2_main JOIN dr1_main ON 1 = 1)", {"DR2_MAIN", "DR1_MAIN"}),
        ("SELECT * FROM (SELECT * FROM dr2_main) x, LATERAL (SELECT * FROM dr1_main) y", {"DR2_MAIN", "DR1_MAIN"}),
        ("SELECT * FROM dr2_main fetch, y6_secret s", {"DR2_MAIN", "Y6_SECRET"}),
        ("SELECT * FROM dr2_main SAMPLE (0.1) SEED (3) ORDER BY ra, dec FETCH FIRST 5 ROWS ONLY", {"DR2_MAIN"}),
        ("SELECT x FROM dr2_main UNION SELECT y FROM dr1_main", {"DR2_MAIN", "DR1_MAIN"}),
        ("SELECT q'[from y6_secret]', 'from y6_secret' /* from y6_secret */ FROM dr2_main -- , y6_secret", {"DR2_MAIN"}),
        ("SELECT LEVEL FROM dual CONNECT BY LEVEL <= 5", set()),
        (
            "SELECT COUNT(*) OVER (PARTITION BY t ORDER BY n), LISTAGG(t, ',') WITHIN GROUP (ORDER BY t) FROM dr2_main GROUP BY ROLLUP (t)",
            {"DR2_MAIN"},
        ),
        ("SELECT * FROM y6_secret, (WITH y6_secret AS (SELECT 1 x FROM dual) SELECT * FROM y6_secret)", {"Y6_SECRET"}),
        ("WITH y6_secret AS (SELECT * FROM y6_secret) SELECT * FROM y6_secret", {"Y6_SECRET"}),
        ("WITH a AS (SELECT * FROM y6_secret), y6_secret AS (SELECT 1 x FROM dual) SELECT * FROM a, y6_secret", {"Y6_SECRET"}),
        ("(SELECT ra FROM dr2_main);  ", {"DR2_MAIN"}),
    ],
)
def test_every_table_read_is_found_however_it_is_written(sql: str, tables: set[str]) -> None:
    assert tables_of(sql) == tables


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM other_schema.dr2_main",
        "SELECT * FROM y3_unlisted",
        'SELECT * FROM "dr2_main"',
        "SELECT * FROM dr2_main@elsewhere",
        "SELECT * FROM TABLE(some_function())",
        "SELECT * FROM some_function()",
        "SELECT * FROM XMLTABLE('fn:collection(\"oradb:/S/T\")')",
        "SELECT DBMS_XMLGEN.GETXML('select * from y6_secret') FROM dual",
        "SELECT XMLQUERY('1' RETURNING CONTENT) FROM dual",
        "SELECT DBURITYPE('/S/T').GETXML() FROM dual",
        "SELECT (a).b() FROM dr2_main",
        "SELECT my_function(1) FROM dual",
        'SELECT "MY_FUNCTION"(1) FROM dual',
        "SELECT ids.NEXTVAL FROM dual",
        "SELECT * FROM dr2_main FOR UPDATE",
        "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual",
        "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1 END SELECT f FROM dual",
        "SELECT ra FROM dr2_main WHERE id = :id",
        "SELECT ra FROM dr2_main; SELECT ra FROM dr1_main",
        "BEGIN NULL; END;",
        "SELECT ra FROM dr2_main JOIN",
        "SELECT ra FROM (dr2_main",
        "SELECT ra FROM dr2_main)",
    ],
)
def test_what_reaches_beyond_the_surveys_tables_is_refused_with_its_place(sql: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        tables_of(sql)
    assert caught.value.line == 1
    assert caught.value.column is not None
    assert caught.value.hint is None or caught.value.hint


def test_the_text_stays_as_it_was_written() -> None:
    sql = "select  /*+ PARALLEL(4) */ Ra -- right ascension\n from\tDR2_MAIN where ra > .5"
    assert read_statement(f"{sql} ;\n;", TABLES, "DES_ADMIN").text == sql
    assert read_statement(sql, TABLES, "DES_ADMIN").text == sql


def test_dictionary_views_are_told() -> None:
    statement = read_statement("SELECT table_name FROM sys.all_tables", TABLES, "DES_ADMIN")
    assert statement.dictionary is not None
    assert statement.dictionary[1] == "ALL_TABLES"
