"""Columns of a result are called as Oracle calls them."""

import pytest

from skydesk.backends.oracle_sql import translate


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
