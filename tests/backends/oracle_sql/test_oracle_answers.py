"""Each statement of the table gives on DuckDB what Oracle documents."""

from decimal import Decimal

import pytest

from skydesk.backends.oracle_sql import translate
from tests.backends.oracle_sql.answers import ANSWERS


def _plain(row):
    return tuple(float(f"{value:.14g}") if isinstance(value, (Decimal, float, int)) else value for value in row)


@pytest.mark.parametrize(("section", "sql", "expected"), ANSWERS, ids=[f"{section}: {sql}"[:110] for section, sql, _ in ANSWERS])
def test_the_answer_is_the_one_that_oracle_documents(section, sql, expected, connection, tables):
    rows = [_plain(row) for row in connection.execute(translate(sql, tables).statement).fetchall()]
    wanted = [_plain(row) for row in expected]
    if "order by" not in sql:
        rows, wanted = sorted(rows, key=repr), sorted(wanted, key=repr)
    assert rows == wanted


def test_the_table_is_long_enough_to_mean_something():
    assert len({sql for _, sql, _ in ANSWERS}) >= 200


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select 1/0 from dual", "ORA-01476: divisor is equal to zero"),
        ("select id/flags from s", "ORA-01476"),
        ("select sqrt(-1) from dual", "ORA-01428"),
        ("select ln(0) from dual", "ORA-01428"),
        ("select log(10, 0) from dual", "ORA-01428"),
        ("select id from s where tilename = 5", "ORA-01722"),
        ("select to_number(tilename) from s", "ORA-01722"),
        ("select id from s where to_number('12345678901234567' || id) = 1", "more than 15 digits"),
        ("select width_bucket(ra, 1, 1, 5) from s", "ORA-30494"),
        ("select to_char(ra - 10.501, '990.9') from s where id = 1", "rounds to zero"),
        ("select (select id from s) from dual", "More than one row"),
        ("select cast(id * 1000 as varchar2(2)) from s", "ORA-25137"),
    ],
)
def test_what_oracle_fails_on_while_it_runs_fails_here_too(sql, message, connection, tables):
    with pytest.raises(Exception, match=message):
        connection.execute(translate(sql, tables).statement).fetchall()


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("ra", "RA"),
        ("s.ra", "RA"),
        ("count(*)", "COUNT(*)"),
        ("ra + 1", "RA+1"),
        ("ra /* deg */ * 2", "RA*2"),
        ("'hello world'", "'HELLOWORLD'"),
        ("ra as right", "RIGHT"),
        ('ra "Right Ascension"', "Right Ascension"),
        ("round( ra , 2 )", "ROUND(RA,2)"),
        ("(select 1 from dual)", "(SELECT1FROMDUAL)"),
    ],
)
def test_columns_have_the_names_that_oracle_gives(item, name, connection, tables):
    group = " group by ra" if "count" not in item else ""
    statement = translate(f"select {item} from s{group}", tables).statement
    assert [column[0] for column in connection.execute(statement).description] == [name]


def test_equal_names_in_the_result_are_told_apart(connection, tables):
    translation = translate("select a.id, b.id, a.ra from s a, s b", tables)
    assert [column[0] for column in connection.execute(translation.statement).description] == ["ID", "ID_1", "RA"]
    assert translation.source_of == {"ID": ("S", "ID"), "ID_1": ("S", "ID"), "RA": ("S", "RA")}
