"""What is wrong or forbidden is said by name, with its place; what is refused as not exact is in the table of statements."""

import pytest

from skydesk.backends.oracle_sql import SIZE_LIMIT_BYTES, translate
from skydesk.errors import InvalidQuery, QueryRefused

ATTACKS = [
    *(
        (f"{verb} x", f"not {verb.split()[0].upper()}")
        for verb in (
            *("insert into s values (1)", "update s set ra = 1", "delete from s", "merge into s using t on (1=1)", "drop table s"),
            *("create table x as select 1 from dual", "alter table s add y number", "grant select on s to x", "truncate table s"),
            *("copy s to 'x.csv'", "attach 'x.db'", "install httpfs", "load httpfs", "pragma version", "set threads = 1", "call f()"),
            *("explain plan for select 1 from dual", "begin null; end;", "declare x number", "commit", "export database 'x'", "from s"),
            *("use x", "checkpoint", "describe s", "summarize s", "lock table s in share mode", "exec f", "values (1)", "detach x"),
        )
    ),
    ("with x as (delete from s returning id) select * from x", "not DELETE"),
    ("with x as (insert into s values (1)) select * from x", "not INSERT"),
    ("select * from (update s set ra = 1)", "expected"),
    ("select 1 from dual; drop table s", "only one statement"),
    ("select 1 from dual; select 2 from dual", "only one statement"),
    ("select 1 from dual /* ; */ ; -- x\n delete from s", "only one statement"),
    ("select * from read_csv('/etc/passwd')", "functions cannot be read as tables"),
    ("select * from read_parquet('x')", "functions cannot be read as tables"),
    ("select * from glob('/*')", "functions cannot be read as tables"),
    ("select * from duckdb_settings()", "functions cannot be read as tables"),
    ("select * from table(f(1))", "TABLE in FROM"),
    ("select * from '/etc/passwd'", "files cannot be read"),
    ('select * from "/etc/passwd"', "unknown table"),
    ('select * from "s.parquet"', "unknown table"),
    ("select * from information_schema.tables", "unknown owner"),
    ("select * from pg_catalog.pg_tables", "unknown owner"),
    ("select * from sqlite_master", "unknown table"),
    ("select * from duckdb_tables", "unknown table"),
    ("select read_text('/etc/passwd') from dual", "no function READ_TEXT"),
    ("select getenv('HOME') from dual", "no function GETENV"),
    ("select current_setting('x') from dual", "no function CURRENT_SETTING"),
    ("select error('x') from dual", "no function ERROR"),
    ("select ora_divide(1, 0) from dual", "no function ORA_DIVIDE"),
    ('select "abs"(1) from dual', "no function abs"),
    ("select query('drop table s') from dual", "no function QUERY"),
    ("select 1::int from dual", "expected"),
    ("select [1, 2] from dual", "expected"),
    ("select {'a': 1} from dual", "expected"),
    ("select $$x$$ from dual", "expected"),
    ("select id from s limit 3", "LIMIT is not Oracle SQL"),
    ("select id from s qualify 1 = 1", "QUALIFY"),
    ("select id from s where id = 1 union select 1 from dual) x", "expected"),
]
PLACES = [
    ("select raa from s", "unknown column RAA", 1, 8, 3, "did you mean RA"),
    ("select id,\n  magg\nfrom s", "unknown column MAGG", 2, 3, 4, "did you mean MAG_G"),
    ("select x.ra from s x where x.dek > 1", "X has no column DEK", 1, 30, 3, "did you mean DEC"),
    ("select y.ra from s x", "Y is no table or alias", 1, 8, 1, None),
    ("select s.ra from s x", "S is no table or alias", 1, 8, 1, None),
    ("select y.* from s x", "Y is no table or alias", 1, 8, 1, None),
    ("select ra from ss", "unknown table SS", 1, 16, 2, "did you mean S"),
    ("select ra from scott.s", "unknown owner SCOTT", 1, 16, 7, "leave the owner out: S"),
    ("select tilename from s, t", "TILENAME is ambiguous", 1, 8, 8, "write S.TILENAME or T.TILENAME"),
    ("select x.ra from (select ra, dec ra from s) x", "RA is ambiguous", 1, 8, 4, "its own alias"),
    ("select * from s, s", "two tables are called S", 1, 18, 1, "alias"),
    ('select "ra" from s', "unknown column ra", 1, 8, 4, "write RA"),
    ('select id from s where tilename = "DES"', "unknown column DES", 1, 35, 5, "single quotes"),
    ("select f from (select flags f from s where f = 1)", "unknown column F", 1, 44, 1, None),
    ("select flags f, count(*) from s group by f", "unknown column F", 1, 42, 1, None),
    ("select ra, count(*) from s", "neither grouped by nor aggregated (ORA-00937)", 1, 8, 2, "GROUP BY"),
    ("select flags, ra from s group by flags", "ORA-00979", 1, 15, 2, "add ra to GROUP BY"),
    ("select * from s group by flags", "ORA-00979", 1, 8, 1, "GROUP BY"),
    ("select id from s where count(*) > 1", "COUNT cannot stand in WHERE (ORA-00934)", 1, 24, 8, "HAVING"),
    ("select id from s where rank() over (order by id) = 1", "ORA-30483", 1, 24, 25, "subquery"),
    ("select row_number() from s", "ROW_NUMBER needs OVER", 1, 8, 12, "OVER"),
    ("select row_number() over () from s", "ORA-30485", 1, 8, 20, None),
    ("select distinct flags from s order by id", "ORA-01791", 1, 39, 2, "select this column"),
    ("select id from s order by 2", "ORA-01785", 1, 27, 1, None),
    ("select id from s where", "the statement ends where a value is expected", 1, 18, 5, None),
    ("select from s", "expected a value, found 'from'", 1, 8, 4, None),
    ("select id from s whre id = 1", "expected the end of the statement, found 'id'", 1, 23, 2, None),
    ("select 1", "the statement ends where FROM is expected", 1, 8, 1, "FROM DUAL"),
    ("select id as select from s", "expected a column name", 1, 14, 6, "reserved word"),
    ("select id 'x' from s", "expected a column name", 1, 11, 3, "double quotes"),
    ("select id from s as a", "expected a table's alias", 1, 18, 2, "no AS"),
    ("select 'abc from s", "this string has no end", 1, 8, 1, "close it"),
    ('select "abc from s', "this quoted name has no end", 1, 8, 1, "close it"),
    ("select q'[abc from s", "this quoted string has no end", 1, 8, 2, "q'[...]'"),
    ("select 1 /* x from dual", "this comment has no end", 1, 10, 1, "*/"),
    ("select 1 ` from dual", "has no meaning in SQL", 1, 10, 1, None),
    ("select ra > 1 from s", "a condition is no value", 1, 8, 6, "CASE WHEN"),
    ("select id from s where ra", "ra is no condition", 1, 24, 2, "compare"),
    ("select id from s where id = 'abc'", "'abc' is not a number (ORA-01722)", 1, 29, 5, None),
    ("select date '2020-02-30' from dual", "is no date", 1, 8, 17, None),
    ("select case when id = 1 then 1 else 'x' end from s", "ORA-00932", 1, 37, 3, "TO_CHAR"),
    ("select 1 from dual union select 'a' from dual", "ORA-01790", 1, 26, 20, "convert"),
    ("select 1, 2 from dual union select 1 from dual", "ORA-01789", 1, 29, 18, None),
    ("select sysdate + sysdate from dual", "ORA-00932", 1, 8, 17, None),
    ("select sysdate * 2 from dual", "ORA-00932", 1, 8, 11, None),
    ("select mod(1) from dual", "MOD takes 2 arguments, not 1", 1, 8, 6, None),
    ("select sum(*) from s", "SUM(*) has no meaning", 1, 8, 6, "SUM(column)"),
    ("select (select id, ra from s) from dual", "ORA-00913", 1, 8, 22, None),
    ("select id from s where id in (select id, ra from s)", "2 columns where 1", 1, 30, 22, None),
    ("select extract(hour from date '2020-01-01') from dual", "ORA-30076", 1, 8, 36, "TO_CHAR"),
    ("select a.id from s a, t b where a.tilename(+) = b.tilename(+)", "ORA-01468", 1, 33, 29, "FULL JOIN"),
    ("select a.id from s a join t b on a.id = 1, t c where a.tilename = c.tilename(+)", "ORA-25156", 1, 54, 26, "LEFT JOIN"),
    ("select s.tilename from s join t using (tilename)", "belongs to no single table", 1, 8, 10, "write TILENAME"),
    ("select *, id from s", "* beside other columns", 1, 8, 1, "t.*"),
    ("select * from s sample (0)", "ORA-30562", 1, 17, 10, None),
    ("select * from s sample (100)", "ORA-30562", 1, 17, 12, None),
    ("select level from dual", "LEVEL needs CONNECT BY", 1, 8, 5, "CONNECT BY LEVEL"),
    ("select 1e999 from dual", "ORA-01426", 1, 8, 5, None),
    ("select to_date('2020-02-30', 'YYYY-MM-DD') from dual", "is no date", 1, 16, 12, None),
    ("select to_char(sysdate, 'YYYY-QQQ#') from dual", "ORA-01821", 1, 25, 11, "YYYY"),
    ("-- Insert Query --", "the statement is empty", 1, 1, 1, "SELECT"),
    ("  \n ; ", "the statement is empty", 1, 1, 1, "SELECT"),
    ("", "the statement is empty", 1, 1, 1, "SELECT"),
]


@pytest.mark.parametrize(("sql", "message"), ATTACKS, ids=[sql[:90] for sql, _ in ATTACKS])
def test_nothing_but_a_select_of_the_catalogue_is_let_through(sql, message, tables):
    with pytest.raises(InvalidQuery) as caught:
        translate(sql, tables)
    assert message in str(caught.value)
    assert caught.value.column


@pytest.mark.parametrize(("sql", "message", "line", "column", "length", "hint"), PLACES, ids=[row[0][:90] for row in PLACES])
def test_a_fault_is_shown_where_the_user_wrote_it(sql, message, line, column, length, hint, tables):
    with pytest.raises(InvalidQuery) as caught:
        translate(sql, tables)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column, caught.value.length) == (line, column, length)
    assert hint is None or hint in caught.value.hint


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "1," * 5_000_000 + "1 from dual",
        "select '" + "é" * (SIZE_LIMIT_BYTES // 2) + "' from dual",
    ],
    ids=["ten megabytes", "bytes, not characters"],
)
def test_a_statement_that_is_too_long_is_refused_unread(sql, tables):
    with pytest.raises(QueryRefused, match="longer than 1,000,000 bytes"):
        translate(sql, tables)


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 5000 + "1" + ")" * 5000 + " from dual",
        "select * from (" * 200 + "select 1 x from dual" + ")" * 200,
        "select " + "case when 1=1 then " * 200 + "1" + " end" * 200 + " from dual",
        "select " + "abs(" * 500 + "1" + ")" * 500 + " from dual",
        "select 1 from dual a" + "".join(f" cross join dual b{n}" for n in range(1500)),
        "select 1 from dual a" + "".join(f", dual b{n}" for n in range(1500)),
        "select " + "+".join(["id"] * 2000) + " from s",
        " union all ".join(["select 1 x from dual"] * 1000),
        "select " + ",".join(["id"] * 2000) + " from s",
        "select id from s where regexp_like(tilename, '" + "(" * 3000 + ")" * 3000 + "')",
    ],
    ids=["parentheses", "subqueries", "case", "calls", "joins", "tables", "terms", "unions", "columns", "pattern"],
)
def test_a_statement_without_measure_is_refused_and_never_crashes(sql, tables):
    with pytest.raises(InvalidQuery):
        translate(sql, tables)


def test_text_of_the_user_cannot_leave_its_quotes(connection, tables):
    sql = """select 'a''; drop table s; --' "x;y", q'['"]' z from s "s;t" where rownum = 1"""
    translation = translate(sql, tables)
    assert connection.execute(translation.statement).fetchall() == [("a'; drop table s; --", "'\"")]


def test_long_lists_of_ids_are_translated(connection, tables):
    sql = f"select id from s where id in ({','.join(map(str, range(2, 20_000)))}) order by id"
    assert connection.execute(translate(sql, tables).statement).fetchall() == [(2,), (3,), (4,)]
