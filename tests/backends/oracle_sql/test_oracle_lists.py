"""Long lists in IN: read in one go, with the meaning of short ones."""

import pytest

from skydesk.backends.oracle_sql import translate
from skydesk.backends.oracle_sql.conditions import LIST_LIMIT
from skydesk.backends.oracle_sql.cursor import WORD_LIMIT
from skydesk.errors import InvalidQuery, QueryRefused

FAR = range(1_000_000_000, 1_000_000_200)
NUMBERS = ", ".join(map(str, [2, *FAR, 4]))
STRINGS = ", ".join(f"'x''{number}'" for number in FAR) + ", 'DES0002'"


@pytest.fixture
def ids(connection, tables):
    def run(condition):
        return sorted(row[0] for row in connection.execute(translate(f"select id from s where {condition}", tables).statement).fetchall())

    return run


@pytest.mark.parametrize(
    ("long", "short"),
    [
        (f"id in ({NUMBERS})", "id in (2, 4)"),
        (f"id not in ({NUMBERS})", "id not in (2, 4)"),
        (f"flags in (0, {NUMBERS})", "flags in (0, 2, 4)"),
        (f"id in (\n {NUMBERS.replace(',', ' ,')}\n)", "id in (2, 4)"),
        (f"id in ({NUMBERS}) and rownum <= 5", "id in (2, 4) and rownum <= 5"),
        (f"id in ({NUMBERS}) or id = 1", "id in (2, 4) or id = 1"),
        (f"not id in ({NUMBERS})", "not id in (2, 4)"),
        (f"ra in ({NUMBERS}, 10.5)", "ra in (2, 4, 10.5)"),
        (f"id + 0.5 in ({NUMBERS})", "id + 0.5 in (2, 4)"),
        (f"id / 2 in ({NUMBERS})", "id / 2 in (2, 4)"),
        (f"id in (/* pasted */ {NUMBERS})", "id in (2, 4)"),
        (f"id in ({NUMBERS}, -1)", "id in (2, 4, -1)"),
        (f"id in ({NUMBERS}, null)", "id in (2, 4, null)"),
        (f"id not in ({NUMBERS}, null)", "id not in (2, 4, null)"),
        (f"to_char(id) in ({NUMBERS})", "to_char(id) in (2, 4)"),
        (f"nullif(id, 1) not in ({NUMBERS})", "nullif(id, 1) not in (2, 4)"),
        (f"tilename in ({STRINGS})", "tilename in ('DES0002')"),
        (f"tilename not in ({STRINGS})", "tilename not in ('DES0002')"),
        (f"tilename not in ({STRINGS}, '')", "tilename not in ('DES0002', '')"),
        (f"'DES0002 ' in ({STRINGS})", "'DES0002 ' in ('DES0002')"),
        (f"(id, flags) in (({'), ('.join(f'{n}, 0' for n in [4, *FAR])}))", "(id, flags) in ((4, 0))"),
        (f"id in (select b.id from s b where b.id in ({NUMBERS}))", "id in (select b.id from s b where b.id in (2, 4))"),
        (f"exists (select 1 from t where s.id in ({NUMBERS}))", "exists (select 1 from t where s.id in (2, 4))"),
        (f"case when id in ({NUMBERS}) then 1 end = 1", "case when id in (2, 4) then 1 end = 1"),
        (f"rownum in ({', '.join(map(str, range(1, 80)))})", "rownum <= 79"),
    ],
    ids=lambda text: text[:32],
)
def test_a_long_list_means_what_a_short_one_means(long, short, ids):
    assert ids(long) == ids(short)


@pytest.mark.parametrize(
    "sql",
    [
        "select a.id from s a left join t b on a.tilename = b.tilename and a.id in ({}) order by 1",
        "select id from (select * from s where id in ({})) order by 1",
        "with w as (select * from s where id in ({})) select id from w order by 1",
        "select flags, count(*) from s where id in ({}) group by flags order by 1",
        "select flags, count(*) from s group by flags having count(*) in ({}) order by 1",
        "select sum(case when id in ({}) then 1 else 0 end) from s",
        "select a.id from s a, t b where a.tilename = b.tilename(+) and a.id in ({}) order by 1",
        "select id from s where id in ({}) union all select 9 from dual order by 1",
    ],
)
def test_a_long_list_may_stand_wherever_a_short_one_may(sql, connection, tables):
    answers = [connection.execute(translate(sql.format(values), tables).statement).fetchall() for values in (NUMBERS, "2, 4")]
    assert answers[0] == answers[1]


def test_what_is_wrong_after_a_long_list_is_told_with_its_place(tables):
    sql = f"select id\nfrom s where id in ({NUMBERS})\nand nope = 1"
    with pytest.raises(InvalidQuery, match="unknown column NOPE") as caught:
        translate(sql, tables)
    assert (caught.value.line, caught.value.column) == (3, 5)


def test_a_value_that_does_not_fit_is_told_with_its_place_in_a_long_list(tables):
    sql = f"select id from s where id in ({STRINGS})"
    with pytest.raises(InvalidQuery, match="ORA-01722") as caught:
        translate(sql, tables)
    assert (caught.value.line, caught.value.column, caught.value.length) == (1, 31, 15)


@pytest.mark.parametrize("value", ["1", "'a'", "-1"], ids=["numbers", "strings", "signed numbers"])
def test_a_list_longer_than_oracle_takes_is_refused_by_name(value, tables):
    column = "tilename" if value == "'a'" else "id"
    list_of = lambda count: f"select id from s where {column} in ({','.join([value] * count)})"  # noqa: E731
    if value != "-1":
        assert translate(list_of(LIST_LIMIT), tables).tables == {"S"}
    with pytest.raises(QueryRefused, match=r"ORA-01795|words") as caught:
        translate(list_of(LIST_LIMIT + 1), tables)
    assert "several statements" in str(caught.value.hint)


def test_a_statement_of_more_words_than_are_read_is_refused(tables):
    with pytest.raises(QueryRefused, match=f"more than {WORD_LIMIT:,} words"):
        translate("select id from s order by " + ", ".join(["id"] * WORD_LIMIT), tables)


def test_nothing_behind_what_is_nested_too_deeply_is_read(tables):
    with pytest.raises(QueryRefused, match="nested deeper"):
        translate("select " + "(" * 400_000 + "'no end", tables)


def test_statements_that_differ_in_a_long_list_of_numbers_alone_have_one_shape(tables):
    first, second, other = (
        translate(f"select id, {column} from s where id in ({numbers}) and flags in ({NUMBERS})", tables)
        for column, numbers in (("ra", NUMBERS), ("ra", f"{NUMBERS}, 5"), ("dec", NUMBERS))
    )
    assert first.statement != second.statement
    assert first.shape == second.shape != other.shape
    assert len(first.shape) < 300


@pytest.mark.parametrize("name", ["\0" + "0\0", "CAST('[1]' AS BIGINT[])"])
def test_no_name_or_string_passes_for_a_list(name, tables):
    query = f"""select 'it is [{name.replace(chr(0), "").replace("'", "''")}]' x, id "{name}" from s where id in ({NUMBERS})"""
    if "\0" in name:
        with pytest.raises(InvalidQuery, match="a name cannot hold the character NUL"):
            translate(query, tables)
    else:
        translated = translate(query, tables)
        assert name in translated.shape
        assert name in translated.statement
